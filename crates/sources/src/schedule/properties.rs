//! What holds whatever happens.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Changed(u32),
    Life(u32),
    Person(u32),
    CheckIn(u32),
    Move(u32, u64, u8),
    Pause(bool),
    Leave(u32),
    Join(u32, u8),
}

fn kind(number: u8) -> Kind {
    [Kind::Unknown, Kind::Router, Kind::EndDevice, SLEEPY, Kind::LongIdle][usize::from(number % 5)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u64..900).prop_map(Step::Pass),
        2 => (0u32..60).prop_map(Step::Changed),
        2 => (0u32..60).prop_map(Step::Life),
        2 => (0u32..60).prop_map(Step::Person),
        1 => (0u32..60).prop_map(Step::CheckIn),
        1 => (0u32..60, 0u64..3, any::<u8>()).prop_map(|(key, network, kind)| Step::Move(key, network, kind)),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => (0u32..60).prop_map(Step::Leave),
        1 => (0u32..60, any::<u8>()).prop_map(|(key, kind)| Step::Join(key, kind)),
    ]
}

fn play(steps: &[Step], moves: bool) -> Home {
    let mut home = Home::with((0..40).map(mixed));
    home.is_dead = |key| key % 7 == 0;
    home.takes = |key| Duration::from_millis(200 + u64::from(key % 11) * 700);
    for step in steps {
        let now = home.now;
        match *step {
            Step::Pass(time) => home.run(now + seconds(time)),
            Step::Changed(key) => home.schedule.changed(&key, now),
            Step::Life(key) => home.schedule.sign_of_life(&key, now),
            Step::Person(key) if moves => drop(home.schedule.request(&key, now)),
            Step::CheckIn(key) if moves => home.schedule.checked_in(&key, now),
            Step::Move(key, network, number) if moves => {
                let network = (network > 0).then(|| ExtendedPanId::from_u64(network));
                home.schedule.update(&key, network, kind(number), now);
            }
            Step::Pause(paused) if moves => home.schedule.pause(paused, now),
            Step::Leave(key) if moves => home.schedule.remove(&key),
            Step::Join(key, number) if moves => drop(home.schedule.add(key, HOME, kind(number), None, now)),
            _ => {}
        }
    }
    home
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_budget_holds_in_every_minute(steps in prop::collection::vec(step(), 1..60)) {
        let home = play(&steps, false);
        let pace = Pace::standard();
        let (retries, others): (Vec<_>, Vec<_>) = home.asked.iter().partition(|(.., reason)| *reason == Reason::Retry);
        let times = |asked: &[&(Duration, u32, Reason)]| asked.iter().map(|(at, ..)| *at).collect::<Vec<_>>();
        let refs = |asked: Vec<&(Duration, u32, Reason)>| most_in_a_minute(&times(&asked));
        prop_assert!(refs(others) <= (pace.burst + pace.questions_per_minute) as usize);
        prop_assert!(refs(retries) <= (pace.retry_burst + pace.retries_per_minute) as usize);
    }

    #[test]
    fn a_sleepy_device_that_answered_sleeps_for_its_interval(steps in prop::collection::vec(step(), 1..60)) {
        let home = play(&steps, false);
        for key in (3..40).step_by(4) {
            let answered: Vec<Duration> = home.answered.iter().filter(|(_, of)| *of == key).map(|(at, _)| *at).collect();
            for (at, reason) in home.asked_of(key) {
                let last = answered.iter().filter(|answer| **answer <= at).max();
                prop_assert!(last.is_none_or(|last| at + seconds(10) >= *last + minutes(60)), "{} at {:?} for {:?}", key, at, reason);
            }
        }
    }

    #[test]
    fn the_living_are_never_silent_for_much_longer_than_their_interval(steps in prop::collection::vec(step(), 1..60)) {
        let home = play(&steps, false);
        for key in (0..40).filter(|key| key % 7 != 0) {
            let interval = home.schedule.interval(&key).unwrap();
            let silence = home.longest_silence(key, seconds(60));
            prop_assert!(silence <= interval * 5 / 4 + seconds(90), "{}: {:?}", key, silence);
        }
    }

    #[test]
    fn the_same_calls_give_the_same_answers(steps in prop::collection::vec(step(), 1..60)) {
        prop_assert_eq!(play(&steps, true).asked, play(&steps, true).asked);
    }

    #[test]
    fn nobody_is_lost_whatever_happens(steps in prop::collection::vec(step(), 1..60)) {
        let mut home = play(&steps, true);
        home.schedule.pause(false, home.now);
        let start = home.now;
        let listening: Vec<u32> = home.schedule.items.iter().filter(|(_, item)| item.kind != Kind::LongIdle).map(|(key, _)| *key).collect();
        // Longer than any back-off.
        home.run(start + minutes(4 * 60));
        for key in listening {
            prop_assert!(home.asked_of(key).iter().any(|(at, _)| *at >= start), "{} of {:?}", key, home.schedule.items.get(&key));
        }
    }
}
