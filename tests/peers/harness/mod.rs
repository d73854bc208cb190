//! Real peers for Weft: a LAN of network namespaces, a fleet of virtual Matter devices on it, another ecosystem that owns them first, and the very
//! program that users get. All of it ends with the value that stands for it, however a test ends.

#![allow(dead_code, unused_imports)] // tests and the benchmark use different parts

mod ecosystem;
mod fleet;
mod http;
mod lan;
mod program;
mod verdict;
mod weft;

pub use ecosystem::{Ecosystem, Window};
pub use fleet::{Device, Fleet, Radio};
pub use lan::{Host, Lan};
pub use program::{Folder, Program, patiently};
pub use verdict::problems_of;
pub use weft::{Answer, Weft, resident_kib};

use std::path::{Path, PathBuf};

/// Describes a mesh that lies in `fixtures/meshes`.
pub fn mesh(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/meshes")
        .join(format!("{name}.json"))
        .display()
        .to_string()
}

/// Where the JavaScript of the peers runs, beside what it depends on: `cargo xtask test` installs that, and names the folder in `WEFT_PEERS`.
fn peers_directory() -> PathBuf {
    let beside = || {
        // `target/debug/deps/peers-…`, or `target/release/deps/matter-…`
        let program = std::env::current_exe().expect("this program has a path");
        program.ancestors().nth(3).expect("it lies in a target directory").join("peers")
    };
    std::env::var_os("WEFT_PEERS").map_or_else(beside, PathBuf::from)
}
