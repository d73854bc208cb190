//! A radio that takes part: its settings, and frames that it sends.

use super::*;
use crate::node::{FrameId, Outgoing, Participant, Sent};
use crate::rcp::recorded::{NOT_ACKNOWLEDGED, SENT};
use weft_model::{PanId, Rloc16};
use weft_wire::spinel::{TransmitFrame, encode_packed};

/// What a host gave to a radio, and what that answered (`fixtures/spinel/README.md`).
const TRANSMITS: &str = include_str!("../../../fixtures/spinel/transmits.txt");

fn participant(number: u16, rloc16: Option<u16>) -> Participant {
    Participant {
        channel: channel(number),
        pan_id: PanId(0x1234),
        short_address: rloc16.and_then(Rloc16::new),
        extended_address: ExtendedAddress([0x0e, 0x66, 0x9f, 0x68, 0x6f, 0xe0, 0x39, 0x38]),
    }
}

fn taking_part() -> Table {
    let mut table = listening(15);
    table.rcp.take_part(Some(participant(20, None)), table.now);
    assert_eq!(table.carry(), [Event::TakingPart(channel(20))]);
    table
}

fn frame(id: u64, number: u16) -> Outgoing {
    Outgoing {
        id: FrameId(id),
        channel: channel(number),
        psdu: vec![0x41, 0xd8, id as u8],
    }
}

impl Table {
    fn transmit(&mut self, frame: &Outgoing) -> Vec<Event> {
        self.rcp.transmit(frame, self.now);
        self.carry()
    }
}

fn sent(id: u64, sent: Sent) -> Event {
    Event::Sent(FrameId(id), sent)
}

#[test]
fn a_radio_that_takes_part_filters_and_has_addresses() {
    let mut table = taking_part();
    let radio = &table.radio;
    assert_eq!((radio.is_promiscuous, radio.channel, radio.is_listening), (false, 20, true));
    // As OpenThread's host has it: PAN and short address from their low byte, the extended address as it is printed.
    assert_eq!((radio.pan_id, radio.short_address), ([0x34, 0x12], [0xfe, 0xff]));
    assert_eq!(radio.extended_address, [0x0e, 0x66, 0x9f, 0x68, 0x6f, 0xe0, 0x39, 0x38]);
    // What changes is told, and nothing else.
    table.radio.asked.clear();
    table.rcp.take_part(Some(participant(20, Some(0x1006))), table.now);
    assert_eq!(table.carry(), [Event::TakingPart(channel(20))]);
    assert_eq!((table.radio.short_address, table.radio.asked.len()), ([0x06, 0x10], 1));
    table.rcp.take_part(Some(participant(20, Some(0x1006))), table.now);
    assert_eq!((table.carry(), table.radio.asked.len()), (vec![], 1));
    // It still gives the frames that it hears.
    assert!(matches!(table.line(&heard(20, &[1, 2, 3, 0, 0]))[..], [Event::Frame(_)]));
    // Whoever leaves has no address any more: some radios acknowledge while they are promiscuous.
    table.rcp.take_part(None, table.now);
    assert_eq!(table.carry(), [Event::Listening(channel(15))]);
    let radio = &table.radio;
    assert_eq!((radio.is_promiscuous, radio.channel), (true, 15));
    assert_eq!((radio.pan_id, radio.short_address), ([0xff, 0xff], [0xfe, 0xff]));
}

#[test]
fn who_is_to_take_part_before_the_port_is_open_does_so_at_once() {
    let mut table = Table::new(Listening::Search { dwell: seconds(2) });
    table.rcp.take_part(Some(participant(20, None)), table.now);
    let events = table.carry();
    assert!(matches!(&events[..], [Event::Firmware(_), Event::TakingPart(_)]), "{events:?}");
    assert_eq!(
        (table.radio.is_promiscuous, table.radio.channel, table.radio.pan_id),
        (false, 20, [0x34, 0x12])
    );
    // Afterwards it looks for a network, as it was told.
    table.rcp.take_part(None, table.now);
    assert_eq!(table.carry().first(), Some(&Event::Scanning));
    assert!(table.radio.is_promiscuous);
    // A search ends for who takes part.
    table.rcp.take_part(Some(participant(20, None)), table.now);
    assert_eq!((table.carry(), table.radio.is_promiscuous), (vec![Event::TakingPart(channel(20))], false));
}

#[test]
fn a_channel_that_the_radio_does_not_have_is_no_place_to_take_part() {
    let mut table = Table::new(Listening::Channel(channel(20)));
    table.radio.channels = (11..=25).collect();
    table.rcp.take_part(Some(participant(26, None)), table.now);
    assert_eq!(table.carry(), [Event::Failed(Failure::Channel(channel(26)))]);
    // Who looks for a network goes by.
    let mut table = Table::new(Listening::Channel(channel(20)));
    table.radio.channels = (11..=25).collect();
    let looks = |number| Participant {
        pan_id: PanId::BROADCAST,
        ..participant(number, None)
    };
    table.rcp.take_part(Some(looks(26)), table.now);
    assert!(matches!(table.carry()[..], [Event::Firmware(_)]));
    assert_eq!(table.transmit(&frame(1, 26)), [sent(1, Sent::Failed)]);
    table.rcp.take_part(Some(looks(11)), table.now);
    assert_eq!(table.carry(), [Event::TakingPart(channel(11))]);
    assert_eq!(table.transmit(&frame(2, 11)), [sent(2, Sent::Done)]);
    table.rcp.take_part(Some(looks(26)), table.now);
    assert_eq!(
        (table.carry(), table.transmit(&frame(3, 26)), table.radio.channel),
        (vec![], vec![sent(3, Sent::Failed)], 11)
    );
}

#[test]
fn recorded_frames_go_out_as_a_host_sends_them_and_end_as_recorded() {
    let mut table = taking_part();
    let mut ends = Vec::new();
    for (number, line) in TRANSMITS.lines().enumerate() {
        let (value, result) = line.split_once(' ').unwrap();
        let (value, result) = (bytes(value), bytes(result));
        let recorded = TransmitFrame::decode(&value).unwrap();
        let psdu = &recorded.psdu[..recorded.psdu.len() - 2];
        let outgoing = Outgoing {
            id: FrameId(number as u64),
            channel: channel(recorded.channel.into()),
            psdu: psdu.to_vec(),
        };
        table.radio.results.push_back(result.clone());
        let events = table.transmit(&outgoing);
        let [Event::Sent(FrameId(id), sent)] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(id, number as u64);
        ends.push(sent);
        // The same but for security, which is done already.
        let given = table.radio.given.pop().unwrap();
        let expected = TransmitFrame {
            psdu: &[psdu, &[0, 0]].concat(),
            header_updated: true,
            security_processed: true,
            is_retransmission: false,
            ..recorded.clone()
        };
        assert_eq!(TransmitFrame::decode(&given).unwrap(), expected);
        // Off the network's channel only for the frame.
        assert_eq!(table.radio.channel, 20);
    }
    assert_eq!(ends.len(), 62);
    assert_eq!(ends.iter().filter(|sent| **sent == Sent::Done).count(), 47);
    assert_eq!(ends.iter().filter(|sent| **sent == Sent::NotAcknowledged).count(), 15);
    assert_eq!((table.rcp.counts().sent, table.rcp.counts().unsent), (47, 15));
    assert_eq!((table.rcp.counts().stray, table.rcp.counts().recoveries), (0, 0));
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes();
    let nibble = |digit: u8| (digit as char).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

#[test]
fn each_end_has_its_name() {
    let ends = [
        (SENT.to_vec(), Sent::Done),
        (NOT_ACKNOWLEDGED.to_vec(), Sent::NotAcknowledged),
        (vec![Status::CCA_FAILURE.0 as u8, 0, 0], Sent::ChannelBusy),
        (encode_packed(Status::NO_MEMORY.0), Sent::Failed),
    ];
    let mut table = taking_part();
    for (number, (result, end)) in ends.into_iter().enumerate() {
        table.radio.results.push_back(result);
        assert_eq!(table.transmit(&frame(number as u64, 20)), [sent(number as u64, end)]);
    }
}

#[test]
fn nothing_is_sent_that_may_not_be() {
    let mut table = listening(20);
    assert_eq!(table.transmit(&frame(1, 20)), [sent(1, Sent::Failed)]);
    let mut table = taking_part();
    let long = Outgoing {
        psdu: vec![0; 126],
        ..frame(2, 20)
    };
    assert_eq!(table.transmit(&long), [sent(2, Sent::Failed)]);
    let empty = Outgoing {
        psdu: Vec::new(),
        ..frame(3, 20)
    };
    assert_eq!(table.transmit(&empty), [sent(3, Sent::Failed)]);
    // While all channels are listened to, frames for the network would go astray.
    table.rcp.scan(Duration::from_millis(250), table.now);
    table.carry();
    assert!(table.radio.is_promiscuous, "a scan hears everything");
    assert_eq!(table.transmit(&frame(4, 20)), [sent(4, Sent::Failed)]);
    assert_eq!(table.radio.given.len(), 0);
    let events = table.pass(seconds(5));
    assert_eq!(events.last(), Some(&Event::TakingPart(channel(20))));
    assert_eq!((table.radio.is_promiscuous, table.radio.channel), (false, 20));
    assert_eq!(table.transmit(&frame(5, 20)), [sent(5, Sent::Done)]);
}

#[test]
fn a_result_takes_its_time_and_properties_go_by() {
    let mut table = taking_part();
    table.pass(seconds(4));
    table.radio.results.push_back(Vec::new());
    assert_eq!(table.transmit(&frame(1, 20)), []);
    // Two more wait, one of them for another channel; new settings wait too: they would end what is on its way.
    assert_eq!(table.transmit(&frame(2, 26)), []);
    assert_eq!(table.transmit(&frame(3, 20)), []);
    table.rcp.take_part(Some(participant(20, Some(0x1006))), table.now);
    assert_eq!((table.carry(), table.radio.given.len(), table.radio.channel), (vec![], 1, 20));
    // Nothing came for long: the radio is asked meanwhile whether it listens.
    let asked = table.radio.asked.len();
    table.pass(seconds(2));
    assert_eq!(
        table.radio.asked[asked..].iter().map(|(_, property)| *property).collect::<Vec<_>>(),
        [Property::MAC_RAW_STREAM_ENABLED]
    );
    let mut result = Vec::new();
    let transaction = table
        .radio
        .asked
        .iter()
        .find(|(_, property)| *property == Property::STREAM_RAW)
        .unwrap()
        .0;
    say(Header::new(0, transaction), Property::LAST_STATUS, &SENT, &mut result);
    let events = table.line(&result);
    let expected = [
        sent(1, Sent::Done),
        sent(2, Sent::Done),
        Event::TakingPart(channel(20)),
        sent(3, Sent::Done),
    ];
    assert_eq!(events, expected);
    assert_eq!((table.radio.short_address, table.radio.channel), ([0x06, 0x10], 20));
    assert_eq!(
        table
            .radio
            .given
            .iter()
            .map(|value| TransmitFrame::decode(value).unwrap().channel)
            .collect::<Vec<_>>(),
        [20, 26, 20]
    );
}

#[test]
fn a_scan_waits_for_what_is_on_its_way() {
    let mut table = taking_part();
    table.radio.results.push_back(Vec::new());
    table.transmit(&frame(1, 20));
    table.rcp.scan(Duration::from_millis(100), table.now);
    assert_eq!(table.carry(), [Event::Scanning]);
    // Nobody is woken for nothing meanwhile.
    assert!(table.rcp.deadline() > Some(table.now));
    let events = table.pass(seconds(4));
    assert_eq!((events, table.radio.channel), (vec![], 20));
    let events = table.pass(seconds(5));
    assert_eq!(events.first(), Some(&sent(1, Sent::Failed)));
    assert_eq!(events.last(), Some(&Event::TakingPart(channel(20))));
}

#[test]
fn a_result_that_does_not_come_is_given_up_and_a_radio_that_gives_none_is_reset() {
    let mut table = taking_part();
    for id in 1..=3 {
        table.radio.results.push_back(Vec::new());
        assert_eq!(table.transmit(&frame(id, 20)), []);
        let events = table.pass(seconds(6));
        assert_eq!(events.first(), Some(&sent(id, Sent::Failed)));
        if id < 3 {
            assert_eq!(events.len(), 1);
        } else {
            assert_eq!(events[1], Event::Deaf(Trouble::Silent));
            assert_eq!(events.last(), Some(&Event::TakingPart(channel(20))));
        }
    }
    assert_eq!(table.radio.resets, 2);
    assert_eq!(table.transmit(&frame(4, 20)), [sent(4, Sent::Done)]);
    // A result that comes when nobody waits for it is nobody's.
    let mut late = Vec::new();
    say(Header::new(0, 9), Property::LAST_STATUS, &SENT, &mut late);
    assert_eq!((table.line(&late), table.rcp.counts().stray), (vec![], 1));
}

#[test]
fn a_restart_ends_what_was_to_be_sent_and_restores_the_settings() {
    let mut table = taking_part();
    table.radio.results.push_back(Vec::new());
    table.transmit(&frame(1, 20));
    table.transmit(&frame(2, 20));
    let said = table.radio.restart(Status::RESET_WATCHDOG);
    let events = table.line(&said);
    assert_eq!(events[..2], [sent(1, Sent::Failed), sent(2, Sent::Failed)]);
    assert_eq!(events[2], Event::Deaf(Trouble::Restarted(Status::RESET_WATCHDOG)));
    assert_eq!(events.last(), Some(&Event::TakingPart(channel(20))));
    assert_eq!((table.radio.pan_id, table.radio.is_promiscuous), ([0x34, 0x12], false));
    // One that nobody heard of is found by the frame that it refuses.
    table.radio.restart(Status::RESET_WATCHDOG);
    let events = table.transmit(&frame(3, 20));
    assert_eq!(
        events,
        [sent(3, Sent::Failed), Event::Deaf(Trouble::Forgot), Event::TakingPart(channel(20))]
    );
    assert_eq!((table.radio.pan_id, table.radio.is_promiscuous), ([0x34, 0x12], false));
}

#[test]
fn frames_end_with_the_port() {
    let mut table = taking_part();
    table.radio.results.push_back(Vec::new());
    table.transmit(&frame(1, 20));
    table.rcp.lost();
    assert_eq!(table.rcp.next_event(), Some(sent(1, Sent::Failed)));
    assert_eq!(table.transmit(&frame(2, 20)), [sent(2, Sent::Failed)]);
    // It takes part again when the port is back.
    table.rcp.start(table.now);
    assert_eq!(table.carry().last(), Some(&Event::TakingPart(channel(20))));
}
