//! Images for the viewer: stored depth for grey, so that the window is chosen in the browser.

use crate::serve::App;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloakroom_core::{Rect, TrackId};
use cloakroom_pipeline::review::{
    NoPicture, ProjectionKind, ProposalKind, Shown, ShownSamples, is_about_pixels,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest side of a small picture.
const SMALL: u32 = 160;
/// Images change as little as the export does, and stay with the browser for the session only.
const FOR_A_WHILE: &str = "private, max-age=600";

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NoPicture> + Send + 'static,
) -> Result<T, Response> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(NoPicture::Held(reason))) => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, reason.meaning()).into_response())
        }
        Ok(Err(NoPicture::Failed(failure))) => {
            Err((StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response())
        }
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

/// One frame.
pub(crate) async fn frame(
    State(app): State<Arc<App>>,
    Path((_, stream, frame)): Path<(TrackId, i64, u32)>,
) -> Result<Response, Response> {
    let shown = blocking(move || app.review.frame(stream, frame)).await?;
    Ok(samples(shown, (1, 0)))
}

#[derive(Deserialize)]
pub(crate) struct Scope {
    scope: Option<String>,
}

/// The frames of an image, or of all that waits of its series, laid over each other.
pub(crate) async fn projection(
    State(app): State<Arc<App>>,
    Path((track, stream, kind)): Path<(TrackId, i64, String)>,
    Query(scope): Query<Scope>,
) -> Result<Response, Response> {
    let kind = match kind.as_str() {
        "minimum" => ProjectionKind::Minimum,
        "mean" => ProjectionKind::Mean,
        "maximum" => ProjectionKind::Maximum,
        _ => return Err(StatusCode::NOT_FOUND.into_response()),
    };
    let (shown, counts) = blocking(move || {
        let held = app.review.held(&track)?;
        let of_series = scope.scope.as_deref() == Some("series");
        let streams = match held.find(stream) {
            Some((series, _)) if of_series => series
                .objects
                .iter()
                .filter(|object| object.frames > 0 && is_about_pixels(object.reason))
                .map(|object| object.stream)
                .collect(),
            _ => vec![stream],
        };
        app.review.projection(&streams, kind)
    })
    .await?;
    Ok(samples(shown, counts))
}

fn samples(shown: Shown, (frames, left_out): (u32, u32)) -> Response {
    let (low, high, name, body) = match shown.samples {
        ShownSamples::Grey {
            values,
            window: (low, high),
        } => {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect::<Vec<u8>>();
            (low, high, "grey", bytes)
        }
        ShownSamples::Colour(rgb) => (0, 255, "colour", rgb),
    };
    let mut headers = HeaderMap::new();
    for (header, number) in [
        ("x-columns", shown.columns),
        ("x-rows", shown.rows),
        ("x-low", u32::from(low)),
        ("x-high", u32::from(high)),
        ("x-frames", frames),
        ("x-left-out", left_out),
    ] {
        headers.insert(HeaderName::from_static(header), HeaderValue::from(number));
    }
    headers.insert("x-samples", HeaderValue::from_static(name));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_A_WHILE));
    (headers, body).into_response()
}

#[derive(Deserialize)]
pub(crate) struct FrameNumber {
    frame: Option<u32>,
}

/// A small picture for a contact sheet.
pub(crate) async fn small(
    State(app): State<Arc<App>>,
    Path((_, stream)): Path<(TrackId, i64)>,
    Query(number): Query<FrameNumber>,
) -> Result<Response, Response> {
    let shown = blocking(move || app.review.frame(stream, number.frame.unwrap_or(0))).await?;
    let (columns, rows, rgb) = shown.small(SMALL);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&rgb));
    if written.is_err() {
        return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, FOR_A_WHILE),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Serialize)]
struct ProposedAreas {
    detector: bool,
    areas: Vec<ProposedArea>,
}

#[derive(Serialize)]
struct ProposedArea {
    rect: Rect,
    frames: Option<(u32, u32)>,
    kind: &'static str,
}

/// What rules and the detector propose.
pub(crate) async fn proposals(
    State(app): State<Arc<App>>,
    Path((track, stream)): Path<(TrackId, i64)>,
) -> Result<Response, Response> {
    let proposed = blocking(move || app.review.proposals(&track, stream)).await?;
    let areas = proposed.areas.iter().map(|area| ProposedArea {
        rect: area.rect,
        frames: area.frames,
        kind: match area.kind {
            ProposalKind::Rule => "rule",
            ProposalKind::TextThatGoes => "goes",
            ProposalKind::TextThatStays => "stays",
        },
    });
    Ok(Json(ProposedAreas {
        detector: proposed.detector_looked,
        areas: areas.collect(),
    })
    .into_response())
}
