//! One stream of the export while it is worked on, with the keyed digest of its bytes.
//!
//! What lies in memory is hashed there. The pixel value of a large file is read once, when it is written to the
//! bundle; its digest is taken on the way.

use cloakroom_core::{ByteRange, Digest};
use cloakroom_deid::{InputHasher, TrackKeys};
use cloakroom_p10::{Object, Source};
use cloakroom_pixels::PixelBytes;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const PORTION: u64 = 1 << 20;

/// A stream that notes what is read of its pixel value.
pub(crate) struct Stream {
    source: Arc<dyn Source>,
    /// Has seen nothing.
    hasher: InputHasher,
    tap: Mutex<Tap>,
}

struct Tap {
    range: Option<ByteRange>,
    /// Has seen the bytes before the range and those read of it so far.
    hasher: InputHasher,
    next: u64,
    digest: Option<Digest>,
}

impl Stream {
    pub(crate) fn new(source: Arc<dyn Source>, keys: &TrackKeys) -> Self {
        Self::with(source, keys.input_hasher())
    }

    /// Another view of what a stream holds, such as its inflated bytes.
    pub(crate) fn view(&self, source: Arc<dyn Source>) -> Self {
        Self::with(source, self.hasher.clone())
    }

    fn with(source: Arc<dyn Source>, hasher: InputHasher) -> Self {
        let tap = Tap {
            range: None,
            hasher: hasher.clone(),
            next: 0,
            digest: None,
        };
        Self {
            source,
            hasher,
            tap: Mutex::new(tap),
        }
    }

    /// Names the range that will be read from end to end when the object is written.
    pub(crate) fn watch(&self, range: ByteRange) {
        if self.source.bytes().is_none() {
            self.tap().range = Some(range);
        }
    }

    fn tap(&self) -> MutexGuard<'_, Tap> {
        self.tap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keyed digest of the whole stream, which says nothing to those who hold the original but not the key.
    pub(crate) fn digest(&self) -> io::Result<Digest> {
        if let Some(bytes) = self.source.bytes() {
            let mut hasher = self.hasher.clone();
            hasher.update(bytes);
            return Ok(hasher.finish());
        }
        let mut tap = self.tap();
        if let Some(digest) = tap.digest {
            return Ok(digest);
        }
        let seen = tap.range.filter(|range| tap.next == range.end).is_some();
        let (mut hasher, start) = if seen {
            (tap.hasher.clone(), tap.next)
        } else {
            (self.hasher.clone(), 0)
        };
        self.hash(&mut hasher, start, self.source.len())?;
        let digest = hasher.finish();
        tap.digest = Some(digest);
        Ok(digest)
    }

    fn hash(&self, hasher: &mut InputHasher, mut start: u64, end: u64) -> io::Result<()> {
        let mut buffer = Vec::new();
        while start < end {
            let portion = (end - start).min(PORTION);
            buffer.resize(usize::try_from(portion).unwrap_or(0), 0);
            self.source.read_at(start, &mut buffer)?;
            hasher.update(&buffer);
            start += portion;
        }
        Ok(())
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.source.read_at(offset, buffer)?;
        let mut tap = self.tap();
        let Some(range) = tap.range else {
            return Ok(());
        };
        if offset == range.start && tap.next != offset {
            let mut hasher = self.hasher.clone();
            self.hash(&mut hasher, 0, range.start)?;
            tap.hasher = hasher;
            tap.next = range.start;
        }
        if offset == tap.next && offset >= range.start && offset < range.end {
            let wanted = usize::try_from(range.end - offset)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            tap.hasher.update(&buffer[..wanted]);
            tap.next += wanted as u64;
        }
        Ok(())
    }
}

impl Source for Stream {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.source.read_at(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.source.bytes()
    }
}

impl PixelBytes for Stream {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.source.bytes()
    }
}

/// The bytes that the pixel layout of an object speaks of, for those who look and write nothing.
pub(crate) struct PixelSource(Arc<dyn Source>);

impl PixelSource {
    /// Those of a deflated object are its inflated ones, and not those of its file.
    pub(crate) fn of(object: &Object) -> Self {
        Self(Arc::clone(object.source()))
    }
}

impl PixelBytes for PixelSource {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_deid::SiteSecret;

    fn keys() -> TrackKeys {
        let secret = SiteSecret::new(core::array::from_fn(|index| index as u8)).unwrap();
        TrackKeys::derive(&secret, "contest", &"lung".parse().unwrap(), 0)
    }

    /// A source that lends nothing, as a file does.
    struct OnDisk(Vec<u8>);

    impl Source for OnDisk {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&self.0[start..start + buffer.len()]);
            Ok(())
        }
    }

    #[test]
    fn the_digest_is_the_same_whether_the_pixels_were_read_before_or_not() {
        let content: Vec<u8> = (0..5000_u32).map(|number| (number * 7) as u8).collect();
        let keys = keys();
        let expected = keys.input_digest(&content);
        let range = ByteRange {
            start: 100,
            end: 4000,
        };
        let untouched = Stream::new(Arc::new(OnDisk(content.clone())), &keys);
        assert_eq!(untouched.digest().unwrap(), expected);
        for portions in [vec![3900], vec![1000, 1000, 1900], vec![7; 3]] {
            let stream = Stream::new(Arc::new(OnDisk(content.clone())), &keys);
            stream.watch(range);
            let mut offset = 100;
            for portion in portions {
                let mut buffer = vec![0; portion];
                PixelBytes::read_at(&stream, offset, &mut buffer).unwrap();
                offset += portion as u64;
            }
            assert_eq!(stream.digest().unwrap(), expected);
        }
        assert_eq!(
            Stream::new(Arc::new(cloakroom_p10::MemorySource::new(content)), &keys)
                .digest()
                .unwrap(),
            expected
        );
    }
}
