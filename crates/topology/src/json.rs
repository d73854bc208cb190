//! The topology as one JSON object: lists over all parts, sorted by id, nothing copied. The same topology gives the same bytes.

use crate::{Id, NetworkTopology, Topology};
use serde::ser::{Impossible, SerializeStruct, Serializer};
use serde::{Serialize, ser};
use std::io::{self, Write};
use std::sync::Arc;

/// The value of `format`.
pub const FORMAT: &str = "weft-topology";
/// The value of `version`. Additions do not raise it; a change of meaning does.
pub const VERSION: u32 = 1;

impl Topology {
    /// The contract's object, to be serialised by any serializer. Without claims, nodes and links have no `claims` field at all:
    /// an empty list would say that nobody claims them.
    pub fn document(&self, with_claims: bool) -> Document<'_> {
        Document { topology: self, with_claims }
    }

    /// Writes the contract's object on one line.
    ///
    /// # Errors
    /// What `out` gives.
    pub fn write_json(&self, out: &mut impl Write, with_claims: bool) -> io::Result<()> {
        serde_json::to_writer(out, &self.document(with_claims)).map_err(io::Error::from)
    }
}

/// A topology as the contract shows it. See [`Topology::document`].
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    topology: &'a Topology,
    with_claims: bool,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Topology {
            as_of,
            valid_until,
            parts,
            findings,
        } = self.topology;
        let with_claims = self.with_claims;
        let mut fields = serializer.serialize_struct("Topology", 8)?;
        fields.serialize_field("format", FORMAT)?;
        fields.serialize_field("version", &VERSION)?;
        fields.serialize_field("as_of", as_of)?;
        fields.serialize_field("valid_until", valid_until)?;
        fields.serialize_field("networks", &sorted(parts, |part| part.network.as_slice(), &[], |network| &network.id))?;
        fields.serialize_field(
            "nodes",
            &Listed {
                items: sorted(parts, |part| &part.nodes, &[], |node| &node.id),
                with_claims,
            },
        )?;
        fields.serialize_field(
            "links",
            &Listed {
                items: sorted(parts, |part| &part.links, &[], |link| &link.id),
                with_claims,
            },
        )?;
        fields.serialize_field("findings", &sorted(parts, |part| &part.findings, findings, |finding| &finding.id))?;
        fields.end()
    }
}

/// References to the items of all parts and `more`, by id.
fn sorted<'a, T>(parts: &'a [Arc<NetworkTopology>], list: fn(&'a NetworkTopology) -> &'a [T], more: &'a [T], id: fn(&T) -> &Id) -> Vec<&'a T> {
    let mut items: Vec<&T> = parts.iter().flat_map(|part| list(part)).chain(more).collect();
    items.sort_by(|one, other| id(one).cmp(id(other)));
    items
}

struct Listed<'a, T> {
    items: Vec<&'a T>,
    with_claims: bool,
}

impl<T: Serialize> Serialize for Listed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.with_claims {
            serializer.collect_seq(&self.items)
        } else {
            serializer.collect_seq(self.items.iter().map(|item| WithoutClaims(*item)))
        }
    }
}

/// Serialises a node or a link (any struct) without its field `claims`, and without copying it.
#[derive(Debug, Clone, Copy)]
pub struct WithoutClaims<'a, T>(pub &'a T);

impl<T: Serialize> Serialize for WithoutClaims<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(DropClaims(serializer))
    }
}

const CLAIMS: &str = "claims";

/// A serializer of structs that passes one field over.
struct DropClaims<S>(S);

struct DropClaimsFields<F>(F);

impl<F: SerializeStruct> SerializeStruct for DropClaimsFields<F> {
    type Ok = F::Ok;
    type Error = F::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), F::Error> {
        if key == CLAIMS {
            self.0.skip_field(key)
        } else {
            self.0.serialize_field(key, value)
        }
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), F::Error> {
        self.0.skip_field(key)
    }

    fn end(self) -> Result<F::Ok, F::Error> {
        self.0.end()
    }
}

fn no_struct<T, E: ser::Error>() -> Result<T, E> {
    Err(E::custom("only a struct has a field to leave out"))
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, S::Error> {
            no_struct()
        }
    )*};
}

impl<S: Serializer> Serializer for DropClaims<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = DropClaimsFields<S::SerializeStruct>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.0.serialize_struct(name, len.saturating_sub(1)).map(DropClaimsFields)
    }

    refuse! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        no_struct()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<S::Ok, S::Error> {
        no_struct()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, _: &T) -> Result<S::Ok, S::Error> {
        no_struct()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CaptureReference, Claim, Finding, KnownAs, Link, LinkKind, Medium, Network, Node, Role, Severity, State};
    use serde_json::Value;
    use weft_model::Timestamp;

    fn claim() -> Claim {
        Claim {
            source: "lan".into(),
            reporter: "n1".into(),
            fact: "leader-data".into(),
            observed_at: None,
            capture: CaptureReference {
                recording: Some("recording".into()),
                store: None,
                seq: 7,
            },
        }
    }

    fn node(id: &str) -> Node {
        Node {
            id: id.into(),
            previous_ids: Vec::new(),
            network: None,
            partition_id: None,
            extended_address: None,
            rloc16: None,
            role: Role::Unknown,
            border_router: false,
            name: None,
            room: None,
            pin: None,
            note: None,
            muted: false,
            muted_since: None,
            vendor: None,
            model: None,
            state: State::OneSided,
            parent: None,
            last_parent: None,
            parents: Vec::new(),
            heard_by_dongle: None,
            last_heard_at: None,
            path: None,
            addresses: Vec::new(),
            known_as: KnownAs::default(),
            unheard: false,
            independent_paths: None,
            claims: vec![claim()],
        }
    }

    fn link(a: &str, b: &str) -> Link {
        Link {
            id: format!("{a}~{b}").into(),
            kind: LinkKind::Router,
            medium: Medium::Radio,
            a: a.into(),
            b: b.into(),
            state: State::Confirmed,
            a_hears_b: None,
            b_hears_a: None,
            claims: vec![claim()],
        }
    }

    fn finding(id: &str) -> Finding {
        let subjects = Vec::new();
        Finding {
            id: id.into(),
            kind: "second-partition",
            severity: Severity::Info,
            subjects,
            title: String::new(),
            detail: String::new(),
            advice: String::new(),
            muted: None,
        }
    }

    fn topology() -> Topology {
        let network = |id: &str| Network {
            id: id.into(),
            extended_pan_id: None,
            name: None,
            pan_id: None,
            channel: Some(25),
            mesh_local_prefix: None,
            omr_prefixes: Vec::new(),
            partitions: Vec::new(),
        };
        let part = |id: Option<&str>, nodes: &[&str], links: Vec<Link>, findings: &[&str]| {
            Arc::new(NetworkTopology {
                network: id.map(network),
                nodes: nodes.iter().map(|id| node(id)).collect(),
                links,
                findings: findings.iter().map(|id| finding(id)).collect(),
                clues: Vec::new(),
                half_words: Vec::new(),
                valid_until: Timestamp::MAX,
            })
        };
        Topology {
            as_of: Timestamp::MIN,
            valid_until: Timestamp::MAX,
            parts: vec![
                part(Some("1111"), &["b", "d"], vec![link("b", "d")], &["f2"]),
                part(Some("2222"), &["a", "e"], vec![link("a", "e")], &["f1"]),
                part(None, &["c"], Vec::new(), &[]),
            ],
            findings: vec![finding("f0"), finding("f3")],
        }
    }

    fn json(topology: &Topology, with_claims: bool) -> Value {
        let mut bytes = Vec::new();
        topology.write_json(&mut bytes, with_claims).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn ids(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn lists_are_sorted_by_id_over_all_parts() {
        let json = json(&topology(), true);
        assert_eq!(json["format"], FORMAT);
        assert_eq!(json["version"], VERSION);
        assert_eq!(json["as_of"], "1970-01-01T00:00:00.000Z");
        assert_eq!(json["valid_until"], "9999-12-31T23:59:59.999Z");
        assert_eq!(ids(&json["networks"]), ["1111", "2222"]);
        assert_eq!(ids(&json["nodes"]), ["a", "b", "c", "d", "e"]);
        assert_eq!(ids(&json["links"]), ["a~e", "b~d"]);
        assert_eq!(ids(&json["findings"]), ["f0", "f1", "f2", "f3"]);
    }

    #[test]
    fn claims_are_the_only_thing_left_out() {
        let topology = topology();
        let mut full = json(&topology, true);
        assert_eq!(full["nodes"][0]["claims"][0]["capture"]["seq"], 7);
        for list in ["nodes", "links"] {
            for item in full[list].as_array_mut().unwrap() {
                assert!(item.as_object_mut().unwrap().remove(CLAIMS).is_some());
            }
        }
        assert_eq!(full, json(&topology, false));
    }

    #[test]
    fn the_same_topology_gives_the_same_bytes_however_its_parts_are_ordered() {
        let one = topology();
        let mut other = one.clone();
        other.parts.reverse();
        let bytes = |topology: &Topology| serde_json::to_vec(&topology.document(true)).unwrap();
        assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn only_structs_lose_their_claims() {
        assert!(serde_json::to_string(&WithoutClaims(&7u8)).is_err());
        assert!(serde_json::to_string(&WithoutClaims(&vec![1u8])).is_err());
    }
}
