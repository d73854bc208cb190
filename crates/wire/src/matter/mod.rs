//! Matter: TLV, the clusters that say something about a Thread mesh, and the node objects of Matter servers.
//!
//! Bytes ([`tlv`]) or JSON ([`server`]) become an [`AttributeValue`](weft_model::AttributeValue); [`clusters`] makes facts of it, so that both ways give the
//! same facts. [`report`] reads the attributes of a node together, for what only several attributes say.

pub mod clusters;
mod json;
pub mod report;
pub mod server;
pub mod tlv;

pub use clusters::{decode_attribute, decode_value, encode_fact, is_known_cluster, kind_of, routing_role, routing_role_number};
pub use report::{Answer, decode_report};
pub use server::{ServerNode, decode_node};
