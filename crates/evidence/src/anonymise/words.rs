//! The same pseudonyms for identifiers that stand outside of captures: in a topology that was concluded from them.

use super::Anonymiser;
use std::net::Ipv6Addr;
use weft_model::Ipv6Prefix;

/// Gives single values the pseudonyms that they have in captures, or takes note of them first, to find them in texts. See [`Anonymiser::learning`] and
/// [`Anonymiser::replacing`].
#[derive(Debug)]
pub struct Words<'a>(&'a mut Anonymiser);

impl Anonymiser {
    /// To show values that are to be found in texts.
    pub fn learning(&mut self) -> Words<'_> {
        self.is_learning = true;
        Words(self)
    }

    /// To replace values.
    pub fn replacing(&mut self) -> Words<'_> {
        self.is_learning = false;
        Words(self)
    }
}

impl Words<'_> {
    /// True while values are only shown.
    pub fn is_learning(&self) -> bool {
        self.0.is_learning
    }

    /// An extended address, EUI-64, extended PAN id or fabric id.
    pub fn identifier(&mut self, id: &mut [u8; 8]) {
        *id = self.0.id8(*id);
    }

    /// An IPv6 address.
    pub fn address(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        self.0.ipv6(address)
    }

    /// The first 64 bits of an address.
    pub fn mesh_local_prefix(&mut self, prefix: &mut [u8; 8]) {
        *prefix = self.0.prefix(*prefix);
    }

    /// A prefix. The bits beyond its length stay zero.
    pub fn prefix(&mut self, prefix: &mut Ipv6Prefix) {
        let mapped = self.0.ipv6(prefix.address());
        if let Some(mapped) = Ipv6Prefix::new(mapped, prefix.length())
            && !self.0.is_learning
        {
            *prefix = mapped;
        }
    }

    /// A name that people or programs gave.
    pub fn name(&mut self, name: &mut String) {
        self.0.name(name);
    }

    /// A host name.
    pub fn host(&mut self, host: &mut String) {
        self.0.host(host);
    }

    /// A node's id in a topology, or a link's: identifiers, or the name of a registration.
    pub fn node(&mut self, id: &mut String) {
        self.0.node_reference(id);
    }

    /// Free text: what has the form of an identifier, and what was shown before.
    pub fn text(&mut self, text: &mut String) {
        self.0.text(text);
    }
}

impl Anonymiser {
    /// A node's id as topologies make it (`0a…`, `<network>/<partition>/<rloc16>`, `lan/<service>/<instance>`, `matter/<fabric>-<node>`), or two of them with `~` between.
    pub(super) fn node_reference(&mut self, id: &mut String) {
        let mut changed = String::with_capacity(id.len());
        let mut rest = id.as_str();
        loop {
            if let Some((service, instance)) = rest.strip_prefix("lan/").and_then(|rest| rest.split_once('/')) {
                let (mut service, mut instance) = (service.to_owned(), instance.to_owned());
                self.text(&mut service);
                self.name(&mut instance);
                changed.extend(["lan/", &service, "/", &instance]);
                break;
            }
            let (end, more) = rest.split_once('~').map_or((rest, None), |(end, more)| (end, Some(more)));
            let mut end = end.to_owned();
            self.text(&mut end);
            changed.push_str(&end);
            let Some(more) = more else { break };
            changed.push('~');
            rest = more;
        }
        *id = changed;
    }

    /// A finding's id: `<kind>:<subject>,<subject>…`.
    pub(super) fn finding_reference(&mut self, id: &mut String) {
        let Some((kind, subjects)) = id.split_once(':') else {
            return self.text(id);
        };
        let subjects: Vec<String> = subjects
            .split(',')
            .map(|subject| {
                let mut subject = subject.to_owned();
                self.node_reference(&mut subject);
                subject
            })
            .collect();
        *id = format!("{kind}:{}", subjects.join(","));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids come from recordings of others, too.
    #[test]
    fn an_id_of_any_length_is_replaced() {
        let mut anonymiser = Anonymiser::new([7; 32]);
        let mut id = format!("{}66c37ef4099b2c66~lan/_hap._udp/Hall ~ lamp", "~".repeat(200_000));
        anonymiser.replacing().node(&mut id);
        let id = id.trim_start_matches('~');
        let (address, registration) = id.split_once('~').unwrap();
        assert_ne!(address, "66c37ef4099b2c66");
        assert!(
            registration.starts_with("lan/_hap._udp/") && !registration.contains("lamp"),
            "{registration}"
        );
    }
}
