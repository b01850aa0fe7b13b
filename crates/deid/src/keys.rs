//! Keys: one secret per site, and everything else derived from it (HKDF-SHA256, RFC 5869).
//!
//! Two tracks, two projects or two epochs share no key, so nothing that leaves under one can be
//! joined with what leaves under another. No key is ever printed.

use crate::dates::Offset;
use cloakroom_core::{Digest, PatientPseudonym, Phi, TrackId, Uid};
use core::fmt;
use core::ops::RangeInclusive;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// How many characters a pseudonym code has: 13 of 5 bits each, 65 bits.
pub const CODE_LENGTH: usize = 13;

/// The digits of a pseudonym code: base 32 without I, L, O and U, which look like others or make words.
const CODE_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The fewest different date offsets a profile may ask for: 10 bits.
pub const FEWEST_OFFSETS: u64 = 1024;

/// The one secret of a site: 256 random bits.
pub struct SiteSecret(Zeroizing<[u8; 32]>);

/// A secret that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a site secret is 32 random bytes; these are all the same")]
pub struct WeakSecret;

impl SiteSecret {
    /// Takes 32 random bytes as the secret.
    ///
    /// # Errors
    /// If all bytes are the same, which no random source gives: a key that was never filled.
    pub fn new(bytes: [u8; 32]) -> Result<Self, WeakSecret> {
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(WeakSecret);
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Derives a key for one purpose; each part is preceded by its length, so no two lists of parts collide.
    fn derive(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut info = b"cloakroom deid v1".to_vec();
        for part in parts {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut key = Zeroizing::new([0; 32]);
        let expanded = Hkdf::<Sha256>::new(None, &self.0[..]).expand(&info, &mut key[..]);
        debug_assert!(expanded.is_ok(), "32 bytes are one block of SHA-256");
        key
    }
}

impl fmt::Debug for SiteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteSecret")
    }
}

/// A keyed function, set up once.
#[derive(Clone)]
struct Keyed(Hmac<Sha256>);

impl Keyed {
    fn new(key: &[u8; 32]) -> Self {
        // HMAC fills a short key with zeros up to its block, so this is the same key.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(key);
        Self(<Hmac<Sha256> as KeyInit>::new((&*block).into()))
    }

    fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The keys of one (site, project, track, epoch).
#[derive(Clone)]
pub struct TrackKeys {
    track: TrackId,
    uids: Keyed,
    patients: Keyed,
    order: Keyed,
    readers: Keyed,
    names: Keyed,
    inputs: InputHasher,
}

impl fmt::Debug for TrackKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrackKeys")
    }
}

impl TrackKeys {
    /// Derives the keys of a track. `epoch` counts rotations from 0; a patient keeps the epoch in which
    /// the patient first left.
    #[must_use]
    pub fn derive(secret: &SiteSecret, project: &str, track: &TrackId, epoch: u32) -> Self {
        let bytes = |purpose: &str| {
            secret.derive(&[
                project.as_bytes(),
                track.as_str().as_bytes(),
                purpose.as_bytes(),
                &epoch.to_be_bytes(),
            ])
        };
        let key = |purpose: &str| Keyed::new(&bytes(purpose));
        Self {
            track: track.clone(),
            uids: key("uid"),
            patients: key("patient"),
            order: key("order"),
            readers: key("reader"),
            names: key("name digest"),
            inputs: InputHasher(blake3::Hasher::new_keyed(&bytes("input digest"))),
        }
    }

    /// The track these keys belong to.
    #[must_use]
    pub const fn track(&self) -> &TrackId {
        &self.track
    }

    /// The keyed UID that stands for a UID of the export: `2.25.` and a 128-bit number (PS3.5 B.2).
    ///
    /// Padding is not part of a UID, so spaces and NULs around it do not count. The number is laid out as
    /// a UUID of version 8 (RFC 9562), so that it is a lawful UUID; 122 of its bits are keyed.
    #[must_use]
    pub fn uid(&self, original: &str) -> Uid {
        let mac = self.uids.of(&[trim_padding(original).as_bytes()]);
        let mut number = [0; 16];
        number.copy_from_slice(&mac[..16]);
        number[6] = (number[6] & 0x0f) | 0x80;
        number[8] = (number[8] & 0x3f) | 0x80;
        let text = format!("2.25.{}", u128::from_be_bytes(number));
        #[expect(
            clippy::expect_used,
            reason = "2.25. and at most 39 digits are always a UID"
        )]
        text.parse().expect("digits and dots are a UID")
    }

    /// The keys of one patient, named as the pipeline names patients inside a site.
    #[must_use]
    pub fn patient(&self, name: Phi<&str>) -> PatientKey {
        let mac = self.patients.of(&[trim_padding(name.expose()).as_bytes()]);
        PatientKey(Zeroizing::new(mac))
    }

    /// A keyed sort key, so that order tells nothing about what is ordered.
    #[must_use]
    pub fn order(&self, name: &[u8]) -> [u8; 32] {
        self.order.of(&[name])
    }

    /// The code that stands for a person who drew or read labels: the same in all labels of the track, and nowhere else.
    #[must_use]
    pub fn reader(&self, name: Phi<&str>) -> String {
        let folded = trim_padding(name.expose()).to_lowercase();
        format!("R-{}", code(&self.readers.of(&[folded.as_bytes()])))
    }

    /// Takes the keyed digest of an original, which says nothing to those who hold the original but not the key.
    #[must_use]
    pub fn input_hasher(&self) -> InputHasher {
        self.inputs.clone()
    }

    /// The same of an original that lies in memory.
    #[must_use]
    pub fn input_digest(&self, original: &[u8]) -> Digest {
        let mut hasher = self.input_hasher();
        hasher.update(original);
        hasher.finish()
    }

    /// The keyed digest of what something is called or where it lies, and not of its bytes.
    #[must_use]
    pub fn name_digest(&self, name: &[u8]) -> Digest {
        Digest::from_bytes(self.names.of(&[name]))
    }
}

/// A keyed digest of an original: BLAKE3 in its keyed mode, which only those who have the key can compute, so that it
/// need not be a digest that others have a tool for.
#[derive(Clone)]
pub struct InputHasher(blake3::Hasher);

impl InputHasher {
    /// Adds bytes of the original.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes added.
    #[must_use]
    pub fn finish(&self) -> Digest {
        Digest::from_bytes(*self.0.finalize().as_bytes())
    }
}

impl fmt::Debug for InputHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InputHasher")
    }
}

/// 65 bits of what was drawn, in the digits of codes.
fn code(drawn: &[u8; 32]) -> String {
    let mut bits = [0; 16];
    bits.copy_from_slice(&drawn[..16]);
    let bits = u128::from_be_bytes(bits);
    (0..CODE_LENGTH)
        .map(|place| char::from(CODE_DIGITS[(bits >> (5 * place) & 31) as usize]))
        .collect()
}

/// Spaces and NULs around a value are padding (PS3.5 section 6.2), never part of what it names.
fn trim_padding(text: &str) -> &str {
    text.trim_matches(|sign: char| sign == '\0' || sign.is_whitespace())
}

/// Why a pseudonym or an offset cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SubjectError {
    /// The pattern has no `{code}`, or a placeholder that is not known.
    #[error(
        "a pseudonym pattern holds {{code}} once, and no placeholder but {{track}} and {{site}}"
    )]
    Pattern,
    /// What the pattern gives is not a pseudonym.
    #[error(
        "what the pattern gives is longer than 64 characters or has characters that a Patient ID may not have"
    )]
    NotAPseudonym,
    /// The range has too few offsets, or one that a date cannot bear.
    #[error(
        "a range of date offsets must hold at least 1024 different days (10 bits), each within 100 years"
    )]
    OffsetRange,
}

/// The key of one patient in one track: gives the pseudonym and the date offset.
pub struct PatientKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey")
    }
}

impl PatientKey {
    fn draw(&self, purpose: &str) -> [u8; 32] {
        Keyed::new(&self.0).of(&[purpose.as_bytes()])
    }

    /// The code of the patient: 65 keyed bits, which have no order and no meaning.
    #[must_use]
    pub fn code(&self) -> String {
        code(&self.draw("code"))
    }

    /// The pseudonym by a pattern such as `{track}-{code}`; `{site}` is the site's pseudonymous name.
    ///
    /// # Errors
    /// If the pattern lacks the code or names an unknown placeholder, or gives no lawful pseudonym.
    pub fn pseudonym(
        &self,
        pattern: &str,
        track: &TrackId,
        site: &str,
    ) -> Result<PatientPseudonym, SubjectError> {
        if pattern.matches("{code}").count() != 1 {
            return Err(SubjectError::Pattern);
        }
        let text = pattern
            .replace("{track}", track.as_str())
            .replace("{site}", site)
            .replace("{code}", &self.code());
        if text.contains(['{', '}']) {
            return Err(SubjectError::Pattern);
        }
        text.parse().map_err(|_| SubjectError::NotAPseudonym)
    }

    /// The date offset: one of all days of the range except 0, each as likely as the others.
    ///
    /// # Errors
    /// If the range has fewer than [`FEWEST_OFFSETS`] days.
    pub fn offset(&self, days: RangeInclusive<i32>) -> Result<Offset, SubjectError> {
        let (first, last) = (i64::from(*days.start()), i64::from(*days.end()));
        let holds_zero = first <= 0 && 0 <= last;
        let choices =
            u64::try_from(last - first + 1).unwrap_or(0) - u64::from(holds_zero && first <= last);
        if choices < FEWEST_OFFSETS || first < -36_525 || last > 36_525 {
            return Err(SubjectError::OffsetRange);
        }
        let drawn = self.draw("date offset");
        let mut bits = [0; 16];
        bits.copy_from_slice(&drawn[..16]);
        // The remainder of 128 bits by at most 17 bits is even to better than one part in 2^110.
        let place = u128::from_be_bytes(bits) % u128::from(choices);
        let day = first + i64::try_from(place).unwrap_or(0);
        let day = if holds_zero && day >= 0 { day + 1 } else { day };
        Ok(Offset::days(
            i32::try_from(day).map_err(|_| SubjectError::OffsetRange)?,
        ))
    }

    /// A time-of-day shift in seconds, 0 to 86399, for profiles that shift times too.
    #[must_use]
    pub fn seconds(&self) -> i32 {
        let drawn = self.draw("time offset");
        let bits = u32::from_be_bytes([drawn[0], drawn[1], drawn[2], drawn[3]]);
        i32::try_from(bits % 86_400).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(project: &str, track: &str, epoch: u32) -> TrackKeys {
        let mut bytes = [7; 32];
        bytes[0] = 1;
        let secret = SiteSecret::new(bytes).unwrap();
        TrackKeys::derive(&secret, project, &track.parse().unwrap(), epoch)
    }

    #[test]
    fn a_secret_that_was_never_filled_is_refused() {
        assert!(SiteSecret::new([0; 32]).is_err());
        assert!(SiteSecret::new([0xff; 32]).is_err());
    }

    #[test]
    fn no_key_is_printed() {
        let keys = keys("contest", "lung", 0);
        let text = format!("{keys:?} {:?}", keys.patient(Phi::new("4711")));
        assert_eq!(text, "TrackKeys PatientKey");
    }

    #[test]
    fn uids_are_lawful_uuids_and_ignore_padding() {
        let keys = keys("contest", "lung", 0);
        let uid = keys.uid("1.2.840.113619.2.5.1762583153");
        assert_eq!(uid, keys.uid("1.2.840.113619.2.5.1762583153\0"));
        assert_eq!(uid, keys.uid(" 1.2.840.113619.2.5.1762583153 "));
        assert_ne!(uid, keys.uid("1.2.840.113619.2.5.1762583154"));
        let number: u128 = uid.as_str().strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!(number >> 76 & 15, 8, "version");
        assert_eq!(number >> 62 & 3, 2, "variant");
    }

    #[test]
    fn every_part_of_the_derivation_counts() {
        let all = [
            keys("contest", "lung", 0),
            keys("contest", "breast", 0),
            keys("contest2", "lung", 0),
            keys("contest", "lung", 1),
            keys("contestl", "ung", 0),
        ];
        let uids: BTreeSet<_> = all.iter().map(|keys| keys.uid("1.2.3")).collect();
        let codes: BTreeSet<_> = all
            .iter()
            .map(|keys| keys.patient(Phi::new("1")).code())
            .collect();
        let orders: BTreeSet<_> = all.iter().map(|keys| keys.order(b"1")).collect();
        let digests: BTreeSet<_> = all.iter().map(|keys| keys.input_digest(b"1")).collect();
        let names: BTreeSet<_> = all.iter().map(|keys| keys.name_digest(b"1")).collect();
        assert_eq!(
            [
                uids.len(),
                codes.len(),
                orders.len(),
                digests.len(),
                names.len()
            ],
            [5; 5]
        );
        assert!(digests.is_disjoint(&names));
    }

    #[test]
    fn codes_are_65_bits_and_keep_no_order() {
        let keys = keys("contest", "lung", 0);
        let codes: Vec<String> = (0..200)
            .map(|number| keys.patient(Phi::new(&format!("P{number:05}"))).code())
            .collect();
        assert!(codes.iter().all(|code| code.len() == 13));
        assert!(
            codes
                .iter()
                .flat_map(|code| code.bytes())
                .all(|byte| CODE_DIGITS.contains(&byte))
        );
        let rises = codes.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((60..140).contains(&rises), "{rises}");
    }

    #[test]
    fn pseudonyms_follow_the_pattern() {
        let keys = keys("contest", "lung", 0);
        let patient = keys.patient(Phi::new("4711"));
        let name = patient
            .pseudonym("{track}-{code}", keys.track(), "GX01")
            .unwrap();
        assert_eq!(name.as_str(), format!("lung-{}", patient.code()));
        assert_eq!(
            patient.pseudonym("{track}", keys.track(), "GX01"),
            Err(SubjectError::Pattern)
        );
        assert_eq!(
            patient.pseudonym("{ward}-{code}", keys.track(), "GX01"),
            Err(SubjectError::Pattern)
        );
        assert_eq!(
            patient.pseudonym("{code} {code}", keys.track(), "GX01"),
            Err(SubjectError::Pattern)
        );
        assert_eq!(
            patient.pseudonym("a b{code}", keys.track(), "GX01"),
            Err(SubjectError::NotAPseudonym)
        );
    }

    #[test]
    fn offsets_use_the_whole_range_and_never_stand_still() {
        let keys = keys("contest", "lung", 0);
        let days: Vec<i32> = (0..4000)
            .map(|number| {
                keys.patient(Phi::new(&format!("P{number}")))
                    .offset(-600..=600)
                    .unwrap()
                    .days
            })
            .collect();
        assert!(
            days.iter()
                .all(|day| (-600..=600).contains(day) && *day != 0)
        );
        let distinct: BTreeSet<_> = days.iter().collect();
        assert!(distinct.len() > 1100, "{}", distinct.len());
        let sevens = days.iter().filter(|day| *day % 7 == 0).count();
        assert!((400..750).contains(&sevens), "{sevens}");
        let patient = keys.patient(Phi::new("1"));
        assert_eq!(patient.offset(-500..=500), Err(SubjectError::OffsetRange));
        assert!(patient.offset(-512..=512).is_ok());
        assert_eq!(patient.offset(1..=1023), Err(SubjectError::OffsetRange));
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "the empty range is what is tested"
        )]
        let empty = patient.offset(5..=-5);
        assert_eq!(empty, Err(SubjectError::OffsetRange));
        assert!(patient.offset(-1..=1_000_000).is_err());
    }
}
