//! One object: its element tree, what its file said of itself, and where its pixels lie.

use crate::dataset::{DataSet, ElementRef};
use crate::image;
use crate::limits::Extent;
use crate::node::NodeId;
use crate::repair::Repair;
use crate::source::Source;
use crate::syntax::{ByteOrder, Encoding};
use cloakroom_core::{AttributePath, ImageDescription, Phi, PixelLayout};
use std::fmt;
use std::sync::Arc;

/// What the File Meta Information says, as found; the writer makes its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaAsFound {
    /// Transfer Syntax UID (0002,0010).
    pub transfer_syntax: Option<String>,
    /// Media Storage SOP Class UID (0002,0002).
    pub sop_class: Option<String>,
    /// Media Storage SOP Instance UID (0002,0003).
    pub sop_instance: Option<Phi<String>>,
}

/// One DICOM object as read.
pub struct Object {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) extent: Extent,
    pub(crate) preamble: Option<Phi<[u8; 128]>>,
    pub(crate) meta: Option<MetaAsFound>,
    pub(crate) transfer_syntax: String,
    /// How the elements of the data set are encoded in the source.
    pub(crate) encoding: Encoding,
    pub(crate) data_set: DataSet,
    pub(crate) duplicates: Vec<NodeId>,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) layout: Option<PixelLayout>,
    pub(crate) pixel_node: Option<u32>,
}

impl Object {
    /// The true Transfer Syntax UID: that which the data set, written legally, has.
    #[must_use]
    pub fn transfer_syntax(&self) -> &str {
        &self.transfer_syntax
    }

    /// The Transfer Syntax UID that the file declares; `None` where it declares none.
    #[must_use]
    pub fn declared_transfer_syntax(&self) -> Option<&str> {
        self.meta.as_ref()?.transfer_syntax.as_deref()
    }

    /// The File Meta Information as found; `None` where there is none.
    #[must_use]
    pub fn meta(&self) -> Option<&MetaAsFound> {
        self.meta.as_ref()
    }

    /// SOP Class UID (0008,0016) of the data set.
    #[must_use]
    pub fn sop_class_uid(&self) -> Option<String> {
        self.data_set
            .get(dicom_dictionary_std::tags::SOP_CLASS_UID)?
            .first_text()
    }

    /// SOP Instance UID (0008,0018) of the data set.
    #[must_use]
    pub fn sop_instance_uid(&self) -> Option<Phi<String>> {
        let element = self
            .data_set
            .get(dicom_dictionary_std::tags::SOP_INSTANCE_UID)?;
        element.first_text().map(Phi::new)
    }

    /// Series Instance UID (0020,000E) of the data set.
    #[must_use]
    pub fn series_instance_uid(&self) -> Option<Phi<String>> {
        let element = self
            .data_set
            .get(dicom_dictionary_std::tags::SERIES_INSTANCE_UID)?;
        element.first_text().map(Phi::new)
    }

    /// The 128 bytes before `DICM`; `None` where the file has no preamble.
    #[must_use]
    pub fn preamble(&self) -> Option<Phi<&[u8; 128]>> {
        self.preamble.as_ref().map(Phi::as_ref)
    }

    /// The elements.
    #[must_use]
    pub const fn dataset(&self) -> &DataSet {
        &self.data_set
    }

    /// What was not legal, in the order of the bytes.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The places of elements whose tag stood already in the same data set.
    #[must_use]
    pub fn duplicates(&self) -> Vec<AttributePath> {
        self.duplicates
            .iter()
            .map(|id| self.data_set.path(id.0))
            .collect()
    }

    /// Whether any tag stands twice in one data set.
    #[must_use]
    pub fn has_duplicates(&self) -> bool {
        !self.duplicates.is_empty()
    }

    /// Where a node stands; for an Item where its Sequence stands. `None` for an id of another object.
    #[must_use]
    pub fn path(&self, id: NodeId) -> Option<AttributePath> {
        ((id.0 as usize) < self.data_set.nodes.len()).then(|| self.data_set.path(id.0))
    }

    /// How far the object was read.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// Where the top-level pixel value lies in [`Object::source`]. After [`Extent::Header`] only native pixels are located.
    #[must_use]
    pub const fn pixel_layout(&self) -> Option<&PixelLayout> {
        self.layout.as_ref()
    }

    /// The element of the top-level pixel value.
    #[must_use]
    pub fn pixel_element(&self) -> Option<ElementRef<'_>> {
        self.data_set.element(NodeId(self.pixel_node?))
    }

    /// The bytes that all ranges refer to: what was read, or, where that was deflated, the inflated data set.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    /// The byte order of the data set in the source.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.encoding.order()
    }

    /// What the header says of the pixels.
    #[must_use]
    pub fn describe_image(&self) -> ImageDescription {
        image::describe(self)
    }
}

impl fmt::Debug for Object {
    /// Counts only, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("transfer_syntax", &self.transfer_syntax)
            .field("nodes", &self.data_set.nodes.len())
            .field("repairs", &self.repairs.len())
            .finish_non_exhaustive()
    }
}
