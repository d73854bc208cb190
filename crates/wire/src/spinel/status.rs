//! Status codes.

use std::fmt;

/// The value of LAST_STATUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u32);

macro_rules! statuses {
    ($($name:ident = $number:literal $text:literal,)*) => {
        #[allow(missing_docs)] // the names are OpenThread's
        impl Status {
            $(pub const $name: Self = Self($number);)*
        }

        impl Status {
            /// What it means; `None` for a code that is not known here.
            pub const fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    OK = 0 "done",
    FAILURE = 1 "failed",
    UNIMPLEMENTED = 2 "not implemented",
    INVALID_ARGUMENT = 3 "invalid argument",
    INVALID_STATE = 4 "not in this state",
    INVALID_COMMAND = 5 "unknown command",
    INVALID_INTERFACE = 6 "unknown interface",
    INTERNAL_ERROR = 7 "internal error",
    SECURITY_ERROR = 8 "security error",
    PARSE_ERROR = 9 "could not be read",
    IN_PROGRESS = 10 "in progress",
    NO_MEMORY = 11 "out of memory",
    BUSY = 12 "busy",
    PROPERTY_NOT_FOUND = 13 "unknown property",
    DROPPED = 14 "dropped",
    EMPTY = 15 "empty",
    COMMAND_TOO_BIG = 16 "too big",
    NO_ACKNOWLEDGMENT = 17 "not acknowledged",
    CCA_FAILURE = 18 "the channel was busy",
    ALREADY = 19 "already so",
    ITEM_NOT_FOUND = 20 "unknown item",
    INVALID_COMMAND_FOR_PROPERTY = 21 "not for this property",
    UNKNOWN_NEIGHBOR = 22 "unknown neighbour",
    NOT_CAPABLE = 23 "not capable of it",
    RESPONSE_TIMEOUT = 24 "no answer in time",
    SWITCHOVER_DONE = 25 "interface switched",
    SWITCHOVER_FAILED = 26 "interface not switched",
    RESET_POWER_ON = 112 "started after power on",
    RESET_EXTERNAL = 113 "started by the reset line",
    RESET_SOFTWARE = 114 "started by software",
    RESET_FAULT = 115 "started after a fault",
    RESET_CRASH = 116 "started after a crash",
    RESET_ASSERT = 117 "started after a failed assertion",
    RESET_OTHER = 118 "started for another reason",
    RESET_UNKNOWN = 119 "started for an unknown reason",
    RESET_WATCHDOG = 120 "started by the watchdog",
}

impl Status {
    /// True for the codes that a radio sends when it has started.
    pub const fn is_reset(self) -> bool {
        matches!(self.0, 112..=127)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "status {}", self.0),
        }
    }
}
