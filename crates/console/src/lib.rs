//! The review pages: what waits for a person, looked at and decided in a browser on the same machine.
//!
//! The pages are made here and need nothing from anywhere else. They are served on the loopback address only, to whoever
//! opens the address with the one-time token first. A request with another Host or Origin is refused, a change needs
//! the token of the session's own forms, and the pages may load nothing but what this server sends. The rules, the
//! pixels and the signatures are [`cloakroom_pipeline::review`]'s.

mod actions;
mod alarm;
mod guard;
mod pages;
mod pictures;
mod serve;
mod session;
mod texts;
mod words;

pub use serve::{Console, ConsoleError};
