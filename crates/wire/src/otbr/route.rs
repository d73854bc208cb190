//! Which body stands behind which request path.

use super::keys::{self, Key};

/// What a request path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'p> {
    /// `/node`.
    Node,
    /// `/node/rloc16` and the like: one value, and the segment that names it.
    NodeValue(Key, &'p str),
    /// `/node/dataset/active`, `/node/dataset/pending`.
    Dataset,
    /// `/diagnostics`.
    Diagnostics,
    /// `/api/node`.
    ApiNode,
    /// `/api/devices`, `/api/devices/ID`.
    ApiDevices,
    /// `/api/diagnostics`, `/api/diagnostics/ID`.
    ApiDiagnostics,
    /// `/api/actions`, `/api/actions/ID`.
    Actions,
    /// `/.well-known/thread/br-rest`.
    WellKnown,
    /// Known to say nothing about a mesh.
    Silent,
    /// Any other.
    Unknown,
}

impl<'p> Endpoint<'p> {
    /// By the path; query, fragment and doubled slashes do not count.
    pub(super) fn of(path: &'p str) -> Self {
        let mut segments = segments(path);
        match (segments.next(), segments.next(), segments.next()) {
            (Some("node"), None, _) => Self::Node,
            (Some("node"), Some("dataset" | "active-dataset-tlvs" | "pending-dataset-tlvs"), _) => Self::Dataset,
            (Some("node"), Some("commissioner" | "coprocessor" | "ba-epskc"), _) => Self::Silent,
            (Some("node"), Some(name), None) => keys::find(name).map_or(Self::Unknown, |(key, _)| Self::NodeValue(key, name)),
            (Some("diagnostics"), ..) => Self::Diagnostics,
            (Some("api"), Some("node"), None) => Self::ApiNode,
            (Some("api"), Some("devices"), _) => Self::ApiDevices,
            (Some("api"), Some("diagnostics"), _) => Self::ApiDiagnostics,
            (Some("api"), Some("actions"), _) => Self::Actions,
            (Some(".well-known"), ..) => Self::WellKnown,
            (Some("networks"), ..) | (None, ..) => Self::Silent,
            _ => Self::Unknown,
        }
    }
}

/// The segments of a path without its query.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split(['?', '#'])
        .next()
        .unwrap_or_default()
        .split('/')
        .filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_with_and_without_query() {
        for (path, endpoint) in [
            ("/node", Endpoint::Node),
            ("/node/", Endpoint::Node),
            ("/node/rloc16", Endpoint::NodeValue(Key::Rloc16, "rloc16")),
            ("/node/num-of-router?x=1", Endpoint::NodeValue(Key::RouterCount, "num-of-router")),
            ("/node/ba-id", Endpoint::NodeValue(Key::BorderAgentId, "ba-id")),
            ("/node/dataset/pending", Endpoint::Dataset),
            ("/node/ba-epskc/key", Endpoint::Silent),
            ("/diagnostics?type=1", Endpoint::Diagnostics),
            ("/api/node?fields[threadBorderRouter]=rloc16", Endpoint::ApiNode),
            ("/api/diagnostics/b31a066f-73ea-4077-80d8-cccfcd2d9116", Endpoint::ApiDiagnostics),
            ("/api/devices#a/b", Endpoint::ApiDevices),
            ("/api/actions", Endpoint::Actions),
            ("/.well-known/thread/br-rest", Endpoint::WellKnown),
            ("/nosuch", Endpoint::Unknown),
            ("", Endpoint::Silent),
        ] {
            assert_eq!(Endpoint::of(path), endpoint, "{path}");
        }
    }
}
