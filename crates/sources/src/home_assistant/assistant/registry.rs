//! Which name and room Home Assistant gives to Matter devices: pure.

use super::super::kept::Said;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{Annotation, AnnotationTarget, CompressedFabricId, MatterNodeId, MatterPeer};

/// Devices of one Home Assistant that are looked at.
const MAX_DEVICES: usize = 20_000;
/// The longest name or room.
const MAX_CHARS: usize = 120;
/// The integration whose identifiers name Matter nodes, and how they begin and end: `deviceid_<fabric>-<node>-MatterNodeDevice`. Other endings are endpoints of
/// bridges and composed devices, which are no nodes.
const INTEGRATION: &str = "matter";
const IDENTIFIER_BEGINS: &str = "deviceid_";
const IDENTIFIER_ENDS: &str = "-MatterNodeDevice";

/// A Matter device as Home Assistant has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    id: String,
    peer: MatterPeer,
    name: Option<String>,
    area: Option<String>,
}

/// Matter nodes in the answer to `config/device_registry/list`.
pub(super) fn devices(list: &Value) -> Vec<Device> {
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().take(MAX_DEVICES).filter_map(device).collect()
}

fn device(device: &Value) -> Option<Device> {
    let identifiers = device.get("identifiers")?.as_array()?;
    let peer = identifiers.iter().find_map(|pair| {
        let [integration, identifier] = pair.as_array()?.as_slice() else {
            return None;
        };
        (integration.as_str()? == INTEGRATION).then(|| peer(identifier.as_str()?)).flatten()
    })?;
    Some(Device {
        id: device.get("id")?.as_str()?.to_owned(),
        peer,
        name: text(device.get("name_by_user")).or_else(|| text(device.get("name"))),
        area: device.get("area_id").and_then(Value::as_str).map(str::to_owned),
    })
}

fn peer(identifier: &str) -> Option<MatterPeer> {
    let instance = identifier.strip_prefix(IDENTIFIER_BEGINS)?.strip_suffix(IDENTIFIER_ENDS)?;
    let (fabric, node) = instance.split_once('-')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
    };
    Some(MatterPeer {
        fabric: CompressedFabricId::from_u64(number(fabric)?),
        node: MatterNodeId::from_u64(number(node)?),
    })
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().filter(|letter| !letter.is_control()).take(MAX_CHARS).collect())
}

/// True where a device has no room of its own, and its entities have to be looked at.
pub(super) fn lacks_rooms(devices: &[Device]) -> bool {
    devices.iter().any(|device| device.area.is_none())
}

/// Name and room by operational instance name. A device without a room is where its entities are, if they are all in one.
pub(super) fn names_and_rooms(devices: &[Device], areas: &Value, entities: Option<&Value>) -> Vec<(String, Option<String>, Option<String>)> {
    let areas: BTreeMap<&str, String> = areas
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|area| Some((area.get("area_id")?.as_str()?, text(area.get("name"))?)))
        .collect();
    let mut areas_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entity in entities.and_then(Value::as_array).into_iter().flatten() {
        let device = entity.get("device_id").and_then(Value::as_str);
        if let (Some(device), Some(area)) = (device, entity.get("area_id").and_then(Value::as_str)) {
            areas_of.entry(device).or_default().insert(area);
        }
    }
    let room = |device: &Device| {
        let area = device.area.as_deref().or_else(|| {
            let areas = areas_of.get(device.id.as_str()).filter(|areas| areas.len() == 1)?;
            areas.first().copied()
        })?;
        areas.get(area).cloned()
    };
    devices
        .iter()
        .map(|device| (device.peer.to_string(), device.name.clone(), room(device)))
        .collect()
}

/// What is said otherwise than the last time: a name or room that is no more is an empty text. Remembers it.
pub(in super::super) fn news(
    said: &mut Said,
    devices: Vec<(String, Option<String>, Option<String>)>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut news = Vec::new();
    for (peer, name, room) in devices {
        let (old_name, old_room) = said.get(&peer).cloned().unwrap_or_default();
        let change = |new: &Option<String>, old: Option<String>| (*new != old).then(|| new.clone().unwrap_or_default());
        let (new_name, new_room) = (change(&name, old_name), change(&room, old_room));
        if new_name.is_some() || new_room.is_some() {
            news.push((peer.clone(), new_name, new_room));
            said.insert(peer, (name, room));
        }
    }
    news
}

/// The capture's body; `None` where the instance name is none.
pub(super) fn annotation((instance, name, room): (String, Option<String>, Option<String>)) -> Option<Annotation> {
    Some(Annotation {
        identify: AnnotationTarget {
            matter: Some(peer(&format!("{IDENTIFIER_BEGINS}{instance}{IDENTIFIER_ENDS}"))?),
            ..AnnotationTarget::default()
        },
        name,
        room,
        // What a person says here counts before what they said there.
        suggested: Some(true),
        ..Annotation::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PEER: &str = "C262E738648869A2-0000000000000007";

    fn list() -> Value {
        json!([
            {"id": "a", "name": "Eve Door", "name_by_user": "Front door", "area_id": "hall",
             "identifiers": [["matter", "serial_XY1"], ["matter", format!("deviceid_{PEER}-MatterNodeDevice")]]},
            {"id": "b", "name": "Hub", "area_id": null, "identifiers": [["matter", "deviceid_C262E738648869A2-0000000000000008-MatterNodeDevice"]]},
            {"id": "c", "name": "Behind the hub", "area_id": "hall", "identifiers": [["matter", "deviceid_C262E738648869A2-0000000000000008-3"]]},
            {"id": "d", "name": "Bulb", "area_id": "hall", "identifiers": [["zha", format!("deviceid_{PEER}-MatterNodeDevice")]]},
            {"id": "e", "identifiers": [["matter", "deviceid_C262-7-MatterNodeDevice"], ["matter"], 5, ["matter", null]]},
            {"identifiers": null}, 7, null
        ])
    }

    #[test]
    fn matter_nodes_get_their_name_and_room() {
        let devices = devices(&list());
        assert_eq!(devices.len(), 2);
        assert!(lacks_rooms(&devices));
        let areas = json!([{"area_id": "hall", "name": " Hall "}, {"area_id": "attic", "name": "Attic"}, {"area_id": "x"}]);
        let one = json!([{"device_id": "b", "area_id": "attic"}, {"device_id": "b", "area_id": null}, {"device_id": "a", "area_id": "attic"}]);
        let told = names_and_rooms(&devices, &areas, Some(&one));
        assert_eq!(told[0], (PEER.to_owned(), Some("Front door".to_owned()), Some("Hall".to_owned())));
        assert_eq!((told[1].1.as_deref(), told[1].2.as_deref()), (Some("Hub"), Some("Attic")));
        let two = json!([{"device_id": "b", "area_id": "attic"}, {"device_id": "b", "area_id": "hall"}]);
        assert_eq!(names_and_rooms(&devices, &areas, Some(&two))[1].2, None, "its entities are in two rooms");
        assert!(
            devices
                .iter()
                .all(|device| names_and_rooms(std::slice::from_ref(device), &json!(null), None)[0].2.is_none())
        );
    }

    #[test]
    fn only_what_changed_is_said_again() {
        let mut said = Said::new();
        let is = |name: Option<&str>, room: Option<&str>| vec![(PEER.to_owned(), name.map(str::to_owned), room.map(str::to_owned))];
        assert_eq!(news(&mut said, is(Some("Door"), Some("Hall"))), is(Some("Door"), Some("Hall")));
        assert!(news(&mut said, is(Some("Door"), Some("Hall"))).is_empty());
        assert_eq!(news(&mut said, is(Some("Door"), Some("Attic"))), is(None, Some("Attic")));
        assert_eq!(news(&mut said, is(Some("Door"), None)), is(None, Some("")), "taken back");
        assert!(news(&mut said, is(Some("Door"), None)).is_empty());
        assert!(news(&mut said, Vec::new()).is_empty());
        let annotation = annotation(is(None, Some(""))[0].clone()).unwrap();
        assert_eq!(
            serde_json::to_value(&annotation).unwrap(),
            json!({"identify": {"matter": {"fabric": "c262e738648869a2", "node": "0000000000000007"}}, "room": "", "suggested": true})
        );
    }
}
