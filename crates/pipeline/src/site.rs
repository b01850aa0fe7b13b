//! The site folder: settings, keys, catalogue, logs. It stays in the hospital and only its owner may enter it.

use crate::Failure;
use crate::files::{private_file, private_folder, public_file, read_text, require_free};
use cloakroom_audit::{Origin, ReviewRule, SecretKey};
use cloakroom_core::{SiteName, TrackId};
use cloakroom_deid::SiteSecret;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The version of the layout of the site folder.
const FORMAT: u32 = 1;

/// `site.yaml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteSettings {
    format: u32,
    name: SiteName,
    project: String,
    /// The number of the site key; a rotation raises it.
    epoch: u32,
    /// How many people a decision in review needs.
    #[serde(default)]
    review: ReviewRule,
}

/// An opened site folder. Two runs cannot have the same one open.
pub struct Site {
    root: PathBuf,
    settings: SiteSettings,
    _lock: File,
}

/// The default of the project's name, which keeps the keys of two contests apart.
const PROJECT: &str = "cloakroom";

impl Site {
    /// Makes a new site folder with fresh keys.
    ///
    /// # Errors
    /// If the folder is taken, or the disk or the source of randomness fails.
    pub fn init(root: &Path, name: SiteName) -> Result<Self, Failure> {
        require_free(root)?;
        for folder in ["", "keys", "logs", "spool", "inbox"] {
            private_folder(&root.join(folder))?;
        }
        write_keys(root, &name)?;
        let settings = SiteSettings {
            format: FORMAT,
            name,
            project: PROJECT.into(),
            epoch: 1,
            review: ReviewRule::OnePerson,
        };
        let text = serde_yaml::to_string(&settings)
            .map_err(|_| Failure::could_not_run("the settings could not be written as YAML"))?;
        private_file(&root.join("site.yaml"), text.as_bytes())?;
        Self::open(root)
    }

    /// Opens a site folder and locks it.
    ///
    /// # Errors
    /// If it is no site folder, is open elsewhere, or its keys can be read by others.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        Self::open_with(root, lock)
    }

    /// Opens a site folder to read it, beside others that only read; it may lie on a disk that cannot be written.
    ///
    /// # Errors
    /// If it is no site folder, is written elsewhere, or its keys can be read by others.
    pub fn open_to_read(root: &Path) -> Result<Self, Failure> {
        Self::open_with(root, lock_to_read)
    }

    fn open_with(root: &Path, lock: fn(&Path) -> Result<File, Failure>) -> Result<Self, Failure> {
        let path = root.join("site.yaml");
        if !path.is_file() {
            return Err(Failure::wrong_use("this is no site folder")
                .at(root)
                .advise("make one with `cloakroom init`, or check the path"));
        }
        let settings: SiteSettings = serde_yaml::from_str(&read_text(&path)?).map_err(|error| {
            Failure::wrong_use("the settings of the site are wrong")
                .at(&path)
                .detail(error.to_string())
        })?;
        if settings.format != FORMAT {
            return Err(Failure::wrong_use(format!(
                "the site folder has format {}, and this program knows format {FORMAT}",
                settings.format
            ))
            .at(root));
        }
        require_private(&root.join("keys"))?;
        let root = fs::canonicalize(root)
            .map_err(|error| Failure::io("could not find the site folder", root, &error))?;
        let lock = lock(&root)?;
        Ok(Self {
            root,
            settings,
            _lock: lock,
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The pseudonymous name of the hospital.
    pub const fn name(&self) -> &SiteName {
        &self.settings.name
    }

    /// The contest that the keys are for.
    pub fn project(&self) -> &str {
        &self.settings.project
    }

    /// The number of the site key.
    pub const fn epoch(&self) -> u32 {
        self.settings.epoch
    }

    /// How many people a decision in review needs: `review: one-person` or `two-persons` in `site.yaml`.
    pub const fn review_rule(&self) -> ReviewRule {
        self.settings.review
    }

    /// The catalogue and state.
    pub fn database(&self) -> PathBuf {
        self.root.join("site.db")
    }

    /// Where unpacked members of archives lie.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Where `receive` writes.
    pub fn inbox(&self) -> PathBuf {
        self.root.join("inbox")
    }

    /// Where the log of a track lies.
    pub fn log_folder(&self, track: &TrackId) -> PathBuf {
        self.root.join("logs").join(track.as_str())
    }

    /// The secret that everything keyed is derived from.
    ///
    /// # Errors
    /// If there is none, or it can be read by others: then there is no run.
    pub fn secret(&self) -> Result<SiteSecret, Failure> {
        let path = self.root.join("keys").join("site.key");
        require_private(&path)?;
        let text = Zeroizing::new(read_text(&path)?);
        let bytes = parse_secret(&text)
            .ok_or_else(|| Failure::could_not_run("the site key is damaged").at(&path))?;
        SiteSecret::new(*bytes).map_err(|error| Failure::could_not_run(error.to_string()).at(&path))
    }

    /// The key that signs the logs.
    ///
    /// # Errors
    /// If there is none, or it can be read by others.
    pub fn signing_key(&self) -> Result<SecretKey, Failure> {
        let path = self.root.join("keys").join("signing.key");
        require_private(&path)?;
        let text = Zeroizing::new(read_text(&path)?);
        text.parse()
            .map_err(|_| Failure::could_not_run("the signing key is damaged").at(&path))
    }

    /// The text of the key that signs packages, in the form of minisign.
    ///
    /// # Errors
    /// If there is none, or it can be read by others.
    pub fn package_key(&self) -> Result<Zeroizing<String>, Failure> {
        let path = self.root.join("keys").join("package.key");
        require_private(&path)?;
        read_text(&path).map(Zeroizing::new)
    }
}

fn write_keys(root: &Path, name: &SiteName) -> Result<(), Failure> {
    let keys = root.join("keys");
    let secret = random()?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    private_file(
        &keys.join("site.key"),
        format!("{SECRET_LINE}\n{digits}\n").as_bytes(),
    )?;
    let signing = SecretKey::from_seed(Origin::site_key_name(name), &*random()?);
    private_file(
        &keys.join("signing.key"),
        format!("{}\n", signing.to_secret_text()).as_bytes(),
    )?;
    let public = write_package_key(&keys.join("package.key"))?;
    let text = format!(
        "# The public keys of {name}. Give this file to organisers and auditors, by a way that they trust.\n\
         # The first key signs the logs (C2SP signed note), the second the packages (minisign).\n\
         {}\n{public}\n",
        signing.public()
    );
    public_file(&root.join(format!("{name}.pub")), text.as_bytes())
}

/// Makes a minisign key pair, writes the secret half, and returns the public half as one line.
pub(crate) fn write_package_key(path: &Path) -> Result<String, Failure> {
    let fault = |_| Failure::could_not_run("a minisign key could not be made");
    let pair = minisign::KeyPair::generate_unencrypted_keypair().map_err(fault)?;
    let secret = pair.sk.to_box(None).map_err(fault)?;
    private_file(path, secret.to_string().as_bytes())?;
    Ok(pair.pk.to_base64())
}

const SECRET_LINE: &str = "cloakroom site key 1: keep it, back it up, show it to nobody";

fn parse_secret(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digits = text.strip_prefix(SECRET_LINE)?.trim();
    let digest: cloakroom_core::Digest = digits.parse().ok()?;
    Some(Zeroizing::new(*digest.as_bytes()))
}

pub(crate) fn random() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| Failure::could_not_run("the system gives no random numbers"))?;
    Ok(bytes)
}

/// Fails if anyone but the owner may read it.
pub(crate) fn require_private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::could_not_run("a key of the site is missing; without it there is no run")
                .at(path)
                .advise("restore it from the backup of the site folder")
        }
        _ => Failure::io("could not look at a key", path, &error),
    })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Failure::could_not_run("others may read a key of the site")
            .at(path)
            .advise("take the permission away: chmod go-rwx"));
    }
    Ok(())
}

fn lock(root: &Path) -> Result<File, Failure> {
    let path = root.join(".lock");
    let file = File::create(&path)
        .map_err(|error| Failure::io("could not lock the site folder", &path, &error))?;
    locked(root, file.try_lock()).map(|()| file)
}

/// The lock of those who only read; one who writes waits for all of them.
fn lock_to_read(root: &Path) -> Result<File, Failure> {
    let path = root.join(".lock");
    let file = File::open(&path)
        .map_err(|error| Failure::io("could not lock the site folder", &path, &error))?;
    locked(root, file.try_lock_shared()).map(|()| file)
}

fn locked(root: &Path, result: Result<(), TryLockError>) -> Result<(), Failure> {
    result.map_err(|error| match error {
        TryLockError::WouldBlock => Failure::could_not_run("another run has this site folder open")
            .at(root)
            .advise("wait until it has ended, and run the same command again"),
        TryLockError::Error(error) => Failure::io(
            "could not lock the site folder",
            &root.join(".lock"),
            &error,
        ),
    })
}

/// Makes an organiser's folder: a release key and no site key.
///
/// # Errors
/// If the folder is taken or the disk fails.
pub fn init_organiser(root: &Path) -> Result<(), Failure> {
    require_free(root)?;
    private_folder(root)?;
    let public = write_package_key(&root.join("release.key"))?;
    let text = format!(
        "# The public key of this organiser's releases (minisign). Publish it beside the releases.\n{public}\n"
    );
    public_file(&root.join("release.pub"), text.as_bytes())
}

/// Reads the release key of an organiser's folder.
///
/// # Errors
/// If there is none, or it can be read by others.
pub(crate) fn release_key(root: &Path) -> Result<Zeroizing<String>, Failure> {
    let path = root.join("release.key");
    require_private(&path)?;
    read_text(&path).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn name() -> SiteName {
        "GX01".parse().unwrap()
    }

    #[test]
    fn a_site_opens_once_and_only_with_private_keys() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        let site = Site::init(&root, name()).unwrap();
        assert!(site.secret().is_ok());
        assert!(site.signing_key().is_ok());
        let again = Site::open(&root).err().unwrap();
        assert!(
            again.officer_text().contains("another run"),
            "{}",
            again.officer_text()
        );
        drop(site);
        fs::set_permissions(
            root.join("keys/site.key"),
            fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        let site = Site::open(&root).unwrap();
        assert!(site.secret().is_err());
        fs::remove_file(root.join("keys/site.key")).unwrap();
        assert!(
            site.secret()
                .err()
                .unwrap()
                .officer_text()
                .contains("no run")
        );
    }

    #[test]
    fn a_taken_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("something"), "").unwrap();
        assert!(Site::init(folder.path(), name()).is_err());
        assert!(init_organiser(folder.path()).is_err());
    }
}
