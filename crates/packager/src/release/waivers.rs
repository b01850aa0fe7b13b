//! Waivers: files in which somebody whom the track names takes responsibility for findings, signed with minisign.

use super::Waiver;
use crate::track::{CheckName, WaiverSigner};
use cloakroom_core::TrackId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The folder of the waivers in a release.
pub(crate) const FOLDER: &str = "evidence/waivers";

/// A waiver file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiverFile {
    /// The version of the format.
    cloakroom_waiver: u32,
    /// The track.
    track: TrackId,
    /// The name of the signer, as the track has it.
    signer: String,
    /// What is waived.
    waivers: Vec<Waived>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waived {
    check: CheckName,
    about: String,
    reason: String,
}

/// Why a waiver does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WaiverError {
    /// It is not written as waivers are.
    #[error("the waiver is not written as waivers are: {0}")]
    Form(String),
    /// It is for another track.
    #[error("the waiver is for track {0}")]
    OtherTrack(TrackId),
    /// No key of the track signed it.
    #[error("no waiver signer of the track named {0} has signed it")]
    NotSigned(String),
    /// Something in it has no reason.
    #[error("a waiver needs a reason and says what it is about")]
    NoReason,
}

/// Reads a waiver file, if one whom the track names has signed it.
///
/// # Errors
/// Why it does not count.
pub fn read_waivers(
    bytes: &[u8],
    signature: &str,
    track: &TrackId,
    signers: &[WaiverSigner],
) -> Result<Vec<Waiver>, WaiverError> {
    let file: WaiverFile =
        serde_json::from_slice(bytes).map_err(|error| WaiverError::Form(error.to_string()))?;
    if file.cloakroom_waiver != 1 {
        return Err(WaiverError::Form("its version is not 1".into()));
    }
    if file.track != *track {
        return Err(WaiverError::OtherTrack(file.track));
    }
    let signed = signers
        .iter()
        .filter(|signer| signer.name == file.signer)
        .any(|signer| signer.key.check(bytes, signature).is_some());
    if !signed {
        return Err(WaiverError::NotSigned(file.signer));
    }
    file.waivers
        .into_iter()
        .map(|one| {
            if one.reason.trim().is_empty() || one.about.trim().is_empty() {
                return Err(WaiverError::NoReason);
            }
            Ok(Waiver {
                check: one.check,
                about: one.about,
                reason: one.reason,
                signer: file.signer.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn only_a_signer_of_the_track_can_waive() {
        let (key, _) = SigningKey::generate(None).unwrap();
        let (other, _) = SigningKey::generate(None).unwrap();
        let track: TrackId = "lung".parse().unwrap();
        let signers = [WaiverSigner {
            name: "chair".into(),
            key: key.public().clone(),
        }];
        let text = |signer: &str, reason: &str| {
            format!(
                r#"{{"cloakroom_waiver":1,"track":"lung","signer":"{signer}","waivers":[{{"check":"slice-gap","about":"2.25.1","reason":"{reason}"}}]}}"#
            )
        };
        let read = |text: &str, key: &SigningKey, track: &TrackId| {
            read_waivers(
                text.as_bytes(),
                &key.sign(text.as_bytes(), ""),
                track,
                &signers,
            )
        };
        let good = text("chair", "scanned twice");
        let waivers = read(&good, &key, &track).unwrap();
        assert_eq!(
            (waivers[0].check, waivers[0].signer.as_str()),
            (CheckName::SliceGap, "chair")
        );
        assert!(matches!(
            read(&good, &other, &track),
            Err(WaiverError::NotSigned(_))
        ));
        assert!(matches!(
            read(&text("guest", "x"), &key, &track),
            Err(WaiverError::NotSigned(_))
        ));
        assert_eq!(
            read(&text("chair", " "), &key, &track),
            Err(WaiverError::NoReason)
        );
        let elsewhere = "breast".parse().unwrap();
        assert!(matches!(
            read(&good, &key, &elsewhere),
            Err(WaiverError::OtherTrack(_))
        ));
        assert!(matches!(
            read("{}", &key, &track),
            Err(WaiverError::Form(_))
        ));
        let changed = good.replace("2.25.1", "2.25.2");
        let signature = key.sign(good.as_bytes(), "");
        assert!(read_waivers(changed.as_bytes(), &signature, &track, &signers).is_err());
    }
}
