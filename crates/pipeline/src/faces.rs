//! Whether the series of a patient show a face. A face is not in one slice: a series is looked at as a whole, once,
//! by the first thread that needs to know, whatever of it is chosen.

use crate::stream::PixelSource;
use crate::{Failure, catalogue};
use cloakroom_core::{HoldReason, ImageDescription, KnownValues, Phi};
use cloakroom_ingest::{Catalogue, Located, PatientNumber};
use cloakroom_p10::{Extent, Limits, Object};
use cloakroom_pixels::{FaceFinding, FaceSearch, ImageToAssess, PixelPolicy, may_show_face};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The series of one patient that could be put together to a face, by their original Series Instance UID.
#[derive(Default)]
pub(crate) struct SeriesWithFaces {
    series: BTreeMap<Phi<String>, OneSeries>,
}

#[derive(Default)]
struct OneSeries {
    images: Vec<Located>,
    finding: OnceLock<FaceFinding>,
}

impl SeriesWithFaces {
    /// Takes down where the slices of a patient lie.
    pub(crate) fn of(catalogue: &Catalogue, patient: PatientNumber) -> Result<Self, Failure> {
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
        Ok(Self { series })
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
            *one.finding
                .get_or_init(|| one.look(policy).unwrap_or(FaceFinding::Unsure))
        })
    }
}

impl OneSeries {
    fn look(&self, policy: &PixelPolicy) -> Result<FaceFinding, HoldReason> {
        let mut images = Vec::with_capacity(self.images.len());
        for located in &self.images {
            images.push(read(located, Extent::Header)?.describe_image());
        }
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
        FaceSearch::new(&images).look(&with)
    }
}

fn read(located: &Located, extent: Extent) -> Result<Object, HoldReason> {
    let source = located.open().map_err(|_| HoldReason::PixelUndecodable)?;
    cloakroom_p10::read(source, extent, &Limits::default())
        .map_err(|_| HoldReason::PixelUndecodable)
}
