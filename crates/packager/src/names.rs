//! Names inside a package: made from pseudonyms and released UIDs only, and safe on every file system.

use crate::error::PackError;
use cloakroom_core::Digest;

/// The longest name that a ustar header can hold without its prefix field.
pub(crate) const LONGEST_PLAIN_NAME: usize = 100;

/// The digits of a shard's digest that its name carries.
pub(crate) const DIGEST_DIGITS_IN_NAME: usize = 8;

/// The name of an object in a shard: `PATIENT/SERIES/NNNN.dcm`, counted from 1.
pub(crate) fn member_name(patient: &str, series: &str, number: usize) -> Result<String, PackError> {
    for part in [patient, series] {
        if !is_safe_component(part) {
            return Err(PackError::UnsafeName(part.into()));
        }
    }
    Ok(format!("{patient}/{series}/{number:04}.dcm"))
}

/// Patient, series and number of a member name; `None` if it is not one that [`member_name`] makes.
pub(crate) fn split_member_name(name: &str) -> Option<(&str, &str, usize)> {
    let mut parts = name.split('/');
    let (patient, series, file) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !is_safe_component(patient) || !is_safe_component(series) {
        return None;
    }
    let digits = file.strip_suffix(".dcm")?;
    let number: usize = digits.parse().ok()?;
    (number > 0 && format!("{number:04}") == digits).then_some((patient, series, number))
}

/// Whether one part of a path is made of letters, digits, `-`, `_` and `.` and can neither hide nor climb.
pub(crate) fn is_safe_component(part: &str) -> bool {
    (1..=LONGEST_PLAIN_NAME).contains(&part.len())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && part.as_bytes()[0] != b'.'
        && !part.ends_with('.')
}

/// Whether a path inside a package is made of safe parts only. The work folder of the builder is not among them.
pub(crate) fn is_safe_path(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(is_safe_component)
}

/// The name of a shard: `STEM-NNNNNN-DIGEST.tar.zst`, so that a name never changes its meaning.
pub(crate) fn shard_name(stem: &str, sequence: u32, digest: &Digest, extension: &str) -> String {
    let digest = digest.to_string();
    let digest = &digest[..DIGEST_DIGITS_IN_NAME];
    format!("{stem}-{sequence:06}-{digest}.{extension}")
}

/// Stem, sequence number and digest digits of a shard name.
pub(crate) fn split_shard_name(name: &str) -> Option<(&str, u32, &str)> {
    let base = name.split_once(".tar").map(|(base, _)| base)?;
    let (rest, digest) = base.rsplit_once('-')?;
    let (stem, sequence) = rest.rsplit_once('-')?;
    let sound = digest.len() == DIGEST_DIGITS_IN_NAME && sequence.len() >= 6;
    sound.then_some((stem, sequence.parse().ok()?, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_climb_hide_or_carry_text_are_refused() {
        for part in [
            "", ".", "..", "a/b", "a\\b", ".hidden", "张", "a b", "a\0", "C:", "end.",
        ] {
            assert!(member_name(part, "2.25.1", 1).is_err(), "{part:?}");
            assert!(member_name("P1", part, 1).is_err(), "{part:?}");
        }
        for name in [
            "../P/1.2/0001.dcm",
            "P/1.2/0001.dcm/x",
            "P/1.2/1.dcm",
            "P/1.2/00001.dcm",
            "P/1.2/0000.dcm",
            "P/1.2/0001.DCM",
            "/P/1.2/0001.dcm",
            "P//0001.dcm",
        ] {
            assert_eq!(split_member_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_shard_name_carries_its_digest() {
        let name = shard_name("GX01-lung-d0001", 3, &Digest::of(b"abc"), "tar.zst");
        assert_eq!(name, "GX01-lung-d0001-000003-ba7816bf.tar.zst");
        assert_eq!(
            split_shard_name(&name),
            Some(("GX01-lung-d0001", 3, "ba7816bf"))
        );
        assert_eq!(split_shard_name("GX01.tar.zst"), None);
    }

    proptest! {
        #[test]
        fn member_names_read_back(patient in "[A-Za-z0-9][A-Za-z0-9_-]{0,30}", series in "2\\.25\\.[1-9][0-9]{0,38}", number in 1_usize..200_000) {
            let name = member_name(&patient, &series, number).unwrap();
            prop_assert_eq!(split_member_name(&name), Some((patient.as_str(), series.as_str(), number)));
        }

        #[test]
        fn splitting_any_text_does_not_panic(text in "\\PC{0,80}") {
            let _ = split_member_name(&text);
            let _ = split_shard_name(&text);
        }
    }
}
