//! `weft pair`: enters codes, tells how each device joins, ends when all jobs are over.

use super::arguments::PairArguments;
use super::door::Door;
use crate::output::{print, tell};
use crate::{ask, text};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use weft_model::{AttestationCheck, AttestationOutcome, FabricView, JobState, MatterNodeId, PairingJob, StepState};
use weft_server::Entered;
use zeroize::Zeroizing;

/// The longest text that is searched for codes; the service reads no more either.
const MAX_CODES_BYTES: u64 = 64 << 10;
/// The largest picture.
const MAX_PICTURE_BYTES: u64 = 16 << 20;
/// Devices that are named in one line; more are counted.
const MAX_NAMED: usize = 4;
/// How often the jobs are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often jobs that were cancelled are looked at until they are over: 10 s in all.
const LOOKS_AT_THE_END: u32 = 50;
/// How often devices that joined are looked at until they have told their tables: 20 s in all. A sleepy one takes some seconds.
const LOOKS_AT_TABLES: u32 = 100;

/// Pairs devices.
///
/// # Errors
/// Where a code is none, or a device did not join.
pub(crate) fn pair(arguments: &PairArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    let codes = arguments.codes.iter().map(|code| codes(code)).collect::<Result<Vec<_>>>()?;
    let pictures = arguments.photos.iter().map(|path| picture(path)).collect::<Result<Vec<_>>>()?;
    if codes.iter().all(|(_, text)| text.trim().is_empty()) && pictures.is_empty() {
        bail!("there is no setup code to pair with");
    }
    let door = Door::open(&directory)?;
    let paired = enter(&door, arguments, &codes, &pictures).and_then(|entered| follow(&door, entered));
    let closed = door.close();
    let (joined, total) = paired?;
    closed?;
    if joined < total {
        bail!("{} of {} did not join", total - joined, text::count(total, "device", "devices"));
    }
    Ok(())
}

/// What one argument stands for: a code, or all codes on standard input; and what it is called when something is wrong with it.
fn codes(argument: &str) -> Result<(String, Zeroizing<String>)> {
    if argument != "-" {
        let shown = argument.chars().count().saturating_sub(2);
        let masked = "•".repeat(shown) + &argument.chars().skip(shown).collect::<String>();
        return Ok((masked, Zeroizing::new(argument.to_owned())));
    }
    // With its whole room from the start, so that no copy stays behind as it grows.
    let mut text = Zeroizing::new(String::with_capacity(MAX_CODES_BYTES as usize + 1));
    std::io::stdin()
        .lock()
        .take(MAX_CODES_BYTES + 1)
        .read_to_string(&mut text)
        .context("cannot read standard input")?;
    if text.len() as u64 > MAX_CODES_BYTES {
        bail!("these are more codes than are taken at once: give {} KiB at most", MAX_CODES_BYTES >> 10);
    }
    Ok(("standard input".to_owned(), text))
}

fn picture(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).with_context(cannot)?;
    file.take(MAX_PICTURE_BYTES + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > MAX_PICTURE_BYTES {
        bail!("{} is larger than {} MiB: make it smaller", path.display(), MAX_PICTURE_BYTES >> 20);
    }
    Ok(bytes)
}

/// Queues jobs; tells what is no code. What cannot be used does not keep the others back.
fn enter(door: &Door, arguments: &PairArguments, codes: &[(String, Zeroizing<String>)], pictures: &[Zeroizing<Vec<u8>>]) -> Result<Entered> {
    let mut all = Entered::default();
    let mut add = |origin: &str, entered: Entered| {
        for refused in &entered.refused {
            tell(format!("{origin}: {}: {}", refused.code, refused.why));
        }
        all.jobs.extend(entered.jobs);
        all.refused.extend(entered.refused);
    };
    for (origin, text) in codes.iter().filter(|(_, text)| !text.trim().is_empty()) {
        add(origin, door.pair(text, arguments.address, arguments.accept)?);
    }
    for (path, picture) in arguments.photos.iter().zip(pictures) {
        let unread = |error: anyhow::Error| {
            let refused = weft_server::RefusedCode {
                code: "this picture".to_owned(),
                why: crate::sentence(&error),
            };
            Entered {
                jobs: Vec::new(),
                refused: vec![refused],
            }
        };
        add(&path.display().to_string(), door.photo(picture, arguments.accept).unwrap_or_else(unread));
    }
    Ok(all)
}

/// Tells how the jobs go until all are over; gives how many devices joined, of how many that were wanted.
fn follow(door: &Door, entered: Entered) -> Result<(usize, usize)> {
    let Entered { jobs, refused } = entered;
    let mut told = Told::default();
    let mut view = door.view()?;
    let mut looks_until_end = None;
    loop {
        let ours: Vec<&PairingJob> = jobs.iter().filter_map(|id| view.jobs.iter().find(|job| job.id == *id)).collect();
        ours.iter().flat_map(|job| told.news(job)).for_each(tell);
        if ours.iter().all(|job| job.state.is_over()) {
            if !accept_some(door, &ours, looks_until_end.is_some())? {
                break;
            }
        } else if let Some(left) = &mut looks_until_end {
            *left -= 1;
            if *left == 0 {
                break;
            }
        } else if door.is_interrupted() {
            looks_until_end = Some(LOOKS_AT_THE_END);
            tell("ending: what was begun on devices is taken back");
            for job in ours.iter().filter(|job| !job.state.is_over()) {
                // One that ended in this moment needs no end.
                let _ = door.cancel(job.id);
            }
        }
        std::thread::sleep(LOOK_EVERY);
        view = door.view()?;
    }
    let joined: Vec<&PairingJob> = view
        .jobs
        .iter()
        .filter(|job| jobs.contains(&job.id) && job.state == JobState::Done)
        .collect();
    unproven(&joined).iter().for_each(tell);
    let joined = await_tables(door, &jobs, &view)?;
    summary(&jobs, &door.view()?)?;
    Ok((joined, jobs.len() + refused.len()))
}

/// Asks the person about devices that proved too little; true where one is tried again.
fn accept_some(door: &Door, jobs: &[&PairingJob], is_ending: bool) -> Result<bool> {
    let mut any = false;
    for job in jobs.iter().filter(|job| job.state == JobState::Decide && !is_ending) {
        match ask::yes(&format!("Pair {} all the same?", name(job)))? {
            Some(true) => {
                door.retry(job.id, true)?;
                any = true;
            }
            Some(false) => door.cancel(job.id)?,
            None => tell(format!("{}: to pair it all the same, give its code again, with --accept", name(job))),
        }
    }
    Ok(any)
}

/// Gives devices that joined a moment to tell their tables, where nobody asks them any more once this process has ended. Gives how many joined.
fn await_tables(door: &Door, jobs: &[u64], view: &FabricView) -> Result<usize> {
    let joined: Vec<MatterNodeId> = view
        .jobs
        .iter()
        .filter(|job| jobs.contains(&job.id) && job.state == JobState::Done)
        .filter_map(|job| job.node)
        .collect();
    let count = view
        .jobs
        .iter()
        .filter(|job| jobs.contains(&job.id) && job.state == JobState::Done)
        .count();
    if !door.is_here() || joined.is_empty() || view.paused {
        return Ok(count);
    }
    tell("reading what they know of the mesh");
    for _ in 0..LOOKS_AT_TABLES {
        let view = door.view()?;
        let is_silent = |node: &MatterNodeId| {
            view.devices
                .iter()
                .any(|device| device.node == *node && device.answered_at.is_none() && !device.long_idle)
        };
        if door.is_interrupted() || !joined.iter().any(is_silent) {
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(count)
}

fn summary(jobs: &[u64], view: &FabricView) -> Result<()> {
    print(|output| {
        for job in view.jobs.iter().filter(|job| jobs.contains(&job.id)) {
            let state = match job.state {
                JobState::Done => "joined",
                JobState::Decide => "undecided",
                JobState::Cancelled => "cancelled",
                _ => "failed",
            };
            let node = job
                .node
                .filter(|_| job.state == JobState::Done)
                .map_or_else(|| text::UNKNOWN.to_owned(), |node| node.to_string());
            let why = job
                .error
                .as_ref()
                .filter(|_| job.state != JobState::Done)
                .map(|why| format!(": {why}"))
                .unwrap_or_default();
            writeln!(
                output,
                "{state:9} {} {}{}",
                text::fit(&node, 16),
                text::clean(&name(job)),
                text::clean(&why)
            )?;
        }
        Ok(())
    })
}

fn name(job: &PairingJob) -> String {
    job.name.clone().map_or_else(|| job.code.clone(), |name| format!("{name} ({})", job.code))
}

/// What was told of jobs so far.
#[derive(Default)]
struct Told {
    states: BTreeMap<u64, JobState>,
    steps: BTreeMap<(u64, String), (u32, StepState)>,
}

impl Told {
    /// Lines for what is new about a job.
    fn news(&mut self, job: &PairingJob) -> Vec<String> {
        let name = name(job);
        let mut lines = Vec::new();
        for step in &job.steps {
            // Each attempt goes through the steps anew.
            let now = (job.attempts, step.state);
            if self.steps.insert((job.id, step.step.clone()), now) == Some(now) {
                continue;
            }
            let took = step
                .milliseconds
                .map(|milliseconds| format!(" ({})", duration(milliseconds)))
                .unwrap_or_default();
            match step.state {
                StepState::Waiting => {}
                StepState::Running => lines.push(format!("{name}: {} …", step.step)),
                StepState::Done => lines.push(format!("{name}: {} done{took}", step.step)),
                StepState::Failed => lines.push(format!("{name}: {} failed{took}", step.step)),
            }
        }
        if self.states.insert(job.id, job.state) != Some(job.state) {
            lines.extend(ending(&name, job));
        }
        lines
    }
}

/// `40 ms`, `1.2 s`.
fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..=999 => format!("{milliseconds} ms"),
        _ => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
    }
}

fn ending(name: &str, job: &PairingJob) -> Vec<String> {
    let mut lines = Vec::new();
    match job.state {
        JobState::Waiting | JobState::Running => return lines,
        JobState::Done => lines.push(format!("{name}: joined")),
        JobState::Cancelled => lines.push(format!("{name}: given up")),
        JobState::Failed | JobState::Decide => {
            lines.extend(job.error.as_ref().map(|error| format!("{name}: {error}")));
            lines.extend(job.advice.as_ref().map(|advice| format!("{name}: what to do: {advice}")));
        }
    }
    if job.state != JobState::Done {
        let is_told = |check: &AttestationCheck| job.error.as_ref().is_some_and(|error| error.contains(&check.check));
        let lacking = lacking(job).filter(|check| !is_told(check));
        lines.extend(lacking.map(|check| format!("{name}: attestation: {}", outcome(check))));
    }
    lines
}

/// What the devices that joined did not prove: each once, however many devices lack it.
fn unproven(joined: &[&PairingJob]) -> Vec<String> {
    let mut lacking_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for job in joined {
        for check in lacking(job) {
            lacking_of.entry(outcome(check)).or_default().push(name(job));
        }
    }
    let line = |(what, of): (String, Vec<String>)| {
        let whose = match &of[..] {
            [one] => one.clone(),
            _ if of.len() == joined.len() => format!("all {} devices", of.len()),
            some if some.len() <= MAX_NAMED => some.join(", "),
            some => text::count(some.len(), "device", "devices"),
        };
        format!("{whose}: attestation: {what}")
    };
    lacking_of.into_iter().map(line).collect()
}

fn lacking(job: &PairingJob) -> impl Iterator<Item = &AttestationCheck> {
    job.attestation.iter().filter(|check| check.outcome != AttestationOutcome::Proven)
}

fn outcome(check: &AttestationCheck) -> String {
    let outcome = if check.outcome == AttestationOutcome::Failed {
        "failed"
    } else {
        "was not checked"
    };
    let why = check.detail.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{} {outcome}{why}", check.check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{JobStep, Timestamp};

    fn job(state: JobState, steps: &[(&str, StepState, Option<u64>)]) -> PairingJob {
        let step = |(step, state, milliseconds): &(&str, StepState, Option<u64>)| JobStep {
            step: (*step).to_owned(),
            state: *state,
            began_at: None,
            milliseconds: *milliseconds,
        };
        PairingJob {
            id: 7,
            code: "•••32".into(),
            state,
            name: None,
            node: None,
            address: None,
            created_at: Timestamp::MIN,
            ended_at: None,
            attempts: 1,
            steps: steps.iter().map(step).collect(),
            failure: None,
            error: None,
            advice: None,
            may_retry: false,
            attestation: Vec::new(),
        }
    }

    #[test]
    fn an_argument_is_a_code_of_which_little_is_shown() {
        let (shown, code) = codes("34970112332").unwrap();
        assert_eq!((shown.as_str(), code.as_str()), ("•••••••••32", "34970112332"));
        assert_eq!(codes("é").unwrap().0, "é");
    }

    #[test]
    fn each_step_is_told_once_in_order() {
        use StepState::{Done, Failed, Running, Waiting};
        let mut told = Told::default();
        let begun = job(JobState::Running, &[("find", Running, None), ("connect", Waiting, None)]);
        assert_eq!(told.news(&begun), ["•••32: find …"]);
        assert_eq!(told.news(&begun), [""; 0]);
        let further = job(JobState::Running, &[("find", Done, Some(1_250)), ("connect", Running, None)]);
        assert_eq!(told.news(&further), ["•••32: find done (1.2 s)", "•••32: connect …"]);
        let failed = PairingJob {
            name: Some("Hall plug".into()),
            error: Some("the device does not accept this code".into()),
            advice: Some("Check the code.".into()),
            ..job(JobState::Failed, &[("find", Done, Some(1_250)), ("connect", Failed, Some(40))])
        };
        let expected = [
            "Hall plug (•••32): connect failed (40 ms)",
            "Hall plug (•••32): the device does not accept this code",
            "Hall plug (•••32): what to do: Check the code.",
        ];
        assert_eq!(told.news(&failed), expected);
        let again = PairingJob {
            attempts: 2,
            ..job(JobState::Running, &[("find", Running, None), ("connect", Waiting, None)])
        };
        assert_eq!(told.news(&again), ["•••32: find …"], "another attempt is told anew");
    }

    #[test]
    fn what_many_did_not_prove_is_told_once() {
        let check = |check: &str, outcome| AttestationCheck {
            check: check.into(),
            outcome,
            detail: None,
        };
        let lacks_root = PairingJob {
            attestation: vec![check("root", AttestationOutcome::NotChecked), check("nonce", AttestationOutcome::Proven)],
            ..job(JobState::Done, &[])
        };
        let lacks_both = PairingJob {
            name: Some("Hall plug".into()),
            attestation: vec![check("root", AttestationOutcome::NotChecked), check("nonce", AttestationOutcome::Failed)],
            ..job(JobState::Done, &[])
        };
        assert_eq!(Told::default().news(&lacks_both), ["Hall plug (•••32): joined"]);
        let expected = [
            "Hall plug (•••32): attestation: nonce failed",
            "all 3 devices: attestation: root was not checked",
        ];
        assert_eq!(unproven(&[&lacks_root, &lacks_both, &lacks_root]), expected);
        let proven = job(JobState::Done, &[]);
        assert_eq!(unproven(&[&proven]), [""; 0]);
        let most = [&lacks_root; 5].into_iter().chain([&proven]).collect::<Vec<_>>();
        assert_eq!(unproven(&most), ["5 devices: attestation: root was not checked"]);
    }

    #[test]
    fn a_decision_is_told_with_what_was_not_proven() {
        let check = |check: &str, outcome, detail: Option<&str>| AttestationCheck {
            check: check.into(),
            outcome,
            detail: detail.map(str::to_owned),
        };
        let undecided = PairingJob {
            error: Some("it could not prove that it is a certified device".into()),
            attestation: vec![
                check("nonce", AttestationOutcome::Proven, None),
                check("root", AttestationOutcome::NotChecked, Some("no folder of roots")),
                check("chain", AttestationOutcome::Failed, None),
            ],
            ..job(JobState::Decide, &[])
        };
        let expected = [
            "•••32: it could not prove that it is a certified device",
            "•••32: attestation: root was not checked (no folder of roots)",
            "•••32: attestation: chain failed",
        ];
        assert_eq!(Told::default().news(&undecided), expected);
    }
}
