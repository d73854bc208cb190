//! Looks for secrets where none may be.

use std::fs;
use std::path::Path;

/// A secret, and every form in which its bytes could stand somewhere.
pub struct Secret {
    name: &'static str,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    /// Bytes, by their hexadecimal digits.
    pub fn bytes(name: &'static str, hexadecimal: &str) -> Self {
        let pairs = hexadecimal.as_bytes().chunks(2);
        let bytes: Vec<u8> = pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let list = bytes.iter().map(u8::to_string).collect::<Vec<_>>();
        let mut forms = vec![
            hexadecimal.to_lowercase().into_bytes(),
            hexadecimal.to_uppercase().into_bytes(),
            // As `Debug` and JSON write lists of bytes.
            list.join(", ").into_bytes(),
            list.join(",").into_bytes(),
        ];
        forms.extend(base64_within(&bytes));
        forms.push(bytes);
        Self { name, forms }
    }

    /// A passphrase or passcode.
    pub fn text(name: &'static str, text: &str) -> Self {
        Self {
            name,
            forms: vec![text.as_bytes().to_vec()],
        }
    }

    /// Where it stands in some bytes.
    fn stands_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
    }
}

/// What of some bytes does not depend on their neighbours in base64, at each of the three places where they may begin.
fn base64_within(bytes: &[u8]) -> Vec<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole_groups = (0..3).map(|skipped| {
        let groups = bytes[skipped..].chunks_exact(3);
        let digits = groups.flat_map(|group| {
            let number = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            [18, 12, 6, 0].map(|shift| DIGITS[(number >> shift & 63) as usize])
        });
        digits.collect()
    });
    whole_groups.collect()
}

/// The places among some texts and in all files of a folder where one of these secrets stands.
pub fn found(secrets: &[Secret], texts: &[(&str, String)], folder: &Path) -> Vec<String> {
    let mut places = Vec::new();
    let mut look = |place: &str, bytes: &[u8]| {
        for secret in secrets.iter().filter(|secret| secret.stands_in(bytes)) {
            places.push(format!("{} in {place}", secret.name));
        }
    };
    for (place, text) in texts {
        look(place, text.as_bytes());
    }
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files += 1;
                look(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
    }
    assert!(files > 0, "{} is empty: nothing was looked at", folder.display());
    places
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = Secret::bytes("key", "9f8e7d6c5b4a39281706f5e4d3c2b1a0");
    let raw: Vec<u8> = secret.forms.last().unwrap().clone();
    assert!(secret.stands_in(b"key: 9F8E7D6C5B4A39281706F5E4D3C2B1A0."));
    assert!(secret.stands_in(&[b"x".as_slice(), &raw, b"y"].concat()));
    // "x" + key, "xy" + key, "xyz" + key, by another encoder.
    assert!(secret.stands_in(b"eJ+OfWxbSjkoFwb15NPCsaA="));
    assert!(secret.stands_in(b"eHmfjn1sW0o5KBcG9eTTwrGg"));
    assert!(secret.stands_in(b"eHl6n459bFtKOSgXBvXk08KxoA=="));
    assert!(secret.stands_in(format!("{raw:?}").as_bytes()));
    assert!(!secret.stands_in(b"9f8e7d6c5b4a39281706f5e4d3c2b1a1"));
}
