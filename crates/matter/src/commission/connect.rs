//! Reaching a device in its window, at whichever of its addresses answers.

use super::CommissionFailure;
use super::pace::Pace;
use super::pase::{PaseFailure, PaseSession, ask, decline, prove};
use crate::code::Passcode;
use crate::controller::Shard;
use crate::controller::heard::{list, usable};
use crate::controller::jobs::Jobs;
use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use tokio::time::sleep;

/// Makes a session with the passcode. Only one attempt is ever made at a device that has shown itself: after twenty that fail, it closes its window
/// (Matter core specification 1.4, 4.14.1.1).
pub(super) async fn connect(
    shard: &Shard,
    addresses: &[SocketAddr],
    passcode: &Passcode,
    pace: &Pace,
    cancelled: &Cell<bool>,
) -> Result<PaseSession, CommissionFailure> {
    let addresses = usable(addresses);
    if addresses.is_empty() {
        return Err(CommissionFailure::NoAnswer("it, as no address of it is known".to_owned()));
    }
    let since = shard.heard.mark();
    let signs = Signs {
        unreachable: &|address| shard.heard.unreachable(address, since),
        shows_itself: &|address| shard.heard.anything(address, since),
    };
    let silent = |failure| failure_of(failure, || silence(&addresses, &signs));
    let ask_at = |address| ask(shard, address, pace.greeting);
    let answered = first_answer(&addresses, pace, &signs, ask_at).await.map_err(silent)?;
    if cancelled.get() {
        decline(answered).await;
        return Err(CommissionFailure::Cancelled);
    }
    prove(shard, answered, passcode, pace.answer).await.map_err(silent)
}

/// What is known of addresses beside answers.
struct Signs<'s> {
    /// The operating system has no way there.
    unreachable: &'s dyn Fn(SocketAddr) -> bool,
    /// Something came from there.
    shows_itself: &'s dyn Fn(SocketAddr) -> bool,
}

/// The first answer of any kind. The next address is tried when one has kept silent, or gives nothing for a while.
async fn first_answer<'f, T, F>(addresses: &[SocketAddr], pace: &Pace, signs: &Signs<'f>, ask_at: impl Fn(SocketAddr) -> F) -> Result<T, PaseFailure>
where
    F: Future<Output = Result<T, PaseFailure>> + 'f,
    T: 'f,
{
    let mut waiting: VecDeque<SocketAddr> = addresses.iter().copied().collect();
    let mut tried = Vec::new();
    let mut attempts = Jobs::default();
    let unreachable = signs.unreachable;
    let begin = |address, attempts: &mut Jobs<'f, _>, tried: &mut Vec<SocketAddr>| {
        tried.push(address);
        attempts.push(Box::pin(attempt(address, unreachable, ask_at(address))));
    };
    loop {
        if attempts.is_empty() {
            let Some(address) = waiting.pop_front() else {
                return Err(PaseFailure::Silent);
            };
            begin(address, &mut attempts, &mut tried);
        }
        tokio::select! {
            biased;
            outcome = attempts.next() => match outcome {
                Err(PaseFailure::Silent) => {}
                outcome => return outcome,
            },
            () = sleep(pace.stagger), if !waiting.is_empty() => {
                if !tried.iter().any(|address| (signs.shows_itself)(*address)) && let Some(address) = waiting.pop_front() {
                    begin(address, &mut attempts, &mut tried);
                }
            }
        }
    }
}

/// Asks at one address; silent at once where nothing can be sent there.
async fn attempt<T>(
    address: SocketAddr,
    unreachable: &dyn Fn(SocketAddr) -> bool,
    asking: impl Future<Output = Result<T, PaseFailure>>,
) -> Result<T, PaseFailure> {
    let mut asking = pin!(asking);
    poll_fn(|context| match asking.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending if unreachable(address) => Poll::Ready(Err(PaseFailure::Silent)),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// What to say where nothing came back.
fn silence(addresses: &[SocketAddr], signs: &Signs<'_>) -> CommissionFailure {
    let list = list(addresses);
    match addresses.iter().all(|address| (signs.unreachable)(*address)) {
        true => CommissionFailure::NoRoute(list),
        false => CommissionFailure::NoAnswer(list),
    }
}

fn failure_of(failure: PaseFailure, silence: impl FnOnce() -> CommissionFailure) -> CommissionFailure {
    match failure {
        PaseFailure::WrongCode => CommissionFailure::WrongCode,
        PaseFailure::Busy => CommissionFailure::Busy,
        PaseFailure::Closed { .. } => CommissionFailure::WindowClosed,
        PaseFailure::Silent => silence(),
        PaseFailure::Garbled(what) => CommissionFailure::Garbled(what.to_owned()),
        PaseFailure::Ours(what) => CommissionFailure::Ours(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Intervals;
    use std::cell::RefCell;
    use std::time::Duration;

    const NOTHING: Signs<'static> = Signs {
        unreachable: &|_| false,
        shows_itself: &|_| false,
    };

    fn addresses() -> [SocketAddr; 3] {
        [1, 2, 3].map(|port| SocketAddr::from(([192, 0, 2, 1], port)))
    }

    /// Who is asked, in order, with the next address tried after 40 ms; and what it comes to. `answer` tells what comes after how many milliseconds.
    async fn ask_all(signs: &Signs<'_>, answer: impl Fn(u16) -> (u64, Result<u16, PaseFailure>)) -> (Vec<u16>, Result<u16, PaseFailure>) {
        let asked = RefCell::new(Vec::new());
        let ask_at = |address: SocketAddr| {
            asked.borrow_mut().push(address.port());
            let (milliseconds, outcome) = answer(address.port());
            async move {
                sleep(Duration::from_millis(milliseconds)).await;
                outcome
            }
        };
        let pace = Pace {
            stagger: Duration::from_millis(40),
            ..Pace::of(Intervals::default())
        };
        let outcome = first_answer(&addresses(), &pace, signs, ask_at).await;
        (asked.into_inner(), outcome)
    }

    #[tokio::test]
    async fn one_address_after_the_other_until_any_answers() {
        let outcome = ask_all(&NOTHING, |port| if port == 2 { (1, Ok(port)) } else { (9_000, Err(PaseFailure::Silent)) }).await;
        assert_eq!(outcome, (vec![1, 2], Ok(2)));
        assert_eq!(
            ask_all(&NOTHING, |_| (1, Err(PaseFailure::Busy))).await,
            (vec![1], Err(PaseFailure::Busy))
        );
        assert_eq!(
            ask_all(&NOTHING, |_| (1, Err(PaseFailure::Silent))).await,
            (vec![1, 2, 3], Err(PaseFailure::Silent))
        );
    }

    #[tokio::test]
    async fn a_device_that_shows_itself_is_left_in_peace() {
        let signs = Signs {
            shows_itself: &|address| address.port() == 1,
            ..NOTHING
        };
        assert_eq!(ask_all(&signs, |port| (200, Ok(port))).await, (vec![1], Ok(1)));
    }

    #[tokio::test]
    async fn nowhere_to_send_is_told_apart_from_silence() {
        let signs = Signs {
            unreachable: &|_| true,
            ..NOTHING
        };
        assert_eq!(ask_all(&signs, |port| (9_000, Ok(port))).await, (vec![1, 2, 3], Err(PaseFailure::Silent)));
        assert_eq!(silence(&addresses(), &signs).name(), "no-route");
        assert_eq!(silence(&addresses(), &NOTHING).name(), "no-answer");
    }

    #[test]
    fn failures_keep_their_meaning() {
        let silent = || CommissionFailure::NoAnswer("x".to_owned());
        assert_eq!(failure_of(PaseFailure::WrongCode, silent), CommissionFailure::WrongCode);
        assert_eq!(failure_of(PaseFailure::Busy, silent), CommissionFailure::Busy);
        assert_eq!(failure_of(PaseFailure::Closed { said: false }, silent), CommissionFailure::WindowClosed);
        assert_eq!(failure_of(PaseFailure::Silent, silent), silent());
        assert_eq!(
            failure_of(PaseFailure::Garbled("Pake1"), silent),
            CommissionFailure::Garbled("Pake1".to_owned())
        );
    }
}
