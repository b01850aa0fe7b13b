//! Text becomes a [`Profile`]: a total function from attributes to actions.
//!
//! The profile starts from the Application Level Confidentiality Profiles of PS3.15 Annex E (edition 2026d),
//! goes on where they stop (attributes of the dictionary without a row, private attributes), and lets a
//! reviewed YAML file change what it must. Nothing here reads a file, and nothing here touches a value.

pub mod class_rules;
pub mod conformance;
pub mod diff;
mod document;
pub mod explain;
mod kind;
mod locate;
pub mod options;
pub mod policy;
mod private_rules;
pub mod profile;
mod rule;
mod rule_reader;
pub mod ruling;
mod rulings;
mod settings;
pub mod standard;

pub use class_rules::{ClassRules, Decision, Place};
pub use conformance::conformance_statement;
pub use diff::{Difference, diff};
pub use explain::{Explanation, NotAnAttribute};
pub use options::{MethodCode, OptionSet, ProfileOption};
pub use policy::{
    AgePolicy, BelowThreshold, DatePolicy, DateTreatment, FacePolicy, IdPart, IdPattern, IdPolicy,
    PixelPolicy, PrivateList, PrivatePolicy, TextPolicy, TimeTreatment, UnknownWords,
    UnlistedPolicy, UnlistedSequences, UnlistedText,
};
pub use profile::{Profile, ProfileError, Stamps, check, shipped, shipped_text};
pub use ruling::Need;
