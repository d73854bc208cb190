//! Thread datasets that Home Assistant holds. They go to whoever keeps credentials, and nowhere else.

use super::super::DatasetSink;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use weft_model::CredentialOrigin;
use weft_thread::credential::OperationalDataset;
use zeroize::{Zeroize, Zeroizing};

/// Datasets of one Home Assistant.
const MAX_DATASETS: usize = 64;
/// The longest id of one.
const MAX_ID_BYTES: usize = 100;

/// Which datasets were handed over, so that none is twice.
#[derive(Default)]
pub(super) struct HandedOver {
    seen: BTreeSet<u64>,
    /// How many there are.
    pub(super) count: u32,
    /// Datasets that could not be read.
    pub(super) unusable: u32,
}

impl HandedOver {
    /// Takes a dataset in hexadecimal digits.
    pub(super) fn take(&mut self, tlvs: Zeroizing<String>, sink: Option<&DatasetSink>, name: &str) {
        let mut hasher = DefaultHasher::new();
        tlvs.to_ascii_lowercase().hash(&mut hasher);
        if self.seen.len() >= MAX_DATASETS || !self.seen.insert(hasher.finish()) {
            return;
        }
        match OperationalDataset::from_hex(&tlvs) {
            Ok(dataset) => {
                self.count += 1;
                if let Some(sink) = sink {
                    sink(&dataset, CredentialOrigin::HomeAssistant, name);
                }
            }
            Err(_) => self.unusable += 1,
        }
    }
}

/// Ids in the answer to `thread/list_datasets`.
pub(super) fn ids(answer: &Value) -> Vec<String> {
    let list = answer.get("datasets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ids = list.iter().filter_map(|dataset| dataset.get("dataset_id")?.as_str());
    ids.filter(|id| id.len() <= MAX_ID_BYTES).take(MAX_DATASETS).map(str::to_owned).collect()
}

/// The dataset in the answer to `thread/get_dataset_tlv`.
pub(super) fn tlv(answer: &mut Value) -> Option<Zeroizing<String>> {
    secret(answer.get_mut("tlv")?)
}

/// Datasets in the answer to `otbr/info`: by extended address in newer versions, of the one border router in older ones.
pub(super) fn of_border_routers(answer: &mut Value) -> Vec<Zeroizing<String>> {
    const KEY: &str = "active_dataset_tlvs";
    let Value::Object(members) = answer else { return Vec::new() };
    if let Some(tlvs) = members.get_mut(KEY) {
        return secret(tlvs).into_iter().collect();
    }
    let routers = members.values_mut().take(MAX_DATASETS);
    routers.filter_map(|router| secret(router.get_mut(KEY)?)).collect()
}

/// Takes a secret out of an answer.
fn secret(value: &mut Value) -> Option<Zeroizing<String>> {
    match value.take() {
        Value::String(text) => Some(Zeroizing::new(text)),
        mut other => {
            if let Value::Array(list) = &mut other {
                for item in list {
                    if let Value::String(text) = item {
                        text.zeroize();
                    }
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_of_old_and_new_versions() {
        let list = json!({"datasets": [{"dataset_id": "a", "network_name": "Home"}, {"dataset_id": "x".repeat(101)}, {"dataset_id": 5}, null]});
        assert_eq!(ids(&list), ["a"]);
        assert!(ids(&json!([])).is_empty());
        assert_eq!(tlv(&mut json!({"tlv": "0e08"})).unwrap().as_str(), "0e08");
        assert!(tlv(&mut json!({"tlv": 5})).is_none() && tlv(&mut json!(null)).is_none());
        let mut old = json!({"url": "http://core-openthread-border-router:8081", "active_dataset_tlvs": "0e08"});
        let mut new = json!({"aeeb2f594b570bbf": {"url": "http://a", "active_dataset_tlvs": "0e08"}, "b": {"active_dataset_tlvs": null}, "c": 7});
        for answer in [&mut old, &mut new] {
            let taken = of_border_routers(answer);
            assert_eq!((taken.len(), taken[0].as_str()), (1, "0e08"));
            assert!(!answer.to_string().contains("0e08"), "it is taken out");
        }
    }

    #[test]
    fn what_is_no_dataset_is_counted_once() {
        let mut handed_over = HandedOver::default();
        for _ in 0..3 {
            handed_over.take(Zeroizing::new("no digits".to_owned()), None, "http://home");
        }
        assert_eq!((handed_over.count, handed_over.unusable), (0, 1));
    }
}
