//! Signed notes: text with signature lines under it (C2SP signed note).

use crate::keys::{KeyName, SecretKey, TrustedKeys};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use core::str::FromStr;
use thiserror::Error;

/// A note may be as long as this and have so many signatures; more is refused unread.
const LONGEST: usize = 1 << 20;
const MOST_SIGNATURES: usize = 64;

/// A text and the signatures over it. Nothing of it may be believed before [`SignedNote::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// The key id.
    pub id: [u8; 4],
    /// The bytes of the signature.
    pub signature: Vec<u8>,
}

/// A text that is not a signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a signed note is a text, an empty line, and signature lines, as in C2SP signed note")]
pub struct NotANote;

/// What the signatures of a note are worth to somebody who trusts certain keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureState {
    /// A trusted key signed it, and every signature by a trusted key holds.
    Good(KeyName),
    /// A signature that claims to be by a trusted key does not hold.
    Wrong(KeyName),
    /// No trusted key signed it.
    UnknownSigner,
}

impl SignedNote {
    /// Signs a text, which must end in a newline and hold no other control character.
    ///
    /// # Errors
    /// If the text cannot be the text of a note.
    pub fn sign(text: &str, key: &SecretKey) -> Result<Self, NotANote> {
        if !is_note_text(text) {
            return Err(NotANote);
        }
        let public = key.public();
        let signature = NoteSignature {
            name: public.name().clone(),
            id: public.id(),
            signature: key.sign(text.as_bytes()).to_vec(),
        };
        Ok(Self {
            text: text.into(),
            signatures: vec![signature],
        })
    }

    /// The text, with its final newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// What the signatures are worth to somebody who trusts these keys.
    #[must_use]
    pub fn check(&self, trusted: &TrustedKeys) -> SignatureState {
        let mut good = None;
        for line in &self.signatures {
            let Some(key) = trusted.find(&line.name, line.id) else {
                continue;
            };
            let holds = <&[u8; 64]>::try_from(line.signature.as_slice())
                .is_ok_and(|signature| key.verifies(self.text.as_bytes(), signature));
            if !holds {
                return SignatureState::Wrong(line.name.clone());
            }
            good.get_or_insert_with(|| line.name.clone());
        }
        good.map_or(SignatureState::UnknownSigner, SignatureState::Good)
    }
}

fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && text.bytes().all(|byte| byte == b'\n' || byte >= b' ')
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let mut bytes = line.id.to_vec();
            bytes.extend_from_slice(&line.signature);
            writeln!(f, "\u{2014} {} {}", line.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for SignedNote {
    type Err = NotANote;

    fn from_str(note: &str) -> Result<Self, Self::Err> {
        if note.len() > LONGEST || !is_note_text(note) {
            return Err(NotANote);
        }
        let end = note.rfind("\n\n").ok_or(NotANote)? + 1;
        let (text, lines) = (&note[..end], &note[end + 1..]);
        let signatures = lines
            .lines()
            .map(parse_signature)
            .collect::<Result<Vec<_>, _>>()?;
        if !(1..=MOST_SIGNATURES).contains(&signatures.len()) {
            return Err(NotANote);
        }
        Ok(Self {
            text: text.into(),
            signatures,
        })
    }
}

fn parse_signature(line: &str) -> Result<NoteSignature, NotANote> {
    let rest = line.strip_prefix("\u{2014} ").ok_or(NotANote)?;
    let (name, encoded) = rest.split_once(' ').ok_or(NotANote)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| NotANote)?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NotANote)?;
    if signature.is_empty() {
        return Err(NotANote);
    }
    Ok(NoteSignature {
        name: name.parse().map_err(|_| NotANote)?,
        id: *id,
        signature: signature.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> SecretKey {
        SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
    }

    /// The example of the Go package that the format comes from.
    #[test]
    fn a_note_signed_by_another_program_holds() {
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let note = "If you think cryptography is the answer to your problem,\n\
            then you don't know what your problem is.\n\n\
            \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let trusted = TrustedKeys::parse(key).unwrap();
        let parsed: SignedNote = note.parse().unwrap();
        assert_eq!(parsed.to_string(), note);
        assert!(matches!(parsed.check(&trusted), SignatureState::Good(_)));
        let changed: SignedNote = note.replace("answer", "reason").parse().unwrap();
        assert!(matches!(changed.check(&trusted), SignatureState::Wrong(_)));
    }

    #[test]
    fn the_text_ends_at_the_last_empty_line() {
        let key = key("a", 1);
        let note = SignedNote::sign("one\n\ntwo\n", &key).unwrap();
        let parsed: SignedNote = note.to_string().parse().unwrap();
        assert_eq!(parsed, note);
        assert_eq!(parsed.text(), "one\n\ntwo\n");
    }

    #[test]
    fn only_trusted_keys_count() {
        let (mine, other) = (key("a", 1), key("a", 2));
        let note = SignedNote::sign("text\n", &mine).unwrap();
        let check = |key: &SecretKey| note.check(&TrustedKeys::new(vec![key.public()]));
        assert!(matches!(check(&mine), SignatureState::Good(_)));
        assert_eq!(check(&other), SignatureState::UnknownSigner);
        assert_eq!(
            note.check(&TrustedKeys::default()),
            SignatureState::UnknownSigner
        );
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        for text in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n- a AAAAAAA=\n",
            "te\rxt\n\n\u{2014} a AAAAAAA=\n",
        ] {
            assert_eq!(text.parse::<SignedNote>(), Err(NotANote), "{text:?}");
        }
        assert_eq!(SignedNote::sign("no newline", &key("a", 1)), Err(NotANote));
    }
}
