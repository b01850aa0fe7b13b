//! Other people's tools open what the kit writes. Each test says so when its tool is absent.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its own files should stop there"
)]

use cloakroom_testkit::{Hospital, Size, fixtures};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A clean object and its file, in a folder that goes away.
fn clean_files(folder: &Path) -> Vec<PathBuf> {
    let golden = folder.join("golden");
    std::fs::create_dir_all(&golden).unwrap();
    let mut files = Vec::new();
    for file in fixtures::golden() {
        let path = golden.join(format!("{}.dcm", file.name));
        std::fs::write(&path, file.file.bytes()).unwrap();
        files.push(path);
    }
    let hospital = folder.join("hospital");
    let truth = Hospital::write(&hospital, Size::Tiny, 7).unwrap();
    for file in truth.files {
        let intact =
            !file.what.contains("ends in the middle") && !file.what.contains("private SOP Class");
        let dicom = file.sop_instance.is_some() || file.what == "a DICOMDIR";
        if file.member.is_none() && dicom && intact {
            files.push(hospital.join(file.path));
        }
    }
    assert!(files.len() > 60, "{}", files.len());
    files.extend(labelled_files(folder));
    files
}

/// One image of each kind of the labelled set, where the feature is on.
#[cfg(feature = "labelled")]
fn labelled_files(folder: &Path) -> Vec<PathBuf> {
    let write = |number| {
        let image = cloakroom_testkit::labelled::image(1, number);
        let path = folder.join(format!("{}.dcm", image.name));
        std::fs::write(&path, image.file.bytes()).unwrap();
        path
    };
    (0..8).map(write).collect()
}

#[cfg(not(feature = "labelled"))]
fn labelled_files(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

#[test]
fn dciodvfy_reports_no_errors() {
    if Command::new("dciodvfy").arg("-version").output().is_err() {
        println!("dciodvfy (Debian: dicom3tools) is absent: not checked");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut errors = Vec::new();
    // Debian's build inflates nothing, and knows no GBK: what it says of these two is not about them.
    let beyond = ["ct-deflated.dcm", "name-gbk.dcm"];
    for path in clean_files(folder.path()) {
        if beyond.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let output = Command::new("dciodvfy").arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let found = text.lines().filter(|line| line.starts_with("Error"));
        errors.extend(found.map(|line| format!("{}: {line}", path.display())));
    }
    assert!(errors.is_empty(), "{errors:#?}");
}

const PYTHON: &str = r#"
import sys, warnings
import pydicom
warnings.simplefilter("error")
for path in sys.argv[1:]:
    dataset = pydicom.dcmread(path)
    for element in dataset.iterall():
        str(element)
    syntax = dataset.file_meta.TransferSyntaxUID
    if "PixelData" in dataset and (not syntax.is_compressed or syntax == pydicom.uid.RLELossless):
        dataset.pixel_array
    # pydicom leaves the escapes of ISO 2022 IR 58 in what it decodes.
    name = str(dataset.get("PatientName", "")).replace("\x1b$)A", "")
    print(path.rsplit("/", 1)[-1][:-4], name, sep="\t")
"#;

#[test]
fn pydicom_opens_everything_and_reads_the_names() {
    let present = Command::new("python3")
        .args(["-c", "import pydicom, numpy"])
        .output();
    if !present.is_ok_and(|output| output.status.success()) {
        println!("pydicom is absent: not checked");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = clean_files(folder.path());
    let output = Command::new("python3")
        .args(["-c", PYTHON])
        .args(&files)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = String::from_utf8(output.stdout).unwrap();
    for file in fixtures::golden() {
        let name = file
            .file
            .dataset
            .text_of(dicom_dictionary_std::tags::PATIENT_NAME)
            .unwrap();
        assert!(
            read.contains(&format!("{}\t{name}\n", file.name)),
            "{}: {name}",
            file.name
        );
    }
}

#[test]
fn djpeg_decodes_the_frames() {
    if Command::new("djpeg").arg("-version").output().is_err() {
        println!("djpeg (Debian: libjpeg-turbo-progs) is absent: not checked");
        return;
    }
    use cloakroom_testkit::dicom::jpeg::{JpegColour, encode_frame, with_segment};
    let folder = tempfile::tempdir().unwrap();
    let pixels: Vec<u8> = (0..64 * 48 * 3).map(|index| (index % 251) as u8).collect();
    for (name, colour) in [("444", JpegColour::Ybr444), ("422", JpegColour::Ybr422)] {
        let path = folder.path().join(name);
        std::fs::write(
            &path,
            with_segment(&encode_frame(&pixels, 64, 48, colour, 90), 0xFE, b"comment"),
        )
        .unwrap();
        let output = Command::new("djpeg")
            .arg("-pnm")
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success() && output.stdout.starts_with(b"P6\n64 48\n"));
    }
}
