//! `matter-server`: what a Matter server's WebSocket API gives, in a file.
//!
//! Read are a `get_nodes` list; an object with `nodes` (a list, or an object by node id) and perhaps `server_info`; the message of the API
//! that carries one of these as its `result`; and, from documentation only, Home Assistant's diagnostics download, which has them below `data`.

use super::Imported;
use crate::input;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::io::Read;
use std::path::{Path, PathBuf};
use weft_evidence::{CaptureBody, MatterServerNode};
use weft_model::Timestamp;
use weft_wire::matter::decode_node;

/// The largest file. Forty-four devices take 2 MiB.
const MAX_FILE_BYTES: u64 = 512 << 20;
/// Objects that carry the one that is looked for.
const WRAPPERS: [&str; 3] = ["result", "data", "server"];
/// Where a server describes itself.
const SERVER_INFORMATION: [&str; 2] = ["server_info", "info"];

/// Reads the files.
///
/// # Errors
/// Where one cannot be opened.
pub(super) fn read(files: &[PathBuf], at: Option<Timestamp>) -> Result<Imported> {
    let mut imported = Imported::default();
    for file in files {
        let mut text = Vec::new();
        let name = input::name_of(file);
        let read = input::open(file)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut text);
        if let Err(error) = read {
            imported.skip(format!("cannot be read: {error}"));
        } else if text.len() as u64 > MAX_FILE_BYTES {
            imported.skip(format!("longer than {} MiB", MAX_FILE_BYTES >> 20));
        } else if let Err(error) = read_file(file, &text, at, &mut imported) {
            imported.skip(format!("{error:#}"));
        }
        imported.tell(&name);
    }
    Ok(imported)
}

fn read_file(file: &Path, text: &[u8], at: Option<Timestamp>, imported: &mut Imported) -> Result<()> {
    let json: Value = serde_json::from_slice(text).context("no JSON")?;
    let (nodes, fabric) = nodes_of(json).context("neither a list of nodes nor an object with \"nodes\"")?;
    let server = fabric.unwrap_or_else(|| {
        imported.remark("does not tell its fabric (server_info.compressed_fabric_id); the file's name stands for it".to_owned());
        format!("file:{}", input::name_of(file))
    });
    let mut newest = at;
    let mut usable = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let said = decode_node(&node);
        if said.node.is_none() {
            let problem = said.problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
            imported.skip(format!("node {}: no node_id{problem}", index + 1));
            continue;
        }
        // The server's cache is at least as new as its newest reading, whichever node that was of; how much newer, the file does not tell.
        if at.is_none() {
            newest = newest.max(said.last_interview);
        }
        usable.push(node);
    }
    let moment = newest.with_context(|| {
        format!(
            "no time stands in it (last_interview): say with --at when its {} nodes were read",
            usable.len()
        )
    })?;
    for node in usable {
        imported.keep(
            moment,
            CaptureBody::MatterServerNode(MatterServerNode {
                server: server.clone(),
                node,
                fresh: Vec::new(),
                interval_seconds: None,
            }),
        );
    }
    Ok(())
}

/// The node objects, and the compressed fabric id in hexadecimal digits where the server tells it.
fn nodes_of(json: Value) -> Option<(Vec<Value>, Option<String>)> {
    let mut json = json;
    // Each turn goes one wrapper deeper, and no wrapper is in itself.
    for _ in 0..=WRAPPERS.len() {
        let mut object = match json {
            Value::Array(nodes) => return Some((nodes, None)),
            Value::Object(object) => object,
            _ => return None,
        };
        let fabric = fabric_of(&object);
        match object.remove("nodes") {
            Some(Value::Array(nodes)) => return Some((nodes, fabric)),
            Some(Value::Object(nodes)) => return Some((nodes.into_iter().map(|(_, node)| node).collect(), fabric)),
            Some(_) => return None,
            None => json = WRAPPERS.iter().find_map(|wrapper| object.remove(*wrapper))?,
        }
    }
    None
}

fn fabric_of(object: &Map<String, Value>) -> Option<String> {
    let information = SERVER_INFORMATION.iter().find_map(|key| object.get(*key));
    let fabric = information?.get("compressed_fabric_id")?.as_u64()?;
    Some(format!("{fabric:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: &Value, at: Option<Timestamp>) -> (Imported, Result<()>) {
        let mut imported = Imported::default();
        let read = read_file(Path::new("home/dump.json"), json.to_string().as_bytes(), at, &mut imported);
        (imported, read)
    }

    fn node(id: u64, last_interview: &str) -> Value {
        json!({"node_id": id, "last_interview": last_interview, "attributes": {}})
    }

    fn servers(imported: &Imported) -> Vec<(String, String, u64)> {
        let server = |item: &super::super::Item| match &item.body {
            CaptureBody::MatterServerNode(body) => (item.at.to_string(), body.server.clone(), body.node["node_id"].as_u64().unwrap()),
            other => panic!("{other}"),
        };
        imported.items.iter().map(server).collect()
    }

    #[test]
    fn all_nodes_have_the_time_of_the_newest_reading_and_the_fabric_of_the_server() {
        let nodes = [
            node(1, "2026-11-21T12:16:05.418023"),
            node(18_446_744_073_709_551_615, "2026-11-21T12:17:49.481000"),
        ];
        let expected: Vec<_> = [1, u64::MAX]
            .map(|id| ("2026-11-21T12:17:49.481Z".to_owned(), "850271eceddb396f".to_owned(), id))
            .into();
        let information = json!({"compressed_fabric_id": 9_584_348_219_414_624_623u64});
        let (list, by_id) = (json!(nodes), json!({"1": nodes[0], "2": nodes[1]}));
        for json in [
            json!({"server_info": information, "nodes": list}),
            json!({"server_info": information, "nodes": by_id}),
            json!({"home_assistant": {}, "data": {"server": {"info": information, "nodes": list}}}),
        ] {
            let (imported, read) = read(&json, None);
            read.unwrap();
            assert_eq!(servers(&imported), expected, "{json}");
        }
    }

    #[test]
    fn a_bare_list_is_named_after_its_file_and_says_so() {
        for json in [
            json!([node(1, "2026-11-21T12:16:05Z")]),
            json!({"message_id": "1", "result": [node(1, "2026-11-21T12:16:05Z")]}),
        ] {
            let (imported, read) = read(&json, None);
            read.unwrap();
            assert_eq!(servers(&imported)[0].1, "file:dump.json");
            assert!(imported.remarks[0].contains("compressed_fabric_id"));
        }
    }

    #[test]
    fn without_any_time_it_asks_for_one() {
        let json = json!([{"node_id": 1, "attributes": {}}, {"attributes": {}}]);
        let (imported, refused) = read(&json, None);
        assert!(refused.unwrap_err().to_string().contains("--at"));
        assert!(imported.items.is_empty());
        let at: Timestamp = "2026-11-21T13:00:00Z".parse().unwrap();
        let (imported, taken) = read(&json, Some(at));
        taken.unwrap();
        assert_eq!(
            servers(&imported),
            [("2026-11-21T13:00:00.000Z".to_owned(), "file:dump.json".to_owned(), 1)]
        );
        assert_eq!(imported.skipped, 1);
        assert!(imported.remarks.iter().any(|remark| remark.starts_with("node 2: no node_id")));
    }

    #[test]
    fn other_json_is_refused() {
        for json in [
            json!(5),
            json!({"nodes": 5}),
            json!({"result": {"result": {"result": {"result": {"result": []}}}}}),
            json!({}),
        ] {
            assert!(read(&json, None).1.is_err(), "{json}");
        }
    }
}
