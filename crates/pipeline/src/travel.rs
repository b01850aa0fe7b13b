//! A bundle that travels: one file, a tar of the bundle's folder encrypted by age for those who may open it.
//!
//! The bundle itself stays as it is. Nothing but `age` and `tar` is needed to open the file, and inside is the bundle
//! byte for byte, so `verify` says the same of it there as here.

use crate::Failure;
use crate::files::{read_text, require_no_file, sync_parent};
use crate::verdict::{Report, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The public keys of age that somebody named, by themselves or in files; each once, in the order of their texts.
///
/// # Errors
/// If one is no public key.
pub(crate) fn recipients(given: &[String]) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let mut keys = BTreeMap::new();
    for text in given {
        let path = Path::new(text);
        let lines = match path.is_file() {
            true => read_text(path)?,
            false => text.clone(),
        };
        let lines = lines.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let key = age::x25519::Recipient::from_str(line).map_err(|_| {
                Failure::wrong_use("a recipient is no public key of age")
                    .advise("make one with `age-keygen`; public keys begin with age1")
            })?;
            keys.insert(line.to_owned(), key);
        }
    }
    Ok(keys.into_values().collect())
}

/// A file that a bundle is put into once it is written.
pub struct Envelope {
    bundle: PathBuf,
    file: PathBuf,
    recipients: Vec<age::x25519::Recipient>,
}

impl Envelope {
    /// Checks everything that can be checked before a long run: the keys, and that the file does not exist yet.
    /// `None` where nobody is to get one.
    ///
    /// # Errors
    /// If a key is none, or there is such a file.
    pub fn prepare(bundle: &Path, given: &[String]) -> Result<Option<Self>, Failure> {
        if given.is_empty() {
            return Ok(None);
        }
        let recipients = recipients(given)?;
        let name = bundle.file_name().filter(|_| !recipients.is_empty());
        let name = name.ok_or_else(|| {
            Failure::wrong_use("there is nobody to encrypt for").advise("give a public key of age")
        })?;
        let file = bundle.with_file_name(format!("{}.tar.age", name.to_string_lossy()));
        require_no_file(&file)?;
        Ok(Some(Self {
            bundle: bundle.to_path_buf(),
            file,
            recipients,
        }))
    }

    /// Writes the file; it gets its name when it is whole.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn close(&self) -> Result<PathBuf, Failure> {
        let partial = self.file.with_extension("age.partial");
        let fault =
            |error: io::Error| Failure::io("could not encrypt the bundle", &partial, &error);
        let written = self.write(&partial);
        if let Err(error) = written {
            // What cannot be removed has a name that says what it is.
            let _ = fs::remove_file(&partial);
            return Err(fault(error));
        }
        fs::rename(&partial, &self.file).map_err(fault)?;
        sync_parent(&self.file)?;
        Ok(self.file.clone())
    }

    fn write(&self, to: &Path) -> io::Result<()> {
        let keys = self.recipients.iter();
        let encryptor = age::Encryptor::with_recipients(keys.map(|key| key as &dyn age::Recipient))
            .map_err(io::Error::other)?;
        let sealed = encryptor.wrap_output(BufWriter::new(File::create(to)?))?;
        let mut archive = tar::Builder::new(sealed);
        let root = PathBuf::from(self.bundle.file_name().unwrap_or_default());
        for file in files_of(&self.bundle)? {
            append(&mut archive, &self.bundle.join(&file), &root.join(&file))?;
        }
        let file = archive.into_inner()?.finish()?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

/// The files of a folder, sorted.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = waiting.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file without its times and owners.
fn append<W: Write>(archive: &mut tar::Builder<W>, from: &Path, name: &Path) -> io::Result<()> {
    let file = File::open(from)?;
    let mut header = tar::Header::new_ustar();
    header.set_size(file.metadata()?.len());
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, name, BufReader::new(file))
}

/// A report, with the encrypted file where there is one.
#[derive(Debug, Serialize)]
pub struct Travelling<R> {
    /// What happened before.
    #[serde(flatten)]
    pub report: R,
    /// The encrypted file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<PathBuf>,
}

impl<R: Report> Report for Travelling<R> {
    fn verdict(&self) -> Verdict {
        self.report.verdict()
    }
}
