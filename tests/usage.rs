//! Help, wrong uses, exit codes and JSON.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("usage"))
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect()
}

/// Calls with the words and the help of the program and of each of its commands.
fn for_each_help(call: &mut dyn FnMut(&[String], &str)) {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let asked: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = run(&asked).expect(&[DONE]).out;
        for inner in commands(&help) {
            waiting.push(words.iter().cloned().chain([inner]).collect());
        }
        call(&words, &help);
    }
}

#[test]
fn every_help_fits_one_screen() {
    for_each_help(&mut |words, help| {
        assert!(help.lines().count() <= 40, "{words:?}\n{help}");
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{words:?}\n{help}");
    });
}

#[test]
fn every_command_has_a_manual_page_and_the_shell_completes_it() {
    let room = Room::new();
    run(&["manual", &room.text("manual")]).expect(&[DONE]);
    let mut pages = 0;
    for_each_help(&mut |words, _| {
        let name: Vec<&str> = ["cloakroom"]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .collect();
        let page = room.path(&format!("manual/man/{}.1", name.join("-")));
        let page = fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", page.display()));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        pages += 1;
    });
    assert_eq!(files(&room.path("manual/man")).len(), pages);
    let Some(bash) = tool("bash") else { return };
    let script = format!(
        "set -e; source '{}'; COMP_WORDS=(cloakroom rep); COMP_CWORD=1; _cloakroom cloakroom rep cloakroom; echo ${{COMPREPLY[@]}}",
        room.text("manual/completions/cloakroom.bash")
    );
    let answer = std::process::Command::new(bash)
        .args(["-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert_eq!(said.trim(), "report", "{answer:?}");
}

#[test]
fn help_of_every_command_has_an_example() {
    let top = run(&["--help"]).expect(&[DONE]).out;
    assert!(commands(&top).len() >= 13, "{top}");
    for command in commands(&top) {
        let help = run(&[&command, "--help"]).expect(&[DONE]).out;
        let inner = commands(&help);
        let all = if inner.is_empty() {
            vec![vec![command.clone()]]
        } else {
            inner
                .into_iter()
                .map(|inner| vec![command.clone(), inner])
                .collect()
        };
        for mut words in all {
            let spoken = format!("cloakroom {}", words.join(" "));
            words.push("--help".into());
            let help = run(&words).expect(&[DONE]).out;
            let (_, examples) = help
                .split_once("Example")
                .unwrap_or_else(|| panic!("{spoken} has no example:\n{help}"));
            assert!(examples.contains(&spoken), "{help}");
        }
    }
}

#[test]
fn wrong_uses_say_what_is_wrong_and_do_nothing() {
    let room = house().again();
    let (site, out) = (room.text("site"), room.text("bundle"));
    let deid = |more: &[&str]| run(&[&["deid", &site, "--out", &out][..], more].concat());
    run(&["deid"]).expect(&[WRONG_USE]);
    run(&["dance"]).expect(&[WRONG_USE]);
    let none =
        run(&["deid", &room.text("none"), "--track", "lung", "--out", &out]).expect(&[WRONG_USE]);
    assert!(
        none.err.contains("no site folder") && none.err.contains("cloakroom init"),
        "{}",
        none.err
    );
    let profile = deid(&["--track", "lung", "--profile", "nobody"]).expect(&[WRONG_USE]);
    assert!(profile.err.contains("contest"), "{}", profile.err);
    deid(&["--track", "../lung"]).expect(&[WRONG_USE]);
    deid(&["--track", "lung", "--date", "2026-02-30"]).expect(&[WRONG_USE]);
    assert!(!room.path("bundle").exists());
    let bundle = house().room.text("bundle");
    let before = contents(&house().room.path("bundle"));
    let taken = run(&["deid", &site, "--track", "generic", "--out", &bundle]).expect(&[WRONG_USE]);
    assert!(taken.err.contains("exists already"), "{}", taken.err);
    run(&["extract", &bundle, "--out", &bundle]).expect(&[WRONG_USE]);
    run(&["audit", "show", &bundle, "1.2.3"]).expect(&[WRONG_USE]);
    assert!(contents(&house().room.path("bundle")) == before);
}

#[test]
fn without_a_private_key_there_is_no_run() {
    let room = house().again();
    for key in ["site.key", "signing.key", "package.key"] {
        let path = room.path("site/keys").join(key);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = room
            .deliver("site", "basic", "bundle")
            .expect(&[COULD_NOT_RUN]);
        assert!(open.err.contains("others may read"), "{}", open.err);
        let text = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let missing = room
            .deliver("site", "basic", "bundle")
            .expect(&[COULD_NOT_RUN]);
        assert!(missing.err.contains("no run"), "{key}: {}", missing.err);
        assert!(!room.path("bundle").exists(), "{key}");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    room.deliver("site", "basic", "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
}

#[test]
fn a_misspelt_key_is_told_with_its_line() {
    let room = Room::new();
    let text = fs::read_to_string(workspace().join("profiles/contest.yaml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (at, line) = lines
        .iter()
        .enumerate()
        .find(|(_, line)| line.starts_with("version:"))
        .unwrap();
    fs::write(
        room.path("mine.yaml"),
        text.replacen(line, &line.replace("version", "versoin"), 1),
    )
    .unwrap();
    let checked = run(&["profile", "check", &room.text("mine.yaml")]).expect(&[CHECK_FAILED]);
    let told = checked
        .out
        .lines()
        .find(|told| told.contains("versoin"))
        .unwrap();
    assert!(told.contains(&format!(":{}:", at + 1)), "{told}");
    assert!(
        told.contains("did you mean 'version'"),
        "no suggestion: {told}"
    );
    let site = house().room.text("site");
    let (mine, out) = (room.text("mine.yaml"), room.text("bundle"));
    let run_with = run(&[
        "deid",
        &site,
        "--track",
        "lung",
        "--profile",
        &mine,
        "--out",
        &out,
    ]);
    assert!(run_with.expect(&[WRONG_USE]).err.contains("versoin"));

    let track = fs::read_to_string(workspace().join("profiles/tracks/generic.yaml")).unwrap();
    fs::write(room.path("track.yaml"), format!("{track}\ncolour: red\n")).unwrap();
    let line = track.lines().count() + 2;
    let track = run(&[
        "deid",
        &site,
        "--track",
        &room.text("track.yaml"),
        "--out",
        &out,
    ])
    .expect(&[WRONG_USE]);
    assert!(
        track.err.contains("colour") && track.err.contains(&format!("line {line}")),
        "{}",
        track.err
    );
}

#[test]
fn every_answer_can_be_had_in_json() {
    let room = house().again();
    let (site, bundle, export) = (
        room.text("site"),
        house().room.text("bundle"),
        house().room.text("export"),
    );
    let contest = workspace().join("profiles/contest.yaml");
    let (made, files) = (room.text("made"), room.text("files"));
    let deid = room.text("bundle");
    let asked: [&[&str]; 13] = [
        &["init", &made, "--name", "YN02"],
        &["ingest", &site, &export],
        &["plan", &site, "--track", "generic"],
        &[
            "deid", &site, "--track", "generic", "--out", &deid, "--date", DATE,
        ],
        &["verify", &bundle],
        &["extract", &bundle, "--out", &files],
        &["audit", "sample", &bundle, "-n", "2", "--nonce", "dice"],
        &["profile", "list"],
        &["profile", "show", "basic"],
        &["profile", "check", contest.to_str().unwrap()],
        &["profile", "explain", "PatientName"],
        &["profile", "diff", "basic", "contest"],
        &[
            "deid",
            &made,
            "--track",
            "generic",
            "--profile",
            "nobody",
            "--out",
            &files,
        ],
    ];
    for arguments in asked {
        let answer = run(&[&["--json"][..], arguments].concat());
        assert!(
            (DONE..=COULD_NOT_RUN).contains(&answer.code),
            "{arguments:?}: {}",
            answer.err
        );
        let json = answer.json();
        assert!(json.is_object() || json.is_array(), "{arguments:?}");
        assert_eq!(
            json.get("error").is_some(),
            answer.code >= WRONG_USE,
            "{arguments:?}"
        );
    }
}
