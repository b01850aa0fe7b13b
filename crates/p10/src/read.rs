//! Reading an object.

use crate::error::ReadError;
use crate::limits::{Extent, Limits};
use crate::object::Object;
use crate::source::Source;
use std::sync::Arc;

/// Reads an object within limits.
///
/// # Errors
/// See [`ReadError`]; each has a reason for quarantine.
pub fn read(source: Arc<dyn Source>, extent: Extent, limits: &Limits) -> Result<Object, ReadError> {
    let _ = (source, extent, limits);
    Err(ReadError::NotDicom)
}
