//! The page on which a person answers what the gate found.

use crate::actions::{blocking, check_form};
use crate::pages::{Answer, Frame, Problem, beside, decision_told, html, told};
use crate::serve::App;
use crate::session::Session;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect};
use cloakroom_core::{DecisionReason, TrackId};
use cloakroom_pipeline::Failure;
use serde::Deserialize;
use std::sync::Arc;

/// Why what was found names nobody, and why an object stays; the log takes no others.
const FALSE_ALARMS: [DecisionReason; 2] =
    [DecisionReason::OrdinaryWord, DecisionReason::ChanceMatch];
const REJECTS: [DecisionReason; 3] = [
    DecisionReason::NotForTrack,
    DecisionReason::ConsentMissing,
    DecisionReason::Unsure,
];

#[derive(Template)]
#[template(path = "alarm.html")]
struct AlarmPage {
    frame: Frame,
    here: String,
    previous: String,
    next: String,
    patient: String,
    series: String,
    device: String,
    decided: String,
    places: Vec<Place>,
    can_be_answered: bool,
    answers: Vec<(&'static str, &'static str)>,
    rejects: Vec<(&'static str, &'static str)>,
}

struct Place {
    kind: &'static str,
    attribute: String,
    leaves: Vec<String>,
}

/// What the gate found in one object.
pub(crate) async fn page(app: Arc<App>, session: Session, track: TrackId, stream: i64) -> Answer {
    let problem = |failure: Failure| Problem::of(&app, &session, &failure);
    let (looking, of_track) = (Arc::clone(&app), track.clone());
    let alarm = blocking(move || looking.review.alarm(&of_track, stream))
        .await
        .map_err(problem)?;
    let held = app.review.held(&track).map_err(problem)?;
    let Some((series, _)) = held.find(stream) else {
        return Err(crate::pages::gone(&app, &session));
    };
    let decided = app.review.decided(&track).map_err(problem)?;
    let language = session.language;
    let (previous, next) = beside(held, &track, stream);
    let places = alarm.places.into_iter().map(|place| Place {
        kind: language.known(place.kind),
        attribute: place.attribute,
        leaves: place.leaves,
    });
    Ok(html(&AlarmPage {
        frame: Frame::new(&app, &session, Some(&track)),
        here: format!("/track/{track}/object/{stream}"),
        previous,
        next,
        patient: series.patient_id.clone(),
        series: format!("{} {}", series.modality, series.description),
        device: series.device.clone(),
        decided: decision_told(language, decided.get(&stream)),
        places: places.collect(),
        can_be_answered: alarm.can_be_answered,
        answers: told(language, &FALSE_ALARMS),
        rejects: told(language, &REJECTS),
    }))
}

#[derive(Deserialize)]
pub(crate) struct AlarmForm {
    form: String,
    verdict: String,
    answer: String,
    reject: String,
}

/// Signs the answer.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path((track, stream)): Path<(TrackId, i64)>,
    Form(form): Form<AlarmForm>,
) -> Answer {
    check_form(&app, &session, &form.form)?;
    let (work, signing) = (Arc::clone(&app), session.clone());
    let next = blocking(move || sign(&work, &signing, &track, stream, &form)).await;
    next.map(|next| Redirect::to(&next).into_response())
        .map_err(|failure| Problem::of(&app, &session, &failure))
}

fn sign(
    app: &App,
    session: &Session,
    track: &TrackId,
    stream: i64,
    form: &AlarmForm,
) -> Result<String, Failure> {
    let wrong = || Failure::wrong_use("the form says something that it cannot say");
    let reviewer = session
        .reviewer
        .as_ref()
        .ok_or_else(|| Failure::wrong_use("nobody is signed in"))?;
    let (is_false, reason) = match form.verdict.as_str() {
        "false-alarm" => (true, &form.answer),
        "reject" => (false, &form.reject),
        _ => return Err(wrong()),
    };
    let reason: DecisionReason = reason.parse().map_err(|_| wrong())?;
    app.review
        .answer_alarm(track, reviewer, stream, (is_false, reason))?;
    let (_, next) = beside(app.review.held(track)?, track, stream);
    Ok(if next.is_empty() {
        format!("/track/{track}/log")
    } else {
        next
    })
}
