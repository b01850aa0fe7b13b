//! `release seal` and `release reveal`: labels of the test side that are committed to now and shown later.

use super::organisers_folder_key;
use crate::verdict::{Report, Verdict};
use crate::{Failure, files, packing};
use cloakroom_audit::{MerkleTree, leaf_hash};
use cloakroom_core::{Digest, Hasher};
use cloakroom_packager::release::{COMMITMENT, Commitment, SEALED_LABELS, SealedLabels};
use cloakroom_packager::{Package, Statement};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

/// The list of nonces inside the archive, `NONCE  NAME` a line.
const NONCES: &str = "nonces.txt";
/// The folder of the labels inside the archive.
const LABELS: &str = "labels/";
/// What `reveal` shows, and its signature.
const REVEALED: &str = "post/test-labels.tar";
/// Fewer people than this who can open the labels is one accident away from losing them.
const FEWEST_RECIPIENTS: usize = 2;

/// What `release seal` is asked for.
pub struct SealSettings {
    /// A release, or a draft of it, that says who is on the test side.
    pub release: PathBuf,
    /// Tables with a column `patient`, and folders of `PATIENT/FILE`.
    pub labels: Vec<PathBuf>,
    /// Public keys of age, or files that hold them.
    pub recipients: Vec<String>,
    /// The folder to write.
    pub out: PathBuf,
}

/// What was sealed.
#[derive(Debug, Serialize)]
pub struct SealReport {
    /// The folder, for `release build --sealed`.
    pub sealed: PathBuf,
    /// The root that is committed to.
    pub root: Digest,
    /// Labels.
    pub labels: u64,
    /// Patients with a label.
    pub patients: u64,
    /// Patients on the test side without one.
    pub without_label: u64,
    /// Labels that are not of the test side, and were left as they are.
    pub not_of_test_side: u64,
}

impl Report for SealReport {
    fn verdict(&self) -> Verdict {
        match self.without_label {
            0 => Verdict::Done,
            _ => Verdict::NeedsPerson,
        }
    }
}

/// A label before it is sealed: its name, `PATIENT/FILE`, and where its bytes are.
enum Content {
    Text(Vec<u8>),
    File(PathBuf),
}

/// Encrypts the labels of the test side and commits to them.
///
/// # Errors
/// If there are fewer than two recipients, a label belongs to nobody in the release, there is none at all, or the
/// folder is taken.
pub fn seal(settings: &SealSettings) -> Result<SealReport, Failure> {
    let recipients = recipients(&settings.recipients)?;
    let package = Package::open(&settings.release).map_err(packing::failure)?;
    let Statement::Release(manifest) = package.statement() else {
        return Err(Failure::wrong_use("this is a bundle and no release").at(&settings.release));
    };
    let index = package.full_index().map_err(packing::failure)?;
    let sides: BTreeMap<&str, bool> = index
        .patients
        .iter()
        .map(|(patient, place)| (patient.as_str(), place.split == "test"))
        .collect();
    let all = collect(&settings.labels)?;
    if let Some(name) = all
        .keys()
        .find(|name| !sides.contains_key(patient_of(name)))
    {
        return Err(Failure::wrong_use(
            "a label is of a patient who is not in the release; nothing was sealed",
        )
        .detail(name.clone())
        .advise("write released pseudonyms, as data/tables/patients.csv has them"));
    }
    let count = all.len() as u64;
    let labels: BTreeMap<String, Content> = all
        .into_iter()
        .filter(|(name, _)| sides.get(patient_of(name)).copied().unwrap_or_default())
        .collect();
    if labels.is_empty() {
        return Err(Failure::wrong_use("no label is of the test side").at(&settings.release));
    }
    files::require_free(&settings.out)?;
    let fault = |error: io::Error| Failure::io("could not make a folder", &settings.out, &error);
    fs::create_dir_all(&settings.out).map_err(fault)?;
    let ciphertext = settings.out.join(file_name(SEALED_LABELS));
    let root = write_sealed(&labels, &recipients, &ciphertext)?;
    let patients: BTreeSet<String> = labels.keys().map(|name| patient_of(name).into()).collect();
    let commitment = Commitment {
        cloakroom_commitment: 1,
        track: manifest.track.to_string(),
        root,
        labels: labels.len() as u64,
        ciphertext_sha256: digest_of(&ciphertext)?,
        recipients: recipients.iter().map(ToString::to_string).collect(),
        patients,
    };
    let text = serde_json::to_string_pretty(&commitment)
        .map_err(|_| Failure::could_not_run("the commitment could not be written as JSON"))?;
    let path = settings.out.join(file_name(COMMITMENT));
    files::public_file(&path, format!("{text}\n").as_bytes())?;
    let on_test = sides.values().filter(|test| **test).count();
    Ok(SealReport {
        sealed: settings.out.clone(),
        root,
        labels: commitment.labels,
        patients: commitment.patients.len() as u64,
        without_label: (on_test - commitment.patients.len().min(on_test)) as u64,
        not_of_test_side: count - commitment.labels,
    })
}

fn patient_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn digest_of(path: &Path) -> Result<Digest, Failure> {
    let read = |error: io::Error| Failure::io("could not read a file", path, &error);
    let mut hasher = Hashing(Hasher::new());
    let mut file = File::open(path).map_err(read)?;
    io::copy(&mut file, &mut hasher).map_err(read)?;
    Ok(hasher.0.finish())
}

struct Hashing(Hasher);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn recipients(given: &[String]) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let keys = crate::travel::recipients(given)?;
    if keys.len() < FEWEST_RECIPIENTS {
        return Err(Failure::wrong_use(
            "labels are sealed for at least two people, so that one lost key loses no label",
        )
        .advise("give --recipient several times"));
    }
    Ok(keys)
}

/// All labels by name. A table is cut by patient.
fn collect(paths: &[PathBuf]) -> Result<BTreeMap<String, Content>, Failure> {
    let mut labels = BTreeMap::new();
    for path in paths {
        let found = match path.is_dir() {
            true => from_folder(path)?,
            false => from_table(path)?,
        };
        for (name, content) in found {
            if labels.insert(name, content).is_some() {
                return Err(Failure::wrong_use("two labels have the same name").at(path));
            }
        }
    }
    Ok(labels)
}

fn from_folder(root: &Path) -> Result<Vec<(String, Content)>, Failure> {
    let fault = |error: io::Error| Failure::io("could not look into a folder", root, &error);
    let mut folders = vec![root.to_path_buf()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let kind = entry.file_type().map_err(fault)?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let path = entry.path();
            let name = path.strip_prefix(root).ok().and_then(Path::to_str);
            match name {
                Some(name) if kind.is_file() && name.contains('/') && is_plain(name) => {
                    found.push((name.to_owned(), Content::File(path.clone())));
                }
                _ => {
                    return Err(Failure::wrong_use(
                        "a folder of labels holds plain files below a folder for each patient",
                    )
                    .at(&path));
                }
            }
        }
    }
    Ok(found)
}

/// Names go into an archive that others unpack.
fn is_plain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    name.bytes().all(allowed)
        && name.len() <= 90
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

fn from_table(path: &Path) -> Result<Vec<(String, Content)>, Failure> {
    let wrong = |why: &str| Failure::wrong_use(format!("the table of labels {why}")).at(path);
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.filter(|name| is_plain(name));
    let name = name.ok_or_else(|| wrong("has a name with letters that are not plain"))?;
    let text = files::read_text(path)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| wrong("is not CSV"))?.clone();
    let column = header.iter().position(|column| column == "patient");
    let column = column.ok_or_else(|| wrong("has no column `patient`"))?;
    let mut tables: BTreeMap<String, csv::Writer<Vec<u8>>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(&format!("is not CSV: {error}")))?;
        let patient = row.get(column).unwrap_or_default();
        if patient.contains('/') || !is_plain(patient) || patient.is_empty() {
            return Err(wrong("names a patient that is no pseudonym"));
        }
        if !tables.contains_key(patient) {
            let mut table = csv::WriterBuilder::new()
                .terminator(csv::Terminator::Any(b'\n'))
                .from_writer(Vec::new());
            table
                .write_record(&header)
                .map_err(|_| wrong("could not be cut"))?;
            tables.insert(patient.to_owned(), table);
        }
        if let Some(table) = tables.get_mut(patient) {
            table
                .write_record(&row)
                .map_err(|_| wrong("could not be cut"))?;
        }
    }
    tables
        .into_iter()
        .map(|(patient, table)| {
            let text = table.into_inner().map_err(|_| wrong("could not be cut"))?;
            Ok((format!("{patient}/{name}"), Content::Text(text)))
        })
        .collect()
}

/// What is hashed of a label: nonce, name, a zero byte, content.
struct Label {
    bytes: Vec<u8>,
}

impl Label {
    fn new(nonce: &[u8], name: &str) -> Self {
        Self {
            bytes: [nonce, name.as_bytes(), b"\0"].concat(),
        }
    }

    fn leaf(mut self, content: &[u8]) -> Digest {
        self.bytes.extend_from_slice(content);
        leaf_hash(&self.bytes)
    }
}

/// Writes the encrypted archive and returns the root of the labels.
fn write_sealed(
    labels: &BTreeMap<String, Content>,
    recipients: &[age::x25519::Recipient],
    to: &Path,
) -> Result<Digest, Failure> {
    let written = |error: io::Error| Failure::io("could not write sealed labels", to, &error);
    let file = BufWriter::new(File::create(to).map_err(written)?);
    let encryptor = age::Encryptor::with_recipients(
        recipients
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient),
    )
    .map_err(|_| Failure::could_not_run("the labels could not be encrypted"))?;
    let sealed = encryptor.wrap_output(file).map_err(written)?;
    let mut archive = tar::Builder::new(sealed);
    let (mut nonces, mut list) = (Vec::new(), String::new());
    for name in labels.keys() {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce)
            .map_err(|_| Failure::could_not_run("the system gives no random numbers"))?;
        let digits: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        list.push_str(&format!("{digits}  {name}\n"));
        nonces.push(nonce);
    }
    append(&mut archive, NONCES, list.as_bytes()).map_err(written)?;
    let mut tree = MerkleTree::new();
    for ((name, content), nonce) in labels.iter().zip(nonces) {
        let read;
        let content = match content {
            Content::Text(text) => text,
            Content::File(path) => {
                read = fs::read(path)
                    .map_err(|error| Failure::io("could not read a label", path, &error))?;
                &read
            }
        };
        append(&mut archive, &format!("{LABELS}{name}"), content).map_err(written)?;
        tree.push(Label::new(&nonce, name).leaf(content));
    }
    let sealed = archive.into_inner().map_err(written)?;
    let file = sealed.finish().map_err(written)?;
    let file = file
        .into_inner()
        .map_err(|error| written(error.into_error()))?;
    file.sync_all().map_err(written)?;
    Ok(tree.head().root)
}

fn append<W: Write>(archive: &mut tar::Builder<W>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, name, content)
}

/// Reads what `release seal` wrote.
pub(super) fn read(folder: &Path) -> Result<SealedLabels, Failure> {
    let path = folder.join(file_name(COMMITMENT));
    Ok(SealedLabels {
        commitment: parse_commitment(&path)?,
        ciphertext: folder.join(file_name(SEALED_LABELS)),
    })
}

fn parse_commitment(path: &Path) -> Result<Commitment, Failure> {
    serde_json::from_str(&files::read_text(path)?).map_err(|error| {
        Failure::wrong_use(format!("this is no commitment: line {}", error.line())).at(path)
    })
}

/// What was shown, or checked.
#[derive(Debug, Serialize)]
pub struct RevealReport {
    /// The archive with labels and nonces.
    pub revealed: PathBuf,
    /// The root that was committed to, and that the labels lead to.
    pub root: Digest,
    /// Labels.
    pub labels: u64,
    /// Whether they were shown by this call, and not checked only.
    pub shown: bool,
}

impl Report for RevealReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Decrypts the labels of a release, checks them against the commitment, and puts them into `post/`, signed. Without
/// an identity it checks what lies there: anyone can.
///
/// # Errors
/// If nothing is sealed, no identity opens it, or the labels are not those that were committed to.
pub fn reveal(
    release: &Path,
    identities: &[PathBuf],
    organiser: Option<&Path>,
) -> Result<RevealReport, Failure> {
    let package = Package::open(release).map_err(packing::failure)?;
    let path = release.join(COMMITMENT);
    if !package.files().contains_key(COMMITMENT) {
        return Err(Failure::wrong_use("this release has no sealed labels").at(release));
    }
    if package.files().get(COMMITMENT) != Some(&digest_of(&path)?) {
        return Err(
            Failure::check_failed("the commitment is not the one that was signed").at(&path),
        );
    }
    let commitment = parse_commitment(&path)?;
    let target = release.join(REVEALED);
    if identities.is_empty() {
        let file = File::open(&target).map_err(|_| {
            Failure::wrong_use("the labels have not been revealed")
                .at(&target)
                .advise("their holder reveals them with --identity")
        })?;
        check_signature(&package, &target)?;
        check(BufReader::new(file), &commitment)?;
        return Ok(report(target, &commitment, false));
    }
    let organiser = organiser.ok_or_else(|| {
        Failure::wrong_use("what is revealed is signed with the key of the release")
            .advise("name the organiser's folder with --organiser")
    })?;
    let key = organisers_folder_key(organiser)?;
    if key.public() != package.statement().signing_key() {
        return Err(Failure::wrong_use("this is not the key of the release").at(organiser));
    }
    let plain = decrypt(release, identities)?;
    check(plain.as_slice(), &commitment)?;
    let folder = release.join("post");
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::io("could not make a folder", &folder, &error))?;
    let signature = key.sign(&plain, &format!("{REVEALED} revealed {}", commitment.root));
    files::public_file(
        &target.with_added_extension("minisig"),
        signature.as_bytes(),
    )?;
    files::public_file(&target, &plain)?;
    Ok(report(target, &commitment, true))
}

fn report(revealed: PathBuf, commitment: &Commitment, shown: bool) -> RevealReport {
    RevealReport {
        revealed,
        root: commitment.root,
        labels: commitment.labels,
        shown,
    }
}

fn check_signature(package: &Package, target: &Path) -> Result<(), Failure> {
    let bytes = fs::read(target)
        .map_err(|error| Failure::io("could not read the labels", target, &error))?;
    let signature = files::read_text(&target.with_added_extension("minisig"))?;
    let key = package.statement().signing_key();
    match key.check(&bytes, &signature) {
        Some(_) => Ok(()),
        None => {
            Err(Failure::check_failed("the key of the release did not sign the labels").at(target))
        }
    }
}

fn decrypt(release: &Path, identities: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let mut keys = Vec::new();
    for path in identities {
        let wrong = || Failure::wrong_use("this is no file of age identities").at(path);
        let text = path.to_str().ok_or_else(wrong)?.to_owned();
        let file = age::IdentityFile::from_file(text).map_err(|_| wrong())?;
        keys.extend(file.into_identities().map_err(|_| wrong())?);
    }
    let path = release.join(SEALED_LABELS);
    let read = |error: io::Error| Failure::io("could not read sealed labels", &path, &error);
    let closed = |_| {
        Failure::check_failed("none of the identities opens the labels, or they were damaged")
            .at(&path)
    };
    let file = BufReader::new(File::open(&path).map_err(read)?);
    let decryptor = age::Decryptor::new_buffered(file).map_err(closed)?;
    let keys = keys.iter().map(|key| key.as_ref() as &dyn age::Identity);
    let mut opened = decryptor.decrypt(keys).map_err(closed)?;
    let mut plain = Vec::new();
    opened.read_to_end(&mut plain).map_err(read)?;
    Ok(plain)
}

/// Computes the root anew from labels and nonces.
fn check(archive: impl Read, commitment: &Commitment) -> Result<(), Failure> {
    let wrong = || Failure::check_failed("the labels are not those that were committed to");
    let mut archive = tar::Archive::new(archive);
    let mut nonces: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut leaves: BTreeMap<String, Digest> = BTreeMap::new();
    for entry in archive.entries().map_err(|_| wrong())? {
        let mut entry = entry.map_err(|_| wrong())?;
        let name = entry.path().map_err(|_| wrong())?;
        let name = name.to_str().ok_or_else(wrong)?.to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|_| wrong())?;
        if name == NONCES {
            nonces = parse_nonces(&content).ok_or_else(wrong)?;
            continue;
        }
        let name = name.strip_prefix(LABELS).ok_or_else(wrong)?;
        let nonce = nonces.get(name).ok_or_else(wrong)?;
        let leaf = Label::new(nonce, name).leaf(&content);
        if leaves.insert(name.to_owned(), leaf).is_some() {
            return Err(wrong());
        }
    }
    let mut tree = MerkleTree::new();
    leaves.values().for_each(|leaf| tree.push(*leaf));
    let all = leaves.len() as u64 == commitment.labels && leaves.len() == nonces.len();
    match all && tree.head().root == commitment.root {
        true => Ok(()),
        false => Err(wrong()),
    }
}

fn parse_nonces(text: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let line = |line: &str| {
        let (digits, name) = line.split_once("  ")?;
        let nonce: Digest = digits.parse().ok()?;
        Some((name.to_owned(), nonce.as_bytes().to_vec()))
    };
    str::from_utf8(text).ok()?.lines().map(line).collect()
}
