//! Synthetic patients: nobody lives here. Names are common ones, numbers follow their countries' rules.

mod names;
pub mod national_ids;

use crate::random::Random;
use names::Part;

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year, Gregorian.
    pub year: u32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day, 1 to 28 here.
    pub day: u32,
}

impl Date {
    /// The day as the VR DA writes it.
    #[must_use]
    pub fn da(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// A random day of a range of years.
    pub fn draw(random: &mut Random, first_year: u32, last_year: u32) -> Self {
        Self {
            year: first_year + random.below(u64::from(last_year - first_year + 1)) as u32,
            month: 1 + random.below(12) as u32,
            day: 1 + random.below(28) as u32,
        }
    }

    /// Whole years from this day to a later one.
    #[must_use]
    pub fn years_until(self, later: Self) -> u32 {
        let passed = (later.month, later.day) >= (self.month, self.day);
        later
            .year
            .saturating_sub(self.year)
            .saturating_sub(u32::from(!passed))
    }
}

/// Administrative sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// F.
    Female,
    /// M.
    Male,
}

impl Sex {
    /// The value of Patient's Sex.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
        }
    }
}

/// Where a patient comes from, as far as names and character sets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Han characters with pinyin, GB18030.
    China,
    /// Han characters with pinyin, GB2312 by code extension.
    ChinaIso2022,
    /// Latin script with marks, UTF-8.
    Vietnam,
    /// Thai script, TIS 620.
    Thailand,
    /// Latin script.
    Malaysia,
    /// Latin script.
    Indonesia,
    /// Latin script.
    Philippines,
    /// Latin, hanja and hangul groups by code extension.
    Korea,
    /// Latin, kanji and kana groups by code extension.
    Japan,
    /// Latin-1 with marks.
    Singapore,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 10] = [
        Self::China,
        Self::ChinaIso2022,
        Self::Vietnam,
        Self::Thailand,
        Self::Malaysia,
        Self::Indonesia,
        Self::Philippines,
        Self::Korea,
        Self::Japan,
        Self::Singapore,
    ];

    /// The Specific Character Set that hospitals of this origin declare here.
    #[must_use]
    pub const fn charset(self) -> &'static str {
        match self {
            Self::China => "GB18030",
            Self::ChinaIso2022 => "\\ISO 2022 IR 58",
            Self::Vietnam => "ISO_IR 192",
            Self::Thailand => "ISO_IR 166",
            Self::Malaysia | Self::Indonesia | Self::Philippines => "ISO_IR 6",
            Self::Korea => "\\ISO 2022 IR 149",
            Self::Japan => "\\ISO 2022 IR 87",
            Self::Singapore => "ISO_IR 100",
        }
    }

    const fn pools(self) -> (&'static [Part], &'static [Part]) {
        match self {
            Self::China | Self::ChinaIso2022 => (names::CHINESE_FAMILY, names::CHINESE_GIVEN),
            Self::Vietnam => (names::VIETNAMESE_FAMILY, names::VIETNAMESE_GIVEN),
            Self::Thailand => (names::THAI_FAMILY, names::THAI_GIVEN),
            Self::Malaysia => (names::MALAY_FAMILY, names::MALAY_GIVEN),
            Self::Indonesia => (names::INDONESIAN_FAMILY, names::INDONESIAN_GIVEN),
            Self::Philippines => (names::FILIPINO_FAMILY, names::FILIPINO_GIVEN),
            Self::Korea => (names::KOREAN_FAMILY, names::KOREAN_GIVEN),
            Self::Japan => (names::JAPANESE_FAMILY, names::JAPANESE_GIVEN),
            Self::Singapore => (names::LATIN_FAMILY, names::LATIN_GIVEN),
        }
    }

    fn national_id(self, birth: Date, sex: Sex, random: &mut Random) -> String {
        match self {
            Self::China | Self::ChinaIso2022 => national_ids::china("450103", birth, sex, random),
            Self::Vietnam => national_ids::vietnam(birth, sex, random),
            Self::Thailand => national_ids::thailand(random),
            Self::Malaysia => national_ids::malaysia(birth, sex, random),
            Self::Indonesia => national_ids::indonesia(birth, sex, random),
            Self::Philippines => national_ids::philippines(random),
            Self::Korea => national_ids::korea(birth, sex, random),
            Self::Japan => national_ids::japan(random),
            Self::Singapore => national_ids::singapore(birth, random),
        }
    }

    fn phone(self, random: &mut Random) -> String {
        match self {
            Self::China | Self::ChinaIso2022 => format!("139{}", random.digits(8)),
            Self::Vietnam => format!("+84 91 {} {}", random.digits(3), random.digits(4)),
            Self::Thailand => format!("+66 81 {} {}", random.digits(3), random.digits(4)),
            Self::Malaysia => format!("+60 12-{} {}", random.digits(3), random.digits(4)),
            Self::Indonesia => format!("0812-{}-{}", random.digits(4), random.digits(4)),
            Self::Philippines => format!("+63 917 {} {}", random.digits(3), random.digits(4)),
            Self::Korea => format!("010-{}-{}", random.digits(4), random.digits(4)),
            Self::Japan => format!("090-{}-{}", random.digits(4), random.digits(4)),
            Self::Singapore => format!("+65 9{} {}", random.digits(3), random.digits(4)),
        }
    }

    /// Street, town and hospital, in the script of the origin where its character set has it.
    const fn places(self) -> (&'static str, &'static str) {
        match self {
            Self::China | Self::ChinaIso2022 => ("南宁市青秀区民族大道", "南宁市第九人民医院"),
            Self::Vietnam => ("Phường Láng Thượng, Đống Đa, Hà Nội", "Bệnh viện Sao Mai"),
            Self::Thailand => ("ถนนสุขุมวิท กรุงเทพ", "โรงพยาบาลดอกบัว"),
            Self::Malaysia => ("Jalan Melati, Kuala Lumpur", "Hospital Seri Melur"),
            Self::Indonesia => ("Jalan Kenanga, Bandung", "RS Bunga Bangsa"),
            Self::Philippines => ("Barangay Sampaguita, Quezon City", "Ospital ng Sampaguita"),
            Self::Korea => ("서울시 종로구 무궁화로", "무궁화 병원"),
            Self::Japan => ("東京都文京区桜台", "桜台総合病院"),
            Self::Singapore => ("Orchid Crescent, Singapore", "Orchid Crescent Hôpital"),
        }
    }
}

/// A synthetic patient.
#[derive(Clone, PartialEq)]
pub struct Person {
    /// Where the name comes from.
    pub origin: Origin,
    /// Romanised family and given name.
    pub latin: (String, String),
    /// Family and given name in native script; empty where there is none besides Latin.
    pub native: (String, String),
    /// Family and given name by sound; empty where the country uses none.
    pub phonetic: (String, String),
    /// Administrative sex.
    pub sex: Sex,
    /// Day of birth.
    pub birth: Date,
    /// The hospital's number for the patient.
    pub patient_id: String,
    /// The number of the identity card.
    pub national_id: String,
    /// A telephone number.
    pub phone: String,
    /// Street and town.
    pub address: String,
    /// The hospital's name.
    pub hospital: String,
    /// Height in metres.
    pub height: f64,
    /// Weight in kilograms.
    pub weight: f64,
}

impl Person {
    /// Makes a patient. `number` is the patient's number in a delivery and keeps identifiers apart.
    #[must_use]
    pub fn draw(origin: Origin, number: u32, seed: u64) -> Self {
        let mut random = Random::named(seed, &format!("person {number}"));
        let (families, given_names) = origin.pools();
        let family = random.pick(families).copied().unwrap_or(("Canary", "", ""));
        let given = random
            .pick(given_names)
            .copied()
            .unwrap_or(("Nobody", "", ""));
        let sex = if random.below(2) == 0 {
            Sex::Female
        } else {
            Sex::Male
        };
        let birth = Date::draw(&mut random, 1938, 1994);
        let (street, hospital) = origin.places();
        Self {
            origin,
            latin: (family.0.to_owned(), given.0.to_owned()),
            native: (family.1.to_owned(), given.1.to_owned()),
            phonetic: (family.2.to_owned(), given.2.to_owned()),
            sex,
            birth,
            patient_id: format!("MRN{number:02}{}", random.digits(6)),
            national_id: origin.national_id(birth, sex, &mut random),
            phone: origin.phone(&mut random),
            address: format!("{street} {}", 100 + random.below(900)),
            hospital: hospital.to_owned(),
            height: 1.5 + random.below(40) as f64 / 100.0,
            weight: 45.0 + random.below(45) as f64,
        }
    }

    /// The value of Patient's Name: alphabetic, ideographic and phonetic groups as the origin uses them.
    #[must_use]
    pub fn pn(&self) -> String {
        let group = |name: &(String, String)| format!("{}^{}", name.0, name.1);
        if self.native.0.is_empty() {
            return group(&self.latin);
        }
        if self.origin == Origin::Vietnam || self.origin == Origin::Thailand {
            return group(&self.native);
        }
        if self.phonetic.0.is_empty() {
            return format!("{}={}", group(&self.latin), group(&self.native));
        }
        format!(
            "{}={}={}",
            group(&self.latin),
            group(&self.native),
            group(&self.phonetic)
        )
    }

    /// The name as people write it in folders and reports: romanised, family name first.
    #[must_use]
    pub fn folder_name(&self) -> String {
        let latin = format!("{}_{}", self.latin.0, self.latin.1).to_uppercase();
        latin
            .chars()
            .map(|character| if character == ' ' { '_' } else { character })
            .collect()
    }

    /// The age at a day, as the VR AS writes it.
    #[must_use]
    pub fn age_at(&self, day: Date) -> String {
        format!("{:03}Y", self.birth.years_until(day))
    }

    /// Every value by which this patient is known, for a search: name parts, numbers, birth date.
    #[must_use]
    pub fn known_values(&self) -> Vec<String> {
        let mut values = vec![
            self.latin.0.clone(),
            self.latin.1.clone(),
            self.native.0.clone(),
            self.native.1.clone(),
            self.phonetic.0.clone(),
            self.phonetic.1.clone(),
            self.patient_id.clone(),
            self.national_id.clone(),
            self.phone.clone(),
            self.address.clone(),
            self.hospital.clone(),
            self.birth.da(),
        ];
        values.retain(|value| !value.is_empty());
        values.sort();
        values.dedup();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::Charset;

    #[test]
    fn every_origin_fits_its_character_set() {
        for (number, origin) in Origin::ALL.into_iter().enumerate() {
            for seed in 0..20 {
                let person = Person::draw(origin, number as u32, seed);
                let charset = Charset::parse(origin.charset());
                for text in [person.pn(), person.address, person.hospital] {
                    assert!(charset.holds(&text), "{origin:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_patient_is_the_same_every_time() {
        assert!(Person::draw(Origin::Korea, 3, 9) == Person::draw(Origin::Korea, 3, 9));
        assert!(Person::draw(Origin::Korea, 3, 9) != Person::draw(Origin::Korea, 4, 9));
    }
}
