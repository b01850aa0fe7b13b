//! How long planning and applying take: a CT header of about 100 attributes, and an object of 10,000 nested Items.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints what it measured"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Set, Site, ct, open};
use std::time::{Duration, Instant};

fn main() {
    let site = Site::new("contest");
    measure(
        "ct, 100 attributes",
        &site,
        &header(),
        4000,
        Some(Duration::from_micros(60)),
    );
    measure("multi-frame, 10,000 items", &site, &frames(), 20, None);
}

/// The median over all runs; reading is not counted. The patient is the same throughout, as in a series.
fn measure(name: &str, site: &Site, file: &[u8], runs: usize, target: Option<Duration>) {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let object = open(file.to_vec());
            let start = Instant::now();
            let plan =
                cloakroom_deid::plan(&object, &site.profile, &site.subject, &site.keys).unwrap();
            let edited = cloakroom_deid::apply(object, plan).unwrap();
            let elapsed = start.elapsed();
            drop(edited);
            elapsed
        })
        .collect();
    times.sort();
    let median = times[runs / 2];
    let verdict = target.map_or(String::new(), |target| {
        format!(
            " (target {target:?}: {})",
            if median <= target { "met" } else { "missed" }
        )
    });
    println!(
        "{name}: median {median:?}, slowest {:?}{verdict}",
        times[runs - 1]
    );
}

fn header() -> Vec<u8> {
    let mut set = ct();
    for element in 0..20 {
        set = set.with(0x0018_9300 + element, "FD", "12345678");
    }
    for (tag, vr, value) in [
        (0x0008_0012, "DA", "20190619"),
        (0x0008_0013, "TM", "101112.123"),
        (0x0008_0022, "DA", "20190619"),
        (0x0008_0023, "DA", "20190619"),
        (0x0008_0031, "TM", "101112"),
        (0x0008_0032, "TM", "101112"),
        (0x0008_0033, "TM", "101112"),
        (0x0008_0080, "LO", "Siriraj Hospital"),
        (0x0008_0081, "ST", "2 Wanglang Road"),
        (0x0008_1010, "SH", "CT01"),
        (0x0008_1040, "LO", "Radiology"),
        (0x0008_1050, "PN", "Iyer^R"),
        (0x0008_1070, "PN", "Tech^One"),
        (0x0008_1090, "LO", "SOMATOM Definition AS"),
        (0x0010_1020, "DS", "1.75"),
        (0x0010_1030, "DS", "70"),
        (0x0018_0015, "CS", "CHEST"),
        (0x0018_0022, "CS", "HELICAL MODE"),
        (0x0018_0090, "DS", "500"),
        (0x0018_1000, "LO", "66042"),
        (0x0018_1020, "LO", "syngo CT 2012B"),
        (0x0018_1030, "LO", "Thorax Routine"),
        (0x0018_1100, "DS", "361"),
        (0x0018_1110, "DS", "1085.6"),
        (0x0018_1111, "DS", "595"),
        (0x0018_1120, "DS", "0"),
        (0x0018_1130, "DS", "154"),
        (0x0018_1140, "CS", "CW"),
        (0x0018_1150, "IS", "500"),
        (0x0018_1151, "IS", "172"),
        (0x0018_1152, "IS", "86"),
        (0x0018_1160, "SH", "0"),
        (0x0018_1170, "IS", "20"),
        (0x0018_1190, "DS", "1.2"),
        (0x0018_1210, "SH", "B31f"),
        (0x0020_0012, "IS", "2"),
        (0x0020_1040, "LO", ""),
        (0x0020_1041, "DS", "100"),
        (0x0028_1050, "DS", "40\\-600"),
        (0x0028_1051, "DS", "400\\1200"),
        (0x0028_1055, "LO", "WINDOW1\\WINDOW2"),
        (0x0032_1060, "LO", "CT Thorax"),
        (0x0040_0254, "LO", "CT Thorax"),
    ] {
        set = set.with(tag, vr, value);
    }
    set.file()
}

fn frames() -> Vec<u8> {
    let frame = |number: usize| {
        let position = Set::new().with(0x0020_0032, "DS", &format!("-180\\-180\\{number}"));
        let content =
            Set::new()
                .with(0x0020_9157, "UL", "1234")
                .with(0x0018_9074, "DT", "20190619101112.5");
        Set::new()
            .sequence(0x0020_9113, &[position])
            .sequence(0x0020_9111, &[content])
    };
    let frames: Vec<Set> = (0..3334).map(frame).collect();
    let mut set = ct();
    set.0.retain(|(tag, _)| *tag != 0x0008_0016);
    set.with(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.2.1")
        .sequence(0x5200_9230, &frames)
        .file()
}
