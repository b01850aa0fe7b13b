//! Public keys that somebody trusts, read from files: those of logs (C2SP) and those of packages (minisign).

use crate::Failure;
use crate::files::read_text;
use cloakroom_audit::{PublicKey, TrustedKeys};
use cloakroom_core::SiteName;
use std::fs;
use std::path::{Path, PathBuf};

/// The keys that the user trusts.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// Keys that sign logs.
    pub logs: Vec<PublicKey>,
    /// Keys that sign packages, as minisign writes them.
    pub packages: Vec<String>,
    /// The same with the hospital whose they are, where the file also holds the hospital's key for logs.
    pub sites: Vec<(SiteName, String)>,
}

impl Trusted {
    /// Reads files, and all `.pub` files of folders.
    ///
    /// # Errors
    /// If a file cannot be read, holds a line that is no key, or no key at all is found.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut trusted = Self::default();
        for path in paths {
            for file in key_files(path)? {
                trusted
                    .add(&read_text(&file)?)
                    .map_err(|failure| failure.at(&file))?;
            }
        }
        if trusted.is_empty() && !paths.is_empty() {
            return Err(
                Failure::wrong_use("no public key was found where --trust points")
                    .advise("name a .pub file as `cloakroom init` wrote it, or a folder of them"),
            );
        }
        Ok(trusted)
    }

    /// Adds the keys of a text: one a line, `#` begins a comment.
    ///
    /// # Errors
    /// If a line is no key.
    pub fn add(&mut self, text: &str) -> Result<(), Failure> {
        let mut site = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with("untrusted comment:") {
                continue;
            }
            if line.starts_with("PRIVATE+KEY+") {
                return Err(Failure::wrong_use(
                    "this file holds a secret key and must never be given away",
                )
                .advise("use the .pub file instead"));
            }
            if minisign::PublicKey::from_base64(line).is_ok() {
                self.packages.push(line.to_owned());
                self.sites
                    .extend(site.clone().map(|site| (site, line.to_owned())));
            } else if let Ok(key) = line.parse::<PublicKey>() {
                site = key
                    .name()
                    .as_str()
                    .rsplit('/')
                    .next()
                    .and_then(|name| name.parse::<SiteName>().ok());
                self.logs.push(key);
            } else {
                return Err(Failure::wrong_use(format!(
                    "line {number} of the file is not a public key"
                )));
            }
        }
        Ok(())
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.packages.is_empty()
    }

    /// The keys of logs, as the audit takes them.
    pub fn log_keys(&self) -> TrustedKeys {
        TrustedKeys::new(self.logs.clone())
    }
}

fn key_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let fault = |error: std::io::Error| Failure::io("could not look into a folder", path, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        if file.extension().is_some_and(|extension| extension == "pub") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;

    #[test]
    fn the_public_file_of_a_site_gives_both_keys_and_a_secret_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        drop(Site::init(&root, "GX01".parse().unwrap()).unwrap());
        let trusted = Trusted::read(std::slice::from_ref(&root)).unwrap();
        assert_eq!((trusted.logs.len(), trusted.packages.len()), (1, 1));
        for secret in ["keys/signing.key", "keys/package.key", "keys/site.key"] {
            assert!(Trusted::read(&[root.join(secret)]).is_err(), "{secret}");
        }
        assert!(Trusted::read(&[folder.path().join("nowhere")]).is_err());
        assert!(Trusted::read(&[folder.path().to_path_buf()]).is_err());
    }
}
