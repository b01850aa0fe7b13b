//! A messy delivery from a hospital that does not exist, and the truth about every file in it.
//!
//! ```no_run
//! use cloakroom_testkit::{Hospital, Size};
//! let truth = Hospital::write("delivery".as_ref(), Size::Demo, 1)?;
//! assert!(truth.files.iter().any(|file| file.what == "dose report screen"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod archives;
mod delivery;
mod dicomdir;
mod labels;
mod mess;
mod truth;
mod ultrasound;
mod wards;

pub use truth::{BurnedText, Mismatch, Place, PlannedFile, Truth};

use crate::dicom::Syntax;
use crate::people::Origin;
use cloakroom_core::{Outcome, SetAsideReason};
use delivery::Delivery;
use dicomdir::Listed;
use std::io;
use std::path::Path;
use wards::{StudyFolder, Ward};

/// How large a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Every kind of file once, small pictures: for tests.
    Tiny,
    /// About two hundred files and some 50 MB: for the demonstration.
    Demo,
}

/// Pixels and slices of a size.
pub(crate) struct Scale {
    ct: usize,
    ct_slices: usize,
    mr: usize,
    mr_slices: usize,
    mg: (usize, usize),
    cr: (usize, usize),
    us: (usize, usize),
    cine: usize,
}

impl Size {
    const fn scale(self) -> Scale {
        match self {
            Self::Tiny => Scale {
                ct: 96,
                ct_slices: 4,
                mr: 64,
                mr_slices: 3,
                mg: (120, 160),
                cr: (256, 256),
                us: (420, 280),
                cine: 3,
            },
            Self::Demo => Scale {
                ct: 512,
                ct_slices: 14,
                mr: 256,
                mr_slices: 18,
                mg: (768, 1024),
                cr: (1024, 1024),
                us: (640, 480),
                cine: 12,
            },
        }
    }
}

/// The hospital.
pub struct Hospital;

impl Hospital {
    /// Writes a delivery into a folder, which is made if it is not there, and tells the truth about it.
    ///
    /// The same size and seed give the same bytes and names. Nothing is written outside the folder, and
    /// the truth is not in it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(dir: &Path, size: Size, seed: u64) -> io::Result<Truth> {
        let scale = size.scale();
        let mut delivery = Delivery::new(dir, seed)?;
        lungs(&mut delivery, &scale)?;
        others(&mut delivery, &scale)?;
        mess::write(&mut delivery, &scale)?;
        Ok(delivery.into_truth())
    }
}

fn lungs(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::China, 1);
    let (mut folder, nodule) = wards::lung(&mut ward, Syntax::ExplicitLittle, scale.ct_slices);
    let study = folder.study.clone();
    folder.series.push(wards::dose_screen(&mut ward, &study));
    labels::add(&mut ward, &mut folder, &nodule);
    burn_disc(delivery, &folder)?;
    let mut ward = Ward::open(delivery, scale, Origin::Korea, 2);
    let (folder, _) = wards::lung(&mut ward, Syntax::ImplicitLittle, scale.ct_slices);
    place(delivery, &folder, "export")
}

fn others(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::Vietnam, 3);
    let folder = wards::mammography(&mut ward);
    place(delivery, &folder, "export/MAMMO")?;
    let mut ward = Ward::open(delivery, scale, Origin::Indonesia, 4);
    let folder = ultrasound::breast(&mut ward);
    place(delivery, &folder, "US/kiriman")?;
    let mut ward = Ward::open(delivery, scale, Origin::Thailand, 5);
    let folder = ultrasound::thyroid(&mut ward);
    place(delivery, &folder, "US")?;
    let mut ward = Ward::open(delivery, scale, Origin::Japan, 6);
    let folder = wards::glioma(&mut ward, Syntax::ExplicitLittle);
    place(delivery, &folder, "MR神経")?;
    let mut ward = Ward::open(delivery, scale, Origin::Malaysia, 7);
    let folder = wards::kidney(&mut ward, Syntax::ExplicitLittle, scale.ct_slices);
    place(delivery, &folder, "CTA/renal/2023/batch 1")?;
    let mut ward = Ward::open(delivery, scale, Origin::Philippines, 8);
    let folder = wards::radiograph(&mut ward, Syntax::ExplicitLittle, true);
    place(delivery, &folder, "XRAY")?;
    let mut ward = Ward::open(delivery, scale, Origin::Singapore, 9);
    let folder = wards::radiograph(&mut ward, Syntax::ImplicitLittle, false);
    place(delivery, &folder, "XRAY")
}

/// Writes a study as a disc does: short names in capitals, and a DICOMDIR that lists the images.
fn burn_disc(delivery: &mut Delivery, folder: &StudyFolder) -> io::Result<()> {
    let mut listed = Vec::new();
    for (series, instances) in &folder.series {
        for instance in instances {
            let mut instance = instance.clone();
            instance.name = instance.name.to_uppercase().replace(".DCM", "");
            let path = format!("DICOM/P0000001/SE{:06}/{}", series.number, instance.name);
            if series.modality == "CT" {
                let path = path.split('/').map(str::to_owned).collect();
                listed.push(Listed {
                    path,
                    dataset: instance.dataset.clone(),
                });
            }
            delivery.write_instance(
                &format!("FILM/DICOM/P0000001/SE{:06}", series.number),
                &instance,
            )?;
        }
    }
    let outcome = [Outcome::SetAside(SetAsideReason::DicomDir)];
    delivery.write(
        "FILM/DICOMDIR",
        &dicomdir::bytes(&listed),
        "a DICOMDIR",
        &outcome,
    )
}

/// Writes the instances of a study into folders that are named after the patient, as exports do.
fn place(delivery: &mut Delivery, folder: &StudyFolder, below: &str) -> io::Result<()> {
    let person = &folder.study.person;
    let base = format!(
        "{below}/{}_{}/{}",
        person.folder_name(),
        person.birth.da(),
        folder.study.date.da()
    );
    for (series, instances) in &folder.series {
        let words: String = series
            .description
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        for instance in instances {
            delivery.write_instance(&format!("{base}/{:03}_{words}", series.number), instance)?;
        }
    }
    Ok(())
}
