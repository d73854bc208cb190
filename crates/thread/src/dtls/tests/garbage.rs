//! Whatever comes, nothing panics, nothing grows, and a session goes on where it can.

use super::link::{Link, run};
use super::{events, pair};
use proptest::prelude::*;
use std::time::Duration;

/// Bytes, mostly with the header of a record.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..120);
    let record = (20_u8..25, 0_u16..3, any::<u32>(), payload).prop_map(|(content, epoch, number, payload)| {
        let mut record = vec![content, 0xfe, 0xfd];
        record.extend_from_slice(&epoch.to_be_bytes());
        record.extend_from_slice(&[0, 0]);
        record.extend_from_slice(&number.to_be_bytes());
        record.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        record.extend_from_slice(&payload);
        record
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), record]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn at_the_beginning(datagrams in prop::collection::vec(datagram(), 0..20)) {
        let (mut client, mut server) = pair(1);
        for (number, datagram) in datagrams.iter().enumerate() {
            let now = Duration::from_millis(number as u64 * 100);
            client.receive(datagram, now);
            server.receive(datagram, now);
            client.handle_timeout(now);
            server.handle_timeout(now);
        }
        let (client_events, server_events) = events(&mut client, &mut server);
        prop_assert!(client_events.len() <= 1 && server_events.len() <= 1);
        prop_assert!(std::iter::from_fn(|| client.poll_transmit()).count() <= 12);
    }

    #[test]
    fn once_connected(datagrams in prop::collection::vec(datagram(), 0..20)) {
        let (mut client, mut server) = pair(1);
        let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
        events(&mut client, &mut server);
        for datagram in &datagrams {
            client.receive(datagram, now);
            server.receive(datagram, now);
        }
        prop_assert_eq!(events(&mut client, &mut server), (Vec::new(), Vec::new()));
        client.send(b"still here").unwrap();
        run(&mut client, &mut server, &mut Link::perfect(), now);
        prop_assert_eq!(events(&mut client, &mut server).1.len(), 1);
    }
}
