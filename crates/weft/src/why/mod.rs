//! `weft why DEVICE`: everything that is believed about one device, and who says so.

pub(crate) mod find;
mod render;

use crate::arguments::WhyArguments;
use crate::mesh::{self, Mesh};
use crate::output::{print, tell};
use crate::show::Style;
use crate::text::{self, Paint};
use crate::view::Indexed;
use anyhow::{Result, bail};

/// Prints what is believed about the device.
///
/// # Errors
/// Where no device is meant, or more than one.
pub(crate) fn why(arguments: &WhyArguments) -> Result<()> {
    let Mesh { view, origin } = mesh::of(arguments.file.as_deref(), arguments.data.as_deref(), arguments.at)?;
    let indexed = Indexed::new(&view);
    let found = find::find(&view, &arguments.device);
    let node = match found[..] {
        [node] => node,
        [] => bail!("no device is known by {:?}; `weft show` lists all", arguments.device),
        _ => {
            for node in &found {
                tell(find::line(&indexed, node));
            }
            bail!(
                "{} are meant by {:?}: say which, by its id",
                text::count(found.len(), "device", "devices"),
                arguments.device
            )
        }
    };
    let style = Style {
        width: text::columns(),
        paint: Paint::new(arguments.color),
    };
    let page = render::device(&indexed, node, &origin, &style);
    print(|output| output.write_all(page.as_bytes()))
}

#[cfg(test)]
mod tests;
