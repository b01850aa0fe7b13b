//! Peers from the Python package index.

use crate::run::step;
use crate::target_dir;
use anyhow::Result;
use std::path::PathBuf;

const PACKAGES: [&str; 2] = ["dicognito==0.19.0", "dicom-anonymizer==2.1.0"];

/// The folder of the peers' programs, if there is one; they have an environment of their own.
pub(super) fn python(may_install: bool) -> Result<Option<PathBuf>> {
    let environment = target_dir().join("peers-python");
    let programs = environment.join("bin");
    if !programs.join("dicognito").is_file() {
        if !may_install {
            eprintln!("missing: peers from the Python index; `--install` brings them");
            return Ok(None);
        }
        step("python3", &["-m", "venv", &environment.to_string_lossy()])?;
        let pip = programs.join("pip");
        let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
        arguments.extend(PACKAGES);
        step(pip, &arguments)?;
    }
    Ok(Some(programs))
}
