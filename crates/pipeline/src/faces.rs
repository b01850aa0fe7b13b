//! Whether the series of a patient show a face. A face is not in one slice: a series is looked at as a whole, once,
//! when the first thread needs to know, whatever of it is chosen.

use crate::stream::PixelSource;
use crate::{Failure, catalogue};
use cloakroom_core::{HoldReason, ImageDescription, KnownValues, Phi};
use cloakroom_ingest::{Catalogue, Located, PatientNumber};
use cloakroom_p10::{Extent, Limits, Object};
use cloakroom_pixels::{
    FaceFinding, FaceSearch, ImageToAssess, PixelPolicy, may_show_face, side_by_side,
};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Looks at one series at a time, on as many threads as a run has: those that need the finding wait for it, and more
/// threads than were asked for never work at once.
pub(crate) struct FaceLook {
    threads: NonZeroUsize,
    turn: Mutex<()>,
}

impl FaceLook {
    /// A look on so many threads.
    pub(crate) fn with_threads(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN),
            turn: Mutex::new(()),
        })
    }
}

/// The series of one patient that could be put together to a face, by their original Series Instance UID.
pub(crate) struct SeriesWithFaces {
    look: Arc<FaceLook>,
    series: BTreeMap<Phi<String>, OneSeries>,
}

#[derive(Default)]
struct OneSeries {
    images: Vec<Located>,
    finding: OnceLock<FaceFinding>,
}

impl SeriesWithFaces {
    /// Takes down where the slices of a patient lie.
    pub(crate) fn of(
        catalogue: &Catalogue,
        patient: PatientNumber,
        look: &Arc<FaceLook>,
    ) -> Result<Self, Failure> {
        let failed = |error| catalogue::failure(&error);
        let mut series: BTreeMap<Phi<String>, OneSeries> = BTreeMap::new();
        for one in catalogue.series_of(patient).map_err(failed)? {
            let instances = catalogue
                .instances_of(patient, one.study, one.number)
                .map_err(failed)?;
            for instance in instances {
                if instance.outcome.is_none() && may_show_face(&instance.look.sop_class) {
                    let located = catalogue.locate(instance.stream).map_err(failed)?;
                    let of_series = series.entry(one.uid.clone()).or_default();
                    of_series.images.push(located);
                }
            }
        }
        let look = Arc::clone(look);
        Ok(Self { look, series })
    }

    /// No series: whatever could show a face is in doubt.
    pub(crate) fn none() -> Self {
        Self {
            look: FaceLook::with_threads(1),
            series: BTreeMap::new(),
        }
    }

    /// What the series of an image shows. What cannot be looked at is in doubt.
    pub(crate) fn finding(
        &self,
        series: &Phi<String>,
        image: &ImageDescription,
        policy: &PixelPolicy,
    ) -> FaceFinding {
        if !may_show_face(&image.sop_class) {
            return FaceFinding::Absent;
        }
        self.series.get(series).map_or(FaceFinding::Unsure, |one| {
            *one.finding.get_or_init(|| {
                let _turn = self
                    .look
                    .turn
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                one.look(self.look.threads, policy)
                    .unwrap_or(FaceFinding::Unsure)
            })
        })
    }
}

impl OneSeries {
    fn look(&self, threads: NonZeroUsize, policy: &PixelPolicy) -> Result<FaceFinding, HoldReason> {
        let described: Vec<OnceLock<ImageDescription>> =
            self.images.iter().map(|_| OnceLock::new()).collect();
        side_by_side(threads, described.len(), |number| {
            let object = read(&self.images[number], Extent::Header)?;
            described[number].get_or_init(|| object.describe_image());
            Ok(())
        })?;
        let images: Vec<ImageDescription> = described
            .into_iter()
            .filter_map(OnceLock::into_inner)
            .collect();
        let with = |number: usize, then: &mut dyn FnMut(&ImageToAssess<'_>)| {
            let object = read(&self.images[number], Extent::Whole)?;
            then(&ImageToAssess {
                image: &object.describe_image(),
                layout: object.pixel_layout(),
                bytes: &PixelSource::of(&object),
                policy,
                detector: None,
                known: &KnownValues::default(),
                decision: None,
            });
            Ok(())
        };
        FaceSearch::new(&images).look(threads, &with)
    }
}

fn read(located: &Located, extent: Extent) -> Result<Object, HoldReason> {
    let source = located.open().map_err(|_| HoldReason::PixelUndecodable)?;
    cloakroom_p10::read(source, extent, &Limits::default())
        .map_err(|_| HoldReason::PixelUndecodable)
}
