//! Setup codes: manual pairing codes of 11 and 21 digits, and QR payloads.
//!
//! A code is a secret for as long as its window is open: types here have neither `Debug` nor `Serialize`, errors never repeat what was entered.

mod manual;
mod page;
mod payload;
pub mod photo;

use zeroize::Zeroize;

/// The largest passcode (Matter core specification 1.4, 5.1.1.6).
const MAX_PASSCODE: u32 = 99_999_998;

/// Passcodes that nobody may use, as they are easily guessed (Matter core specification 1.4, 5.1.7.1).
const FORBIDDEN_PASSCODES: [u32; 12] = [
    0, 11_111_111, 22_222_222, 33_333_333, 44_444_444, 55_555_555, 66_666_666, 77_777_777, 88_888_888, 99_999_999, 12_345_678, 87_654_321,
];

/// The secret in a setup code. No `Debug`, no `Serialize`; forgotten with zeros.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub struct Passcode(u32);

impl Passcode {
    /// Of the number.
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub fn expose(&self) -> u32 {
        self.0
    }
}

/// What a setup code says (Matter core specification 1.4, 5.1). No `Debug`, no `Serialize`.
#[derive(Clone)]
pub struct SetupCode {
    /// The secret.
    pub passcode: Passcode,
    /// How to find the device: 12 bits of a QR payload, or the upper 4 of them of a manual code.
    pub discriminator: Discriminator,
    /// Vendor id, where the code has one.
    pub vendor_id: Option<u16>,
    /// Product id, where the code has one.
    pub product_id: Option<u16>,
    /// The code as it was entered, digits or payload only.
    text: String,
}

impl Drop for SetupCode {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// How a device in commissioning mode is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discriminator {
    /// 12 bits.
    Long(u16),
    /// The upper 4 bits.
    Short(u8),
}

impl Discriminator {
    /// True where a device that announces these 12 bits may be meant.
    pub fn matches(self, long: u16) -> bool {
        match self {
            Self::Long(own) => own == long,
            Self::Short(own) => u16::from(own) == long >> 8,
        }
    }
}

/// Why a text is no setup code. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing was entered.
    #[error("there is no code")]
    Empty,
    /// So many digits no code has.
    #[error("a pairing code has 11 or 21 digits, and this one has {0}")]
    Length(usize),
    /// It is a HomeKit setup code.
    #[error("8 digits are a HomeKit code: ask the app for a Matter pairing code, which has 11 or 21 digits")]
    HomeKit,
    /// Something else stands between the digits.
    #[error("a pairing code has only digits, spaces and dashes; a QR code's text begins with MT:")]
    NotDigits,
    /// The check digit does not fit (Verhoeff).
    #[error("a digit is wrong, or two are swapped: look at the code again")]
    CheckDigit,
    /// The first digit says that there are vendor and product id, but the code is short.
    #[error("this is only the first half of a code with 21 digits")]
    HalfOfALongCode,
    /// The first digit says that there are none, but the code is long.
    #[error("its first digit does not belong to a code with 21 digits: look at the code again")]
    NotALongCode,
    /// A number in it is larger than it can be.
    #[error("its digits make no code: look at it again")]
    Range,
    /// It was made to a later version of the specification.
    #[error("it is of a newer kind than this Weft knows")]
    Version,
    /// Its passcode is one that the specification forbids.
    #[error("its passcode is one that Matter forbids, as it is easily guessed: no device has it")]
    ForbiddenPasscode,
    /// The payload of a QR code has characters, or a length, that none has.
    #[error("the text of the QR code is damaged or cut off")]
    Payload,
    /// One QR code with several payloads.
    #[error("this QR code stands for {0} devices: enter it where a list of codes can be pasted")]
    Several(usize),
}

impl SetupCode {
    /// Reads one code: 11 or 21 digits, with dashes and spaces as people paste them, or `MT:` and the payload of a QR code.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        match payload::strip_prefix(text) {
            Some(body) => match body.split(payload::SEPARATOR).count() {
                1 => payload::parse(body),
                several => Err(CodeError::Several(several)),
            },
            None => manual::parse(text),
        }
    }

    /// All codes on a page of text, each device once, in order: one or many, in lines or behind commas, with labels and numbers around them.
    /// What looks like a code but is none is told in its place; what does not look like one is passed over.
    pub fn find_all(text: &str) -> Vec<Result<Self, CodeError>> {
        page::find_all(text)
    }

    /// What tells a code from others without giving its secret: the last two digits of a manual code; the discriminator of a QR code, which the device
    /// announces anyway (nearly all payloads end in the same zeros).
    pub fn masked(&self) -> String {
        if let Discriminator::Long(discriminator) = self.discriminator {
            return format!("MT:•••• (discriminator {discriminator})");
        }
        let shown = self.text.len().saturating_sub(2);
        // Codes are ASCII.
        "•".repeat(shown) + self.text.get(shown..).unwrap_or_default()
    }

    /// The code itself, as [`Self::parse`] reads it: only for the sealed file of jobs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True where both are codes of one device, be it that one is its digits and the other its QR code.
    pub fn is_same_device(&self, other: &Self) -> bool {
        let discriminators = match (self.discriminator, other.discriminator) {
            (Discriminator::Short(short), Discriminator::Long(long)) | (Discriminator::Long(long), Discriminator::Short(short)) => {
                Discriminator::Short(short).matches(long)
            }
            (one, other) => one == other,
        };
        let fits = |one: Option<u16>, other: Option<u16>| one.is_none() || other.is_none() || one == other;
        (self.passcode.0 ^ other.passcode.0 == 0) & discriminators & fits(self.vendor_id, other.vendor_id) & fits(self.product_id, other.product_id)
    }

    /// Of what the code says, when that can be.
    fn checked(passcode: u32, discriminator: Discriminator, vendor_id: u16, product_id: u16, text: String) -> Result<Self, CodeError> {
        let code = Self {
            passcode: Passcode(passcode),
            discriminator,
            // Zero stands for "not told" (Matter core specification 1.4, 5.1.1.2 and 5.1.1.3).
            vendor_id: Some(vendor_id).filter(|id| *id != 0),
            product_id: Some(product_id).filter(|id| *id != 0),
            text,
        };
        if FORBIDDEN_PASSCODES.contains(&passcode) || passcode > MAX_PASSCODE {
            return Err(CodeError::ForbiddenPasscode);
        }
        Ok(code)
    }
}

/// By the text, in a time that tells nothing of where two texts differ.
impl PartialEq for SetupCode {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.text.as_bytes(), other.text.as_bytes());
        one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
    }
}

impl Eq for SetupCode {}

#[cfg(test)]
mod tests;
