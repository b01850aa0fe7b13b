//! Measures what loading a profile, making rules and deciding cost.
#![expect(clippy::print_stdout, reason = "a measurement is for reading")]

use cloakroom_core::{Tag, VR};
use cloakroom_profile::{Place, Profile};
use std::time::Instant;

fn main() {
    let started = Instant::now();
    let Ok(profile) = Profile::shipped("contest") else {
        return;
    };
    println!("load the first profile: {:?}", started.elapsed());
    let started = Instant::now();
    let _ = Profile::shipped("tcia");
    println!("load another profile: {:?}", started.elapsed());
    for (name, class) in [
        ("CT", "1.2.840.10008.5.1.4.1.1.2"),
        ("enhanced MR", "1.2.840.10008.5.1.4.1.1.4.1"),
    ] {
        let started = Instant::now();
        let rules = profile.class_rules(class, "");
        println!("make the rules of {name}: {:?}", started.elapsed());
        let frames = [Tag(0x5200, 0x9230), Tag(0x0020, 0x9111)];
        let places = [
            ("listed", &[][..], Tag(0x0008, 0x1030), VR::LO, None),
            ("by Type", &[][..], Tag(0x0018, 0x1000), VR::LO, None),
            ("by VR", &[][..], Tag(0x0018, 0x0050), VR::DS, None),
            ("nested", &frames[..], Tag(0x0018, 0x9074), VR::DT, None),
            (
                "nested by VR",
                &frames[..],
                Tag(0x0020, 0x9157),
                VR::UL,
                None,
            ),
            (
                "private",
                &[][..],
                Tag(0x0019, 0x1023),
                VR::DS,
                Some("GEMS_ACQU_01"),
            ),
        ];
        for (what, ancestors, tag, vr, creator) in places {
            let started = Instant::now();
            let rounds = 200_000_u32;
            for _ in 0..rounds {
                std::hint::black_box(rules.decide(std::hint::black_box(&Place {
                    ancestors,
                    tag,
                    vr,
                    creator,
                })));
            }
            println!("  decide {what}: {:?}", started.elapsed() / rounds);
        }
    }
}
