//! Sentences about what a dongle does, for the person.

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
        "opens those of the network whose key Weft has"
    } else {
        "has no key to open them with: parents and links grow from what is not secret in them"
    };
    format!("It hears every frame on channel {}, and {key}.", channel.get())
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

pub(super) fn taking_part(network: &str) -> String {
    format!("It takes part in {network}: it hears what is addressed to it and to everybody, and not what others say to each other.")
}
