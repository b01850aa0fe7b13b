//! Names of sites, tracks, profiles, pseudonymous patients and reviewers, each a type of its own.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Text that cannot be a name of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a {kind} is 1 to {longest} letters, digits, '-', '_' or '.', beginning with a letter or digit"
)]
pub struct NotAName {
    kind: &'static str,
    longest: usize,
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $kind:literal, $longest:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let sound = (1..=$longest).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                    && text.as_bytes()[0].is_ascii_alphanumeric();
                if sound { Ok(Self(text.into())) } else { Err(NotAName { kind: $kind, longest: $longest }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The pseudonymous name of a hospital, such as `GX01`.
    SiteName, "site name", 32
}
name! {
    /// The name of a contest track, such as `lung`.
    TrackId, "track id", 32
}
name! {
    /// The name of a de-identification profile, such as `contest`.
    ProfileId, "profile id", 64
}
name! {
    /// The pseudonymous id of a person who decides in review, such as `R01`.
    ReviewerId, "reviewer id", 16
}
name! {
    /// The keyed code that stands for a patient in everything that leaves the hospital.
    PatientPseudonym, "patient pseudonym", 64
}
