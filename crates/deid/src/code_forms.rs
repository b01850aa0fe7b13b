//! The forms that codes of public coding schemes have, so that a name or a record number in the place of a code is
//! told from a code (PS3.16 section 8, and the publications of the schemes).

/// Whether a value has the form that the codes of a scheme have; `scheme` in upper case. `false` where the scheme has
/// no form that could be told from a name: its codes are read as text.
pub(crate) fn is_value(scheme: &str, value: &str) -> bool {
    let digits = |least: usize, most: usize| is_digits(value, least, most);
    match scheme {
        "DCM" => digits(5, 6),
        "LN" => is_loinc(value),
        "SCT" => is_snomed(value),
        "SRT" | "SNM3" | "99SDM" | "SDM" => is_snomed_rt(value),
        "UCUM" => is_ucum(value),
        "RADLEX" => numbered(value, "RID", 1, 6),
        "RADELEMENT" => numbered(value, "RDE", 1, 6),
        "NCIT" => numbered(value, "C", 3, 6),
        "UMLS" => numbered(value, "C", 7, 7),
        "MSH" => numbered(value, "D", 6, 9),
        "CD2" => numbered(value, "D", 4, 4),
        "FMA" => digits(3, 6) || numbered(value, "FMAID", 3, 6),
        "RXNORM" | "PUBCHEM_CID" | "ITIS_TSN" | "MDC" | "HPC" => digits(1, 7),
        "NEU" | "PATHLEX" | "POS" | "ASTM-SIGPURPOSE" => digits(1, 5),
        "C4" | "C5" => {
            digits(5, 5)
                || (value.len() == 5
                    && is_digits(&value[..4], 4, 4)
                    && value.as_bytes()[4].is_ascii_uppercase())
        }
        "ICDO3" => is_icd_o(value),
        "I10" | "I10P" | "I9" | "I9C" => is_icd(value),
        "ACR" | "SCPECG" => {
            value.len() <= 16
                && value.bytes().any(|byte| byte.is_ascii_digit())
                && value.split(['.', '-']).all(|part| is_digits(part, 1, 4))
        }
        "ISO3166_1" => {
            (2..=3).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_uppercase())
        }
        "ISO639_1" | "ISO639_2" | "RFC3066" | "RFC5646" => is_language(value),
        "DCMUID" => {
            value.parse::<cloakroom_core::Uid>().is_ok() && cloakroom_core::uid::is_standard(value)
        }
        _ => false,
    }
}

/// Whether a Coding Scheme Version is a number of a version or a day of publication.
pub(crate) fn is_version(value: &str) -> bool {
    let mut parts = value.split(['.', '-', '_']);
    let first = parts.clone().next().unwrap_or("");
    let plausible = first.len() < 4
        || first
            .get(..4)
            .is_some_and(|year| ("1990".."2100").contains(&year));
    value.len() <= 16
        && plausible
        && parts.all(|part| {
            is_digits(
                part.trim_end_matches(|sign: char| sign.is_ascii_lowercase()),
                1,
                8,
            )
        })
}

/// Whether a Mapping Resource, a Context Identifier or another designator of where a code was taken from is one of
/// the standard's.
pub(crate) fn is_mapping(value: &str) -> bool {
    matches!(value, "DCMR" | "SDM" | "UCUM" | "99SDM") || is_digits(value, 1, 5)
}

/// Whether a URN Code Value names an object identifier of a public authority, HL7 or DICOM.
pub(crate) fn is_urn(value: &str) -> bool {
    let oid = value.strip_prefix("urn:oid:").unwrap_or("");
    let public = ["2.16.840.1.113883.", "1.2.840.10008."];
    value.len() <= 128
        && public.iter().any(|root| oid.starts_with(root))
        && oid.parse::<cloakroom_core::Uid>().is_ok()
}

fn is_digits(value: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn numbered(value: &str, prefix: &str, least: usize, most: usize) -> bool {
    value
        .strip_prefix(prefix)
        .is_some_and(|number| is_digits(number, least, most))
}

/// `18782-3`, `LP12345-6`: the last digit checks the others modulo ten, as LOINC's manual says.
fn is_loinc(value: &str) -> bool {
    let number = value
        .strip_prefix("LP")
        .or_else(|| value.strip_prefix("LA"))
        .unwrap_or(value);
    let Some((number, check)) = number.split_once('-') else {
        return false;
    };
    if !is_digits(number, 1, 7) || !is_digits(check, 1, 1) {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    check.parse() == Ok((10 - sum % 10) % 10)
}

/// An identifier of a concept: 6 to 18 digits, the check digit of Verhoeff, and the partition of concepts.
fn is_snomed(value: &str) -> bool {
    let partition = value
        .len()
        .checked_sub(3)
        .and_then(|place| value.get(place..place + 2));
    is_digits(value, 6, 18)
        && matches!(partition, Some("00" | "10"))
        && crate::text::has_verhoeff_check(value.as_bytes())
}

/// `T-D0010`, `G-A138`, `R-00339`, `DF-10000`, `P5-0900C`: an axis and a number of hexadecimal signs.
fn is_snomed_rt(value: &str) -> bool {
    let Some((axis, number)) = value.split_once('-') else {
        return is_snomed(value);
    };
    let mut axis = axis.bytes();
    axis.next().is_some_and(|byte| byte.is_ascii_uppercase())
        && axis
            .next()
            .is_none_or(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && axis.next().is_none()
        && (3..=6).contains(&number.len())
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte) || byte == b'X')
        && number.bytes().any(|byte| byte.is_ascii_digit())
}

/// `C34.1`, `V10.0`, `174.9`, `B32GZZZ`, and no word: one letter, then digits, and letters only behind them.
fn is_icd(value: &str) -> bool {
    let (stem, rest) = value.split_once('.').unwrap_or((value, ""));
    let number = stem
        .strip_prefix(|sign: char| sign.is_ascii_uppercase())
        .unwrap_or(stem);
    let plain = is_digits(number, 2, 3)
        && rest.len() <= 4
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    // Procedures have seven signs, the second of which is always a sign of a table.
    let procedure = value.len() == 7
        && value.starts_with('B')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && value.as_bytes()[2].is_ascii_digit();
    plain || procedure
}

/// `C34.1` of topography, `8140/3` of morphology.
fn is_icd_o(value: &str) -> bool {
    match value.split_once('/') {
        Some((morphology, behaviour)) => is_digits(morphology, 4, 4) && is_digits(behaviour, 1, 2),
        None => is_icd(value),
    }
}

/// `en`, `eng`, `en-US`, `zh-Hant-TW`.
fn is_language(value: &str) -> bool {
    let mut parts = value.split(['-', '_']);
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    language
        && parts.clone().count() <= 2
        && parts.all(|part| matches!(part.len(), 2 | 4) && letters(part))
}

/// Atoms of UCUM that images use; the prefixes of the metric system may stand before each.
const UNITS: [&str; 58] = [
    "m", "s", "g", "rad", "K", "C", "cd", "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F",
    "Ohm", "S", "Wb", "Cel", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "deg", "min", "h", "d", "wk",
    "mo", "a", "l", "L", "ar", "t", "bar", "u", "eV", "pc", "mm[Hg]", "m[H2O]", "[HU]", "[hnsf'U]",
    "[ppm]", "Ci", "R", "RAD", "REM", "erg", "dyn", "B", "dB", "bit", "By",
];
const PREFIXES: [&str; 14] = [
    "", "da", "d", "c", "m", "u", "n", "p", "f", "k", "M", "G", "T", "h",
];
/// Annotations that the standard's own context groups and well-known tools write.
const ANNOTATIONS: [&str; 34] = [
    "ratio",
    "counts",
    "H.B.",
    "propcounts",
    "SUVbw",
    "SUVlbm",
    "SUVbsa",
    "SUVibw",
    "events",
    "pixels",
    "pixel",
    "0:1",
    "0:4",
    "0:5",
    "1:5",
    "1:9",
    "Minus One to Plus One Scaled",
    "M0",
    "M1",
    "slices",
    "voxels",
    "frames",
    "images",
    "bpm",
    "beats",
    "breaths",
    "score",
    "Zscore",
    "Tscore",
    "z-score",
    "t-score",
    "p",
    "normalized",
    "arbitrary",
];

/// A unit: atoms with prefixes and exponents, joined by `.` and `/`, and annotations that are known.
fn is_ucum(value: &str) -> bool {
    if value.is_empty() || value.len() > 64 {
        return false;
    }
    let mut atoms = String::new();
    let mut rest = value;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else {
            return false;
        };
        if !ANNOTATIONS.contains(&&rest[open + 1..open + close]) {
            return false;
        }
        atoms.push_str(&rest[..open]);
        rest = &rest[open + close + 1..];
    }
    atoms.push_str(rest);
    atoms.split(['.', '/', '(', ')']).all(is_ucum_atom)
}

fn is_ucum_atom(atom: &str) -> bool {
    let unit = atom
        .trim_end_matches(|sign: char| sign.is_ascii_digit())
        .trim_end_matches(['+', '-']);
    let exponent = &atom[unit.len()..];
    let number = exponent.len() <= 4;
    number
        && (unit.is_empty()
            || matches!(
                unit,
                "%" | "10*"
                    | "10^"
                    | "[pi]"
                    | "'"
                    | "''"
                    | "[arb'U]"
                    | "[IU]"
                    | "[in_i]"
                    | "[lb_av]"
                    | "[pH]"
            )
            || PREFIXES.iter().any(|prefix| {
                unit.strip_prefix(prefix)
                    .is_some_and(|bare| UNITS.contains(&bare))
            }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_schemes_have_their_form() {
        for (scheme, value) in [
            ("DCM", "113100"),
            ("DCM", "121106"),
            ("LN", "18782-3"),
            ("LN", "11528-7"),
            ("LN", "24604-1"),
            ("SCT", "51185008"),
            ("SCT", "39607008"),
            ("SCT", "818981001"),
            ("SCT", "10200004"),
            ("SCT", "24028007"),
            ("SCT", "108369006"),
            ("SRT", "T-D0010"),
            ("SRT", "G-A138"),
            ("SRT", "R-00339"),
            ("SNM3", "DF-10000"),
            ("99SDM", "P5-0900C"),
            ("SRT", "C-B1031"),
            ("UCUM", "mm"),
            ("UCUM", "cm2"),
            ("UCUM", "mm2/s"),
            ("UCUM", "um2/s"),
            ("UCUM", "[hnsf'U]"),
            ("UCUM", "1"),
            ("UCUM", "g/ml{SUVbw}"),
            ("UCUM", "{ratio}"),
            ("UCUM", "mm[Hg]"),
            ("UCUM", "Gy.cm2"),
            ("UCUM", "mGy.cm"),
            ("UCUM", "%"),
            ("UCUM", "10*6/ml"),
            ("UCUM", "{counts}/s"),
            ("UCUM", "Bq/ml"),
            ("UCUM", "/min"),
            ("UCUM", "1/s"),
            ("UCUM", "ms"),
            ("RADLEX", "RID1301"),
            ("FMA", "7195"),
            ("UMLS", "C0040300"),
            ("NCIT", "C25376"),
            ("I10", "C34.1"),
            ("ICDO3", "8140/3"),
            ("ISO3166_1", "SGP"),
            ("RFC5646", "en-US"),
            ("C4", "71250"),
        ] {
            assert!(is_value(scheme, value), "{scheme} {value}");
        }
    }

    #[test]
    fn names_and_numbers_are_no_codes() {
        for scheme in crate::planner::codes::PUBLIC_SCHEMES {
            for value in [
                "SMITH",
                "ZHANG^SAN",
                "Smith John",
                "HN-0048213",
                "S1234567D",
                "0048213X",
                "19610312-1",
                "Dr Lee",
                "WANG.XD",
            ] {
                assert!(!is_value(scheme, value), "{scheme} {value}");
            }
        }
        for (scheme, value) in [
            ("DCM", "0048213"),
            ("LN", "0048-213"),
            ("LN", "18782-4"),
            ("SCT", "12345678"),
            ("SCT", "19610312"),
            ("SRT", "LI-SMITH"),
            ("SRT", "A-DEFACE"),
            ("UCUM", "Li"),
            ("UCUM", "{Smith}"),
            ("UCUM", "mm{Zhang}"),
            ("ISO639_1", "SMI"),
        ] {
            assert!(!is_value(scheme, value), "{scheme} {value}");
        }
        assert!(
            is_version("01")
                && is_version("20150101")
                && is_version("2017_09_01")
                && is_version("1.0.3")
        );
        assert!(!is_version("19610312") && !is_version("Smith") && !is_version("12 King Rd"));
        assert!(is_mapping("DCMR") && is_mapping("4030") && !is_mapping("SMITH"));
        assert!(is_urn("urn:oid:2.16.840.1.113883.6.1") && !is_urn("urn:smith:john"));
    }
}
