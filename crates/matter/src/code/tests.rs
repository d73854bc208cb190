use super::*;
use proptest::prelude::*;
use rs_matter::pairing::qr::{CommFlowType, QrPayload};

/// The SDK's test device: passcode 20202021, discriminator 3840 (0xf00).
const MANUAL: &str = "34970112332";
const QR: &str = "MT:Y.K9042C00KA0648G00";

/// What a code says, for comparison; tests may look.
fn said(code: &SetupCode) -> (u32, Discriminator, Option<u16>, Option<u16>) {
    (code.passcode.expose(), code.discriminator, code.vendor_id, code.product_id)
}

fn parse(text: &str) -> Result<(u32, Discriminator, Option<u16>, Option<u16>), CodeError> {
    SetupCode::parse(text).map(|code| said(&code))
}

/// Texts of the codes, and errors.
fn found(text: &str) -> Vec<Result<String, CodeError>> {
    SetupCode::find_all(text)
        .into_iter()
        .map(|code| code.map(|code| code.text().to_owned()))
        .collect()
}

fn ok(texts: &[&str]) -> Vec<Result<String, CodeError>> {
    texts.iter().map(|text| Ok((*text).to_owned())).collect()
}

/// The digits of a manual code, made from its fields (Matter core specification 1.4, table 38), with the check digit found by trying.
pub(super) fn manual(passcode: u32, discriminator: u16, ids: Option<(u16, u16)>) -> String {
    let flag = u32::from(ids.is_some()) << 2;
    let mut digits = format!(
        "{}{:05}{:04}",
        flag | u32::from(discriminator >> 10),
        u32::from(discriminator >> 8 & 3) << 14 | passcode & 0x3fff,
        passcode >> 14
    );
    if let Some((vendor, product)) = ids {
        digits += &format!("{vendor:05}{product:05}");
    }
    let fits = |check: &u8| {
        let with_check = format!("{digits}{check}");
        !matches!(SetupCode::parse(&with_check), Err(CodeError::CheckDigit))
    };
    let checks: Vec<u8> = (0..10).filter(fits).collect();
    assert_eq!(checks.len(), 1, "one check digit fits");
    format!("{digits}{}", checks[0])
}

/// A QR payload, made from its fields (Matter core specification 1.4, table 37).
pub(super) fn payload(passcode: u32, discriminator: u16, vendor: u16, product: u16) -> String {
    let bits = u128::from(vendor) << 3 | u128::from(product) << 19 | 2 << 37 | u128::from(discriminator) << 45 | u128::from(passcode) << 57;
    encode(&bits.to_le_bytes()[..11])
}

fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 38] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
    let mut text = "MT:".to_owned();
    for chunk in bytes.chunks(3) {
        let mut number = chunk.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte));
        for _ in 0..[0, 2, 4, 5][chunk.len()] {
            text.push(char::from(ALPHABET[number % 38]));
            number /= 38;
        }
    }
    text
}

#[test]
fn known_codes() {
    assert_eq!(parse(MANUAL), Ok((20_202_021, Discriminator::Short(0xf), None, None)));
    assert_eq!(parse(QR), Ok((20_202_021, Discriminator::Long(0xf00), Some(0xfff1), Some(0x8000))));
    // The same device's code with vendor 0xfff1 and product 0x8000.
    let long = manual(20_202_021, 0xf00, Some((0xfff1, 0x8000)));
    assert_eq!(parse(&long), Ok((20_202_021, Discriminator::Short(0xf), Some(0xfff1), Some(0x8000))));
    assert_eq!(manual(20_202_021, 0xf00, None), MANUAL);
    assert_eq!(payload(20_202_021, 0xf00, 0xfff1, 0x8000), QR);
}

#[test]
fn codes_as_people_paste_them() {
    for text in [
        " 3497-011-2332\n",
        "3497 011 2332",
        "3497–011–2332",
        "3497\u{a0}011\u{a0}2332",
        "3497.011.2332",
    ] {
        assert_eq!(parse(text), parse(MANUAL), "{text}");
        assert_eq!(SetupCode::parse(text).ok().map(|code| code.text().to_owned()).as_deref(), Some(MANUAL));
    }
    assert_eq!(parse(&QR.to_lowercase()), parse(QR));
    let long = manual(20_202_021, 0xf00, Some((0xfff1, 0x8000)));
    let pretty = format!(
        "{}-{}-{}\n{}-{}-{}",
        &long[..4],
        &long[4..7],
        &long[7..11],
        &long[11..15],
        &long[15..20],
        &long[20..]
    );
    assert_eq!(parse(&pretty.replace('\n', "-")), parse(&long));
}

#[test]
fn errors_tell_what_is_wrong() {
    for (text, error) in [
        ("", CodeError::Empty),
        (" - ", CodeError::Empty),
        ("3497011233", CodeError::Length(10)),
        ("349701123324", CodeError::Length(12)),
        ("123-45-678", CodeError::HomeKit),
        ("34970112323", CodeError::CheckDigit),
        ("34970112333", CodeError::CheckDigit),
        ("3497O112332", CodeError::NotDigits),
        ("X-HM://0023ISYWY", CodeError::NotDigits),
        ("MT:", CodeError::Payload),
        ("MT:Y.K9042C00KA0648G0", CodeError::Payload),
        ("MT:Y.K9042C00KA0648G0 ", CodeError::Payload),
        ("MT:Y.K9042C00KA0648", CodeError::Payload),
        ("MT:Y.K9042C00KA06_8G00", CodeError::Payload),
        // ".." is 37 * 38 + 37, which is more than a byte holds.
        ("MT:Y.K9042C00KA0648..", CodeError::Payload),
        ("MT:Y.K9042C00KA0648G00*Y.K9042C00KA0648G00", CodeError::Several(2)),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
    assert_eq!(parse(&"9".repeat(5_000)), Err(CodeError::Length(99)));
}

#[test]
fn first_digit_must_fit_the_length() {
    let long = manual(20_202_021, 0xf00, Some((0xfff1, 0x8000)));
    let with_check = |digits: &str| {
        let all = (0..10).map(|check| parse(&format!("{digits}{check}")));
        all.filter(|result| *result != Err(CodeError::CheckDigit)).collect::<Vec<_>>()
    };
    assert_eq!(with_check(&long[..10]), [Err(CodeError::HalfOfALongCode)]);
    assert_eq!(with_check(&format!("3{}", &long[1..20])), [Err(CodeError::NotALongCode)]);
    assert_eq!(with_check("8497011233"), [Err(CodeError::Version)]);
    // 16 bits in digits 2 to 6, 13 in digits 7 to 10.
    assert_eq!(with_check("3999990123"), [Err(CodeError::Range)]);
    assert_eq!(with_check("3497019999"), [Err(CodeError::Range)]);
    assert_eq!(with_check(&format!("{}99999", &long[..15])), [Err(CodeError::Range)]);
}

#[test]
fn forbidden_passcodes_are_refused() {
    let forbidden = [
        0,
        11_111_111,
        22_222_222,
        33_333_333,
        44_444_444,
        55_555_555,
        66_666_666,
        77_777_777,
        88_888_888,
        99_999_999,
        12_345_678,
        87_654_321,
        100_000_000,
    ];
    for passcode in forbidden {
        assert_eq!(parse(&manual(passcode, 0xf00, None)), Err(CodeError::ForbiddenPasscode), "{passcode}");
        assert_eq!(parse(&payload(passcode, 0xf00, 0, 0)), Err(CodeError::ForbiddenPasscode), "{passcode}");
    }
    for passcode in [1, 12_345_679, 99_999_998] {
        assert_eq!(parse(&manual(passcode, 0xf00, None)).map(|said| said.0), Ok(passcode));
    }
}

#[test]
fn other_versions_are_told() {
    let bits = 1_u128 | 20_202_021 << 57;
    assert_eq!(parse(&encode(&bits.to_le_bytes()[..11])), Err(CodeError::Version));
}

#[test]
fn errors_do_not_repeat_the_code() {
    for text in [
        "34970112333",
        "3497011233",
        "349X0112332",
        "MT:Y.K9042C00KA0648",
        "MT:Y.K9042C00KA0648G00*0",
    ] {
        let error = SetupCode::parse(text).err().expect("refused").to_string();
        assert!(!error.contains("3497") && !error.contains("Y.K9"), "{error}");
    }
}

#[test]
fn a_masked_code_can_be_told_from_others() {
    let masked = |text: &str| SetupCode::parse(text).ok().map(|code| code.masked());
    assert_eq!(masked("3497-011-2332").as_deref(), Some("•••••••••32"));
    assert_eq!(masked(QR).as_deref(), Some("MT:•••• (discriminator 3840)"));
}

#[test]
fn discriminators() {
    assert!(Discriminator::Long(0xf00).matches(0xf00));
    assert!(!Discriminator::Long(0xf00).matches(0xf01));
    assert!(Discriminator::Short(0xf).matches(0xf00));
    assert!(Discriminator::Short(0xf).matches(0xfff));
    assert!(!Discriminator::Short(0xf).matches(0xeff));
}

#[test]
fn equality_and_devices() {
    let read = |text: &str| match SetupCode::parse(text) {
        Ok(code) => code,
        Err(error) => panic!("{error}"),
    };
    assert!(read("3497-011-2332") == read(MANUAL));
    assert!(read(MANUAL) != read(QR));
    assert!(read(MANUAL).is_same_device(&read(QR)));
    assert!(read(QR).is_same_device(&read(&manual(20_202_021, 0xf00, Some((0xfff1, 0x8000))))));
    assert!(!read(QR).is_same_device(&read(&manual(20_202_021, 0xf00, Some((0xfff1, 0x8001))))));
    assert!(!read(QR).is_same_device(&read(&manual(20_202_021, 0xe00, None))));
    assert!(!read(QR).is_same_device(&read(&payload(20_202_021, 0xf01, 0xfff1, 0x8000))));
    assert!(!read(MANUAL).is_same_device(&read(&manual(20_202_022, 0xf00, None))));
}

#[test]
fn a_page_of_codes() {
    let codes: Vec<String> = (0..21)
        .map(|index| manual(30_000_000 + index * 7_919, (index as u16 * 256) & 0xfff, None))
        .collect();
    let names = ["Hall plug", "Bulb 2", "Küche: Steckdose", "Sensor (2. floor)", "no. 4"];
    let pretty = |code: &str| format!("{}-{}-{}", &code[..4], &code[4..7], &code[7..]);
    let expected: Vec<Result<String, CodeError>> = codes.iter().cloned().map(Ok).collect();

    assert_eq!(found(&codes.join("\n")), expected, "lines");
    assert_eq!(found(&codes.join(", ")), expected, "commas");
    assert_eq!(found(&codes.join(" ")), expected, "spaces");
    let numbered: Vec<String> = codes
        .iter()
        .enumerate()
        .map(|(index, code)| format!("{}. {}: {}", index + 1, names[index % 5], pretty(code)))
        .collect();
    assert_eq!(found(&numbered.join("\r\n")), expected, "numbers and labels");
    let bare: Vec<String> = codes
        .iter()
        .enumerate()
        .map(|(index, code)| format!("{}) {}", index + 1, pretty(code)))
        .collect();
    assert_eq!(found(&bare.join("\n")), expected, "numbers");
    let worse: Vec<String> = codes
        .iter()
        .enumerate()
        .map(|(index, code)| format!("{} {}", index + 1, pretty(code)))
        .collect();
    assert_eq!(found(&worse.join("\n")), expected, "numbers without anything");
    let table: Vec<String> = codes
        .iter()
        .enumerate()
        .map(|(index, code)| format!("| {index} | {} | {code} | 2026-11-20 |", names[index % 5]))
        .collect();
    assert_eq!(found(&table.join("\n")), expected, "a table");
    let twice = codes.join("\n") + "\n" + &numbered.join("\n");
    assert_eq!(found(&twice), expected, "twice");
}

#[test]
fn payloads_among_text() {
    let other = payload(30_000_001, 0x123, 0x1234, 0x5678);
    assert_eq!(found(&format!("Plug: {QR}, bulb: {other}.")), ok(&[QR, &other]));
    assert_eq!(found(&format!("{QR}*{}", &other[3..])), ok(&[QR, &other]), "one QR code for two devices");
    assert_eq!(found(&format!("{QR} ({MANUAL})\n{MANUAL}")), ok(&[QR]), "both codes of a sticker");
    assert_eq!(found(&format!("{MANUAL} {QR}")), ok(&[QR]), "the one that says more");
    assert_eq!(found(&format!("https://example.com/#{QR}")), ok(&[QR]));
    assert_eq!(found("SMT:Y.K9042C00KA0648G00"), [], "part of another word");
}

#[test]
fn what_is_meant_as_a_code_is_told() {
    assert_eq!(found("Hall plug: 3497-011-2333"), [Err(CodeError::CheckDigit)]);
    assert_eq!(found("3497-011-233"), [Err(CodeError::Length(10))]);
    assert_eq!(found("1. 3497-011-2333"), [Err(CodeError::CheckDigit)]);
    assert_eq!(found("Plug 349701123321"), [Err(CodeError::Length(12))]);
    assert_eq!(found("123-45-678"), [Err(CodeError::HomeKit)]);
    assert_eq!(found("MT:Y.K9042C00KA0648"), [Err(CodeError::Payload)]);
    assert_eq!(found("3497-011-2333\n3497-011-2332"), [Err(CodeError::CheckDigit), Ok(MANUAL.to_owned())]);
}

#[test]
fn other_text_is_passed_over() {
    for text in [
        "",
        "hello",
        "Room 12, shelf 3",
        "2026-11-20 12:00:00",
        "call +49 170 1234567",
        "192.168.1.20",
        "fd00::1",
        "12 345",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn pages_are_bounded() {
    let codes: Vec<String> = (0..600).map(|index| manual(30_000_000 + index, 0xf00, None)).collect();
    assert_eq!(found(&codes.join("\n")).len(), 500);
    assert_eq!(found(&format!("{}{MANUAL}", "ü ".repeat(200_000))), []);
}

fn any_fields() -> impl Strategy<Value = (u32, u16, u16, u16)> {
    let allowed = |passcode: &u32| !FORBIDDEN_PASSCODES.contains(passcode);
    (
        (1..=MAX_PASSCODE).prop_filter("forbidden", allowed),
        0..=0xfff_u16,
        any::<u16>(),
        any::<u16>(),
    )
}

proptest! {
    #[test]
    fn manual_round_trip((passcode, discriminator, vendor, product) in any_fields()) {
        let short = Discriminator::Short((discriminator >> 8) as u8);
        prop_assert_eq!(parse(&manual(passcode, discriminator, None)), Ok((passcode, short, None, None)));
        let told = |id: u16| Some(id).filter(|id| *id != 0);
        prop_assert_eq!(parse(&manual(passcode, discriminator, Some((vendor, product)))), Ok((passcode, short, told(vendor), told(product))));
    }

    #[test]
    fn payload_round_trip((passcode, discriminator, vendor, product) in any_fields()) {
        let told = |id: u16| Some(id).filter(|id| *id != 0);
        let code = SetupCode::parse(&payload(passcode, discriminator, vendor, product)).ok();
        prop_assert_eq!(code.as_ref().map(said), Some((passcode, Discriminator::Long(discriminator), told(vendor), told(product))));
        prop_assert!(SetupCode::parse(code.as_ref().map_or("", |code| code.text())).ok() == code);
    }

    /// The library that Weft commissions with reads the same.
    #[test]
    fn library_agrees((passcode, discriminator, vendor, product) in any_fields(), tlv in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text = manual(passcode, discriminator, Some((vendor, product)));
        let theirs = QrPayload::<()>::parse_pairing_code(&text).unwrap();
        prop_assert_eq!((theirs.passcode(), u16::from(theirs.short_discriminator())), (passcode, discriminator >> 8));

        let fixed = payload(passcode, discriminator, vendor, product);
        let mut buffer = [0; 200];
        let theirs = QrPayload::parse(&fixed, &mut buffer).unwrap();
        prop_assert_eq!((theirs.passcode(), theirs.discriminator(), theirs.vid(), theirs.pid()), (passcode, discriminator, vendor, product));
        prop_assert_eq!(theirs.comm_flow(), CommFlowType::Standard);

        // Optional data behind the fixed part changes nothing.
        let bits = u128::from(vendor) << 3 | u128::from(product) << 19 | 2 << 37 | u128::from(discriminator) << 45 | u128::from(passcode) << 57;
        let longer = encode(&[&bits.to_le_bytes()[..11], &tlv].concat());
        prop_assert_eq!(parse(&longer), parse(&fixed));
    }

    #[test]
    fn one_wrong_digit_is_noticed((passcode, discriminator, ..) in any_fields(), position in 0..11_usize, change in 1..10_u8) {
        let mut digits = manual(passcode, discriminator, None).into_bytes();
        digits[position] = b'0' + (digits[position] - b'0' + change) % 10;
        prop_assert_eq!(parse(std::str::from_utf8(&digits).unwrap()), Err(CodeError::CheckDigit));
    }

    #[test]
    fn two_swapped_digits_are_noticed((passcode, discriminator, ..) in any_fields(), position in 0..10_usize) {
        let mut digits = manual(passcode, discriminator, None).into_bytes();
        prop_assume!(digits[position] != digits[position + 1]);
        digits.swap(position, position + 1);
        prop_assert_eq!(parse(std::str::from_utf8(&digits).unwrap()), Err(CodeError::CheckDigit));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", begin in 0..4_usize) {
        let text = ["", "MT:", "3497-011-2332 ", "MT:Y.K9042C00KA0648G00*"][begin].to_owned() + &text;
        let _ = SetupCode::parse(&text);
        let _ = SetupCode::find_all(&text);
    }

    #[test]
    fn arbitrary_digits_never_panic(text in "[0-9 .:\\-*MT\n]{0,120}") {
        for code in SetupCode::find_all(&text).into_iter().flatten() {
            prop_assert!(SetupCode::parse(code.text()).is_ok());
        }
    }
}
