//! The server: on the loopback address, for one browser.

use crate::guard::guard;
use crate::session::{Sessions, Token};
use crate::{actions, alarm, pages, pictures, texts};
use axum::Router;
use axum::http::header;
use axum::middleware;
use axum::routing::{get, post};
use cloakroom_pipeline::Failure;
use cloakroom_pipeline::review::Review;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Why the pages cannot be served.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// The port cannot be opened, or the server stopped.
    #[error("the review pages could not be served: {0}")]
    Io(#[from] std::io::Error),
    /// There are no random numbers, so no token.
    #[error("the system gives no random numbers")]
    NoRandomNumbers,
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        Self::could_not_run(error.to_string())
            .advise("take another port with --port, or none: then a free one is taken")
    }
}

/// What all requests share.
pub(crate) struct App {
    pub(crate) review: Review,
    pub(crate) sessions: Sessions,
    /// The only Host that is answered.
    pub(crate) host: String,
    /// The name of the session's cookie; two servers on one machine do not share it.
    pub(crate) cookie: String,
}

/// A server that listens and has let nobody in yet.
pub struct Console {
    runtime: Runtime,
    listener: TcpListener,
    app: Arc<App>,
    address: String,
}

impl Console {
    /// Listens on the loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn bind(review: Review, port: u16) -> Result<Self, ConsoleError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_io()
            .build()?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = runtime.block_on(TcpListener::bind(wanted))?;
        let port = listener.local_addr()?.port();
        let token = Token::random().ok_or(ConsoleError::NoRandomNumbers)?;
        let host = format!("127.0.0.1:{port}");
        Ok(Self {
            address: format!("http://{host}/enter?token={}", token.as_str()),
            app: Arc::new(App {
                review,
                sessions: Sessions::new(token),
                cookie: format!("cloakroom-{port}"),
                host,
            }),
            runtime,
            listener,
        })
    }

    /// The address that lets one browser in, once.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn serve(self) -> Result<(), ConsoleError> {
        let (router, listener) = (router(self.app), self.listener);
        self.runtime
            .block_on(async { axum::serve(listener, router).await })?;
        Ok(())
    }
}

fn router(app: Arc<App>) -> Router {
    let asset = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    Router::new()
        .route("/enter", get(actions::enter))
        .route("/", get(pages::start))
        .route("/track/{track}", get(pages::waiting))
        .route("/track/{track}/log", get(pages::log))
        .route("/track/{track}/sheet/{patient}/{series}", get(pages::sheet))
        .route("/track/{track}/object/{stream}", get(pages::object))
        .route(
            "/track/{track}/object/{stream}/frame/{frame}",
            get(pictures::frame),
        )
        .route("/track/{track}/object/{stream}/small", get(pictures::small))
        .route(
            "/track/{track}/object/{stream}/projection/{kind}",
            get(pictures::projection),
        )
        .route(
            "/track/{track}/object/{stream}/proposals",
            get(pictures::proposals),
        )
        .route(
            "/track/{track}/object/{stream}/decide",
            post(actions::decide),
        )
        .route("/track/{track}/object/{stream}/answer", post(alarm::answer))
        .route("/track/{track}/texts", get(texts::page))
        .route("/track/{track}/texts/read", post(texts::read))
        .route("/track/{track}/texts/decide", post(texts::decide))
        .route("/track/{track}/log/answer", post(actions::answer))
        .route("/sign-in", get(pages::sign_in).post(actions::sign_in))
        .route("/sign-out", post(actions::sign_out))
        .route("/language", post(actions::language))
        .route(
            "/style.css",
            asset(
                "text/css; charset=utf-8",
                include_str!("../assets/style.css"),
            ),
        )
        .route(
            "/review.js",
            asset(
                "text/javascript; charset=utf-8",
                include_str!("../assets/review.js"),
            ),
        )
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}
