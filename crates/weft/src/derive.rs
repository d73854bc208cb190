//! `weft derive`: the topology of a recording as JSON.

use crate::arguments::DeriveArguments;
use crate::output::{print, tell, tell_some};
use crate::{input, mesh};
use anyhow::Result;
use weft_evidence::Evidence;

/// Writes the topology on one line of standard output, and what of the recording was not understood to standard error.
///
/// # Errors
/// Where the recording cannot be read.
pub(crate) fn derive(arguments: &DeriveArguments) -> Result<()> {
    let name = input::name_of(&arguments.file);
    let recording = input::recording(&arguments.file)?;
    let (topology, evidence) = mesh::of_recording(recording, &name, arguments.at)?;
    report(&name, &evidence);
    print(|output| {
        serde_json::to_writer(&mut *output, &topology.document(!arguments.no_claims))?;
        output.write_all(b"\n")
    })
}

/// What the decoders did not understand.
fn report(name: &str, evidence: &Evidence) {
    let remarks = evidence.problems().iter().map(|(seq, problem)| format!("capture {seq}: {problem}"));
    tell_some(name, remarks, evidence.problem_count());
    for (kind, count) in evidence.not_understood() {
        tell(format!(
            "{name}: {count} captures of kind {kind}, which this version keeps and does not understand"
        ));
    }
}
