//! Colour profiles (ICC.1): tables of numbers with words between them, which may name a maker, a device and its owner.
//!
//! Nothing moves: words are overwritten in place, so that every offset of the tag table stays true.

const HEADER: usize = 128;
const TAG_ENTRY: usize = 12;
/// More tags than this has no profile.
const MOST_TAGS: usize = 200;

/// Types of tag data that are numbers and nothing else.
const NUMBERS: [&[u8; 4]; 20] = [
    b"XYZ ", b"curv", b"para", b"mft1", b"mft2", b"mAB ", b"mBA ", b"sf32", b"uf32", b"ui08",
    b"ui16", b"ui32", b"ui64", b"view", b"meas", b"sig ", b"chrm", b"clro", b"cicp", b"mpet",
];

/// The fields of the header that tell of a file and not of colours: the preferred module, the day, the maker, the
/// model, the creator, and the digest of the whole.
const HEADER_WORDS: [(usize, usize); 5] = [(4, 8), (48, 52), (52, 56), (80, 84), (84, HEADER)];
const HEADER_DATE: core::ops::Range<usize> = 24..36;
/// The first of January 1900, midnight.
const NO_DATE: [u8; 12] = [7, 108, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// The profile without its words, of the same length; `None` for what is no profile.
pub(crate) fn without_words(bytes: &[u8]) -> Option<Vec<u8>> {
    let stated = number(bytes, 0)?;
    let size = if stated > bytes.len() {
        return None;
    } else {
        stated
    };
    if bytes.get(36..40)? != b"acsp" || size < HEADER + 4 {
        return None;
    }
    let count = number(bytes, HEADER).filter(|count| *count <= MOST_TAGS)?;
    let table_end = HEADER + 4 + count * TAG_ENTRY;
    if table_end > size {
        return None;
    }
    // What no tag claims, and what follows the stated size, is slack and becomes zeros.
    let mut out = vec![0; bytes.len()];
    out[..table_end].copy_from_slice(&bytes[..table_end]);
    for (from, to) in HEADER_WORDS {
        out[from..to].fill(0);
    }
    out[HEADER_DATE].copy_from_slice(&NO_DATE);
    let mut claimed: Vec<(usize, usize)> = Vec::with_capacity(count);
    for entry in 0..count {
        let place = HEADER + 4 + entry * TAG_ENTRY;
        let (start, length) = (number(bytes, place + 4)?, number(bytes, place + 8)?);
        let end = start.checked_add(length).filter(|end| *end <= size)?;
        if start < table_end || length < 8 || !is_signature(bytes.get(place..place + 4)?) {
            return None;
        }
        // Tags share data as a whole, so that no tag can copy what another one cleans.
        let torn = |(from, to): &(usize, usize)| {
            (*from, *to) != (start, end) && *from < end && start < *to
        };
        if claimed.iter().any(torn) {
            return None;
        }
        claimed.push((start, end));
        clean_tag(&bytes[start..end], &mut out[start..end]);
    }
    Some(out)
}

fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(place..place + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

/// Signatures of tags are letters and digits of the standard or zeros; they are four bytes and name nobody.
fn is_signature(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
}

/// Copies numbers, and puts spaces where text was.
fn clean_tag(from: &[u8], to: &mut [u8]) {
    let kind: &[u8] = &from[..4];
    to[..8].fill(0);
    to[..4].copy_from_slice(kind);
    match kind {
        b"text" => blank(&mut to[8..]),
        b"desc" => clean_description(to),
        b"mluc" => clean_translations(from, to),
        _ if NUMBERS.iter().any(|numbers| kind == *numbers)
            && !crate::values::spells_words(&from[8..]) =>
        {
            to[8..].copy_from_slice(&from[8..]);
        }
        b"dtim" if to.len() >= 20 => to[8..20].copy_from_slice(&NO_DATE),
        // What is not understood becomes zeros; if it is no type at all, its name does too.
        _ => {
            if !is_signature(kind) {
                to[..4].copy_from_slice(b"data");
            }
            to[8..].fill(0);
        }
    }
}

/// Spaces, and a zero at the end.
fn blank(text: &mut [u8]) {
    if let Some((last, before)) = text.split_last_mut() {
        before.fill(b' ');
        *last = 0;
    }
}

/// A description of version 2: one space in ASCII, nothing in Unicode and ScriptCode.
fn clean_description(to: &mut [u8]) {
    to[8..].fill(0);
    if to.len() >= 14 {
        to[11] = 2;
        to[12] = b' ';
    }
}

/// Translations of one text: the records stay where they are, their words become spaces.
fn clean_translations(from: &[u8], to: &mut [u8]) {
    to[8..].fill(0);
    let (Some(count), Some(12)) = (number(from, 8), number(from, 12)) else {
        return;
    };
    let Some(records_end) = count.checked_mul(12).map(|length| 16 + length) else {
        return;
    };
    if records_end > from.len() || count > MOST_TAGS {
        return;
    }
    to[8..16].copy_from_slice(&from[8..16]);
    for record in (16..records_end).step_by(12) {
        let words = number(from, record + 4).zip(number(from, record + 8));
        let lawful = words.filter(|(length, start)| {
            *start >= records_end
                && start
                    .checked_add(*length)
                    .is_some_and(|end| end <= from.len())
        });
        let Some((length, start)) = lawful else {
            to[8..].fill(0);
            return;
        };
        to[record..record + 4].copy_from_slice(b"enUS");
        to[record + 4..record + 12].copy_from_slice(&from[record + 4..record + 12]);
        for pair in to[start..start + length].chunks_exact_mut(2) {
            pair.copy_from_slice(&[0, b' ']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut head = vec![0; HEADER];
        head[4..8].copy_from_slice(b"ZHNG");
        head[24..36].copy_from_slice(&[7, 227, 0, 6, 0, 19, 0, 7, 0, 15, 0, 2]);
        head[36..40].copy_from_slice(b"acsp");
        head[48..52].copy_from_slice(b"IYER");
        head[84..].fill(b'Q');
        head.extend((tags.len() as u32).to_be_bytes());
        let mut data = Vec::new();
        for (name, value) in tags {
            head.extend(*name);
            head.extend(((HEADER + 4 + tags.len() * TAG_ENTRY + data.len()) as u32).to_be_bytes());
            head.extend((value.len() as u32).to_be_bytes());
            data.extend(value);
            data.extend([b'S'; 2]);
        }
        head.extend(data);
        let size = head.len() as u32;
        head[..4].copy_from_slice(&size.to_be_bytes());
        head.extend(b"behind the end");
        head
    }

    fn tag(kind: &[u8; 4], value: &[u8]) -> Vec<u8> {
        let mut out = kind.to_vec();
        out.extend([0; 4]);
        out.extend(value);
        out
    }

    #[test]
    fn words_go_and_numbers_stay() {
        let mut description = 14_u32.to_be_bytes().to_vec();
        description.extend(b"Zhang Xiaodong");
        description.extend([b'Z'; 70]);
        let wide: Vec<u8> = "Zhang".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut translated = [0, 0, 0, 1, 0, 0, 0, 12].to_vec();
        translated.extend(b"zhCN");
        translated.extend((wide.len() as u32).to_be_bytes());
        translated.extend(28_u32.to_be_bytes());
        translated.extend(&wide);
        let numbers = tag(b"XYZ ", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let before = profile(&[
            (b"desc", tag(b"desc", &description)),
            (b"cprt", tag(b"text", b"Copyright of Zhang\0")),
            (b"dmnd", tag(b"mluc", &translated)),
            (b"wtpt", numbers.clone()),
            (b"ZzZz", tag(b"????", b"Zhang Xiaodong")),
        ]);
        let after = without_words(&before).unwrap();
        assert_eq!(after.len(), before.len());
        assert!(after.windows(numbers.len()).any(|window| window == numbers));
        let text = String::from_utf8_lossy(&after)
            .replace('\0', "")
            .to_lowercase();
        for word in [
            "zhang",
            "xiaodong",
            "copyright",
            "iyer",
            "behind",
            "qqq",
            "ss",
            "????",
        ] {
            assert!(!text.contains(word), "{word} in {text:?}");
        }
        assert_eq!(
            without_words(&after).as_deref(),
            Some(&after[..]),
            "twice is once"
        );
    }

    #[test]
    fn what_is_no_profile_is_told() {
        let sound = profile(&[(b"cprt", tag(b"text", b"x\0"))]);
        assert!(without_words(b"Zhang Xiaodong").is_none());
        assert!(without_words(&sound[..140]).is_none());
        for place in [0, 36, HEADER, HEADER + 8, HEADER + 12] {
            let mut broken = sound.clone();
            broken[place] = 0xFF;
            assert!(without_words(&broken).is_none(), "{place}");
        }
    }
}
