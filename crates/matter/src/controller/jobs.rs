//! Futures that are polled where they are, with the context of whoever polls the set.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that lives on the controller's thread.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Futures that share one task, and so one waker.
///
/// `rs-matter` keeps a single waker for each thing that can be waited for. Whatever gives futures wakers of their own (a task each, `JoinSet`,
/// `FuturesUnordered`) makes them take that place from each other: they spin, or sleep through what they wait for.
pub(crate) struct Jobs<'a, T> {
    jobs: Vec<Local<'a, T>>,
}

impl<T> Default for Jobs<'_, T> {
    fn default() -> Self {
        Self { jobs: Vec::new() }
    }
}

impl<'a, T> Jobs<'a, T> {
    /// Adds a future. It is polled with the next poll of the set.
    pub(crate) fn push(&mut self, job: Local<'a, T>) {
        self.jobs.push(job);
    }

    /// True where nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Polls all; gives the first that is done. Pending where none is, or the set is empty.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let done = self.jobs.iter_mut().enumerate().find_map(|(at, job)| match job.as_mut().poll(cx) {
            Poll::Ready(outcome) => Some((at, outcome)),
            Poll::Pending => None,
        });
        match done {
            Some((at, outcome)) => {
                drop(self.jobs.swap_remove(at));
                Poll::Ready(outcome)
            }
            None => Poll::Pending,
        }
    }

    /// The next that is done. Waits for ever where the set is empty.
    pub(crate) async fn next(&mut self) -> T {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::task::Waker;

    #[test]
    fn gives_each_outcome_once_and_keeps_the_rest() {
        let mut jobs = Jobs::default();
        jobs.push(Box::pin(pending()));
        jobs.push(Box::pin(ready(1)));
        jobs.push(Box::pin(ready(2)));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(jobs.poll_next(&mut cx), Poll::Ready(1));
        assert_eq!(jobs.poll_next(&mut cx), Poll::Ready(2));
        assert_eq!(jobs.poll_next(&mut cx), Poll::Pending);
        assert!(!jobs.is_empty());
    }
}
