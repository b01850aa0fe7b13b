//! Patients who have the same images: they stay on one side of the split.
//!
//! Two patients are joined by an image whose decoded pixels are equal, or by a series whose key frames look alike in
//! their greater part (perceptual hashes that differ in at most two of 64 signs). Neighbouring slices of one patient
//! are no matter here, and flat frames have no hash.

use super::select::SelectedSeries;
use cloakroom_core::{Digest, InstanceSurvey};
use std::collections::{BTreeMap, BTreeSet};

/// How many signs of two hashes may differ.
const RADIUS: u32 = 2;
/// Hashes within two signs of each other agree in one of three parts.
const PARTS: [(u32, u64); 3] = [(0, (1 << 22) - 1), (22, (1 << 21) - 1), (43, (1 << 21) - 1)];
/// Key frames of a series of single images.
const KEY_FRAMES: usize = 5;
/// A part of a hash that more series share than this tells nothing: phantoms, test pictures.
const CROWD: usize = 512;

/// The patients of each group of more than one, by the first of them.
pub(super) type Groups = BTreeMap<String, BTreeSet<String>>;

/// Finds who has the same images.
pub(super) fn groups(
    series: &[SelectedSeries<'_>],
    surveys: &BTreeMap<Digest, InstanceSurvey>,
) -> Groups {
    let mut joined = Joined::default();
    let mut owners: BTreeMap<Digest, &str> = BTreeMap::new();
    let mut looks = Vec::new();
    for one in series {
        let seen: Vec<&InstanceSurvey> = one
            .sources
            .iter()
            .filter_map(|source| surveys.get(&source.member.sha256))
            .collect();
        for pixels in seen.iter().filter_map(|survey| survey.pixels) {
            let owner = owners.entry(pixels).or_insert(one.patient);
            joined.join(owner, one.patient);
        }
        let hashes = key_hashes(&seen);
        if !hashes.is_empty() {
            looks.push((one.patient, hashes));
        }
    }
    for (a, b) in alike(&looks) {
        joined.join(looks[a].0, looks[b].0);
    }
    joined.groups()
}

/// First, last and three between, of the images of a series or of the frames of each clip.
fn key_hashes(seen: &[&InstanceSurvey]) -> Vec<u64> {
    let with: Vec<_> = seen
        .iter()
        .filter(|survey| !survey.hashes.is_empty())
        .collect();
    let Some(last) = with.len().checked_sub(1) else {
        return Vec::new();
    };
    let places: BTreeSet<usize> = (0..KEY_FRAMES)
        .map(|step| step * last / (KEY_FRAMES - 1))
        .collect();
    places
        .into_iter()
        .flat_map(|place| with[place].hashes.clone())
        .collect()
}

/// Pairs of series of different patients that look alike.
fn alike(looks: &[(&str, Vec<u64>)]) -> BTreeSet<(usize, usize)> {
    let mut buckets: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
    for (number, (_, hashes)) in looks.iter().enumerate() {
        let keys: BTreeSet<(u32, u64)> = hashes.iter().flat_map(|hash| parts(*hash)).collect();
        for key in keys {
            buckets.entry(key).or_default().push(number);
        }
    }
    let mut pairs = BTreeSet::new();
    for bucket in buckets.into_values().filter(|bucket| bucket.len() <= CROWD) {
        for (place, a) in bucket.iter().enumerate() {
            for b in &bucket[place + 1..] {
                if looks[*a].0 != looks[*b].0 && look_alike(&looks[*a].1, &looks[*b].1) {
                    pairs.insert((*a, *b));
                }
            }
        }
    }
    pairs
}

fn parts(hash: u64) -> impl Iterator<Item = (u32, u64)> {
    PARTS
        .into_iter()
        .map(move |(shift, mask)| (shift, hash >> shift & mask))
}

/// Whether more than half of the key frames of either have one like them in the other.
fn look_alike(a: &[u64], b: &[u64]) -> bool {
    let near = |hash: &u64, others: &[u64]| {
        others
            .iter()
            .any(|other| (hash ^ other).count_ones() <= RADIUS)
    };
    let most = |one: &[u64], other: &[u64]| {
        let found = one.iter().filter(|hash| near(hash, other)).count();
        2 * found > one.len()
    };
    most(a, b) && most(b, a)
}

/// Sets of patients that grow together.
#[derive(Default)]
struct Joined {
    leaders: BTreeMap<String, String>,
}

impl Joined {
    fn leader(&self, patient: &str) -> String {
        let mut at = patient;
        while let Some(next) = self.leaders.get(at).filter(|next| *next != at) {
            at = next;
        }
        at.to_owned()
    }

    fn join(&mut self, a: &str, b: &str) {
        let (a, b) = (self.leader(a), self.leader(b));
        if a != b {
            // The first in order leads, whatever came first.
            let (first, second) = if a < b { (a, b) } else { (b, a) };
            self.leaders.insert(first.clone(), first.clone());
            self.leaders.insert(second, first);
        }
    }

    fn groups(&self) -> Groups {
        let mut groups = Groups::new();
        for patient in self.leaders.keys() {
            groups
                .entry(self.leader(patient))
                .or_default()
                .insert(patient.clone());
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_look_alike_are_found_and_their_neighbours_are_not() {
        let clip = vec![
            0x0123_4567_89ab_cdef_u64,
            0xfedc_ba98_7654_3210,
            0x1111_2222_3333_4444,
        ];
        let mut near = clip.clone();
        near[0] ^= 1 << 40;
        near[1] ^= (1 << 3) | (1 << 60);
        let mut far = clip.clone();
        far[0] ^= 0b111 << 20;
        far[1] ^= 0b111 << 30;
        let looks = [("A", clip.clone()), ("B", near), ("C", far), ("A", clip)];
        assert_eq!(alike(&looks), BTreeSet::from([(0, 1), (1, 3)]));
    }

    #[test]
    fn groups_do_not_depend_on_the_order_of_joining() {
        let pairs = [("D", "C"), ("B", "A"), ("C", "B"), ("X", "Y")];
        let wanted = Groups::from([
            ("A".into(), ["A", "B", "C", "D"].map(String::from).into()),
            ("X".into(), ["X", "Y"].map(String::from).into()),
        ]);
        for turn in 0..4 {
            let mut pairs = pairs;
            pairs.rotate_left(turn);
            let mut joined = Joined::default();
            pairs.iter().for_each(|(a, b)| joined.join(b, a));
            assert_eq!(joined.groups(), wanted);
        }
    }
}
