//! Sentences about what a dongle does, for the person.

use std::io;
use weft_model::Channel;

/// A reason as a sentence.
pub(super) fn sentence(reason: &str) -> String {
    let mut characters = reason.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str().trim_end_matches('.')),
        None => String::new(),
    }
}

pub(super) fn absent(reason: &str) -> String {
    format!("{} Weft uses it as soon as it is there.", sentence(reason))
}

pub(super) fn deaf(reason: &str) -> String {
    format!("{} Weft tries again by itself.", sentence(reason))
}

pub(super) fn starting(path: &str) -> String {
    format!("The port {path} is open, and the radio is being set up.")
}

pub(super) fn listening(channel: Channel, opens: bool) -> String {
    let key = if opens {
        "opens what fits the key that it has"
    } else {
        "has no key to open it with: parents and links grow from what is not secret"
    };
    format!("It listens to everything on channel {}, and {key}.", channel.get())
}

pub(super) const SEARCHING: &str = "It listens on all channels in turn until it finds a Thread network: it hears a sixteenth of what is said.";

pub(super) fn scanning(channel: Option<Channel>) -> String {
    match channel {
        Some(channel) => format!(
            "It goes through all channels once, and is deaf on channel {} until it is back.",
            channel.get()
        ),
        None => "It goes through all channels once.".to_owned(),
    }
}

/// Why a port that was open is not any more.
pub(super) fn lost(path: &str, error: &io::Error) -> String {
    /// Input/output error, no such device or address, no such device: what Linux and macOS say of a port whose device is gone.
    const GONE: [i32; 3] = [5, 6, 19];
    let is_gone = matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound
    );
    if is_gone || error.raw_os_error().is_some_and(|number| GONE.contains(&number)) {
        return format!("{path} was pulled out, or its driver went away");
    }
    format!("{path} went away: {error}")
}

pub(super) fn looking_for_channel(network: &str) -> String {
    format!("It looks for the channel of {network}: meanwhile it hears hardly anything of what others say.")
}

pub(super) fn looking_for_parent(network: &str) -> String {
    format!("It looks for a parent in {network}: meanwhile it hears hardly anything of what others say.")
}

pub(super) fn taking_part(network: &str) -> String {
    format!("It takes part in {network}: it hears what is addressed to it and to everybody, and not what others say to each other.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_pulled_out_is_told_from_one_that_fails() {
        for gone in [
            io::ErrorKind::BrokenPipe.into(),
            io::ErrorKind::UnexpectedEof.into(),
            io::Error::from_raw_os_error(19),
        ] {
            assert_eq!(lost("/dev/ttyACM0", &gone), "/dev/ttyACM0 was pulled out, or its driver went away");
        }
        let slow = io::Error::new(io::ErrorKind::TimedOut, "it takes nothing");
        assert_eq!(lost("/dev/ttyACM0", &slow), "/dev/ttyACM0 went away: it takes nothing");
    }
}
