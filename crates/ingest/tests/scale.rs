//! Many small files.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

mod common;

use common::{Hospital, Small};
use std::time::{Duration, Instant};

/// Even without optimisation, with all cores busy elsewhere.
#[test]
fn twenty_thousand_headers_in_one_folder_take_seconds() {
    let hospital = Hospital::new();
    let many = std::env::var("CLOAKROOM_SCALE").map_or(20_000, |text| text.parse().unwrap());
    for number in 0..many {
        let uid = format!("1.2.826.0.1.{}.{number}", number / 100);
        let series = format!("1.2.826.0.1.{}", number / 100);
        let patient = format!("P-{}", number / 1000);
        let study = format!("1.2.826.0.1.9.{}", number / 1000);
        let small = Small {
            patient: &patient,
            study: &study,
            series: &series,
            instance: &uid,
            ..Small::default()
        };
        std::fs::write(
            hospital.export().join(format!("{number:05}")),
            small.bytes(),
        )
        .unwrap();
    }
    let start = Instant::now();
    let report = hospital.ingest();
    let took = start.elapsed();
    eprintln!("{many} headers in {took:?}");
    assert_eq!(report.ready.count, many);
    assert_eq!(
        (report.patients, report.studies, report.series),
        (many / 1000, many / 1000, many / 100)
    );
    assert!(took < Duration::from_secs(1 + many / 1000), "{took:?}");
    let start = Instant::now();
    let again = hospital.ingest();
    eprintln!("again in {:?}", start.elapsed());
    assert_eq!((again.found, again.new.count), (report.found, 0));
}
