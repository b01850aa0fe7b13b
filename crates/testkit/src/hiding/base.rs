//! The ordinary object in which something is hidden: a CT slice of 32 pixels square.

use crate::canaries::Ledger;
use crate::dicom::{DicomFile, Syntax};
use crate::objects::common::{Device, Series, SeriesKind, Slice, Study, UidMaker};
use crate::objects::images;
use crate::people::{Date, Origin, Person};
use crate::phantom::thorax::{self, Lesion};
use crate::random::Random;

/// An object and what is known about it.
pub(crate) struct Base {
    pub(crate) file: DicomFile,
    pub(crate) study: Study,
    pub(crate) series: Series,
    pub(crate) instance: String,
    pub(crate) ledger: Ledger,
}

const DEVICE: Device = Device {
    maker: "Synthetic Medical",
    model: "Phantom CT 64",
};

/// A CT slice of a patient who is in no other object.
pub(crate) fn ct(seed: u64, name: &str) -> Base {
    let mut random = Random::named(seed, &format!("base {name}"));
    let day = Date::draw(&mut random, 2015, 2024);
    let number = random.below(1_000_000) as u32;
    let mut uids = UidMaker::new(random.next_u64(), day);
    // The counter is far along, so that no two objects share a UID by chance.
    uids.skip(random.below(3_000_000_000) as u32);
    let mut person = Person::draw(Origin::Philippines, number, seed);
    person.patient_id = format!("PID{}", random.digits(12));
    let mut ledger = Ledger::new(seed, name);
    let study = Study::new(&person, day, "Chest CT", &mut uids, &mut ledger);
    let kind = SeriesKind {
        modality: "CT",
        description: "THORAX",
        body_part: "CHEST",
        device: DEVICE,
    };
    let series = Series::new(&study, 2, kind, &mut uids, &mut ledger);
    let instance = uids.next_uid();
    let size = 32;
    let slice = Slice {
        index: 0,
        spacing: 10.0,
        gap: 5.0,
        size,
    };
    let nodule = Lesion {
        x: 0.3,
        y: 0.5,
        radius: 0.05,
        slice: 0,
        reach: 1,
    };
    let picture = thorax::chest_slice(size, 0, 1, &nodule, &mut random);
    let dataset = images::ct(&study, &series, &instance, &slice, &picture);
    Base {
        file: DicomFile::new(Syntax::ExplicitLittle, dataset),
        study,
        series,
        instance,
        ledger,
    }
}
