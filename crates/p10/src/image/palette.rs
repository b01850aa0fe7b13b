//! Palette colour lookup tables, plain and segmented (PS3.3 sections C.7.6.3.1.5 and C.7.9.2).

use crate::dataset::{DataSet, ElementRef};
use crate::syntax::ByteOrder;
use cloakroom_core::frames::Palette;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Descriptor, data and segmented data of red, green and blue.
const CHANNELS: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// Reads the palette; `None` where there is none or it contradicts itself.
pub(super) fn read(set: &DataSet, signed: bool) -> Option<Palette> {
    let mut first = None;
    let mut channels = [Vec::new(), Vec::new(), Vec::new()];
    for (channel, (descriptor, data, segmented)) in channels.iter_mut().zip(CHANNELS) {
        let descriptor = Descriptor::read(set.get(descriptor)?, signed)?;
        *channel = match (set.get(data), set.get(segmented)) {
            (Some(data), _) if data.value_len() > 0 => plain(data, &descriptor)?,
            (_, Some(segments)) => expand(
                &words(segments, descriptor.bits)?,
                descriptor.entries,
                descriptor.bits,
            )?,
            _ => return None,
        };
        scale(channel, descriptor.bits);
        first.get_or_insert(descriptor.first);
    }
    let [red, green, blue] = &channels;
    let equal = red.len() == green.len() && green.len() == blue.len();
    equal.then_some(Palette {
        first: first?,
        channels,
    })
}

struct Descriptor {
    entries: usize,
    first: i32,
    bits: u16,
}

impl Descriptor {
    /// The first number is 0 for 65,536; the second is signed as the pixels are, whatever VR is stated.
    fn read(element: ElementRef<'_>, signed: bool) -> Option<Self> {
        let words = words(element, 16)?;
        let [entries, first, bits] = *words.first_chunk::<3>()?;
        let first = if signed {
            i32::from(first.cast_signed())
        } else {
            i32::from(first)
        };
        let entries = if entries == 0 {
            65_536
        } else {
            usize::from(entries)
        };
        matches!(bits, 8 | 16).then_some(Self {
            entries,
            first,
            bits,
        })
    }
}

/// The numbers of a value: of 16 bits, or single bytes where `bits` is 8.
fn words(element: ElementRef<'_>, bits: u16) -> Option<Vec<u16>> {
    let raw = element.raw()?;
    let big = element.byte_order() == ByteOrder::Big && element.stated_vr() != VR::OB;
    let pairs = raw.as_chunks::<2>().0.iter();
    let words = pairs.map(|pair| {
        if big {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    });
    Some(if bits == 8 {
        words
            .flat_map(|word| word.to_le_bytes().map(u16::from))
            .collect()
    } else {
        words.collect()
    })
}

/// Entries of 8 bits are packed two to a word, or stand in a word each; the length of the value tells.
fn plain(data: ElementRef<'_>, descriptor: &Descriptor) -> Option<Vec<u16>> {
    let bytes = usize::try_from(data.value_len()).ok()?;
    let packed = descriptor.bits == 8 && bytes < 2 * descriptor.entries;
    let mut values = words(data, if packed { 8 } else { 16 })?;
    (values.len() >= descriptor.entries).then(|| {
        values.truncate(descriptor.entries);
        values
    })
}

/// Expands segments: discrete (0), linear (1) and indirect (2), which repeats earlier segments.
fn expand(words: &[u16], entries: usize, bits: u16) -> Option<Vec<u16>> {
    let mut values = Vec::new();
    let mut position = 0;
    while values.len() < entries {
        if *words.get(position)? == 2 {
            // How an offset is split over single bytes the standard does not say.
            let [_, count, low, high] = *words.get(position..)?.first_chunk::<4>()?;
            if bits != 16 {
                return None;
            }
            let offset = usize::from(high) << 16 | usize::from(low);
            let mut from = offset / 2;
            for _ in 0..count {
                from = segment(words, from, entries, &mut values)?;
            }
            position += 4;
        } else {
            position = segment(words, position, entries, &mut values)?;
        }
    }
    values.truncate(entries);
    Some(values)
}

/// Appends one discrete or linear segment and gives the place of the next.
fn segment(words: &[u16], at: usize, entries: usize, values: &mut Vec<u16>) -> Option<usize> {
    let [code, count] = *words.get(at..)?.first_chunk::<2>()?;
    let count = usize::from(count);
    if values.len() + count > entries.max(65_536) {
        return None;
    }
    match code {
        0 => {
            values.extend_from_slice(words.get(at + 2..at + 2 + count)?);
            Some(at + 2 + count)
        }
        1 => {
            let start = i64::from(*values.last()?);
            let end = i64::from(*words.get(at + 2)?);
            let steps = count as i64;
            values.extend((1..=steps).map(|step| (start + (end - start) * step / steps) as u16));
            Some(at + 3)
        }
        _ => None,
    }
}

/// Widens entries of 8 bits to 16.
fn scale(values: &mut [u16], bits: u16) {
    if bits == 8 && values.iter().all(|value| *value <= 0xFF) {
        for value in values {
            *value *= 0x0101;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_expand_to_what_they_mean() {
        // Two single values, a ramp of three from the last of them, then all of it once more.
        let words = [0, 2, 10, 20, 1, 3, 50, 2, 2, 0, 0];
        assert_eq!(
            expand(&words, 10, 16),
            Some(vec![10, 20, 30, 40, 50, 10, 20, 30, 40, 50])
        );
    }

    #[test]
    fn broken_segments_are_refused() {
        for words in [
            &[][..],
            &[0, 9, 1],
            &[1, 3, 50],
            &[2, 1, 0, 0],
            &[7, 1],
            &[2, 0, 0, 0],
        ] {
            assert_eq!(expand(words, 4, 16), None, "{words:?}");
        }
    }
}
