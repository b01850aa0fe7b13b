//! Memory for whole files, used again and again: to ask the system for fresh memory costs as much as to read into it.

use cloakroom_p10::Source;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// No more bytes than these are kept for later.
const MOST_KEPT: usize = 48 << 20;

/// Memory that is waiting to be used again.
#[derive(Default)]
pub(crate) struct Buffers {
    kept: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// Reads a whole source into memory.
    ///
    /// # Errors
    /// Those of the source.
    pub(crate) fn read(self: &Arc<Self>, source: &dyn Source) -> io::Result<FileInMemory> {
        let len = usize::try_from(source.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut file = FileInMemory {
            content: self.take(),
            len,
            home: Arc::clone(self),
        };
        if file.content.len() < len {
            file.content.resize(len, 0);
        }
        source.read_at(0, &mut file.content[..len])?;
        Ok(file)
    }

    fn take(&self) -> Vec<u8> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    fn give_back(&self, content: Vec<u8>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = kept.iter().map(Vec::capacity).sum();
        if held + content.capacity() <= MOST_KEPT {
            kept.push(content);
        }
    }
}

/// A file that was read into memory; the memory is used again when the file is dropped.
pub(crate) struct FileInMemory {
    /// As long as the longest file that it ever held.
    content: Vec<u8>,
    len: usize,
    home: Arc<Buffers>,
}

impl FileInMemory {
    fn content(&self) -> &[u8] {
        &self.content[..self.len]
    }
}

impl Drop for FileInMemory {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.content));
    }
}

impl Source for FileInMemory {
    fn len(&self) -> u64 {
        self.len as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let found = usize::try_from(offset)
            .ok()
            .and_then(|start| self.content().get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self.content())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_p10::MemorySource;

    #[test]
    fn a_shorter_file_in_used_memory_shows_nothing_of_the_longer_one() {
        let buffers = Arc::new(Buffers::default());
        let long = buffers.read(&MemorySource::new(vec![7; 100])).unwrap();
        assert_eq!(long.bytes(), Some(&[7; 100][..]));
        drop(long);
        let short = buffers.read(&MemorySource::new(vec![1, 2])).unwrap();
        assert_eq!((short.len(), short.bytes()), (2, Some(&[1, 2][..])));
        assert!(short.read_at(1, &mut [0; 2]).is_err());
        let mut last = [0];
        short.read_at(1, &mut last).unwrap();
        assert_eq!(last, [2]);
    }
}
