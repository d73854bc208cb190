//! What is to be known beside the steps: what pairing cannot place and why, names and places that nothing joins, paired devices in trouble.

use super::greedy::{Left, is_worth_a_step};
use super::shares::{rounded, whole};
use super::survey::{Device, Ours, Survey};
use super::types::{PlanContext, Remark, RemarkKind};
use super::words::{Labels, count, list, some};
use crate::snapshot::Id;
use weft_model::words::capitalised;

/// Names that a sentence lists.
const LISTED: usize = 6;

/// Remarks about one network. `steps_left`: some step would still add something.
pub(super) fn remarks(survey: &Survey<'_>, labels: &Labels<'_>, left: &Left, steps_left: bool) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    remarks.extend(paired(survey, labels));
    remarks.extend(outdated(survey, labels));
    let beyond = beyond_pairing(survey, labels, left, steps_left);
    let is_complete = beyond.is_none() && !steps_left && survey.children_to_place == 0 && survey.routers_known;
    remarks.extend(beyond);
    remarks.extend(names_and_places(survey, labels));
    remarks.extend(confirm_only(survey, labels));
    if is_complete && !survey.devices.iter().any(Device::is_unheard_router) {
        remarks.push(complete(survey));
    }
    remarks.sort_by_key(|remark| remark.kind);
    remarks
}

/// The remark that devices are not asked at the moment.
pub(super) fn paused(context: &PlanContext) -> Option<Remark> {
    let view = context.fabric.as_ref().filter(|view| view.paused && !view.devices.is_empty())?;
    let number = u32::try_from(view.devices.len()).unwrap_or(u32::MAX);
    Some(Remark {
        id: "paused:".into(),
        kind: RemarkKind::Paused,
        network: None,
        subjects: Vec::new(),
        count: Some(number),
        about: false,
        title: "Questions are paused".to_owned(),
        detail: format!(
            "{} are paired and not asked until you resume.",
            capitalised(&count(number, "device", "devices"))
        ),
    })
}

struct About<'s, 'a> {
    survey: &'s Survey<'a>,
    labels: &'s Labels<'a>,
}

impl<'a> About<'_, 'a> {
    fn remark(&self, kind: RemarkKind, devices: &[&Device<'a>], title: String, detail: String) -> Remark {
        let mut subjects: Vec<Id> = devices.iter().map(|device| device.node.id.clone()).collect();
        subjects.sort();
        Remark {
            id: format!("{}:{}", kind.name(), self.survey.id()).into(),
            kind,
            network: self.survey.network.map(|network| network.id.clone()),
            subjects,
            count: u32::try_from(devices.len()).ok(),
            about: false,
            title,
            detail,
        }
    }

    fn names(&self, devices: &[&Device<'a>]) -> String {
        let mut names: Vec<String> = devices.iter().map(|device| self.labels.call(device.node)).collect();
        names.sort();
        list(&names, LISTED)
    }
}

fn number<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

fn complete(survey: &Survey<'_>) -> Remark {
    let routers: Vec<&Device<'_>> = survey.devices.iter().filter(|device| device.is_placed_router()).collect();
    let placed = u32::try_from(survey.placed()).unwrap_or(u32::MAX);
    Remark {
        id: format!("complete:{}", survey.id()).into(),
        kind: RemarkKind::Complete,
        network: survey.network.map(|network| network.id.clone()),
        subjects: Vec::new(),
        count: Some(placed),
        about: false,
        title: "Everything that is known of has its place".to_owned(),
        detail: format!(
            "{} told who their children are, and {} on the map.",
            capitalised(&count(number(&routers), "router", "routers")),
            if placed == 1 {
                "one device is".to_owned()
            } else {
                format!("{placed} devices are")
            }
        ),
    }
}

/// Paired devices that tell less than they could.
fn paired(survey: &Survey<'_>, labels: &Labels<'_>) -> Vec<Remark> {
    let about = About { survey, labels };
    let those = |wanted: fn(&Device<'_>) -> bool| -> Vec<&Device<'_>> { survey.devices.iter().filter(|device| wanted(device)).collect() };
    let mut remarks = Vec::new();
    let reading = those(|device| device.is_being_read());
    if !reading.is_empty() {
        remarks.push(about.remark(
            RemarkKind::BeingRead,
            &reading,
            format!(
                "{}: tables still to be read",
                capitalised(&count(number(&reading), "paired device", "paired devices"))
            ),
            format!("{}. Nothing has to be done; sleepy devices take longer.", about.names(&reading)),
        ));
    }
    let silent = those(|device| matches!(device.ours, Ours::Silent(_)));
    if !silent.is_empty() {
        remarks.push(about.remark(
            RemarkKind::Silent,
            &silent,
            format!(
                "{} {} not answer",
                capitalised(&count(number(&silent), "paired device", "paired devices")),
                if silent.len() == 1 { "does" } else { "do" }
            ),
            format!(
                "{}. Check power and battery, and whether the app that it was paired with first still reaches it.",
                about.names(&silent)
            ),
        ));
    }
    let idle = those(|device| matches!(device.ours, Ours::LongIdle(_)) && !device.tables().children);
    if !idle.is_empty() {
        remarks.push(about.remark(
            RemarkKind::LongIdle,
            &idle,
            format!(
                "{} too long to be asked",
                capitalised(&format!(
                    "{} sleep{}",
                    count(number(&idle), "paired device", "paired devices"),
                    if idle.len() == 1 { "s" } else { "" }
                ))
            ),
            format!("{}. Switch on its check-in, and it tells when it wakes.", about.names(&idle)),
        ));
    }
    let without = those(|device| device.tables().refused);
    if !without.is_empty() {
        remarks.push(about.remark(
            RemarkKind::NoTables,
            &without,
            format!(
                "{} no tables to tell",
                capitalised(&format!(
                    "{} {}",
                    count(number(&without), "device", "devices"),
                    if without.len() == 1 { "has" } else { "have" }
                ))
            ),
            format!(
                "{}. Their makers left out what tells of the mesh; pairing adds nothing.",
                about.names(&without)
            ),
        ));
    }
    remarks
}

fn outdated(survey: &Survey<'_>, labels: &Labels<'_>) -> Option<Remark> {
    let about = About { survey, labels };
    let old: Vec<&Device<'_>> = survey
        .devices
        .iter()
        .filter(|device| device.tables().old && !matches!(device.ours, Ours::Silent(_)))
        .collect();
    if old.is_empty() {
        return None;
    }
    Some(about.remark(
        RemarkKind::Outdated,
        &old,
        format!("What {} told is old", count(number(&old), "device", "devices")),
        format!("{}. They have to be read again before their part of the map is sure.", about.names(&old)),
    ))
}

/// Children below routers that cannot be paired, and cannot be placed by pairing themselves.
fn beyond_pairing(survey: &Survey<'_>, labels: &Labels<'_>, left: &Left, steps_left: bool) -> Option<Remark> {
    let about = About { survey, labels };
    let closed: Vec<&Device<'_>> = survey
        .devices
        .iter()
        .filter(|device| device.is_unheard_router() || (!survey.routers_known && device.is_border_router() && !device.placed))
        .filter(|device| !device.candidate && device.ours == Ours::No)
        .collect();
    if closed.is_empty() {
        return None;
    }
    // At the end nobody will tell any more which of the names are routers, so each may be a child; border routers are not meant.
    let border_routers = survey.devices.iter().filter(|device| !device.placed && device.is_border_router()).count();
    // A border router that announces no radio address may be on the map already, as a router without a name.
    let nameless = survey
        .devices
        .iter()
        .filter(|device| device.is_placed_router() && device.is_anonymous())
        .count();
    let border_routers = border_routers.saturating_sub(nameless);
    let at_most = left.devices().saturating_sub(whole(border_routers));
    let devices = rounded(if steps_left || survey.routers_known { left.children } else { at_most });
    let routers = format!("{}: {}", count(number(&closed), "router", "routers"), about.names(&closed));
    if !survey.counted_by_names || devices == 0 {
        let how_many = if survey.counted_by_names {
            "Nothing on the LAN announces itself that has no place yet, so there may be none; devices need not announce themselves."
        } else {
            "Nothing on the LAN tells how many children they have."
        };
        let remark = about.remark(
            RemarkKind::BeyondPairing,
            &closed,
            format!("Children of {} cannot be seen by pairing", count(number(&closed), "router", "routers")),
            format!("They are not Matter devices, as far as anything tells, so nobody can read their tables that way ({routers}). {how_many}"),
        );
        return Some(Remark { count: None, ..remark });
    }
    let how_many = if steps_left {
        some(devices, true, "device", "devices")
    } else {
        format!("up to {}", count(devices, "device", "devices"))
    };
    let hangs = if devices == 1 { "hangs" } else { "hang" };
    let remark = about.remark(
        RemarkKind::BeyondPairing,
        &closed,
        format!("{} {hangs} below routers that are not Matter devices: pairing will never place them", capitalised(&how_many)),
        format!("Nobody can read the tables of {routers}. The number is that of names on the LAN without a place; a registration can outlive its device. Asking the mesh through a border router would place them."),
    );
    Some(Remark {
        count: Some(devices),
        about: true,
        ..remark
    })
}

/// Names without a place, and places without a name.
fn names_and_places(survey: &Survey<'_>, labels: &Labels<'_>) -> Vec<Remark> {
    let about = About { survey, labels };
    let names: Vec<&Device<'_>> = survey
        .devices
        .iter()
        .filter(|device| !device.placed && !device.candidate && !device.is_border_router())
        .filter(|device| device.node.extended_address.is_none() && device.node.name.is_some())
        .collect();
    let places: Vec<&Device<'_>> = survey
        .devices
        .iter()
        .filter(|device| device.placed && device.node.name.is_none())
        .collect();
    let mut remarks = Vec::new();
    if !names.is_empty() {
        let join = match number(&places) {
            0 => String::new(),
            1 => " One place on the map has no name, and may be one of them.".to_owned(),
            places => format!(" {places} places on the map have no name, and may be some of them."),
        };
        remarks.push(about.remark(
            RemarkKind::NamesWithoutPlace,
            &names,
            format!("{} known by name only", capitalised(&format!("{} {}", count(number(&names), "device", "devices"), if names.len() == 1 { "is" } else { "are" }))),
            format!(
                "{} (HomeKit and the like): what they announce does not tell which radio they are.{join} Asking the mesh through a border router joins them, or you, by naming a place on the map.",
                about.names(&names)
            ),
        ));
    }
    if !places.is_empty() {
        let by_pairing = places.iter().filter(|device| device.candidate).count();
        let pairing = match u32::try_from(by_pairing).unwrap_or(u32::MAX) {
            0 => String::new(),
            devices => format!(" Pairing tells the names of {devices} of them."),
        };
        remarks.push(about.remark(
            RemarkKind::PlacesWithoutName,
            &places,
            format!("{} on the map without a name", capitalised(&count(number(&places), "device", "devices"))),
            format!("Others tell of them, and nothing tells what they are.{pairing} You can name them on the map."),
        ));
    }
    remarks
}

/// Matter devices that others have placed already.
fn confirm_only(survey: &Survey<'_>, labels: &Labels<'_>) -> Option<Remark> {
    let about = About { survey, labels };
    let devices: Vec<&Device<'_>> = (0..survey.devices.len())
        .filter(|&place| survey.devices[place].candidate && !is_worth_a_step(survey, place))
        .map(|place| &survey.devices[place])
        .collect();
    if devices.is_empty() {
        return None;
    }
    Some(about.remark(
        RemarkKind::ConfirmOnly,
        &devices,
        format!(
            "{} need not be paired",
            capitalised(&count(number(&devices), "more Matter device", "more Matter devices"))
        ),
        format!(
            "Their parents have told of them: {}. Pairing them would confirm their links, and tell their names.",
            about.names(&devices)
        ),
    ))
}
