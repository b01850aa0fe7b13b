use super::find::{find, joined_lines};
use super::*;
use crate::font;

/// The detector, where its models are: `CLOAKROOM_MODELS`, or `models` in the target folder.
pub(crate) fn detector() -> Option<Detector> {
    let folder = std::env::var_os("CLOAKROOM_MODELS").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| {
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("../../target")
                    .into_os_string()
            });
            Path::new(&target).join("models")
        },
        std::path::PathBuf::from,
    );
    match Detector::load(&folder) {
        Ok(detector) => Some(detector),
        Err(error) => {
            println!("skipped: {error}; `cargo xtask models` installs the models");
            None
        }
    }
}

#[test]
fn a_model_that_is_missing_or_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Detector::load(folder.path()),
        Err(DetectorError::Missing { .. })
    ));
    std::fs::write(folder.path().join(FINDER.0), b"another").unwrap();
    assert!(matches!(
        Detector::load(folder.path()),
        Err(DetectorError::WrongDigest { .. })
    ));
}

#[test]
fn lines_are_found_and_read() {
    let Some(detector) = detector() else { return };
    for (ground, ink) in [(0, 255), (200, 20)] {
        let mut picture = Picture {
            columns: 320,
            rows: 160,
            grey: vec![ground; 320 * 160],
        };
        let (columns, rows) =
            font::draw(&mut picture.grey, 320, (40, 60), "ZHANG SAN 1970", (ink, 2));
        let start = std::time::Instant::now();
        let boxes = find(&picture, &|tile| detector.map(tile)).unwrap();
        println!("found in {:?}", start.elapsed());
        let boxes = joined_lines(boxes);
        let covered = boxes.iter().any(|found| {
            found.left <= 42
                && found.top <= 61
                && found.right >= 38 + columns - 4
                && found.bottom >= 59 + rows
        });
        assert!(covered, "{boxes:?}");
        let start = std::time::Instant::now();
        let reading = detector
            .read_line(&picture.crop(34, 54, columns + 8, rows + 12))
            .unwrap();
        println!("read in {:?}", start.elapsed());
        assert!(
            reading.score > 0.5 && reading.text.contains("1970"),
            "{} {}",
            reading.text,
            reading.score
        );
    }
}
