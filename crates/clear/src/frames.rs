//! The bytes of compressed frames in which text can stand: markers, boxes, tables and slack, never coded samples.

use crate::encoded::PixelSource;
use core::ops::Range;

const ITEM: [u8; 4] = [0xfe, 0xff, 0x00, 0xe0];
const SEQUENCE_END: [u8; 4] = [0xfe, 0xff, 0xdd, 0xe0];

/// Fragments up to this length are looked at in one piece.
const LARGEST_FRAGMENT: u64 = 1 << 28;

/// The pixel value is not a sequence of fragments, or a fragment is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// What kind of coded image a transfer syntax holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Jpeg,
    Jpeg2000,
    RunLength,
    /// A codec whose parts are not told apart: all bytes are looked at.
    Other,
}

fn codec_of(transfer_syntax: &str) -> Codec {
    let number = transfer_syntax
        .strip_prefix("1.2.840.10008.1.2.4.")
        .and_then(|number| number.parse::<u16>().ok());
    match number {
        Some(50..=81) => Codec::Jpeg,
        Some(90..=93 | 201..=203) => Codec::Jpeg2000,
        None if transfer_syntax == "1.2.840.10008.1.2.5" => Codec::RunLength,
        _ => Codec::Other,
    }
}

/// Calls `each` with the searchable bytes of an encapsulated pixel value and their offset in it (PS3.5 annex A.4).
///
/// # Errors
/// If the value is anything but items from the first byte to the last.
pub(crate) fn for_each_searchable(
    pixels: &PixelSource<'_>,
    transfer_syntax: &str,
    each: &mut dyn FnMut(u64, &[u8]),
) -> Result<(), Broken> {
    let codec = codec_of(transfer_syntax);
    let mut at = 0;
    for number in 0_u64.. {
        let mut header = [0; 8];
        pixels.read_at(at, &mut header).map_err(|_| Broken)?;
        let (tag, length) = header.split_at(4);
        let length = u64::from(u32::from_le_bytes(length.try_into().map_err(|_| Broken)?));
        at += 8;
        if tag == SEQUENCE_END {
            return if length == 0 && at == pixels.len() && number > 0 {
                Ok(())
            } else {
                Err(Broken)
            };
        }
        if tag != ITEM || length > LARGEST_FRAGMENT || length > pixels.len() {
            return Err(Broken);
        }
        let mut fragment = vec![0; usize::try_from(length).map_err(|_| Broken)?];
        pixels.read_at(at, &mut fragment).map_err(|_| Broken)?;
        // The first item is the offset table.
        let codec = if number == 0 { Codec::Other } else { codec };
        for range in searchable(&fragment, codec) {
            each(at + range.start as u64, &fragment[range]);
        }
        at += length;
    }
    Err(Broken)
}

/// The ranges of a fragment in which text can stand. A fragment that does not parse is looked at as a whole.
fn searchable(fragment: &[u8], codec: Codec) -> Vec<Range<usize>> {
    let parsed = match codec {
        Codec::Jpeg => jpeg(fragment),
        Codec::Jpeg2000 => jpeg_2000(fragment),
        Codec::RunLength => Some(whole(fragment.len().min(64))),
        Codec::Other => None,
    };
    parsed.unwrap_or_else(|| whole(fragment.len()))
}

fn whole(length: usize) -> Vec<Range<usize>> {
    core::iter::once(0..length).collect()
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes([pair[0], pair[1]])))
}

/// All but the entropy-coded data of a JPEG or JPEG-LS stream (ISO/IEC 10918-1 annex B, 14495-1 annex C).
fn jpeg(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut start, mut at) = (0, 2);
    loop {
        let marker = number(bytes, at)?;
        match marker {
            0xffd9 => {
                ranges.push(start..bytes.len());
                return Some(ranges);
            }
            0xffff => at += 1,
            0xff01 | 0xffd0..=0xffd8 => at += 2,
            0xff02..=0xfffe => {
                at += 2 + number(bytes, at + 2)?;
                if marker == 0xffda {
                    ranges.push(start..at);
                    at = next_marker(bytes, at)?;
                    start = at;
                }
            }
            _ => return None,
        }
        if at > bytes.len() {
            return None;
        }
    }
}

/// Where entropy-coded data ends: at a marker that is neither stuffing nor a restart.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memchr_iter(0xff, rest)
        .map(|place| from + place)
        .find(|place| {
            bytes
                .get(place + 1)
                .is_some_and(|next| *next >= 0x80 && !matches!(next, 0xd0..=0xd7 | 0xff))
        })
}

/// All but the packets of a JPEG 2000 code stream (ISO/IEC 15444-1 annex A).
fn jpeg_2000(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    if !bytes.starts_with(&[0xff, 0x4f]) {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut start, mut at, mut tile_end) = (0, 2, None);
    loop {
        match number(bytes, at)? {
            0xffd9 => {
                ranges.push(start..bytes.len());
                return Some(ranges);
            }
            0xff93 => {
                ranges.push(start..at + 2);
                at = tile_end.filter(|end| *end >= at + 2)?;
                start = at;
            }
            marker @ 0xff01..=0xfffe => {
                if marker == 0xff90 {
                    let length = (number(bytes, at + 6)? << 16) | number(bytes, at + 8)?;
                    // The last tile part may leave its length open: it goes to the end of the code stream.
                    tile_end = Some(if length == 0 {
                        bytes.windows(2).rposition(|pair| pair == [0xff, 0xd9])?
                    } else {
                        at + length
                    });
                }
                at += 2 + number(bytes, at + 2)?;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], ranges: Vec<Range<usize>>) -> Vec<u8> {
        ranges
            .into_iter()
            .flat_map(|range| bytes[range].to_vec())
            .collect()
    }

    #[test]
    fn jpeg_text_is_seen_and_coded_data_is_not() {
        let bytes = b"\xff\xd8\xff\xfe\x00\x06NAME\xff\xda\x00\x03\x01CODED\xff\x00CODED\xff\xd1CODED\xff\xda\x00\x03\x01CODED\xff\xd9SLACK";
        let seen = text(bytes, jpeg(bytes).unwrap());
        assert!(seen.windows(4).any(|four| four == b"NAME"));
        assert!(seen.windows(5).any(|five| five == b"SLACK"));
        assert!(!seen.windows(5).any(|five| five == b"CODED"));
    }

    #[test]
    fn jpeg_2000_text_is_seen_and_packets_are_not() {
        let tile = |packets: &[u8]| {
            let length = u32::try_from(14 + packets.len()).unwrap();
            let head = b"\xff\x90\x00\x0a\x00\x00".to_vec();
            [
                &head,
                &length.to_be_bytes()[..],
                b"\x00\x01",
                b"\xff\x93",
                packets,
            ]
            .concat()
        };
        let bytes = [
            b"\xff\x4f\xff\x64\x00\x06NAME",
            &tile(b"PACKET")[..],
            &tile(b"PACKET"),
            b"\xff\xd9SLACK",
        ]
        .concat();
        let seen = text(&bytes, jpeg_2000(&bytes).unwrap());
        assert!(seen.windows(4).any(|four| four == b"NAME"));
        assert!(seen.windows(5).any(|five| five == b"SLACK"));
        assert!(!seen.windows(6).any(|six| six == b"PACKET"));
    }

    #[test]
    fn a_fragment_that_does_not_parse_is_seen_whole() {
        for bytes in [
            &b"\xff\xd8\xff\xfe\xff\xffNAME"[..],
            b"NAME",
            b"\xff\x4f\xff\x64NAME",
            b"",
        ] {
            for codec in [Codec::Jpeg, Codec::Jpeg2000, Codec::Other] {
                assert_eq!(searchable(bytes, codec), whole(bytes.len()));
            }
        }
    }
}
