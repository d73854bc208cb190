//! What happened in a span of time: events in words, and how many there were when.

use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use weft_model::Timestamp;
use weft_topology::{ChangeGroup, ChangeKind, Effect, Event, Id, Severity};

/// The most events of one answer.
const MAX_EVENTS: usize = 500;
/// Buckets where the question names no number.
const BUCKETS: usize = 240;
/// The most buckets that can be asked for.
const MAX_BUCKETS: usize = 1000;
/// The span where the question names no beginning.
const SPAN_SECONDS: i64 = 24 * 3600;

/// Events as the history gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The oldest moment that can be shown.
    pub oldest_at: Option<Timestamp>,
    /// The newest moment that can be shown.
    pub newest_at: Option<Timestamp>,
    /// Up to when events are complete; `None`: up to now.
    pub complete_until: Option<Timestamp>,
    /// The most urgent events of the span, oldest first.
    pub events: Vec<Event>,
    /// When all of them were, and how urgent.
    pub marks: Vec<(Timestamp, Severity)>,
}

/// What happened in a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// The beginning of the span.
    from: Timestamp,
    /// Its end.
    to: Timestamp,
    /// The oldest moment that can be shown; null where nothing is kept.
    oldest_at: Option<Timestamp>,
    /// The newest moment that can be shown.
    newest_at: Option<Timestamp>,
    /// Equal spans from `from` to `to`.
    buckets: Vec<TimelineBucket>,
    /// Oldest first; the most urgent ones where there are too many.
    events: Vec<TimelineEvent>,
    /// Events that are counted in the buckets and not listed.
    omitted: usize,
    /// The past is still being read: up to here it is complete. Null: it is complete.
    complete_until: Option<Timestamp>,
}

/// How much happened in a part of the span.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineBucket {
    /// Where the part begins.
    at: Timestamp,
    /// Events in it.
    changes: usize,
    /// The most urgent of them.
    worst: Option<Severity>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEvent {
    /// When it began to hold.
    at: Timestamp,
    /// What happened.
    kind: ChangeKind,
    /// What it is about.
    group: ChangeGroup,
    /// What it means.
    effect: Effect,
    /// How urgent it is.
    severity: Severity,
    /// In words.
    text: String,
    /// More of it.
    detail: Option<String>,
    /// Ids of nodes, links, networks and findings, the main one first.
    #[schema(value_type = Vec<String>)]
    subjects: Vec<Id>,
}

impl From<Event> for TimelineEvent {
    fn from(Event { at, change }: Event) -> Self {
        Self {
            at,
            kind: change.kind,
            group: change.group,
            effect: change.effect,
            severity: change.severity,
            text: change.text,
            detail: change.detail,
            subjects: change.subjects,
        }
    }
}

/// Equal parts of the span, and what falls into each.
fn buckets(from: Timestamp, to: Timestamp, number: usize, marks: &[(Timestamp, Severity)]) -> Vec<TimelineBucket> {
    let span = i128::from(to.milliseconds_since(from).max(1));
    let parts = i128::try_from(number).unwrap_or(1);
    let begin = |part: i128| {
        let offset = i64::try_from(span * part / parts).unwrap_or(0);
        Timestamp::from_unix_milliseconds(from.unix_milliseconds().saturating_add(offset))
    };
    let mut buckets: Vec<TimelineBucket> = (0..parts)
        .map(|part| TimelineBucket {
            at: begin(part),
            changes: 0,
            worst: None,
        })
        .collect();
    for (at, severity) in marks {
        let place = buckets.partition_point(|bucket| bucket.at <= *at);
        if let Some(bucket) = place.checked_sub(1).and_then(|place| buckets.get_mut(place)) {
            bucket.changes += 1;
            bucket.worst = bucket.worst.max(Some(*severity));
        }
    }
    buckets
}

/// What happened, in words. An event is told when it has held for some minutes, a link's for longer.
#[utoipa::path(
    get, path = "/api/v1/timeline", tag = "topology",
    params(
        ("from" = Option<String>, Query, description = "beginning of the span, RFC 3339; left out: a day before its end"),
        ("to" = Option<String>, Query, description = "end of the span, RFC 3339; left out: now"),
        ("buckets" = Option<u32>, Query, description = "number of equal parts in which events are counted, 1 to 1000; left out: 240"),
    ),
    responses(
        (status = 200, description = "What happened", body = Timeline),
        (status = 304, description = "The client's copy is still good"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn timeline(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["from", "to", "buckets"])?;
    let to = match parameters.time("to")? {
        Some(to) => to,
        None => (server.now)().max(server.publisher.current().topology.as_of),
    };
    let from = parameters.time("from")?.unwrap_or(to.minus_seconds(SPAN_SECONDS));
    if from >= to {
        return Err(Problem::parameter(
            "from",
            "The span ends before it begins; give a `from` that is before `to`.",
        ));
    }
    let number = match parameters.get("buckets") {
        None => BUCKETS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=MAX_BUCKETS).contains(number))
            .ok_or_else(|| Problem::parameter("buckets", format!("buckets is a number from 1 to {MAX_BUCKETS}, not {}.", echo(text))))?,
    };
    let recorded = server.ask(move |history| history.events(from, to, MAX_EVENTS)).await?;
    let timeline = Timeline {
        from,
        to,
        oldest_at: recorded.oldest_at,
        newest_at: recorded.newest_at,
        buckets: buckets(from, to, number, &recorded.marks),
        omitted: recorded.marks.len().saturating_sub(recorded.events.len()),
        events: recorded.events.into_iter().map(TimelineEvent::from).collect(),
        complete_until: recorded.complete_until,
    };
    hashed(&headers, &timeline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, get, json, problem, send};
    use axum::http::StatusCode;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds(seconds * 1000)
    }

    #[test]
    fn every_event_is_in_one_bucket() {
        let marks = [
            (at(10), Severity::Info),
            (at(12), Severity::Problem),
            (at(13), Severity::Info),
            (at(19), Severity::Warning),
        ];
        let buckets = buckets(at(10), at(20), 3, &marks);
        assert_eq!(
            buckets.iter().map(|bucket| bucket.at.unix_milliseconds()).collect::<Vec<_>>(),
            [10_000, 13_333, 16_666]
        );
        assert_eq!(buckets.iter().map(|bucket| bucket.changes).collect::<Vec<_>>(), [3, 0, 1]);
        assert_eq!([buckets[0].worst, buckets[1].worst], [Some(Severity::Problem), None]);
    }

    #[tokio::test]
    async fn the_last_day_is_told() {
        let server = testing::server();
        let told = json(send(&server, get("/api/v1/timeline?buckets=24")).await).await;
        assert_eq!(
            (&told["from"], &told["to"]),
            (&testing::YESTERDAY.into(), &testing::now().to_string().into())
        );
        assert_eq!(told["buckets"].as_array().unwrap().len(), 24);
        assert_eq!(told["buckets"][12]["changes"], 3);
        assert_eq!(told["buckets"][12]["worst"], "problem");
        assert_eq!(told["events"][0]["text"], "Garage sensor moved from Hall plug to Porch bulb");
        assert_eq!((&told["events"][0]["kind"], &told["omitted"]), (&"moved".into(), &2.into()));
        assert_eq!(told["oldest_at"], testing::YESTERDAY);
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        let server = testing::server();
        for (query, parameter) in [
            ("from=soon", "from"),
            ("to=2026-11-18T00:00:00Z&from=2026-11-19T00:00:00Z", "from"),
            ("buckets=0", "buckets"),
            ("buckets=1001", "buckets"),
            ("bucket=3", "bucket"),
        ] {
            let wrong = problem(send(&server, get(&format!("/api/v1/timeline?{query}"))).await, StatusCode::BAD_REQUEST).await;
            assert_eq!(wrong["parameter"], parameter, "{query}");
        }
    }
}
