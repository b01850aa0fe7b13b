//! Where the text detector's models lie, and what the profile says of pixels in the words of the pixels' room.

use crate::Failure;
use cloakroom_pixels::{Detector, DocumentImages, PixelPolicy, UncertainText};
use cloakroom_profile::{BelowThreshold, Profile};
use std::path::PathBuf;

/// The folder of the models: where `CLOAKROOM_MODELS` points, or `models` beside the program or one above it.
fn folder() -> Option<PathBuf> {
    if let Some(stated) = std::env::var_os("CLOAKROOM_MODELS") {
        return Some(PathBuf::from(stated));
    }
    let program = std::env::current_exe().ok()?;
    let beside = program.parent()?;
    let candidates = [
        beside.join("models"),
        beside.join("../models"),
        beside.join("../share/cloakroom/models"),
    ];
    candidates.into_iter().find(|folder| folder.is_dir())
}

/// The text detector; `None` where its models are not installed, and then what needs it is held.
pub(crate) fn detector() -> Result<Option<Detector>, Failure> {
    let Some(folder) = folder().filter(|folder| folder.is_dir()) else {
        return Ok(None);
    };
    Detector::load(&folder).map(Some).map_err(|error| {
        Failure::could_not_run(format!("the text detector could not be loaded: {error}"))
            .at(&folder)
            .advise(
                "take the models again, or remove the folder: then what needs the detector is held",
            )
    })
}

/// What the profile says of pixels.
pub(crate) fn pixel_policy(profile: &Profile) -> Result<PixelPolicy, Failure> {
    let said = profile.pixels();
    let mut policy = PixelPolicy::contest();
    policy.recognition_threshold = said.recogniser_threshold;
    policy.uncertain = match said.below {
        BelowThreshold::Remove => UncertainText::Wipe,
        BelowThreshold::Hold => UncertainText::Hold,
    };
    policy.documents = DocumentImages::Hold;
    Ok(policy)
}
