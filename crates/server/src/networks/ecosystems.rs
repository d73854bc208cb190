//! Where people find what opens their network, ecosystem by ecosystem. The page and the command line tell the same.
//!
//! Only what makers or their users document. Where an ecosystem gives nothing, that is said.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an ecosystem gives its user to open a Thread network with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ecosystem {
    /// Names it: `home-assistant`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it gives, in a sentence; says so where it gives nothing.
    pub summary: String,
    /// Where to find it, the easiest first. Empty where there is nothing.
    pub places: Vec<CredentialPlace>,
}

/// One place where something that opens a network is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialPlace {
    /// What is found there.
    pub gives: PlaceKind,
    /// Where, and what to do with it.
    pub how: String,
}

/// What is found at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// Weft fetches it by itself.
    ByItself,
    /// The dataset, in hexadecimal digits.
    Dataset,
    /// A one-time passcode.
    Passcode,
    /// Nothing to enter here, but a way to Home Assistant, which Weft can ask.
    ThroughHomeAssistant,
}

impl PlaceKind {
    /// In a word or two.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ByItself => "by itself",
            Self::Dataset => "dataset",
            Self::Passcode => "passcode",
            Self::ThroughHomeAssistant => "through Home Assistant",
        }
    }
}

struct Known {
    id: &'static str,
    name: &'static str,
    summary: &'static str,
    places: &'static [(PlaceKind, &'static str)],
}

// Sources, as of 2026-08: home-assistant.io/integrations/thread, home-assistant/core 177371 and 177007, home-assistant/android 3583;
// openthread.io CLI reference; ot-br-posix 3480; developer.espressif.com 2026-01; matter-smarthome.de on IKEA and SmartThings; The Verge 2026-06 on Apple
// and Google; developers.home.google.com/thread; developer.amazon.com Thread support; support.eero.com 4403996992539; Matter 1.4, Thread Border Router
// Management.
const KNOWN: [Known; 10] = [
    Known {
        id: "home-assistant",
        name: "Home Assistant",
        summary: "Stores the datasets of its own network and of those that phones brought in. The easiest way there is.",
        places: &[
            (
                PlaceKind::ByItself,
                "Connect Weft to Home Assistant with a long-lived access token (your profile there, Security): `weft network home-assistant ADDRESS --token-file -`, or on the page. Weft fetches what is stored.",
            ),
            (
                PlaceKind::Dataset,
                "Settings, Devices & services, Thread, Configure: the information sign beside the network of Home Assistant's own border router shows its \"Active dataset TLVs\". Of other networks Home Assistant shows no dataset, even where it stores one: connect Weft to it instead.",
            ),
            (
                PlaceKind::Passcode,
                "Newer versions may offer to share the network's credentials on the same page; the one-time code that is shown can be entered here.",
            ),
        ],
    },
    Known {
        id: "openthread",
        name: "OpenThread Border Router",
        summary: "Gives the dataset over its REST API where that can be reached, and to its own command line always.",
        places: &[
            (
                PlaceKind::ByItself,
                "Weft tries the REST API of border routers that announce themselves as OpenThread's. One that is elsewhere is named with `weft network rest ADDRESS`. Home Assistant's own keeps its API inside the host: connect Home Assistant instead.",
            ),
            (
                PlaceKind::Dataset,
                "On the border router: `ot-ctl dataset active -x` (in a container: `docker exec -it CONTAINER ot-ctl dataset active -x`). The line of hexadecimal digits is the dataset.",
            ),
            (
                PlaceKind::Passcode,
                "On the border router, with OpenThread of 2025 and later: `ot-ctl ba ephemeralkey enable`, then `ot-ctl ba ephemeralkey start 123456` with digits of your own. It is good for two minutes.",
            ),
        ],
    },
    Known {
        id: "esp",
        name: "ESP Thread Border Router (Espressif)",
        summary: "Runs OpenThread: its serial console gives the dataset, and its web page one-time codes where the firmware has them.",
        places: &[(
            PlaceKind::Dataset,
            "On its serial console: `dataset active -x`; with Matter firmware `matter esp ot_cli dataset active -x`.",
        )],
    },
    Known {
        id: "smartthings",
        name: "Samsung SmartThings",
        summary: "Gives a one-time passcode.",
        places: &[
            (
                PlaceKind::Passcode,
                "In the app, on the hub: Settings, Manage Thread network, Unify Thread networks, Share SmartThings network. It shows a QR code and a one-time passcode. Choose this hub's way in Weft and enter the passcode while it is shown.",
            ),
            (
                PlaceKind::Dataset,
                "The hub's page at my.smartthings.com/advanced tells network key, channel, PAN ID (in decimal) and extended PAN ID. That is enough to open frames, and not enough to ask the mesh: the PSKc is missing. The passcode is better.",
            ),
        ],
    },
    Known {
        id: "ikea",
        name: "IKEA Home smart (DIRIGERA)",
        summary: "Gives a one-time passcode.",
        places: &[(
            PlaceKind::Passcode,
            "Hub firmware 2.866.4 or newer. In the app, in the hub's settings under More actions: Thread network. The first of its two choices shows a code of nine digits: enter it here while it is shown.",
        )],
    },
    Known {
        id: "apple",
        name: "Apple Home (HomePod, Apple TV)",
        summary: "Keeps the dataset in the iCloud keychain and shows it nobody. By mid-2026 its Thread 1.4 had no way to show a passcode yet; if your Home app shows one, it can be entered here.",
        places: &[(
            PlaceKind::ThroughHomeAssistant,
            "On an iPhone or iPad, Home Assistant's companion app can bring the keychain's credentials to Home Assistant: Settings, Devices & services, Thread, Configure, in the app. Connect Weft to Home Assistant then.",
        )],
    },
    Known {
        id: "google",
        name: "Google Home (Nest, TV Streamer)",
        summary: "Keeps the dataset in Google Play services and shows it nobody. The TV Streamer can share its network with a one-time code.",
        places: &[
            (
                PlaceKind::Passcode,
                "Google TV Streamer with the update of June 2026: Share Thread network credentials, in its settings, shows a QR code. Early versions were reported not to work.",
            ),
            (
                PlaceKind::ThroughHomeAssistant,
                "On Android, Home Assistant's companion app can bring credentials to Home Assistant: Settings, Devices & services, Thread, Configure, in the app. Phones often hand over an old network: Weft compares and says so.",
            ),
        ],
    },
    Known {
        id: "amazon",
        name: "Amazon Alexa (Echo) and eero",
        summary: "Hands credentials to partner apps only. Nothing is known that shows its user a dataset or a passcode: pair devices with Weft, or plug in a dongle.",
        places: &[],
    },
    Known {
        id: "aqara",
        name: "Aqara (Hub M3, M100 and others)",
        summary: "Nothing is documented that shows its user a dataset. If the hub's Thread settings in the app offer to share the network, the one-time code that is shown can be entered here; else pair devices with Weft.",
        places: &[],
    },
    Known {
        id: "matter",
        name: "Any border router that is a Matter device itself",
        summary: "May hand its dataset to the fabrics that it is in (Thread Border Router Management, Matter 1.4), Weft's among them.",
        places: &[(
            PlaceKind::ByItself,
            "Pair the border router with Weft (`weft pair -`), where its app shares it. Weft asks it for its dataset.",
        )],
    },
];

/// What each ecosystem gives.
pub fn ecosystems() -> Vec<Ecosystem> {
    let of = |known: &Known| Ecosystem {
        id: known.id.to_owned(),
        name: known.name.to_owned(),
        summary: known.summary.to_owned(),
        places: known
            .places
            .iter()
            .map(|(gives, how)| CredentialPlace {
                gives: *gives,
                how: (*how).to_owned(),
            })
            .collect(),
    };
    KNOWN.iter().map(of).collect()
}
