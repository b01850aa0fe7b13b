//! Real peers on loopback: DCMTK's `echoscu`, `storescu` and `dcmsend`, where they are installed.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

use cloakroom_receive::{
    Callers, Ending, ReceiveEvent, ReceiveProgress, ReceiveReport, ReceiveSettings, Refusal, serve,
};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

#[derive(Default)]
struct Seen(Mutex<Vec<ReceiveEvent>>);

impl ReceiveProgress for Seen {
    fn event(&self, event: &ReceiveEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Seen {
    fn wait_for<T>(&self, wanted: impl Fn(&ReceiveEvent) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = self.0.lock().unwrap().iter().find_map(&wanted) {
                return found;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "it did not happen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Runs a receiver for as long as `work` takes.
fn with_receiver(
    change: impl FnOnce(&mut ReceiveSettings),
    work: impl FnOnce(&Path, u16, &Seen),
) -> (TempDir, ReceiveReport) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ReceiveSettings::new("CLOAK", 0, Callers::Any, folder.path().join("inbox"));
    settings.address = [127, 0, 0, 1].into();
    change(&mut settings);
    let (stop, seen) = (AtomicBool::new(false), Seen::default());
    let report = std::thread::scope(|scope| {
        let receiver = scope.spawn(|| serve(&settings, &stop, &seen));
        struct StopAtEnd<'a>(&'a AtomicBool);
        impl Drop for StopAtEnd<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let stopping = StopAtEnd(&stop);
        let port = seen.wait_for(|event| match event {
            ReceiveEvent::Listening(address) => Some(address.port()),
            _ => None,
        });
        work(folder.path(), port, &seen);
        drop(stopping);
        receiver.join().unwrap().unwrap()
    });
    let left = files(&folder.path().join("receiving"));
    assert_eq!(
        left,
        [folder.path().join("receiving/lock")],
        "half-received objects stayed"
    );
    (folder, report)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    files
}

fn dcmtk(tool: &str) -> bool {
    let found = Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_err() {
        eprintln!("skipped: {tool} (Debian package dcmtk) is not installed");
    }
    found.is_ok()
}

fn run(tool: &str, port: u16, options: &[&str], objects: &[PathBuf]) -> Output {
    start(tool, port, options, objects)
        .wait_with_output()
        .unwrap()
}

fn start(tool: &str, port: u16, options: &[&str], objects: &[PathBuf]) -> Child {
    Command::new(tool)
        .args(options)
        .args(["-aec", "CLOAK", "127.0.0.1", &port.to_string()])
        .args(objects)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A Part 10 file with native pixels.
fn object(folder: &Path, number: usize, pixel_bytes: usize) -> PathBuf {
    let mut pixels = Vec::new();
    element(
        &mut pixels,
        (0x7FE0, 0x0010),
        "OB",
        &vec![number as u8; pixel_bytes],
    );
    object_with(folder, number, "1.2.840.10008.1.2.1", &pixels)
}

/// A Part 10 file with a data set in Explicit VR Little Endian.
fn object_with(folder: &Path, number: usize, syntax: &str, pixels: &[u8]) -> PathBuf {
    let uid = format!("1.2.826.0.1.3680043.9.{number}");
    let mut set = Vec::new();
    element(&mut set, (0x0008, 0x0016), "UI", CT.as_bytes());
    element(&mut set, (0x0008, 0x0018), "UI", uid.as_bytes());
    element(&mut set, (0x0010, 0x0010), "PN", b"Zhang^San");
    element(&mut set, (0x0010, 0x0020), "LO", b"P1");
    element(&mut set, (0x0020, 0x000D), "UI", b"1.2.1");
    element(&mut set, (0x0020, 0x000E), "UI", b"1.2.1.1");
    set.extend(pixels);
    let mut meta = Vec::new();
    element(&mut meta, (0x0002, 0x0001), "OB", &[0, 1]);
    element(&mut meta, (0x0002, 0x0002), "UI", CT.as_bytes());
    element(&mut meta, (0x0002, 0x0003), "UI", uid.as_bytes());
    element(&mut meta, (0x0002, 0x0010), "UI", syntax.as_bytes());
    element(&mut meta, (0x0002, 0x0012), "UI", b"1.2.3");
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    element(
        &mut file,
        (0x0002, 0x0000),
        "UL",
        &(meta.len() as u32).to_le_bytes(),
    );
    file.extend(meta);
    file.extend(set);
    let path = folder.join(format!("{number}.dcm"));
    std::fs::write(&path, file).unwrap();
    path
}

fn element(into: &mut Vec<u8>, tag: (u16, u16), vr: &str, value: &[u8]) {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    into.extend(tag.0.to_le_bytes());
    into.extend(tag.1.to_le_bytes());
    into.extend(vr.as_bytes());
    if vr == "OB" {
        into.extend([0, 0]);
        into.extend((value.len() as u32).to_le_bytes());
    } else {
        into.extend((value.len() as u16).to_le_bytes());
    }
    into.extend(value);
}

/// What stands after the File Meta Information, which is ours in the inbox and the sender's at the source.
fn data_set(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(&bytes[128..132], b"DICM");
    let group_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap());
    bytes[144 + group_length as usize..].to_vec()
}

#[test]
fn an_echo_is_answered() {
    if !dcmtk("echoscu") {
        return;
    }
    let (_, report) = with_receiver(
        |_| {},
        |_, port, _| {
            let output = run("echoscu", port, &[], &[]);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        },
    );
    assert_eq!((report.associations, report.broken), (1, 0));
}

#[test]
fn objects_arrive_as_they_are_and_once() {
    if !dcmtk("storescu") || !dcmtk("dcmsend") {
        return;
    }
    let (folder, report) = with_receiver(
        |_| {},
        |folder, port, _| {
            let sent: Vec<_> = (0..5)
                .map(|number| object(folder, number, 300_000))
                .collect();
            for tool in ["storescu", "dcmsend"] {
                let output = run(tool, port, &[], &sent);
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        },
    );
    assert_eq!(
        (report.stored, report.repeated, report.not_stored),
        (5, 5, 0)
    );
    let mut received: Vec<_> = files(&folder.path().join("inbox"))
        .iter()
        .map(|path| data_set(path))
        .collect();
    let mut sent: Vec<_> = (0..5)
        .map(|number| data_set(&folder.path().join(format!("{number}.dcm"))))
        .collect();
    received.sort();
    sent.sort();
    assert!(received == sent, "the data sets differ");
}

#[test]
fn compressed_objects_stay_compressed() {
    if !dcmtk("storescu") {
        return;
    }
    let jpeg_lossless = "1.2.840.10008.1.2.4.70";
    let mut pixels = vec![
        0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    pixels.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
    pixels.extend([
        0xFE, 0xFF, 0x00, 0xE0, 6, 0, 0, 0, 0xFF, 0xD8, 1, 2, 0xFF, 0xD9,
    ]);
    pixels.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let (folder, report) = with_receiver(
        |_| {},
        |folder, port, _| {
            let sent = object_with(folder, 1, jpeg_lossless, &pixels);
            let output = run("storescu", port, &["-xs"], &[sent]);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        },
    );
    assert_eq!(report.stored, 1);
    let received = std::fs::read(&files(&folder.path().join("inbox"))[0]).unwrap();
    assert!(received.ends_with(&pixels));
    let declared = received
        .windows(22)
        .any(|window| window == jpeg_lossless.as_bytes());
    assert!(declared, "the transfer syntax is not the sender's");
}

#[test]
fn several_send_at_once_and_one_is_killed_midway() {
    if !dcmtk("storescu") {
        return;
    }
    let (folder, report) = with_receiver(
        |_| {},
        |folder, port, seen| {
            let large = object(folder, 99, 200 << 20);
            let mut victim = start("storescu", port, &["-aet", "VICTIM"], &[large]);
            let small: Vec<_> = (0..60)
                .map(|number| object(folder, number, 100_000))
                .collect();
            let senders: Vec<_> = small
                .chunks(15)
                .map(|part| start("storescu", port, &[], part))
                .collect();
            let receiving = folder.join("receiving");
            let start = Instant::now();
            while !files(&receiving)
                .iter()
                .any(|path| path.metadata().is_ok_and(|m| m.len() > 1 << 20))
            {
                assert!(
                    start.elapsed() < Duration::from_secs(20),
                    "the large object did not begin"
                );
                std::thread::sleep(Duration::from_millis(2));
            }
            victim.kill().unwrap();
            victim.wait().unwrap();
            for sender in senders {
                assert!(sender.wait_with_output().unwrap().status.success());
            }
            seen.wait_for(|event| match event {
                ReceiveEvent::Closed(peer, Ending::Lost) => Some(peer.expose().calling == "VICTIM"),
                _ => None,
            });
        },
    );
    assert_eq!(
        (report.stored, report.associations, report.broken),
        (60, 5, 1)
    );
    assert_eq!(files(&folder.path().join("inbox")).len(), 60);
}

#[test]
fn only_listed_callers_are_served() {
    if !dcmtk("echoscu") {
        return;
    }
    let (_, report) = with_receiver(
        |settings| settings.callers = Callers::Only(["PACS".to_owned()].into()),
        |_, port, seen| {
            assert!(
                run("echoscu", port, &["-aet", "PACS"], &[])
                    .status
                    .success()
            );
            assert!(
                !run("echoscu", port, &["-aet", "STRANGER"], &[])
                    .status
                    .success()
            );
            let refusal = seen.wait_for(|event| match event {
                ReceiveEvent::Refused(_, refusal) => Some(*refusal),
                _ => None,
            });
            assert_eq!(refusal, Refusal::UnknownCaller);
        },
    );
    assert_eq!((report.associations, report.refused), (1, 1));
}

#[test]
fn a_peer_over_the_limit_is_asked_to_come_again() {
    if !dcmtk("echoscu") {
        return;
    }
    let (_, report) = with_receiver(
        |settings| settings.limits.associations = 1,
        |_, port, seen| {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let silent = TcpStream::connect(address).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            assert!(!run("echoscu", port, &[], &[]).status.success());
            drop(silent);
            seen.wait_for(|event| match event {
                ReceiveEvent::Refused(_, Refusal::NotDicom) => Some(()),
                _ => None,
            });
            std::thread::sleep(Duration::from_millis(50));
            assert!(run("echoscu", port, &[], &[]).status.success());
        },
    );
    assert_eq!((report.associations, report.refused), (1, 2));
}

#[test]
fn an_object_over_the_limit_is_refused_and_the_next_is_taken() {
    if !dcmtk("storescu") {
        return;
    }
    let (folder, report) = with_receiver(
        |settings| settings.limits.object_bytes = 100_000,
        |folder, port, _| {
            let sent = [object(folder, 1, 200_000), object(folder, 2, 1000)];
            // --no-halt goes on after a failure.
            run("storescu", port, &["--no-halt"], &sent);
        },
    );
    assert_eq!((report.stored, report.not_stored, report.broken), (1, 1, 0));
    assert_eq!(files(&folder.path().join("inbox")).len(), 1);
}

#[test]
fn nonsense_costs_nobody_else_anything() {
    use std::io::{Read, Write};
    let (_, report) = with_receiver(
        |_| {},
        |_, port, _| {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let requests: [&[u8]; 5] = [
                b"GET / HTTP/1.1\r\n\r\n",
                &[1, 0, 0xff, 0xff, 0xff, 0xff],
                &[1, 0, 0, 0, 0, 2, 0, 1],
                &[4, 0, 0, 0, 0, 0],
                &[],
            ];
            for request in requests {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(request).unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
            }
        },
    );
    assert_eq!((report.refused, report.associations), (5, 0));
}

#[test]
fn stopping_lets_the_object_at_work_arrive() {
    if !dcmtk("storescu") {
        return;
    }
    let (folder, report) = with_receiver(
        |_| {},
        |folder, port, _| {
            let large = object(folder, 1, 60 << 20);
            let mut sender = start("storescu", port, &[], &[large]);
            let receiving = folder.join("receiving");
            let start = Instant::now();
            while !files(&receiving)
                .iter()
                .any(|path| path.extension().is_some())
            {
                assert!(
                    start.elapsed() < Duration::from_secs(20),
                    "the object did not begin"
                );
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::spawn(move || sender.wait());
        },
    );
    assert_eq!(report.stored, 1);
    assert_eq!(files(&folder.path().join("inbox")).len(), 1);
}
