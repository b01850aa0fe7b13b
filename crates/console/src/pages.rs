//! The pages.

use crate::serve::App;
use crate::session::Session;
use crate::words::{Language, Words};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, response};
use cloakroom_core::{DecisionReason, HoldReason, TrackId};
use cloakroom_pipeline::Failure;
use cloakroom_pipeline::review::{DecisionRow, Held, HeldSeries, Standing, is_about_pixels};
use serde::Deserialize;
use std::sync::Arc;

/// Series on one page, and pictures on one contact sheet.
const ROWS: usize = 50;
const TILES: usize = 60;
/// So many frames of one cine stand on a contact sheet, evenly spread.
const FRAMES_OF_ONE: u32 = 8;

/// Why an image may be released, and why it is rejected; the log takes no others.
const RELEASES: [DecisionReason; 4] = [
    DecisionReason::NothingSeen,
    DecisionReason::IdentityMasked,
    DecisionReason::TechnicalText,
    DecisionReason::FaceAccepted,
];
const REJECTS: [DecisionReason; 5] = [
    DecisionReason::IdentitySeen,
    DecisionReason::Document,
    DecisionReason::NotForTrack,
    DecisionReason::ConsentMissing,
    DecisionReason::Unsure,
];

/// What stands on every page.
pub(crate) struct Frame {
    pub(crate) words: &'static Words,
    pub(crate) site: String,
    pub(crate) tracks: Vec<String>,
    pub(crate) track: String,
    pub(crate) reviewer: String,
    pub(crate) form: String,
}

impl Frame {
    pub(crate) fn new(app: &App, session: &Session, track: Option<&TrackId>) -> Self {
        Self {
            words: session.language.words(),
            site: app.review.site_name(),
            tracks: app.review.tracks().map(ToString::to_string).collect(),
            track: track.map(ToString::to_string).unwrap_or_default(),
            reviewer: session
                .reviewer
                .as_ref()
                .map(|reviewer| reviewer.id().to_string())
                .unwrap_or_default(),
            form: session.form.as_str().to_owned(),
        }
    }
}

/// What went wrong, as a page.
pub(crate) struct Problem(Box<Frame>, StatusCode, String);

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    problem: String,
    back: String,
}

impl Problem {
    pub(crate) fn of(app: &App, session: &Session, failure: &Failure) -> Self {
        let frame = Box::new(Frame::new(app, session, None));
        Self(frame, StatusCode::BAD_REQUEST, failure.officer_text())
    }

    pub(crate) fn text(app: &App, session: &Session, status: StatusCode, text: &str) -> Self {
        Self(
            Box::new(Frame::new(app, session, None)),
            status,
            text.to_owned(),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let page = ProblemPage {
            frame: *self.0,
            problem: self.2,
            back: "/".into(),
        };
        (self.1, html(&page)).into_response()
    }
}

pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) type Answer = Result<Response, Problem>;

/// Takes the browser to the first track.
pub(crate) async fn start(State(app): State<Arc<App>>) -> response::Redirect {
    match app.review.tracks().next() {
        Some(track) => Redirect::to(&format!("/track/{track}")),
        None => Redirect::to("/sign-in"),
    }
}

#[derive(Deserialize)]
pub(crate) struct PageNumber {
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    frame: Frame,
    two: bool,
    total: usize,
    reasons: Vec<(&'static str, usize)>,
    rows: Vec<SeriesRow>,
    page: usize,
    pages: usize,
}

struct SeriesRow {
    patient: String,
    patient_number: i64,
    series: i64,
    modality: String,
    description: String,
    device: String,
    reasons: Vec<&'static str>,
    objects: usize,
    decided: usize,
    first: Option<i64>,
    pictures: bool,
}

fn held<'a>(app: &'a App, session: &Session, track: &TrackId) -> Result<&'a Held, Problem> {
    app.review
        .held(track)
        .map_err(|failure| Problem::of(app, session, &failure))
}

/// What waits in a track.
pub(crate) async fn waiting(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
    Query(number): Query<PageNumber>,
) -> Answer {
    let held = held(&app, &session, &track)?;
    let decided = app
        .review
        .decided(&track)
        .map_err(|failure| Problem::of(&app, &session, &failure))?;
    let language = session.language;
    let (page, pages) = page_of(number.page, held.series().len(), ROWS);
    let row = |series: &HeldSeries| SeriesRow {
        patient: series.patient_id.clone(),
        patient_number: series.patient,
        series: series.series,
        modality: series.modality.clone(),
        description: series.description.clone(),
        device: series.device.clone(),
        reasons: series
            .reasons()
            .keys()
            .map(|reason| language.hold(*reason))
            .collect(),
        objects: series.objects.len(),
        decided: series
            .objects
            .iter()
            .filter(|object| decided.contains_key(&object.stream))
            .count(),
        first: series.first_to_look_at(),
        pictures: series.objects.iter().any(|object| object.frames > 0),
    };
    let reasons = held.reasons();
    Ok(html(&WaitingPage {
        frame: Frame::new(&app, &session, Some(&track)),
        two: app.review.needs_two(),
        total: reasons.values().sum(),
        reasons: reasons
            .iter()
            .map(|(reason, count)| (language.hold(*reason), *count))
            .collect(),
        rows: held
            .series()
            .iter()
            .skip((page - 1) * ROWS)
            .take(ROWS)
            .map(row)
            .collect(),
        page,
        pages,
    }))
}

/// A page that exists, and how many there are.
fn page_of(asked: Option<usize>, rows: usize, each: usize) -> (usize, usize) {
    let pages = rows.div_ceil(each).max(1);
    (asked.unwrap_or(1).clamp(1, pages), pages)
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    frame: Frame,
    title: String,
    tiles: Vec<Tile>,
    page: usize,
    pages: usize,
}

struct Tile {
    stream: i64,
    frame: u32,
    label: String,
}

/// All that waits of one series as small pictures.
pub(crate) async fn sheet(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path((track, patient, series)): Path<(TrackId, i64, i64)>,
    Query(number): Query<PageNumber>,
) -> Answer {
    let held = held(&app, &session, &track)?;
    let found = held
        .series()
        .iter()
        .find(|one| (one.patient, one.series) == (patient, series));
    let Some(found) = found else {
        return Err(gone(&app, &session));
    };
    let mut tiles = Vec::new();
    for object in &found.objects {
        let step = object.frames.div_ceil(FRAMES_OF_ONE).max(1);
        for frame in (0..object.frames).step_by(step as usize) {
            let number = object.instance_number.unwrap_or(0);
            tiles.push(Tile {
                stream: object.stream,
                frame,
                label: if object.frames > 1 {
                    format!("{number} · {}", frame + 1)
                } else {
                    number.to_string()
                },
            });
        }
    }
    let (page, pages) = page_of(number.page, tiles.len(), TILES);
    Ok(html(&SheetPage {
        frame: Frame::new(&app, &session, Some(&track)),
        title: format!("{} {}", found.modality, found.description),
        tiles: tiles
            .into_iter()
            .skip((page - 1) * TILES)
            .take(TILES)
            .collect(),
        page,
        pages,
    }))
}

pub(crate) fn gone(app: &App, session: &Session) -> Problem {
    Problem::text(
        app,
        session,
        StatusCode::NOT_FOUND,
        session.language.words().nothing_waits,
    )
}

#[derive(Template)]
#[template(path = "object.html")]
struct ObjectPage {
    frame: Frame,
    here: String,
    frames: u32,
    previous: String,
    next: String,
    next_pictures: String,
    patient: String,
    series: String,
    sheet: String,
    device: String,
    why: &'static str,
    by_picture: bool,
    decided: String,
    in_series: usize,
    releases: Vec<(&'static str, &'static str)>,
    rejects: Vec<(&'static str, &'static str)>,
}

/// One object.
pub(crate) async fn object(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path((track, stream)): Path<(TrackId, i64)>,
) -> Answer {
    let held = held(&app, &session, &track)?;
    let Some((series, object)) = held.find(stream) else {
        return Err(gone(&app, &session));
    };
    if object.reason == HoldReason::KnownValueFound {
        return crate::alarm::page(Arc::clone(&app), session, track, stream).await;
    }
    let decided = app
        .review
        .decided(&track)
        .map_err(|failure| Problem::of(&app, &session, &failure))?;
    let language = session.language;
    let (previous, next) = beside(held, &track, stream);
    Ok(html(&ObjectPage {
        frame: Frame::new(&app, &session, Some(&track)),
        here: format!("/track/{track}/object/{stream}"),
        frames: object.frames,
        next_pictures: pictures_after(held, &next, stream),
        previous,
        next,
        patient: series.patient_id.clone(),
        series: format!("{} {}", series.modality, series.description),
        sheet: format!("/track/{track}/sheet/{}/{}", series.patient, series.series),
        device: series.device.clone(),
        why: language.hold(object.reason),
        by_picture: is_about_pixels(object.reason),
        decided: decision_told(language, decided.get(&stream)),
        in_series: series
            .objects
            .iter()
            .filter(|object| is_about_pixels(object.reason))
            .count(),
        releases: told(language, &RELEASES),
        rejects: told(language, &REJECTS),
    }))
}

/// The reasons of a list, with their codes.
pub(crate) fn told(
    language: Language,
    reasons: &[DecisionReason],
) -> Vec<(&'static str, &'static str)> {
    reasons
        .iter()
        .map(|reason| (reason.code(), language.decision(*reason)))
        .collect()
}

/// What was decided about an object so far, in words.
pub(crate) fn decision_told(language: Language, row: Option<&DecisionRow>) -> String {
    row.map_or_else(String::new, |row| {
        format!(
            "{}: {} ({}, {})",
            row.reviewer,
            language.subject(row.subject),
            language.decision(row.reason),
            standing(language.words(), row.standing)
        )
    })
}

/// The addresses of the objects before and after one; empty where there is none.
pub(crate) fn beside(held: &Held, track: &TrackId, stream: i64) -> (String, String) {
    let address = |stream: Option<i64>| {
        stream.map_or_else(String::new, |stream| {
            format!("/track/{track}/object/{stream}")
        })
    };
    let (before, after) = held.beside(stream);
    (address(before), address(after))
}

/// The address of the next object, if there is a picture to be fetched ahead.
fn pictures_after(held: &Held, next: &str, stream: i64) -> String {
    let (_, after) = held.beside(stream);
    match after.and_then(|after| held.find(after)) {
        Some((_, object)) if is_about_pixels(object.reason) => next.to_owned(),
        _ => String::new(),
    }
}

const fn standing(words: &Words, standing: Standing) -> &'static str {
    match standing {
        Standing::Counts => words.counts,
        Standing::WaitsForSecond => words.waits_for_second,
        Standing::Replaced => words.replaced,
        Standing::Note => words.note,
    }
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    frame: Frame,
    two: bool,
    rows: Vec<LogRow>,
}

struct LogRow {
    number: u64,
    date: String,
    reviewer: String,
    subject: &'static str,
    link: String,
    reason: &'static str,
    areas: usize,
    standing: &'static str,
    digest: String,
    open: bool,
    waits: bool,
}

/// The decisions of a track.
pub(crate) async fn log(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Path(track): Path<TrackId>,
) -> Answer {
    let rows = app
        .review
        .log(&track)
        .map_err(|failure| Problem::of(&app, &session, &failure))?;
    let language = session.language;
    let rows = rows.into_iter().map(|row| LogRow {
        number: row.number,
        date: row.date.to_string(),
        reviewer: row.reviewer.to_string(),
        subject: language.subject(row.subject),
        link: row.stream.map_or_else(String::new, |stream| {
            format!("/track/{track}/object/{stream}")
        }),
        reason: language.decision(row.reason),
        areas: row.areas,
        standing: standing(language.words(), row.standing),
        digest: row.digest.to_string(),
        open: matches!(row.standing, Standing::Counts | Standing::WaitsForSecond),
        waits: row.standing == Standing::WaitsForSecond,
    });
    Ok(html(&LogPage {
        rows: rows.collect(),
        two: app.review.needs_two(),
        frame: Frame::new(&app, &session, Some(&track)),
    }))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    reviewers: Vec<String>,
    problem: String,
    back: String,
}

#[derive(Deserialize)]
pub(crate) struct Back {
    back: Option<String>,
}

/// The page on which a reviewer unlocks an own key.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Query(back): Query<Back>,
) -> Answer {
    sign_in_page(&app, &session, back.back.unwrap_or_default(), String::new())
}

pub(crate) fn sign_in_page(app: &App, session: &Session, back: String, problem: String) -> Answer {
    let reviewers = app
        .review
        .reviewers()
        .map_err(|failure| Problem::of(app, session, &failure))?;
    Ok(html(&SignInPage {
        frame: Frame::new(app, session, None),
        reviewers: reviewers.iter().map(ToString::to_string).collect(),
        problem,
        back,
    }))
}
