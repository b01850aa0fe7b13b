//! The vocabulary of Cloakroom: the words that every room of the house shares.
//!
//! Nothing here does I/O, reads a clock or holds a key; `no_std` lets the compiler say so. Types that
//! may hold a value of an export are [`Phi`], which prints nothing.
#![no_std]

extern crate alloc;

pub mod action;
pub mod chinese;
pub mod conservation;
pub mod date;
pub mod decision;
pub mod digest;
pub mod facts;
pub mod finding;
pub mod frames;
pub mod ids;
pub mod known;
pub mod labels;
pub mod mask;
pub mod outcome;
pub mod path;
pub mod phi;
pub mod survey;
pub mod uid;

mod closed_list;

pub use action::{Action, ActionRecord, RuleId, State};
pub use conservation::{Conservation, Tally};
pub use date::StatedDate;
pub use decision::DecisionReason;
pub use dicom_core::{Tag, VR};
pub use digest::{Digest, Hasher};
pub use facts::{InstanceFacts, age_band};
pub use finding::{Finding, FindingKind};
pub use frames::{ByteRange, ImageDescription, PixelLayout};
pub use ids::{PatientPseudonym, ProfileId, ReviewerId, SiteName, TrackId};
pub use known::{KnownKind, KnownValue, KnownValues};
pub use labels::{LabelColumn, LabelKind, LabelSchema, MaskGrid, SidecarFacts, SidecarKind};
pub use mask::{MaskPlan, MaskRegion, PixelAttribute, PixelChanges, PixelReason, PixelValue, Rect};
pub use outcome::{
    HoldReason, Outcome, QuarantineReason, RejectReason, ScopeReason, SetAsideReason,
};
pub use path::{AttributePath, PathPattern, Step};
pub use phi::Phi;
pub use survey::InstanceSurvey;
pub use uid::Uid;
