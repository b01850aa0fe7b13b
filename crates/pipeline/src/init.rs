//! `init`: new folders with fresh keys.

use crate::verdict::{Report, Verdict};
use crate::{Failure, Site, site};
use cloakroom_core::SiteName;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was made.
#[derive(Debug, Serialize)]
pub struct InitReport {
    /// The folder.
    pub folder: PathBuf,
    /// The file with the public keys, to be given away.
    pub public_keys: PathBuf,
    /// Whether it is an organiser's folder, which has no site key.
    pub organiser: bool,
}

impl Report for InitReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Makes a site folder.
///
/// # Errors
/// If the folder is taken, or the disk or the source of randomness fails.
pub fn site(root: &Path, name: SiteName) -> Result<InitReport, Failure> {
    let site = Site::init(root, name)?;
    let public_keys = root.join(format!("{}.pub", site.name()));
    Ok(InitReport {
        folder: root.to_path_buf(),
        public_keys,
        organiser: false,
    })
}

/// Makes an organiser's folder.
///
/// # Errors
/// If the folder is taken, or the disk or the source of randomness fails.
pub fn organiser(root: &Path) -> Result<InitReport, Failure> {
    site::init_organiser(root)?;
    Ok(InitReport {
        folder: root.to_path_buf(),
        public_keys: root.join("release.pub"),
        organiser: true,
    })
}
