//! `weft network where`: where users of each ecosystem find what opens their network.

use crate::output::print;
use crate::text::{columns, wrap};
use anyhow::Result;
use weft_server::{Ecosystem, ecosystems};

/// Prints it.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn show() -> Result<()> {
    let page = render(&ecosystems(), columns());
    print(|output| output.write_all(page.as_bytes()))
}

fn render(ecosystems: &[Ecosystem], width: usize) -> String {
    let mut page = wrap(
        "The dataset (hexadecimal digits) is kept with `weft network add -`; a one-time passcode is entered with `weft network passcode BORDER-ROUTER -` \
         while it is shown, and fetches the dataset.",
        "",
        width,
    );
    for ecosystem in ecosystems {
        page.push_str(&format!("\n{}\n", ecosystem.name));
        page.push_str(&wrap(&ecosystem.summary, "  ", width));
        for place in &ecosystem.places {
            let text = wrap(&format!("{}: {}", place.gives.words(), place.how), "    ", width);
            page.push_str("  -");
            page.push_str(text.get(3..).unwrap_or_default());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ecosystem_and_place_is_told_within_the_width() {
        let page = render(&ecosystems(), 80);
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for ecosystem in ecosystems() {
            assert!(page.contains(&format!("\n{}\n", ecosystem.name)));
            for place in ecosystem.places {
                let how = place.how.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(flat.contains(&format!("- {}: {how}", place.gives.words())), "{how}");
            }
        }
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
}
