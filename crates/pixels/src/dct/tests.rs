use super::*;
use crate::policy::Fill;
use crate::shape::Colour;
use cloakroom_core::Rect;
use std::io::Write;
use std::process::{Command, Stdio};

/// A picture with edges and gradients, as PPM or PGM.
fn picture(columns: usize, rows: usize, colour: bool) -> Vec<u8> {
    let mut file = format!(
        "{}\n{columns} {rows}\n255\n",
        if colour { "P6" } else { "P5" }
    )
    .into_bytes();
    for y in 0..rows {
        for x in 0..columns {
            let edge = if (x / 13 + y / 7) % 2 == 0 { 40 } else { 0 };
            let grey = ((x * 3 + y * 2) % 180 + edge) as u8;
            file.push(grey);
            if colour {
                file.extend([255 - grey, (x * y % 256) as u8]);
            }
        }
    }
    file
}

fn pipe(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().ok()?;
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    Some(output.stdout)
}

/// What `cjpeg` makes of a picture; `None`, told, where it is not installed.
fn jpeg(arguments: &[&str], columns: usize, rows: usize, colour: bool) -> Option<Vec<u8>> {
    let made = pipe("cjpeg", arguments, &picture(columns, rows, colour));
    if made.is_none() {
        println!("skipped: cjpeg of libjpeg-turbo-progs is not installed");
    }
    made
}

fn pixels(arguments: &[&str], jpeg: &[u8]) -> Vec<u8> {
    let file = pipe("djpeg", arguments, jpeg).expect("djpeg comes with cjpeg");
    let header = file
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(2)
        .unwrap()
        .0
        + 1;
    file[header..].to_vec()
}

const KINDS: [(&[&str], bool); 9] = [
    (&["-quality", "85", "-grayscale"], false),
    (&["-quality", "30", "-optimize"], false),
    (&["-quality", "100", "-sample", "1x1"], true),
    (&["-quality", "75", "-sample", "2x2"], true),
    (&["-quality", "75", "-sample", "2x1", "-optimize"], true),
    (&["-quality", "75", "-sample", "1x2"], true),
    (&["-quality", "75", "-restart", "3B"], true),
    (&["-quality", "75", "-restart", "1"], true),
    (&["-quality", "90", "-rgb"], true),
];

#[test]
fn wiped_blocks_are_black_for_djpeg_and_the_rest_is_equal() {
    for (arguments, colour) in KINDS {
        let (columns, rows) = (131, 93);
        let Some(frame) = jpeg(arguments, columns, rows, colour) else {
            return;
        };
        let meaning = match (colour, arguments.contains(&"-rgb")) {
            (false, _) => Colour::Monochrome2,
            (true, true) => Colour::Rgb,
            (true, false) => Colour::YbrFull,
        };
        let blocks = read(&frame).unwrap();
        let asked = Rect {
            x: 37,
            y: 11,
            width: 30,
            height: 20,
        };
        let wiped = wiped_rect(asked, blocks.mcu_size, columns as u32, rows as u32).unwrap();
        let result = wipe_frame(&frame, &[wiped], meaning, Fill::Black).unwrap();
        assert!(result.wiped > 0 && result.equal > 0);
        // Colour differences are not smoothed here; a viewer that does may change a ring of one pixel.
        let options: &[&str] = if colour {
            &["-nosmooth", "-pnm"]
        } else {
            &["-pnm"]
        };
        let (before, after) = (pixels(options, &frame), pixels(options, &result.bytes));
        let samples = if colour { 3 } else { 1 };
        for (index, (old, new)) in before.iter().zip(&after).enumerate() {
            let (x, y) = (
                (index / samples % columns) as u32,
                (index / samples / columns) as u32,
            );
            let inside = (wiped.x..wiped.x + wiped.width).contains(&x)
                && (wiped.y..wiped.y + wiped.height).contains(&y);
            if inside {
                assert!(*new <= 1, "{arguments:?} at {x},{y}: {new}");
            } else {
                assert_eq!(old, new, "{arguments:?} at {x},{y}");
            }
        }
    }
}

#[test]
fn samples_are_those_of_djpeg_within_rounding() {
    for (arguments, colour) in [KINDS[0], KINDS[1]] {
        let Some(frame) = jpeg(arguments, 67, 45, colour) else {
            return;
        };
        let own = samples(&read(&frame).unwrap()).unwrap();
        let theirs = pixels(&["-pnm", "-dct", "float"], &frame);
        let most = own
            .iter()
            .zip(&theirs)
            .map(|(own, theirs)| own.abs_diff(u16::from(*theirs)))
            .max();
        assert!(most.unwrap() <= 1, "{arguments:?}: {most:?}");
    }
}

#[test]
fn nothing_wiped_is_nothing_changed() {
    for (arguments, colour) in KINDS {
        let Some(frame) = jpeg(arguments, 70, 50, colour) else {
            return;
        };
        let result = wipe_frame(&frame, &[], Colour::YbrFull, Fill::Black).unwrap();
        assert_eq!(result.wiped, 0);
        let options = ["-pnm"];
        assert!(
            pixels(&options, &frame) == pixels(&options, &result.bytes),
            "{arguments:?}"
        );
    }
}

#[test]
fn bytes_after_the_last_block_are_found_and_taken_out() {
    let Some(frame) = jpeg(&["-quality", "75", "-restart", "1"], 70, 50, true) else {
        return;
    };
    assert!(matches!(slack(&frame), Some(Slack::None)));
    let restart = frame
        .windows(2)
        .position(|pair| pair == [0xFF, 0xD0])
        .unwrap();
    let end = frame.len() - 2;
    let dirty = [
        &frame[..restart],
        b"ZHANG",
        &frame[restart..end],
        b"\xFF\0SAN",
        &frame[end..],
    ]
    .concat();
    let Some(Slack::Some(parts)) = slack(&dirty) else {
        panic!("the slack was not found")
    };
    let clean: Vec<u8> = parts
        .iter()
        .flat_map(|part| match part {
            crate::encapsulated::Part::Source(start, end) => dirty[*start..*end].to_vec(),
            crate::encapsulated::Part::Fresh(bytes) => bytes.clone(),
        })
        .collect();
    assert!(clean == frame);
}

#[test]
fn a_progressive_file_is_left_to_others() {
    let Some(frame) = jpeg(&["-quality", "75", "-progressive"], 70, 50, true) else {
        return;
    };
    assert!(read(&frame).is_none());
    assert!(matches!(slack(&frame), Some(Slack::Unknown)));
}

#[test]
fn a_cut_or_garbled_file_is_refused_and_never_panics() {
    let Some(frame) = jpeg(&["-quality", "75", "-restart", "3B"], 70, 50, true) else {
        return;
    };
    for len in 0..frame.len() {
        assert!(read(&frame[..len]).is_none());
    }
    for at in 2..frame.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut garbled = frame.clone();
            garbled[at] ^= change;
            let _ = wipe_frame(
                &garbled,
                &[Rect {
                    x: 0,
                    y: 0,
                    width: 9,
                    height: 9,
                }],
                Colour::YbrFull,
                Fill::Black,
            );
            let _ = slack(&garbled);
        }
    }
}
