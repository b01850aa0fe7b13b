//! YAML to [`Track`]: no silent key, all that is wrong at once where that is possible, with line and suggestion.

use super::{CheckName, Track};
use cloakroom_core::{Digest, LabelKind};
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with a track file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TrackError {
    /// The line, counted from 1; 0 if the fault has no single place.
    pub line: usize,
    /// The column, counted from 1; 0 as above.
    pub column: usize,
    /// The key, as a path from the top.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// Reads a track file.
///
/// # Errors
/// The first fault of the YAML, or else all faults of its meaning.
pub fn parse(text: &str) -> Result<Track, Vec<TrackError>> {
    let mut track: Track =
        serde_yaml::from_str(text).map_err(|error| vec![yaml_error(text, &error)])?;
    track.sha256 = Digest::of(text.as_bytes());
    let mut errors = Vec::new();
    check_meaning(&track, &mut |key, problem| {
        errors.push(at(text, key, problem))
    });
    if errors.is_empty() {
        Ok(track)
    } else {
        Err(errors)
    }
}

fn yaml_error(text: &str, error: &serde_yaml::Error) -> TrackError {
    let message = error.to_string();
    let place = error.location();
    let line = place.as_ref().map_or(0, serde_yaml::Location::line);
    // The message is `path: problem at line L column C`; place and path are told apart here.
    let problem = message.split(" at line ").next().unwrap_or(&message);
    let (key, problem) = match problem.split_once(": ") {
        Some((key, rest)) if !key.contains(' ') => (key.to_owned(), rest.to_owned()),
        _ => (key_on_line(text, line), problem.to_owned()),
    };
    TrackError {
        line,
        column: place.as_ref().map_or(0, serde_yaml::Location::column),
        suggestion: suggestion(&problem),
        key,
        problem,
    }
}

fn key_on_line(text: &str, line: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let key = line.trim_start_matches([' ', '-']).split(':').next();
    key.unwrap_or_default().trim().to_owned()
}

/// From ``unknown field `x`, expected one of `a`, `b` `` the name nearest to `x`.
fn suggestion(problem: &str) -> Option<String> {
    let mut quoted = problem.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    if !problem.contains("unknown") {
        return None;
    }
    nearest(unknown, quoted)
}

fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(unknown.len()) / 2)
        .min()
        .map(|(_, name)| name.to_owned())
}

/// An error at the first line that has the last part of the key.
fn at(text: &str, key: &str, problem: String) -> TrackError {
    let last = key.rsplit('.').next().unwrap_or(key);
    let found = text.lines().enumerate().find_map(|(number, line)| {
        let start = line.trim_start_matches([' ', '-']);
        let rest = start.strip_prefix(last)?;
        rest.starts_with(':')
            .then(|| (number + 1, line.len() - start.len() + 1))
    });
    let (line, column) = found.unwrap_or((0, 0));
    TrackError {
        line,
        column,
        key: key.into(),
        problem,
        suggestion: None,
    }
}

fn check_meaning(track: &Track, fault: &mut dyn FnMut(&str, String)) {
    check_split(track, fault);
    let mut names = BTreeSet::new();
    for requirement in &track.required {
        if !names.insert(&requirement.name) {
            fault(
                "required",
                format!("{} is required twice", requirement.name),
            );
        }
        let empty = requirement.laterality.is_none()
            && requirement.views.is_empty()
            && requirement.description.is_empty();
        if empty {
            fault(
                "required",
                format!("{} says nothing that an image could meet", requirement.name),
            );
        }
    }
    let complete = track.checks.contains_key(&CheckName::RequiredComplete);
    if complete == track.required.is_empty() {
        fault(
            "checks",
            "the check required-complete and the list `required` go together".into(),
        );
    }
    if track.select.modalities.is_empty() {
        fault(
            "select.modalities",
            "a track needs at least one modality".into(),
        );
    }
    for (key, bounds) in [
        ("select.rows", track.select.rows),
        ("select.columns", track.select.columns),
        ("select.instances", track.select.instances),
    ] {
        if bounds
            .min
            .zip(bounds.max)
            .is_some_and(|(min, max)| min > max)
        {
            fault(key, "the minimum is larger than the maximum".into());
        }
    }
    for (name, column) in &track.labels.columns {
        if (column.kind == LabelKind::Choice) == column.values.is_empty() {
            fault(
                "labels.columns",
                format!("{name}: a choice, and only a choice, has values"),
            );
        }
    }
    check_sites(track, fault);
    if track.licence.id.trim().is_empty() {
        fault("licence.id", "a licence needs its SPDX identifier".into());
    }
}

fn check_split(track: &Track, fault: &mut dyn FnMut(&str, String)) {
    let split = &track.split;
    for (key, share) in [
        ("split.train", split.train),
        ("split.val", split.val),
        ("split.test", split.test),
    ] {
        if !(0.0..=1.0).contains(&share) {
            fault(key, "a share lies between 0 and 1".into());
        }
    }
    let sum: u32 = split.shares().iter().map(|(_, share)| share).sum();
    if sum != 1000 {
        fault("split", "train, val and test must add up to 1".into());
    }
    if split.seed.trim().is_empty() {
        fault(
            "split.seed",
            "a split needs a seed, which may be any text".into(),
        );
    }
}

fn check_sites(track: &Track, fault: &mut dyn FnMut(&str, String)) {
    let mut names = BTreeSet::new();
    for site in &track.sites {
        if !names.insert(&site.name) {
            fault("sites", format!("{} is listed twice", site.name));
        }
        if site.keys.is_empty() {
            fault("sites", format!("{} has no key", site.name));
        }
    }
    let held_out = track.split.held_out_site.as_ref();
    if let Some(site) = held_out.filter(|site| !track.sites.is_empty() && !names.contains(site)) {
        fault(
            "split.held_out_site",
            format!("{site} is not among the sites"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::{TEMPLATES, template};
    use proptest::prelude::*;

    fn generic() -> &'static str {
        template("generic").unwrap()
    }

    #[test]
    fn every_template_is_a_track() {
        assert_eq!(TEMPLATES.len(), 8);
        for (name, text) in TEMPLATES {
            let track = parse(text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
            assert!(!track.checks.is_empty(), "{name}");
            assert!(
                text.lines().filter(|line| line.contains('#')).count() >= 10,
                "{name}"
            );
        }
    }

    #[test]
    fn a_misspelt_key_is_told_with_line_and_suggestion() {
        let line = generic()
            .lines()
            .position(|line| line.starts_with("contact:"))
            .unwrap()
            + 1;
        let errors = parse(&generic().replace("contact:", "contcat:")).unwrap_err();
        assert_eq!(errors[0].line, line);
        assert_eq!(errors[0].suggestion.as_deref(), Some("contact"));
        let errors = parse(&generic().replace("  modalities:", "  modalties:")).unwrap_err();
        assert_eq!(errors[0].suggestion.as_deref(), Some("modalities"));
        assert!(errors[0].key.starts_with("select"), "{:?}", errors[0]);
        let text = errors[0].to_string();
        assert!(
            text.contains("line ") && text.contains("did you mean `modalities`?"),
            "{text}"
        );
        let errors =
            parse(&generic().replace("one-geometry: block", "one-geometri: block")).unwrap_err();
        assert_eq!(errors[0].suggestion.as_deref(), Some("one-geometry"));
        let errors =
            parse(&generic().replace("one-geometry: block", "one-geometry: blok")).unwrap_err();
        assert_eq!(errors[0].suggestion.as_deref(), Some("block"));
    }

    #[test]
    fn faults_of_meaning_are_told_all_at_once() {
        let text = generic()
            .replace("train: 0.7", "train: 0.8")
            .replace("k: 5", "k: 5\nrequired:\n  - name: x\n");
        let errors = parse(&text).unwrap_err();
        let keys: Vec<_> = errors.iter().map(|error| error.key.as_str()).collect();
        assert_eq!(keys, ["split", "required", "checks"]);
        assert!(errors.iter().all(|error| error.line > 0), "{errors:?}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(id|split|: |\\n| |- |[a-z]|\\PC){0,60}") {
            let _ = parse(&text);
        }
    }
}
