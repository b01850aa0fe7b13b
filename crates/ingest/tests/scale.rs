//! Many small files.

mod common;

use common::{Hospital, Small};
use std::time::{Duration, Instant};

/// Even without optimisation, with all cores busy elsewhere.
#[test]
fn twenty_thousand_headers_in_one_folder_take_seconds() {
    let hospital = Hospital::new();
    for number in 0..20_000 {
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
    eprintln!("20,000 headers in {took:?}");
    assert_eq!(report.ready.count, 20_000);
    assert_eq!(
        (report.patients, report.studies, report.series),
        (20, 20, 200)
    );
    assert!(took < Duration::from_secs(20), "{took:?}");
    let start = Instant::now();
    let again = hospital.ingest();
    eprintln!("again in {:?}", start.elapsed());
    assert_eq!((again.found, again.new.count), (report.found, 0));
}
