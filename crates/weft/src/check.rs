//! `weft check`: what stands between this machine and the meshes.

use crate::output::{print, tell};
use crate::text::{clean, columns, wrap};
use crate::{client, mesh};
use anyhow::{Context, Result};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use weft_model::{CheckResult, NetworkQuestion, NetworkReport};

/// Columns that text under a check is moved in by.
const INDENT: &str = "          ";

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Looks at this machine for the server.
pub(crate) struct ThisMachine;

impl weft_server::NetworkCheck for ThisMachine {
    fn check(&self, question: &NetworkQuestion) -> NetworkReport {
        weft_sources::network_check::check(question)
    }
}

/// The running service looks, because it knows the meshes' prefixes; without one, this command looks itself.
pub(crate) fn check(arguments: &CheckArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    let report = match mesh::owner_of(&directory) {
        Some(owner) => {
            let body = client::get(&owner, &directory, "/api/v1/network-check")?;
            serde_json::from_slice(&body).context("the service's answer cannot be read")?
        }
        None => {
            tell("No service runs on this data: the meshes' prefixes are unknown, and nothing listens.");
            weft_sources::network_check::check(&NetworkQuestion::default())
        }
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(&report)?;
        return print(|out| writeln!(out, "{json}"));
    }
    let text = text(&report, columns());
    print(|out| out.write_all(text.as_bytes()))
}

fn text(report: &NetworkReport, width: usize) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let result = match check.result {
            CheckResult::Good => "good",
            CheckResult::Warning => "WARNING",
            CheckResult::Problem => "PROBLEM",
            CheckResult::Unknown => "unknown",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{result:<10}{}", clean(&check.title));
        for line in [Some(&check.seen), check.advice.as_ref()].into_iter().flatten() {
            text.push_str(&wrap(&clean(line), INDENT, width));
        }
        if check.result != CheckResult::Good {
            for detail in &check.details {
                text.push_str(&wrap(&format!("- {}", clean(detail)), INDENT, width));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::Check;

    #[test]
    fn a_result_is_a_word_and_advice_follows_what_was_seen() {
        let report = NetworkReport {
            checks: vec![Check {
                id: "omr-routes".into(),
                title: "Route into Home".into(),
                result: CheckResult::Problem,
                seen: "There is no route.".into(),
                advice: Some("Make one.".into()),
                details: vec!["fd00::/64: no route".into()],
            }],
            interfaces: Vec::new(),
        };
        let text = text(&report, 80);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            ["PROBLEM   Route into Home", "There is no route.", "Make one.", "- fd00::/64: no route"]
        );
    }
}
