//! `weft fabric`: the fabric, its devices and jobs, as a table.

use super::{FabricOptions, folder, matter};
use crate::output::print;
use crate::{client, mesh, text};
use anyhow::{Context, Result};
use std::path::Path;
use weft_model::{AttestationChoice, DeviceState, FabricView, JobState, Timestamp};
use weft_server::Pairing;
use weft_sources::clock;
use weft_sources::directory::ServiceDirectory;
use weft_store::DataDirectory;

/// Prints the fabric.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn show(data: Option<&Path>) -> Result<()> {
    let directory = crate::data_directory(data)?;
    let (view, origin) = match mesh::owner_of(&directory) {
        Some(owner) => {
            let answer = client::get(&owner, &directory, "/api/v1/fabric")?;
            let view = serde_json::from_slice(&answer).context("the running service's answer cannot be read")?;
            (Some(view), format!("the running service, {owner}"))
        }
        None => (kept(&directory)?, "what is kept; no service is running".to_owned()),
    };
    let page = match view {
        Some(view) => render(&view, &origin, clock::now()),
        None => format!(
            "No device is paired yet: `weft pair -` reads setup codes. (Looked in {}.)\n",
            directory.display()
        ),
    };
    print(|output| output.write_all(page.as_bytes()))
}

/// The fabric of a data directory that nobody owns; `None` where no device was ever paired. Nothing is started, asked or made.
///
/// # Errors
/// Where it cannot be read.
pub(crate) fn kept(directory: &Path) -> Result<Option<FabricView>> {
    if !weft_matter::Fabric::exists(&folder(directory)) {
        return Ok(None);
    }
    let owned = DataDirectory::open(directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let (_, fabric) = matter(owned.path(), ServiceDirectory::default(), &FabricOptions::default(), None);
    Ok(Some(fabric.view()))
}

fn render(view: &FabricView, origin: &str, now: Timestamp) -> String {
    let mut lines = vec![
        fact("label", &view.label),
        fact(
            "fabric",
            &view
                .fabric
                .map_or_else(|| "made with the first device".to_owned(), |fabric| fabric.to_string()),
        ),
        fact(
            "attestation",
            match view.attestation {
                AttestationChoice::Ask => "asks where a device proves too little about its maker",
                AttestationChoice::Accept => "accepts devices that prove too little about their maker",
            },
        ),
        fact(
            "questions",
            &format!(
                "{}{} in the last minute, {} at most in each network",
                if view.paused { "paused; " } else { "" },
                view.questions_last_minute,
                view.budget_per_minute
            ),
        ),
    ];
    lines.push(format!("\nDevices ({})", view.devices.len()));
    for device in &view.devices {
        let name = device.name.as_deref().unwrap_or(text::UNKNOWN);
        let answered = device
            .answered_at
            .map(|at| format!(", answered {} ago", text::age(Some(at), now)))
            .unwrap_or_default();
        let mut line = format!("  {}  {}  {}{answered}", device.node, text::fit(name, 24), state(device.state));
        if device.long_idle {
            line.push_str(if device.check_in { ", checks in" } else { ", cannot be asked" });
        }
        lines.push(text::clean(&line));
        lines.extend(device.error.as_ref().map(|error| text::clean(&format!("  {:16}  {error}", ""))));
    }
    let open: Vec<_> = view.jobs.iter().filter(|job| job.state != JobState::Done).collect();
    if !open.is_empty() {
        lines.push(format!("\nJoining ({})", open.len()));
    }
    for job in open {
        let state = match job.state {
            JobState::Waiting => "waiting",
            JobState::Running => "joining",
            JobState::Done => "joined",
            JobState::Failed => "failed",
            JobState::Decide => "to decide",
            JobState::Cancelled => "given up",
        };
        let name = job.name.as_deref().unwrap_or(text::UNKNOWN);
        let why = job.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(text::clean(&format!("  {}  {}  {state}{why}", text::fit(&job.code, 24), name)));
    }
    lines.push(format!("\nFrom {}.", text::clean(origin)));
    let mut page = lines.join("\n");
    page.push('\n');
    page
}

fn fact(name: &str, value: &str) -> String {
    text::clean(&format!("{name:12} {value}"))
}

fn state(state: DeviceState) -> &'static str {
    match state {
        DeviceState::NotAsked => "not asked yet",
        DeviceState::Answering => "answers",
        DeviceState::Silent => "does not answer",
        DeviceState::Estranged => "says that it is not ours any more",
        DeviceState::Leaving => "is being told that Weft leaves",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{MatterNodeId, PairedDevice, PairingJob};

    #[test]
    fn everything_is_told_and_nothing_that_a_terminal_obeys() {
        let now = Timestamp::from_unix_milliseconds(1_800_000_000_000);
        let device = PairedDevice {
            node: MatterNodeId::from_u64(0x11),
            name: Some("Hall\u{1b}[2J plug".into()),
            paired_at: now,
            state: DeviceState::Silent,
            address: None,
            sleepy: true,
            long_idle: true,
            check_in: false,
            subscribed: false,
            answered_at: Some(now.minus_seconds(120)),
            next_question_at: None,
            in_vain: 3,
            error: Some("nothing came back".into()),
        };
        let job = PairingJob {
            id: 1,
            code: "•••32".into(),
            state: JobState::Decide,
            name: None,
            node: None,
            address: None,
            created_at: now,
            ended_at: None,
            attempts: 1,
            steps: Vec::new(),
            failure: None,
            error: Some("it could not prove that it is certified".into()),
            advice: None,
            may_retry: true,
            attestation: Vec::new(),
        };
        let view = FabricView {
            fabric: None,
            label: "Weft hall".into(),
            paused: true,
            attestation: AttestationChoice::Ask,
            questions_last_minute: 3,
            budget_per_minute: 60,
            jobs: vec![job],
            devices: vec![device],
        };
        let page = render(&view, "a test", now);
        for expected in [
            "label        Weft hall",
            "made with the first device",
            "paused; 3 in the last minute, 60 at most",
            "0000000000000011",
            "does not answer, answered 2 min ago, cannot be asked",
            "nothing came back",
            "to decide: it could not prove",
            "From a test.",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert!(!page.contains('\u{1b}'));
    }
}
