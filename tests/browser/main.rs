//! The page, as a person meets it: the very program that users get, in a real browser.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod process;
mod webdriver;

use process::{Folder, Process, Started, patiently};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use webdriver::{Browser, request};

/// A running service.
struct Weft {
    process: Process,
    address: String,
    port: u16,
}

impl Weft {
    fn start(arguments: &[&str]) -> Self {
        let program = std::env::var_os("WEFT_BIN").map_or_else(beside_this_test, PathBuf::from);
        let Started::Running(process) = Process::start(&program, arguments) else {
            panic!(
                "there is no {}: build it with `cargo build -p weft-mesh`, or name it in WEFT_BIN",
                program.display()
            );
        };
        let line = process.line_with("Weft is at ");
        let address = line.trim_start_matches("Weft is at ").trim().to_owned();
        let port = address.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Self { process, address, port }
    }

    fn demo(further: &[&str]) -> Self {
        // The day goes by in real time unless a test wants it otherwise: the picture stands still while it is compared.
        let speed: &[&str] = if further.contains(&"--speed") { &[] } else { &["--speed", "1"] };
        Self::start(&[&["demo", "--listen", "127.0.0.1:0"], speed, further].concat())
    }

    fn topology(&self) -> Value {
        let (status, topology) = request(self.port, "GET", "/api/v1/topology?claims=none", None).unwrap();
        assert_eq!(status, 200, "{topology}");
        topology
    }
}

/// `target/debug/weft` for `target/debug/deps/browser-…`.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join(format!("weft{}", std::env::consts::EXE_SUFFIX))
}

/// A row of the tree: name of the device, the name of the router row above it where it is indented, state, parent.
type Row = (String, Option<String>, String, String);

const ROWS: &str = "
    let router = null;
    return [...document.querySelectorAll('section[aria-label^=Network] tbody tr')].map((row) => {
        const name = row.querySelector('.device').innerText;
        const isChild = row.classList.contains('child');
        if (!isChild) router = name;
        return [name, isChild ? router : null, row.querySelector('.state').innerText, row.querySelector('td.parent').innerText];
    });";
const ROWS_ARE_THERE: &str = "document.querySelectorAll('tbody tr').length > 20";

fn rows(browser: &Browser) -> Vec<Row> {
    serde_json::from_value(browser.run(ROWS)).unwrap()
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// What is missing on the page, of what the API says at this moment.
fn missing_on(browser: &Browser, topology: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    let page = browser.text("return document.body.innerText");
    let rows = rows(browser);
    let nodes = topology["nodes"].as_array().unwrap();
    let names: BTreeMap<&str, &str> = nodes
        .iter()
        .map(|node| (text_of(node, "id"), node["name"].as_str().unwrap_or(text_of(node, "id"))))
        .collect();
    for network in topology["networks"].as_array().unwrap() {
        let heading = format!("Network {}", text_of(network, "name"));
        if !page.contains(&heading) {
            missing.push(heading);
        }
    }
    for node in nodes.iter().filter(|node| node["name"].is_string()) {
        let name = text_of(node, "name");
        let Some((_, above, state, parent)) = rows.iter().find(|(shown, ..)| shown == name) else {
            missing.push(format!("{name}: no row"));
            continue;
        };
        // The word of the state, after a shape: neither colour nor shape alone says it.
        if !(state.ends_with(text_of(node, "state")) && state.starts_with(|mark: char| !mark.is_ascii())) {
            missing.push(format!("{name}: shown as {state:?}"));
        }
        if let Some(expected) = node["parent"]["node"].as_str().map(|id| names[id]) {
            if above.as_deref() != Some(expected) {
                missing.push(format!("{name}: below {above:?}, not {expected}"));
            }
            if !(parent.contains(expected) && parent.contains(text_of(&node["parent"], "state"))) {
                missing.push(format!("{name}: parent shown as {parent:?}"));
            }
        }
    }
    for finding in topology["findings"].as_array().unwrap() {
        for key in ["severity", "title", "detail", "advice"] {
            if !page.contains(text_of(finding, key)) {
                missing.push(format!("finding {}: no {key}", finding["id"]));
            }
        }
    }
    missing
}

#[test]
fn the_demo_home_is_shown_as_the_api_describes_it() {
    let Some(browser) = Browser::start() else { return };
    let weft = Weft::demo(&[]);
    browser.open(&weft.address);
    browser.until("the devices", ROWS_ARE_THERE);
    // Both sides move on while they are compared, so they may differ for a moment.
    let mut missing = Vec::new();
    let topology = patiently("the page to show what the API says", || {
        let topology = weft.topology();
        missing = missing_on(&browser, &topology);
        missing.is_empty().then_some(topology)
    });
    let topology = topology.unwrap_or_else(|problem| panic!("{problem}: {missing:#?}"));
    let placed = |node: &&Value| node["name"].is_string() && node["parent"].is_object();
    let children = topology["nodes"].as_array().unwrap().iter().filter(placed).count();
    assert!(children >= 10, "the demo has hardly a child to look at: {children}");
    assert!(!topology["findings"].as_array().unwrap().is_empty(), "the demo has no finding to look at");

    assert!(browser.text("return document.title").starts_with("Weft"), "the title");
    let page = browser.text("return document.body.innerText");
    assert!(
        page.contains("Demo: a synthetic home"),
        "the page does not say that this is the demo:\n{page}"
    );
    assert!(page.contains("Border routers (6)"), "{page}");
    assert!(page.contains("What to do: "), "{page}");
    let listed = browser.run("return [...document.querySelectorAll('ul.cards .device')].map((button) => button.innerText)");
    let listed: BTreeSet<String> = serde_json::from_value(listed).unwrap();
    assert_eq!(listed.len(), 6, "{listed:?}");

    browser.click("tr.child .device");
    browser.until(
        "the evidence",
        "document.querySelector('dialog[open]')?.innerText.includes('Who says so')",
    );
    assert!(browser.text("return document.querySelector('dialog').innerText").contains("Parent: "));

    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
    // So that silence means something: the same log does tell of a violated policy.
    browser.run("document.body.setAttribute('style', 'color: red')");
    assert!(browser.complaints().join(" ").contains("Content Security Policy"));
}

#[test]
fn the_page_follows_without_losing_the_place_of_its_reader() {
    let Some(browser) = Browser::start() else { return };
    let weft = Weft::demo(&["--speed", "600"]);
    browser.open(&weft.address);
    browser.until("the devices", ROWS_ARE_THERE);
    browser.run(
        "const button = [...document.querySelectorAll('tr.router .device')].at(-1);
         button.focus();
         window.heard = () => [...document.getElementById('main').innerText.matchAll(/(\\d+) captures,/g)].reduce((sum, match) => sum + Number(match[1]), 0);
         window.before = { button, heard: heard(), asOf: document.querySelector('#as-of time').dateTime, tree: document.querySelector('tbody').innerText };",
    );
    browser.until("more captures", "heard() > before.heard + 50");
    browser.until("a later moment", "document.querySelector('#as-of time').dateTime > before.asOf");
    browser.until("another tree", "document.querySelector('tbody').innerText !== before.tree");
    assert_eq!(
        browser.run("return document.activeElement === window.before.button"),
        Value::Bool(true),
        "the focus was lost"
    );
    assert_eq!(browser.text("return document.getElementById('connection').innerText"), "●Live");
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// What sticks out to the right, and what is wider inside than outside.
const OVERFLOWING: &str = "
    const width = document.documentElement.clientWidth;
    const sticksOut = (element) => element.getBoundingClientRect().right > width + 0.5 || element.scrollWidth > Math.max(width, element.clientWidth + 1);
    return [...document.querySelectorAll('body, body *')]
        .filter((element) => !element.closest('thead') && element.checkVisibility() && sticksOut(element))
        .map((element) => `${element.tagName}.${element.className}: ${element.innerText}`);";

#[test]
fn a_phone_shows_everything_within_its_width() {
    let Some(browser) = Browser::start() else { return };
    let weft = Weft::demo(&[]);
    browser.become_phone(390, 844);
    browser.open(&weft.address);
    browser.until("the devices", ROWS_ARE_THERE);
    assert_eq!(
        browser.run("return [innerWidth, document.documentElement.scrollWidth]"),
        serde_json::json!([390, 390])
    );
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true");
    assert_eq!(browser.run(OVERFLOWING), serde_json::json!([]));
    // Rows that are laid out as lines are still rows of a table to those who listen.
    assert_eq!(browser.role("table"), "table");
    assert_eq!(browser.role("tbody tr"), "row");
    assert_eq!(browser.role("tbody th"), "rowheader");

    browser.run("document.querySelector('tr.child .device').click()");
    browser.until("the evidence", "document.querySelectorAll('dialog[open] details').length > 0");
    browser.run("for (const details of document.querySelectorAll('dialog details')) details.open = true");
    assert_eq!(browser.run(OVERFLOWING), serde_json::json!([]));
}

#[test]
fn the_picture_stays_when_the_service_dies_and_is_live_again_when_it_is_back() {
    let Some(browser) = Browser::start() else { return };
    let weft = Weft::demo(&[]);
    browser.open(&weft.address);
    browser.until("the devices", ROWS_ARE_THERE);
    let port = weft.port;
    drop(weft.process);
    browser.until("the bad news", "document.getElementById('connection').classList.contains('lost')");
    let said = browser.text("return document.getElementById('connection').innerText");
    assert!(
        said.contains("has not answered since ") && said.contains("Shown is the picture of "),
        "{said}"
    );
    assert_eq!(browser.run(&format!("return {ROWS_ARE_THERE}")), Value::Bool(true), "the picture is gone");
    let in_sight = "const box = document.getElementById('connection').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight;";
    browser.run("scrollTo(0, document.body.scrollHeight)");
    assert_eq!(browser.run(in_sight), Value::Bool(true), "who has scrolled down does not see it");

    browser.run("document.querySelector('tr.child .device').click()");
    browser.until(
        "an answer",
        "document.querySelector('dialog[open]')?.innerText.includes('has not answered')",
    );
    assert_eq!(
        browser.text("return document.getElementById('connection').innerText"),
        said,
        "since when must not move"
    );

    let _again = Weft::start(&["demo", "--listen", &format!("127.0.0.1:{port}")]);
    browser.until("life", "document.getElementById('connection').innerText === '●Live'");
}

#[test]
fn a_wrong_code_is_told_what_is_wrong_with_it_and_does_not_stay_on_the_screen() {
    let Some(browser) = Browser::start() else { return };
    let data = Folder::new("pairing");
    let folder = data.path().display().to_string();
    let weft = Weft::start(&["serve", "--no-mdns", "--listen", "127.0.0.1:0", "--data", &folder]);
    browser.open(&weft.address);
    browser.until(
        "the form, open as nothing is paired",
        "document.getElementById('pair-form').checkVisibility()",
    );
    browser.write("#codes", "123");
    browser.click("#pair");
    browser.until(
        "the refusal",
        "document.getElementById('codes-problem').innerText.includes('11 or 21 digits')",
    );
    assert_eq!(browser.text("return document.getElementById('codes').value"), "");
    assert!(!data.path().join("matter").exists(), "a fabric is made with the first device, not before");

    browser.click("#fabric-settings summary");
    browser.click("#paused");
    browser.until(
        "the pause",
        "document.getElementById('fabric-sum').innerText.includes('questions are paused')",
    );
    browser.run("location.reload()");
    browser.until(
        "the pause after a reload",
        "document.getElementById('fabric-sum')?.innerText.includes('questions are paused')",
    );
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn a_service_for_other_machines_asks_for_its_token_and_an_empty_home_says_what_to_do() {
    let Some(browser) = Browser::start() else { return };
    let data = Folder::new("data");
    let weft = Weft::start(&[
        "serve",
        "--no-mdns",
        "--no-matter",
        "--listen",
        "0.0.0.0:0",
        "--data",
        &data.path().display().to_string(),
    ]);
    let line = weft.process.line_with("token");
    let token = line.split(' ').next_back().unwrap();
    assert!(token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");

    browser.open(&format!("http://127.0.0.1:{}/", weft.port));
    browser.until("the question", "!document.getElementById('token-form').hidden");
    assert_eq!(browser.text("return document.activeElement.id"), "token");
    browser.write("#token", "wrong");
    browser.click("#token-form button");
    browser.until("the refusal", "document.getElementById('token-problem').innerText.includes('wrong')");
    assert!(browser.run("return document.getElementById('main').innerText === ''").as_bool().unwrap());

    browser.run("document.getElementById('token').value = ''");
    browser.write("#token", token);
    browser.click("#token-form button");
    browser.until("the page", "document.getElementById('main').innerText.includes('Nothing heard yet')");
    let page = browser.text("return document.body.innerText");
    assert!(page.contains("What to do:") && page.contains("No source is configured"), "{page}");
    // Nothing that a script can read holds the token.
    assert_eq!(
        browser.text("return document.cookie + JSON.stringify({...localStorage, ...sessionStorage}) + document.getElementById('token').value"),
        "{}"
    );
    browser.open(&format!("http://127.0.0.1:{}/", weft.port));
    browser.until(
        "the page without another question",
        "document.getElementById('main').innerText.includes('Nothing heard yet')",
    );
}
