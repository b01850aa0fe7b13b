//! What the header says of the pixels.

use crate::object::Object;
use cloakroom_core::ImageDescription;

pub(crate) fn describe(object: &Object) -> ImageDescription {
    let _ = object;
    ImageDescription::default()
}
