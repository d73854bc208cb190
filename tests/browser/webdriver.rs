//! As much of WebDriver (W3C, <https://www.w3.org/TR/webdriver2/>) as these tests need, over plain HTTP/1.1.

use crate::process::{Folder, Process, Started, patiently};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long one command may take: a first start of the browser on a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer that is read; screenshots are not asked for.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// Nothing that talks to anybody but the page's own service.
const ARGUMENTS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// One HTTP request; status and body of the answer.
pub(crate) fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(COMMAND_TIMEOUT))?;
    stream.set_write_timeout(Some(COMMAND_TIMEOUT))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = BufReader::new(stream.take(MAX_ANSWER_BYTES));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if answer.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head.push(line.to_ascii_lowercase());
    }
    let invalid = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{method} {path}: {what}"));
    let status = head.first().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map(|length| length.trim().parse());
    let mut bytes = Vec::new();
    match length {
        Some(Ok(length)) => answer.take(length).read_to_end(&mut bytes)?,
        Some(Err(_)) => return Err(invalid("a content length that is no number")),
        None => answer.read_to_end(&mut bytes)?,
    };
    let value = serde_json::from_slice(&bytes).map_err(|error| invalid(&format!("no JSON: {error}")))?;
    Ok((status.ok_or_else(|| invalid("no status"))?, value))
}

/// A browser with one page, without what any other run left behind. Both end with it.
pub(crate) struct Browser {
    port: u16,
    session: String,
    _driver: Process,
    _profile: Folder,
}

impl Browser {
    /// Starts one; nothing where this machine has none, and why is told. Fails there in CI: a test that never runs holds nothing.
    pub(crate) fn start() -> Option<Self> {
        let driver = match Process::start("chromedriver", &["--port=0"]) {
            Started::Running(process) => process,
            Started::Missing => return skip("chromedriver (Debian package chromium-driver)"),
        };
        let Started::Running(_) = Process::start("chromium", &["--version"]) else {
            return skip("chromium");
        };
        let line = driver.line_with("started successfully on port ");
        let port = line.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        let profile = Folder::new("profile");
        let profile_argument = format!("--user-data-dir={}", profile.path().display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([profile_argument.as_str()]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        }}});
        let session = patiently("chromedriver to answer", || request(port, "GET", "/status", None).ok())
            .and_then(|_| command(port, "POST", "/session", &wanted))
            .unwrap_or_else(|problem| panic!("{problem}"));
        let session = session["sessionId"].as_str().unwrap().to_owned();
        Some(Self {
            port,
            session,
            _driver: driver,
            _profile: profile,
        })
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        command(self.port, "POST", &format!("/session/{}/{path}", self.session), body).unwrap_or_else(|problem| panic!("{problem}"))
    }

    pub(crate) fn open(&self, address: &str) {
        self.command("url", &json!({"url": address}));
    }

    /// What the body of a function returns in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// The same as text.
    pub(crate) fn text(&self, script: &str) -> String {
        self.run(script).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the expression holds in the page.
    pub(crate) fn until(&self, what: &str, expression: &str) {
        let holds = || (self.run(&format!("return Boolean({expression})")) == Value::Bool(true)).then_some(());
        if let Err(problem) = patiently(what, holds) {
            panic!("{problem}; the page says:\n{}", self.text("return document.body.innerText"));
        }
    }

    /// Makes the window that of a telephone in the hand.
    pub(crate) fn become_phone(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": true});
        self.command(
            "goog/cdp/execute",
            &json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}),
        );
    }

    /// Types into the element, as a person does.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        self.command(&format!("element/{}/value", self.element(selector)), &json!({"text": text}));
    }

    pub(crate) fn click(&self, selector: &str) {
        self.command(&format!("element/{}/click", self.element(selector)), &json!({}));
    }

    /// The role that assistive technology is told.
    pub(crate) fn role(&self, selector: &str) -> String {
        let path = format!("/session/{}/element/{}/computedrole", self.session, self.element(selector));
        let role = command(self.port, "GET", &path, &Value::Null).unwrap_or_else(|problem| panic!("{problem}"));
        role.as_str().unwrap_or_default().to_owned()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.command("element", &json!({"using": "css selector", "value": selector}));
        // One entry; its key is the web element identifier of the standard.
        let id = found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        id.unwrap().to_owned()
    }

    /// Warnings and errors of the console since the last call, violations of the content security policy among them.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({"type": "browser"}));
        let bad = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        entries
            .as_array()
            .unwrap()
            .iter()
            .filter(bad)
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

impl Drop for Browser {
    /// The browser is the driver's child: only the driver ends it properly.
    fn drop(&mut self) {
        let _ = request(self.port, "DELETE", &format!("/session/{}", self.session), None);
    }
}

fn command(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = (method == "POST").then_some(body);
    let (status, mut answer) = request(port, method, path, body).map_err(|error| format!("{method} {path}: {error}"))?;
    if status != 200 {
        return Err(format!("{method} {path}: {status} {}", answer["value"]["message"]));
    }
    Ok(answer["value"].take())
}

fn skip<T>(missing: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "the page cannot be tested: {missing} is not installed");
    eprintln!("skipped: {missing} is not installed");
    None
}
