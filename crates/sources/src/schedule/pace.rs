//! How often whom, and how much at once: the numbers of a schedule.

use std::time::Duration;

/// What a device is, as far as it decides how often it may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Nobody knows yet: asked as a router is.
    #[default]
    Unknown,
    /// It routes: its tables hold what changes most.
    Router,
    /// A child whose radio is always on, router-eligible or not.
    EndDevice,
    /// A child that polls its parent: each question costs battery.
    Sleepy {
        /// Its longest time between polls.
        idle_milliseconds: u32,
    },
    /// Hears nobody until it checks in.
    LongIdle,
}

/// The numbers of a schedule.
///
/// The airtime behind them: a router's tables are about 3 reports of 1.2 kB. A fragment carries some 96 bytes, so that is 38 full frames, with
/// request, status responses and acknowledgements 45; at 250 kbit/s a full frame with its MAC acknowledgement takes 4.8 ms of the channel. One
/// question costs 0.2 s of channel per hop, 0.4 s over two. An end device's answer is one report: 0.15 s, a sleepy one's 0.1 s.
///
/// A home of 15 routers, 19 end devices and 10 sleepy ones thus takes 15 × 6 × 0.4 + 19 × 3 × 0.15 + 10 × 0.1 = 46 s an hour: 1.3 % of the
/// channel. A network with as many routers as there can be (32), 60 end devices and 158 sleepy ones takes 2 minutes an hour: 3.3 %; that is the
/// price of its size. The intervals, not the budget, keep the average low. The budget bounds the worst minutes: after a start, after an outage,
/// and while a person asks for more than intervals would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Between two questions to a router, and to a device of unknown role.
    pub router_interval: Duration,
    /// Between two questions to an end device that always listens.
    pub end_device_interval: Duration,
    /// Between two questions to a sleepy device; only a person, and the device itself by checking in, shorten it.
    pub sleepy_interval: Duration,
    /// Least time between the last answer of a sleepy device and the question after a start: what was subscribed is lost with the process, so each is
    /// asked once; and a service that starts over and over wakes nobody.
    pub sleepy_after_start: Duration,
    /// Questions a minute in one network, in the long run. 30 reads 250 devices as if they were routers within their interval, with room for more.
    pub questions_per_minute: u32,
    /// Questions that may be saved up: a home of 60 is read at once after a start.
    pub burst: u32,
    /// What the regular round may use of the saved questions. The rest is for first questions, changes and persons; and a round that fell behind,
    /// for a pause or a sleep of this machine, is taken up at the pace of the budget.
    pub routine_burst: u32,
    /// But the regular round has a turn at least this often, however much else is asked for.
    pub routine_at_least: Duration,
    /// Questions a minute to devices that did not answer the last time: a budget of their own, so that the dead cost the living nothing.
    pub retries_per_minute: u32,
    /// Retries that may be saved up.
    pub retry_burst: u32,
    /// Questions under way in one network, to devices that listen.
    pub in_flight: usize,
    /// A question that is under way for so long takes no place among these any more.
    pub slow_after: Duration,
    /// Such slow questions in one network; those beyond take places again.
    pub slow_in_flight: usize,
    /// Questions under way in one network to sleepy devices: each waits for a poll.
    pub sleepy_in_flight: usize,
    /// Questions under way in one network to devices that did not answer the last time.
    pub retries_in_flight: usize,
    /// A question that nobody reported on for so long, beside eight polls of a sleepy device, counts as failed.
    pub forgotten_after: Duration,
    /// After the first failure; doubled with each, up to twice the device's interval and [`Pace::longest_back_off`].
    pub first_back_off: Duration,
    /// The same for a sleepy device that never answered. One that did is asked in its interval again.
    pub first_sleepy_back_off: Duration,
    /// Nobody waits longer for failures that may pass.
    pub longest_back_off: Duration,
    /// A device that does not know us any more.
    pub estranged_interval: Duration,
    /// From a change to the question: changes come in groups.
    pub change_delay: Duration,
    /// Between two questions to one device for changes.
    pub change_apart: Duration,
    /// From a sign of life to the question: the device is still busy announcing itself.
    pub life_delay: Duration,
    /// Between two questions to one device for signs of life, while it does not answer.
    pub life_apart: Duration,
    /// Between two questions to one device for a person.
    pub person_apart: Duration,
}

impl Pace {
    /// For homes.
    pub const fn standard() -> Self {
        const fn seconds(seconds: u64) -> Duration {
            Duration::from_secs(seconds)
        }
        Self {
            router_interval: seconds(10 * 60),
            end_device_interval: seconds(20 * 60),
            sleepy_interval: seconds(60 * 60),
            sleepy_after_start: seconds(10 * 60),
            questions_per_minute: 30,
            burst: 60,
            routine_burst: 8,
            routine_at_least: seconds(10),
            retries_per_minute: 6,
            retry_burst: 10,
            in_flight: 8,
            slow_after: seconds(3),
            slow_in_flight: 16,
            sleepy_in_flight: 4,
            retries_in_flight: 4,
            forgotten_after: seconds(600),
            first_back_off: seconds(30),
            first_sleepy_back_off: seconds(120),
            longest_back_off: seconds(2 * 60 * 60),
            estranged_interval: seconds(24 * 60 * 60),
            change_delay: seconds(2),
            change_apart: seconds(60),
            life_delay: seconds(1),
            life_apart: seconds(20),
            person_apart: seconds(5),
        }
    }

    /// Between two questions to such a device; `None`: it is asked only when it checks in.
    pub const fn interval(&self, kind: Kind) -> Option<Duration> {
        match kind {
            Kind::Unknown | Kind::Router => Some(self.router_interval),
            Kind::EndDevice => Some(self.end_device_interval),
            Kind::Sleepy { .. } => Some(self.sleepy_interval),
            Kind::LongIdle => None,
        }
    }

    /// The most questions a minute in one network, in the long run.
    pub const fn most_per_minute(&self) -> u32 {
        self.questions_per_minute.saturating_add(self.retries_per_minute)
    }

    /// The pause after so many failures in a row; `None`: until it checks in.
    pub(super) fn back_off(&self, kind: Kind, has_answered: bool, failures: u32) -> Option<Duration> {
        let interval = self.interval(kind)?;
        let first = match kind {
            Kind::Sleepy { .. } if has_answered => interval,
            Kind::Sleepy { .. } => self.first_sleepy_back_off,
            _ => self.first_back_off,
        };
        let doubled = first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        Some(doubled.min(interval.saturating_mul(2)).min(self.longest_back_off.max(first)))
    }

    /// When a question that nobody reported on counts as failed.
    pub(super) fn forgotten_after(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Sleepy { idle_milliseconds } => self.forgotten_after + Duration::from_millis(idle_milliseconds.into()).saturating_mul(8),
            _ => self.forgotten_after,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::standard()
    }
}
