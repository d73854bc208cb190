//! Puts the built page into the program: a table of the files of `web-ui/dist`, made at compile time, so that building needs no Node.js.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../web-ui/dist");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    assert!(
        files.iter().any(|file| file.ends_with("index.html")),
        "there is no built page in {}: run `npm ci && npm run build` in web-ui",
        folder.display()
    );
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&folder).expect("below the folder").to_string_lossy().replace('\\', "/");
        // Dot files tell the build of itself, not browsers.
        if name.starts_with('.') {
            continue;
        }
        let path = if name == "index.html" { "/".to_owned() } else { format!("/{name}") };
        let kind = kind(file);
        let place = fs::canonicalize(file).expect("it was just listed");
        writeln!(table, "    Asset {{ path: {path:?}, kind: {kind:?}, body: include_bytes!({place:?}) }},").expect("a string takes it");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("assets.rs");
    fs::write(&out, table).unwrap_or_else(|error| panic!("cannot write {}: {error}", out.display()));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        other => panic!(
            "web-ui/dist holds a file of a kind that the server does not know: {other:?} ({})",
            file.display()
        ),
    }
}
