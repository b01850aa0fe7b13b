//! What a byte stream is, by its content.

use crate::error::ReadError;
use crate::read::{Window, is_plausible, read_start, tag_in};
use crate::source::Source;
use crate::syntax::Encoding;
use std::io;

const DICOMDIR: &str = "1.2.840.10008.1.3.10";

/// What a byte stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recognition {
    /// A DICOM file with File Meta Information.
    Part10,
    /// A data set without File Meta Information.
    BareDataSet,
    /// A DICOMDIR, which lists names and is never shipped.
    DicomDir,
    /// Something else.
    NotDicom,
}

/// Recognises a byte stream by its first kilobytes; its name does not matter.
///
/// # Errors
/// If the source fails.
pub fn recognise(source: &dyn Source) -> io::Result<Recognition> {
    match recognise_content(source) {
        Ok(recognition) => Ok(recognition),
        Err(ReadError::Io(error)) => Err(error),
        // It starts as DICOM does, and reading it will say what is wrong with it.
        Err(_) => Ok(Recognition::Part10),
    }
}

fn recognise_content(source: &dyn Source) -> Result<Recognition, ReadError> {
    let mut window = Window::new(source, 1 << 20);
    window.hold(0, source.len().min(132))?;
    let start = read_start(&window)?;
    let directory_class = start
        .meta
        .as_ref()
        .is_some_and(|meta| meta.sop_class.as_deref() == Some(DICOMDIR));
    let first = window.peek::<8>(start.data_set)?;
    let group = |encoding| first.map(|bytes| tag_in(encoding, bytes).0);
    let is_directory = |encoding| group(encoding) == Some(0x0004);
    if start.meta.is_some() {
        let directory = directory_class || is_directory(Encoding::EXPLICIT_LITTLE);
        return Ok(if directory {
            Recognition::DicomDir
        } else {
            Recognition::Part10
        });
    }
    for encoding in Encoding::ALL {
        let may_start = matches!(group(encoding), Some(0x0004 | 0x0008));
        if may_start && is_plausible(&window, 0, encoding)? {
            let directory = is_directory(encoding);
            return Ok(if directory {
                Recognition::DicomDir
            } else {
                Recognition::BareDataSet
            });
        }
    }
    Ok(Recognition::NotDicom)
}
