//! Checkpoints: the signed head of a log (C2SP tlog-checkpoint).

use crate::keys::{KeyName, SecretKey};
use crate::merkle::TreeHead;
use crate::note::{NotANote, SignedNote};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::{Digest, SiteName, TrackId};
use core::fmt;
use core::str::FromStr;
use thiserror::Error;

/// What every origin begins with; it need not be an address that answers.
const ORIGIN_ROOT: &str = "cloakroom";

/// The identity of a log: one for each site and track, so that no two tracks share a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The site.
    pub site: SiteName,
    /// The track.
    pub track: TrackId,
}

impl Origin {
    /// The origin as the name of the key that signs the log.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        let name = self.to_string().parse();
        #[expect(
            clippy::expect_used,
            reason = "site and track names are short and have no space or plus sign"
        )]
        name.expect("an origin is a key name")
    }

    /// The name of the site's key, which answers for all logs of the site.
    #[must_use]
    pub fn site_key_name(site: &SiteName) -> KeyName {
        let name = format!("{ORIGIN_ROOT}/{site}").parse();
        #[expect(
            clippy::expect_used,
            reason = "a site name is short and has no space or plus sign"
        )]
        name.expect("a site's name is a key name")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ORIGIN_ROOT}/{}/{}", self.site, self.track)
    }
}

impl FromStr for Origin {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(NotACheckpoint);
        let (root, site, track) = (next()?, next()?, next()?);
        if root != ORIGIN_ROOT || parts.next().is_some() {
            return Err(NotACheckpoint);
        }
        Ok(Self {
            site: site.parse().map_err(|_| NotACheckpoint)?,
            track: track.parse().map_err(|_| NotACheckpoint)?,
        })
    }
}

/// A text that is not a checkpoint of a site's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a checkpoint is an origin, a size and a root, signed, as in C2SP tlog-checkpoint")]
pub struct NotACheckpoint;

impl From<NotANote> for NotACheckpoint {
    fn from(_: NotANote) -> Self {
        Self
    }
}

/// The head of one log, signed. The signatures are worth nothing before [`SignedNote::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Origin,
    head: TreeHead,
    note: SignedNote,
}

impl Checkpoint {
    /// Signs a head with the site's key, under the name of the log.
    ///
    /// # Errors
    /// Never for names that passed their types; the text of the note is made of them.
    pub fn sign(origin: Origin, head: TreeHead, key: &SecretKey) -> Result<Self, NotACheckpoint> {
        let root = STANDARD.encode(head.root.as_bytes());
        let text = format!("{origin}\n{}\n{root}\n", head.size);
        let note = SignedNote::sign(&text, &key.renamed(origin.key_name()))?;
        Ok(Self { origin, head, note })
    }

    /// Whose log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The head.
    #[must_use]
    pub const fn head(&self) -> &TreeHead {
        &self.head
    }

    /// The note that carries it, with its signatures.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    /// Extension lines, which no monitor can audit, are refused: our logs have none.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let note: SignedNote = text.parse()?;
        let mut lines = note.text().lines();
        let mut next = || lines.next().ok_or(NotACheckpoint);
        let (origin, size, root) = (next()?, next()?, next()?);
        if lines.next().is_some() {
            return Err(NotACheckpoint);
        }
        let head = TreeHead {
            size: decimal(size).ok_or(NotACheckpoint)?,
            root: base64_digest(root).ok_or(NotACheckpoint)?,
        };
        Ok(Self {
            origin: origin.parse()?,
            head,
            note,
        })
    }
}

/// A decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let sound =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if sound { text.parse().ok() } else { None }
}

/// A digest in base64.
pub(crate) fn base64_digest(text: &str) -> Option<Digest> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::TrustedKeys;
    use crate::note::SignatureState;

    #[test]
    fn a_checkpoint_reads_back_and_holds_under_the_sites_key() {
        let site: SiteName = "GX01".parse().unwrap();
        let key = SecretKey::from_seed(Origin::site_key_name(&site), &[3; 32]);
        let origin = Origin {
            site,
            track: "lung".parse().unwrap(),
        };
        let checkpoint = Checkpoint::sign(origin, TreeHead::empty(), &key).unwrap();
        let text = checkpoint.to_string();
        assert!(text.starts_with(
            "cloakroom/GX01/lung\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
        ));
        assert_eq!(text.parse(), Ok(checkpoint.clone()));
        let trusted = TrustedKeys::new(vec![key.public()]);
        assert!(matches!(
            checkpoint.note().check(&trusted),
            SignatureState::Good(name) if name.as_str() == "cloakroom/GX01/lung"
        ));
    }

    #[test]
    fn sizes_have_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("10"), Some(10));
        for text in ["", "01", "+1", "-0", " 1", "18446744073709551616"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
