//! libFuzzer's entry point for all targets: `WEFT_FUZZ_TARGET` names the one to run.
#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("WEFT_FUZZ_TARGET").unwrap_or_default();
        match weft_fuzz::TARGETS.iter().find(|(target, _)| *target == name) {
            Some((_, function)) => *function,
            None => panic!("WEFT_FUZZ_TARGET names no target: {name:?}"),
        }
    });
    target(data);
});
