//! How wide a text will be, without a font: as in DejaVu Sans, the widest of those that are likely. A narrower one leaves some room.

/// Width of a text in units of its height.
fn width_em(c: char) -> f64 {
    match c {
        'i' | 'l' | 'j' | '\'' | '|' => 0.3,
        '.' | ',' | ':' | ';' | ' ' | '!' | 'I' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '"' => 0.42,
        'm' | 'M' | 'W' | '@' | '%' | '…' => 0.96,
        'w' => 0.82,
        'A'..='Z' | '#' | '&' | '+' | '=' | '<' | '>' | '·' => 0.7,
        '0'..='9' => 0.636,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 0.56,
        c if c.is_ascii() => 0.62,
        // Scripts beyond Latin, Greek and Cyrillic, and pictures, fill a square.
        c if u32::from(c) > 0x1100 => 1.05,
        _ => 0.68,
    }
}

/// Width in pixels at a font size.
pub(super) fn width(text: &str, size: f64, is_bold: bool) -> f64 {
    let em: f64 = text.chars().map(width_em).sum();
    em * size * if is_bold { 1.07 } else { 1.0 }
}

/// At most so many characters; an ellipsis says that there are more.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
