//! MAC frames: the header, and where the rest lies.

use super::{Activity, Address, AuxiliarySecurity, Beacon, Elements, Summary, command};
use crate::{Problem, Reader};
use weft_model::PanId;

/// The longest frame on the air in the 2.4 GHz band, check sequence included.
pub const MAX_PSDU_BYTES: usize = 127;

const SECURITY_ENABLED: u16 = 1 << 3;
const FRAME_PENDING: u16 = 1 << 4;
const ACKNOWLEDGMENT_REQUEST: u16 = 1 << 5;
const PAN_ID_COMPRESSION: u16 = 1 << 6;
const SEQUENCE_NUMBER_SUPPRESSION: u16 = 1 << 8;
const ELEMENTS_PRESENT: u16 = 1 << 9;
const DESTINATION_MODE_SHIFT: u32 = 10;
const VERSION_SHIFT: u32 = 12;
const SOURCE_MODE_SHIFT: u32 = 14;

/// What kind of frame it is, by frame control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// A beacon.
    Beacon,
    /// Data.
    Data,
    /// An acknowledgment: immediate, or enhanced (version 2015).
    Acknowledgment,
    /// A MAC command.
    Command,
}

/// The frame's version, by frame control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameVersion {
    /// IEEE Std 802.15.4-2003.
    V2003,
    /// IEEE Std 802.15.4-2006.
    V2006,
    /// IEEE Std 802.15.4-2015.
    V2015,
}

/// A MAC frame without its check sequence. It borrows the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Kind.
    pub kind: FrameKind,
    /// Version.
    pub version: FrameVersion,
    /// More waits for the receiver; in an acknowledgment of a data poll: something comes.
    pub frame_pending: bool,
    /// The receiver is asked to acknowledge.
    pub acknowledgment_requested: bool,
    /// The bit of frame control as it came; what it leaves out depends on version and addresses.
    pub pan_id_compression: bool,
    /// Sequence number; `None` where it is suppressed.
    pub sequence_number: Option<u8>,
    /// Destination PAN id, where it stands in the frame.
    pub destination_pan_id: Option<PanId>,
    /// Destination.
    pub destination: Address,
    /// Source PAN id, where it stands in the frame.
    pub source_pan_id: Option<PanId>,
    /// Source.
    pub source: Address,
    /// The auxiliary security header: the frame is secured.
    pub security: Option<AuxiliarySecurity>,
    /// The header information elements with their terminator; `None` where frame control says that there are no elements at all.
    /// Never encrypted.
    pub header_elements: Option<&'a [u8]>,
    /// What comes after the MAC header and header elements, integrity code included. Sealed if the frame is secured.
    pub body: &'a [u8],
}

/// The pieces of a secured frame, as CCM* wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// Authenticated, in the clear.
    pub open: &'a [u8],
    /// Encrypted payload, or payload in the clear where the level does not encrypt.
    pub payload: &'a [u8],
    /// Integrity code.
    pub mic: &'a [u8],
}

/// Which of the two PAN ids stand in a frame: destination's, source's (IEEE Std 802.15.4-2015, table 7-2, and 7.2.2.6 for earlier versions).
fn pan_ids_present(version: FrameVersion, destination: u16, source: u16, compression: bool) -> (bool, bool) {
    if version != FrameVersion::V2015 {
        return (destination != 0, source != 0 && !compression);
    }
    match (destination, source) {
        (0, 0) => (compression, false),
        (_, 0) => (!compression, false),
        (0, _) => (false, !compression),
        (3, 3) => (!compression, false),
        _ => (true, !compression),
    }
}

impl<'a> Frame<'a> {
    /// Reads a frame without its check sequence.
    ///
    /// # Errors
    /// Where the header cannot be read: cut off, a reserved version or addressing mode, or a kind that Thread does not use
    /// (multipurpose, fragment, extended).
    pub fn parse(frame: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(frame);
        let control = u16::from_le_bytes(reader.array("frame control")?);
        let kind = match control & 7 {
            0 => FrameKind::Beacon,
            1 => FrameKind::Data,
            2 => FrameKind::Acknowledgment,
            3 => FrameKind::Command,
            other => return Err(Problem::at("frame control", 0, format!("frame type {other}"))),
        };
        let version = match control >> VERSION_SHIFT & 3 {
            0 => FrameVersion::V2003,
            1 => FrameVersion::V2006,
            2 => FrameVersion::V2015,
            _ => return Err(Problem::at("frame control", 0, "frame version 3 is reserved")),
        };
        let is_2015 = version == FrameVersion::V2015;
        let has = |bit: u16| control & bit != 0;
        let sequence_number = if is_2015 && has(SEQUENCE_NUMBER_SUPPRESSION) {
            None
        } else {
            Some(reader.u8("sequence number")?)
        };
        let (destination_mode, source_mode) = (control >> DESTINATION_MODE_SHIFT & 3, control >> SOURCE_MODE_SHIFT & 3);
        let pan_id_compression = has(PAN_ID_COMPRESSION);
        let (has_destination_pan, has_source_pan) = pan_ids_present(version, destination_mode, source_mode, pan_id_compression);
        let pan_id = |reader: &mut Reader<'_>, is_there: bool, field| match is_there {
            true => reader.array(field).map(|bytes| Some(PanId(u16::from_le_bytes(bytes)))),
            false => Ok(None),
        };
        let destination_pan_id = pan_id(&mut reader, has_destination_pan, "destination PAN id")?;
        let destination = Address::read(&mut reader, destination_mode, "destination address")?;
        let source_pan_id = pan_id(&mut reader, has_source_pan, "source PAN id")?;
        let source = Address::read(&mut reader, source_mode, "source address")?;
        // 2003 frames have a different security suite byte here; nobody sends them.
        let security = match has(SECURITY_ENABLED) {
            true if version == FrameVersion::V2003 => return Err(Problem::at("frame control", 0, "a secured frame of version 2003")),
            true => Some(AuxiliarySecurity::read(&mut reader, is_2015)?),
            false => None,
        };
        let mic_bytes = security.map_or(0, |security| security.level.mic_bytes());
        let Some(body_bytes) = reader.left().checked_sub(mic_bytes) else {
            return Err(Problem::at(
                "integrity code",
                reader.position(),
                format!("{mic_bytes} bytes needed, {} left", reader.left()),
            ));
        };
        let header_elements = match is_2015 && has(ELEMENTS_PRESENT) {
            true => {
                let start = reader.position();
                let length =
                    Elements::header_length(&frame[start..start + body_bytes]).map_err(|problem| problem.within("header elements", start))?;
                Some(reader.take("header elements", length)?)
            }
            false => None,
        };
        Ok(Self {
            kind,
            version,
            frame_pending: has(FRAME_PENDING),
            acknowledgment_requested: has(ACKNOWLEDGMENT_REQUEST),
            pan_id_compression,
            sequence_number,
            destination_pan_id,
            destination,
            source_pan_id,
            source,
            security,
            header_elements,
            body: reader.rest(),
        })
    }

    /// The bytes of the MAC header, through the header elements. With [`Frame::body`] behind it, it is the frame.
    pub fn encode_header(&self) -> Vec<u8> {
        let bit = |is_set: bool, bit: u16| if is_set { bit } else { 0 };
        let kind = match self.kind {
            FrameKind::Beacon => 0,
            FrameKind::Data => 1,
            FrameKind::Acknowledgment => 2,
            FrameKind::Command => 3,
        };
        let version = match self.version {
            FrameVersion::V2003 => 0,
            FrameVersion::V2006 => 1,
            FrameVersion::V2015 => 2,
        };
        let control = kind
            | bit(self.security.is_some(), SECURITY_ENABLED)
            | bit(self.frame_pending, FRAME_PENDING)
            | bit(self.acknowledgment_requested, ACKNOWLEDGMENT_REQUEST)
            | bit(self.pan_id_compression, PAN_ID_COMPRESSION)
            | bit(self.sequence_number.is_none(), SEQUENCE_NUMBER_SUPPRESSION)
            | bit(self.header_elements.is_some(), ELEMENTS_PRESENT)
            | self.destination.mode() << DESTINATION_MODE_SHIFT
            | version << VERSION_SHIFT
            | self.source.mode() << SOURCE_MODE_SHIFT;
        let mut bytes = Vec::with_capacity(MAX_PSDU_BYTES);
        bytes.extend(control.to_le_bytes());
        bytes.extend(self.sequence_number);
        bytes.extend(self.destination_pan_id.into_iter().flat_map(|pan_id| pan_id.0.to_le_bytes()));
        self.destination.write(&mut bytes);
        bytes.extend(self.source_pan_id.into_iter().flat_map(|pan_id| pan_id.0.to_le_bytes()));
        self.source.write(&mut bytes);
        if let Some(security) = &self.security {
            security.write(&mut bytes);
        }
        bytes.extend(self.header_elements.unwrap_or_default());
        bytes
    }

    /// True if the PAN ids that this frame has are those that its version, addresses and compression ask for: only then does
    /// [`Frame::encode_header`] read back as this frame.
    pub fn has_the_right_pan_ids(&self) -> bool {
        let wanted = pan_ids_present(self.version, self.destination.mode(), self.source.mode(), self.pan_id_compression);
        wanted == (self.destination_pan_id.is_some(), self.source_pan_id.is_some())
    }

    /// The PAN that the frame belongs to: the destination's, or the source's where that is everybody or none.
    pub fn pan_id(&self) -> Option<PanId> {
        match self.destination_pan_id {
            Some(pan_id) if pan_id != PanId::BROADCAST => Some(pan_id),
            _ => self.source_pan_id.or(self.destination_pan_id),
        }
    }

    /// The pieces of a secured frame; `None` for one in the clear. `frame` is what was parsed.
    ///
    /// The identifier of a MAC command stands in the clear up to version 2006, and is encrypted in version 2015.
    pub fn sealed(&self, frame: &'a [u8]) -> Option<Sealed<'a>> {
        let level = self.security?.level;
        let body = self.body.len();
        let payload_end = frame.len().checked_sub(level.mic_bytes())?;
        let header = frame.len().checked_sub(body)?;
        let has_open_command = self.kind == FrameKind::Command && self.version != FrameVersion::V2015;
        let open = match level.is_encrypted() {
            true if has_open_command => (header + 1).min(payload_end),
            true => header,
            // Nothing is encrypted: header and payload are authenticated in the same way, and the payload stays readable.
            false => header,
        };
        Some(Sealed {
            open: frame.get(..open)?,
            payload: frame.get(open..payload_end)?,
            mic: frame.get(payload_end..)?,
        })
    }

    /// The payload of a frame in the clear; `None` if it is secured.
    pub fn clear_payload(&self) -> Option<&'a [u8]> {
        match self.security {
            None => Some(self.body),
            Some(_) => None,
        }
    }

    /// The header information elements, without terminators.
    pub fn elements(&self) -> Elements<'a> {
        Elements::new(self.header_elements.unwrap_or_default())
    }

    /// True if the payload begins with payload information elements.
    pub fn has_payload_elements(&self) -> bool {
        self.header_elements
            .is_some_and(|elements| Elements::new(elements).ends_for_payload_elements())
    }

    /// The MAC command's identifier. `opened` is the payload of a secured frame, once it is opened: version 2015 encrypts the identifier.
    pub fn command(&self, opened: Option<&[u8]>) -> Option<u8> {
        let identifier = match (self.kind, self.security, self.version) {
            (FrameKind::Command, None, _) | (FrameKind::Command, Some(_), FrameVersion::V2003 | FrameVersion::V2006) => self.body.first(),
            (FrameKind::Command, Some(_), FrameVersion::V2015) => opened?.first(),
            _ => None,
        };
        identifier.copied()
    }

    /// The beacon, if it is one in the clear.
    ///
    /// # Errors
    /// Where the beacon's fields are cut off.
    pub fn beacon(&self) -> Option<Result<Beacon<'a>, Problem>> {
        (self.kind == FrameKind::Beacon && self.security.is_none()).then(|| Beacon::parse(self.body))
    }

    /// Who sends what to whom. `opened` is the payload of a secured frame, where a key opened it.
    pub fn summary(&self, opened: Option<&[u8]>) -> Summary {
        let is_enhanced = self.version == FrameVersion::V2015;
        let activity = match self.kind {
            FrameKind::Beacon => Activity::Beacon,
            FrameKind::Data => Activity::Data,
            FrameKind::Acknowledgment if is_enhanced => Activity::EnhancedAcknowledgment,
            FrameKind::Acknowledgment => Activity::ImmediateAcknowledgment,
            FrameKind::Command => match self.command(opened) {
                Some(command::DATA_REQUEST) => Activity::DataPoll,
                Some(command::BEACON_REQUEST) => Activity::BeaconRequest,
                // Between a child and its parent Thread sends no other command, and this one's identifier is encrypted.
                None if self.is_from_child_to_parent() => Activity::DataPoll,
                identifier => Activity::Command(identifier),
            },
        };
        Summary {
            pan_id: self.pan_id(),
            from: self.source,
            to: self.destination,
            activity,
        }
    }

    fn is_from_child_to_parent(&self) -> bool {
        let parent = self.source.rloc16().and_then(weft_model::Rloc16::parent);
        parent.is_some() && parent == self.destination.rloc16()
    }
}
