use super::super::tests::{manual, payload};
use super::*;
use proptest::prelude::*;
use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};

const MATTER: &str = "MT:Y.K9042C00KA0648G00";

/// A QR code as a picture, with its quiet zone of four modules.
fn qr(text: &str, module_pixels: u32) -> GrayImage {
    let version = Version::new(15);
    let (mut temporary, mut out) = (vec![0; version.buffer_len()], vec![0; version.buffer_len()]);
    let code = QrCode::encode_text(text, &mut temporary, &mut out, QrCodeEcc::Medium, Version::MIN, version, None, true).unwrap();
    let side = (code.size() as u32 + 8) * module_pixels;
    GrayImage::from_fn(side, side, |x, y| {
        let dark = code.get_module((x / module_pixels) as i32 - 4, (y / module_pixels) as i32 - 4);
        image::Luma([if dark { 20 } else { 235 }])
    })
}

/// Pictures on a sheet, so many in a row.
fn sheet(pictures: &[GrayImage], in_a_row: usize) -> GrayImage {
    let side = pictures.iter().map(GrayImage::width).max().unwrap() + 20;
    let rows = pictures.len().div_ceil(in_a_row) as u32;
    let mut sheet = GrayImage::from_pixel(side * in_a_row as u32, side * rows, image::Luma([235]));
    for (index, picture) in pictures.iter().enumerate() {
        let (x, y) = ((index % in_a_row) as u32 * side, (index / in_a_row) as u32 * side);
        image::imageops::replace(&mut sheet, picture, x.into(), y.into());
    }
    sheet
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

/// Texts of the codes, sorted.
fn texts(bytes: &[u8]) -> Result<Vec<String>, PhotoError> {
    let mut texts: Vec<String> = find_codes(bytes)?.iter().map(|code| code.text().to_owned()).collect();
    texts.sort();
    Ok(texts)
}

/// Turned by an angle about its middle, on a larger background.
fn turned(picture: &GrayImage, degrees: f64) -> GrayImage {
    let side = picture.width() * 3 / 2;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let middle = f64::from(side) / 2.0;
    let own_middle = f64::from(picture.width()) / 2.0;
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = (f64::from(x) - middle, f64::from(y) - middle);
        let (x, y) = (cos * x + sin * y + own_middle, cos * y - sin * x + own_middle);
        match x >= 0.0 && y >= 0.0 && x < f64::from(picture.width()) && y < f64::from(picture.height()) {
            true => *picture.get_pixel(x as u32, y as u32),
            false => image::Luma([235]),
        }
    })
}

/// With noise of up to so much, the same in each run.
fn noisy(picture: &GrayImage, amount: i32) -> GrayImage {
    let mut state = 1_u64;
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (state >> 40) as i32 % (2 * amount + 1) - amount;
        pixel.0[0] = (i32::from(pixel.0[0]) + noise).clamp(0, 255) as u8;
    }
    picture
}

fn many(count: u32) -> Vec<String> {
    let mut codes: Vec<String> = (0..count)
        .map(|index| payload(30_000_000 + index * 7_919, (index * 37) as u16 & 0xfff, 0xfff1, 0x8000))
        .collect();
    codes.sort();
    codes
}

#[test]
fn one_code() {
    assert_eq!(texts(&png(&qr(MATTER, 6))), Ok(vec![MATTER.to_owned()]));
    assert_eq!(texts(&encoded(&qr(MATTER, 6), ImageFormat::Jpeg)), Ok(vec![MATTER.to_owned()]));
    assert_eq!(texts(&encoded(&qr(MATTER, 6), ImageFormat::WebP)), Ok(vec![MATTER.to_owned()]));
}

#[test]
fn small_and_tightly_cut_codes() {
    let picture = qr(MATTER, 1);
    assert_eq!(texts(&png(&picture)), Ok(vec![MATTER.to_owned()]), "one pixel a module");
    let tight = image::imageops::crop_imm(&qr(MATTER, 5), 20, 20, picture.width() * 5 - 40, picture.width() * 5 - 40).to_image();
    assert_eq!(texts(&png(&tight)), Ok(vec![MATTER.to_owned()]), "without a quiet zone");
}

#[test]
fn turned_codes() {
    for degrees in [7.0, 33.0, 45.0, 90.0, 135.0, 180.0, 271.0] {
        assert_eq!(
            texts(&png(&turned(&qr(MATTER, 8), degrees))),
            Ok(vec![MATTER.to_owned()]),
            "{degrees} degrees"
        );
    }
}

#[test]
fn noisy_codes() {
    for amount in [20, 60, 90] {
        assert_eq!(
            texts(&png(&noisy(&turned(&qr(MATTER, 12), 12.0), amount))),
            Ok(vec![MATTER.to_owned()]),
            "noise of {amount}"
        );
    }
}

#[test]
fn light_on_dark() {
    let mut picture = qr(MATTER, 6);
    image::imageops::invert(&mut picture);
    assert_eq!(texts(&png(&picture)), Ok(vec![MATTER.to_owned()]));
}

#[test]
fn dark_on_nothing() {
    let code = qr(MATTER, 6);
    let picture = image::GrayAlphaImage::from_fn(code.width(), code.height(), |x, y| {
        image::LumaA([0, if code.get_pixel(x, y).0[0] < 128 { 255 } else { 0 }])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    assert_eq!(texts(&bytes.into_inner()), Ok(vec![MATTER.to_owned()]));
}

#[test]
fn twenty_one_on_a_sheet() {
    let codes = many(21);
    let pictures: Vec<GrayImage> = codes.iter().map(|code| qr(code, 5)).collect();
    for (amount, in_a_row) in [(0, 3), (20, 5), (30, 21)] {
        assert_eq!(
            texts(&png(&noisy(&sheet(&pictures, in_a_row), amount))),
            Ok(codes.clone()),
            "noise of {amount}, {in_a_row} in a row"
        );
    }
}

/// As somebody photographs a sheet: askew, each code a bit off its place.
#[test]
fn twenty_one_on_a_sheet_that_lies_askew() {
    let codes = many(21);
    let pictures: Vec<GrayImage> = codes
        .iter()
        .enumerate()
        .map(|(index, code)| turned(&qr(code, 6), index as f64 * 3.0 - 30.0))
        .collect();
    let sheet = turned(&sheet(&pictures, 5), 9.0);
    assert_eq!(texts(&encoded(&noisy(&sheet, 20), ImageFormat::Jpeg)), Ok(codes));
}

/// Twelve million pixels, as a telephone makes them, in which a code is small.
#[test]
fn a_large_photo() {
    let codes = many(4);
    let pictures: Vec<GrayImage> = codes.iter().map(|code| qr(code, 8)).collect();
    let mut photo = GrayImage::from_fn(4_000, 3_000, |x, y| image::Luma([(150 + (x / 40 + y / 60) % 60) as u8]));
    image::imageops::replace(&mut photo, &turned(&sheet(&pictures, 2), 5.0), 1_500, 900);
    assert_eq!(texts(&encoded(&noisy(&photo, 15), ImageFormat::Jpeg)), Ok(codes));
}

#[test]
fn several_devices_in_one_code() {
    let codes = many(3);
    let together = format!("{}*{}*{}", codes[0], &codes[1][3..], &codes[2][3..]);
    assert_eq!(texts(&png(&qr(&together, 6))), Ok(codes));
}

#[test]
fn the_same_code_twice_is_one() {
    assert_eq!(texts(&png(&sheet(&[qr(MATTER, 5), qr(MATTER, 5)], 2))), Ok(vec![MATTER.to_owned()]));
}

#[test]
fn other_codes_are_passed_over_or_told() {
    let (site, other) = (qr("https://example.com/manual", 5), qr("WIFI:S:home;T:WPA;P:x;;", 5));
    assert_eq!(
        texts(&png(&sheet(&[site.clone(), qr(MATTER, 5), other.clone()], 3))),
        Ok(vec![MATTER.to_owned()])
    );
    assert_eq!(texts(&png(&sheet(&[site.clone(), other], 2))), Err(PhotoError::NotMatter(2)));
    assert_eq!(texts(&png(&site)), Err(PhotoError::NotMatter(1)));
    assert_eq!(
        PhotoError::NotMatter(2).to_string(),
        "found 2 QR codes of other things, and no Matter code, whose text begins with MT:"
    );
    // A manual code behind a QR code is no Matter payload.
    assert_eq!(texts(&png(&qr(&manual(20_202_021, 0xf00, None), 5))), Err(PhotoError::NotMatter(1)));
}

#[test]
fn unusable_codes_are_told() {
    assert_eq!(texts(&png(&qr("MT:Y.K9042C00KA0648", 5))), Err(PhotoError::Unusable(CodeError::Payload)));
    assert_eq!(
        texts(&png(&qr(&payload(11_111_111, 0, 0, 0), 5))),
        Err(PhotoError::Unusable(CodeError::ForbiddenPasscode))
    );
    let with_good = sheet(&[qr(MATTER, 5), qr(&payload(11_111_111, 0, 0, 0), 5)], 2);
    assert_eq!(texts(&png(&with_good)), Ok(vec![MATTER.to_owned()]));
}

#[test]
fn nothing_to_see() {
    assert_eq!(
        texts(&png(&GrayImage::from_pixel(400, 300, image::Luma([200])))),
        Err(PhotoError::NoQrCode)
    );
    assert_eq!(texts(&png(&GrayImage::from_pixel(1, 1, image::Luma([0])))), Err(PhotoError::NoQrCode));
    assert_eq!(texts(&png(&GrayImage::from_pixel(3_000, 1, image::Luma([0])))), Err(PhotoError::NoQrCode));
    assert_eq!(
        texts(&png(&noisy(&GrayImage::from_pixel(600, 400, image::Luma([128])), 127))),
        Err(PhotoError::NoQrCode)
    );
}

#[test]
fn other_files_are_told() {
    assert_eq!(texts(b""), Err(PhotoError::Empty));
    assert_eq!(texts(b"%PDF-1.7"), Err(PhotoError::UnknownFormat));
    assert_eq!(texts(b"GIF89a\x01\0\x01\0\0\0\0;"), Err(PhotoError::UnknownFormat));
    assert_eq!(texts(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic"), Err(PhotoError::Heic));
    assert_eq!(texts(&vec![0; MAX_FILE_BYTES + 1]), Err(PhotoError::FileTooLarge(MAX_FILE_BYTES + 1)));
    assert_eq!(
        PhotoError::FileTooLarge(MAX_FILE_BYTES + 1).to_string(),
        "the file has 17 MiB, and 16 MiB is the most: send it smaller"
    );
    let good = png(&qr(MATTER, 5));
    assert!(matches!(texts(&good[..good.len() / 2]), Err(PhotoError::Unreadable(_))));
}

/// A small file that says it holds a large picture costs nothing.
#[test]
fn bombs_are_refused() {
    let bytes = png(&GrayImage::from_pixel(7_100, 7_100, image::Luma([255])));
    assert!(bytes.len() < 1_000_000, "{}", bytes.len());
    assert_eq!(texts(&bytes), Err(PhotoError::TooManyPixels { width: 7_100, height: 7_100 }));
    let mut header = png(&GrayImage::new(1, 1));
    header[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(texts(&header).is_err());
}

/// Corners of QR codes without codes, which would make the library try all combinations for minutes.
#[test]
fn a_carpet_of_corners() {
    for pitch_modules in [9, 18] {
        let corner = |x: u32, y: u32| {
            let (x, y) = (x / 5 % pitch_modules, y / 5 % pitch_modules);
            x < 7 && y < 7 && ((x == 0 || x == 6 || y == 0 || y == 6) || ((2..5).contains(&x) && (2..5).contains(&y)))
        };
        let carpet = GrayImage::from_fn(500, 500, |x, y| image::Luma([if corner(x, y) { 20 } else { 235 }]));
        assert!(corners::find(&carpet).len() >= 25, "{pitch_modules}");
        assert_eq!(texts(&png(&carpet)), Err(PhotoError::NoQrCode), "{pitch_modules}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..4_usize) {
        let magic: &[u8] = [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\0\x01\0\0WEBPVP8 "][kind];
        prop_assert!(find_codes(&[magic, &bytes].concat()).is_err());
    }

    #[test]
    fn damaged_files_never_panic(at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), kind in 0..3_usize) {
        let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][kind];
        let mut bytes = encoded(&qr(MATTER, 3), format);
        for (index, byte) in at {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let _ = find_codes(&bytes);
    }

    #[test]
    fn damaged_codes_never_panic(stains in proptest::collection::vec((0..280_u32, 0..280_u32, 1..60_u32, any::<u8>()), 0..12)) {
        let mut picture = qr(MATTER, 8);
        for (x, y, side, shade) in stains {
            let stain = GrayImage::from_pixel(side, side, image::Luma([shade]));
            image::imageops::replace(&mut picture, &stain, x.into(), y.into());
        }
        if let Ok(codes) = find_codes(&png(&picture)) {
            prop_assert_eq!(codes[0].text(), MATTER);
        }
    }
}
