//! Applying a plan, and what comes of it: an object that only [`apply`] can make.

use crate::plan::{Plan, PrivateCounts};
use crate::planner::stamps;
use crate::text::{TextKind, TextRemovals};
use cloakroom_core::{
    ActionRecord, HoldReason, ImageDescription, Phi, PixelChanges, PixelLayout, Uid, VR,
};
use cloakroom_p10::{Edits, EncodeError, Encoded, FileMeta, NewItem, Object, Place, Source};
use cloakroom_profile::{MethodCode, ProfileOption};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The UID by which files name this program as their writer (0002,0012).
pub const IMPLEMENTATION_CLASS: &str = "2.25.231664892386718542395120862451735801173";
/// The name that goes with it (0002,0013), at most 16 characters.
pub const IMPLEMENTATION_VERSION: &str = "CLOAKROOM_1";

/// An object that has been edited by its plan. It holds the original until it is encoded, and lets nothing of it out.
///
/// Only [`apply`] makes one:
///
/// ```compile_fail,E0451
/// fn forge(object: cloakroom_p10::Object, plan: cloakroom_deid::Plan) -> cloakroom_deid::Edited {
///     cloakroom_deid::Edited { object, plan, image: Default::default() }
/// }
/// ```
pub struct Edited {
    object: Object,
    plan: Plan,
    image: ImageDescription,
}

impl core::fmt::Debug for Edited {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Edited")
            .field("actions", &self.plan.actions.len())
            .finish_non_exhaustive()
    }
}

/// Applies a plan to the object it was made for. The original is consumed.
///
/// # Errors
/// If the plan was made for another object, or the object cannot be written as planned.
pub fn apply(object: Object, plan: Plan) -> Result<Edited, HoldReason> {
    if object.dataset().node_count() != plan.nodes
        || object.transfer_syntax() != plan.transfer_syntax
    {
        return Err(HoldReason::ContentConflict);
    }
    let image = object.describe_image();
    Ok(Edited {
        object,
        plan,
        image,
    })
}

impl Edited {
    /// The bytes to write: head, pixel value, tail. Claims of cleaned pixels are stamped only here, where it is
    /// known what was done to them.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, pixels: &PixelChanges) -> Result<Encoded, EncodeError> {
        let mut edits = self.plan.edits.clone();
        self.stamp(&mut edits, pixels);
        let meta = FileMeta {
            transfer_syntax: self.plan.transfer_syntax.clone(),
            sop_class: self.plan.sop_class.clone(),
            sop_instance: self.plan.sop_instance.clone(),
            implementation_class: IMPLEMENTATION_CLASS.into(),
            implementation_version: IMPLEMENTATION_VERSION.into(),
        };
        cloakroom_p10::encode(&self.object, &edits, &meta, pixels)
    }

    /// The codes of what was done (0012,0064), and the claims that only pixel work may make.
    fn stamp(&self, edits: &mut Edits, pixels: &PixelChanges) {
        let places = &self.plan.stamps;
        let mut codes = places.own_codes.clone();
        if pixels.pixels_cleaned {
            codes.push(ProfileOption::CleanPixelData.code());
            set(edits, places.burned_in, stamps::BURNED_IN);
        }
        if pixels.features_cleaned {
            codes.push(ProfileOption::CleanRecognizableVisualFeatures.code());
            set(edits, places.features, stamps::FEATURES);
        }
        codes.sort_by_key(|code| code.value);
        codes.dedup();
        codes.retain(|code| {
            !places
                .earlier_codes
                .iter()
                .any(|earlier| earlier == code.value)
        });
        let items: Vec<NewItem> = codes.iter().map(method_item).collect();
        match places.codes {
            Some(sequence) => edits.append_items(sequence, items),
            None => edits.insert_sequence(Place::Root, stamps::METHOD_CODES, items),
        }
    }

    /// What was done, sorted by path.
    #[must_use]
    pub fn actions(&self) -> &[ActionRecord] {
        &self.plan.actions
    }

    /// How many things went out of text, by kind.
    #[must_use]
    pub fn text_removals(&self) -> BTreeMap<TextKind, u32> {
        self.plan.removals.to_map()
    }

    /// The same as one value.
    #[must_use]
    pub const fn removals(&self) -> &TextRemovals {
        &self.plan.removals
    }

    /// What became of private attributes.
    #[must_use]
    pub const fn private_counts(&self) -> PrivateCounts {
        self.plan.private
    }

    /// Every original UID and the one that stands for it, sorted by the original, for the crosswalk.
    pub fn uid_pairs(&self) -> impl Iterator<Item = (Phi<&str>, &Uid)> {
        self.plan
            .uids
            .iter()
            .map(|(original, mapped)| (Phi::new(original.as_str()), mapped))
    }

    /// Whether a UID of the output is one that was mapped.
    #[must_use]
    pub fn is_mapped(&self, uid: &str) -> bool {
        self.plan.uids.values().any(|mapped| mapped.as_str() == uid)
    }

    /// SOP Class UID.
    #[must_use]
    pub fn sop_class(&self) -> &str {
        &self.plan.sop_class
    }

    /// The new SOP Instance UID.
    #[must_use]
    pub fn sop_instance(&self) -> &str {
        &self.plan.sop_instance
    }

    /// Where the pixel value lies in the source.
    #[must_use]
    pub const fn pixel_layout(&self) -> Option<&PixelLayout> {
        self.object.pixel_layout()
    }

    /// What the original's header says of the pixels.
    #[must_use]
    pub const fn image(&self) -> &ImageDescription {
        &self.image
    }

    /// Where the pixel bytes come from.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn Source> {
        self.object.source()
    }

    /// The words that went because nothing knows them, for the officer alone.
    #[must_use]
    pub fn unknown_words(&self) -> &[Phi<String>] {
        self.plan.unknown_words()
    }
}

fn set(edits: &mut Edits, node: Option<cloakroom_p10::NodeId>, tag: cloakroom_core::Tag) {
    match node {
        Some(node) => edits.replace(node, VR::CS, b"NO".to_vec()),
        None => edits.insert(Place::Root, tag, VR::CS, b"NO".to_vec()),
    }
}

fn method_item(code: &MethodCode) -> NewItem {
    NewItem::new()
        .with(
            cloakroom_core::Tag(0x0008, 0x0100),
            VR::SH,
            code.value.into(),
        )
        .with(cloakroom_core::Tag(0x0008, 0x0102), VR::SH, b"DCM".to_vec())
        .with(
            cloakroom_core::Tag(0x0008, 0x0104),
            VR::LO,
            code.meaning.into(),
        )
}
