//! A node of ours in a mesh, as whoever asks the mesh through it sees it. What it is made of is the affair of whoever has the radio.

use std::net::Ipv6Addr;
use tokio::sync::{mpsc, watch};
use weft_model::{Airtime, ExtendedAddress, ExtendedPanId, MeshLocalPrefix, Rloc16};

/// Messages that may wait in each direction of a conversation. What finds no room is as what is lost on the air: it is repeated.
const CAPACITY: usize = 64;

/// A node of ours.
pub trait OwnNode: Send + Sync + 'static {
    /// Where it stands; `None`: none is wanted. Told anew whenever that changes.
    fn standing(&self) -> watch::Receiver<Option<NodeStanding>>;

    /// Begins a conversation with the mesh; another one ends by that.
    fn converse(&self) -> Conversation;

    /// The network whose frames its radio hears and opens with the network's key, also while no node is wanted; `None`: none lately. Told anew whenever that changes.
    fn hears(&self) -> watch::Receiver<Option<ExtendedPanId>>;

    /// What it sent and was sent since this was last called, over its own hop.
    fn take_spent(&self) -> Airtime;
}

/// Where a node of ours stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStanding {
    /// The network that it belongs to.
    pub network: ExtendedPanId,
    /// What that is called.
    pub network_name: Option<String>,
    /// The mesh's prefix: locators are made of it.
    pub mesh_local_prefix: MeshLocalPrefix,
    /// Its radio's address.
    pub extended_address: ExtendedAddress,
    /// The locator of the router whose child it is; `None`: it has no place at the moment.
    pub parent: Option<Rloc16>,
    /// Where it stands, in a sentence.
    pub detail: String,
    /// Where its radio is: a serial port.
    pub port: Option<String>,
}

/// What comes of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromMesh {
    /// A management message (TMF).
    Message {
        /// Who sent it.
        source: Ipv6Addr,
        /// CoAP.
        datagram: Vec<u8>,
    },
    /// The node lost its place: why.
    Lost(String),
}

/// A message to the mesh: to whom, and CoAP.
pub type ToMesh = (Ipv6Addr, Vec<u8>);

/// The asking end. Dropped, the conversation ends.
#[derive(Debug)]
pub struct Conversation {
    /// Messages to the mesh.
    pub to: mpsc::Sender<ToMesh>,
    /// What comes back.
    pub from: mpsc::Receiver<FromMesh>,
}

/// The node's end.
#[derive(Debug)]
pub struct NodeEnd {
    /// Messages to send.
    pub to: mpsc::Receiver<ToMesh>,
    /// For what comes.
    pub from: mpsc::Sender<FromMesh>,
}

/// Both ends of a conversation.
pub fn conversation() -> (Conversation, NodeEnd) {
    let (to, to_mesh) = mpsc::channel(CAPACITY);
    let (from_mesh, from) = mpsc::channel(CAPACITY);
    (
        Conversation { to, from },
        NodeEnd {
            to: to_mesh,
            from: from_mesh,
        },
    )
}
