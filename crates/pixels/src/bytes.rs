//! Reading the stored pixel value.

use std::io;

/// Read access to the file that holds the pixels; offsets count from its first byte, as those of
/// [`cloakroom_core::PixelLayout`] do.
pub trait PixelBytes: Send + Sync {
    /// Length of the file in bytes.
    fn len(&self) -> u64;

    /// Whether the file is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the buffer from `offset` on.
    ///
    /// # Errors
    /// What the storage says; reading past the end is an error.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// The whole content, where it lies in memory already.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// A file that lies in memory.
#[derive(Clone)]
pub struct MemoryBytes(pub Vec<u8>);

impl PixelBytes for MemoryBytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let found = usize::try_from(offset)
            .ok()
            .and_then(|start| self.0.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Reads a range of the file into memory of its own.
pub(crate) fn read_range(
    bytes: &dyn PixelBytes,
    range: cloakroom_core::ByteRange,
) -> io::Result<std::borrow::Cow<'_, [u8]>> {
    if range.end > bytes.len() || range.start > range.end {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if let Some(all) = bytes.bytes() {
        let slice = usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok())
            .and_then(|(start, end)| all.get(start..end))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        return Ok(slice.into());
    }
    let len = usize::try_from(range.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut buffer = vec![0; len];
    bytes.read_at(range.start, &mut buffer)?;
    Ok(buffer.into())
}
