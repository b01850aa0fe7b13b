//! `profile list|show|check|explain|diff`: what a profile does, in words.

use crate::run_settings::{find_profile, parse_profile, profile_text, tell};
use crate::verdict::{Report, Verdict};
use crate::{Failure, run_settings};
use cloakroom_profile::{conformance_statement, shipped};
use serde::Serialize;

/// The shipped profiles.
#[derive(Debug, Serialize)]
pub struct ProfileList {
    /// One row a profile.
    pub profiles: Vec<ProfileRow>,
}

/// A shipped profile.
#[derive(Debug, Serialize)]
pub struct ProfileRow {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// The codes of CID 7050 that it stamps.
    pub codes: Vec<String>,
    /// Its digest.
    pub digest: String,
}

impl Report for ProfileList {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Lists the shipped profiles.
///
/// # Errors
/// Never for the profiles as shipped.
pub fn list() -> Result<ProfileList, Failure> {
    let profiles = shipped()
        .iter()
        .map(|(id, _)| row(id))
        .collect::<Result<_, _>>()?;
    Ok(ProfileList { profiles })
}

fn row(id: &str) -> Result<ProfileRow, Failure> {
    let profile = find_profile(id)?;
    Ok(ProfileRow {
        id: profile.id().to_string(),
        version: profile.version().to_owned(),
        description: profile
            .description()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        codes: profile
            .stamps()
            .codes
            .iter()
            .map(|code| code.value.to_string())
            .collect(),
        digest: profile.digest().to_string(),
    })
}

/// A text to print.
#[derive(Debug, Serialize)]
pub struct ProfileText {
    /// The text.
    pub text: String,
}

impl Report for ProfileText {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Prints a profile as it is written, or its conformance statement.
///
/// # Errors
/// If there is no such profile, or it has mistakes.
pub fn show(name: &str, statement: bool) -> Result<ProfileText, Failure> {
    if statement {
        return Ok(ProfileText {
            text: conformance_statement(&find_profile(name)?),
        });
    }
    let (text, _) = profile_text(name)?;
    Ok(ProfileText { text })
}

/// What is wrong with a profile file.
#[derive(Debug, Serialize)]
pub struct ProfileCheck {
    /// Every mistake: where, what, and what was perhaps meant.
    pub mistakes: Vec<String>,
}

impl Report for ProfileCheck {
    fn verdict(&self) -> Verdict {
        if self.mistakes.is_empty() {
            Verdict::Done
        } else {
            Verdict::CheckFailed
        }
    }
}

/// Tells every mistake in a profile file.
///
/// # Errors
/// If the file cannot be read.
pub fn check(name: &str) -> Result<ProfileCheck, Failure> {
    let text = crate::files::read_text(std::path::Path::new(name))?;
    let folder = std::path::Path::new(name).parent();
    let mistakes = parse_profile(&text, folder).err().unwrap_or_default();
    Ok(ProfileCheck {
        mistakes: tell(&mistakes).lines().map(str::to_owned).collect(),
    })
}

/// Which rule decides.
#[derive(Debug, Serialize)]
pub struct ProfileExplanation {
    /// The attribute, with its path.
    pub attribute: String,
    /// Its keyword.
    pub keyword: String,
    /// Action and rule.
    pub decisions: Vec<(String, String)>,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
}

impl Report for ProfileExplanation {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Tells which rule of a profile decides about an attribute, and why.
///
/// # Errors
/// If there is no such profile or attribute.
pub fn explain(
    attribute: &str,
    profile: &str,
    sop_class: &str,
) -> Result<ProfileExplanation, Failure> {
    let profile = find_profile(profile)?;
    let said = profile
        .explain(attribute, Some(sop_class), "")
        .map_err(|error| Failure::wrong_use(error.to_string()))?;
    Ok(ProfileExplanation {
        attribute: said.attribute,
        keyword: said.keyword,
        decisions: said
            .decisions
            .iter()
            .map(|(_, decision)| (decision.action.to_string(), decision.rule.to_string()))
            .collect(),
        reasons: said.reasons,
    })
}

/// What two profiles treat differently.
#[derive(Debug, Serialize)]
pub struct ProfileDifferences {
    /// The first profile.
    pub first: String,
    /// The second profile.
    pub second: String,
    /// One row a difference: subject, keyword, what the first does, what the second does.
    pub differences: Vec<[String; 4]>,
}

impl Report for ProfileDifferences {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Shows which attributes change hands between two profiles.
///
/// # Errors
/// If there is no such profile.
pub fn diff(first: &str, second: &str) -> Result<ProfileDifferences, Failure> {
    let (a, b) = (
        run_settings::find_profile(first)?,
        run_settings::find_profile(second)?,
    );
    let differences = cloakroom_profile::diff(&a, &b)
        .into_iter()
        .map(|difference| {
            [
                difference.subject,
                difference.keyword,
                difference.first,
                difference.second,
            ]
        })
        .collect();
    Ok(ProfileDifferences {
        first: first.to_owned(),
        second: second.to_owned(),
        differences,
    })
}
