//! A topology as files for other programs and for reports: pure functions, for the HTTP endpoint and the command line alike.
//!
//! No format holds more than the topology does. What is to name nobody goes through [`anonymous`] before anything is written.

mod anonymous;
mod csv;
mod dot;
mod endpoint;
mod graphml;
mod map;
mod palette;
mod xml;

#[cfg(test)]
mod tests;

pub use anonymous::anonymous;
pub(crate) use endpoint::{__path_answer, answer};

use crate::download::moment_in_name;
use std::fmt;
use std::str::FromStr;
use weft_layout::Positions;
use weft_topology::Topology;

/// A word that stands for none of the choices; what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is {known}")]
pub struct UnknownWord {
    known: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word for it in addresses and on the command line.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|known| known.word() == text).ok_or_else(|| UnknownWord {
                    known: Self::ALL.iter().map(|known| known.word()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

words! {
    /// What an export is written as.
    Format {
        /// The map as a picture for reports: SVG 1.1, nothing but itself needed.
        Svg = "svg",
        /// The contract's object.
        Json = "json",
        /// A graph for yEd, Gephi, NetworkX, ….
        Graphml = "graphml",
        /// A graph for Graphviz.
        Dot = "dot",
        /// A table for spreadsheets.
        Csv = "csv",
    }
}

words! {
    /// Colours of a picture.
    Theme {
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}

words! {
    /// Which table a CSV export has.
    Table {
        /// One row for each node.
        Devices = "devices",
        /// One row for each link.
        Links = "links",
        /// One row for each border router.
        BorderRouters = "border-routers",
        /// One row for each network.
        Networks = "networks",
    }
}

impl Format {
    /// The media type, for `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Json => "application/json",
            Self::Graphml => "application/graphml+xml",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// What an export is to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The format.
    pub format: Format,
    /// Colours; of SVG only.
    pub theme: Theme,
    /// The table; of CSV only.
    pub table: Table,
    /// With the claims of nodes and links; of JSON only.
    pub with_claims: bool,
}

/// Writes a topology. The same topology, positions and options give the same bytes.
///
/// # Errors
/// Where the JSON cannot be written.
pub fn export(topology: &Topology, positions: &Positions, options: &Options) -> Result<Vec<u8>, serde_json::Error> {
    Ok(match options.format {
        Format::Svg => map::svg(topology, positions, options.theme).into_bytes(),
        Format::Json => serde_json::to_vec(&topology.document(options.with_claims))?,
        Format::Graphml => graphml::graphml(topology, positions).into_bytes(),
        Format::Dot => dot::dot(topology, positions).into_bytes(),
        Format::Csv => csv::table(topology, options.table).into_bytes(),
    })
}

/// The longest part of a file name that comes from a network's name.
const MAX_NAME_IN_FILE: usize = 40;

/// A name for the file that a person will find again: `weft-<network>-<time>.<format>`; letters, digits and hyphens only.
pub fn file_name(topology: &Topology, options: &Options) -> String {
    let networks: Vec<_> = topology.networks().collect();
    let place = match &networks[..] {
        [] => String::new(),
        [network] => slug(network.name.as_deref().unwrap_or_default()),
        several => format!("{}-networks", several.len()),
    };
    let place = if place.is_empty() { "mesh" } else { &place };
    let table = match (options.format, options.table) {
        (Format::Csv, table) => format!("-{table}"),
        _ => String::new(),
    };
    format!("weft-{place}-{}{table}.{}", moment_in_name(topology.as_of), options.format)
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => (),
            _ => slug.push('-'),
        }
    }
    slug.truncate(MAX_NAME_IN_FILE);
    slug.trim_end_matches('-').to_owned()
}
