//! The archive for hospitals, which have no cargo and no network.

use crate::run::{cargo, fresh_folder, output, step};
use crate::{models, target_dir, workspace_root};
use anyhow::{Context, Result, ensure};
use cloakroom_core::Digest;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The C library is linked in, and random numbers come from the kernel's call: a static program cannot look the call up
/// in a library, and a bare root has no device for it.
const STATIC: &str = "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\"";

/// Makes the archive, its checksum and its signature in `out`.
pub fn run(key: Option<&Path>, out: &Path, prove_it: bool) -> Result<()> {
    let out = workspace_root().join(out);
    let archive = make(key, &out)?;
    eprintln!("wrote {}", archive.display());
    if prove_it {
        prove(&archive)?;
    }
    eprintln!(
        "check it with: minisign -V -p cloakroom-dist.pub -m {}",
        name()?
    );
    Ok(())
}

fn name() -> Result<String> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(workspace_root())
        .no_deps()
        .exec()?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "cloakroom");
    let version = &package.context("the package cloakroom is missing")?.version;
    Ok(format!("cloakroom-{version}-linux-x86_64.tar.gz"))
}

/// Builds the archive and returns where it stands.
fn make(key: Option<&Path>, out: &Path) -> Result<PathBuf> {
    let name = name()?;
    let models = models::require()?;
    let program = build_static()?;
    let scratch = fresh_folder(&target_dir(), "dist-scratch")?;
    let root = scratch.join(name.trim_end_matches(".tar.gz"));
    fill(&root, &program, &models)?;
    fs::create_dir_all(out)?;
    let archive = out.join(&name);
    pack(&scratch, &root, &archive)?;
    fs::remove_dir_all(&scratch)?;
    sign(key, out, &archive)?;
    Ok(archive)
}

/// Builds the program with the C library linked in, so that it runs on any Linux of this processor.
fn build_static() -> Result<PathBuf> {
    let status = Command::new(cargo())
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "cloakroom",
            "--target",
            TARGET,
        ])
        .env("RUSTFLAGS", STATIC)
        .current_dir(workspace_root())
        .status()?;
    ensure!(status.success(), "the static build failed");
    let program = target_dir().join(TARGET).join("release").join("cloakroom");
    let linked = output("ldd", &[&program.to_string_lossy()]).unwrap_or_default();
    ensure!(
        !linked.contains("=>"),
        "the program still needs shared libraries:\n{linked}"
    );
    Ok(program)
}

fn fill(root: &Path, program: &Path, models: &Path) -> Result<()> {
    fs::create_dir_all(root)?;
    fs::copy(program, root.join("cloakroom"))?;
    step(program, &["manual", &root.to_string_lossy()])?;
    copy_folder(models, &root.join("models"))?;
    copy_folder(&workspace_root().join("profiles"), &root.join("profiles"))?;
    copy_folder(&workspace_root().join("docs"), &root.join("docs"))?;
    for file in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "NOTICE",
    ] {
        fs::copy(workspace_root().join(file), root.join(file))
            .with_context(|| format!("{file} is missing"))?;
    }
    let mut sums = String::new();
    for file in list(root)? {
        let digest = Digest::of(&fs::read(root.join(&file))?);
        sums.push_str(&format!("{digest}  {}\n", file.display()));
    }
    fs::write(root.join("SHA256SUMS"), sums)?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in list(from)? {
        let target = to.join(&file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(from.join(&file), target)?;
    }
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in
            fs::read_dir(&inner).with_context(|| format!("{} is missing", inner.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder)?.to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn pack(scratch: &Path, root: &Path, archive: &Path) -> Result<()> {
    let name = root
        .file_name()
        .context("the folder has no name")?
        .to_string_lossy();
    let (scratch, archive) = (scratch.to_string_lossy(), archive.to_string_lossy());
    let arguments = [
        "--create",
        "--gzip",
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--file",
        &archive,
        "--directory",
        &scratch,
        &name,
    ];
    step("tar", &arguments)
}

fn sign(key: Option<&Path>, out: &Path, archive: &Path) -> Result<()> {
    let (public, secret) = match key {
        Some(path) => read_key(path)?,
        None => {
            let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair()?;
            (pk, sk)
        }
    };
    let bytes = fs::read(archive)?;
    let name = archive
        .file_name()
        .context("the archive has no name")?
        .to_string_lossy();
    let comment = format!("file:{name}");
    let signature = minisign::sign(
        Some(&public),
        &secret,
        Cursor::new(bytes),
        Some(&comment),
        Some("Cloakroom"),
    )?;
    fs::write(
        archive.with_file_name(format!("{name}.minisig")),
        signature.to_string(),
    )?;
    fs::write(out.join("cloakroom-dist.pub"), public.to_box()?.to_string())?;
    Ok(())
}

fn read_key(path: &Path) -> Result<(PublicKey, SecretKey)> {
    let secret = SecretKeyBox::from_string(&fs::read_to_string(path)?)?;
    let secret = secret
        .into_unencrypted_secret_key()
        .context("the key has a password; give one without")?;
    let public = PublicKey::from_secret_key(&secret)?;
    Ok((public, secret))
}

/// Unpacks the archive into an empty root and runs the demo there, with nothing else in sight.
fn prove(archive: &Path) -> Result<()> {
    let scratch = fresh_folder(&target_dir(), "dist-root")?;
    fs::create_dir_all(scratch.join("tmp"))?;
    let arguments = [
        "--extract",
        "--gzip",
        "--strip-components=1",
        "--file",
        &archive.to_string_lossy(),
        "--directory",
        &scratch.to_string_lossy(),
    ];
    step("tar", &arguments)?;
    let root = scratch.to_string_lossy();
    let inside = [
        "--map-root-user",
        "chroot",
        &*root,
        "/cloakroom",
        "demo",
        "/tmp/hospital",
    ];
    let proved = step("unshare", &inside)
        .or_else(|_| step("chroot", &[&root, "/cloakroom", "demo", "/tmp/hospital"]));
    fs::remove_dir_all(&scratch)?;
    proved
}
