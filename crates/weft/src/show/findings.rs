//! What a person should know, at the end of the page, the most urgent first.

use super::Style;
use crate::text::{self, Look};
use crate::view::{Finding, Indexed, Severity};

/// Shown as gaps of their network, not again as findings.
pub(super) const UNHEARD_ROUTER: &str = "unheard-router";
/// Findings of one kind that are told.
const MAX_OF_ONE_KIND: usize = 8;
const INDENT: &str = "           ";

/// All findings; nothing where there are none.
pub(super) fn section(indexed: &Indexed<'_>, style: &Style) -> String {
    let findings: Vec<&Finding> = indexed.view.findings.iter().filter(|finding| finding.kind != UNHEARD_ROUTER).collect();
    if findings.is_empty() {
        return String::new();
    }
    format!("\n{}\n{}", style.paint.in_look(Look::Strong, "findings"), list(indexed, findings, style))
}

/// Findings, those of one kind together: each says what it is, the advice comes once.
pub(crate) fn list(indexed: &Indexed<'_>, mut findings: Vec<&Finding>, style: &Style) -> String {
    findings.sort_by_key(|finding| (finding.severity, finding.kind.as_str(), finding.id.as_str()));
    let of_one_kind = findings.chunk_by(|one, other| (one.severity, &one.kind) == (other.severity, &other.kind));
    of_one_kind.map(|findings| kind(indexed, findings, style)).collect()
}

fn kind(indexed: &Indexed<'_>, findings: &[&Finding], style: &Style) -> String {
    let wrapped = |text: &str| text::wrap(&indexed.with_names(text), INDENT, style.width);
    let mut lines = String::new();
    for finding in findings.iter().take(MAX_OF_ONE_KIND) {
        let (word, look) = match finding.severity {
            Severity::Problem => ("problem", Look::Bad),
            Severity::Warning => ("warning", Look::Doubtful),
            Severity::Info => ("info", Look::Faint),
        };
        lines.push_str(&format!(
            "  {}{}",
            style.paint.in_look(look, &format!("{word:9}")),
            text::wrap(&indexed.title(finding), INDENT, style.width).trim_start()
        ));
        // Of many, the titles say enough; of what is only worth knowing, the title alone does.
        if let ([finding], Severity::Problem | Severity::Warning) = (findings, finding.severity) {
            lines.push_str(&wrapped(&finding.detail));
        }
    }
    let untold = findings.len().saturating_sub(MAX_OF_ONE_KIND);
    if untold > 0 {
        lines.push_str(&format!("{INDENT}… and {untold} more of this kind\n"));
    }
    if let Some(first) = findings.first().filter(|first| first.severity != Severity::Info) {
        lines.push_str(&wrapped(&first.advice));
    }
    lines
}
