//! The one outcome that every byte stream of an export ends in, and the closed lists of reasons.

use crate::closed_list::closed_list;
use core::fmt;
use thiserror::Error;

/// A code that is not on its closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a code of this closed list")]
pub struct UnknownCode;

closed_list! {
    /// Why an object waits for a person.
    HoldReason {
        PixelReasonMissing = "pixel-reason-missing",
            "no positive reason was found that the pixels of this image are free of identity",
            "look at the image in review, or add a burn-in rule for the device";
        BurnedInDeclared = "burned-in-declared",
            "the image says itself that it has burned-in annotation",
            "mask it by a rule or look at it in review";
        PixelResidue = "pixel-residue",
            "text was still found in the image after masking",
            "enlarge the mask in review or by a rule";
        PixelUndecodable = "pixel-undecodable",
            "the pixels could not be decoded, so nobody can say what they show",
            "ask the source for the image in another transfer syntax, or reject it";
        PixelTextUncertain = "pixel-text-uncertain",
            "text was found in the image that could not be read with certainty",
            "decide in review whether it may stay";
        DocumentImage = "document-image",
            "the image is a dose screen, a scanned form or a report, which is never half-masked",
            "reject it, or release it in review after reading all of it";
        DetectorMissing = "detector-missing",
            "the text detector is not installed, and nothing is guessed without it",
            "install the models and run again";
        HiddenBits = "hidden-bits",
            "bits above Bits Stored hold an image of their own",
            "look at them in review, or reject the object";
        KnownValueFound = "known-value-found",
            "a value that belongs to the patient was found in what would have been written",
            "look at the finding in review";
        ForbiddenAttribute = "forbidden-attribute",
            "the second reader found an attribute that the profile forbids",
            "this is a fault of the program or of a rule: report it";
        SecondReaderFailed = "second-reader-failed",
            "the second reader could not open what would have been written",
            "the object is too damaged to prove clean; ask the source for a new copy";
        DuplicateElement = "duplicate-element",
            "an attribute occurs twice in one data set, and either could be the true one",
            "ask the source for a new copy";
        UnknownCharacterSet = "unknown-character-set",
            "the text is in a character set that is unknown or contradicts itself",
            "ask the source for the object with its character set stated";
        PatientIdMissing = "patient-id-missing",
            "the object has no Patient ID, and identity is never guessed",
            "assign the patient in review";
        PatientIdConflict = "patient-id-conflict",
            "one study appears under two Patient IDs",
            "merge, split or assign the patients in review";
        ContentConflict = "content-conflict",
            "one SOP Instance UID has two different contents in this export",
            "decide with the source which of them is true";
        HierarchyConflict = "hierarchy-conflict",
            "one series appears in two studies, or an instance lacks one of its UIDs",
            "ask the source for a new copy";
        UnsupportedClass = "unsupported-class",
            "the SOP Class is private or unknown, and PS3.15 defines no de-identification for it",
            "reject it, or ask for the object in a standard class";
        EncapsulatedDocument = "encapsulated-document",
            "the object carries a document that must be replaced, not passed on",
            "reject it, or have the document cleaned and imported by hand";
        UncleanValue = "unclean-value",
            "a value breaks its VR and the object needs one, so no safe value can stand there",
            "ask the source for a corrected object";
        PseudonymCollision = "pseudonym-collision",
            "two different patients would get the same pseudonym",
            "rotate the site key or lengthen the code";
        LookupMiss = "lookup-miss",
            "the officer's own lookup table has no row for this patient",
            "add the row and run again";
        FaceVisible = "face-visible",
            "the field of view shows a face",
            "import a defaced series or sign a reason, as the track's policy says";
        TooLarge = "too-large",
            "the object needs more memory than the limit allows",
            "raise the limit or split the object at the source";
        Withdrawn = "withdrawn",
            "this patient has been withdrawn and is barred from deliveries",
            "nothing to do";
    }
}

closed_list! {
    /// Why a person or a policy refused an object for good.
    RejectReason {
        ReviewerRejected = "reviewer-rejected",
            "a person looked at it and refused it", "nothing to do";
        PolicyDropped = "policy-dropped",
            "the profile drops objects of this kind", "nothing to do";
    }
}

closed_list! {
    /// Why a byte stream cannot be used as it is.
    QuarantineReason {
        Empty = "empty", "the file is empty", "ask the source for a new copy";
        Unreadable = "unreadable", "the file could not be read", "check permissions and the disk, then ingest again";
        Truncated = "truncated", "the file ends before the data set does", "ask the source for a new copy";
        Malformed = "malformed", "the file looks like DICOM but breaks its rules", "ask the source for a new copy";
        LimitExceeded = "limit-exceeded", "the file exceeds a limit on size, depth or count", "check that the file is genuine";
        TransferSyntaxUnknown = "transfer-syntax-unknown", "the transfer syntax is not known", "ask the source for another transfer syntax";
        IdentityIncomplete = "identity-incomplete", "the object lacks its SOP Class UID or SOP Instance UID", "ask the source for a new copy";
        ArchiveBroken = "archive-broken", "the archive or one of its members cannot be unpacked", "ask the source for a new archive";
        ArchiveLimit = "archive-limit", "unpacking would exceed the limit on size, count or depth", "unpack it by hand if it is genuine";
        ChangedSinceIngest = "changed-since-ingest", "the file has changed since it was ingested", "ingest the export again";
        UnsafePath = "unsafe-path", "the name points out of the export", "check the export for links and unpack by hand";
    }
}

closed_list! {
    /// Why an object was not chosen for this track.
    ScopeReason {
        NotSelected = "not-selected", "it is not on the list of what was chosen", "nothing to do";
        TrackExcludes = "track-excludes", "the track's inclusion rules leave it out", "nothing to do";
    }
}

closed_list! {
    /// What a byte stream is that is not a DICOM instance.
    SetAsideReason {
        NotDicom = "not-dicom", "it is not DICOM", "nothing to do; it stays in the hospital";
        DicomDir = "dicomdir", "it is a DICOMDIR, which lists names and is never shipped", "nothing to do";
        Container = "container", "it is an archive; its members are counted one by one", "nothing to do";
        Link = "link", "it is a symbolic link or a special file, which is not followed", "nothing to do";
    }
}

/// How one byte stream of an export ended. Exactly one per stream; see [`crate::Conservation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was de-identified and passed the gate.
    Cleared,
    /// It waits for a person.
    Held(HoldReason),
    /// A person or a policy refused it.
    Rejected(RejectReason),
    /// It cannot be used as it is.
    Quarantined(QuarantineReason),
    /// It is the same as another stream of this export.
    Duplicate,
    /// It was not chosen for this track.
    OutOfScope(ScopeReason),
    /// It is not a DICOM instance.
    SetAside(SetAsideReason),
}

impl Outcome {
    /// The stable name of the outcome, without its reason.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Cleared => "cleared",
            Self::Held(_) => "held",
            Self::Rejected(_) => "rejected",
            Self::Quarantined(_) => "quarantined",
            Self::Duplicate => "duplicate",
            Self::OutOfScope(_) => "out-of-scope",
            Self::SetAside(_) => "set-aside",
        }
    }

    /// The stable code of the reason; empty where the outcome needs none.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Cleared | Self::Duplicate => "",
            Self::Held(reason) => reason.code(),
            Self::Rejected(reason) => reason.code(),
            Self::Quarantined(reason) => reason.code(),
            Self::OutOfScope(reason) => reason.code(),
            Self::SetAside(reason) => reason.code(),
        }
    }

    /// Reads an outcome back from its kind and reason.
    ///
    /// # Errors
    /// If the pair is not on the closed lists.
    pub fn parse(kind: &str, reason: &str) -> Result<Self, UnknownCode> {
        Ok(match kind {
            "cleared" if reason.is_empty() => Self::Cleared,
            "duplicate" if reason.is_empty() => Self::Duplicate,
            "held" => Self::Held(reason.parse()?),
            "rejected" => Self::Rejected(reason.parse()?),
            "quarantined" => Self::Quarantined(reason.parse()?),
            "out-of-scope" => Self::OutOfScope(reason.parse()?),
            "set-aside" => Self::SetAside(reason.parse()?),
            _ => return Err(UnknownCode),
        })
    }

    /// What it means, as a sentence without values.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Cleared => "it was de-identified and passed the gate",
            Self::Duplicate => "it is the same as another file of this export",
            Self::Held(reason) => reason.meaning(),
            Self::Rejected(reason) => reason.meaning(),
            Self::Quarantined(reason) => reason.meaning(),
            Self::OutOfScope(reason) => reason.meaning(),
            Self::SetAside(reason) => reason.meaning(),
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Cleared | Self::Duplicate => "nothing to do",
            Self::Held(reason) => reason.next_step(),
            Self::Rejected(reason) => reason.next_step(),
            Self::Quarantined(reason) => reason.next_step(),
            Self::OutOfScope(reason) => reason.next_step(),
            Self::SetAside(reason) => reason.next_step(),
        }
    }

    /// Whether a person is needed before this stream can go anywhere.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        matches!(self, Self::Held(_) | Self::Quarantined(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => f.write_str(self.kind()),
            reason => write!(f, "{}: {reason}", self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back() {
        let mut all = alloc::vec![Outcome::Cleared, Outcome::Duplicate];
        all.extend(HoldReason::ALL.iter().map(|reason| Outcome::Held(*reason)));
        all.extend(
            RejectReason::ALL
                .iter()
                .map(|reason| Outcome::Rejected(*reason)),
        );
        all.extend(
            QuarantineReason::ALL
                .iter()
                .map(|reason| Outcome::Quarantined(*reason)),
        );
        all.extend(
            ScopeReason::ALL
                .iter()
                .map(|reason| Outcome::OutOfScope(*reason)),
        );
        all.extend(
            SetAsideReason::ALL
                .iter()
                .map(|reason| Outcome::SetAside(*reason)),
        );
        for outcome in all {
            assert_eq!(
                Outcome::parse(outcome.kind(), outcome.reason()),
                Ok(outcome)
            );
        }
        assert_eq!(Outcome::parse("held", "because"), Err(UnknownCode));
    }
}
