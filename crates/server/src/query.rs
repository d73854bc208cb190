//! Query parameters, read strictly: a misspelt parameter is an error, not a different answer.

use crate::problem::{Problem, echo};
use axum::extract::Query;
use axum::http::Uri;
use std::collections::BTreeMap;
use weft_model::Timestamp;

/// The longest value that is looked at.
const MAX_VALUE_LENGTH: usize = 512;

/// The parameters of one request, each at most once.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// # Errors
    /// 400 with the parameter's name, for one that is not in `known`, stands twice, or is overlong.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
            Problem::new(
                axum::http::StatusCode::BAD_REQUEST,
                "bad-query",
                "The query cannot be read",
                "Percent-encode the query as UTF-8.",
            )
        })?;
        let mut values = BTreeMap::new();
        for (name, value) in pairs.0 {
            if !known.contains(&name.as_str()) {
                let detail = if known.is_empty() {
                    format!("There is no parameter {}; this address takes none.", echo(&name))
                } else {
                    format!("There is no parameter {}; this address knows {}.", echo(&name), known.join(", "))
                };
                return Err(Problem::parameter(&name, detail));
            }
            if value.len() > MAX_VALUE_LENGTH {
                return Err(Problem::parameter(
                    &name,
                    format!("The value of {name} is longer than {MAX_VALUE_LENGTH} bytes."),
                ));
            }
            if values.insert(name.clone(), value).is_some() {
                return Err(Problem::parameter(&name, format!("The parameter {name} stands twice; give it once.")));
            }
        }
        Ok(Self(values))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `claims=all` or `claims=none`.
    pub(crate) fn claims(&self, otherwise: bool) -> Result<bool, Problem> {
        match self.get("claims") {
            None => Ok(otherwise),
            Some("all") => Ok(true),
            Some("none") => Ok(false),
            Some(other) => Err(Problem::parameter("claims", format!("claims is all or none, not {}.", echo(other)))),
        }
    }

    /// `name=true` or `name=false`; left out: false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Problem::parameter(name, format!("{name} is true or false, not {}.", echo(other)))),
        }
    }

    /// `at=TIME`.
    pub(crate) fn at(&self) -> Result<Option<Timestamp>, Problem> {
        self.time("at")
    }

    /// `name=TIME`.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // A plus sign of a time zone becomes a space where it was not percent-encoded.
        let parsed = text.replace(' ', "+").parse();
        parsed
            .map(Some)
            .map_err(|error| Problem::parameter(name, format!("{name}: {error}. Write it in RFC 3339, and + as %2B.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, Problem> {
        Parameters::read(&format!("/x?{query}").parse().unwrap(), &["at", "claims"])
    }

    fn named(problem: Problem) -> String {
        serde_json::to_value(problem).unwrap()["parameter"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(named(read("claim=none").unwrap_err()), "claim");
        assert_eq!(named(read("at=1&at=2").unwrap_err()), "at");
        assert_eq!(named(read(&format!("at={}", "9".repeat(600))).unwrap_err()), "at");
        assert_eq!(named(read("claims=some").unwrap().claims(true).unwrap_err()), "claims");
        assert_eq!(named(read("at=yesterday").unwrap().at().unwrap_err()), "at");
    }

    #[test]
    fn a_time_zone_with_a_plain_plus_is_understood() {
        let at = read("at=2026-11-20T13:00:00+01:00").unwrap().at().unwrap().unwrap();
        assert_eq!(at.to_string(), "2026-11-20T12:00:00.000Z");
        assert_eq!(read("").unwrap().at().unwrap(), None);
        assert!(!read("claims=none").unwrap().claims(true).unwrap());
    }
}
