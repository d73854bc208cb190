//! What a Matter server says of itself as soon as somebody connects.

use super::super::hub::Times;
use super::super::socket::{Socket, Trouble, remark};
use serde_json::Value;
use tokio::time::timeout;
use weft_model::CompressedFabricId;

/// The schema that Weft speaks at least (python-matter-server since the end of 2024): attributes under `endpoint/cluster/attribute`, structures by field
/// numbers, readings answered by path.
const OLDEST_SCHEMA: u64 = 11;
/// The newest whose description was read. A newer one is spoken to as long as it says that it still understands this one.
const NEWEST_SCHEMA: u64 = 14;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Information {
    /// The fabric that its nodes are on.
    pub(super) fabric: Option<CompressedFabricId>,
    /// Product and version.
    pub(super) product: String,
    /// Version of its API.
    pub(super) schema: u64,
}

/// Connects and reads what the server says of itself.
pub(super) async fn connect(address: &str, times: Times) -> Result<(Socket, Information), Trouble> {
    let mut socket = Socket::connect(address, times.connect).await?;
    let first = timeout(times.greeting, async {
        loop {
            if let Some(message) = socket.hear().await? {
                return Ok(message);
            }
        }
    });
    let message = first.await.map_err(|_| {
        Trouble::Unreachable(format!(
            "{address} takes the connection and says nothing within {} s: it is no Matter server, or it hangs",
            times.greeting.as_secs()
        ))
    })??;
    let information = read(&message, address)?;
    Ok((socket, information))
}

/// True where a Matter server answers.
pub(in super::super) async fn answers_at(address: &str, times: Times) -> bool {
    match connect(address, times).await {
        Ok((socket, _)) => {
            socket.close().await;
            true
        }
        Err(_) => false,
    }
}

/// Reads `server_info`.
pub(super) fn read(message: &Value, address: &str) -> Result<Information, Trouble> {
    let number = |key: &str| message.get(key).and_then(Value::as_u64);
    let Some(schema) = number("schema_version") else {
        return Err(Trouble::NotUnderstood(format!(
            "{address} is no Matter server: it does not tell its schema_version"
        )));
    };
    let sdk = message.get("sdk_version").and_then(Value::as_str).map(remark).unwrap_or_default();
    if schema < OLDEST_SCHEMA {
        return Err(Trouble::NotUnderstood(format!(
            "the Matter server at {address} speaks schema {schema}, and Weft {OLDEST_SCHEMA} at least: update the Matter server"
        )));
    }
    let oldest = number("min_supported_schema_version").unwrap_or(schema);
    if oldest > NEWEST_SCHEMA {
        return Err(Trouble::NotUnderstood(format!(
            "the Matter server at {address} speaks schema {oldest} at least, and Weft {NEWEST_SCHEMA} at most: update Weft"
        )));
    }
    let product = match sdk.as_str() {
        "" => format!("Matter server, schema {schema}"),
        // matterjs-server says its own name there, python-matter-server the version of its SDK.
        sdk if sdk.contains("matter.js") || sdk.contains("matter-server") => format!("{sdk}, schema {schema}"),
        sdk => format!("python-matter-server, SDK {sdk}, schema {schema}"),
    };
    Ok(Information {
        fabric: number("compressed_fabric_id").map(CompressedFabricId::from_u64),
        product,
        schema,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_servers_are_known_by_what_they_say() {
        let python = json!({"fabric_id": 1, "compressed_fabric_id": 14_008_264_138_868_947_362u64, "schema_version": 11,
            "min_supported_schema_version": 9, "sdk_version": "2025.7.0", "wifi_credentials_set": false});
        let read_python = read(&python, "ws://host").unwrap();
        assert_eq!(read_python.product, "python-matter-server, SDK 2025.7.0, schema 11");
        assert_eq!(read_python.fabric, Some(CompressedFabricId::from_u64(14_008_264_138_868_947_362)));
        let matterjs = json!({"schema_version": 14, "min_supported_schema_version": 11, "sdk_version": "matter-server/1.1.7 (matter.js/0.17.5)"});
        assert_eq!(read(&matterjs, "").unwrap().product, "matter-server/1.1.7 (matter.js/0.17.5), schema 14");
        let newer = json!({"schema_version": 40, "min_supported_schema_version": 12, "sdk_version": "x"});
        assert!(read(&newer, "").is_ok(), "it says that it understands older ones");
    }

    #[test]
    fn what_is_not_understood_is_said_with_what_to_do() {
        for (message, expected) in [
            (json!({"type": "auth_required"}), "is no Matter server"),
            (json!([1]), "is no Matter server"),
            (json!({"schema_version": 7}), "update the Matter server"),
            (json!({"schema_version": 99, "min_supported_schema_version": 50}), "update Weft"),
        ] {
            let Err(Trouble::NotUnderstood(text)) = read(&message, "ws://host:5580/ws") else {
                panic!("{message}")
            };
            assert!(text.contains(expected) && text.contains("ws://host:5580/ws"), "{text}");
        }
    }

    #[tokio::test]
    async fn who_takes_the_connection_and_says_nothing_is_given_up_within_twenty_seconds() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}/ws", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let _open = tokio_tungstenite::accept_async(stream).await.unwrap();
            std::future::pending::<()>().await;
        });
        let failed = timeout(std::time::Duration::from_secs(20), connect(&address, Times::standard())).await;
        let Ok(Err(Trouble::Unreachable(text))) = failed else {
            panic!("it is still waited for, or is told otherwise")
        };
        assert!(text.contains("says nothing within 8 s") && text.contains(&address), "{text}");
    }
}
