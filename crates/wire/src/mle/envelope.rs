//! A message as it is sent: security suite, auxiliary security header, sealed command and TLVs (Thread specification 1.4, 4.4).

use crate::ieee802154::AuxiliarySecurity;
use crate::{Problem, Reader};

/// The security suite byte of a sealed message.
pub const SUITE_SECURED: u8 = 0;
/// The security suite byte of a message in the clear: Discovery only.
pub const SUITE_CLEAR: u8 = 255;

/// The payload of a UDP datagram on port 19788.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// Command and TLVs in the clear.
    Clear(&'a [u8]),
    /// A sealed message.
    Secured {
        /// How it is sealed; key id mode 2, with the key sequence as key source.
        security: AuxiliarySecurity,
        /// The auxiliary security header as it came: it is authenticated.
        header: &'a [u8],
        /// Command and TLVs, encrypted, and the integrity code.
        sealed: &'a [u8],
    },
}

impl<'a> Envelope<'a> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// If it is cut off, or of another security suite.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(payload);
        match reader.u8("security suite")? {
            SUITE_CLEAR => Ok(Self::Clear(reader.rest())),
            SUITE_SECURED => {
                let start = reader.position();
                let security = AuxiliarySecurity::read(&mut reader, false)?;
                let header = &payload[start..reader.position()];
                let mic_bytes = security.level.mic_bytes();
                if reader.left() < mic_bytes {
                    let reason = format!("{mic_bytes} bytes needed, {} left", reader.left());
                    return Err(Problem::at("integrity code", reader.position(), reason));
                }
                Ok(Self::Secured {
                    security,
                    header,
                    sealed: reader.rest(),
                })
            }
            other => Err(Problem::at("security suite", 0, format!("{other} is neither 0 nor 255"))),
        }
    }
}

/// The envelope of a message in the clear.
pub fn encode_clear(message: &[u8]) -> Vec<u8> {
    [&[SUITE_CLEAR], message].concat()
}
