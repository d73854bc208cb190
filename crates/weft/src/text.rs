//! Text for terminals: what devices call themselves made harmless, cut and wrapped to a width; ages, moments, colours.

use crate::arguments::Color;
use std::io::IsTerminal;
use weft_model::Timestamp;
pub(crate) use weft_model::words::count;

/// Columns that everything fits in, unless the terminal says that it has others.
pub(crate) const WIDTH: usize = 80;
/// Stands for what is not known.
pub(crate) const UNKNOWN: &str = "–";

/// A text that a terminal only shows: no control characters, nothing that turns the direction of reading.
pub(crate) fn clean(text: &str) -> String {
    let harmless =
        |c: char| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// Columns that a terminal gives a character: two to those of East Asian scripts and to pictures (Unicode Standard Annex 11, "wide" and
/// "fullwidth", in whole blocks), one to all others.
const fn columns_of(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Columns that a terminal gives a text.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Cuts a text to a width.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1); // beside the sign that something was cut
    let mut used = 0;
    let fits = |c: &char| {
        used += columns_of(*c);
        used <= room
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// Cuts or fills a text to exactly a width.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let missing = width.saturating_sub(width_of(&cut));
    format!("{cut}{}", " ".repeat(missing))
}

/// Breaks a text into lines of at most `width` after `indent`; words that are longer stand alone.
pub(crate) fn wrap(text: &str, indent: &str, width: usize) -> String {
    let room = width.saturating_sub(width_of(indent));
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width_of(&line) + 1 + width_of(word) > room {
            lines.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push_str(&format!("{indent}{line}\n"));
    }
    lines
}

/// A time span with one unit: `12 s`, `5 min`, `3 h`, `2 d`.
pub(crate) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        6_000..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How old a moment is, or that it is not known.
pub(crate) fn age(moment: Option<Timestamp>, now: Timestamp) -> String {
    moment.map_or_else(|| UNKNOWN.to_owned(), |moment| span(now.seconds_since(moment)))
}

/// `2026-11-20 12:00:00`, UTC.
pub(crate) fn moment(moment: Timestamp) -> String {
    moment.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Bytes for people: `812 B`, `4.1 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, in integers.
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
    /// To be looked at.
    Doubtful,
    /// Wrong.
    Bad,
}

/// Puts colours in, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Without colours.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(false);

    /// As the person wants it; a terminal gets colours unless `NO_COLOR` is set (no-color.org).
    pub(crate) fn new(color: Color) -> Self {
        let wanted = || std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self(match color {
            Color::Auto => wanted(),
            Color::Never => false,
            Color::Always => true,
        })
    }

    /// The text in a look. What is padded has to be so before.
    pub(crate) fn in_look(self, look: Look, text: &str) -> String {
        if !self.0 || text.trim().is_empty() {
            return text.to_owned();
        }
        let code = match look {
            Look::Strong => 1,
            Look::Faint => 2,
            Look::Doubtful => 33,
            Look::Bad => 31,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The columns to write: those that the terminal's shell tells, within reason, else [`WIDTH`].
pub(crate) fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    match told {
        Some(columns) if std::io::stdout().is_terminal() => columns.clamp(WIDTH, 2 * WIDTH),
        _ => WIDTH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_have_one_unit() {
        let spans: Vec<_> = [-5, 0, 99, 100, 5_999, 6_000, 172_799, 172_800].map(span).into();
        assert_eq!(spans, ["0 s", "0 s", "99 s", "1 min", "99 min", "1 h", "47 h", "2 d"]);
    }

    #[test]
    fn what_terminals_obey_is_replaced() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}e"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(clean("Küche 🛋 廚房"), "Küche 🛋 廚房");
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(cut("Wohnzimmer", 10), "Wohnzimmer");
        assert_eq!(cut("Bücherregallampe", 10), "Bücherreg…");
        assert_eq!(fit("ä", 3), "ä  ");
        assert_eq!(fit("廚房", 6), "廚房  ");
        assert_eq!([5, 4, 3].map(|width| fit("廚房の灯", width)), ["廚房…", "廚… ", "廚…"]);
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(
            [812, 1024, 4_300_000, 1 << 30, u64::MAX / 20].map(bytes),
            ["812 B", "1.0 KiB", "4.1 MiB", "1.0 GiB", "838860.7 TiB"]
        );
    }

    proptest! {
        #[test]
        fn wrapped_lines_keep_every_word_and_the_width(words in proptest::collection::vec("[a-zäö廚房]{1,9}", 0..40), width in 20usize..100) {
            let wrapped = wrap(&words.join(" "), "  ", width);
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), words);
            prop_assert!(wrapped.lines().all(|line| width_of(line) <= width && line.starts_with("  ")));
        }

        #[test]
        fn fitting_is_exact(text in "[\\PC廚房ｆ🛋]{0,30}", width in 1usize..20) {
            prop_assert_eq!(width_of(&fit(&text, width)), width);
        }
    }
}
