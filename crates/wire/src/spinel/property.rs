//! Property numbers.

use std::fmt;

/// The number of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property(pub u32);

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        impl Property {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// The name that OpenThread gives it; `None` for a number that is not known here.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

properties! {
    /// Result of the last command, or why the radio started: a [`super::Status`].
    LAST_STATUS = 0,
    /// Two packed numbers: major, minor.
    PROTOCOL_VERSION = 1,
    /// Firmware, as text.
    NCP_VERSION = 2,
    /// Packed number; 3 is Thread.
    INTERFACE_TYPE = 3,
    /// Packed number.
    VENDOR_ID = 4,
    /// Packed numbers.
    CAPS = 5,
    /// One byte.
    INTERFACE_COUNT = 6,
    /// One byte.
    POWER_STATE = 7,
    /// The chip's EUI-64.
    HWADDR = 8,
    /// One byte.
    MCU_POWER_STATE = 13,
    /// Boolean: the radio is on.
    PHY_ENABLED = 0x20,
    /// One byte.
    PHY_CHAN = 0x21,
    /// Bytes: channels.
    PHY_CHAN_SUPPORTED = 0x22,
    /// Four bytes, kHz.
    PHY_FREQ = 0x23,
    /// One signed byte, dBm.
    PHY_CCA_THRESHOLD = 0x24,
    /// One signed byte, dBm.
    PHY_TX_POWER = 0x25,
    /// One signed byte, dBm: what is heard now.
    PHY_RSSI = 0x26,
    /// One signed byte, dBm.
    PHY_RX_SENSITIVITY = 0x27,
    /// Boolean.
    PHY_PCAP_ENABLED = 0x28,
    /// Bytes: channels.
    PHY_CHAN_PREFERRED = 0x29,
    /// One signed byte, dB.
    PHY_FEM_LNA_GAIN = 0x2a,
    /// Channel and signed dBm.
    PHY_CHAN_MAX_POWER = 0x2b,
    /// Two bytes.
    PHY_REGION_CODE = 0x2c,
    /// One byte: 0 idle, 1 beacon scan, 2 energy scan.
    MAC_SCAN_STATE = 0x30,
    /// Bytes: channels.
    MAC_SCAN_MASK = 0x31,
    /// Two bytes, milliseconds on each channel.
    MAC_SCAN_PERIOD = 0x32,
    /// What a scan found.
    MAC_SCAN_BEACON = 0x33,
    /// Extended address, as it is printed.
    MAC_15_4_LADDR = 0x34,
    /// Two bytes: short address.
    MAC_15_4_SADDR = 0x35,
    /// Two bytes: PAN id.
    MAC_15_4_PANID = 0x36,
    /// Boolean: frames come as [`Self::STREAM_RAW`].
    MAC_RAW_STREAM_ENABLED = 0x37,
    /// One byte: a [`super::PromiscuousMode`].
    MAC_PROMISCUOUS_MODE = 0x38,
    /// Channel and signed dBm: a [`super::EnergyScanResult`].
    MAC_ENERGY_SCAN_RESULT = 0x39,
    /// Four bytes, milliseconds.
    MAC_DATA_POLL_PERIOD = 0x3a,
    /// Boolean.
    MAC_RX_ON_WHEN_IDLE_MODE = 0x3b,
    /// Two bytes: the short address that is still listened to after a change.
    MAC_15_4_ALT_SADDR = 0x3c,
    /// When to listen, for how long, on which channel.
    MAC_RX_AT = 0x3d,
    /// Text.
    STREAM_DEBUG = 0x70,
    /// Radio frames: [`super::ReceivedFrame`], [`super::TransmitFrame`].
    STREAM_RAW = 0x71,
    /// Text with a level and region.
    STREAM_LOG = 0x74,
    /// Packed number: version of the interface between radio and host.
    RCP_API_VERSION = 0xb0,
    /// Packed number: the oldest host that the radio serves.
    RCP_MIN_HOST_API_VERSION = 0xb1,
    /// Where the firmware crashed last.
    RCP_LOG_CRASH_DUMP = 0xb2,
    /// Key id mode, index, previous, current and next MAC key: a secret.
    RCP_MAC_KEY = 0x800,
    /// Four bytes, and optionally "only if larger".
    RCP_MAC_FRAME_COUNTER = 0x801,
    /// Eight bytes, microseconds.
    RCP_TIMESTAMP = 0x802,
    /// Link metrics in acknowledgments.
    RCP_ENH_ACK_PROBING = 0x803,
    /// One byte, parts per million.
    RCP_CSL_ACCURACY = 0x804,
    /// One byte, ten microseconds.
    RCP_CSL_UNCERTAINTY = 0x805,
    /// Packed number: what the radio does by itself.
    RADIO_CAPS = 0x120b,
    /// Counters of coexistence with other radios.
    RADIO_COEX_METRICS = 0x120c,
    /// Boolean.
    RADIO_COEX_ENABLE = 0x120d,
    /// Boolean: the radio tells some senders of data polls that something waits.
    MAC_SRC_MATCH_ENABLED = 0x1303,
    /// Short addresses for that.
    MAC_SRC_MATCH_SHORT_ADDRESSES = 0x1304,
    /// Extended addresses for that.
    MAC_SRC_MATCH_EXTENDED_ADDRESSES = 0x1305,
    /// Packed number.
    UNSOL_UPDATE_FILTER = 0x1008,
    /// Packed numbers.
    UNSOL_UPDATE_LIST = 0x1009,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "property {:#x}", self.0),
        }
    }
}
