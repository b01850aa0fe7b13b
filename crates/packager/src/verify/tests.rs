//! Every kind of tampering is done, and must be told by name.

use super::*;
use crate::bag;
use crate::testing::{TWO_PATIENTS, bundle_facts, reseal, write_bundle, write_package};
use crate::{Compression, SigningKey};
use std::fs;
use std::process::Command;

struct Scene {
    _folder: tempfile::TempDir,
    root: PathBuf,
    key: SigningKey,
}

fn scene(compression: Compression) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = SigningKey::generate(None).unwrap();
    let root = folder.path().join("bundle");
    write_package(&root, &key, bundle_facts(), TWO_PATIENTS, compression);
    Scene {
        root,
        key,
        _folder: folder,
    }
}

fn check(root: &Path) -> Report {
    verify(root, Trust::Nobody, &NoWitness)
}

fn kinds(report: &Report) -> Vec<FaultKind> {
    report.faults.iter().map(|fault| fault.kind).collect()
}

fn edit(root: &Path, file: &str, change: impl Fn(&mut Vec<u8>)) {
    let path = root.join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Replaces text in a file and signs everything again, as a forger with a key of his own would.
fn forge(scene: &Scene, key: &SigningKey, changes: &[(&str, &str, &str)]) {
    for (file, from, to) in changes {
        edit(&scene.root, file, |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(from), "{file} has {from}");
            *bytes = text.replacen(from, to, 1).into_bytes();
        });
    }
    reseal(&scene.root, key);
}

fn shards(root: &Path) -> Vec<String> {
    let list = fs::read_dir(root.join("data/shards")).unwrap();
    let mut names: Vec<_> = list
        .map(|entry| {
            format!(
                "data/shards/{}",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_bundle_as_written_is_without_fault() {
    for compression in [Compression::None, Compression::default()] {
        let scene = scene(compression);
        let report = check(&scene.root);
        assert_eq!(report.faults, []);
        assert_eq!(report.signer, Signer::Unknown(scene.key.public().clone()));
        let keys = [scene.key.public().clone()];
        let report = verify(&scene.root, Trust::Keys(&keys), &NoWitness);
        assert_eq!(report.signer, Signer::Trusted(keys[0].clone()));
        assert_eq!(report.counts.instances, 9);
        assert_eq!(report.counts, report.statement.as_ref().unwrap().counts());
        let bundle = report.into_bundle().unwrap();
        assert_eq!(bundle.index().shards.len(), 2);
        let compressed = usize::from(compression != Compression::None);
        assert_eq!(bundle.checked.blocks.len(), 3 * compressed);
    }
}

#[test]
fn a_release_is_not_made_from_a_bundle_with_a_fault() {
    let scene = scene(Compression::default());
    fs::write(scene.root.join("evidence/log.jsonl"), b"{ }\n").unwrap();
    let report = check(&scene.root);
    assert_eq!(kinds(&report), [FaultKind::FileChanged]);
    assert_eq!(report.faults[0].file, "evidence/log.jsonl");
    assert!(report.into_bundle().is_none());
}

#[test]
fn every_flipped_bit_of_every_file_is_seen() {
    for compression in [Compression::None, Compression::default()] {
        let scene = scene(compression);
        for file in Folder::list(&scene.root).paths() {
            let bytes = fs::read(scene.root.join(&file)).unwrap();
            let steps = (bytes.len() / 9).max(1);
            for at in (0..bytes.len()).step_by(steps) {
                edit(&scene.root, &file, |bytes| bytes[at] ^= 1);
                let report = check(&scene.root);
                // The first line of a signature file is a comment that nobody signs.
                let unsigned = file == bag::SIGNATURE && !bytes[..at].contains(&b'\n');
                assert!(unsigned || !report.is_consistent(), "{file} at {at}");
                fs::write(scene.root.join(&file), &bytes).unwrap();
            }
        }
        assert!(check(&scene.root).is_consistent());
    }
}

#[test]
fn files_that_vanish_appear_or_are_links_are_named() {
    let scene = scene(Compression::default());
    let shard = shards(&scene.root)[0].clone();
    let aside = scene.root.with_file_name("aside");
    fs::rename(scene.root.join(&shard), &aside).unwrap();
    let report = check(&scene.root);
    assert!(
        kinds(&report).contains(&FaultKind::FileMissing),
        "{:?}",
        report.faults
    );
    assert!(report.faults.iter().any(|fault| fault.file == shard));
    std::os::unix::fs::symlink(&aside, scene.root.join(&shard)).unwrap();
    assert!(kinds(&check(&scene.root)).contains(&FaultKind::NotAFile));
    fs::remove_file(scene.root.join(&shard)).unwrap();
    fs::rename(&aside, scene.root.join(&shard)).unwrap();
    for extra in ["data/shards/more.csv", "notes.txt", "evidence/more.jsonl"] {
        fs::write(scene.root.join(extra), b"x").unwrap();
        let report = check(&scene.root);
        assert_eq!(kinds(&report), [FaultKind::FileExtra], "{extra}");
        assert_eq!(report.faults[0].file, extra);
        fs::remove_file(scene.root.join(extra)).unwrap();
    }
    fs::create_dir(scene.root.join("post")).unwrap();
    assert_eq!(kinds(&check(&scene.root)), [FaultKind::FileExtra]);
    fs::write(scene.root.join("post/known-issues.json"), b"{}").unwrap();
    assert_eq!(kinds(&check(&scene.root)), [FaultKind::FileExtra]);
    fs::remove_dir_all(scene.root.join("post")).unwrap();
    assert!(check(&scene.root).is_consistent());
    fs::remove_file(scene.root.join(bag::SIGNATURE)).unwrap();
    assert_eq!(kinds(&check(&scene.root)), [FaultKind::SignatureMissing]);
}

#[test]
fn a_renamed_cut_or_swapped_shard_is_named() {
    let scene = scene(Compression::default());
    let names = shards(&scene.root);
    let bytes: Vec<_> = names
        .iter()
        .map(|name| fs::read(scene.root.join(name)).unwrap())
        .collect();
    fs::write(scene.root.join(&names[0]), &bytes[1]).unwrap();
    fs::write(scene.root.join(&names[1]), &bytes[0]).unwrap();
    let report = check(&scene.root);
    for name in &names {
        let seen = |kind| {
            report
                .faults
                .iter()
                .any(|fault| fault.kind == kind && &fault.file == name)
        };
        assert!(
            seen(FaultKind::FileChanged)
                && (seen(FaultKind::MemberUnexpected) || seen(FaultKind::FrameBroken)),
            "{:?}",
            report.faults
        );
    }
    fs::write(scene.root.join(&names[0]), &bytes[0][..bytes[0].len() / 2]).unwrap();
    fs::write(scene.root.join(&names[1]), &bytes[1]).unwrap();
    let report = check(&scene.root);
    assert!(
        kinds(&report).contains(&FaultKind::SizeWrong),
        "{:?}",
        report.faults
    );
    fs::write(scene.root.join(&names[0]), &bytes[0]).unwrap();
    let other = names[0].replace("-000000-", "-000007-");
    fs::rename(scene.root.join(&names[0]), scene.root.join(&other)).unwrap();
    let report = check(&scene.root);
    let at = |file: &str| {
        report
            .faults
            .iter()
            .filter(|fault| fault.file == file)
            .count()
    };
    assert!(at(&names[0]) > 0 && at(&other) > 0, "{:?}", report.faults);
}

#[test]
fn another_signer_is_consistent_but_not_trusted() {
    let scene = scene(Compression::default());
    let keys = [SigningKey::generate(None).unwrap().0.public().clone()];
    let report = verify(&scene.root, Trust::Keys(&keys), &NoWitness);
    assert_eq!(kinds(&report), [FaultKind::SignerNotTrusted]);
    assert_eq!(report.signer, Signer::Unknown(scene.key.public().clone()));
    let (other, _) = SigningKey::generate(None).unwrap();
    reseal(&scene.root, &other);
    assert_eq!(kinds(&check(&scene.root)), [FaultKind::SignatureWrong]);
}

#[test]
fn what_a_forger_signs_again_is_still_told_by_name() {
    use FaultKind as K;
    let digest = Digest::of(&crate::testing::slice("P1", "2.25.11", 0).1).to_string();
    let zeros = "0".repeat(64);
    type Edit<'a> = (&'a str, &'a str, &'a str);
    let cases: &[(&[Edit<'_>], &[K])] = &[
        (
            &[("bundle.json", "\"instances\": 9", "\"instances\": 8")],
            &[K::CountsWrong],
        ),
        (
            &[("bundle.json", "\"members\": 5", "\"members\": 6")],
            &[K::CountsWrong],
        ),
        (
            &[(
                "bundle.json",
                "\"delivery\": 1",
                "\"delivery\": 1, \"more\": 1",
            )],
            &[K::StatementMalformed],
        ),
        (
            &[(
                "bundle.json",
                "\"cloakroom_bundle\": 1",
                "\"cloakroom_bundle\": 2",
            )],
            &[K::FormatUnknown],
        ),
        (
            &[("data/tables/instances.csv", &digest, &zeros)],
            &[K::ContentDigestWrong, K::MemberChanged],
        ),
        (
            &[("data/tables/instances.csv", "CHEST", "BRAIN")],
            &[K::TableContradicts],
        ),
        (
            &[("data/tables/patients.csv", "GX01", "GX02")],
            &[K::TableContradicts],
        ),
        (
            &[(
                "data/tables/instances.csv",
                "P1/2.25.11/0001.dcm",
                "P1/2.25.11/0009.dcm",
            )],
            &[
                K::ContentDigestWrong,
                K::MemberMisnamed,
                K::MemberUnexpected,
            ],
        ),
        (
            &[("data/tables/instances.csv", "sha256", "sha512")],
            &[K::TableMalformed],
        ),
        (
            &[("bag-info.txt", "Payload-Oxum: ", "Payload-Oxum: 1")],
            &[K::CountsWrong],
        ),
        (&[("bagit.txt", "1.0", "9.9")], &[K::NotAPackage]),
    ];
    for (changes, wanted) in cases {
        let scene = scene(Compression::default());
        forge(&scene, &scene.key, changes);
        let report = check(&scene.root);
        for kind in *wanted {
            assert!(
                kinds(&report).contains(kind),
                "{changes:?}: {:?}",
                report.faults
            );
        }
        assert!(report.package.is_none());
    }
}

#[test]
fn a_member_added_dropped_or_changed_in_a_resealed_plain_shard_is_named() {
    use FaultKind as K;
    let scene = scene(Compression::None);
    let shard = shards(&scene.root)[0].clone();
    let original = fs::read(scene.root.join(&shard)).unwrap();
    let more = crate::ustar::header("P1/2.25.12/0003.dcm", 0).unwrap();
    let end = original.len() - 1024;
    let added = [&original[..end], &more, &original[end..]].concat();
    let mut pixel = original.clone();
    pixel[600] ^= 1;
    let cases = [
        (added, K::ArchiveEndWrong),
        (original[512 + 1024..].to_vec(), K::MemberUnexpected),
        (pixel, K::MemberChanged),
        (
            [original.clone(), vec![0; 512]].concat(),
            K::ArchiveEndWrong,
        ),
    ];
    for (bytes, wanted) in cases {
        fs::write(scene.root.join(&shard), bytes).unwrap();
        reseal(&scene.root, &scene.key);
        let report = check(&scene.root);
        assert!(
            kinds(&report).contains(&wanted),
            "{wanted:?}: {:?}",
            report.faults
        );
    }
}

#[test]
fn any_garbage_in_a_shard_is_a_fault_and_no_panic() {
    let scene = scene(Compression::default());
    let shard = shards(&scene.root)[0].clone();
    let bomb = zstd::encode_all(&vec![0_u8; 50 << 20][..], 3).unwrap();
    let inputs = [
        vec![],
        vec![0xff; 100],
        bomb,
        b"\x28\xb5\x2f\xfd".repeat(50),
    ];
    for bytes in inputs {
        fs::write(scene.root.join(&shard), bytes).unwrap();
        let report = check(&scene.root);
        assert!(report.faults.iter().any(|fault| fault.file == shard));
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(kinds(&check(empty.path())).contains(&FaultKind::NotAPackage));
    assert!(!check(&empty.path().join("nothing")).is_consistent());
}

#[test]
fn a_witness_sees_every_byte_of_every_member() {
    struct Counting(std::sync::Mutex<BTreeMap<String, usize>>);
    struct One(String);
    impl Witness for Counting {
        fn open(&self, member: &MemberEntry) -> Option<Box<dyn MemberWitness>> {
            self.0.lock().unwrap().insert(member.name.clone(), 1);
            Some(Box::new(One(member.name.clone())))
        }
        fn close(&self, _: &Path, _: &Statement) -> Vec<Fault> {
            vec![
                Fault::new(FaultKind::Witness, "evidence/log.jsonl")
                    .because("a leaf has no object"),
            ]
        }
    }
    impl MemberWitness for One {
        fn bytes(&mut self, _: &[u8]) {}
        fn end(self: Box<Self>, _: &Digest) -> Vec<String> {
            match self.0.ends_with("2.25.21/0002.dcm") {
                true => vec!["no record has this digest".into()],
                false => Vec::new(),
            }
        }
    }
    let scene = scene(Compression::default());
    let witness = Counting(std::sync::Mutex::default());
    let report = verify(&scene.root, Trust::Nobody, &witness);
    assert_eq!(witness.0.lock().unwrap().len(), 9);
    assert_eq!(report.faults.len(), 2);
    assert_eq!(
        report.faults[0].member.as_deref(),
        Some("P22/2.25.21/0002.dcm")
    );
    assert_eq!(report.counts.instances, 8);
    assert!(report.package.is_none());
}

fn installed(tool: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {tool}")])
        .output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("{tool} is not installed; its judgement is skipped");
    }
    found
}

fn run(root: &Path, command: &str) -> (bool, String) {
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

/// The commands of the README, and the tools that other people trust, on a bundle and on a damaged one.
#[test]
fn standard_tools_agree() {
    for compression in [Compression::None, Compression::default()] {
        let scene = scene(compression);
        let key = scene.key.public();
        let list = match compression {
            Compression::None => "tar -tf",
            Compression::Zstd(_) => "tar --zstd -tf",
        };
        let mut commands = vec![
            ("sha256sum", "sha256sum -c --quiet manifest-sha256.txt && sha256sum -c --quiet tagmanifest-sha256.txt".to_owned(), true),
            ("minisign", format!("minisign -V -P {key} -m tagmanifest-sha256.txt"), false),
            ("bagit.py", "bagit.py --validate .".to_owned(), true),
            ("tar", format!("set -e; for s in data/shards/*.tar*; do {list} $s; done"), compression != Compression::None),
        ];
        if compression != Compression::None {
            commands.push(("zstd", "zstd -t -q data/shards/*.tar.zst".to_owned(), true));
        }
        for (tool, command, _) in commands.iter().filter(|(tool, ..)| installed(tool)) {
            let (sound, text) = run(&scene.root, command);
            assert!(sound, "{tool}: {text}");
        }
        if installed("tar") {
            let script = format!(
                "set -e; mkdir ../out; {} data/shards/*-000001-*.tar* -C ../out; cd ../out; find * -type f -exec sha256sum {{}} + | LC_ALL=C sort | sha256sum",
                list.replace("-tf", "-xf")
            );
            let (sound, text) = run(&scene.root, &script);
            assert!(sound, "{text}");
            let statement = check(&scene.root).statement.unwrap();
            let digest = statement.shards()[1].content_sha256.to_string();
            assert_eq!(text.split_whitespace().next(), Some(digest.as_str()));
        }
        edit(&scene.root, &shards(&scene.root)[0], |bytes| {
            bytes[if compression == Compression::None {
                600
            } else {
                200
            }] ^= 1
        });
        for (tool, command, sees) in commands.iter().filter(|(tool, ..)| installed(tool)) {
            assert_eq!(!run(&scene.root, command).0, *sees, "{tool}");
        }
    }
}

/// The published schema accepts what is written and refuses what is not of the format.
#[test]
fn the_json_schema_accepts_the_statement() {
    if !run(Path::new("."), "python3 -c 'import jsonschema'").0 {
        eprintln!("the Python package jsonschema is not installed; its judgement is skipped");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = SigningKey::generate(None).unwrap();
    let root = write_bundle(&folder.path().join("b"), &key);
    let script = "python3 -c \"import json,jsonschema;jsonschema.validate(json.load(open('bundle.json')),json.load(open('bundle.schema.json')))\"";
    let (sound, text) = run(&root, script);
    assert!(sound, "{text}");
    edit(&root, "bundle.json", |bytes| {
        *bytes = String::from_utf8(bytes.clone())
            .unwrap()
            .replace("\"track\"", "\"trakc\"")
            .into_bytes();
    });
    assert!(!run(&root, script).0);
}
