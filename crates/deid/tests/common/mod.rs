//! A tiny writer of DICOM byte streams, and a patient to plan for.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses a part"
)]

pub mod real;

use cloakroom_core::{KnownKind, KnownValue, KnownValues, Phi, PixelChanges, Tag, VR};
use cloakroom_deid::{
    ApprovedWords, Edited, SiteSecret, Subject, TrackKeys, apply, plan, pseudonym_and_offset,
};
use cloakroom_p10::{Extent, Limits, MemorySource, Object, read};
use cloakroom_profile::Profile;
use std::sync::Arc;

pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// Explicit VR Little Endian elements, in the order given.
#[derive(Clone, Default)]
pub struct Set(pub Vec<(u32, Vec<u8>)>);

impl Set {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(self, tag: u32, vr: &str, value: &str) -> Self {
        self.bytes(tag, vr, value.as_bytes())
    }

    pub fn bytes(mut self, tag: u32, vr: &str, value: &[u8]) -> Self {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if matches!(vr, "UI" | "OB" | "UN") {
                0
            } else {
                b' '
            });
        }
        let mut out = header(tag, vr);
        if matches!(
            vr,
            "OB" | "OW" | "OF" | "UN" | "UT" | "UC" | "UR" | "SQ" | "OV"
        ) {
            out.extend([0, 0]);
            out.extend((value.len() as u32).to_le_bytes());
        } else {
            out.extend((value.len() as u16).to_le_bytes());
        }
        out.extend(value);
        self.0.push((tag, out));
        self
    }

    pub fn sequence(self, tag: u32, items: &[Set]) -> Self {
        let mut value = Vec::new();
        for item in items {
            let body = item.encode();
            value.extend([0xfe, 0xff, 0x00, 0xe0]);
            value.extend((body.len() as u32).to_le_bytes());
            value.extend(body);
        }
        self.bytes(tag, "SQ", &value)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|(tag, _)| *tag);
        sorted.into_iter().flat_map(|(_, bytes)| bytes).collect()
    }

    pub fn file(&self) -> Vec<u8> {
        let class = self.text(0x0008_0016);
        let instance = self.text(0x0008_0018);
        let body = Set::new()
            .bytes(0x0002_0001, "OB", &[0, 1])
            .with(0x0002_0002, "UI", &class)
            .with(0x0002_0003, "UI", &instance)
            .with(0x0002_0010, "UI", "1.2.840.10008.1.2.1")
            .with(0x0002_0016, "AE", "CANARYAETITLE")
            .encode();
        let mut out = b"CANARYPREAMBLE".to_vec();
        out.resize(128, 0);
        out.extend(b"DICM");
        out.extend(
            Set::new()
                .bytes(0x0002_0000, "UL", &(body.len() as u32).to_le_bytes())
                .encode(),
        );
        out.extend(body);
        out.extend(self.encode());
        out
    }

    fn text(&self, wanted: u32) -> String {
        let bytes = self
            .0
            .iter()
            .find(|(tag, _)| *tag == wanted)
            .map(|(_, bytes)| bytes[8..].to_vec());
        String::from_utf8_lossy(&bytes.unwrap_or_default())
            .trim_end_matches('\0')
            .to_owned()
    }
}

fn header(tag: u32, vr: &str) -> Vec<u8> {
    let mut out = ((tag >> 16) as u16).to_le_bytes().to_vec();
    out.extend((tag as u16).to_le_bytes());
    out.extend(vr.as_bytes());
    out
}

/// A CT slice with the attributes its IOD requires, of John Q Smith, also known as 王^小东.
pub fn ct() -> Set {
    Set::new()
        .with(0x0008_0005, "CS", "ISO_IR 192")
        .with(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL")
        .with(0x0008_0016, "UI", CT)
        .with(0x0008_0018, "UI", "1.2.826.0.1.3680043.2.1125.20190619.1")
        .with(0x0008_0020, "DA", "20190619")
        .with(0x0008_0021, "DA", "20190620")
        .with(0x0008_0030, "TM", "101112")
        .with(0x0008_0050, "SH", "ACC778899")
        .with(0x0008_0060, "CS", "CT")
        .with(0x0008_0070, "LO", "SIEMENS")
        .with(0x0008_0090, "PN", "Iyer^Raghunath")
        .with(0x0008_1030, "LO", "CT CHEST for John Smith 20190619 p4")
        .with(0x0008_103E, "LO", "Thorax 5.0 B31f")
        .with(0x0010_0010, "PN", "Smith^John^Q=王^小东")
        .with(0x0010_0020, "LO", "HN-0048213")
        .with(0x0010_0030, "DA", "19250203")
        .with(0x0010_0040, "CS", "M")
        .with(0x0010_1010, "AS", "094Y")
        .with(0x0018_0050, "DS", "5.0")
        .with(0x0018_0060, "DS", "120")
        .with(0x0018_5100, "CS", "HFS")
        .with(0x0020_000D, "UI", "1.2.826.0.1.3680043.2.1125.20190619.2")
        .with(0x0020_000E, "UI", "1.2.826.0.1.3680043.2.1125.20190619.3")
        .with(0x0020_0010, "SH", "S4711X")
        .with(0x0020_0011, "IS", "3")
        .with(0x0020_0013, "IS", "17")
        .with(0x0020_0032, "DS", "-180.5\\-180.5\\100")
        .with(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0")
        .with(0x0020_0052, "UI", "1.2.826.0.1.3680043.2.1125.20190619.4")
        .bytes(0x0028_0002, "US", &[1, 0])
        .with(0x0028_0004, "CS", "MONOCHROME2")
        .bytes(0x0028_0010, "US", &[2, 0])
        .bytes(0x0028_0011, "US", &[2, 0])
        .with(0x0028_0030, "DS", "0.7\\0.7")
        .bytes(0x0028_0100, "US", &[16, 0])
        .bytes(0x0028_0101, "US", &[12, 0])
        .bytes(0x0028_0102, "US", &[11, 0])
        .bytes(0x0028_0103, "US", &[0, 0])
        .with(0x0028_1052, "DS", "-1024")
        .with(0x0028_1053, "DS", "1")
        .bytes(0x7FE0_0010, "OW", &[1, 2, 3, 4, 5, 6, 7, 8])
}

pub fn known() -> KnownValues {
    let value = |kind, value: &str| KnownValue {
        kind,
        value: Phi::new(value.into()),
    };
    KnownValues::new(vec![
        value(KnownKind::PatientName, "Smith^John^Q=王^小东"),
        value(KnownKind::PatientId, "HN-0048213"),
        value(KnownKind::BirthDate, "19250203"),
        value(KnownKind::OrderId, "ACC778899"),
        value(KnownKind::OrderId, "S4711X"),
        value(KnownKind::Person, "Iyer^Raghunath"),
        value(KnownKind::Institution, "Siriraj Hospital"),
    ])
}

pub struct Site {
    pub profile: Profile,
    pub keys: TrackKeys,
    pub subject: Subject,
}

impl Site {
    pub fn new(profile: &str) -> Self {
        let profile = Profile::shipped(profile).unwrap_or_else(|errors| panic!("{errors:?}"));
        Self::of(profile, ApprovedWords::default())
    }

    pub fn of(profile: Profile, approved: ApprovedWords) -> Self {
        let mut secret = [9; 32];
        secret[3] = 1;
        let track = "lung".parse().unwrap();
        let keys = TrackKeys::derive(&SiteSecret::new(secret).unwrap(), "contest", &track, 0);
        let patient = keys.patient(Phi::new("HN-0048213"));
        let (pseudonym, offset) = pseudonym_and_offset(&profile, &patient, &track, "GX01").unwrap();
        let subject = Subject::new(pseudonym, offset, &known(), Arc::new(approved), &profile);
        Self {
            profile,
            keys,
            subject,
        }
    }

    pub fn edit(&self, bytes: Vec<u8>) -> Result<Edited, cloakroom_core::HoldReason> {
        let object = open(bytes);
        let plan = plan(&object, &self.profile, &self.subject, &self.keys)?;
        apply(object, plan)
    }

    /// The whole output file.
    pub fn run(&self, bytes: Vec<u8>) -> Result<Vec<u8>, cloakroom_core::HoldReason> {
        Ok(write(&self.edit(bytes)?, &PixelChanges::default()))
    }
}

pub fn write(edited: &Edited, pixels: &PixelChanges) -> Vec<u8> {
    let encoded = edited
        .encode(pixels)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut out = Vec::new();
    encoded.write_to(&**edited.source(), &mut out).unwrap();
    out
}

pub fn open(bytes: Vec<u8>) -> Object {
    read(
        Arc::new(MemorySource::new(bytes)),
        Extent::Whole,
        &Limits::default(),
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

/// A top-level value of the output as text; `None` where the attribute is absent.
pub fn text(bytes: &[u8], tag: u32) -> Option<String> {
    let object = open(bytes.to_vec());
    let element = object.dataset().get(Tag((tag >> 16) as u16, tag as u16))?;
    if element.vr() == VR::SQ {
        return Some(format!("{} items", element.items().count()));
    }
    Some(element.text().unwrap_or_default().join("\\"))
}

/// Whether a text occurs in bytes in any of the encodings that people use.
pub fn leaks(bytes: &[u8], canary: &str) -> bool {
    let lower: Vec<u8> = bytes.to_ascii_lowercase();
    let find = |needle: &[u8]| {
        !needle.is_empty() && lower.windows(needle.len()).any(|window| window == needle)
    };
    let plain = canary.to_lowercase();
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (chinese, _, _) = encoding_rs::GB18030.encode(&plain);
    find(plain.as_bytes()) || find(&wide) || find(&chinese.to_ascii_lowercase())
}
