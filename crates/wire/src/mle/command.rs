//! MLE commands.

use std::fmt;

/// The number of an MLE command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u8);

macro_rules! commands {
    ($($name:ident = $number:literal $text:literal,)*) => {
        #[allow(missing_docs)] // the names are those of the specification
        impl Command {
            $(pub const $name: Self = Self($number);)*
        }

        impl Command {
            /// The name; `None` for a number that the specification does not have.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    LINK_REQUEST = 0 "Link Request",
    LINK_ACCEPT = 1 "Link Accept",
    LINK_ACCEPT_AND_REQUEST = 2 "Link Accept and Request",
    LINK_REJECT = 3 "Link Reject",
    ADVERTISEMENT = 4 "Advertisement",
    UPDATE = 5 "Update",
    UPDATE_REQUEST = 6 "Update Request",
    DATA_REQUEST = 7 "Data Request",
    DATA_RESPONSE = 8 "Data Response",
    PARENT_REQUEST = 9 "Parent Request",
    PARENT_RESPONSE = 10 "Parent Response",
    CHILD_ID_REQUEST = 11 "Child ID Request",
    CHILD_ID_RESPONSE = 12 "Child ID Response",
    CHILD_UPDATE_REQUEST = 13 "Child Update Request",
    CHILD_UPDATE_RESPONSE = 14 "Child Update Response",
    ANNOUNCE = 15 "Announce",
    DISCOVERY_REQUEST = 16 "Discovery Request",
    DISCOVERY_RESPONSE = 17 "Discovery Response",
    LINK_METRICS_MANAGEMENT_REQUEST = 18 "Link Metrics Management Request",
    LINK_METRICS_MANAGEMENT_RESPONSE = 19 "Link Metrics Management Response",
    LINK_PROBE = 20 "Link Probe",
    TIME_SYNC = 99 "Time Sync",
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "command {}", self.0),
        }
    }
}
