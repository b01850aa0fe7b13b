//! Which attributes tell what somebody is called, and which of their values are worth searching for.
//!
//! The values are searched for in everything that leaves, so a value that stands in every other report
//! (`UNKNOWN`, `CT`, `1`) would hold everything and protect nobody. Real names are kept however short.

use cloakroom_core::{KnownKind, KnownValue, Phi, Tag, VR, uid};
use cloakroom_p10::{ElementRef, Object};
use dicom_dictionary_std::tags;

/// Longer values are not names, and would only slow the search down.
const LONGEST: usize = 4096;

/// The identifying values of one header, at every depth, sorted and without repetition.
pub(crate) fn harvest(object: &Object) -> Vec<KnownValue> {
    let mut values = Vec::new();
    for element in object.dataset().walk() {
        if let Some(kind) = kind_of(element) {
            harvest_element(element, kind, &mut values);
        }
    }
    values.sort();
    values.dedup();
    values
}

fn harvest_element(element: ElementRef, kind: KnownKind, values: &mut Vec<KnownValue>) {
    let texts = element.text().unwrap_or_else(|_| undecoded(element));
    for text in texts {
        let text = text.trim_matches(['\0', ' ', '\t', '\r', '\n', '^', '=']);
        if is_plausible(kind, text) {
            values.push(KnownValue {
                kind,
                value: Phi::new(text.to_owned()),
            });
        }
    }
}

/// Text of a VR that is none, or under a broken character set, is still somebody's name if it is UTF-8.
fn undecoded(element: ElementRef) -> Vec<String> {
    let raw = element.raw().unwrap_or(&[]);
    if raw.len() > LONGEST {
        return Vec::new();
    }
    let text = std::str::from_utf8(raw).unwrap_or("");
    text.split('\\').map(str::to_owned).collect()
}

/// What an attribute tells, by its tag, by the Sequence it stands in, and else by its VR.
fn kind_of(element: ElementRef) -> Option<KnownKind> {
    let vr = element.vr();
    if matches!(vr, VR::SQ | VR::OB | VR::OW) {
        return None;
    }
    if let Some(kind) = kind_by_tag(element.tag()) {
        return Some(kind);
    }
    match vr {
        VR::PN => Some(KnownKind::Person),
        VR::UI if !is_public_uid(element.tag()) => Some(KnownKind::Uid),
        _ if is_code(element.tag()) => kind_of_coded(element),
        _ => None,
    }
}

const fn is_code(tag: Tag) -> bool {
    matches!(
        tag,
        tags::CODE_VALUE | tags::LONG_CODE_VALUE | tags::URN_CODE_VALUE | tags::CODE_MEANING
    )
}

/// Codes that stand for a person, a house or a device are its name in other words.
fn kind_of_coded(element: ElementRef) -> Option<KnownKind> {
    match element.parent()?.sequence().tag() {
        tags::PERSON_IDENTIFICATION_CODE_SEQUENCE => Some(KnownKind::Person),
        tags::INSTITUTION_CODE_SEQUENCE
        | tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE
        | tags::SCHEDULED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE
        | tags::PERFORMED_STATION_NAME_CODE_SEQUENCE
        | tags::PERFORMED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE
        | tags::REQUESTING_SERVICE_CODE_SEQUENCE => Some(KnownKind::Institution),
        _ => None,
    }
}

fn kind_by_tag(tag: Tag) -> Option<KnownKind> {
    TABLE
        .iter()
        .find(|(_, listed)| listed.contains(&tag))
        .map(|(kind, _)| *kind)
}

/// Attributes that identify whatever their VR; names of persons and UIDs are found by their VR as well.
const TABLE: &[(KnownKind, &[Tag])] = &[
    (
        KnownKind::PatientName,
        &[
            tags::PATIENT_NAME,
            tags::OTHER_PATIENT_NAMES,
            tags::PATIENT_BIRTH_NAME,
            tags::PATIENT_MOTHER_BIRTH_NAME,
        ],
    ),
    (
        KnownKind::PatientId,
        &[
            tags::PATIENT_ID,
            // Other Patient IDs, retired.
            Tag(0x0010, 0x1000),
            // Insurance Plan Identification, retired.
            Tag(0x0010, 0x1050),
            // Medical Record Locator, retired.
            Tag(0x0010, 0x1090),
            tags::CLINICAL_TRIAL_SUBJECT_ID,
            tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
        ],
    ),
    (
        KnownKind::BirthDate,
        &[
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR,
        ],
    ),
    (
        KnownKind::Contact,
        &[
            tags::PATIENT_TELEPHONE_NUMBERS,
            tags::PATIENT_TELECOM_INFORMATION,
            tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
            tags::PERSON_TELEPHONE_NUMBERS,
            tags::PERSON_TELECOM_INFORMATION,
            tags::ORDER_CALLBACK_PHONE_NUMBER,
            tags::ORDER_CALLBACK_TELECOM_INFORMATION,
        ],
    ),
    (
        KnownKind::Address,
        &[
            tags::PATIENT_ADDRESS,
            tags::REGION_OF_RESIDENCE,
            tags::REFERRING_PHYSICIAN_ADDRESS,
            tags::PERSON_ADDRESS,
        ],
    ),
    (
        KnownKind::OrderId,
        &[
            tags::ACCESSION_NUMBER,
            tags::STUDY_ID,
            tags::REQUESTED_PROCEDURE_ID,
            tags::SCHEDULED_PROCEDURE_STEP_ID,
            tags::PERFORMED_PROCEDURE_STEP_ID,
            tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
            tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
            // Placer and Filler Order Number / Procedure and / Imaging Service Request, retired.
            Tag(0x0040, 0x1006),
            Tag(0x0040, 0x1007),
            Tag(0x0040, 0x2006),
            Tag(0x0040, 0x2007),
            tags::ADMISSION_ID,
            tags::SERVICE_EPISODE_ID,
            tags::SPECIMEN_IDENTIFIER,
            // Specimen Accession Number, retired.
            Tag(0x0040, 0x050A),
            tags::CONTAINER_IDENTIFIER,
            tags::BARCODE_VALUE,
        ],
    ),
    (KnownKind::Institution, INSTITUTIONS),
    (KnownKind::Device, DEVICES),
];

const INSTITUTIONS: &[Tag] = &[
    tags::INSTITUTION_NAME,
    tags::INSTITUTION_ADDRESS,
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::STATION_NAME,
    tags::STATION_AE_TITLE,
    tags::RETRIEVE_AE_TITLE,
    tags::SCHEDULED_STATION_AE_TITLE,
    tags::SCHEDULED_STATION_NAME,
    tags::SCHEDULED_PROCEDURE_STEP_LOCATION,
    tags::PERFORMED_STATION_AE_TITLE,
    tags::PERFORMED_STATION_NAME,
    tags::PERFORMED_LOCATION,
    tags::REQUESTING_SERVICE,
    // Scheduled Study Location and its AE Title, retired.
    Tag(0x0032, 0x1020),
    Tag(0x0032, 0x1021),
    tags::CURRENT_PATIENT_LOCATION,
    tags::PATIENT_INSTITUTION_RESIDENCE,
    tags::VERIFYING_ORGANIZATION,
    tags::CLINICAL_TRIAL_SITE_ID,
    tags::CLINICAL_TRIAL_SITE_NAME,
    tags::CLINICAL_TRIAL_SPONSOR_NAME,
    tags::CLINICAL_TRIAL_COORDINATING_CENTER_NAME,
    tags::ISSUER_OF_PATIENT_ID,
    tags::LOCAL_NAMESPACE_ENTITY_ID,
    tags::UNIVERSAL_ENTITY_ID,
];

const DEVICES: &[Tag] = &[
    tags::DEVICE_SERIAL_NUMBER,
    tags::DEVICE_ID,
    tags::PLATE_ID,
    tags::GENERATOR_ID,
    tags::GRID_ID,
    tags::CASSETTE_ID,
    tags::GANTRY_ID,
    tags::DETECTOR_ID,
    tags::UNIQUE_DEVICE_IDENTIFIER,
    tags::TREATMENT_MACHINE_NAME,
];

/// UIDs that name something public: classes, coding schemes, templates.
fn is_public_uid(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::RELATED_GENERAL_SOP_CLASS_UID
            | tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID
            | tags::SOP_CLASSES_IN_STUDY
            | tags::SOP_CLASSES_SUPPORTED
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::CONTEXT_GROUP_EXTENSION_CREATOR_UID
            | tags::MAPPING_RESOURCE_UID
            | tags::AVAILABLE_TRANSFER_SYNTAX_UID
            | tags::ENCRYPTED_CONTENT_TRANSFER_SYNTAX_UID
            | tags::MAC_CALCULATION_TRANSFER_SYNTAX_UID
            // Template Extension Organization and Creator UID, retired.
            | Tag(0x0040, 0xDB0C | 0xDB0D)
    )
}

/// Words that say nothing of a person, a house or a device when they are the whole value.
/// Compared in upper case, letters and digits only.
const GENERIC: &[&str] = &[
    "ABDOMEN",
    "ADMIN",
    "ADMINISTRATOR",
    "ANON",
    "ANONYM",
    "ANONYMIZED",
    "ANONYMISED",
    "ANONYMOUS",
    "ANONYMOUSPATIENT",
    "ANONYMOUSNAME",
    "BLANK",
    "BRAIN",
    "BREAST",
    "CARDIOLOGY",
    "CHEST",
    "CLINIC",
    "DEFAULT",
    "DEIDENTIFIED",
    "DELETED",
    "DEMO",
    "DEPARTMENT",
    "DEPT",
    "DOCTOR",
    "DOCTORS",
    "DR",
    "DUMMY",
    "EMPTY",
    "EXAM",
    "FEMALE",
    "GENERIC",
    "HEAD",
    "HIDDEN",
    "HOSPITAL",
    "IMAGING",
    "INSTITUTION",
    "KIDNEY",
    "LOCAL",
    "LUNG",
    "MALE",
    "MASKED",
    "MISSING",
    "NA",
    "NAME",
    "NIL",
    "NO",
    "NOID",
    "NONAME",
    "NONE",
    "NOTAVAILABLE",
    "NOTGIVEN",
    "NOTKNOWN",
    "NOTSPECIFIED",
    "NULL",
    "OPERATOR",
    "OTHER",
    "PACS",
    "PATIENT",
    "PATIENTID",
    "PATIENTNAME",
    "PHANTOM",
    "PHYSICIAN",
    "PRIVATE",
    "PSEUDO",
    "PSEUDONYM",
    "PUBLIC",
    "QC",
    "RADIOGRAPHER",
    "RADIOLOGIST",
    "RADIOLOGY",
    "REDACTED",
    "REMOVED",
    "RESEARCH",
    "SCANNER",
    "SERVICE",
    "SITE",
    "STATION",
    "STUDY",
    "SUBJECT",
    "SYSTEM",
    "TECH",
    "TECHNICIAN",
    "TECHNOLOGIST",
    "TEST",
    "THYROID",
    "TRIAL",
    "UNDEFINED",
    "UNK",
    "UNKNOWN",
    "UNSPECIFIED",
    "USER",
    "VOLUNTEER",
    "WITHHELD",
    "WORKSTATION",
    "YES",
    "AI",
    "BMD",
    "CR",
    "CT",
    "CTA",
    "DX",
    "ECG",
    "ES",
    "IO",
    "IVUS",
    "MG",
    "MR",
    "MRI",
    "MRA",
    "NM",
    "OCT",
    "OP",
    "OT",
    "PET",
    "PETCT",
    "PT",
    "PX",
    "RF",
    "RG",
    "SC",
    "SEG",
    "SR",
    "US",
    "XA",
    "XC",
    "XR",
    "XRAY",
    "ISOCT",
    "MD",
    "MRMR",
    "MRS",
    "MS",
    "未知",
    "匿名",
    "无名",
    "無名",
    "不详",
    "不詳",
    "测试",
    "測試",
    "患者",
    "病人",
    "医院",
    "醫院",
    "放射科",
    "影像科",
    "超声科",
    "超聲科",
    "技师",
    "医生",
    "無",
    "无",
    "不明",
    "미상",
    "환자",
    "익명",
    "ไม่ทราบ",
    "ไม่ระบุ",
    "ẨNDANH",
    "KHÔNGRÕ",
    "TIDAKDIKETAHUI",
    "TANPANAMA",
];

/// Dates that programs write where they know none.
const NO_DATES: &[&str] = &[
    "00010101", "11111111", "15821015", "16010101", "17530101", "18000101", "18581117", "18991230",
    "18991231", "19000101", "19010101", "99991231",
];

/// Whether a value says something of somebody.
fn is_plausible(kind: KnownKind, text: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    if kind == KnownKind::Uid {
        return !uid::is_standard(text) && text.contains('.') && text.parse::<uid::Uid>().is_ok();
    }
    let plain: String = text
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    let says_something = {
        let mut characters = plain.chars();
        let first = characters.next();
        characters.any(|character| Some(character) != first) || first.is_some_and(is_ideograph)
    };
    if !says_something || GENERIC.contains(&plain.as_str()) {
        return false;
    }
    match kind {
        KnownKind::BirthDate => is_real_date(&plain),
        KnownKind::PatientName | KnownKind::Person => true,
        KnownKind::PatientId | KnownKind::Contact => plain.len() >= 3,
        _ if plain.bytes().all(|byte| byte.is_ascii_digit()) => plain.len() >= 4,
        _ => plain.len() >= 3,
    }
}

/// A name may be a single ideograph, never a single letter.
fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character), 0x3400..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// A date in another calendar is free text and stays; one of eight digits must be a real one.
fn is_real_date(plain: &str) -> bool {
    if plain.len() != 8 || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return plain.chars().count() >= 4;
    }
    // Digits of equal length compare as numbers do.
    let within = |digits: &str, first: &str, last: &str| first <= digits && digits <= last;
    within(&plain[..4], "1850", "2199")
        && within(&plain[4..6], "01", "12")
        && within(&plain[6..], "01", "31")
        && !NO_DATES.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_values_are_kept_however_short_and_generic_ones_are_not() {
        let kept = [
            (KnownKind::PatientName, "Li^Na"),
            (KnownKind::PatientName, "李^娜"),
            (KnownKind::PatientName, "李"),
            (KnownKind::PatientName, "Ng"),
            (KnownKind::Person, "Wu"),
            (KnownKind::PatientId, "A12"),
            (KnownKind::PatientId, "731"),
            (KnownKind::BirthDate, "19550312"),
            (KnownKind::BirthDate, "昭和30年3月12日"),
            (KnownKind::OrderId, "10457"),
            (KnownKind::Institution, "广西医科大学"),
            (KnownKind::Uid, "1.2.840.113619.2.55.3"),
        ];
        for (kind, text) in kept {
            assert!(is_plausible(kind, text), "{text}");
        }
        let dropped = [
            (KnownKind::PatientName, "ANONYMOUS"),
            (KnownKind::PatientName, "Anonymous^Patient"),
            (KnownKind::PatientName, "X"),
            (KnownKind::PatientName, "XXXX"),
            (KnownKind::PatientName, "^^^^"),
            (KnownKind::PatientName, "匿名"),
            (KnownKind::Person, "unknown"),
            (KnownKind::PatientId, "0000000"),
            (KnownKind::PatientId, "12"),
            (KnownKind::BirthDate, "19000101"),
            (KnownKind::BirthDate, "20001399"),
            (KnownKind::OrderId, "1"),
            (KnownKind::OrderId, "101"),
            (KnownKind::Institution, "CT"),
            (KnownKind::Uid, "1.2.840.10008.5.1.4.1.1.2"),
            (KnownKind::Uid, "none"),
        ];
        for (kind, text) in dropped {
            assert!(!is_plausible(kind, text), "{text}");
        }
    }

    #[test]
    fn no_attribute_stands_in_the_table_twice() {
        let mut all: Vec<Tag> = TABLE
            .iter()
            .flat_map(|(_, listed)| listed.iter().copied())
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
