//! Compares in full the streams that share a SOP Instance UID.
//!
//! What is compared is the transfer syntax and every byte of the data set after the File Meta Information:
//! a PACS writes its own meta information, and that makes no second instance.

use crate::catalogue::{Catalogue, StreamNumber};
use crate::error::IngestError;
use crate::listing::columns;
use crate::options::IngestOptions;
use cloakroom_core::{Digest, Hasher, Outcome, QuarantineReason};
use cloakroom_p10::Source;
use rayon::prelude::*;
use rusqlite::params;
use std::io;
use std::sync::atomic::Ordering;

/// Streams that are read together and stored in one transaction.
const BATCH: usize = 256;

/// Elements of File Meta Information that are skipped before the bytes count as a data set.
const LONGEST_META: usize = 256;

type Candidate = (StreamNumber, String);

/// Takes a digest of every stream that shares its SOP Instance UID with another and has none yet.
///
/// # Errors
/// If the catalogue cannot be read or written, or the caller asked to stop.
pub(crate) fn compare_all(
    catalogue: &mut Catalogue,
    options: &IngestOptions,
    pool: &rayon::ThreadPool,
) -> Result<(), IngestError> {
    let mut after = StreamNumber(0);
    loop {
        if options
            .stop
            .is_some_and(|stop| stop.load(Ordering::Relaxed))
        {
            return Err(IngestError::Stopped);
        }
        let candidates = candidates(catalogue, after)?;
        let Some((last, _)) = candidates.last() else {
            return Ok(());
        };
        after = *last;
        let mut located = Vec::new();
        for (stream, syntax) in candidates {
            located.push((stream, syntax, catalogue.locate(stream)?));
        }
        let digests: Vec<_> = pool.install(|| {
            let digest = |(stream, syntax, located): (StreamNumber, String, crate::Located)| {
                let content = located.open().and_then(|source| {
                    content(&syntax, source.as_ref()).map_err(|source| located.unreadable(source))
                });
                let unchanged = located.check();
                (
                    stream,
                    content.and_then(|digest| unchanged.map(|()| digest)),
                )
            };
            located.into_par_iter().map(digest).collect()
        });
        store(catalogue, digests)?;
    }
}

fn candidates(catalogue: &Catalogue, after: StreamNumber) -> Result<Vec<Candidate>, IngestError> {
    let mut statement = catalogue.connection().prepare_cached(
        "SELECT i.stream, l.transfer_syntax FROM instances AS i JOIN looks AS l ON l.id = i.look
         WHERE i.stream > ?1 AND i.content IS NULL
           AND EXISTS (SELECT 1 FROM instances AS o WHERE o.uid = i.uid AND o.stream <> i.stream)
         ORDER BY i.stream LIMIT ?2",
    )?;
    let found = statement.query_map(params![after.0, BATCH as i64], |row| {
        Ok((StreamNumber(row.get(0)?), row.get(1)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A stream that cannot be read any more is no instance of the catalogue any more.
fn store(
    catalogue: &mut Catalogue,
    digests: Vec<(StreamNumber, Result<Digest, IngestError>)>,
) -> Result<(), IngestError> {
    let transaction = catalogue.connection_mut().transaction()?;
    for (stream, digest) in digests {
        let reason = match digest {
            Ok(digest) => {
                transaction
                    .prepare_cached("UPDATE instances SET content = ?2 WHERE stream = ?1")?
                    .execute(params![stream.0, digest.as_bytes()])?;
                continue;
            }
            Err(IngestError::ChangedSinceIngest { .. }) => QuarantineReason::ChangedSinceIngest,
            Err(_) => QuarantineReason::Unreadable,
        };
        let (kind, reason) = columns(Some(Outcome::Quarantined(reason)));
        transaction.execute("DELETE FROM instances WHERE stream = ?1", [stream.0])?;
        transaction.execute(
            "UPDATE streams SET own_outcome = ?2, own_reason = ?3 WHERE id = ?1",
            params![stream.0, kind, reason],
        )?;
    }
    Ok(transaction.commit()?)
}

/// The digest of transfer syntax and data set.
fn content(transfer_syntax: &str, source: &dyn Source) -> io::Result<Digest> {
    let mut hasher = Hasher::new();
    hasher.update(&(transfer_syntax.len() as u64).to_le_bytes());
    hasher.update(transfer_syntax.as_bytes());
    let mut position = data_set_start(source)?;
    let mut buffer = vec![0; 1 << 18];
    while position < source.len() {
        let left = usize::try_from(source.len() - position).unwrap_or(buffer.len());
        let part = &mut buffer[..left.min(1 << 18)];
        source.read_at(position, part)?;
        hasher.update(part);
        position += part.len() as u64;
    }
    Ok(hasher.finish())
}

/// Where the data set starts: after the elements of group 0002, which are always Explicit VR Little Endian
/// (PS3.10 section 7.1). Where they make no sense, all bytes are compared.
fn data_set_start(source: &dyn Source) -> io::Result<u64> {
    let mut magic = [0; 132];
    let has_preamble = source.len() >= 132 && {
        source.read_at(0, &mut magic)?;
        &magic[128..] == b"DICM"
    };
    let start = if has_preamble { 132 } else { 0 };
    let mut position: u64 = start;
    for _ in 0..LONGEST_META {
        if source.len() < position.saturating_add(12) {
            return Ok(position.min(source.len()));
        }
        let mut header = [0; 12];
        source.read_at(position, &mut header)?;
        if header[..2] != [2, 0] {
            return Ok(position);
        }
        let long = matches!(
            &header[4..6],
            b"OB" | b"OW" | b"UN" | b"UT" | b"SQ" | b"UC" | b"UR"
        );
        let (header_length, length) = if long {
            let length = [header[8], header[9], header[10], header[11]];
            (12, u64::from(u32::from_le_bytes(length)))
        } else {
            (8, u64::from(u16::from_le_bytes([header[6], header[7]])))
        };
        position = position.saturating_add(header_length + length);
    }
    Ok(start)
}
