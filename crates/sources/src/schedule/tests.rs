use super::*;
use std::collections::BTreeSet;

const HOME: Option<ExtendedPanId> = Some(ExtendedPanId::from_u64(0xdead_00be_ef00_cafe));
const SLEEPY: Kind = Kind::Sleepy { idle_milliseconds: 500 };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn minutes(minutes: u64) -> Duration {
    seconds(minutes * 60)
}

/// Devices that answer after a while, or never, and everything that was asked.
struct Home {
    schedule: Schedule<u32>,
    /// How long a device takes; dead ones fail after the same time.
    takes: fn(u32) -> Duration,
    is_dead: fn(u32) -> bool,
    under_way: BTreeSet<(Duration, u32)>,
    now: Duration,
    asked: Vec<(Duration, u32, Reason)>,
    answered: Vec<(Duration, u32)>,
    most_under_way: usize,
}

impl Home {
    fn new() -> Self {
        Self {
            schedule: Schedule::new(Pace::standard()),
            takes: |_| Duration::from_millis(300),
            is_dead: |_| false,
            under_way: BTreeSet::new(),
            now: Duration::ZERO,
            asked: Vec::new(),
            answered: Vec::new(),
            most_under_way: 0,
        }
    }

    fn with(devices: impl IntoIterator<Item = (u32, Kind)>) -> Self {
        let mut home = Self::new();
        for (key, kind) in devices {
            assert!(home.schedule.add(key, HOME, kind, None, Duration::ZERO));
        }
        home
    }

    /// Lets time pass, and everybody who is asked answer or fail.
    fn run(&mut self, until: Duration) {
        loop {
            let next = self.schedule.next(self.now);
            let wake = match next {
                Next::Ask { key, reason } => {
                    self.schedule.asked(&key, self.now);
                    self.asked.push((self.now, key, reason));
                    self.under_way.insert((self.now + (self.takes)(key), key));
                    self.most_under_way = self.most_under_way.max(self.under_way.len());
                    continue;
                }
                Next::Wait { until } => {
                    assert!(until > self.now, "a promise lies ahead");
                    Some(until)
                }
                Next::Idle => None,
            };
            let ends = self.under_way.first().map(|(at, _)| *at);
            let at = [wake, ends].into_iter().flatten().min().unwrap_or(until).min(until);
            self.now = at;
            while let Some((ended, key)) = self.under_way.first().copied()
                && ended <= at
            {
                self.under_way.pop_first();
                if (self.is_dead)(key) {
                    self.schedule.failed(&key, ended, true);
                } else {
                    self.schedule.answered(&key, ended);
                    self.answered.push((ended, key));
                }
            }
            if at >= until {
                return;
            }
        }
    }

    fn asked_of(&self, key: u32) -> Vec<(Duration, Reason)> {
        let of_key = self.asked.iter().filter(|(_, asked, _)| *asked == key);
        of_key.map(|(at, _, reason)| (*at, *reason)).collect()
    }

    /// The longest time without an answer, from `from` on.
    fn longest_silence(&self, key: u32, from: Duration) -> Duration {
        let times: Vec<Duration> = self.answered.iter().filter(|(_, of)| *of == key).map(|(at, _)| *at).collect();
        let later = times.iter().copied().filter(|at| *at >= from).chain([self.now]);
        let mut last = times.iter().copied().filter(|at| *at < from).max().unwrap_or_default();
        let mut longest = Duration::ZERO;
        for at in later {
            longest = longest.max(at.saturating_sub(last));
            last = at;
        }
        longest
    }
}

fn most_in_a_minute(times: &[Duration]) -> usize {
    let within = |from: &Duration| times.iter().filter(|at| *at >= from && **at < *from + MINUTE).count();
    times.iter().map(within).max().unwrap_or(0)
}

fn mixed(number: u32) -> (u32, Kind) {
    (
        number,
        match number % 4 {
            0 => Kind::EndDevice,
            1 | 2 => Kind::Router,
            _ => SLEEPY,
        },
    )
}

#[test]
fn a_home_of_44_is_fresh_within_three_seconds_routers_first() {
    let mut home = Home::with((0..44).map(mixed));
    home.run(seconds(3));
    let answered: BTreeSet<u32> = home.answered.iter().map(|(_, key)| *key).collect();
    assert_eq!(answered.len(), 44);
    let listening: Vec<u32> = home.asked.iter().map(|(_, key, _)| *key).filter(|key| key % 4 != 3).collect();
    assert!(listening[..22].iter().all(|key| key % 4 != 0), "{listening:?}");
    assert_eq!(home.schedule.questions_last_minute(home.now), 44);
    assert_eq!(home.schedule.questions_last_minute(home.now + MINUTE), 0);
}

#[test]
fn each_is_asked_in_its_interval_and_the_second_round_is_spread() {
    let mut home = Home::with((0..44).map(mixed));
    home.run(minutes(6 * 60));
    for key in 0..44 {
        let kind = mixed(key).1;
        let interval = home.schedule.pace().interval(kind).unwrap();
        assert_eq!(home.schedule.interval(&key), Some(interval));
        let at: Vec<Duration> = home.asked_of(key).iter().map(|(at, _)| *at).collect();
        for pair in at[1..].windows(2) {
            let apart = pair[1] - pair[0];
            assert!(apart >= interval && apart <= interval + seconds(30), "{key}: {apart:?}");
        }
        if kind == SLEEPY {
            assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= interval), "{key} is sleepy: {at:?}");
        }
    }
    let later: Vec<Duration> = home.asked.iter().map(|(at, ..)| *at).filter(|at| *at > minutes(30)).collect();
    assert!(most_in_a_minute(&later) <= 10, "{}", most_in_a_minute(&later));
}

#[test]
fn two_hundred_and_fifty_are_read_within_their_interval() {
    let mut home = Home::with((0..250).map(|key| (key, Kind::Unknown)));
    home.run(minutes(120));
    for key in 0..250 {
        let silence = home.longest_silence(key, minutes(30));
        assert!(silence <= minutes(11), "{key}: {silence:?}");
    }
}

#[test]
fn the_dead_cost_the_living_nothing() {
    let mut home = Home::with((0..120).map(|key| (key, Kind::Router)));
    home.is_dead = |key| key % 2 == 1;
    home.takes = |key| if key % 2 == 1 { seconds(30) } else { Duration::from_millis(300) };
    home.run(seconds(60));
    let living: BTreeSet<u32> = home.answered.iter().map(|(_, key)| *key).collect();
    assert!(living.len() >= 25, "the dead do not hold up the first round: {}", living.len());
    home.run(minutes(180));
    for key in (0..120).step_by(2) {
        let silence = home.longest_silence(key, minutes(20));
        assert!(silence <= minutes(10) + seconds(30), "{key}: {silence:?}");
    }
    for key in (1..120).step_by(2) {
        let after = home.asked_of(key).iter().filter(|(at, _)| *at > minutes(60)).count();
        assert!((3..=8).contains(&after), "{key}: every 20 minutes, as its lane allows: {after}");
    }
}

#[test]
fn a_slow_one_holds_up_nobody() {
    let mut home = Home::with((0..40).map(|key| (key, Kind::Router)));
    home.takes = |key| if key < 12 { seconds(120) } else { Duration::from_millis(300) };
    home.run(seconds(10));
    assert_eq!(home.answered.len(), 28, "{:?}", home.asked);
    assert!(home.most_under_way <= 8 + 16);
}

#[test]
fn failures_back_off_and_a_sign_of_life_ends_that() {
    let mut home = Home::with([(1, Kind::Router)]);
    home.is_dead = |_| true;
    home.takes = |_| Duration::ZERO;
    home.run(minutes(100));
    let at: Vec<u64> = home.asked.iter().map(|(at, ..)| at.as_secs()).collect();
    assert_eq!(at[..7], [0, 30, 90, 210, 450, 930, 1890]);
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap <= 1200), "{gaps:?}");
    home.is_dead = |_| false;
    home.schedule.sign_of_life(&1, home.now);
    home.run(home.now + seconds(5));
    assert_eq!(home.answered.len(), 1);
    assert_eq!(home.schedule.due_at(&1).map(|due| due > home.now + minutes(4)), Some(true));
}

#[test]
fn a_mesh_that_moves_to_another_prefix_is_found_within_a_minute() {
    let mut home = Home::with((0..44).map(|key| (key, Kind::Router)));
    home.run(minutes(30));
    home.is_dead = |_| true;
    home.takes = |_| seconds(6);
    home.run(minutes(60));
    home.is_dead = |_| false;
    let moved = home.now;
    for key in 0..44 {
        home.schedule.sign_of_life(&key, moved);
    }
    home.run(moved + MINUTE);
    let found: BTreeSet<u32> = home.answered.iter().filter(|(at, _)| *at > moved).map(|(_, key)| *key).collect();
    assert_eq!(found.len(), 44);
}

#[test]
fn a_change_is_looked_into_at_once_and_at_most_once_a_minute() {
    let mut home = Home::with((0..5).map(|key| (key, Kind::Router)).chain([(9, SLEEPY)]));
    home.run(minutes(30));
    let before = home.now;
    for second in 0..120 {
        home.run(before + seconds(second));
        home.schedule.changed_near([&0, &1, &9], home.now);
    }
    home.run(before + seconds(125));
    for key in [0, 1] {
        let for_change: Vec<Duration> = home
            .asked_of(key)
            .into_iter()
            .filter(|(_, reason)| *reason == Reason::Change)
            .map(|(at, _)| at)
            .collect();
        assert!(for_change[0] <= before + seconds(10), "{key}");
        assert!((2..=3).contains(&for_change.len()), "{key}: {for_change:?}");
        assert!(for_change.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE));
    }
    assert!(
        home.asked_of(9).iter().all(|(_, reason)| *reason != Reason::Change),
        "a sleepy one sleeps"
    );
}

#[test]
fn a_person_goes_first_but_not_beyond_the_budget() {
    let mut home = Home::with((0..200).map(|key| (key, Kind::Router)).chain([(900, SLEEPY), (901, Kind::LongIdle)]));
    home.run(seconds(20));
    assert!(home.asked_of(150).is_empty(), "the burst is spent");
    assert!(home.schedule.request(&150, home.now));
    let before = home.now;
    home.run(before + seconds(3));
    assert_eq!(home.asked_of(150).len(), 1);
    home.run(minutes(50));
    assert!(home.schedule.request(&900, home.now), "a person may");
    assert!(!home.schedule.request(&901, home.now), "it does not hear anybody");
    assert!(!home.schedule.request(&777, home.now));
    let before = home.now;
    home.run(before + seconds(10));
    assert_eq!(home.asked_of(900).len(), 2);
    assert_eq!(home.schedule.request_all(home.now), 200);
    home.run(home.now + minutes(1));
    let times: Vec<Duration> = home.asked.iter().map(|(at, ..)| *at).collect();
    assert!(most_in_a_minute(&times) <= 60 + 30);
}

#[test]
fn somebody_who_asks_all_the_time_does_not_starve_the_rest() {
    let mut home = Home::with((0..20).map(|key| (key, Kind::Router)));
    home.run(minutes(20));
    let before = home.now;
    for step in 0..60 * 12 {
        for key in 0..5 {
            home.schedule.request(&key, home.now);
        }
        home.run(before + seconds(step * 5));
    }
    let times: Vec<Duration> = home.asked.iter().map(|(at, ..)| *at).collect();
    assert!(most_in_a_minute(&times) > 30, "the budget is spent");
    for key in 5..20 {
        let silence = home.longest_silence(key, before);
        assert!(silence <= minutes(26), "{key}: {silence:?}");
    }
}

#[test]
fn a_long_idle_device_is_asked_when_it_checks_in() {
    let mut home = Home::with([(1, Kind::LongIdle)]);
    home.run(minutes(600));
    assert!(home.asked.is_empty());
    assert_eq!((home.schedule.due_at(&1), home.schedule.interval(&1)), (None, None));
    home.schedule.checked_in(&1, home.now);
    home.run(home.now + seconds(1));
    assert_eq!(home.asked.last().map(|(.., reason)| *reason), Some(Reason::CheckIn));
    home.run(home.now + minutes(600));
    assert_eq!(home.asked.len(), 1);
    home.schedule.update(&1, HOME, Kind::Router, home.now);
    home.run(home.now + minutes(30));
    assert!(home.asked.len() >= 3, "it is none after all");
}

#[test]
fn an_estranged_device_is_asked_once_a_day_unless_a_person_asks() {
    let mut schedule = Schedule::new(Pace::standard());
    schedule.add(1, HOME, Kind::Router, None, Duration::ZERO);
    schedule.asked(&1, seconds(1));
    schedule.failed(&1, seconds(2), false);
    schedule.sign_of_life(&1, seconds(10));
    schedule.changed(&1, seconds(10));
    assert_eq!(schedule.due_at(&1), Some(seconds(2 + 24 * 3600)));
    assert!(schedule.request(&1, seconds(20)));
    assert_eq!(
        schedule.next(seconds(20)),
        Next::Ask {
            key: 1,
            reason: Reason::Person
        }
    );
}

#[test]
fn a_sleepy_device_that_fails_costs_no_battery_either() {
    let mut schedule = Schedule::new(Pace::standard());
    for key in [1, 2] {
        schedule.add(key, HOME, SLEEPY, None, Duration::ZERO);
        schedule.asked(&key, Duration::ZERO);
    }
    schedule.answered(&1, seconds(1));
    schedule.failed(&2, seconds(1), true);
    assert_eq!(schedule.due_at(&2), Some(seconds(121)), "nothing is known of it yet");
    let second = minutes(70);
    schedule.asked(&1, second);
    schedule.failed(&1, second + seconds(60), true);
    assert_eq!(schedule.due_at(&1), Some(second + seconds(60) + minutes(60)));
    // It has moved: the question never reached it.
    schedule.sign_of_life(&1, second + seconds(90));
    assert_eq!(schedule.due_at(&1), Some(second + seconds(91)));
    schedule.asked(&1, second + seconds(91));
    schedule.failed(&1, second + seconds(150), true);
    assert_eq!(schedule.due_at(&1), Some(second + seconds(150) + minutes(120)));
    schedule.sign_of_life(&1, second + seconds(160));
    assert_eq!(
        schedule.due_at(&1),
        Some(second + seconds(91) + minutes(60)),
        "not twice within its interval"
    );
}

#[test]
fn a_sleepy_device_that_answered_just_before_the_restart_is_left_alone_for_a_while() {
    let mut schedule = Schedule::new(Pace::standard());
    schedule.add(1, HOME, SLEEPY, Some(minutes(4)), seconds(5));
    schedule.add(3, HOME, SLEEPY, Some(minutes(20)), seconds(5));
    assert_eq!(schedule.due_at(&3), Some(seconds(5)), "its subscription is lost with the process");
    schedule.add(2, HOME, Kind::Router, Some(seconds(20)), seconds(5));
    assert_eq!(schedule.due_at(&1), Some(seconds(5) + minutes(6)));
    assert_eq!(schedule.due_at(&2), Some(seconds(5)));
    schedule.update(&1, HOME, Kind::Router, seconds(6));
    assert_eq!(
        schedule.due_at(&1),
        Some(seconds(5) + minutes(6)),
        "it does not sleep after all, and is not due later for that"
    );
}

#[test]
fn a_pause_asks_nobody_and_afterwards_the_budget_sets_the_pace() {
    let mut home = Home::with((0..200).map(|key| (key, Kind::Router)));
    home.run(minutes(60));
    home.schedule.pause(true, home.now);
    let (paused, asked) = (home.now, home.asked.len());
    home.run(paused + minutes(120));
    assert_eq!(
        (home.asked.len(), home.schedule.next(home.now), home.schedule.is_paused()),
        (asked, Next::Idle, true)
    );
    home.schedule.pause(false, home.now);
    home.run(home.now + minutes(1));
    assert!(home.asked.len() - asked <= 8 + 31, "{}", home.asked.len() - asked);
    home.run(home.now + minutes(20));
    for key in 0..200 {
        assert!(home.longest_silence(key, paused + minutes(121)) <= minutes(120 + 25), "{key}");
    }
}

#[test]
fn time_that_leaps_or_turns_back_causes_no_storm() {
    let mut home = Home::with((0..200).map(|key| (key, Kind::Router)));
    home.run(minutes(60));
    let asked = home.asked.len();
    assert!(matches!(home.schedule.next(home.now), Next::Wait { .. }));
    home.now += minutes(9 * 60);
    home.run(home.now + minutes(1));
    assert!(home.asked.len() - asked <= 8 + 31, "{}", home.asked.len() - asked);
    let asked = home.asked.len();
    let back = home.now - minutes(300);
    for second in 0..100 {
        if let Next::Ask { key, .. } = home.schedule.next(back + seconds(second)) {
            home.schedule.asked(&key, back + seconds(second));
            home.schedule.answered(&key, back + seconds(second));
            home.asked.push((back, key, Reason::Routine));
        }
    }
    assert!(home.asked.len() - asked <= 1, "time stands still");
}

#[test]
fn a_question_that_nobody_reports_on_is_forgotten() {
    let mut schedule = Schedule::new(Pace::standard());
    schedule.add(1, HOME, Kind::Router, None, Duration::ZERO);
    schedule.asked(&1, seconds(1));
    assert_eq!(schedule.next(seconds(2)), Next::Wait { until: seconds(601) });
    let Next::Wait { until } = schedule.next(seconds(601)) else { panic!() };
    assert_eq!(until, seconds(631), "as after a failure");
    schedule.failed(&1, seconds(602), true);
    assert_eq!(schedule.due_at(&1), Some(seconds(631)), "a late report changes nothing");
    schedule.answered(&1, seconds(603));
    assert!(schedule.due_at(&1) > Some(seconds(800)), "a late answer does");
    schedule.remove(&1);
    assert_eq!((schedule.next(seconds(700)), schedule.is_empty()), (Next::Idle, true));
}

#[test]
fn what_is_sent_beside_questions_counts_and_makes_no_debts() {
    let mut schedule = Schedule::new(Pace::standard());
    schedule.add(1, None, Kind::Router, None, Duration::ZERO);
    for _ in 0..100 {
        schedule.spent(None, Duration::ZERO);
    }
    assert_eq!(schedule.questions_last_minute(Duration::ZERO), 100);
    // One token at 30 a minute.
    assert_eq!(
        schedule.next(Duration::ZERO),
        Next::Wait {
            until: Duration::from_secs(2)
        }
    );
}

#[test]
fn questions_that_nobody_works_on_any_more_are_due_again() {
    let mut schedule = Schedule::new(Pace::standard());
    schedule.add(1, None, Kind::Router, None, Duration::ZERO);
    schedule.asked(&1, Duration::ZERO);
    assert_eq!(schedule.due_at(&1), None);
    schedule.abandon(Duration::from_secs(5));
    assert!(matches!(schedule.next(Duration::from_secs(5)), Next::Ask { key: 1, .. }));
}

#[test]
fn five_thousand_in_many_networks_are_scheduled_quickly() {
    let mut home = Home::new();
    for key in 0..5000 {
        let network = (key % 25 > 0).then(|| ExtendedPanId::from_u64(u64::from(key % 25)));
        home.schedule.add(key, network, mixed(key).1, None, Duration::ZERO);
    }
    home.run(minutes(60));
    assert!(home.asked.len() > 15_000);
    let after = home.asked.iter().filter(|(at, ..)| *at > minutes(50)).count();
    assert!(after > 1_000, "{after}");
}

#[path = "properties.rs"]
mod properties;
