//! Tokens, setup codes and datasets go where they belong, and are found nowhere else.

use super::assistant::{DATASET, Home, NETWORK_KEY, TOKEN, home, token};
use super::matter::{CODE, DIGITS};
use super::*;
use serde_json::json;
use tokio::sync::mpsc;

#[test]
fn no_secret_is_in_captures_views_errors_or_files() {
    run(async {
        let assistant = home(Home::default()).await;
        let matter = Scripted::new(|line| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let secrets = json!({"0/49/1": [NETWORK_KEY], "0/62/0": [DATASET]});
            let mut node = json!({"node_id": 1, "available": true, "note": DATASET.repeat(2), "attributes": secrets});
            node["attributes"]["0/53/1"] = json!(5);
            let _ = sender.send(json!({"event": "attribute_updated", "data": [1, "0/257/5", DIGITS]}));
            async move {
                let _sender = sender;
                super::matter::serve(line, 11, vec![node], receiver).await;
            }
        })
        .await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_home_assistant(&assistant.address, token()).unwrap();
        let id = running.handle.add_matter_server(&matter.address).unwrap();
        running
            .until("both", |running| {
                is_connected(&running.home()) && is_connected(&running.matter()) && !running.nodes().is_empty()
            })
            .await;
        running.handle.adopt(&id, None).unwrap();
        running.until("a code", |running| !running.joiner.codes.lock().unwrap().is_empty()).await;
        running.joiner.outcomes.lock().unwrap().insert(1, false);
        running.until("the failure", |running| running.matter().detail.contains("1 failed")).await;
        // They came where they belong.
        assert_eq!(*running.joiner.codes.lock().unwrap(), [CODE]);
        assert_eq!(running.datasets.lock().unwrap().len(), 1);

        let views = serde_json::to_string(&(running.handle.matter_servers(), running.handle.home_assistants())).unwrap();
        let heard = running.end().await;
        assert!(heard.iter().any(|body| matches!(body, CaptureBody::MatterServerNode(_))));
        let mut said = views;
        for body in &heard {
            said.push_str(&serde_json::to_string(body).unwrap());
            said.push_str(&format!("{body:?}"));
        }
        let files = files(folder.path());
        assert!(!files.is_empty(), "the list is kept");
        for secret in [TOKEN, CODE, DIGITS, NETWORK_KEY, "secret-token-payload", "445f2b5c"] {
            assert!(!said.to_ascii_lowercase().contains(&secret.to_ascii_lowercase()), "{secret} is told");
            for (name, bytes) in &files {
                let is_there = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
                assert!(!is_there, "{secret} is in {name}");
            }
        }
    });
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
