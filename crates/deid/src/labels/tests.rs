use super::*;
use crate::text::{ApprovedWords, KnownMatcher, Lexicon, TextCleaner, UnknownWord};
use cloakroom_core::{
    KnownKind, KnownValue, KnownValues, LabelColumn, LabelKind, LabelSchema, Phi,
};
use proptest::prelude::*;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// A hospital with two patients, one of whom may not leave.
struct Ward {
    cleaner: TextCleaner,
}

impl Ward {
    fn new() -> Self {
        let known = KnownValues::new(vec![KnownValue {
            kind: KnownKind::PatientName,
            value: Phi::new("Wang^Xiaoming".into()),
        }]);
        let lexicon = Lexicon::shipped();
        let matcher = KnownMatcher::new(&known, &lexicon);
        let approved = Arc::new(ApprovedWords::new([]));
        Self {
            cleaner: TextCleaner::new(lexicon, approved, matcher, UnknownWord::Remove, 89),
        }
    }
}

impl LabelResolver for Ward {
    fn resolve(&self, ids: &LabelIds) -> Result<LabelTarget, Unresolved> {
        let uid = |known: &[&str], given: &str, new: &str| {
            known.contains(&given).then(|| new.parse().unwrap())
        };
        if ids.is_empty() {
            return Err(Unresolved::NoId);
        }
        if ids.patient == "BARRED" {
            return Err(Unresolved::Barred);
        }
        let series = uid(&["1.2.3.4", "2.25.11"], &ids.series, "2.25.11");
        let instance = uid(&["1.2.3.4.5"], &ids.instance, "2.25.111");
        if ids.patient != "00042" && series.is_none() && instance.is_none() {
            return Err(Unresolved::Unknown);
        }
        Ok(LabelTarget {
            patient: "lung-P1".parse().unwrap(),
            study: Some("2.25.1".parse().unwrap()),
            series,
            instance,
        })
    }

    fn clean(&self, _: &PatientPseudonym, text: &str) -> Cleaned {
        self.cleaner.clean(text)
    }

    fn reader(&self, name: &str) -> String {
        format!("R-{:0>13}", name.len())
    }
}

fn schema() -> LabelSchema {
    let column = |kind, values: &[&str], optional| LabelColumn {
        kind,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        optional,
    };
    LabelSchema {
        version: "1".into(),
        columns: BTreeMap::from([
            (
                "bi_rads".into(),
                column(LabelKind::Choice, &["4a", "5"], false),
            ),
            ("size_mm".into(), column(LabelKind::Number, &[], true)),
            ("note".into(), column(LabelKind::Text, &[], true)),
        ]),
        segments: BTreeMap::from([(1, "nodule".into()), (2, "vessel".into())]),
    }
}

fn table(text: &str) -> Result<Option<EditedSidecar>, LabelFault> {
    edit_table(&read_csv(text.as_bytes())?, &schema(), &Ward::new())
}

fn text_of(sidecar: &EditedSidecar) -> &str {
    str::from_utf8(sidecar.bytes()).unwrap()
}

#[test]
fn a_table_is_re_keyed_and_keeps_only_what_the_schema_names() {
    let edited = table(
        "\u{feff}Patient ID;Name;BI-RADS;Size mm;Note;Reader\n\
         00042;Wang Xiaoming;4a;07.50;nodule of Wang Xiaoming;Dr Li\n\
         99999;Somebody;5;;;\n\
         BARRED;Somebody;5;;;\n\
         00042;Wang Xiaoming;4a;7.5;nodule of Wang Xiaoming;Dr Li\n\
         ;;5;;;\n",
    )
    .unwrap()
    .unwrap();
    assert_eq!(
        text_of(&edited),
        "patient,study,series,instance,frame,reader,bi_rads,note,size_mm\n\
         lung-P1,2.25.1,,,,R-0000000000005,4a,nodule,7.5\n"
    );
    let tally = edited.tally();
    assert_eq!((tally.kept, tally.columns), (1, 1));
    let dropped: Vec<_> = tally
        .dropped
        .iter()
        .map(|(reason, count)| (*reason, *count))
        .collect();
    assert_eq!(
        dropped,
        [
            ("no-id", 1),
            ("patient-barred", 1),
            ("repeated", 1),
            ("unknown-id", 1)
        ]
    );
    assert!(!tally.text.is_empty());
}

#[test]
fn labels_drawn_on_released_uids_are_known_too() {
    let edited = table("SeriesInstanceUID,bi_rads\n2.25.11,5\n1.2.3.4,4a\n")
        .unwrap()
        .unwrap();
    assert_eq!(
        text_of(&edited),
        "patient,study,series,instance,frame,reader,bi_rads\n\
         lung-P1,2.25.1,2.25.11,,,,4a\nlung-P1,2.25.1,2.25.11,,,,5\n"
    );
}

#[test]
fn a_value_that_the_schema_does_not_allow_stops_the_table_and_is_not_told() {
    let fault = |text: &str| table(text).err().unwrap();
    let not_allowed = fault("PatientID,bi_rads\n00042,4a\n00042,Wang Xiaoming\n");
    assert_eq!(
        not_allowed.to_string(),
        "line 3: the value of bi_rads is not one that the track allows"
    );
    assert!(matches!(
        fault("PatientID,bi_rads\n00042,\n"),
        LabelFault::NotAllowed { line: 2, .. }
    ));
    assert!(matches!(
        fault("PatientID,bi_rads,frame\n00042,5,Wang\n"),
        LabelFault::NotAllowed { .. }
    ));
    assert_eq!(fault("Name,bi_rads\nWang,5\n"), LabelFault::NoIdColumn);
    assert!(matches!(
        fault("PatientID,colour\n00042,red\n"),
        LabelFault::NoLabelColumn(_)
    ));
    assert!(matches!(
        fault("PatientID,Patient_ID,bi_rads\n1,1,5\n"),
        LabelFault::ColumnTwice(_)
    ));
    assert!(matches!(
        fault("PatientID,bi_rads\n00042\n"),
        LabelFault::Unreadable(_)
    ));
    assert!(matches!(
        read_csv(b"PatientID\n\xd6\xd0"),
        Err(LabelFault::Unreadable(_))
    ));
}

#[test]
fn json_rows_are_a_table() {
    let rows = read_json_rows(
        br#"[{"patient_id": "00042", "bi_rads": "5", "size_mm": 3.10, "who": {"x": 1}}]"#,
    )
    .unwrap();
    let edited = edit_table(&rows, &schema(), &Ward::new()).unwrap().unwrap();
    assert!(text_of(&edited).ends_with("\nlung-P1,2.25.1,,,,,5,3.1\n"));
    assert!(read_json_rows(b"{}").is_err());
}

const COCO: &str = r#"{
  "info": {"contributor": "Wang Xiaoming"},
  "images": [
    {"id": 7, "file_name": "D:\\export\\WANG_XIAOMING\\1.2.3.4.5.dcm", "width": 10, "height": 8},
    {"id": 8, "file_name": "WANG.png", "width": 10, "height": 8}],
  "categories": [{"id": 3, "name": "Nodule"}, {"id": 4, "name": "artefact"}],
  "annotations": [
    {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3.00049, 4], "area": 12, "by": "Wang"},
    {"id": 2, "image_id": 7, "category_id": 4, "bbox": [1, 2, 3, 4]},
    {"id": 3, "image_id": 8, "category_id": 3, "bbox": [1, 2, 3, 4]},
    {"id": 4, "image_id": 7, "category_id": 3, "bbox": [9, 2, 3, 4]},
    {"id": 5, "image_id": 7, "category_id": 3, "segmentation": {"counts": "`2", "size": [8, 10]}},
    {"id": 6, "image_id": 7, "category_id": 3, "segmentation": {"counts": "WANGXIAOMING", "size": [8, 10]}}]
}"#;

#[test]
fn boxes_lose_paths_people_and_categories_that_are_not_of_the_track() {
    let edited = edit_boxes(COCO.as_bytes(), &schema(), &Ward::new()).unwrap();
    let text = text_of(&edited);
    assert!(
        !text.contains("WANG") && !text.contains("Wang") && !text.contains("export"),
        "{text}"
    );
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(document["images"][0]["file_name"], "2.25.111.dcm");
    assert_eq!(document["images"].as_array().unwrap().len(), 1);
    assert_eq!(document["annotations"][0]["category_id"], 1);
    let tally = edited.tally();
    assert_eq!(tally.dropped.get("not-a-category"), Some(&1));
    assert_eq!(tally.dropped.get("box-outside"), Some(&1));
    assert_eq!(tally.dropped.get("no-image"), Some(&1));
    assert_eq!(tally.dropped.get("outline-outside"), Some(&1));
    assert!(text.contains(r#"{"counts":[80],"size":[8,10]}"#), "{text}");
    assert_eq!(tally.columns, 2);
}

/// A NIfTI-1 file with names wherever names can stand.
pub(super) fn nifti(datatype: i16, size: [u16; 3], voxels: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0_u8; 348];
    bytes[..4].copy_from_slice(&348_i32.to_le_bytes());
    bytes[14..32].copy_from_slice(b"WANG_XIAOMING_1968");
    bytes[40..42].copy_from_slice(&3_i16.to_le_bytes());
    for (axis, size) in size.iter().enumerate() {
        bytes[42 + 2 * axis..44 + 2 * axis].copy_from_slice(&size.to_le_bytes());
    }
    bytes[70..72].copy_from_slice(&datatype.to_le_bytes());
    bytes[108..112].copy_from_slice(&368_f32.to_le_bytes());
    bytes[148..161].copy_from_slice(b"WANG XIAOMING");
    bytes[228..241].copy_from_slice(b"WANG_XIAOMING");
    bytes[254..256].copy_from_slice(&1_i16.to_le_bytes());
    for (row, at) in [280, 296, 312].into_iter().enumerate() {
        bytes[at + 4 * row..at + 4 * row + 4].copy_from_slice(&2_f32.to_le_bytes());
    }
    bytes[328..341].copy_from_slice(b"WANG_XIAOMING");
    bytes[344..348].copy_from_slice(b"n+1\0");
    // An extension that holds a name.
    bytes.extend([1, 0, 0, 0, 16, 0, 0, 0, 6, 0, 0, 0]);
    bytes.extend(b"WANG\0\0\0\0");
    bytes.extend(voxels);
    bytes
}

fn about() -> MaskAbout {
    MaskAbout {
        patient: "lung-P1".parse().unwrap(),
        study: "2.25.1".parse().unwrap(),
        series: "2.25.11".parse().unwrap(),
        reader: String::new(),
    }
}

fn unpacked(sidecar: &EditedSidecar) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(sidecar.bytes())
        .read_to_end(&mut out)
        .unwrap();
    out
}

#[test]
fn a_mask_keeps_its_place_and_its_segments_and_no_name() {
    let plain = nifti(2, [2, 2, 2], &[0, 1, 0, 2, 0, 0, 0, 1]);
    let edited = edit_mask(&plain, &schema(), about()).unwrap();
    let written = unpacked(&edited);
    assert_eq!(&written[352..], [0, 1, 0, 2, 0, 0, 0, 1]);
    assert_eq!(written[280..328], plain[280..328]);
    assert!(!written.windows(4).any(|four| four == b"WANG"));
    assert_eq!(written[148..156], *b"2.25.11\0");
    assert_eq!(edited.tally().kept, 3);
    let mut packed = flate2::GzBuilder::new()
        .filename("WANG_XIAOMING.nii")
        .mtime(1_600_000_000)
        .write(Vec::new(), flate2::Compression::fast());
    packed.write_all(&plain).unwrap();
    let again = edit_mask(&packed.finish().unwrap(), &schema(), about()).unwrap();
    assert_eq!(again.bytes(), edited.bytes());
    let floats: Vec<u8> = [0_f32, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0]
        .iter()
        .flat_map(|voxel| voxel.to_le_bytes())
        .collect();
    let again = edit_mask(&nifti(16, [2, 2, 2], &floats), &schema(), about()).unwrap();
    assert_eq!(again.bytes(), edited.bytes());
}

#[test]
fn masks_that_say_too_little_or_too_much_are_refused() {
    let fault = |bytes: &[u8]| edit_mask(bytes, &schema(), about()).err().unwrap();
    assert_eq!(fault(&nifti(2, [2, 1, 1], &[0, 0])), LabelFault::EmptyMask);
    assert_eq!(
        fault(&nifti(2, [2, 1, 1], &[9, 1])),
        LabelFault::NotASegment(1)
    );
    assert!(matches!(
        fault(&nifti(2, [9, 1, 1], &[1])),
        LabelFault::Unreadable(_)
    ));
    let mut nowhere = nifti(2, [2, 1, 1], &[1, 1]);
    nowhere[254] = 0;
    assert_eq!(fault(&nowhere), LabelFault::NoOrientation);
    assert!(matches!(fault(b"no mask"), LabelFault::Unreadable(_)));
    assert!(matches!(
        edit_mask(&nowhere, &LabelSchema::default(), about())
            .err()
            .unwrap(),
        LabelFault::NoSegments
    ));
}

#[test]
fn a_quaternion_says_the_same_as_a_matrix() {
    let matrix = nifti(2, [2, 1, 1], &[1, 0]);
    let mut quaternion = matrix.clone();
    quaternion[254] = 0;
    quaternion[252] = 1;
    quaternion[76..80].copy_from_slice(&1_f32.to_le_bytes());
    for at in [80, 84, 88] {
        quaternion[at..at + 4].copy_from_slice(&2_f32.to_le_bytes());
    }
    quaternion[280..328].fill(7);
    let one = edit_mask(&matrix, &schema(), about()).unwrap();
    let two = edit_mask(&quaternion, &schema(), about()).unwrap();
    assert_eq!(one.bytes(), two.bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), text in "\\PC{0,200}") {
        let _ = edit_mask(&bytes, &schema(), about());
        let mut header = nifti(2, [2, 1, 1], &[1, 0]);
        for (place, byte) in bytes.iter().enumerate().take(header.len()) {
            if place % 7 == 3 { header[place] = *byte; }
        }
        let _ = edit_mask(&header, &schema(), about());
        let _ = table(&text);
        let _ = edit_boxes(text.as_bytes(), &schema(), &Ward::new());
    }

    #[test]
    fn no_word_of_an_unknown_column_leaves(word in "[A-Z][a-z]{6,12}") {
        let edited = table(&format!("PatientID,{word},bi_rads,note\n00042,{word},5,{word}\n")).unwrap().unwrap();
        // A word that the lexicon knows may stay in a note.
        let kept = Ward::new().cleaner.is_clean(&word);
        prop_assert_eq!(text_of(&edited).contains(word.as_str()), kept);
    }
}
