//! Numbers and lists as they stand in sentences.

/// A number of things: `1 device`, `3 devices`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `Attic hub, Hall hub and Porch hub`; empty where there is none.
pub fn listed<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The text with a capital letter at its beginning.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_like_sentences() {
        assert_eq!([0, 1, 2].map(|number| count(number, "hub", "hubs")), ["0 hubs", "1 hub", "2 hubs"]);
        assert_eq!(
            [&[][..], &["a"], &["a", "b"], &["a", "b", "c"]].map(|items| listed(items.iter().copied())),
            ["", "a", "a and b", "a, b and c"]
        );
        assert_eq!(["", "über 3"].map(capitalised), ["", "Über 3"]);
    }
}
