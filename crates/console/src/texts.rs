//! The page on which a person says of each unknown word whether it may stay.

use crate::actions::{blocking, check_form};
use crate::pages::{Answer, Frame, Problem, html, told};
use crate::serve::App;
use crate::session::Session;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect};
use cloakroom_core::{DecisionReason, TrackId};
use cloakroom_pipeline::Failure;
use cloakroom_pipeline::review::UnknownWord;
use serde::Deserialize;
use std::sync::Arc;

/// Words on one page.
const ROWS: usize = 100;
/// Why a word may stay, and why it goes; the log takes no others.
const STAYS: [DecisionReason; 2] = [DecisionReason::OrdinaryWord, DecisionReason::TechnicalText];
const GOES: [DecisionReason; 2] = [DecisionReason::Personal, DecisionReason::Unsure];

#[derive(Template)]
#[template(path = "texts.html")]
struct TextsPage {
    frame: Frame,
    read: bool,
    total: usize,
    rows: Vec<UnknownWord>,
    stays: Vec<(&'static str, &'static str)>,
    goes: Vec<(&'static str, &'static str)>,
}

/// The words that nobody has decided about.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
) -> Answer {
    let words = app
        .review
        .undecided_words(&track)
        .map_err(|failure| Problem::of(&app, &session, &failure))?;
    let read = words.is_some();
    let mut rows = words.unwrap_or_default();
    let total = rows.len();
    rows.truncate(ROWS);
    Ok(html(&TextsPage {
        frame: Frame::new(&app, &session, Some(&track)),
        read,
        total,
        rows,
        stays: told(session.language, &STAYS),
        goes: told(session.language, &GOES),
    }))
}

#[derive(Deserialize)]
pub(crate) struct ReadForm {
    form: String,
}

/// Reads the texts of the export.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
    Form(form): Form<ReadForm>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    let (work, of_track) = (Arc::clone(&app), track.clone());
    blocking(move || work.review.read_words(&of_track))
        .await
        .map_err(|failure| Problem::of(&app, &session, &failure))?;
    Ok(Redirect::to(&format!("/track/{track}/texts")).into_response())
}

#[derive(Deserialize)]
pub(crate) struct WordForm {
    form: String,
    word: String,
    verdict: String,
    stays: String,
    goes: String,
}

/// Signs what becomes of one word.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
    Form(form): Form<WordForm>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    sign(&app, &session, &track, &form)
        .map(|()| Redirect::to(&format!("/track/{track}/texts")).into_response())
        .map_err(|failure| Problem::of(&app, &session, &failure))
}

fn sign(app: &App, session: &Session, track: &TrackId, form: &WordForm) -> Result<(), Failure> {
    let wrong = || Failure::wrong_use("the form says something that it cannot say");
    let reviewer = session
        .reviewer
        .as_ref()
        .ok_or_else(|| Failure::wrong_use("nobody is signed in"))?;
    let (stay, reason) = match form.verdict.as_str() {
        "stays" => (true, &form.stays),
        "goes" => (false, &form.goes),
        _ => return Err(wrong()),
    };
    let reason: DecisionReason = reason.parse().map_err(|_| wrong())?;
    let words = std::slice::from_ref(&form.word);
    app.review
        .decide_words(track, reviewer, words, (stay, reason))
}
