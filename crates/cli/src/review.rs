//! `review`: the pages are served until the officer says stop.

use crate::exit::Exit;
use crate::render;
use cloakroom_console::Console;
use cloakroom_pipeline::review::Review;
use cloakroom_pipeline::{Failure, Site};
use std::path::Path;

/// Tells the address that lets one browser in, and serves.
pub(crate) fn serve(site: &Path, profile: &str, port: u16) -> Result<Exit, Failure> {
    let console = Console::bind(Review::open(Site::open(site)?, profile)?, port)?;
    render::print(&format!(
        "Open this address in a browser on this machine; it opens once:\n\n  {}\n\nInterrupt (Ctrl-C) to stop. What was decided is signed and stays.",
        console.address()
    ));
    console.serve()?;
    Ok(Exit::Done)
}
