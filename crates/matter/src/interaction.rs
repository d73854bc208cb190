//! Reading, without generated types: paths in, values as TLV out.

pub(crate) mod assembly;
pub(crate) mod invoke;
pub(crate) mod message;
pub(crate) mod read;
pub(crate) mod subscribe;
pub(crate) mod tlv;

/// Which attributes; `None` stands for all (Matter core specification 1.4, 8.9.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributePath {
    /// Endpoint.
    pub endpoint: Option<u16>,
    /// Cluster.
    pub cluster: Option<u32>,
    /// Attribute.
    pub attribute: Option<u32>,
}

/// One attribute as a node reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeReport {
    /// Endpoint.
    pub endpoint: u16,
    /// Cluster.
    pub cluster: u32,
    /// Attribute.
    pub attribute: u32,
    /// The value as one anonymous TLV element, list chunks put together; or the status that the node answered instead.
    pub value: Result<Vec<u8>, u8>,
}
