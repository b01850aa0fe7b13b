//! Who is on the other side: one browser, opened with the one-time token, and the reviewer who signed in there.

use crate::words::Language;
use cloakroom_pipeline::reviewers::Reviewer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Letters of a token: 32 random bytes.
const TOKEN_BYTES: usize = 32;

/// A random text that nobody can guess.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Makes one; `None` if the system gives no random numbers.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is this token; the time that it takes does not tell how much of it was right.
    pub(crate) fn is(&self, text: &str) -> bool {
        let same = self.0.len() == text.len();
        let difference = self
            .0
            .bytes()
            .zip(text.bytes())
            .fold(0, |sum, (a, b)| sum | (a ^ b));
        same && difference == 0
    }
}

/// The one browser that may look.
pub(crate) struct Sessions {
    state: Mutex<State>,
}

struct State {
    /// Opens the session, once.
    invitation: Option<Token>,
    session: Option<Session>,
}

/// An open session.
#[derive(Clone)]
pub(crate) struct Session {
    id: Token,
    /// Stands in every form, so that no other page can send one.
    pub(crate) form: Token,
    pub(crate) language: Language,
    pub(crate) reviewer: Option<Arc<Reviewer>>,
}

impl Sessions {
    pub(crate) fn new(invitation: Token) -> Self {
        Self {
            state: Mutex::new(State {
                invitation: Some(invitation),
                session: None,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the session with the one-time token, which opens nothing afterwards, and returns its id.
    pub(crate) fn enter(&self, token: &str, language: Language) -> Option<String> {
        let mut state = self.lock();
        if !state.invitation.as_ref()?.is(token) {
            return None;
        }
        let session = Session {
            id: Token::random()?,
            form: Token::random()?,
            language,
            reviewer: None,
        };
        let id = session.id.as_str().to_owned();
        state.invitation = None;
        state.session = Some(session);
        Some(id)
    }

    /// The session of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Session> {
        let state = self.lock();
        state
            .session
            .as_ref()
            .filter(|session| session.id.is(id))
            .cloned()
    }

    /// Changes the session.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.lock().session.as_mut() {
            change(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_opens_one_session_once() {
        let token = Token::random().unwrap();
        let text = token.as_str().to_owned();
        let sessions = Sessions::new(token);
        assert!(sessions.enter(&text[1..], Language::English).is_none());
        assert!(sessions.enter("", Language::English).is_none());
        let id = sessions.enter(&text, Language::English).unwrap();
        assert!(sessions.enter(&text, Language::English).is_none());
        assert!(sessions.find(&id).is_some());
        assert!(sessions.find(&text).is_none());
        assert_ne!(id, text);
    }
}
