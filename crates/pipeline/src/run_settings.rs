//! What a run is about: track, profile, selection, resolved from what the user named.

use crate::files::read_text;
use crate::{Failure, Selection};
use cloakroom_core::{ProfileId, TrackId};
use cloakroom_packager::track::{self, Track};
use cloakroom_profile::{Profile, ProfileError, shipped};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The settings that `plan` and `deid` share; everything in it has been read and checked.
pub struct RunSettings {
    /// The track.
    pub track: TrackId,
    /// The profile.
    pub profile: Arc<Profile>,
    /// What is chosen; all where `None`.
    pub selection: Option<Selection>,
    /// How many threads.
    pub threads: usize,
}

impl RunSettings {
    /// Resolves names and files.
    ///
    /// # Errors
    /// If there is no such track or profile, a file has mistakes (all are told), or the list chooses nothing.
    pub fn resolve(
        track: &str,
        profile: &str,
        select: Option<&Path>,
        threads: usize,
    ) -> Result<Self, Failure> {
        Ok(Self {
            track: track_id(track)?,
            profile: Arc::new(find_profile(profile)?),
            selection: select.map(Selection::read).transpose()?,
            threads,
        })
    }
}

impl RunSettings {
    /// The settings of a run for a track that is known already.
    ///
    /// # Errors
    /// If there is no such profile, or it has mistakes.
    pub(crate) fn for_track(
        track: TrackId,
        profile: &str,
        threads: usize,
    ) -> Result<Self, Failure> {
        Ok(Self {
            track,
            profile: Arc::new(find_profile(profile)?),
            selection: None,
            threads,
        })
    }
}

/// The track of a file, or the shipped one of a name.
pub(crate) fn track_named(name: &str) -> Result<Track, Failure> {
    if looks_like_file(name) {
        return read_track(Path::new(name));
    }
    let shipped = track::template(name).and_then(|text| track::parse(text).ok());
    shipped.ok_or_else(|| {
        let names: Vec<_> = track::TEMPLATES.iter().map(|(id, _)| *id).collect();
        Failure::wrong_use(format!(
            "there is no shipped track of this name; there are {}",
            names.join(", ")
        ))
        .advise("name the track file, which says what labels may leave")
    })
}

fn looks_like_file(name: &str) -> bool {
    let path = Path::new(name);
    name.contains('/')
        || path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The id that a track file states, or the id itself.
fn track_id(track: &str) -> Result<TrackId, Failure> {
    if looks_like_file(track) {
        return read_track(Path::new(track)).map(|track| track.id);
    }
    track
        .parse()
        .map_err(|error: cloakroom_core::ids::NotAName| {
            Failure::wrong_use(error.to_string())
                .advise("name a track, such as lung, or a track file")
        })
}

/// Reads a track file.
pub(crate) fn read_track(path: &Path) -> Result<Track, Failure> {
    let text = read_text(path)?;
    track::parse(&text).map_err(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Failure::wrong_use("the track file has mistakes")
            .at(path)
            .detail(told.join("\n"))
    })
}

/// Finds a profile by the name of a shipped one, or reads a file.
pub(crate) fn find_profile(name: &str) -> Result<Profile, Failure> {
    let (text, folder) = profile_text(name)?;
    parse_profile(&text, folder.as_deref()).map_err(|mistakes| mistaken(&mistakes))
}

/// The text of a profile, and the folder where those that it extends may lie.
pub(crate) fn profile_text(name: &str) -> Result<(String, Option<PathBuf>), Failure> {
    if looks_like_file(name) {
        let path = Path::new(name);
        return Ok((read_text(path)?, path.parent().map(Path::to_path_buf)));
    }
    match shipped().iter().find(|(id, _)| *id == name) {
        Some((_, text)) => Ok(((*text).to_owned(), None)),
        None => {
            let names: Vec<_> = shipped().iter().map(|(id, _)| *id).collect();
            Err(Failure::wrong_use(format!(
                "there is no shipped profile of this name; there are {}",
                names.join(", ")
            ))
            .advise("name one of them, or a .yaml file"))
        }
    }
}

/// Reads a profile; one that it extends is a shipped one, or a file of its name beside it.
pub(crate) fn parse_profile(
    text: &str,
    folder: Option<&Path>,
) -> Result<Profile, Vec<ProfileError>> {
    let beside = |id: &ProfileId| std::fs::read_to_string(folder?.join(format!("{id}.yaml"))).ok();
    Profile::parse(text, &beside)
}

/// The text of a profile, and the texts of those that it extends and that lie beside it.
pub(crate) fn profile_with_extended(
    name: &str,
) -> Result<(String, BTreeMap<String, String>), Failure> {
    let (text, folder) = profile_text(name)?;
    let extended = RefCell::new(BTreeMap::new());
    let beside = |id: &ProfileId| {
        let path = folder.as_ref()?.join(format!("{id}.yaml"));
        let text = std::fs::read_to_string(path).ok()?;
        extended.borrow_mut().insert(id.to_string(), text.clone());
        Some(text)
    };
    Profile::parse(&text, &beside).map_err(|mistakes| mistaken(&mistakes))?;
    Ok((text, extended.into_inner()))
}

/// Reads a profile whose extended ones are at hand as text.
pub(crate) fn parse_profile_with(
    text: &str,
    extended: &BTreeMap<String, String>,
) -> Result<Profile, Failure> {
    Profile::parse(text, &|id| extended.get(&id.to_string()).cloned())
        .map_err(|mistakes| mistaken(&mistakes))
}

fn mistaken(mistakes: &[ProfileError]) -> Failure {
    Failure::wrong_use("the profile has mistakes")
        .detail(tell(mistakes))
        .advise("`cloakroom profile check` tells them all")
}

pub(crate) fn tell(mistakes: &[ProfileError]) -> String {
    mistakes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
