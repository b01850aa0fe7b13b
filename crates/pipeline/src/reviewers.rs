//! The people who decide in review: each has an own key, under an own passphrase.
//!
//! The secret half lies in `keys/reviewers/ID.age`, encrypted by `age` with the passphrase alone; the public half lies in
//! `reviewers/ID.pub`. A decision counts only if its key is one that lies there.

use crate::files::{private_file, private_folder, public_file, read_text};
use crate::site::{random, require_private};
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site};
use age::secrecy::SecretString;
use cloakroom_audit::{PublicKey, SecretKey};
use cloakroom_core::ReviewerId;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The cost of a guess at a passphrase: 2 to this power times 1 KiB of memory, about a fifth of a second.
const WORK_FACTOR: u8 = 16;
/// Shorter passphrases are refused.
const SHORTEST_PASSPHRASE: usize = 8;

/// A reviewer's key, unlocked.
pub struct Reviewer {
    id: ReviewerId,
    key: SecretKey,
}

/// What was made for a reviewer.
#[derive(Debug, Serialize)]
pub struct ReviewerReport {
    /// The reviewer.
    pub reviewer: ReviewerId,
    /// The file with the public key.
    pub public_key: PathBuf,
}

impl Report for ReviewerReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Gives a reviewer a key under a passphrase that only the reviewer knows.
///
/// # Errors
/// If the reviewer has one already, the passphrase is short, or the machine fails.
pub fn enrol(
    site: &Site,
    id: ReviewerId,
    passphrase: &Zeroizing<String>,
) -> Result<ReviewerReport, Failure> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        return Err(Failure::wrong_use(format!(
            "a passphrase has at least {SHORTEST_PASSPHRASE} characters"
        ))
        .advise("take a few words that only you would put together"));
    }
    let (secret_file, public_key) = files_of(site, &id);
    if secret_file.exists() || public_key.exists() {
        return Err(Failure::wrong_use("this reviewer has a key already")
            .at(&public_key)
            .advise("choose another id, such as R02"));
    }
    let name = id.as_str().parse().map_err(|_| unfit())?;
    let key = SecretKey::from_seed(name, &*random()?);
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.as_str()));
    recipient.set_work_factor(WORK_FACTOR);
    let text = Zeroizing::new(key.to_secret_text());
    let sealed = age::encrypt(&recipient, text.as_bytes())
        .map_err(|_| Failure::could_not_run("the key could not be encrypted"))?;
    for file in [&secret_file, &public_key] {
        if let Some(folder) = file.parent() {
            private_folder(folder)?;
        }
    }
    private_file(&secret_file, &sealed)?;
    public_file(&public_key, format!("{}\n", key.public()).as_bytes())?;
    Ok(ReviewerReport {
        reviewer: id,
        public_key,
    })
}

fn files_of(site: &Site, id: &ReviewerId) -> (PathBuf, PathBuf) {
    (
        site.root().join("keys/reviewers").join(format!("{id}.age")),
        site.root().join("reviewers").join(format!("{id}.pub")),
    )
}

/// The public keys of all reviewers of a site.
///
/// # Errors
/// If the folder cannot be read, or a file in it is no key of the reviewer that it is named after.
pub fn enrolled(site: &Site) -> Result<Vec<(ReviewerId, PublicKey)>, Failure> {
    let folder = site.root().join("reviewers");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io("could not look into a folder", &folder, &error)),
    };
    let mut found: Vec<(ReviewerId, PublicKey)> = Vec::new();
    for entry in entries {
        let entry =
            entry.map_err(|error| Failure::io("could not look into a folder", &folder, &error))?;
        let path = entry.path();
        let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".pub"))
        else {
            continue;
        };
        let key: Option<PublicKey> = read_text(&path)?.parse().ok();
        let named = key.filter(|key| key.name().as_str() == name);
        match (name.parse(), named) {
            (Ok(id), Some(key)) => found.push((id, key)),
            _ => {
                return Err(
                    Failure::could_not_run("the file is no key of this reviewer").at(&path),
                );
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

impl Reviewer {
    /// Unlocks the key of a reviewer.
    ///
    /// # Errors
    /// If there is none, others may read it, or the passphrase is another one.
    pub fn unlock(
        site: &Site,
        id: ReviewerId,
        passphrase: &Zeroizing<String>,
    ) -> Result<Self, Failure> {
        let (path, _) = files_of(site, &id);
        if !path.exists() {
            return Err(Failure::wrong_use("there is no reviewer of this id")
                .advise("make a key with `cloakroom init SITE --reviewer ID`"));
        }
        require_private(&path)?;
        let sealed =
            fs::read(&path).map_err(|error| Failure::io("could not read a key", &path, &error))?;
        let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.as_str()));
        identity.set_max_work_factor(WORK_FACTOR + 4);
        let text = age::decrypt(&identity, &sealed)
            .map(Zeroizing::new)
            .map_err(|_| Failure::wrong_use("this is not the passphrase of this reviewer"))?;
        let damaged = || Failure::could_not_run("the key of the reviewer is damaged").at(&path);
        let key: SecretKey = core::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(damaged)?;
        if key.public().name().as_str() == id.as_str() {
            Ok(Self { id, key })
        } else {
            Err(damaged())
        }
    }

    /// Who it is.
    #[must_use]
    pub const fn id(&self) -> &ReviewerId {
        &self.id
    }

    pub(crate) const fn key(&self) -> &SecretKey {
        &self.key
    }
}

fn unfit() -> Failure {
    Failure::wrong_use("this cannot be the id of a reviewer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_opens_with_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::init(&folder.path().join("site"), "GX01".parse().unwrap()).unwrap();
        let id: ReviewerId = "R01".parse().unwrap();
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        assert!(enrol(&site, id.clone(), &secret("short")).is_err());
        enrol(&site, id.clone(), &secret("three old coats")).unwrap();
        assert!(enrol(&site, id.clone(), &secret("three old coats")).is_err());
        let reviewer = Reviewer::unlock(&site, id.clone(), &secret("three old coats")).unwrap();
        assert_eq!(
            enrolled(&site).unwrap(),
            [(id.clone(), reviewer.key().public())]
        );
        assert!(Reviewer::unlock(&site, id.clone(), &secret("three new coats")).is_err());
        let (file, _) = files_of(&site, &id);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = reviewer.key().to_secret_text();
        let sealed = fs::read(&file).unwrap();
        let inside = |part: &str| sealed.windows(part.len()).any(|at| at == part.as_bytes());
        assert!(!inside(&text[..20]) && !inside("three old coats"));
    }
}
