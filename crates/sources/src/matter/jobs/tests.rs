use super::*;
use crate::whole_file::tests::Folder;
use proptest::prelude::*;
use weft_matter::attestation::Outcome;
use weft_model::AttestationOutcome;

const NOON: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);
/// Passcode 20202021, discriminator 3840: the code of the SDK's examples, its payload, and another device's code.
const CODE: &str = "34970112332";
const PAYLOAD: &str = "MT:Y.K9042C00KA0648G00";
const OTHER: &str = "31131853291";

fn at(seconds: u64) -> Now {
    Now {
        wall: NOON.plus_seconds(seconds as i64),
        steady: Duration::from_secs(seconds),
    }
}

fn code(text: &str) -> SetupCode {
    SetupCode::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn entered(texts: &[&str]) -> Jobs {
    let mut jobs = Jobs::default();
    let codes = texts.iter().map(|text| code(text)).collect();
    jobs.enter(codes, None, false, 0, at(0)).unwrap();
    jobs
}

fn view(jobs: &Jobs, id: u64) -> PairingJob {
    jobs.jobs[&id].view.clone()
}

fn node() -> MatterNodeId {
    MatterNodeId::from_u64(0x1234_5678)
}

fn failure(may_retry: bool) -> JobFailure {
    JobFailure {
        name: "no-answer",
        error: "nothing came back".to_owned(),
        advice: "Check the power.",
        may_retry,
        must_decide: false,
        is_unfound: false,
    }
}

/// Through the file and a restart.
fn restarted(jobs: &Jobs, now: Now) -> (Jobs, String) {
    let folder = Folder::new();
    let bytes = jobs.bytes();
    Jobs::write(&folder.0, &bytes).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (jobs, set_aside) = Jobs::open(&folder.0, now).unwrap();
    assert_eq!(set_aside, None);
    (jobs, text)
}

#[test]
fn a_job_goes_through_its_steps_and_forgets_its_code() {
    let mut jobs = entered(&[CODE]);
    assert_eq!(view(&jobs, 1).code, "•••••••••32");
    assert_eq!(jobs.next_waiting(at(1).steady), Some(1));
    let task = jobs.begin(1, at(1)).unwrap();
    assert_eq!(task.code.text(), CODE);
    for (second, step) in Step::ALL.into_iter().enumerate().skip(1) {
        jobs.step(1, step, at(second as u64 + 1));
    }
    jobs.found(1, Some("Eve Energy".to_owned()), node());
    jobs.succeeded(1, node(), None, at(9));
    let job = view(&jobs, 1);
    assert_eq!((job.state, job.attempts, job.node), (JobState::Done, 1, Some(node())));
    assert_eq!(job.name.as_deref(), Some("Eve Energy"));
    let took: Vec<Option<u64>> = job.steps.iter().map(|step| step.milliseconds).collect();
    assert_eq!(took, [1000, 1000, 1000, 1000, 1000, 3000].map(Some));
    assert!(job.steps.iter().all(|step| step.state == StepState::Done));
    assert!(jobs.jobs[&1].code.is_none());
    assert!(!String::from_utf8(jobs.bytes().to_vec()).unwrap().contains(CODE));
    assert_eq!(jobs.retry(1, false), Err(MatterRefusal::Over(1)));
}

#[test]
fn a_code_that_is_worked_on_is_refused_in_each_of_its_forms() {
    let mut jobs = entered(&[CODE]);
    for text in [CODE, "3497-011-2332", PAYLOAD] {
        let refused = jobs.enter(vec![code(OTHER), code(text)], None, false, 0, at(1)).unwrap_err();
        assert!(matches!(refused, MatterRefusal::Duplicate { job: 1, .. }), "{text}");
        assert!(!refused.to_string().contains(CODE) && !refused.to_string().contains(PAYLOAD));
    }
    assert_eq!(jobs.jobs.len(), 1, "nothing of a refused wish is done");
    jobs.cancel(1, at(2)).unwrap();
    assert_eq!(
        jobs.enter(vec![code(PAYLOAD), code(CODE), code(OTHER)], None, false, 0, at(3)),
        Ok(vec![2, 2, 3])
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut jobs = Jobs::default();
    let address = Some("[fd11::1]:5540".parse().unwrap());
    assert_eq!(jobs.enter(Vec::new(), None, false, 0, at(0)), Err(MatterRefusal::NoCode));
    assert_eq!(
        jobs.enter(vec![code(CODE), code(OTHER)], address, false, 0, at(0)),
        Err(MatterRefusal::AddressOfSeveral)
    );
    assert!(matches!(
        jobs.enter(vec![code(CODE)], None, false, MAX_NODES, at(0)),
        Err(MatterRefusal::TooMany { wanted: 1, .. })
    ));
    assert_eq!(jobs.enter(vec![code(CODE)], address, false, 0, at(0)), Ok(vec![1]));
    assert_eq!(view(&jobs, 1).address.as_deref(), Some("[fd11::1]:5540"));
    assert_eq!(jobs.cancel(9, at(0)), Err(MatterRefusal::UnknownJob(9)));
    assert_eq!(jobs.retry(9, false), Err(MatterRefusal::UnknownJob(9)));
    assert_eq!(jobs.retry(1, false), Err(MatterRefusal::NotOver(1)));
}

#[test]
fn no_more_than_ten_run_and_the_first_come_first() {
    let codes: Vec<SetupCode> = (0..12).map(numbered).collect();
    let mut jobs = Jobs::default();
    assert_eq!(jobs.enter(codes, None, false, 0, at(0)).unwrap(), (1..=12).collect::<Vec<u64>>());
    let mut begun = Vec::new();
    while let Some(id) = jobs.next_waiting(at(1).steady) {
        jobs.begin(id, at(1)).unwrap();
        begun.push(id);
    }
    assert_eq!(begun, (1..=MAX_RUNNING as u64).collect::<Vec<u64>>());
    jobs.failed(4, &failure(true), at(2));
    assert_eq!(jobs.next_waiting(at(2).steady), Some(11));
}

#[test]
fn who_only_looks_for_its_device_holds_up_nobody() {
    let mut jobs = Jobs::default();
    jobs.enter((0..12).map(numbered).collect(), None, false, 0, at(0)).unwrap();
    for id in 1..=10 {
        jobs.begin(id, at(1)).unwrap();
    }
    jobs.step(10, Step::Connect, at(2));
    assert_eq!(jobs.next_waiting(at(5).steady), None);
    assert_eq!(jobs.next_waiting(at(6).steady), Some(11));
    for id in 1..10 {
        jobs.step(id, Step::Connect, at(7));
    }
    assert_eq!(jobs.next_waiting(at(60).steady), None, "ten speak with devices");
}

/// The manual code of short discriminator 5 and a passcode: of the ten check digits one is right.
fn numbered(number: u32) -> SetupCode {
    let passcode = 31_415_926 + number;
    let digits = format!("1{:05}{:04}", 1 << 14 | passcode & 0x3fff, passcode >> 14);
    (0..10).find_map(|check| SetupCode::parse(&format!("{digits}{check}")).ok()).unwrap()
}

#[test]
fn what_failed_may_be_tried_again_only_where_the_code_may_still_work() {
    let mut jobs = entered(&[CODE, OTHER]);
    for (id, may_retry) in [(1, true), (2, false)] {
        jobs.begin(id, at(1)).unwrap();
        jobs.step(id, Step::Connect, at(2));
        jobs.failed(id, &failure(may_retry), at(4));
    }
    let job = view(&jobs, 1);
    assert_eq!(
        (job.state, job.may_retry, job.failure.as_deref()),
        (JobState::Failed, true, Some("no-answer"))
    );
    let states: Vec<StepState> = job.steps.iter().map(|step| step.state).collect();
    assert_eq!(states[..3], [StepState::Done, StepState::Failed, StepState::Waiting]);
    assert_eq!(job.steps[1].milliseconds, Some(2000));
    assert_eq!(jobs.retry(2, false), Err(MatterRefusal::CodeGone(2)));
    assert_eq!(jobs.retry(1, false), Ok(()));
    assert_eq!((view(&jobs, 1).state, view(&jobs, 1).error), (JobState::Waiting, None));
    assert_eq!(jobs.begin(1, at(5)).unwrap().code.text(), CODE);
    assert_eq!(view(&jobs, 1).attempts, 2);
}

#[test]
fn a_person_decides_about_a_device_that_proves_too_little() {
    let report = AttestationReport {
        vendor_id: Some(0xfff1),
        product_id: Some(0x8000),
        checks: vec![
            ("nonce", Outcome::Proven),
            ("root", Outcome::Failed("nobody knows it".to_owned())),
            ("possession", Outcome::NotChecked("no".to_owned())),
        ],
    };
    let error = CommissionFailure::Attestation(report.clone());
    let mut jobs = entered(&[CODE]);
    jobs.begin(1, at(1)).unwrap();
    jobs.attested(1, &report);
    jobs.failed(1, &JobFailure::from(&error), at(2));
    let job = view(&jobs, 1);
    assert_eq!((job.state, job.may_retry), (JobState::Decide, true));
    let outcomes: Vec<AttestationOutcome> = job.attestation.iter().map(|check| check.outcome).collect();
    assert_eq!(
        outcomes,
        [AttestationOutcome::Proven, AttestationOutcome::Failed, AttestationOutcome::NotChecked]
    );
    // The decision survives a restart.
    let (mut jobs, _) = restarted(&jobs, at(3));
    assert_eq!(view(&jobs, 1).state, JobState::Decide);
    jobs.retry(1, true).unwrap();
    assert!(jobs.begin(1, at(4)).unwrap().accept);
    // Nobody decides for ever.
    jobs.failed(1, &JobFailure::from(&error), at(5));
    assert!(!jobs.expire(at(3600)));
    assert!(jobs.expire(at(3605)));
    assert_eq!((view(&jobs, 1).state, jobs.jobs[&1].code.is_none()), (JobState::Failed, true));
}

#[test]
fn after_a_restart_at_any_step_a_job_begins_again_from_the_start() {
    for step in Step::ALL {
        let mut jobs = entered(&[CODE]);
        jobs.begin(1, at(1)).unwrap();
        for earlier in Step::ALL.into_iter().filter(|earlier| *earlier <= step) {
            jobs.step(1, earlier, at(2));
        }
        jobs.found(1, None, node());
        let (mut jobs, text) = restarted(&jobs, at(10));
        assert!(text.contains(CODE), "it must survive");
        let job = view(&jobs, 1);
        assert_eq!((job.state, job.node), (JobState::Waiting, None), "{step:?}");
        assert!(job.steps.iter().all(|step| step.state == StepState::Waiting));
        assert_eq!(jobs.begin(1, at(11)).unwrap().code.text(), CODE);
        assert_eq!(view(&jobs, 1).attempts, 2);
    }
}

#[test]
fn a_device_that_had_joined_unheard_ends_its_job_whatever_it_was_doing() {
    let mut jobs = entered(&[CODE, OTHER]);
    jobs.begin(1, at(1)).unwrap();
    let (mut jobs, _) = restarted(&jobs, at(2));
    jobs.succeeded(1, node(), Some("Hall plug".to_owned()), at(3));
    assert_eq!((view(&jobs, 1).state, view(&jobs, 1).node), (JobState::Done, Some(node())));
    assert!(jobs.begin(1, at(4)).is_none());
    jobs.begin(2, at(4)).unwrap();
    jobs.failed(2, &failure(false), at(5));
    jobs.succeeded(2, node(), None, at(6));
    assert_eq!((view(&jobs, 2).state, view(&jobs, 2).error), (JobState::Done, None));
}

#[test]
fn what_fails_after_looking_again_is_the_proof_of_the_code() {
    let mut jobs = entered(&[CODE]);
    jobs.begin(1, at(1)).unwrap();
    jobs.step(1, Step::Find, at(1));
    jobs.step(1, Step::Connect, at(2));
    // Refused: it looks for another device that the code may be for, in vain.
    jobs.step(1, Step::Find, at(5));
    jobs.failed(1, &failure(false), at(15));
    let steps: Vec<_> = view(&jobs, 1).steps.iter().map(|step| (step.state, step.milliseconds)).collect();
    assert_eq!(steps[0].0, StepState::Done);
    assert_eq!(steps[1], (StepState::Failed, Some(3_000)));
    assert_eq!(steps[2].0, StepState::Waiting);
}

#[test]
fn a_cancelled_job_stays_cancelled() {
    let mut jobs = entered(&[CODE, OTHER]);
    jobs.begin(1, at(1)).unwrap();
    assert_eq!(jobs.cancel(1, at(2)), Ok(true));
    assert_eq!(jobs.cancel(2, at(2)), Ok(false));
    jobs.step(1, Step::Session, at(4));
    jobs.failed(1, &failure(true), at(4));
    jobs.succeeded(1, node(), None, at(4));
    jobs.interrupted(1);
    assert_eq!(
        (view(&jobs, 1).state, view(&jobs, 1).failure.as_deref()),
        (JobState::Cancelled, Some("cancelled"))
    );
    assert_eq!(jobs.retry(1, false), Err(MatterRefusal::CodeGone(1)));
    let (mut jobs, text) = restarted(&jobs, at(5));
    assert!(!text.contains(CODE) && !text.contains(OTHER));
    assert!(!jobs.has_live());
    assert_eq!(jobs.cancel(1, at(3)), Ok(false), "one that is over is taken off the list");
    assert_eq!(jobs.cancel(1, at(3)), Err(MatterRefusal::UnknownJob(1)));
}

#[test]
fn codes_are_gone_after_a_day_and_jobs_a_day_after_their_end() {
    const DAY: u64 = 24 * 3600;
    let mut jobs = entered(&[CODE, OTHER]);
    jobs.cancel(2, at(100)).unwrap();
    assert!(!jobs.expire(at(DAY - 1)));
    assert!(jobs.expire(at(DAY)));
    assert!(jobs.jobs[&1].code.is_none());
    assert!(jobs.begin(1, at(DAY)).is_none(), "there is nothing to begin with");
    assert_eq!(view(&jobs, 1).failure.as_deref(), Some("code-gone"));
    assert!(jobs.expire(at(DAY + 100)));
    assert_eq!(jobs.views().map(|job| job.id).collect::<Vec<u64>>(), [1]);
    // A clock that is set back neither keeps codes for longer than the next hour of a person nor loses jobs.
    assert!(!jobs.expire(at(0)));
}

#[test]
fn numbers_of_jobs_go_on_after_a_restart() {
    let mut jobs = entered(&[CODE]);
    jobs.cancel(1, at(1)).unwrap();
    let (mut jobs, _) = restarted(&jobs, at(3 * 24 * 3600));
    assert_eq!(jobs.views().count(), 0);
    assert_eq!(jobs.enter(vec![code(CODE)], None, false, 0, at(0)), Ok(vec![2]));
}

#[test]
fn a_file_that_is_broken_is_set_aside_and_its_error_tells_no_code() {
    let whole = entered(&[CODE]).bytes();
    for cut in [1, whole.len() / 2, whole.len() - 1] {
        let folder = Folder::new();
        Jobs::write(&folder.0, &whole[..cut]).unwrap();
        let (jobs, set_aside) = Jobs::open(&folder.0, at(0)).unwrap();
        assert_eq!(jobs.views().count(), 0);
        assert!(!set_aside.unwrap().reason.contains(CODE));
    }
}

proptest! {
    #[test]
    fn bytes_that_are_no_jobs_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = Folder::new();
        Jobs::write(&folder.0, &bytes).unwrap();
        prop_assert!(Jobs::open(&folder.0, at(0)).is_ok());
    }

    /// Whatever happens in whatever order: a code is on disk exactly as long as its job may go on by itself or waits for a person's decision, and never
    /// more than ten run.
    #[test]
    fn codes_live_no_longer_than_their_jobs(events in prop::collection::vec((0u8..9, 1u64..5), 1..60)) {
        let texts = [CODE, OTHER];
        let mut jobs = Jobs::default();
        for (second, (event, id)) in events.into_iter().enumerate() {
            let now = at(second as u64);
            match event {
                0 => _ = jobs.enter(vec![code(texts[id as usize % 2])], None, false, 0, now),
                1 => _ = jobs.begin(id, now),
                2 => jobs.step(id, Step::ALL[id as usize], now),
                3 => jobs.failed(id, &failure(id % 2 == 0), now),
                4 => jobs.failed(id, &JobFailure { must_decide: true, ..failure(true) }, now),
                5 => jobs.succeeded(id, node(), None, now),
                6 => _ = jobs.retry(id, false),
                7 => _ = jobs.cancel(id, now),
                _ => jobs = restarted(&jobs, now).0,
            }
            let kept = String::from_utf8(jobs.bytes().to_vec()).unwrap();
            for text in texts {
                let is_live = jobs.live().any(|job| job.code.as_ref().is_some_and(|code| code.text() == text));
                prop_assert_eq!(kept.contains(text), is_live);
            }
            prop_assert!(jobs.views().all(|job| job.steps.len() == 6 && job.steps.iter().filter(|step| step.state == StepState::Running).count() <= 1));
            prop_assert!(jobs.views().all(|job| job.may_retry == (jobs.jobs[&job.id].code.is_some() && matches!(job.state, JobState::Failed | JobState::Decide))));
        }
    }
}
