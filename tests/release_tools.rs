//! Other people's tools check, load, update and convert a release, and say so when it was damaged.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A house with `zstd`, a release of it, `plain`, the same as plain tar, and `newer`, which is `zstd` without a patient.
/// The mirror of all is a server on the port that the house keeps free.
struct Releases {
    house: House,
    port: u16,
}

fn releases() -> &'static Releases {
    static RELEASES: OnceLock<Releases> = OnceLock::new();
    RELEASES.get_or_init(|| {
        let house = House::build("release_tools");
        let room = &house.room;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        run(&["init", &room.text("office"), "--organiser"]).expect(&[DONE]);
        let track = fs::read_to_string(workspace().join("profiles/tracks/generic.yaml")).unwrap();
        let plain = track.replace("compression: zstd", "compression: none");
        assert_ne!(track, plain);
        fs::write(room.path("zstd.yaml"), track).unwrap();
        fs::write(room.path("plain.yaml"), plain).unwrap();
        let build = |command: &[&str], out: &str, version: &str| {
            let (path, office, key) = (
                room.text(out),
                room.text("office"),
                room.text("site/GX01.pub"),
            );
            let mirror = format!("http://127.0.0.1:{port}/{out}");
            let with = [
                "--version",
                version,
                "--date",
                DATE,
                "--out",
                &path,
                "--organiser",
                &office,
                "--trust",
                &key,
                "--mirror",
                &mirror,
            ];
            run(&[command, &with[..]].concat()).expect(&[DONE]);
        };
        let bundle = room.text("bundle");
        for kind in ["zstd", "plain"] {
            let track = room.text(&format!("{kind}.yaml"));
            build(&["release", "build", &track, &bundle], kind, "1.0.0");
        }
        // What a participant has stays whole while the organiser's own is purged.
        copy(&room.path("zstd"), &room.path("purged"));
        let patients = fs::read_to_string(room.path("zstd/data/tables/patients.csv")).unwrap();
        let patient = patients.lines().nth(1).unwrap().split(',').next().unwrap();
        let (track, previous) = (room.text("zstd.yaml"), room.text("purged"));
        let withdraw = [
            "release",
            "withdraw",
            "--patient",
            patient,
            "--reason",
            "quality",
        ];
        let from = ["--track", &track, "--previous", &previous];
        build(&[&withdraw[..], &from].concat(), "newer", "1.0.1");
        Releases { house, port }
    })
}

fn release(name: &str) -> PathBuf {
    releases().house.room.path(name)
}

/// A copy of a release in a room of its own, for damage.
fn damaged(name: &str) -> (Room, PathBuf) {
    let room = Room::new();
    let path = room.path("release");
    copy(&release(name), &path);
    (room, path)
}

fn shards(root: &Path) -> Vec<PathBuf> {
    let files = files(root).into_iter();
    files
        .filter(|file| file.to_string_lossy().contains(".tar"))
        .filter(|file| file.starts_with("data"))
        .collect()
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(path, bytes).unwrap();
}

#[track_caller]
fn content(command: &mut Command) -> String {
    let (well, said) = judged(command);
    assert!(well, "{command:?}\n{said}");
    said
}

fn program_of(python: &Path, name: &str) -> PathBuf {
    python.with_file_name(name)
}

/// Runs a Python text in a folder.
fn script(python: &Path, folder: &Path, code: &str) -> (bool, String) {
    judged(
        Command::new(python)
            .args(["-c", code])
            .current_dir(folder)
            .env("HF_DATASETS_OFFLINE", "1")
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HOME", folder.parent().unwrap().join("hub"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

#[test]
fn the_readme_can_be_followed_word_for_word() {
    if tool("minisign").is_none() || tool("zstd").is_none() {
        return;
    }
    for (name, unpacked) in [("zstd", "unpacked-zstd"), ("plain", "unpacked-plain")] {
        let room = &releases().house.room;
        let (out, root) = (room.path(unpacked), release(name));
        fs::create_dir_all(&out).unwrap();
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        let before_updates = readme.split("## Update it").next().unwrap();
        let mut ran = 0;
        for block in before_updates.split("```sh\n").skip(1) {
            let commands = block.split("```").next().unwrap();
            if commands.contains("find * -type f") {
                continue;
            }
            let commands = commands.replace("/some/folder", out.to_str().unwrap());
            let mut shell = Command::new("bash");
            shell
                .args(["-euo", "pipefail", "-c", &commands])
                .current_dir(&root)
                .env("PYTHONDONTWRITEBYTECODE", "1");
            if let Some(python) = python(&["zstandard"]) {
                let folder = python.parent().unwrap().to_string_lossy().into_owned();
                let path = std::env::var("PATH").unwrap();
                shell.env("PATH", format!("{folder}:{path}"));
            }
            content(&mut shell);
            ran += 1;
        }
        assert!(ran >= 3, "{ran}");
        // The content digest of a shard is that of what tar wrote.
        let shard = &shards(&root)[0];
        let one = room.path(&format!("one-{name}"));
        fs::create_dir_all(&one).unwrap();
        let unpack = if name == "zstd" {
            "--zstd"
        } else {
            "--no-same-owner"
        };
        content(
            Command::new("tar")
                .args([unpack, "-xf"])
                .arg(root.join(shard))
                .arg("-C")
                .arg(&one),
        );
        let digest = content(
            Command::new("bash")
                .args([
                    "-c",
                    "find * -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum",
                ])
                .current_dir(&one),
        );
        let statement = fs::read_to_string(root.join("release.json")).unwrap();
        assert!(
            statement.contains(digest.split(' ').next().unwrap()),
            "{digest}"
        );
    }
}

#[test]
fn bagit_sees_what_changed_and_what_was_added() {
    let Some(python) = python(&["bagit"]) else {
        return;
    };
    let code = "import bagit; bagit.Bag('.').validate()";
    for name in ["zstd", "plain", "newer"] {
        let (well, said) = script(&python, &release(name), code);
        assert!(well, "{name}: {said}");
    }
    let (_room, path) = damaged("zstd");
    flip(&path.join(&shards(&path)[0]));
    assert!(!script(&python, &path, code).0);
    let (_room, path) = damaged("zstd");
    fs::write(path.join("data/train/extra.txt"), "x").unwrap();
    assert!(!script(&python, &path, code).0);
    let (_room, path) = damaged("zstd");
    fs::remove_file(path.join("data/tables/series.parquet")).unwrap();
    assert!(!script(&python, &path, code).0);
}

#[test]
fn schemas_and_croissant_are_valid_and_tables_load() {
    let Some(python) = python(&["mlcroissant", "check_jsonschema"]) else {
        return;
    };
    for name in ["plain", "newer"] {
        let root = release(name);
        content(
            Command::new(program_of(&python, "check-jsonschema"))
                .args(["--schemafile", "release.schema.json", "release.json"])
                .current_dir(&root),
        );
        let croissant = program_of(&python, "mlcroissant");
        content(
            Command::new(&croissant)
                .args(["validate", "--jsonld", "croissant.json"])
                .current_dir(&root),
        );
        let said = content(
            Command::new(&croissant)
                .args([
                    "load",
                    "--jsonld",
                    "croissant.json",
                    "--record_set",
                    "series",
                    "--num_records",
                    "3",
                ])
                .current_dir(&root),
        );
        assert!(said.contains("series/patient"), "{said}");
    }
    let (_room, path) = damaged("zstd");
    let text = fs::read_to_string(path.join("release.json")).unwrap();
    fs::write(
        path.join("release.json"),
        text.replace("\"patients\"", "\"people\""),
    )
    .unwrap();
    let mut command = Command::new(program_of(&python, "check-jsonschema"));
    command
        .args(["--schemafile", "release.schema.json", "release.json"])
        .current_dir(&path);
    assert!(!judged(&mut command).0);
    let text = fs::read_to_string(path.join("croissant.json")).unwrap();
    fs::write(
        path.join("croissant.json"),
        text.replace("\"sha256\"", "\"sha\""),
    )
    .unwrap();
    let mut command = Command::new(program_of(&python, "mlcroissant"));
    command
        .args(["validate", "--jsonld", "croissant.json"])
        .current_dir(&path);
    assert!(!judged(&mut command).0);
}

#[test]
fn parquet_says_what_csv_says_to_three_readers() {
    let Some(python) = python(&["pyarrow", "pandas", "duckdb"]) else {
        return;
    };
    let code = "
import csv, duckdb, pandas, pyarrow.parquet as parquet
for table in ['patients', 'studies', 'series', 'instances']:
    with open(f'data/tables/{table}.csv', newline='') as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]
    read = parquet.read_table(f'data/tables/{table}.parquet')
    assert read.column_names == header, table
    assert read.num_rows == len(rows) > 0, table
    def same(text, value):
        if value is None: return text == ''
        return float(text) == value if isinstance(value, (int, float)) else text == value
    for row, told in zip(rows, read.to_pylist()):
        assert all(same(text, told[name]) for name, text in zip(header, row)), (table, row)
    assert len(pandas.read_parquet(f'data/tables/{table}.parquet')) == len(rows)
    assert len(pandas.read_csv(f'data/tables/{table}.csv')) == len(rows)
counted = duckdb.sql(\"select count(*), sum(size) from 'data/tables/instances.parquet'\").fetchall()[0]
total = sum(int(row['bytes']) for row in csv.DictReader(open('data/tables/series.csv', newline='')))
assert counted[1] == total, counted
print('rows', counted[0])
";
    for name in ["zstd", "plain"] {
        let (well, said) = script(&python, &release(name), code);
        assert!(well && said.contains("rows"), "{said}");
    }
    // Signed or not, a table in Parquet that says something else is found.
    let (room, path) = damaged("zstd");
    fs::copy(
        path.join("data/tables/studies.parquet"),
        path.join("data/tables/patients.parquet"),
    )
    .unwrap();
    let answer = run(&["--json", "verify", path.to_str().unwrap()]).expect(&[CHECK_FAILED]);
    assert!(answer.out.contains("table-contradicts"), "{}", answer.out);
    drop(room);
}

#[test]
fn webdataset_and_the_hub_load_what_they_can() {
    let Some(python) = python(&["webdataset", "pydicom"]) else {
        return;
    };
    let count = |name: &str| {
        let table = fs::read_to_string(release(name).join("data/tables/instances.csv")).unwrap();
        table.lines().count() - 1
    };
    let code = |shards: &str| {
        format!(
            "
import glob, io, pydicom, webdataset
samples = 0
for sample in webdataset.WebDataset({shards}, shardshuffle=False):
    pydicom.dcmread(io.BytesIO(sample['dcm']), stop_before_pixels=True)
    assert sample['__key__'].count('/') == 2
    samples += 1
print('samples', samples)
"
        )
    };
    let plain = code("sorted(glob.glob('data/*/dicom/*.tar'))");
    let (well, said) = script(&python, &release("plain"), &plain);
    assert!(
        well && said.contains(&format!("samples {}", count("plain"))),
        "{said}"
    );
    if tool("zstd").is_some() {
        let piped = code(
            "['pipe:zstd -dcq ' + path for path in sorted(glob.glob('data/*/dicom/*.tar.zst'))]",
        );
        let (well, said) = script(&python, &release("zstd"), &piped);
        assert!(
            well && said.contains(&format!("samples {}", count("zstd"))),
            "{said}"
        );
    }
    let Some(python) = python_with_datasets() else {
        return;
    };
    let code = "
import datasets, glob, os
sides = [side for side in ['train', 'val', 'test'] if glob.glob(f'data/{side}/dicom/*.tar')]
loaded = datasets.load_dataset(os.getcwd())
assert sorted(loaded) == sorted(sides), (loaded, sides)
print('samples', sum(len(side) for side in loaded.values()), loaded['train'].column_names)
";
    let (well, said) = script(&python, &release("plain"), code);
    assert!(
        well && said.contains(&format!("samples {}", count("plain"))),
        "{said}"
    );
    let code = "
import datasets, os
for name in ['series', 'instances', 'studies', 'patients']:
    loaded = datasets.load_dataset(os.getcwd(), name)
    print(name, len(loaded['release']))
";
    let (well, said) = script(&python, &release("zstd"), code);
    assert!(
        well && said.contains(&format!("instances {}", count("zstd"))),
        "{said}"
    );
}

fn python_with_datasets() -> Option<PathBuf> {
    python(&["datasets"])
}

/// A plain file server with byte ranges, which ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(python: &Path, folder: &Path, port: u16) -> Server {
    let code = format!(
        "
import functools, http.server, RangeHTTPServer
kind = functools.partial(RangeHTTPServer.RangeRequestHandler, directory={folder:?})
kind.log_message = lambda *_: None
server = http.server.ThreadingHTTPServer(('127.0.0.1', {port}), kind)
print(server.server_address[1], flush=True)
server.serve_forever()
"
    );
    let mut child = Command::new(python)
        .args(["-c", &code])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim(), port.to_string());
    Server(child)
}

#[test]
fn one_series_is_one_range_and_an_update_fetches_what_is_new() {
    let Some(python) = python(&["RangeHTTPServer", "zstandard"]) else {
        return;
    };
    let (port, room) = (releases().port, &releases().house.room);
    let _server = serve(&python, &room.path(""), port);
    let curl = tool("curl");
    for name in ["zstd", "plain"] {
        let table = fs::read_to_string(release(name).join("data/tables/series.csv")).unwrap();
        let row: Vec<&str> = table.lines().last().unwrap().split(',').collect();
        let number = |from_end: usize| row[row.len() - from_end].parse::<u64>().unwrap();
        let (series, shard) = (row[2], row[row.len() - 5]);
        let (offset, length) = (number(4), number(3));
        let part = room.path(&format!("part-{name}"));
        if let Some(curl) = &curl {
            content(
                Command::new(curl)
                    .args(["--silent", "--fail", "--range"])
                    .arg(format!("{offset}-{}", offset + length - 1))
                    .arg(format!("http://127.0.0.1:{port}/{name}/{shard}"))
                    .arg("--output")
                    .arg(&part),
            );
            assert_eq!(fs::metadata(&part).unwrap().len(), length);
            let list = if name == "zstd" { "zstd -dcq" } else { "cat" };
            let listed = content(
                Command::new("bash")
                    .args(["-c", &format!("{list} {} | tar -tf -", part.display())]),
            );
            assert!(
                listed.lines().all(|member| member.contains(series)),
                "{listed}"
            );
        }
        // The loader does the same, and checks what came.
        let out = room.path(&format!("fetched-{name}"));
        content(
            Command::new(&python)
                .arg(release(name).join("cloakroom_loader.py"))
                .args([
                    "fetch",
                    &format!("http://127.0.0.1:{port}/{name}"),
                    series,
                    "--out",
                ])
                .arg(&out)
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        );
        assert!(!files(&out).is_empty());
    }
    let updaters = [("aria2c", "aria2"), ("curl", "curl")];
    for (program, kind) in updaters {
        let Some(program) = tool(program) else {
            continue;
        };
        let copy_of = room.path(&format!("updated-by-{kind}"));
        copy(&release("zstd"), &copy_of);
        let list = release("newer").join(format!("post/update-from-1.0.0.{kind}.txt"));
        let mut command = Command::new(program);
        match kind {
            "aria2" => command
                .args([
                    "-c",
                    "-V",
                    "--allow-overwrite=true",
                    "--auto-file-renaming=false",
                    "-q",
                    "-i",
                ])
                .arg(&list),
            _ => command.arg("--config").arg(&list),
        };
        content(command.current_dir(&copy_of));
        content(
            Command::new(&python)
                .arg("cloakroom_loader.py")
                .args(["update", "."])
                .current_dir(&copy_of)
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        );
        fs::remove_dir_all(copy_of.join("post")).unwrap();
        let mut expected = contents(&release("newer"));
        expected.retain(|path, _| !path.starts_with("post"));
        assert!(contents(&copy_of) == expected, "{kind}");
    }
}

#[test]
fn the_loader_reads_checks_and_goes_on() {
    let Some(python) = python(&["zstandard", "pydicom", "numpy"]) else {
        return;
    };
    let code = "
import sys
sys.path.insert(0, '.')
import cloakroom_loader as loader
release = loader.Release('.')
assert release.check() == 0
rows = list(release.table('series'))
seen = [series.series for series in release.series(done='../done.txt')]
assert seen == [row['series'] for row in rows] and len(seen) > 3
assert list(release.series(done='../done.txt')) == []
open('../done.txt', 'w').write(' '.join(seen[:2]))
assert [series.series for series in release.series(done='../done.txt')] == seen[2:]
files = sum(len(series.files()) for series in release.series())
assert files == sum(int(row['instances']) for row in rows)
volumes = 0
for series in release.series(wanted=lambda row: row['modality'] == 'CT' and int(row['instances']) > 2):
    volume = series.volume()
    assert volume.ndim == 3 and len(volume) == int(series.instances)
    volumes += 1
assert volumes > 0
for side in {row['split'] for row in rows}:
    assert {series.split for series in release.series(split=side)} == {side}
print('files', files)
";
    for name in ["zstd", "plain"] {
        let (_room, path) = damaged(name);
        let (well, said) = script(&python, &path, code);
        assert!(well && said.contains("files"), "{said}");
        let check = "
import sys
sys.path.insert(0, '.')
import cloakroom_loader as loader
release = loader.Release('.')
assert release.check(report=lambda line: None) == 1
wrong = 0
for series in release.series():
    try:
        series.files()
    except Exception:
        wrong += 1
assert wrong == 1, wrong
";
        let table = fs::read_to_string(path.join("data/tables/series.csv")).unwrap();
        let row: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
        let number = |from_end: usize| row[row.len() - from_end].parse::<usize>().unwrap();
        let shard = path.join(row[row.len() - 5]);
        let mut bytes = fs::read(&shard).unwrap();
        // A byte of the first object and not of the padding behind it.
        let place = number(4) + if name == "zstd" { number(3) / 2 } else { 700 };
        bytes[place] ^= 1;
        fs::write(&shard, bytes).unwrap();
        let (well, said) = script(&python, &path, check);
        assert!(well, "{said}");
        fs::write(path.join("data/tables/series.csv"), "series\n").unwrap();
        let (well, said) = script(
            &python,
            &path,
            "import sys; sys.path.insert(0, '.'); import cloakroom_loader as l; list(l.Release('.').series())",
        );
        assert!(!well && said.contains("Damaged"), "{said}");
    }
}

#[test]
fn dcm2niix_makes_volumes_with_a_list() {
    let Some(python) = python(&["zstandard"]) else {
        return;
    };
    if tool("dcm2niix").is_none() {
        return;
    }
    let room = &releases().house.room;
    for (layout, list) in [("monai", "datalist.json"), ("nnunet", "dataset.json")] {
        let out = room.path(layout);
        let mut command = Command::new(&python);
        command
            .arg("cloakroom_loader.py")
            .args([layout, ".", "--out"])
            .arg(&out)
            .current_dir(release("zstd"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().unwrap();
        assert!(
            matches!(output.status.code(), Some(DONE | NEEDS_PERSON)),
            "{output:?}"
        );
        let text = fs::read_to_string(out.join(list)).unwrap();
        let volumes = files(&out)
            .into_iter()
            .filter(|file| file.to_string_lossy().ends_with(".nii.gz"))
            .count();
        assert!(volumes > 0, "{text}");
        if layout == "monai" {
            assert_eq!(text.matches(".nii.gz").count(), volumes);
        }
    }
}
