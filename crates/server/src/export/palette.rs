//! Colours of pictures. The links' three colours can be told apart with every kind of colour vision, and on both backgrounds.

use super::Theme;
use weft_topology::Severity;

/// The colours of one theme.
#[derive(Debug)]
pub(super) struct Palette {
    pub page: &'static str,
    pub map: &'static str,
    pub frame: &'static str,
    pub text: &'static str,
    pub muted: &'static str,
    pub border_router: &'static str,
    pub router: &'static str,
    pub reed: &'static str,
    pub sleepy: &'static str,
    pub ghost: &'static str,
    pub crown: &'static str,
    /// Signs inside of filled shapes.
    pub sign: &'static str,
    /// Links by quality: 1, 2, 3.
    quality: [&'static str; 3],
    pub child: &'static str,
    pub problem: &'static str,
    pub warning: &'static str,
    /// Signs on a warning.
    pub on_warning: &'static str,
}

const LIGHT: Palette = Palette {
    page: "#f4f6f9",
    map: "#fbfcfe",
    frame: "#dbe2ea",
    text: "#17202c",
    muted: "#5b6878",
    border_router: "#8f37c9",
    router: "#16396f",
    reed: "#0b876c",
    sleepy: "#5b6577",
    ghost: "#828e9d",
    crown: "#c98a00",
    sign: "#ffffff",
    quality: ["#a11a2f", "#b08c00", "#1f6fc2"],
    child: "#9aa8ba",
    problem: "#b3261e",
    warning: "#f2b705",
    on_warning: "#3a2a00",
};

const DARK: Palette = Palette {
    page: "#0d1219",
    map: "#0f151e",
    frame: "#2a3646",
    text: "#e7edf5",
    muted: "#9aa9bb",
    border_router: "#cf9ff0",
    router: "#4384f2",
    reed: "#2fcf9d",
    sleepy: "#9aa3ad",
    ghost: "#6f7e92",
    crown: "#f2c14b",
    sign: "#0f151e",
    quality: ["#ea4a72", "#f0d24a", "#5aa9f2"],
    child: "#55657a",
    problem: "#ff8a80",
    warning: "#f2b705",
    on_warning: "#3a2a00",
};

impl Palette {
    pub(super) const fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }

    /// The colour of a link quality from 1 to 3; grey for 0.
    pub(super) const fn quality(&self, quality: u8) -> &'static str {
        match quality {
            1 => self.quality[0],
            2 => self.quality[1],
            3.. => self.quality[2],
            0 => self.ghost,
        }
    }

    pub(super) const fn badge(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Problem => self.problem,
            Severity::Warning | Severity::Info => self.warning,
        }
    }
}
