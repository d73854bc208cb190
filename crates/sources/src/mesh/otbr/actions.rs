//! Tasks of the JSON:API: posted, polled, read, deleted. Only our own are touched.

use super::http::{Answer, Client, JSON_API};
use super::run::Run;
use super::words;
use crate::mesh::way::WayFailure;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use weft_model::Timestamp;

const ACTIONS: &str = "/api/actions";
/// A task runs out by itself after its timeout; the agent notices a little later.
const GRACE: Duration = Duration::from_secs(6);

/// A task as it was at its end.
pub(super) struct Ended {
    /// `completed`, `stopped`, `failed`; `unfinished` where it did not end in time.
    pub status: String,
    /// When it was made, by the border router's clock.
    pub created: Option<Timestamp>,
    /// Where its result is.
    pub result: Option<String>,
}

/// What came of posting a task.
pub(super) enum Posted {
    Ended(Ended),
    /// It was refused, with this answer.
    Refused(Answer),
}

/// Our task at the border router; deleted when dropped, so that nothing of an attempt that was given up stays behind.
struct Begun {
    client: Client,
    path: String,
    is_open: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let (client, path) = (self.client.clone(), std::mem::take(&mut self.path));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = client.delete(&path).await;
            });
        }
    }
}

/// Posts a task and follows it to its end. `seconds`: its timeout, which counts from here, whether it is begun or not.
pub(super) async fn follow(run: &Run<'_>, kind: &str, mut attributes: Value, seconds: u32) -> Result<Posted, WayFailure> {
    attributes["timeout"] = json!(seconds);
    let body = json!({ "data": [{ "type": kind, "attributes": attributes }] });
    let answer = run
        .client
        .post(ACTIONS, &body)
        .await
        .map_err(|trouble| words::no_answer(run.base(), &trouble))?;
    run.keep(&answer).await?;
    if !answer.is_success() {
        return match answer.status {
            500.. => Err(match answer.status {
                503 => WayFailure::Busy(format!(
                    "The border router at {} has so many tasks of other programs waiting that it takes no more. Weft asks again later.",
                    run.base()
                )),
                _ => words::not_the_api(run.base(), &answer),
            }),
            _ => Ok(Posted::Refused(answer)),
        };
    }
    let Some(id) = answer.json().and_then(|body| id_of(item(&body)?.get("id")?)) else {
        return Err(words::not_the_api(run.base(), &answer));
    };
    let mut begun = Begun {
        client: run.client.clone(),
        path: format!("{ACTIONS}/{id}"),
        is_open: true,
    };
    let limit = Duration::from_secs(seconds.into()) + GRACE;
    let ended = match timeout(limit, poll(run, &begun.path)).await {
        Ok(ended) => ended?,
        Err(_) => Ended {
            status: "unfinished".to_owned(),
            created: None,
            result: None,
        },
    };
    begun.is_open = false;
    remove(run, &begun.path).await?;
    Ok(Posted::Ended(ended))
}

async fn poll(run: &Run<'_>, path: &str) -> Result<Ended, WayFailure> {
    let mut pause = run.pace.first_poll;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(run.pace.longest_poll);
        let answer = run
            .client
            .get(path, Some(JSON_API))
            .await
            .map_err(|trouble| words::no_answer(run.base(), &trouble))?;
        let body = answer.json();
        let Some(task) = body.as_ref().and_then(item).filter(|_| answer.is_success()) else {
            run.keep(&answer).await?;
            return Err(match answer.status {
                404 => WayFailure::Failed(format!("Another program deleted Weft's task at {}. Weft asks again later.", run.base())),
                _ => words::not_the_api(run.base(), &answer),
            });
        };
        let text = |name: &str| task.get("attributes")?.get(name)?.as_str();
        let status = text("status").unwrap_or_default();
        // That it is still under way says nothing to anybody later.
        if matches!(status, "pending" | "active") {
            continue;
        }
        run.keep(&answer).await?;
        let result = task.pointer("/relationships/result/data/id").and_then(id_of);
        return Ok(Ended {
            status: status.chars().take(32).collect(),
            created: text("created").and_then(|text| text.parse().ok()),
            result,
        });
    }
}

/// Takes our task away; builds that cannot do this for a single task are not asked again, and never to delete all.
async fn remove(run: &Run<'_>, path: &str) -> Result<(), WayFailure> {
    if run.with_memory(|memory| memory.deletes_nothing) {
        return Ok(());
    }
    let Ok(answer) = run.client.delete(path).await else { return Ok(()) };
    if !answer.is_success() {
        run.with_memory(|memory| memory.deletes_nothing = true);
        run.keep(&answer).await?;
    }
    Ok(())
}

/// The item of a JSON:API document; the first, where it is a list.
fn item(body: &Value) -> Option<&Value> {
    match body.get("data")? {
        Value::Array(items) => items.first(),
        data => Some(data),
    }
}

/// An id that can stand in a path: OpenThread's are UUIDs.
fn id_of(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_sane = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_sane.then(|| text.to_owned())
}
