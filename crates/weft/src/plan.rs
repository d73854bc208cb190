//! `weft plan`: which step to take next and what it would add, what pairing cannot place, and what comes later.

use crate::client;
use crate::mesh::{self, Known};
use crate::output::{print, tell};
use crate::text::{clean, columns, count, wrap};
use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use weft_model::{FabricView, Timestamp};
use weft_topology::plan::{Abilities, PlanContext, plan as plan_of};

/// Columns that text under a step is moved in by.
const INDENT: &str = "     ";

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Recording, may be gzip; `-` reads standard input [default: the running service, else what it kept]
    file: Option<PathBuf>,
    /// The plan for what was known at a moment (2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A plan, as the service gives it. Tolerant: what a later version adds is passed over.
#[derive(Debug, Clone, Default, Deserialize)]
struct Plan {
    #[serde(default)]
    summary: String,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    more_steps: u32,
    #[serde(default)]
    remarks: Vec<Remark>,
    #[serde(default)]
    otherwise: Vec<Step>,
    #[serde(default)]
    later: Vec<Step>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Step {
    #[serde(default)]
    rank: u32,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    gain: Gain,
    #[serde(default)]
    cost: Cost,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Gain {
    #[serde(default)]
    confirms_links: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Cost {
    #[serde(default)]
    needs: String,
    #[serde(default)]
    seconds: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Remark {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
}

/// Prints the plan.
///
/// # Errors
/// Where there is no mesh to plan for.
pub(crate) fn plan(arguments: &PlanArguments) -> Result<()> {
    let (json, origin) = match mesh::known(arguments.file.as_deref(), arguments.data.as_deref(), arguments.at)? {
        Known::Topology { topology, origin } => {
            let fabric = match arguments.file {
                Some(_) => None,
                None => paired(arguments.data.as_deref()),
            };
            let context = PlanContext {
                abilities: Abilities::ALL,
                fabric,
                ..PlanContext::default()
            };
            (serde_json::to_vec(&plan_of(&topology, &context))?, origin)
        }
        Known::Service { owner, directory } => {
            let moment = arguments.at.map(|at| format!("?at={at}")).unwrap_or_default();
            let answer = client::get(&owner, &directory, &format!("/api/v1/plan{moment}"))?;
            (answer, format!("the running service, {owner}"))
        }
    };
    let plan: Plan = serde_json::from_slice(&json).context("the plan cannot be read")?;
    let page = render(&plan, &origin, columns());
    print(|output| output.write_all(page.as_bytes()))
}

/// Who is paired. Where that cannot be read, as in another user's folder, there is a plan all the same.
fn paired(data: Option<&Path>) -> Option<FabricView> {
    let fabric = crate::data_directory(data).and_then(|directory| crate::fabric::kept(&directory));
    fabric.unwrap_or_else(|error| {
        tell(format!("this plan does not know which devices are paired: {}", crate::sentence(&error)));
        None
    })
}

fn render(plan: &Plan, origin: &str, width: usize) -> String {
    let mut page = wrap(&clean(&plan.summary), "", width);
    // The details of steps of one kind are alike: those of the first tell how it is done.
    let mut told: Vec<&str> = Vec::new();
    for step in &plan.steps {
        page.push('\n');
        page.push_str(&wrap_item(&format!("{:>3}. ", step.rank), &clean(&step.title), width));
        page.push_str(&wrap(&takes(step), INDENT, width));
        if !told.contains(&step.detail.as_str()) {
            told.push(&step.detail);
            page.push_str(&wrap(&clean(&step.detail), INDENT, width));
        }
    }
    if plan.more_steps > 0 {
        let more = usize::try_from(plan.more_steps).unwrap_or(usize::MAX);
        page.push_str(&format!("\n     and {} that add less\n", count(more, "more step", "more steps")));
    }
    section(
        &mut page,
        "What is to be known",
        plan.remarks.iter().map(|remark| (&remark.title, &remark.detail)),
        width,
    );
    section(
        &mut page,
        "Instead of these steps",
        plan.otherwise.iter().map(|step| (&step.title, &step.detail)),
        width,
    );
    section(
        &mut page,
        "What cannot be done here",
        plan.later.iter().map(|step| (&step.title, &step.detail)),
        width,
    );
    page.push('\n');
    page.push_str(&wrap(&format!("From {}.", clean(origin)), "", width));
    page
}

/// What a step takes, and which links it shows.
fn takes(step: &Step) -> String {
    let needs = match step.cost.needs.as_str() {
        "setup-code" => "a code from the app that it is in",
        "passcode" => "a one-time passcode",
        "credentials" => "the network's credentials",
        "address" => "its address",
        "file" => "a file",
        "dongle" => "a radio dongle",
        _ => "",
    };
    let mut parts: Vec<String> = Vec::new();
    if !needs.is_empty() {
        parts.push(format!("needs {needs}"));
    }
    if step.cost.seconds > 0 {
        parts.push(format!("about {} s", step.cost.seconds));
    }
    if step.gain.confirms_links > 0 {
        let links = usize::try_from(step.gain.confirms_links).unwrap_or(usize::MAX);
        parts.push(format!("shows {} from both ends", count(links, "link", "links")));
    }
    parts.join("; ")
}

fn section<'a>(page: &mut String, title: &str, items: impl Iterator<Item = (&'a String, &'a String)>, width: usize) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    page.push_str(&format!("\n{title}\n"));
    for (title, detail) in items {
        page.push_str(&wrap_item("  - ", &clean(title), width));
        page.push_str(&wrap(&clean(detail), "    ", width));
    }
}

/// A text whose first line begins with a mark, and whose other lines stand below the first word.
fn wrap_item(mark: &str, text: &str, width: usize) -> String {
    let indent = " ".repeat(mark.len());
    let lines = wrap(text, &indent, width);
    format!("{mark}{}", lines.get(mark.len()..).unwrap_or("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{
        "summary": "3 of about 9 devices have a place on the map. Next: Hall plug: places about 4 devices.", "nothing_left": false, "more_steps": 2,
        "steps": [
            {"rank": 1, "title": "Hall plug: places about 4 devices", "detail": "Share it.", "gain": {"places": 4, "confirms_links": 1}, "cost": {"needs": "setup-code", "seconds": 10}},
            {"rank": 2, "title": "Evil \u001b[31m bulb: places itself", "detail": "Share it.", "gain": {}, "cost": {"needs": "something new"}}
        ],
        "remarks": [{"title": "2 devices are known by name only", "detail": "Eve, Nano."}],
        "later": [{"title": "A passcode of the hub: the whole mesh", "detail": "This version of Weft cannot do that yet."}], "new": 1
    }"#;

    #[test]
    fn steps_are_numbered_and_later_ways_stand_apart() {
        let plan: Plan = serde_json::from_str(PLAN).unwrap();
        let page = render(&plan, "12 captures of x", 80);
        for line in [
            "  1. Hall plug: places about 4 devices",
            "     needs a code from the app that it is in; about 10 s; shows 1 link from both",
            "  2. Evil \u{fffd}[31m bulb: places itself",
            "     and 2 more steps that add less",
            "What is to be known",
            "  - 2 devices are known by name only",
            "    Eve, Nano.",
            "What cannot be done here",
            "  - A passcode of the hub: the whole mesh",
            "From 12 captures of x.",
        ] {
            assert!(page.lines().any(|shown| shown == line), "{line:?} is not in\n{page}");
        }
        assert_eq!(page.matches("Share it.").count(), 1, "how it is done is said once");
        assert!(!page.contains('\u{1b}') && !page.contains("Instead of"), "{page}");
    }

    #[test]
    fn an_empty_answer_is_a_plan_without_steps() {
        let page = render(&Plan::default(), "nothing", 80);
        assert!(page.contains("From nothing."), "{page}");
    }
}
