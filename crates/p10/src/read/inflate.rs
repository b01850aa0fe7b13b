//! Inflating a deflated data set (PS3.5 annex A.5) within a bound.

use crate::error::{Fault, ReadError};
use crate::source::Source;
use flate2::{Decompress, FlushDecompress, Status};

const PIECE: usize = 64 << 10;

/// The inflated data set.
pub(crate) struct Inflated {
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the source behind the deflated stream; one is the padding that the standard asks for.
    pub(crate) left_over: u64,
}

/// Inflates all from `start` to the end of the source, as the standard says without a zlib header, or with one.
pub(crate) fn inflate(source: &dyn Source, start: u64, max: u64) -> Result<Inflated, ReadError> {
    match run(source, start, max, false) {
        Err(ReadError::Malformed { .. }) if has_zlib_header(source, start)? => {
            run(source, start, max, true)
        }
        other => other,
    }
}

fn has_zlib_header(source: &dyn Source, start: u64) -> Result<bool, ReadError> {
    if source.len() - start < 2 {
        return Ok(false);
    }
    let mut head = [0; 2];
    source.read_at(start, &mut head)?;
    Ok(head[0] & 0x0F == 8 && u16::from_be_bytes(head) % 31 == 0)
}

fn run(source: &dyn Source, start: u64, max: u64, zlib: bool) -> Result<Inflated, ReadError> {
    let malformed = || ReadError::Malformed {
        offset: start,
        fault: Fault::NotDeflated,
    };
    let mut inflater = Decompress::new(zlib);
    let mut input = vec![0; PIECE];
    let mut bytes = Vec::new();
    loop {
        let position = start + inflater.total_in();
        let count = (source.len() - position).min(PIECE as u64) as usize;
        source.read_at(position, &mut input[..count])?;
        let before = (inflater.total_in(), inflater.total_out());
        let room = (max + 1).saturating_sub(bytes.len() as u64);
        bytes.reserve((PIECE * 4).min(usize::try_from(room).unwrap_or(usize::MAX)));
        let status = inflater
            .decompress_vec(&input[..count], &mut bytes, FlushDecompress::None)
            .map_err(|_| malformed())?;
        if bytes.len() as u64 > max {
            return Err(ReadError::LimitExceeded {
                limit: "inflated bytes",
            });
        }
        if status == Status::StreamEnd {
            let left_over = source.len() - start - inflater.total_in();
            return Ok(Inflated { bytes, left_over });
        }
        if before == (inflater.total_in(), inflater.total_out()) {
            return Err(ReadError::Truncated {
                offset: source.len(),
            });
        }
    }
}
