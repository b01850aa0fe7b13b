//! What a transfer syntax does to pixels (PS3.5 annex A, PS3.6 table A-1).

/// How frames are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Samples as they are.
    Native,
    /// Samples as they are, in fragments.
    EncapsulatedNative,
    Rle,
    /// Quantised blocks: baseline and extended sequential.
    JpegDct,
    /// Predicted samples, processes 14.
    JpegLossless,
    JpegLs,
    Jpeg2000,
    /// Coded in a way that nothing here can take apart.
    Opaque,
}

impl Coding {
    pub(crate) fn of(transfer_syntax: &str) -> Self {
        match transfer_syntax {
            "1.2.840.10008.1.2"
            | "1.2.840.10008.1.2.1"
            | "1.2.840.10008.1.2.1.99"
            | "1.2.840.10008.1.2.2"
            | "1.2.840.113619.5.2" => Self::Native,
            "1.2.840.10008.1.2.1.98" => Self::EncapsulatedNative,
            "1.2.840.10008.1.2.5" => Self::Rle,
            "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51" => Self::JpegDct,
            "1.2.840.10008.1.2.4.57" | "1.2.840.10008.1.2.4.70" => Self::JpegLossless,
            "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => Self::JpegLs,
            "1.2.840.10008.1.2.4.90"
            | "1.2.840.10008.1.2.4.91"
            | "1.2.840.10008.1.2.4.201"
            | "1.2.840.10008.1.2.4.202"
            | "1.2.840.10008.1.2.4.203" => Self::Jpeg2000,
            _ => Self::Opaque,
        }
    }

    /// The bytes that every coded frame begins with.
    pub(crate) const fn start_marker(self) -> Option<[u8; 2]> {
        match self {
            Self::JpegDct | Self::JpegLossless | Self::JpegLs => Some([0xFF, 0xD8]),
            Self::Jpeg2000 => Some([0xFF, 0x4F]),
            _ => None,
        }
    }
}
