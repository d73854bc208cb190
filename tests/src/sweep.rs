//! Captures of a whole simulated mesh.

use weft_evidence::Capture;
use weft_simulator::{DiagnosticQuestion, Mesh, Scribe};

/// What one sweep of all routers through a border router gives, with the registrations on the LAN.
pub fn sweep_of(mesh: &Mesh) -> Vec<Capture> {
    let survey = mesh.survey();
    let mut scribe = Scribe::new(mesh.now());
    for node in mesh.indices() {
        scribe.write("mdns", mesh.announcements(node));
    }
    for router in mesh.routers() {
        scribe
            .pass_milliseconds(1)
            .write("border-agent", survey.diagnostic_answer(router, &DiagnosticQuestion::default()));
    }
    scribe.into_captures()
}
