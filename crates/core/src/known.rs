//! What a patient is called in an export: the values that are searched for in everything that leaves.

use crate::phi::Phi;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What kind of identity a known value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownKind {
    /// A name of the patient, in PN form with its component groups, or as found.
    PatientName,
    /// An identifier of the patient: Patient ID, Other Patient IDs, a national id.
    PatientId,
    /// The patient's date of birth, as `YYYYMMDD`.
    BirthDate,
    /// A telephone number, e-mail or other way to reach the patient.
    Contact,
    /// An address of the patient.
    Address,
    /// Accession Number, order, admission, visit, study or procedure identifiers.
    OrderId,
    /// A physician, operator or any other person, in PN form or as found.
    Person,
    /// An institution, department, ward or station.
    Institution,
    /// A serial number or other identifier of one device.
    Device,
    /// A UID of the export that is not the standard's own.
    Uid,
}

/// One value that identifies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnownValue {
    /// What it is.
    pub kind: KnownKind,
    /// The value, decoded to Unicode, without padding.
    pub value: Phi<String>,
}

/// Everything that one patient, and those around the patient, are called anywhere in an export.
///
/// The values are sorted and unique, so that nothing built from them depends on the order of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownValues(Vec<KnownValue>);

impl KnownValues {
    /// Sorts and deduplicates; empty values are left out.
    #[must_use]
    pub fn new(mut values: Vec<KnownValue>) -> Self {
        values.retain(|known| !known.value.expose().trim().is_empty());
        values.sort();
        values.dedup();
        Self(values)
    }

    /// The values in their order.
    pub fn iter(&self) -> impl Iterator<Item = &KnownValue> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
