//! Releases from small bundles of two hospitals, over several versions.

use super::*;
use crate::extract::{Selection as Extract, extract};
use crate::package::Package;
use crate::testing::{Patient, bundle_facts, slice, write_package};
use crate::track::{Severity, parse, template};
use crate::verify::{Fault, FaultKind, NoWitness, Trust, verify};
use std::process::Command;

struct House {
    folder: tempfile::TempDir,
    keys: [SigningKey; 2],
    organiser: SigningKey,
    track: Track,
}

/// Nobody has looked at the objects.
static NO_SURVEYS: BTreeMap<Digest, cloakroom_core::InstanceSurvey> = BTreeMap::new();

fn house() -> House {
    let key = || SigningKey::generate(None).unwrap().0;
    let keys = [key(), key()];
    let mut track = parse(template("generic").unwrap()).unwrap();
    track.id = "lung".parse().unwrap();
    for (number, key) in keys.iter().enumerate() {
        track.sites.push(crate::track::TrustedSite {
            name: format!("GX0{}", number + 1).parse().unwrap(),
            keys: vec![key.public().clone()],
        });
    }
    House {
        folder: tempfile::tempdir().unwrap(),
        keys,
        organiser: key(),
        track,
    }
}

impl House {
    fn bundle(
        &self,
        site: usize,
        delivery: u32,
        patients: &[Patient<'_>],
        compression: Compression,
    ) -> VerifiedBundle {
        let mut facts = bundle_facts();
        facts.site = format!("GX0{}", site + 1).parse().unwrap();
        facts.delivery = delivery;
        let out = self
            .folder
            .path()
            .join(format!("{}-{compression:?}", facts.stem()));
        let root = write_package(&out, &self.keys[site], facts, patients, compression);
        let report = verify(&root, Trust::Nobody, &NoWitness);
        report.into_bundle().unwrap()
    }

    /// Ten patients at the first hospital, five at the second, two series each.
    fn bundles(&self) -> Vec<VerifiedBundle> {
        let names = |site: &str, count: usize| -> Vec<(String, Vec<(String, usize)>)> {
            let series = |patient: usize| {
                (1..=2)
                    .map(|one| {
                        (
                            format!("2.25.{}{}{one}", site.len(), patient + 100),
                            4 + patient % 3,
                        )
                    })
                    .collect()
            };
            (0..count)
                .map(|patient| (format!("{site}{patient:02}"), series(patient)))
                .collect()
        };
        let build = |site: usize, patients: &[(String, Vec<(String, usize)>)]| {
            let series: Vec<Vec<(&str, usize)>> = patients
                .iter()
                .map(|(_, series)| {
                    series
                        .iter()
                        .map(|(uid, count)| (uid.as_str(), *count))
                        .collect()
                })
                .collect();
            let patients: Vec<Patient<'_>> = patients
                .iter()
                .zip(&series)
                .map(|((name, _), series)| (name.as_str(), series.as_slice()))
                .collect();
            self.bundle(site, 1, &patients, Compression::default())
        };
        vec![build(0, &names("A", 10)), build(1, &names("BB", 5))]
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn tool() -> ToolReference {
    ToolReference {
        name: "cloakroom".into(),
        version: "0.1.0".into(),
    }
}

/// Everything that a test may want to change.
struct Wish<'a> {
    track: &'a Track,
    bundles: &'a [VerifiedBundle],
    version: &'a str,
    previous: Option<&'a VerifiedRelease>,
    withdrawn: &'a [&'a str],
    waivers: &'a [Waiver],
    /// The files that hold the waivers.
    waiver_files: &'a [(String, Vec<u8>)],
}

impl<'a> Wish<'a> {
    fn first(house: &'a House, bundles: &'a [VerifiedBundle]) -> Self {
        Self {
            track: &house.track,
            bundles,
            version: "1.0.0",
            previous: None,
            withdrawn: &[],
            waivers: &[],
            waiver_files: &[],
        }
    }

    fn build(&self, house: &House, name: &str) -> Result<PathBuf, ReleaseError> {
        let withdrawals: Vec<_> = self
            .withdrawn
            .iter()
            .map(|patient| Withdrawal {
                patient: (*patient).into(),
                reason: WithdrawalReason::Consent,
                version: String::new(),
                date: None,
            })
            .collect();
        let mut evidence = self.waiver_files.to_vec();
        evidence.push(("proofs.jsonl".into(), b"{}\n".to_vec()));
        let input = ReleaseInput {
            track: self.track,
            bundles: self.bundles,
            version: &self.version.parse().unwrap(),
            date: "2026-11-23".parse().unwrap(),
            previous: self.previous,
            withdrawals: &withdrawals,
            waivers: self.waivers,
            surveys: &NO_SURVEYS,
            evidence: &evidence,
            replaced: &Replaced::new(),
            tool: &tool(),
            sealed: None,
            mirrors: &[
                "https://a.example/lung/".to_owned(),
                "https://b.example".to_owned(),
            ],
            limits: ShardLimits {
                target: 40_000,
                maximum: 160_000,
            },
        };
        build(&input, &house.out(name), &house.organiser)
    }

    fn verified(&self, house: &House, name: &str) -> VerifiedRelease {
        open(&self.build(house, name).unwrap())
    }
}

/// A small release, for tests that replace what lies in it.
pub(super) fn any_release() -> VerifiedRelease {
    let house = house();
    let bundles = house.bundles();
    Wish::first(&house, &bundles).verified(&house, "any")
}

fn faults(root: &Path) -> Vec<Fault> {
    verify(root, Trust::Nobody, &NoWitness).faults
}

fn open(root: &Path) -> VerifiedRelease {
    assert_eq!(faults(root), []);
    verify(root, Trust::Nobody, &NoWitness)
        .into_release()
        .unwrap()
}

fn list(release: &VerifiedRelease) -> Digest {
    release.checked.tagmanifest
}

fn text(release: &VerifiedRelease, file: &str) -> String {
    fs::read_to_string(release.root().join(file)).unwrap()
}

#[test]
fn a_release_holds_what_the_bundles_hold_and_says_so() {
    let house = house();
    let bundles = house.bundles();
    let release = Wish::first(&house, &bundles).verified(&house, "r1");
    let manifest = release.manifest();
    assert!(manifest.conservation.holds());
    assert_eq!(manifest.counts.patients, 15);
    assert_eq!(
        manifest.conservation.released.count,
        manifest.conservation.in_bundles.count
    );
    let of_splits: u64 = manifest
        .splits
        .values()
        .map(|side| side.counts.patients)
        .sum();
    assert_eq!(of_splits, 15);
    assert!(manifest.shards.len() > 3);
    assert!(
        manifest
            .shards
            .iter()
            .all(|shard| shard.since == Some("1.0.0".parse().unwrap()))
    );
    assert_eq!(manifest.bundles.len(), 2);
    for file in [
        "evidence/GX01-d0001/log.jsonl",
        "evidence/GX02-d0001/bundle.json",
        "evidence/GX02-d0001/tagmanifest-sha256.txt.minisig",
        "evidence/proofs.jsonl",
        "evidence/checks.csv",
        "DUA.txt",
        "LICENSE.txt",
        "CITATION.cff",
    ] {
        assert!(release.root().join(file).is_file(), "{file}");
    }
    let copied = release.root().join("evidence/GX01-d0001");
    let signature = fs::read_to_string(copied.join("tagmanifest-sha256.txt.minisig")).unwrap();
    let signed = fs::read(copied.join(TAG_MANIFEST)).unwrap();
    assert!(house.keys[0].public().check(&signed, &signature).is_some());
    let package = Package::open(release.root()).unwrap();
    let out = house.out("plain");
    assert_eq!(
        extract(&package, Extract::All, &out).unwrap().files,
        manifest.counts.instances
    );
    let content = slice("BB04", "2.25.21042", 3).1;
    assert_eq!(
        fs::read(out.join("BB04/2.25.21042/0004.dcm")).unwrap(),
        content
    );
    assert!(text(&release, "README.md").contains("| all | 15 |"));
    assert!(text(&release, "README.zh.md").contains("| all | 15 |"));
}

#[test]
fn frames_are_copied_and_bytes_do_not_depend_on_order_or_threads() {
    let house = house();
    let mut bundles = house.bundles();
    let first = Wish::first(&house, &bundles).verified(&house, "r1");
    for shard in &first.index().shards {
        let file = fs::read(first.root().join(shard.path())).unwrap();
        for block in &shard.blocks {
            let copied = &file[block.offset as usize..(block.offset + block.length) as usize];
            let expected = bundles
                .iter()
                .find_map(|bundle| bundle.checked.blocks.get(&block.series));
            assert_eq!(Some(&Digest::of(copied)), expected);
        }
    }
    bundles.reverse();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let second = pool.install(|| Wish::first(&house, &bundles).verified(&house, "r2"));
    assert_eq!(list(&first), list(&second));
    assert_eq!(
        text(&first, crate::bag::SIGNATURE),
        text(&second, crate::bag::SIGNATURE)
    );
}

#[test]
fn shards_and_sides_are_frozen_and_who_is_withdrawn_is_gone() {
    let house = house();
    let mut bundles = house.bundles();
    let first = Wish::first(&house, &bundles).verified(&house, "r1");
    let more: &[Patient<'_>] = &[("C1", &[("2.25.901", 5)]), ("A03", &[("2.25.903", 6)])];
    bundles.push(house.bundle(0, 2, more, Compression::default()));
    let second = Wish {
        version: "1.1.0",
        previous: Some(&first),
        withdrawn: &["A07"],
        ..Wish::first(&house, &bundles)
    }
    .verified(&house, "r2");
    let (old, new) = (first.index(), second.index());
    assert!(!new.patients.contains_key("A07") && new.patients.contains_key("C1"));
    for (patient, place) in &new.patients {
        if let Some(before) = old.patients.get(patient) {
            assert_eq!(place, before, "{patient}");
        }
    }
    let held = |shard: &crate::ShardEntry| shard.blocks.iter().any(|block| block.patient == "A07");
    let names = |index: &Index| -> BTreeSet<String> {
        index.shards.iter().map(crate::ShardEntry::path).collect()
    };
    let untouched: BTreeSet<String> = old
        .shards
        .iter()
        .filter(|shard| !held(shard))
        .map(crate::ShardEntry::path)
        .collect();
    assert!(untouched.is_subset(&names(new)) && !untouched.is_empty());
    for shard in old.shards.iter().filter(|shard| held(shard)) {
        assert!(!names(new).contains(&shard.path()));
    }
    let since: BTreeSet<String> = second
        .manifest()
        .shards
        .iter()
        .filter_map(|shard| shard.since.clone())
        .map(|version| version.to_string())
        .collect();
    assert_eq!(since, ["1.0.0".to_owned(), "1.1.0".to_owned()].into());
    assert_eq!(
        second.manifest().conservation.withdrawn.count,
        bundles[0]
            .index()
            .shards
            .iter()
            .filter(|shard| held(shard))
            .flat_map(|shard| &shard.blocks)
            .map(|block| block.members.len() as u64)
            .sum::<u64>()
    );
    assert!(text(&second, "withdrawn.csv").contains("A07,consent,1.1.0,2026-11-23"));
    assert!(
        text(&second, "changes.csv").contains("A07,2.25.11071,")
            && text(&second, "changes.csv").contains("withdrawn: consent")
    );
    assert!(text(&second, "version-map.csv").contains(",unchanged,"));
    assert!(!text(&second, "sides.csv").contains("A07"));
    assert!(text(&second, "CHANGELOG.md").contains("## 1.0.0"));
    // The bundle that holds the patient is still there, and nobody mentions the withdrawal again.
    let third = Wish {
        version: "1.1.1",
        previous: Some(&second),
        ..Wish::first(&house, &bundles)
    }
    .verified(&house, "r3");
    assert!(!third.index().patients.contains_key("A07"));
    assert_eq!(names(third.index()), names(new));
    assert_eq!(text(&third, "changes.csv").lines().count(), 1);
    assert!(text(&third, "withdrawn.csv").contains("A07,consent,1.1.0,2026-11-23"));
}

#[test]
fn a_later_delivery_supersedes_and_a_series_of_two_deliveries_is_packed_as_one() {
    let house = house();
    let early = house.bundle(
        0,
        1,
        &[("A1", &[("2.25.11", 3)]), ("A2", &[("2.25.12", 4)])],
        Compression::default(),
    );
    let late = house.bundle(0, 2, &[("A1", &[("2.25.11", 5)])], Compression::None);
    let bundles = [late, early];
    let release = Wish::first(&house, &bundles).verified(&house, "r1");
    let conservation = &release.manifest().conservation;
    assert_eq!(
        (conservation.in_bundles.count, conservation.released.count),
        (12, 9)
    );
    assert_eq!(conservation.reasons["not-selected: superseded"].count, 3);
    let block = release.index().find_series("2.25.11").unwrap().1;
    assert_eq!(block.members.len(), 5);
}

#[test]
fn rules_and_checks_leave_out_and_a_waiver_lets_in() {
    let mut house = house();
    house.track.select.instances.min = Some(4);
    house
        .track
        .checks
        .insert(CheckName::SpacingPresent, Severity::Block);
    house
        .track
        .checks
        .insert(CheckName::SquareMatrix, Severity::Warn);
    house
        .track
        .checks
        .insert(CheckName::PositionPresent, Severity::Block);
    let bundles = [house.bundle(
        0,
        1,
        &[
            ("A1", &[("2.25.11", 3), ("2.25.12", 9)]),
            ("A2", &[("2.25.13", 5)]),
        ],
        Compression::default(),
    )];
    let release = Wish::first(&house, &bundles).verified(&house, "r1");
    let reasons = &release.manifest().conservation.reasons;
    assert_eq!(reasons["not-selected: instances-per-series"].count, 3);
    assert_eq!(reasons["released"].count, 14);
    // Requiring what no series has stops every study, unless somebody signs for one of them.
    house
        .track
        .checks
        .insert(CheckName::RequiredComplete, Severity::Block);
    house.track.required = vec![crate::track::Requirement {
        name: "flair".into(),
        description: vec!["flair".into()],
        ..crate::track::Requirement::default()
    }];
    let wish = Wish::first(&house, &bundles);
    assert!(matches!(
        wish.build(&house, "r2"),
        Err(ReleaseError::NothingSelected)
    ));
    let (board, _) = SigningKey::generate(None).unwrap();
    house.track.waiver_signers = vec![crate::track::WaiverSigner {
        name: "board-1".into(),
        key: board.public().clone(),
    }];
    let waiver = r#"{"cloakroom_waiver":1,"track":"lung","signer":"board-1","waivers":[
        {"check":"required-complete","about":"A2","reason":"a second reading confirmed it"}]}"#;
    let waiver = waiver.replace("lung", house.track.id.as_str());
    let signature = board.sign(waiver.as_bytes(), "waiver");
    let (track, signers) = (&house.track.id, &house.track.waiver_signers);
    let waivers = read_waivers(waiver.as_bytes(), &signature, track, signers).unwrap();
    let waiver_files = [
        ("waivers/0001.json".into(), waiver.into_bytes()),
        ("waivers/0001.json.minisig".into(), signature.into_bytes()),
    ];
    let wish = Wish {
        waivers: &waivers,
        ..Wish::first(&house, &bundles)
    };
    // A waiver that nobody has signed in the release is seen by whoever verifies it.
    let kinds: Vec<_> = faults(&wish.build(&house, "unsigned").unwrap())
        .into_iter()
        .map(|fault| fault.kind)
        .collect();
    assert_eq!(kinds, [crate::FaultKind::WaiverWrong]);
    let release = Wish {
        waiver_files: &waiver_files,
        ..wish
    }
    .verified(&house, "r3");
    let manifest = release.manifest();
    assert_eq!(
        manifest.conservation.reasons["blocked: required-complete"].count,
        9
    );
    assert_eq!(manifest.counts.instances, 5);
    let check = manifest
        .checks
        .iter()
        .find(|check| check.check == "required-complete")
        .unwrap();
    assert_eq!((check.findings, check.waived), (2, 1));
    assert!(text(&release, "evidence/checks.csv").contains("board-1"));
}

#[test]
fn compression_is_the_tracks_and_not_the_bundles() {
    let mut house = house();
    for (number, wanted) in [
        crate::track::TrackCompression::None,
        crate::track::TrackCompression::Zstd,
    ]
    .into_iter()
    .enumerate()
    {
        house.track.compression = wanted;
        for (other, compression) in [Compression::None, Compression::default()]
            .into_iter()
            .enumerate()
        {
            let bundles = [house.bundle(
                0,
                1 + number as u32,
                &[("A1", &[("2.25.11", 3), ("2.25.12", 9)])],
                compression,
            )];
            let release =
                Wish::first(&house, &bundles).verified(&house, &format!("r{number}{other}"));
            assert_eq!(release.manifest().counts.instances, 12);
            assert_eq!(
                release.manifest().compression,
                Compression::from(wanted).name()
            );
        }
    }
}

#[test]
fn what_should_not_be_built_is_refused() {
    let house = house();
    let bundles = house.bundles();
    let mut other = house.track.clone();
    other.sites[1].keys = vec![house.organiser.public().clone()];
    let wish = Wish {
        track: &other,
        ..Wish::first(&house, &bundles)
    };
    assert!(matches!(
        wish.build(&house, "x"),
        Err(ReleaseError::SiteNotTrusted { .. })
    ));
    let mut other = house.track.clone();
    other.id = "breast".parse().unwrap();
    let wish = Wish {
        track: &other,
        ..Wish::first(&house, &bundles)
    };
    assert!(matches!(
        wish.build(&house, "x"),
        Err(ReleaseError::OtherTrack { .. })
    ));
    let copies = [
        house.bundle(0, 5, &[("A1", &[("2.25.11", 3)])], Compression::default()),
        house.bundle(0, 5, &[("A1", &[("2.25.11", 3)])], Compression::None),
    ];
    assert!(matches!(
        Wish::first(&house, &copies).build(&house, "x"),
        Err(ReleaseError::DeliveryTwice { .. })
    ));
    let shared = [
        house.bundle(0, 6, &[("A1", &[("2.25.11", 3)])], Compression::default()),
        house.bundle(1, 6, &[("A1", &[("2.25.19", 3)])], Compression::default()),
    ];
    assert!(matches!(
        Wish::first(&house, &shared).build(&house, "x"),
        Err(ReleaseError::PatientAtTwoSites(_))
    ));
    let first = Wish::first(&house, &bundles).verified(&house, "r1");
    let again = Wish {
        previous: Some(&first),
        ..Wish::first(&house, &bundles)
    };
    assert!(matches!(
        again.build(&house, "x"),
        Err(ReleaseError::VersionNotNewer { .. })
    ));
    let fewer = Wish {
        previous: Some(&first),
        version: "2.0.0",
        ..Wish::first(&house, &bundles[..1])
    };
    assert!(matches!(
        fewer.build(&house, "x"),
        Err(ReleaseError::BundleMissing { count: 1, .. })
    ));
    assert!(!house.out("x").exists());
}

#[test]
fn a_bundle_that_changes_after_its_check_stops_the_build() {
    for compression in [Compression::default(), Compression::None] {
        let mut house = house();
        house.track.compression = match compression {
            Compression::None => crate::track::TrackCompression::None,
            Compression::Zstd(_) => crate::track::TrackCompression::Zstd,
        };
        let bundles = [house.bundle(
            0,
            1,
            &[("A1", &[("2.25.11", 3), ("2.25.12", 9)])],
            compression,
        )];
        let path = bundles[0].root().join(bundles[0].index().shards[0].path());
        let mut bytes = fs::read(&path).unwrap();
        bytes[100] ^= 1;
        fs::write(&path, bytes).unwrap();
        let result = Wish::first(&house, &bundles).build(&house, "r");
        let refused = matches!(
            result,
            Err(ReleaseError::Pack(
                PackError::ChangedAfterCheck { .. } | PackError::Io { .. }
            ))
        );
        assert!(refused, "{result:?}");
        assert!(!house.out("r").exists());
    }
}

#[test]
fn a_patient_moved_to_another_side_is_found_even_when_signed_again() {
    let house = house();
    let bundles = house.bundles();
    let root = Wish::first(&house, &bundles).build(&house, "r1").unwrap();
    for table in ["patients", "studies", "series"] {
        let path = root.join(format!("data/tables/{table}.csv"));
        let moved = |line: &str| match line.starts_with("A03,") {
            true => line
                .replace(",train,", ",?,")
                .replace(",val,", ",?,")
                .replace(",test,", ",?,")
                .replace(",?,", ",elsewhere,"),
            false => line.to_owned(),
        };
        let text: Vec<_> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(moved)
            .collect();
        fs::write(&path, text.join("\n") + "\n").unwrap();
    }
    crate::testing::reseal(&root, &house.organiser);
    let found = faults(&root);
    assert!(
        found
            .iter()
            .any(|fault| fault.kind == FaultKind::PatientOnTwoSides),
        "{found:?}"
    );
}

#[test]
fn a_purged_version_is_incomplete_and_says_why() {
    let house = house();
    let bundles = house.bundles();
    let root = Wish::first(&house, &bundles).build(&house, "r1").unwrap();
    let whom = BTreeSet::from(["A07".to_owned()]);
    assert!(purge(&root, &whom, &house.keys[0]).is_err());
    let purged = purge(&root, &whom, &house.organiser).unwrap();
    assert_eq!(purged.len(), 1);
    assert!(!root.join(&purged[0]).exists());
    let report = verify(&root, Trust::Nobody, &NoWitness);
    assert_eq!(report.only_purged(), Some(1), "{:?}", report.faults);
    assert_eq!(report.faults[0].file, purged[0]);
    assert!(report.package.is_none());
    assert_eq!(purge(&root, &whom, &house.organiser).unwrap(), purged);
    // Nobody else can declare that something was purged.
    let list = root.join(PURGED);
    let more = format!(
        "{}{}  data/train/x.tar\n",
        fs::read_to_string(&list).unwrap(),
        Digest::of(b"")
    );
    fs::write(&list, more).unwrap();
    let report = verify(&root, Trust::Nobody, &NoWitness);
    assert_eq!(report.only_purged(), None);
    assert!(
        report
            .faults
            .iter()
            .any(|fault| fault.kind == FaultKind::SignatureWrong)
    );
    assert!(
        report
            .faults
            .iter()
            .any(|fault| fault.kind == FaultKind::FileMissing)
    );
}

#[test]
fn a_download_list_has_what_the_older_version_lacks() {
    let house = house();
    let mut bundles = house.bundles();
    let first = Wish::first(&house, &bundles).verified(&house, "r1");
    bundles.push(house.bundle(0, 2, &[("C1", &[("2.25.901", 5)])], Compression::default()));
    let second = Wish {
        version: "1.1.0",
        previous: Some(&first),
        ..Wish::first(&house, &bundles)
    }
    .verified(&house, "r2");
    let files = second.checked.files.len();
    let shards = second.manifest().shards.len();
    let whole = text(&second, "post/download.aria2.txt");
    assert_eq!(whole.matches("checksum=sha-256=").count(), files);
    let update = text(&second, "post/update-from-1.0.0.aria2.txt");
    assert_eq!(
        update.matches("checksum=sha-256=").count(),
        files - shards + 1,
        "{update}"
    );
    let shard = second.index().find_series("2.25.901").unwrap().0;
    let wanted = format!(
        "https://a.example/lung/{0}\thttps://b.example/{0}\n  out={0}\n  checksum=sha-256={1}\n",
        shard.path(),
        shard.sha256
    );
    assert!(update.contains(&wanted));
    let curl = text(&second, "post/update-from-1.0.0.curl.txt");
    let resumed = curl.matches("continue-at").count();
    assert_eq!(resumed, 1, "{curl}");
    let signature = text(&second, "post/download.aria2.txt.minisig");
    let key = house.organiser.public();
    assert!(key.check(whole.as_bytes(), &signature).is_some());
}

#[test]
fn a_version_is_built_from_the_one_before_and_what_is_new() {
    let house = house();
    let mut bundles = house.bundles();
    let first = Wish::first(&house, &bundles).verified(&house, "r1");
    let more = [house.bundle(0, 2, &[("C1", &[("2.25.901", 5)])], Compression::default())];
    let carried = Wish {
        version: "1.1.0",
        previous: Some(&first),
        withdrawn: &["A07"],
        ..Wish::first(&house, &more)
    }
    .verified(&house, "carried");
    bundles.extend(more);
    let whole = Wish {
        version: "1.1.0",
        previous: Some(&first),
        withdrawn: &["A07"],
        ..Wish::first(&house, &bundles)
    }
    .verified(&house, "whole");
    assert_eq!(carried.index(), whole.index());
    let told = |release: &VerifiedRelease| {
        let manifest = release.manifest();
        (
            manifest.conservation.clone(),
            manifest.bundles.clone(),
            manifest.counts,
        )
    };
    assert_eq!(told(&carried), told(&whole));
    for file in ["evidence/GX02-d0001/log.jsonl", "evidence/checks-1.0.0.csv"] {
        assert!(carried.root().join(file).is_file(), "{file}");
    }
    let removed = text(&carried, "removed.txt");
    let held = |shard: &&crate::ShardEntry| shard.blocks.iter().any(|block| block.patient == "A07");
    let gone: Vec<String> = first
        .index()
        .shards
        .iter()
        .filter(held)
        .map(crate::ShardEntry::path)
        .collect();
    assert_eq!(removed.lines().collect::<Vec<_>>(), gone);
    let nothing: [VerifiedBundle; 0] = [];
    let third = Wish {
        version: "1.1.1",
        previous: Some(&carried),
        withdrawn: &["BB02"],
        ..Wish::first(&house, &nothing)
    }
    .verified(&house, "third");
    assert!(!third.index().patients.contains_key("BB02"));
    assert!(text(&third, "removed.txt").contains(&gone[0]));
    assert_eq!(third.manifest().earlier.len(), 2);
    assert!(third.manifest().conservation.holds());
    for (patient, place) in &third.index().patients {
        assert_eq!(carried.index().patients.get(patient), Some(place));
    }
}

fn sound(root: &Path, command: &str) -> (bool, String) {
    let output = Command::new("sh")
        .current_dir(root)
        .args(["-c", command])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Other people's tools on a release. `mlcroissant` may be named by `CLOAKROOM_MLCROISSANT`.
#[test]
fn standard_tools_accept_a_release() {
    let house = house();
    let bundles = house.bundles();
    let root = Wish::first(&house, &bundles).build(&house, "r1").unwrap();
    let croissant = std::env::var("CLOAKROOM_MLCROISSANT").unwrap_or_else(|_| "mlcroissant".into());
    let key = house.organiser.public();
    let schema = "import json,jsonschema;jsonschema.validate(json.load(open('release.json')),json.load(open('release.schema.json')))";
    let tools = [
        ("sha256sum", "sha256sum -c --quiet manifest-sha256.txt && sha256sum -c --quiet tagmanifest-sha256.txt".to_owned()),
        ("minisign", format!("minisign -V -P {key} -m tagmanifest-sha256.txt")),
        ("bagit.py", "bagit.py --validate .".to_owned()),
        ("tar", "set -e; for s in data/*/dicom/*.tar.zst; do tar --zstd -tf $s; done".to_owned()),
        ("zstd", "zstd -tq data/*/dicom/*.tar.zst".to_owned()),
        ("python3 -c 'import jsonschema' && command -v python3", format!("python3 -c \"{schema}\"")),
        (croissant.as_str(), format!("{croissant} validate --jsonld croissant.json && {croissant} load --jsonld croissant.json --record_set series --num_records 3")),
    ];
    for (tool, command) in &tools {
        let probe = if tool.contains(' ') {
            (*tool).to_owned()
        } else {
            format!("command -v {tool}")
        };
        if !sound(&root, &probe).0 {
            eprintln!("{tool} is not installed; its judgement is skipped");
            continue;
        }
        let (accepted, text) = sound(&root, command);
        assert!(accepted, "{tool}: {text}");
    }
}
