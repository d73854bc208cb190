//! The last lines of the log, kept in memory for bug reports.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use weft_server::report::LogLine;
use weft_sources::clock;

/// The most lines that are kept.
const MAX_LINES: usize = 2_000;
/// The longest text of a line that is kept.
const MAX_TEXT_BYTES: usize = 1_024;

static LINES: Mutex<VecDeque<LogLine>> = Mutex::new(VecDeque::new());

/// Keeps what Weft itself remarks, down to details that standard error does not show.
pub(crate) fn ring<S: Subscriber + for<'span> LookupSpan<'span>>() -> impl Layer<S> {
    Ring.with_filter(Targets::new().with_target("weft", LevelFilter::DEBUG).with_default(LevelFilter::WARN))
}

/// The last lines, oldest first.
pub(crate) fn recent() -> Vec<LogLine> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

struct Ring;

impl<S: Subscriber> Layer<S> for Ring {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = LogLine {
            at: clock::now(),
            level: metadata.level().to_string(),
            target: metadata.target().to_owned(),
            message: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut Values(&mut line));
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

struct Values<'a>(&'a mut LogLine);

impl Visit for Values<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        // What does not fit is cut off.
        let _ = write!(text, "{value:?}");
        match field.name() {
            "message" => self.0.message = text.0,
            name => self.0.fields.push((name.to_owned(), text.0)),
        }
    }
}

/// A text that ends where it gets too long.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_TEXT_BYTES - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn lines_keep_their_values_and_the_oldest_go() {
        let subscriber = tracing_subscriber::registry().with(ring());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..MAX_LINES + 5 {
                tracing::debug!(number, error = %"é".repeat(MAX_TEXT_BYTES), "a test's line");
            }
            tracing::debug!(target: "somebody", "details of others are not kept");
        });
        let lines: Vec<LogLine> = recent().into_iter().filter(|line| line.message == "a test's line").collect();
        assert!(recent().len() <= MAX_LINES);
        assert!(recent().iter().all(|line| line.target != "somebody"));
        let last = lines.last().unwrap();
        assert_eq!((last.level.as_str(), last.target.as_str()), ("DEBUG", module_path!()));
        assert_eq!(last.fields[0], ("number".to_owned(), (MAX_LINES + 4).to_string()));
        assert_eq!(last.fields[1].1.len(), MAX_TEXT_BYTES);
    }
}
