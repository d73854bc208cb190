//! `otbr-rest`: JSON lines of an OpenThread border router's HTTP answers.

use super::Imported;
use super::lines::{self, Time};
use crate::output::tell;
use crate::{input, text};
use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use weft_evidence::{CaptureBody, OtbrRestCapture};
use weft_model::Timestamp;

/// One answer. Recordings of whole conversations have more fields; what was *sent* is not kept: it may hold a dataset.
#[derive(Debug, Deserialize)]
struct Answer {
    t: Option<Time>,
    base: Option<String>,
    #[serde(default = "get")]
    method: String,
    path: String,
    accept: Option<String>,
    #[serde(default)]
    req_headers: BTreeMap<String, Value>,
    status: u16,
    #[serde(default)]
    body: Value,
}

fn get() -> String {
    "GET".to_owned()
}

/// Reads the files.
///
/// # Errors
/// Where one cannot be opened.
pub(super) fn read(files: &[PathBuf], at: Option<Timestamp>) -> Result<Imported> {
    let mut imported = Imported::default();
    let base = unnamed_base(files);
    let mut unnamed = 0;
    for file in files {
        lines::read(file, &mut imported, |answer: Answer, imported| {
            let moment = lines::moment_of(answer.t.as_ref(), at)?;
            unnamed += usize::from(answer.base.is_none());
            imported.keep(moment, CaptureBody::OtbrRest(capture(answer, &base)));
            Ok(())
        })?;
    }
    if unnamed > 0 {
        tell(format!(
            "{} without \"base\": taken as one border router's, {base}",
            text::count(unnamed, "answer", "answers")
        ));
    }
    Ok(imported)
}

/// What stands for the base URL of answers that do not tell it: one border router for all files, which often hold one conversation in parts.
/// Two border routers have to be told apart by `base`, or be imported one by one.
fn unnamed_base(files: &[PathBuf]) -> String {
    let first = files.first().map(|file| input::name_of(file)).unwrap_or_default();
    format!("file:{first}")
}

fn capture(answer: Answer, unnamed_base: &str) -> OtbrRestCapture {
    let Answer {
        t: _,
        base,
        method,
        path,
        accept,
        req_headers,
        status,
        body,
    } = answer;
    let asked_for = || {
        let accept = req_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
        accept.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    OtbrRestCapture {
        base: base.unwrap_or_else(|| unnamed_base.to_owned()),
        accept: accept.or_else(asked_for),
        method,
        path,
        status,
        body: as_json(body),
    }
}

/// Many programs keep a body as text; a capture has it as the JSON that it is.
fn as_json(body: Value) -> Value {
    match &body {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => serde_json::from_str(text).unwrap_or(body),
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_text_becomes_json_where_it_is_some() {
        let line = r#"{"t": 1, "path": "/node", "req_headers": {"Accept": "application/vnd.api+json"}, "status": 200, "body": "{\n\t\"rloc16\":\t\"0xc400\"}"}"#;
        let capture = capture(serde_json::from_str(line).unwrap(), "file:a.jsonl");
        assert_eq!(capture.body, serde_json::json!({"rloc16": "0xc400"}));
        assert_eq!(capture.accept.as_deref(), Some("application/vnd.api+json"));
        assert_eq!((capture.base.as_str(), capture.method.as_str()), ("file:a.jsonl", "GET"));
        assert_eq!(as_json("leader".into()), Value::from("leader"));
        assert_eq!(as_json("{cut".into()), Value::from("{cut"));
    }
}
