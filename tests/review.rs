//! The review pages in a real browser, and what they refuse.
//!
//! The pages of many held images are timed with 1,000 of them; with 10,000, which takes minutes to prepare, when the
//! environment variable `CLOAKROOM_MANY_HELD` is set.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::browser::{Browser, DOWN, ENTER, RIGHT, TAB};
use harness::images::Still;
use harness::*;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The pages of a site, until they are dropped.
struct Pages {
    program: Child,
    address: String,
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Pages {
    fn open(site: &str) -> Self {
        let mut program = program()
            .args(["review", site])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "review ended");
            if line.trim().starts_with("http://127.0.0.1:") {
                break line.trim().to_owned();
            }
        };
        Self { program, address }
    }

    fn host(&self) -> &str {
        let rest = self.address.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    /// Sends a request as it stands, and returns the whole answer.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str, more: &str) -> String {
        let host = self.host();
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n"
        ))
    }
}

fn still(number: u32, frames: u16) -> Still<'static> {
    Still {
        patient: "P0007",
        study: number / 100_000,
        series: number / 1000,
        instance: number,
        description: "THYROID",
        frames,
    }
}

/// A site with some held images, and reviewers.
fn room(images: &[Still<'_>], reviewers: &[&str]) -> Room {
    let room = Room::new();
    for image in images {
        image.write(&room.path("export"));
    }
    room.site_with(&room.path("export"));
    deid(&room, "first");
    for id in reviewers {
        enrol(&room, id);
    }
    room
}

fn enrol(room: &Room, id: &str) {
    let mut made = program()
        .args(["init", &room.text("site"), "--reviewer", id])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let passphrase = format!("the coat of {id}\n");
    made.stdin
        .take()
        .unwrap()
        .write_all(passphrase.as_bytes())
        .unwrap();
    assert!(made.wait().unwrap().success());
}

fn deid(room: &Room, out: &str) -> serde_json::Value {
    let (site, out) = (room.text("site"), room.text(out));
    run(&[
        "--json", "deid", &site, "--track", "lung", "--out", &out, "--date", DATE,
    ])
    .expect(&[DONE, NEEDS_PERSON])
    .json()
}

fn sign_in(browser: &Browser, id: &str) {
    browser.click("#sign-in");
    browser.wait_for("document.querySelector('#enter')");
    browser.script(&format!(
        "document.querySelector('select[name=reviewer]').value = '{id}'; document.querySelector('input[name=passphrase]').focus();"
    ));
    browser.keys(&format!("the coat of {id}{ENTER}"));
    browser.wait_for("document.querySelector('#who')");
    assert_eq!(browser.text("#who"), id);
}

/// Keeps a picture of a page where `CLOAKROOM_PICTURES` points, for the guide and for a person's eyes.
fn picture(browser: &Browser, name: &str) {
    let Some(folder) = std::env::var_os("CLOAKROOM_PICTURES") else {
        return;
    };
    fs::create_dir_all(&folder).unwrap();
    let path = Path::new(&folder).join(format!("{name}.png.base64"));
    fs::write(path, browser.screenshot()).unwrap();
}

#[test]
fn a_mask_is_drawn_and_the_image_goes_out_with_the_next_delivery() {
    let room = room(&[still(100_001, 1), still(100_002, 4)], &["R01"]);
    let Some(browser) = Browser::open(&room.path("profile"), "en") else {
        return;
    };
    let pages = Pages::open(&room.text("site"));
    browser.go(&pages.address);
    browser.wait_for("document.querySelector('#series')");
    assert!(browser.text("#series").contains("THYROID"));
    picture(&browser, "review-waiting");
    sign_in(&browser, "R01");
    browser.click("a.look");
    browser.wait_for("document.body.dataset.ready");
    let box_of = |part: &str| {
        let script = format!(
            "const box = document.querySelector('#picture').getBoundingClientRect(); return Math.round(box.{part});"
        );
        browser.script(&script).as_i64().unwrap()
    };
    let (left, top) = (box_of("left"), box_of("top"));
    let scale = box_of("width") as f64 / f64::from(harness::images::SIZE.0);
    let at = |x: f64, y: f64| (left + (x * scale) as i64, top + (y * scale) as i64);
    browser.drag(0, at(4.0, 4.0), at(128.0, 30.0));
    let mask = browser.script("return document.querySelector('#mask').value;");
    let mask: serde_json::Value = serde_json::from_str(mask.as_str().unwrap()).unwrap();
    assert_eq!(mask.as_array().unwrap().len(), 1, "{mask}");
    let width = mask[0]["rect"]["width"].as_i64().unwrap();
    assert!((122..=126).contains(&width), "{mask}");
    picture(&browser, "review-mask");
    let pixel = "return Array.from(document.querySelector('#picture').getContext('2d').getImageData(200, 200, 1, 1).data)[0];";
    let before = browser.script(pixel);
    browser.drag(2, at(200.0, 200.0), at(120.0, 120.0));
    assert_ne!(browser.script(pixel), before, "the window did not change");
    browser.script("document.querySelector('#release-reason').value = 'identity-masked';");
    browser.click("#release");
    browser
        .wait_for("location.pathname.includes('/object/') && document.querySelector('#previous')");
    browser.wait_for("document.body.dataset.ready");
    browser.script("document.querySelector('#reject-reason').value = 'unsure';");
    browser.click("#reject");
    browser.wait_for("document.querySelector('#log')");
    let log = browser.text("#log");
    assert!(log.contains("release") && log.contains("reject"), "{log}");
    assert!(log.contains("R01") && log.contains("counts"), "{log}");
    picture(&browser, "review-log");
    browser.click("#language");
    browser.wait_for("document.documentElement.lang === 'zh-CN'");
    assert!(browser.text("h1").contains("待处理"));
    picture(&browser, "review-chinese");
    drop(pages);
    let second = deid(&room, "second");
    assert_eq!(second["released"]["instances"], 1);
    assert_eq!(second["total"]["outcomes"]["rejected"]["count"], 1);
    room.verify(&room.path("second")).expect(&[DONE]);
}

#[test]
fn the_keyboard_alone_is_enough_and_two_persons_are_two() {
    let room = room(&[still(100_001, 3)], &["R01", "R02"]);
    let settings = fs::read_to_string(room.path("site/site.yaml")).unwrap();
    let settings = settings.replace("one-person", "two-persons");
    assert!(settings.contains("two-persons"), "{settings}");
    fs::write(room.path("site/site.yaml"), settings).unwrap();
    let Some(browser) = Browser::open(&room.path("profile"), "en") else {
        return;
    };
    let pages = Pages::open(&room.text("site"));
    browser.go(&pages.address);
    sign_in(&browser, "R01");
    let focus = |wanted: &str| {
        for _ in 0..40 {
            let here = format!("return Boolean(document.activeElement.matches({wanted:?}));");
            if browser.script(&here) == serde_json::Value::Bool(true) {
                return;
            }
            browser.keys(TAB);
        }
        panic!("the keyboard does not reach {wanted}");
    };
    focus("a.look");
    browser.keys(ENTER);
    browser.wait_for("document.body.dataset.ready");
    browser.keys("j");
    browser.wait_for("document.querySelector('#status').innerText === '2 / 3'");
    browser.keys("3");
    browser.wait_for("document.querySelector('#status').innerText.startsWith('Maximum')");
    browser.keys(&format!("0m{RIGHT}{RIGHT}{DOWN}"));
    let mask = browser.script("return JSON.parse(document.querySelector('#mask').value)[0].rect;");
    assert_eq!(
        (mask["x"].as_i64(), mask["y"].as_i64()),
        (Some(156), Some(118))
    );
    browser.keys(&format!("r{TAB}{ENTER}"));
    browser.wait_for("document.querySelector('#log')");
    assert!(browser.text("#log").contains("waits for a second person"));
    assert_eq!(
        browser.script("return document.querySelector('.confirm');"),
        serde_json::Value::Null
    );
    browser.click("header form button");
    browser.wait_for("document.querySelector('#sign-in')");
    sign_in(&browser, "R02");
    browser.click("header a[href$='/log']");
    browser.wait_for("document.querySelector('.confirm')");
    focus(".confirm");
    browser.keys(ENTER);
    browser.wait_for("document.querySelector('#log') && document.querySelector('#log').innerText.includes('confirm')");
    assert!(!browser.text("#log").contains("waits for a second person"));
    drop(pages);
    assert_eq!(deid(&room, "second")["released"]["instances"], 1);
}

#[test]
fn only_the_invited_browser_on_this_machine_is_answered() {
    let room = room(&[still(100_001, 1)], &[]);
    let pages = Pages::open(&room.text("site"));
    let path = pages
        .address
        .strip_prefix(&format!("http://{}", pages.host()));
    let path = path.unwrap().to_owned();
    let status = |answer: &str| answer.split(' ').nth(1).unwrap().to_owned();
    assert_eq!(status(&pages.get("/", "")), "401");
    assert_eq!(status(&pages.get("/enter?token=0", "")), "403");
    let host = pages.host().to_owned();
    let rebound =
        format!("GET {path} HTTP/1.1\r\nHost: pacs.example:80\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&pages.raw(&rebound)), "403");
    let entered = pages.get(&path, "");
    assert_eq!(status(&entered), "303");
    let cookie = entered
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(
        status(&pages.get(&path, "")),
        "403",
        "the address opens once"
    );
    let page = pages.get("/track/lung", &cookie);
    assert_eq!(status(&page), "200");
    let policy = page
        .lines()
        .find(|line| line.starts_with("content-security-policy:"))
        .unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(page.contains("cache-control: no-store"));
    assert!(!page.contains("https://") && !page.contains("src=\"http"));
    let foreign = format!("{cookie}Origin: http://pacs.example\r\n");
    assert_eq!(status(&pages.get("/track/lung", &foreign)), "403");
    let form = page.split("name=\"form\" value=\"").nth(1).unwrap();
    let form = form.split('"').next().unwrap();
    let post = |origin: &str, form: &str| {
        let body = format!("form={form}");
        status(&pages.raw(&format!(
            "POST /language HTTP/1.1\r\nHost: {host}\r\n{cookie}{origin}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )))
    };
    let own = format!("Origin: http://{host}\r\n");
    assert_eq!(post("", form), "403");
    assert_eq!(post("Origin: null\r\n", form), "403");
    assert_eq!(post(&own, "guessed"), "403");
    assert_eq!(post(&own, form), "303");
    // Nothing but the loopback address listens.
    assert!(host.starts_with("127.0.0.1:"));
}

/// How many images wait when the pages are timed.
fn many() -> u32 {
    if std::env::var_os("CLOAKROOM_MANY_HELD").is_some() {
        10_000
    } else {
        1000
    }
}

#[test]
fn with_many_held_images_the_pages_come_at_once() {
    let room = Room::new();
    for number in 0..many() {
        still(1_000_000 + number, 1).write(&room.path("export"));
    }
    room.site_with(&room.path("export"));
    deid(&room, "first");
    let pages = Pages::open(&room.text("site"));
    let path = pages
        .address
        .strip_prefix(&format!("http://{}", pages.host()));
    let entered = pages.get(path.unwrap(), "");
    let cookie = entered
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let start = Instant::now();
    let first = pages.get("/track/lung", &cookie);
    let took = start.elapsed();
    let count = format!("<td class=\"number\">{}</td>", many());
    assert!(first.contains(&count), "{first}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    let link = first.split("class=\"look\" href=\"").nth(1).unwrap();
    let mut here = link.split('"').next().unwrap().to_owned();
    for _ in 0..10 {
        let start = Instant::now();
        let page = pages.get(&here, &cookie);
        let frame = pages.get(&format!("{here}/frame/0"), &cookie);
        let took = start.elapsed();
        assert!(frame.contains("x-columns: 320"), "{}", &frame[..200]);
        assert!(took < Duration::from_millis(200), "{took:?}");
        let next = page.split("id=\"next\" href=\"").nth(1).unwrap();
        here = next.split('"').next().unwrap().to_owned();
    }
}

#[test]
fn what_the_gate_took_for_the_patient_is_answered_and_goes_out() {
    let room = Room::new();
    let export = room.path("export");
    still(1, 1).write_as_slice(&export, &[]);
    room.site_with(&export);
    enrol(&room, "R01");
    deid(&room, "first");
    // The patient's dates move by a keyed number of days: here the date of the study comes to lie on the day of birth.
    let birth = study_date(&room.extract("first", "first-files"));
    still(2, 1).write_as_slice(&export, &[(0x0010_0030, &birth)]);
    run(&["ingest", &room.text("site"), &room.text("export")]).expect(&[DONE, NEEDS_PERSON]);
    let second = deid(&room, "second");
    assert_eq!(
        second["total"]["reasons"]["held: known-value-found"]["count"], 1,
        "{second:#}"
    );
    let Some(browser) = Browser::open(&room.path("profile"), "en") else {
        return;
    };
    let pages = Pages::open(&room.text("site"));
    browser.go(&pages.address);
    sign_in(&browser, "R01");
    browser.click("a.look");
    browser.wait_for("document.querySelector('#found')");
    let found = browser.text("#found");
    assert!(
        found.contains("StudyDate") && found.contains(&birth) && found.contains("birth"),
        "{found}"
    );
    picture(&browser, "review-alarm");
    browser.click("#language");
    browser
        .wait_for("document.documentElement.lang === 'zh-CN' && document.querySelector('a.look')");
    browser.click("a.look");
    browser.wait_for("document.querySelector('#found')");
    picture(&browser, "review-alarm-chinese");
    browser.script("document.querySelector('#answer-reason').value = 'chance-match';");
    browser.click("#false-alarm");
    browser.wait_for("document.querySelector('#log')");
    assert!(browser.text("#log").contains("误报"));
    drop(pages);
    let third = deid(&room, "third");
    assert_eq!(third["released"]["instances"], 1, "{third:#}");
    assert_eq!(study_date(&room.extract("third", "third-files")), birth);
    room.verify(&room.path("third")).expect(&[DONE]);
}

#[test]
fn a_word_is_asked_once_and_stays_from_then_on() {
    let room = Room::new();
    let export = room.path("export");
    let described = (0x0008_103E, "THYROID QUIXLAR BLORPTON");
    still(1, 1).write_as_slice(&export, &[described]);
    room.site_with(&export);
    enrol(&room, "R01");
    deid(&room, "first");
    assert!(!holds(&room.extract("first", "first-files"), "QUIXLAR"));
    let Some(browser) = Browser::open(&room.path("profile"), "en") else {
        return;
    };
    let pages = Pages::open(&room.text("site"));
    browser.go(&pages.address);
    sign_in(&browser, "R01");
    browser.click("#texts");
    browser.wait_for("document.querySelector('#read-texts')");
    browser.click("#read-texts");
    browser.wait_for("document.querySelector('#words')");
    let words = browser.text("#words").to_lowercase();
    for told in ["quixlar", "blorpton", "thyroid"] {
        assert!(words.contains(told), "{words}");
    }
    picture(&browser, "review-words");
    let row = |word: &str, verdict: &str| {
        browser.script(&format!(
            "const form = Array.from(document.querySelectorAll('form.word')).find(one => one.word.value.toLowerCase() === '{word}');
             form.querySelector('button[value={verdict}]').click();"
        ));
        let gone = format!(
            "document.querySelector('h1') && !Array.from(document.querySelectorAll('form.word')).some(one => one.word.value.toLowerCase() === '{word}')"
        );
        browser.wait_for(&gone);
    };
    row("quixlar", "stays");
    row("blorpton", "goes");
    browser.click("header a[href$='/log']");
    browser.wait_for("document.querySelector('#log')");
    let log = browser.text("#log");
    assert!(
        log.contains("keep the word") && log.contains("remove the word"),
        "{log}"
    );
    assert!(
        !log.to_lowercase().contains("quixlar"),
        "the log tells words: {log}"
    );
    drop(pages);
    still(2, 1).write_as_slice(&export, &[described]);
    run(&["ingest", &room.text("site"), &room.text("export")]).expect(&[DONE, NEEDS_PERSON]);
    deid(&room, "second");
    let files = room.extract("second", "second-files");
    assert!(holds(&files, "QUIXLAR") && !holds(&files, "BLORPTON"));
    room.verify(&room.path("second")).expect(&[DONE]);
}

/// Whether a file in a folder holds a text.
fn holds(folder: &Path, text: &str) -> bool {
    let has = |bytes: &Vec<u8>| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    contents(folder).values().any(has)
}

/// The Study Date of the one file in a folder.
fn study_date(folder: &Path) -> String {
    let all = files(folder);
    let file = all
        .iter()
        .find(|file| file.extension().is_some_and(|end| end == "dcm"))
        .unwrap();
    let bytes = fs::read(folder.join(file)).unwrap();
    let element = b"\x08\x00\x20\x00DA\x08\x00";
    let at = bytes.windows(8).position(|part| part == element).unwrap();
    String::from_utf8(bytes[at + 8..at + 16].to_vec()).unwrap()
}
