//! What both sides say when they end a session (RFC 5246, 7.2).

/// Says that something is to be considered.
pub(super) const WARNING: u8 = 1;
/// Says that it is over.
pub(super) const FATAL: u8 = 2;

pub(super) const CLOSE_NOTIFY: u8 = 0;
pub(super) const UNEXPECTED_MESSAGE: u8 = 10;
pub(super) const BAD_RECORD_MAC: u8 = 20;
pub(super) const HANDSHAKE_FAILURE: u8 = 40;
pub(super) const ILLEGAL_PARAMETER: u8 = 47;
pub(super) const DECODE_ERROR: u8 = 50;
pub(super) const DECRYPT_ERROR: u8 = 51;
pub(super) const PROTOCOL_VERSION: u8 = 70;
pub(super) const INTERNAL_ERROR: u8 = 80;
pub(super) const UNSUPPORTED_EXTENSION: u8 = 110;

/// Its name in the specification.
pub(super) fn name(description: u8) -> String {
    let name = match description {
        CLOSE_NOTIFY => "close notify",
        UNEXPECTED_MESSAGE => "unexpected message",
        BAD_RECORD_MAC => "bad record MAC",
        21 => "decryption failed",
        22 => "record overflow",
        30 => "decompression failure",
        HANDSHAKE_FAILURE => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        ILLEGAL_PARAMETER => "illegal parameter",
        48 => "unknown certificate authority",
        49 => "access denied",
        DECODE_ERROR => "decode error",
        DECRYPT_ERROR => "decrypt error",
        PROTOCOL_VERSION => "protocol version",
        71 => "insufficient security",
        INTERNAL_ERROR => "internal error",
        90 => "user canceled",
        100 => "no renegotiation",
        UNSUPPORTED_EXTENSION => "unsupported extension",
        115 => "unknown PSK identity",
        _ => return format!("alert {description}"),
    };
    name.to_owned()
}

/// True for what a peer answers to a Finished that it cannot open or that proves the wrong thing. A handshake failure is none of them: OpenThread says so of
/// everything else that may happen to it, out of memory for example.
pub(super) fn may_mean_another_password(description: u8) -> bool {
    matches!(description, BAD_RECORD_MAC | 21 | DECRYPT_ERROR)
}
