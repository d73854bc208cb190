//! The key that opens frames, as a person gives it: in a file, on standard input; an import takes the digits themselves too.

use crate::WrongUsage;
use crate::network::{looks_like_a_secret, secret_in_file};
use anyhow::Result;
use std::path::Path;
use weft_sources::rcp::Network;
use weft_wire::link_security::NetworkKey;
use zeroize::Zeroizing;

/// What such an argument is, in the help.
pub(crate) const HELP: &str =
    "File with the network key or the operational dataset in hexadecimal digits; `-` reads it from standard input, where no other program sees it";
/// The same where the digits are taken too.
pub(crate) const HELP_WITH_DIGITS: &str = "File with the network key or the operational dataset in hexadecimal digits; `-` reads it from standard input, where no other \
                                           program sees it. The digits themselves are taken too: other users of this machine may see them";
const KEY_DIGITS: usize = 32;

/// The network whose key, or whose dataset, is in a file or comes from standard input (`-`).
///
/// # Errors
/// Where it cannot be read, or holds neither. What may be a key is never repeated.
pub(crate) fn in_file(path: &Path) -> Result<Network> {
    of_digits(&secret_in_file(path)?).ok_or_else(|| {
        let from = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        anyhow::anyhow!("{from} holds neither a network key (32 hexadecimal digits) nor a dataset with one")
    })
}

/// The same, or the digits themselves.
///
/// # Errors
/// Those of [`in_file`]; wrong usage where it is neither digits nor a file.
pub(crate) fn given(text: &str) -> Result<Network> {
    let path = Path::new(text);
    if text == "-" || path.exists() {
        return in_file(path);
    }
    if let Some(network) = of_digits(text.trim()) {
        return Ok(network);
    }
    let what = match looks_like_a_secret(text) || text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => "what was given is neither a network key (32 hexadecimal digits) nor a dataset with one".to_owned(),
        false => format!("there is no file {text}, and that is no network key (32 hexadecimal digits) and no dataset"),
    };
    Err(WrongUsage(what).into())
}

fn of_digits(digits: &str) -> Option<Network> {
    if digits.len() == KEY_DIGITS {
        return NetworkKey::from_hex(digits).ok().map(Network::from_key);
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
    Network::from_dataset(&Zeroizing::new(bytes?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn a_key_file_holds_a_key_or_a_dataset() {
        assert!(of_digits(KEY).is_some());
        // A dataset: network key, channel 20.
        assert!(of_digits(&format!("0510{KEY}0003000014")).is_some());
        for wrong in ["", "00", "0510", "0x112233445566778899aabbccddeeff00", "0003000014", "é"] {
            assert!(of_digits(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn it_is_in_a_file_or_given_itself_and_never_repeated() {
        let file = std::env::temp_dir().join(format!("weft-network-key-{}", std::process::id()));
        std::fs::write(&file, format!("{KEY}\n")).unwrap();
        assert!(in_file(&file).is_ok() && given(file.to_str().unwrap()).is_ok());
        std::fs::remove_file(&file).unwrap();
        assert!(given(KEY).is_ok());
        let said = |error: Option<anyhow::Error>| error.map(|error| format!("{error:#}")).unwrap();
        assert!(said(in_file(Path::new(KEY)).err()).contains("looks like a key"));
        assert!(said(given("nowhere.hex").err()).contains("nowhere.hex"));
        for slip in [&KEY[1..], &format!("{KEY}0"), &format!("{KEY}x"), &format!("0x{KEY}"), &KEY[..16]] {
            for error in [in_file(Path::new(slip)).err(), given(slip).err()] {
                let said = said(error);
                assert!(!said.contains(&KEY[1..9]), "{said}");
            }
        }
    }
}
