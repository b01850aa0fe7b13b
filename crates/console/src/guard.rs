//! What every request must be, and what every answer says to the browser.

use crate::serve::App;
use crate::session::Session;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Nothing may be loaded but from here, nothing be framed, and no form be sent elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Refuses what does not come from the browser that was let in, and adds what keeps it safe there.
pub(crate) async fn guard(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let refused = check(&app, &mut request);
    let mut answer = match refused {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` a browser would not say where a form comes from.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}

fn check(app: &App, request: &mut Request) -> Option<Response> {
    let headers = request.headers();
    if !is_own_host(app, headers) {
        return Some(no(
            StatusCode::FORBIDDEN,
            "this server answers to its own address only",
        ));
    }
    let origin = headers.get(header::ORIGIN);
    let foreign = origin.is_some_and(|origin| !is_own_origin(app, origin));
    if foreign || (request.method() != Method::GET && origin.is_none()) {
        return Some(no(
            StatusCode::FORBIDDEN,
            "the request does not come from a page of this server",
        ));
    }
    if request.uri().path() == "/enter" {
        return None;
    }
    match session_of(app, headers) {
        Some(session) => {
            request.extensions_mut().insert(session);
            None
        }
        None => Some(no(
            StatusCode::UNAUTHORIZED,
            "open the address that the terminal shows; it opens once. Run `cloakroom review` again for a new one",
        )),
    }
}

fn no(status: StatusCode, why: &'static str) -> Response {
    (status, why).into_response()
}

/// A page elsewhere whose name was made to point here has another Host.
fn is_own_host(app: &App, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host == app.host)
}

fn is_own_origin(app: &App, origin: &HeaderValue) -> bool {
    origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("http://"))
        .is_some_and(|host| host == app.host)
}

fn session_of(app: &App, headers: &HeaderMap) -> Option<Session> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == app.cookie)
        .find_map(|(_, id)| app.sessions.find(id))
}
