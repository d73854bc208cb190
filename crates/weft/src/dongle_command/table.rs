//! What a scan heard, as a table.

use weft_model::ScannedChannel;

/// Channel by channel.
pub(crate) fn channels(scanned: &[ScannedChannel]) -> String {
    let mut table = "channel  frames  Thread  strongest    energy  PAN ids\n".to_owned();
    let dbm = |dbm: Option<i8>| dbm.map_or_else(|| "-".to_owned(), |dbm| format!("{dbm} dBm"));
    for row in scanned {
        let pans: Vec<String> = row.pan_ids.iter().map(ToString::to_string).collect();
        let line = format!(
            "{:>7}  {:>6}  {:>6}  {:>9}  {:>8}  {}",
            row.channel.get(),
            row.frames,
            row.thread_frames,
            dbm(row.rssi_max_dbm),
            dbm(row.energy_max_dbm),
            pans.join(" ")
        );
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{Channel, PanId};

    #[test]
    fn a_scan_is_a_table() {
        let silent = ScannedChannel {
            channel: Channel::new(11).unwrap(),
            frames: 0,
            thread_frames: 0,
            pan_ids: Vec::new(),
            rssi_max_dbm: None,
            energy_max_dbm: None,
        };
        let busy = ScannedChannel {
            channel: Channel::new(20).unwrap(),
            frames: 1234,
            thread_frames: 1200,
            pan_ids: vec![PanId(0x1234), PanId(0xface)],
            rssi_max_dbm: Some(-61),
            energy_max_dbm: Some(-104),
        };
        let expected = "channel  frames  Thread  strongest    energy  PAN ids\n     11       0       0          -         -\n     \
                        20    1234    1200    -61 dBm  -104 dBm  0x1234 0xface\n";
        assert_eq!(channels(&[silent, busy]), expected);
    }
}
