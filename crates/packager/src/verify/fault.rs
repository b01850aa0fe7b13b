//! What can be wrong with a package: a closed list.

use serde::Serialize;
use std::fmt;

macro_rules! faults {
    ($( $member:ident = $code:literal, $meaning:literal; )+) => {
        /// What kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind {
            $( #[doc = $meaning] $member, )+
        }

        impl FaultKind {
            /// Every kind, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }

            /// What it means, as the end of a sentence that begins with the name of the file.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$member => $meaning),+ }
            }
        }
    };
}

faults! {
    NotAPackage = "not-a-package", "is missing or wrong, so this folder is not a package";
    FormatUnknown = "format-unknown", "is of a format that this program does not know";
    Unreadable = "unreadable", "could not be read";
    NotAFile = "not-a-file", "is a link or special file, which no package has";
    UnsafeName = "unsafe-name", "has a name that no package has";
    ManifestMalformed = "manifest-malformed", "is not a sorted list of digests and safe paths";
    FileMissing = "file-missing", "is listed but not there";
    FileExtra = "file-extra", "is there but not listed";
    FileChanged = "file-changed", "has another digest than the list says";
    SizeWrong = "size-wrong", "has another size than the package says";
    CountsWrong = "counts-wrong", "states other counts than the package holds";
    SignatureMissing = "signature-missing", "is missing, so nobody vouches for this package";
    SignatureWrong = "signature-wrong", "is not a signature of the tag manifest by the key in question";
    SignerNotTrusted = "signer-not-trusted", "is by a key that is not among the trusted ones";
    StatementMalformed = "statement-malformed", "is not the JSON of this format";
    TableMalformed = "table-malformed", "is not the table of this format";
    TableContradicts = "table-contradicts", "says something else than the index of instances";
    WaiverWrong = "waiver-wrong", "waives a finding without a signature that the release allows";
    LabelMalformed = "label-malformed", "is not written as label files are";
    LabelContradicts = "label-contradicts", "is not the label file that the statement describes";
    ShardNameWrong = "shard-name-wrong", "does not carry the first digits of its digest";
    ShardUnlisted = "shard-unlisted", "is in the payload, but the statement does not list it";
    FrameBroken = "frame-broken", "cannot be decompressed";
    FrameMisplaced = "frame-misplaced", "has a series at another place than the index says";
    SeekTableWrong = "seek-table-wrong", "does not end with the seek table of its frames";
    ArchiveEndWrong = "archive-end-wrong", "does not end as a tar archive must";
    MemberUnexpected = "member-unexpected", "holds a member that the index does not have at this place";
    MemberMissing = "member-missing", "lacks a member of the index";
    MemberExtra = "member-extra", "holds a member that the index does not list";
    MemberChanged = "member-changed", "holds a member with another digest than the index says";
    MemberMisnamed = "member-misnamed", "has a member whose name, order or place is not that of its patient, series and number";
    ContentDigestWrong = "content-digest-wrong", "has another content digest than the statement says";
    PatientOnTwoSides = "patient-on-two-sides", "puts one patient on two sides of the split";
    EquationBroken = "equation-broken", "has a conservation equation that does not hold";
    Purged = "purged", "was removed because it held a withdrawn patient, so this version is incomplete";
    Witness = "witness", "does not agree with its evidence";
}

impl Serialize for FaultKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One fault of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The file inside the package.
    pub file: String,
    /// The member of the shard, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// What kind.
    pub kind: FaultKind,
    /// More about it, without values of an export.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Fault {
    /// A fault of a file.
    pub fn new(kind: FaultKind, file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            member: None,
            kind,
            detail: String::new(),
        }
    }

    /// The same about a member.
    #[must_use]
    pub fn of_member(mut self, member: impl Into<String>) -> Self {
        self.member = Some(member.into());
        self
    }

    /// The same with more detail.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.kind.meaning())?;
        if let Some(member) = &self.member {
            write!(f, ": {member}")?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}
