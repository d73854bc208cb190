//! What a person should know, at the end of the page, the most urgent first.

use super::Style;
use crate::text::{self, Look};
use crate::view::{Finding, Indexed, Severity};

/// Shown as gaps of their network, not again as findings.
pub(super) const UNHEARD_ROUTER: &str = "unheard-router";
/// Findings of one kind that are told.
const MAX_OF_ONE_KIND: usize = 8;
/// Muted findings that are told.
const MAX_MUTED: usize = 5;
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
    let (muted, told): (Vec<&Finding>, Vec<&Finding>) = findings.into_iter().partition(|finding| finding.muted.is_some());
    let of_one_kind = told.chunk_by(|one, other| (one.severity, &one.kind) == (other.severity, &other.kind));
    let mut page: String = of_one_kind.map(|findings| kind(indexed, findings, style)).collect();
    page.extend(muted.iter().take(MAX_MUTED).map(|finding| muted_line(indexed, finding, style)));
    let untold = muted.len().saturating_sub(MAX_MUTED);
    if untold > 0 {
        page.push_str(&format!("{INDENT}… and {untold} more muted\n"));
    }
    page
}

/// What nobody wants to hear of takes a line, and says why.
fn muted_line(indexed: &Indexed<'_>, finding: &Finding, style: &Style) -> String {
    let reason = finding.muted.as_ref().and_then(|muted| muted.reason.as_deref());
    let reason = reason.map(|reason| format!(" ({})", text::clean(reason))).unwrap_or_default();
    let line = format!("{}{reason}", indexed.title(finding));
    format!(
        "  {}{}",
        style.paint.in_look(Look::Faint, &format!("{:9}", "muted")),
        text::wrap(&line, INDENT, style.width).trim_start()
    )
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
