//! Transfer syntaxes of the standard (PS3.5 annex A, PS3.6 annex A) and how elements are encoded in them.

/// The order of the bytes in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// How data elements are encoded (PS3.5 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Encoding {
    /// Whether the VR stands in the element.
    pub(crate) explicit: bool,
    /// Whether numbers are big endian.
    pub(crate) big: bool,
}

impl Encoding {
    pub(crate) const IMPLICIT_LITTLE: Self = Self {
        explicit: false,
        big: false,
    };
    pub(crate) const EXPLICIT_LITTLE: Self = Self {
        explicit: true,
        big: false,
    };
    pub(crate) const EXPLICIT_BIG: Self = Self {
        explicit: true,
        big: true,
    };
    /// Not of the standard; ACR-NEMA devices wrote it.
    pub(crate) const IMPLICIT_BIG: Self = Self {
        explicit: false,
        big: true,
    };

    pub(crate) const ALL: [Self; 4] = [
        Self::EXPLICIT_LITTLE,
        Self::IMPLICIT_LITTLE,
        Self::EXPLICIT_BIG,
        Self::IMPLICIT_BIG,
    ];

    pub(crate) const fn order(self) -> ByteOrder {
        if self.big {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        }
    }

    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }
}

pub(crate) const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
pub(crate) const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";

/// What a transfer syntax says of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransferSyntax {
    pub(crate) encoding: Encoding,
    pub(crate) encapsulated: bool,
    /// The transfer syntax of the same data set inflated; `None` where nothing is deflated.
    pub(crate) inflated: Option<&'static str>,
}

/// Looks a transfer syntax of the standard up by its UID.
pub(crate) fn transfer_syntax(uid: &str) -> Option<TransferSyntax> {
    let rest = uid.strip_prefix(IMPLICIT_LITTLE)?;
    let (encoding, encapsulated, inflated) = match rest {
        "" => (Encoding::IMPLICIT_LITTLE, false, None),
        ".1" | ".4.94" | ".4.204" => (Encoding::EXPLICIT_LITTLE, false, None),
        ".2" => (Encoding::EXPLICIT_BIG, false, None),
        ".1.99" => (Encoding::EXPLICIT_LITTLE, false, Some(EXPLICIT_LITTLE)),
        ".4.95" => (
            Encoding::EXPLICIT_LITTLE,
            false,
            Some("1.2.840.10008.1.2.4.94"),
        ),
        ".4.205" => (
            Encoding::EXPLICIT_LITTLE,
            false,
            Some("1.2.840.10008.1.2.4.204"),
        ),
        ".1.98" | ".5" | ".8.1" => (Encoding::EXPLICIT_LITTLE, true, None),
        _ if is_compressed_image(rest) => (Encoding::EXPLICIT_LITTLE, true, None),
        _ => return None,
    };
    Some(TransferSyntax {
        encoding,
        encapsulated,
        inflated,
    })
}

/// The JPEG, JPEG-LS, JPEG 2000, HTJ2K, JPEG XL, MPEG and HEVC families under `.4`.
fn is_compressed_image(rest: &str) -> bool {
    let Some(number) = rest.strip_prefix(".4.") else {
        return false;
    };
    matches!(
        number,
        "50" | "51"
            | "52"
            | "53"
            | "54"
            | "55"
            | "56"
            | "57"
            | "58"
            | "59"
            | "60"
            | "61"
            | "62"
            | "63"
            | "64"
            | "65"
            | "66"
            | "70"
            | "80"
            | "81"
            | "90"
            | "91"
            | "92"
            | "93"
            | "100"
            | "100.1"
            | "101"
            | "101.1"
            | "102"
            | "102.1"
            | "103"
            | "103.1"
            | "104"
            | "104.1"
            | "105"
            | "105.1"
            | "106"
            | "106.1"
            | "107"
            | "108"
            | "110"
            | "111"
            | "112"
            | "201"
            | "202"
            | "203"
    )
}

/// Whether a UID names a transfer syntax of the standard that a file may have.
#[must_use]
pub fn is_known_transfer_syntax(uid: &str) -> bool {
    transfer_syntax(uid).is_some()
}

/// Whether a transfer syntax encapsulates its pixels in fragments (PS3.5 annex A.4).
#[must_use]
pub fn is_encapsulated(uid: &str) -> bool {
    transfer_syntax(uid).is_some_and(|syntax| syntax.encapsulated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_own_are_known_and_others_are_not() {
        assert_eq!(
            transfer_syntax(IMPLICIT_LITTLE).map(|s| s.encoding),
            Some(Encoding::IMPLICIT_LITTLE)
        );
        assert_eq!(
            transfer_syntax(EXPLICIT_BIG).map(|s| s.encoding),
            Some(Encoding::EXPLICIT_BIG)
        );
        assert!(is_encapsulated("1.2.840.10008.1.2.4.50"));
        assert!(is_encapsulated("1.2.840.10008.1.2.5"));
        assert!(!is_encapsulated(EXPLICIT_LITTLE));
        for unknown in [
            "",
            "1.2",
            "1.2.840.10008.1.2.4.5",
            "1.2.840.113619.5.2",
            "1.2.840.10008.1.20",
            "1.2.840.10008.1.2.7.1",
        ] {
            assert!(!is_known_transfer_syntax(unknown), "{unknown}");
        }
    }

    #[test]
    fn deflated_ones_name_what_they_inflate_to() {
        for uid in [
            "1.2.840.10008.1.2.1.99",
            "1.2.840.10008.1.2.4.95",
            "1.2.840.10008.1.2.4.205",
        ] {
            let inflated = transfer_syntax(uid).and_then(|s| s.inflated).unwrap();
            assert_eq!(transfer_syntax(inflated).and_then(|s| s.inflated), None);
        }
    }
}
