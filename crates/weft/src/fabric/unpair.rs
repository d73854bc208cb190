//! `weft unpair`: removes Weft from devices.

use super::arguments::UnpairArguments;
use super::door::Door;
use super::names::{Meant, meant};
use crate::output::{print, tell};
use crate::{WrongUsage, ask, mesh, text};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use weft_model::{FabricView, MatterNodeId, PairedDevice};
use weft_server::Left;

/// Leaves devices.
///
/// # Errors
/// Where a device is not known, could not be told, or the person does not agree.
pub(crate) fn unpair(arguments: &UnpairArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    if mesh::owner_of(&directory).is_none() && !weft_matter::Fabric::exists(&super::folder(&directory)) {
        bail!("no device is paired: there is no fabric in {}", directory.display());
    }
    // Read before the data directory is taken: afterwards this process itself is its owner.
    let map = if arguments.all {
        None
    } else {
        mesh::of(None, Some(&directory), None).ok().map(|mesh| mesh.view)
    };
    let door = Door::open(&directory)?;
    let left = door.view().and_then(|fabric| {
        let meant: Vec<Meant> = if arguments.all {
            let all = |device: &PairedDevice| Meant {
                node: device.node,
                is_named: false,
            };
            fabric.devices.iter().map(all).collect()
        } else {
            let wanted = arguments.nodes.iter();
            wanted.map(|wanted| meant(wanted, &fabric, map.as_ref())).collect::<Result<_>>()?
        };
        let nodes: BTreeSet<MatterNodeId> = meant.iter().map(|meant| meant.node).collect();
        if nodes.is_empty() {
            tell("no device is paired");
            return Ok(Vec::new());
        }
        if !arguments.yes && meant.iter().any(|meant| !meant.is_named) {
            agree(&fabric, &nodes)?;
        }
        tell(format!(
            "leaving {}; sleepy ones take a while",
            text::count(nodes.len(), "device", "devices")
        ));
        let left = door.unpair(nodes.into_iter().collect(), arguments.forget)?;
        report(&fabric, &left)?;
        Ok(left)
    });
    let closed = door.close();
    let left = left?;
    closed?;
    let failed = left.iter().filter(|left| !left.ok).count();
    if failed > 0 {
        bail!(
            "{} could not be told: try again when they have power and are near, or give them up with --forget",
            text::count(failed, "device", "devices")
        );
    }
    Ok(())
}

/// Asks, where devices were not named by their ids or whole names.
fn agree(fabric: &FabricView, nodes: &BTreeSet<MatterNodeId>) -> Result<()> {
    let what = match nodes.first() {
        Some(node) if nodes.len() == 1 => {
            let device = fabric.devices.iter().find(|device| device.node == *node);
            let name = device.and_then(|device| device.name.as_deref()).unwrap_or_default();
            text::clean(format!("{node} {name}").trim_end())
        }
        _ => text::count(nodes.len(), "device", "devices"),
    };
    match ask::yes(&format!("Unpair {what}? It would have to be paired anew."))? {
        Some(true) => Ok(()),
        Some(false) => bail!("nothing was unpaired"),
        None => Err(WrongUsage(format!("{what} would be unpaired; nobody can be asked here, so say it with --yes")).into()),
    }
}

fn report(fabric: &FabricView, left: &[Left]) -> Result<()> {
    let name = |node: MatterNodeId| {
        let device = fabric.devices.iter().find(|device| device.node == node);
        device.and_then(|device| device.name.clone()).unwrap_or_default()
    };
    print(|output| {
        for one in left {
            let state = if one.ok { "left" } else { "not left" };
            let why = one.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let line = format!("{state:9} {} {}{why}", one.node, name(one.node));
            writeln!(output, "{}", text::clean(line.trim_end()))?;
        }
        Ok(())
    })
}
