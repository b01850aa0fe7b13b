//! What is burned in: lines that identify, and lines that may stay.

use super::Font;
use crate::people::{Origin, Person};
use crate::random::Random;

/// What a line of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A person's name.
    Name,
    /// A number of the patient or the order.
    Identifier,
    /// A date or a time.
    Date,
    /// The name of a hospital.
    Institution,
    /// A laterality or orientation marker: may stay.
    Marker,
    /// A measurement or a setting: may stay.
    Measurement,
}

impl Role {
    /// Whether the line must go.
    #[must_use]
    pub const fn identifies(self) -> bool {
        !matches!(self, Self::Marker | Self::Measurement)
    }
}

pub(super) fn person(font: Font, number: u32, seed: u64) -> Person {
    // Latin letters without marks: every font of the set has them. Where Han can be drawn, it is.
    let origins = [
        Origin::Malaysia,
        Origin::Indonesia,
        Origin::Philippines,
        Origin::Korea,
    ];
    let origin = if font.has_han() {
        Origin::China
    } else {
        origins[number as usize % origins.len()]
    };
    Person::draw(origin, number, seed)
}

/// The lines of one image. Every fifth image has none that identifies.
pub(super) fn lines(
    person: &Person,
    font: Font,
    number: u32,
    random: &mut Random,
) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    if !(number / 6 + number).is_multiple_of(5) {
        lines = identity(person, font, random);
    }
    for _ in 0..random.below(4) {
        lines.extend(
            random
                .pick(&TECHNICAL)
                .map(|(role, line)| (*role, (*line).to_owned())),
        );
    }
    lines
}

const TECHNICAL: [(Role, &str); 14] = [
    (Role::Marker, "L"),
    (Role::Marker, "R"),
    (Role::Marker, "A"),
    (Role::Marker, "P"),
    (Role::Marker, "PA"),
    (Role::Marker, "LMLO"),
    (Role::Marker, "RCC"),
    (Role::Measurement, "MI 1.2"),
    (Role::Measurement, "TIs 0.4"),
    (Role::Measurement, "15.3 mm"),
    (Role::Measurement, "120 kV"),
    (Role::Measurement, "5 cm"),
    (Role::Measurement, "W 400"),
    (Role::Measurement, "25 fps"),
];

fn identity(person: &Person, font: Font, random: &mut Random) -> Vec<(Role, String)> {
    let (family, given) = (&person.latin.0, &person.latin.1);
    let birth = person.birth;
    let mut all = vec![
        (Role::Name, format!("{family} {given}").to_uppercase()),
        (Role::Name, format!("{family}, {given}")),
        (
            Role::Name,
            format!("{}^{}", family.to_uppercase(), given.to_uppercase()),
        ),
        (Role::Identifier, format!("ID: {}", person.patient_id)),
        (Role::Identifier, person.national_id.clone()),
        (
            Role::Date,
            format!("{:04}-{:02}-{:02}", birth.year, birth.month, birth.day),
        ),
        (
            Role::Date,
            format!("DOB {:02}/{:02}/{:04}", birth.day, birth.month, birth.year),
        ),
        (
            Role::Date,
            format!(
                "{:02}:{:02}:{:02}",
                random.below(24),
                random.below(60),
                random.below(60)
            ),
        ),
        (Role::Institution, "ORCHID HOSPITAL".to_owned()),
    ];
    if font.has_han() && person.origin == Origin::China {
        all.push((
            Role::Name,
            format!("{}{}", person.native.0, person.native.1),
        ));
        all.push((
            Role::Name,
            format!("姓名:{}{}", person.native.0, person.native.1),
        ));
        all.push((Role::Institution, person.hospital.clone()));
        all.push((
            Role::Date,
            format!("{}年{}月{}日", birth.year, birth.month, birth.day),
        ));
    }
    let count = 1 + random.below(3) as usize;
    (0..count)
        .filter_map(|_| {
            let index = random.below(all.len() as u64) as usize;
            (index < all.len()).then(|| all.swap_remove(index))
        })
        .collect()
}
