//! Track releases: what organisers make of the bundles of many hospitals.

mod manifest;

pub use manifest::{
    AnonymitySummary, BundleReference, CheckSummary, LicenceReference, PreviousRelease,
    ReleaseConservation, ReleaseManifest, SplitRuleSummary, SplitSummary,
};
