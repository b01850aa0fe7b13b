//! Images of the export as a person looks at them: frames, small pictures, projections, proposals.
//!
//! What is opened stays open for a while, so that scrolling reads a file once.

use crate::buffers::Buffers;
use crate::object::open_source;
use crate::stream::PixelSource;
use crate::{Failure, catalogue, models};
use cloakroom_core::{HoldReason, ImageDescription, KnownValues};
use cloakroom_ingest::{Catalogue, PatientNumber, StreamNumber};
use cloakroom_p10::{Extent, Limits, Object};
use cloakroom_pixels::{
    Detector, ImageToAssess, PixelPolicy, ProjectionKind, Projector, Proposal, Shown, proposals,
    show,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Images that stay open, and projections that are remembered.
const OPEN: usize = 6;
/// A projection of a long cine takes so many of its frames, evenly spread; the page says how many were left out.
const MOST_FRAMES: u32 = 400;

/// Why there is no picture.
#[derive(Debug)]
pub enum NoPicture {
    /// The image cannot be decoded, or the frame does not exist.
    Held(HoldReason),
    /// The machine failed.
    Failed(Failure),
}

impl From<Failure> for NoPicture {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<HoldReason> for NoPicture {
    fn from(reason: HoldReason) -> Self {
        Self::Held(reason)
    }
}

/// Opens images of the catalogue and shows them.
pub(super) struct Pictures {
    policy: PixelPolicy,
    detector: Option<Detector>,
    limits: Limits,
    buffers: Arc<Buffers>,
    open: Mutex<VecDeque<(i64, Arc<Opened>)>>,
    projections: Mutex<VecDeque<(Vec<i64>, Arc<Projector>)>>,
    proposed: Mutex<HashMap<i64, Arc<Proposed>>>,
}

/// The areas that rules and detector propose for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The areas.
    pub areas: Vec<Proposal>,
    /// Whether the text detector is installed and looked.
    pub detector_looked: bool,
}

struct Opened {
    object: Object,
    image: ImageDescription,
    bytes: PixelSource,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pictures {
    pub(super) fn new(policy: PixelPolicy) -> Result<Self, Failure> {
        Ok(Self {
            policy,
            detector: models::detector()?,
            limits: Limits::default(),
            buffers: Arc::default(),
            open: Mutex::default(),
            projections: Mutex::default(),
            proposed: Mutex::default(),
        })
    }

    fn opened(&self, catalogue: &Mutex<Catalogue>, stream: i64) -> Result<Arc<Opened>, NoPicture> {
        if let Some((_, opened)) = lock(&self.open).iter().find(|(open, _)| *open == stream) {
            return Ok(Arc::clone(opened));
        }
        let located = lock(catalogue)
            .locate(StreamNumber::stored(stream))
            .map_err(|error| catalogue::failure(&error))?;
        let source =
            open_source(&located, &self.buffers).map_err(|error| catalogue::failure(&error))?;
        let object = cloakroom_p10::read(source, Extent::Whole, &self.limits)
            .map_err(|_| HoldReason::PixelUndecodable)?;
        let opened = Arc::new(Opened {
            image: object.describe_image(),
            bytes: PixelSource::of(&object),
            object,
        });
        let mut open = lock(&self.open);
        open.truncate(OPEN - 1);
        open.push_front((stream, Arc::clone(&opened)));
        Ok(opened)
    }

    fn request<'a>(&'a self, opened: &'a Opened, known: &'a KnownValues) -> ImageToAssess<'a> {
        ImageToAssess {
            image: &opened.image,
            layout: opened.object.pixel_layout(),
            bytes: &opened.bytes,
            policy: &self.policy,
            detector: self.detector.as_ref(),
            known,
            decision: None,
        }
    }

    pub(super) fn frame(
        &self,
        catalogue: &Mutex<Catalogue>,
        stream: i64,
        frame: u32,
    ) -> Result<Shown, NoPicture> {
        let opened = self.opened(catalogue, stream)?;
        let known = KnownValues::default();
        Ok(show(&self.request(&opened, &known), frame)?)
    }

    /// All frames of some images laid over each other.
    pub(super) fn projection(
        &self,
        catalogue: &Mutex<Catalogue>,
        streams: &[i64],
        kind: ProjectionKind,
    ) -> Result<(Shown, (u32, u32)), NoPicture> {
        let remembered = lock(&self.projections)
            .iter()
            .find(|(of, _)| of == streams)
            .map(|(_, projector)| Arc::clone(projector));
        let projector = match remembered {
            Some(projector) => projector,
            None => {
                let projector = Arc::new(self.project(catalogue, streams)?);
                let mut all = lock(&self.projections);
                all.truncate(OPEN - 1);
                all.push_front((streams.to_vec(), Arc::clone(&projector)));
                projector
            }
        };
        let shown = projector
            .project(kind)
            .ok_or(HoldReason::PixelUndecodable)?;
        Ok((shown, projector.counts()))
    }

    fn project(
        &self,
        catalogue: &Mutex<Catalogue>,
        streams: &[i64],
    ) -> Result<Projector, NoPicture> {
        let mut projector = Projector::new();
        let known = KnownValues::default();
        let each = (MOST_FRAMES / u32::try_from(streams.len()).unwrap_or(u32::MAX).max(1)).max(1);
        for stream in streams {
            let opened = self.opened(catalogue, *stream)?;
            projector.add(&self.request(&opened, &known), each)?;
        }
        Ok(projector)
    }

    /// What rules and the detector propose for an image of a patient.
    pub(super) fn proposals(
        &self,
        catalogue: &Mutex<Catalogue>,
        stream: i64,
        patient: i64,
    ) -> Result<Arc<Proposed>, NoPicture> {
        if let Some(known) = lock(&self.proposed).get(&stream) {
            return Ok(Arc::clone(known));
        }
        let opened = self.opened(catalogue, stream)?;
        let known = lock(catalogue)
            .known_values(PatientNumber::stored(patient))
            .map_err(|error| catalogue::failure(&error))?;
        let (areas, detector_looked) = proposals(&self.request(&opened, &known))?;
        let proposed = Arc::new(Proposed {
            areas,
            detector_looked,
        });
        lock(&self.proposed).insert(stream, Arc::clone(&proposed));
        Ok(proposed)
    }
}
