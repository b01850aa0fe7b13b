//! A real browser, driven through WebDriver: Chromium by its own driver, in a profile that goes with the test.

use super::tool;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long something on a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The keys that have no letter, as WebDriver names them.
pub const ENTER: &str = "\u{E007}";
pub const TAB: &str = "\u{E004}";
pub const RIGHT: &str = "\u{E014}";
pub const DOWN: &str = "\u{E015}";

pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.ask(
            "DELETE",
            &format!("/session/{}", self.session),
            &Value::Null,
        );
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Opens a browser, or says that the test is skipped because there is none.
    pub fn open(profile: &Path, language: &str) -> Option<Self> {
        let (driver, chromium) = (tool("chromedriver")?, tool("chromium")?);
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "the driver ended");
            if let Some((_, port)) = line.split_once("on port ")
                && let Ok(port) = port.trim().trim_end_matches('.').parse::<u16>()
                && port != 0
            {
                break port;
            }
        };
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
        };
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--window-size=1400,1000".into(),
            format!("--lang={language}"),
            format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": chromium, "args": arguments,
                "prefs": {"intl.accept_languages": language}}}}});
        let made = browser.ask("POST", "/session", &wanted);
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE * 3)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if let Some(told) = line.strip_prefix("content-length:") {
                length = told.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).unwrap();
        let told: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        told["value"].clone()
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let told = self.ask(method, &format!("/session/{}{path}", self.session), body);
        assert!(
            told.get("error").is_none(),
            "{path}: {} {}",
            told["error"],
            told["message"]
        );
        told
    }

    pub fn go(&self, address: &str) {
        self.command("POST", "/url", &json!({ "url": address }));
    }

    pub fn address(&self) -> String {
        self.command("GET", "/url", &Value::Null)
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.command(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        )
    }

    /// The text of what a selector finds.
    pub fn text(&self, selector: &str) -> String {
        let found = self.script(&format!(
            "const found = document.querySelector({}); return found ? found.innerText : '';",
            json!(selector)
        ));
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub fn wait_for(&self, condition: &str) {
        let start = Instant::now();
        while self.script(&format!("return Boolean({condition});")) != Value::Bool(true) {
            assert!(
                start.elapsed() < PATIENCE,
                "never true: {condition}\n{}",
                self.script("return document.body.innerText;")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types keys, one after the other, wherever the focus is.
    pub fn keys(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key.to_string()}),
                    json!({"type": "keyUp", "value": key.to_string()}),
                ]
            })
            .collect();
        self.command(
            "POST",
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}),
        );
    }

    /// Presses a button of the mouse at one place of the window and lets it go at another.
    pub fn drag(&self, button: u8, from: (i64, i64), to: (i64, i64)) {
        let moved =
            |(x, y): (i64, i64)| json!({"type": "pointerMove", "duration": 30, "x": x, "y": y});
        let actions = json!([
            moved(from), {"type": "pointerDown", "button": button},
            moved(((from.0 + to.0) / 2, (from.1 + to.1) / 2)), moved(to),
            {"type": "pointerUp", "button": button}]);
        self.command(
            "POST",
            "/actions",
            &json!({"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}]}),
        );
    }

    /// Clicks what a selector finds.
    pub fn click(&self, selector: &str) {
        self.script(&format!(
            "document.querySelector({}).click();",
            json!(selector)
        ));
    }

    /// The window as a PNG, in base64.
    pub fn screenshot(&self) -> String {
        self.command("GET", "/screenshot", &Value::Null)
            .as_str()
            .unwrap()
            .to_owned()
    }
}
