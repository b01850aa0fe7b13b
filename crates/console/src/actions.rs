//! What changes something: each comes from a form of this server, with the token of the session's forms.

use crate::pages::{Problem, sign_in_page};
use crate::serve::App;
use crate::session::Session;
use crate::words::Language;
use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use cloakroom_core::{DecisionReason, Digest, TrackId};
use cloakroom_pipeline::Failure;
use cloakroom_pipeline::review::{MaskedArea, PixelVerdict, is_about_pixels};
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

type Answer = Result<Response, Problem>;

#[derive(Deserialize)]
pub(crate) struct Invitation {
    token: String,
}

/// Lets the browser in that brings the one-time token.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Query(invitation): Query<Invitation>,
    headers: HeaderMap,
) -> Response {
    let language = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|tags| tags.to_str().ok())
        .map_or(Language::English, Language::of);
    match app.sessions.enter(&invitation.token, language) {
        Some(id) => {
            let cookie = format!("{}={id}; HttpOnly; SameSite=Strict; Path=/", app.cookie);
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        None => (
            StatusCode::FORBIDDEN,
            "this address has been used, or is not the one that the terminal shows. Run `cloakroom review` again",
        )
            .into_response(),
    }
}

pub(crate) fn check_form(app: &App, session: &Session, form: &str) -> Result<(), Problem> {
    if session.form.is(form) {
        return Ok(());
    }
    Err(Problem::text(
        app,
        session,
        StatusCode::FORBIDDEN,
        "the form is not one of this session",
    ))
}

#[derive(Deserialize)]
pub(crate) struct Bare {
    form: String,
}

/// Changes the language.
pub(crate) async fn language(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Form(bare): Form<Bare>,
) -> Answer {
    check_form(&app, &session, &bare.form)?;
    app.sessions.change(|session| {
        session.language = match session.language {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    });
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    form: String,
    back: String,
    reviewer: String,
    passphrase: String,
}

/// Unlocks a reviewer's key for this session.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Form(form): Form<SignIn>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    let opening = Arc::clone(&app);
    let (id, passphrase) = (form.reviewer, Zeroizing::new(form.passphrase));
    let unlocked = blocking(move || {
        let id = id
            .parse()
            .map_err(|_| Failure::wrong_use("this is no reviewer"))?;
        opening.review.unlock(id, &passphrase)
    })
    .await;
    match unlocked {
        Ok(reviewer) => {
            app.sessions
                .change(|session| session.reviewer = Some(Arc::new(reviewer)));
            // Only a path of this server: `//host` would lead elsewhere.
            let back = Some(form.back)
                .filter(|back| back.starts_with("/track/"))
                .unwrap_or_else(|| "/".into());
            Ok(Redirect::to(&back).into_response())
        }
        Err(failure) => sign_in_page(&app, &session, form.back, failure.officer_text()),
    }
}

/// Forgets the reviewer's key.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Form(bare): Form<Bare>,
) -> Answer {
    check_form(&app, &session, &bare.form)?;
    app.sessions.change(|session| session.reviewer = None);
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
pub(crate) struct Decide {
    form: String,
    scope: String,
    verdict: String,
    release: String,
    reject: String,
    mask: String,
}

/// Signs a decision about an image, or about all that waits of its series.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path((track, stream)): Path<(TrackId, i64)>,
    Form(form): Form<Decide>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    let work = Arc::clone(&app);
    let signing = session.clone();
    let next = blocking(move || sign(&work, &signing, &track, stream, &form)).await;
    next.map(|next| Redirect::to(&next).into_response())
        .map_err(|failure| Problem::of(&app, &session, &failure))
}

fn sign(
    app: &App,
    session: &Session,
    track: &TrackId,
    stream: i64,
    form: &Decide,
) -> Result<String, Failure> {
    let wrong = || Failure::wrong_use("the form says something that it cannot say");
    let reviewer = session
        .reviewer
        .as_ref()
        .ok_or_else(|| Failure::wrong_use("nobody is signed in"))?;
    let held = app.review.held(track)?;
    let (series, object) = held.find(stream).ok_or_else(wrong)?;
    let streams: Vec<i64> = match form.scope.as_str() {
        "image" => vec![object.stream],
        "series" => series
            .objects
            .iter()
            .filter(|object| is_about_pixels(object.reason))
            .map(|object| object.stream)
            .collect(),
        _ => return Err(wrong()),
    };
    let (verdict, reason) = match form.verdict.as_str() {
        "release" => {
            let mask: Vec<MaskedArea> = serde_json::from_str(&form.mask).map_err(|_| wrong())?;
            (PixelVerdict::Release(mask), &form.release)
        }
        "reject" => (PixelVerdict::Reject, &form.reject),
        _ => return Err(wrong()),
    };
    let reason: DecisionReason = reason.parse().map_err(|_| wrong())?;
    app.review
        .decide_pixels(track, reviewer, &streams, &verdict, reason)?;
    let last = streams.last().copied().unwrap_or(stream);
    Ok(match held.beside(last).1 {
        Some(next) => format!("/track/{track}/object/{next}"),
        None => format!("/track/{track}/log"),
    })
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    form: String,
    decision: String,
    answer: String,
}

/// Confirms a decision as the second person, or takes one back.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
    Form(form): Form<AnswerForm>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    let done = answered(&app, &session, &track, &form);
    done.map(|()| Redirect::to(&format!("/track/{track}/log")).into_response())
        .map_err(|failure| Problem::of(&app, &session, &failure))
}

fn answered(
    app: &App,
    session: &Session,
    track: &TrackId,
    form: &AnswerForm,
) -> Result<(), Failure> {
    let reviewer = session
        .reviewer
        .as_ref()
        .ok_or_else(|| Failure::wrong_use("nobody is signed in"))?;
    let decision: Digest = form
        .decision
        .parse()
        .map_err(|_| Failure::wrong_use("there is no such decision"))?;
    let revoke = match form.answer.as_str() {
        "confirm" => false,
        "revoke" => true,
        _ => return Err(Failure::wrong_use("the answer is neither yes nor no")),
    };
    app.review
        .answer_decision(track, reviewer, decision, revoke)
}

/// Work that takes a while, away from the threads that answer.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Failure::could_not_run("a worker ended without a word")),
    }
}
