//! QR codes in photos: one or many in a picture.

mod corners;

use super::{CodeError, SetupCode, page, payload};
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use zeroize::Zeroizing;

/// Largest file that is opened, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Largest picture that is opened, in pixels. What telephones make has up to 50 million.
pub const MAX_PIXELS: u64 = 50_000_000;

/// The longest side of a picture that is opened, in pixels.
const MAX_SIDE_PIXELS: u32 = 32_768;

/// The most memory that decoding may take, in bytes: four channels of the largest picture, and the decoder's own.
const MAX_DECODER_BYTES: u64 = 256 << 20;

/// How long the longest side is made before codes are looked for, in pixels: the first for codes that fill the picture, the second for small ones.
const SIDES_PIXELS: [u32; 2] = [1_500, 2_800];

/// Pictures with a longest side below this are made twice as large, until it is reached: codes cut out of a screen.
const SMALL_SIDE_PIXELS: u32 = 300;

/// Modules that are narrower are made larger, in pixels.
const SMALL_MODULE_PIXELS: f32 = 4.0;

/// Pixels of all parts of one picture that are tried: four times the largest picture that is looked at.
const MAX_TRIED_PIXELS: u64 = 24_000_000;

/// How far pixels are averaged against noise, in modules.
const BLUR_MODULES: f32 = 0.2;

/// Corners of codes that a picture may have to be read as a whole: those of four codes.
const MAX_CORNERS_AT_ONCE: usize = 12;

/// White around the picture, in pixels: a code that was cut out tightly needs its quiet zone.
const MARGIN_PIXELS: u32 = 16;

/// More QR codes than this are not read from one picture.
const MAX_GRIDS: usize = 200;

/// Why no Matter code was found in a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is too large.
    #[error("the file has {} MiB, and {} MiB is the most: send it smaller", .0.div_ceil(1 << 20), MAX_FILE_BYTES >> 20)]
    FileTooLarge(usize),
    /// It is what Apple's telephones make.
    #[error(
        "this is a HEIC picture, which Weft cannot open: take a screenshot of it, or set the camera to JPEG (Settings, Camera, Formats, Most Compatible)"
    )]
    Heic,
    /// It is no picture, or of a kind that is not known here.
    #[error("this is no picture that Weft can open: send a JPEG, PNG or WebP")]
    UnknownFormat,
    /// It has too many pixels.
    #[error("the picture has {width} by {height} pixels, and {} million is the most: send it smaller", MAX_PIXELS / 1_000_000)]
    TooManyPixels {
        /// Width, in pixels.
        width: u32,
        /// Height, in pixels.
        height: u32,
    },
    /// The file is damaged.
    #[error("the picture is damaged or cut off ({0})")]
    Unreadable(String),
    /// There is no QR code to be seen.
    #[error("no QR code was found: take the picture from nearer by, straight on, with more light, or type the digits below the code")]
    NoQrCode,
    /// There are QR codes, but of other things.
    #[error("found {} of other things, and no Matter code, whose text begins with MT:", qr_codes(*.0))]
    NotMatter(usize),
    /// There are Matter codes, but none can be used. Why the first one cannot.
    #[error("found a Matter code that cannot be used: {0}")]
    Unusable(CodeError),
}

fn qr_codes(count: usize) -> String {
    match count {
        1 => "a QR code".to_owned(),
        count => format!("{count} QR codes"),
    }
}

/// All Matter codes in a picture (JPEG, PNG or WebP), in no particular order, each device once. Takes up to some seconds for a large picture: not for a
/// thread that others wait for.
///
/// # Errors
/// Why there is none.
pub fn find_codes(bytes: &[u8]) -> Result<Vec<SetupCode>, PhotoError> {
    let picture = open(bytes)?;
    let texts = read_qr_codes(&picture);
    let mut codes: Vec<SetupCode> = Vec::new();
    let mut unusable = None;
    for text in &texts {
        if payload::strip_prefix(text).is_none() {
            continue;
        }
        for code in page::find_all(text) {
            match code {
                Ok(code) if codes.iter().any(|known| known.is_same_device(&code)) => {}
                Ok(code) => codes.push(code),
                Err(error) => unusable = unusable.or(Some(error)),
            }
        }
    }
    match (codes.is_empty(), unusable, texts.len()) {
        (false, ..) => Ok(codes),
        (_, Some(error), _) => Err(PhotoError::Unusable(error)),
        (_, None, 0) => Err(PhotoError::NoQrCode),
        (_, None, others) => Err(PhotoError::NotMatter(others)),
    }
}

/// The picture in shades of grey.
fn open(bytes: &[u8]) -> Result<GrayImage, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(PhotoError::FileTooLarge(bytes.len()));
    }
    if is_heic(bytes) {
        return Err(PhotoError::Heic);
    }
    let format = image::guess_format(bytes).map_err(|_| PhotoError::UnknownFormat)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(PhotoError::UnknownFormat);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PIXELS);
    limits.max_image_height = Some(MAX_SIDE_PIXELS);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(limits.clone());
        reader
    };
    // Decoders read what anybody may have made; none has a reason to panic, and none may end more than its own work.
    let picture = catch_unwind(AssertUnwindSafe(|| {
        let (width, height) = reader().into_dimensions().map_err(|error| PhotoError::Unreadable(error.to_string()))?;
        if u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > MAX_SIDE_PIXELS {
            return Err(PhotoError::TooManyPixels { width, height });
        }
        let picture = reader().decode().map_err(|error| PhotoError::Unreadable(error.to_string()))?;
        Ok(to_grey(picture))
    }));
    picture.unwrap_or_else(|_| Err(PhotoError::Unreadable("the decoder gave up".to_owned())))
}

/// True for the containers of HEIC and AVIF (ISO 23008-12, 10; brands of the file type box).
fn is_heic(bytes: &[u8]) -> bool {
    let brand = bytes.get(8..12).unwrap_or_default();
    bytes.get(4..8) == Some(b"ftyp")
        && matches!(
            brand,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" | b"avif" | b"avis"
        )
}

/// In shades of grey, on white where it is transparent.
fn to_grey(picture: DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.into_luma8();
    }
    let with_alpha = picture.into_luma_alpha8();
    GrayImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [grey, alpha] = with_alpha.get_pixel(x, y).0.map(u32::from);
        image::Luma([((grey * alpha + 255 * (255 - alpha)) / 255) as u8])
    })
}

/// The texts of all QR codes, each once.
fn read_qr_codes(picture: &GrayImage) -> Vec<Zeroizing<String>> {
    let mut texts = Vec::new();
    let longest = picture.width().max(picture.height());
    let [side, larger_side] = SIDES_PIXELS;
    if longest == 0 {
        return texts;
    }
    look(&scaled(picture, side), &mut texts);
    if longest > side {
        look(&scaled(picture, larger_side), &mut texts);
    }
    if texts.is_empty() {
        // Averaging neighbours takes away noise, and the stripes of a screen.
        detect(&scaled(picture, longest.min(side) / 2), &mut texts);
    }
    if texts.is_empty() {
        // Light on dark, as screens at night.
        let mut inverted = scaled(picture, side);
        image::imageops::invert(&mut inverted);
        look(&inverted, &mut texts);
    }
    texts
}

/// Looks at the whole picture, then at each part that three corners say may be a code.
fn look(picture: &GrayImage, texts: &mut Vec<Zeroizing<String>>) {
    let corners = corners::find(picture);
    let mut read: Vec<Area> = Vec::new();
    // With many, the library takes corners of different codes for one, and minutes for a picture full of them.
    if corners.len() <= MAX_CORNERS_AT_ONCE {
        read = detect(picture, texts);
    }
    let mut tried_pixels = 0;
    for candidate in corners::candidates(&corners, picture) {
        let is_read = |corner: &usize| {
            corners
                .get(*corner)
                .is_none_or(|corner| read.iter().any(|area| area.contains(corner.x, corner.y)))
        };
        if candidate.corners.iter().any(is_read) {
            continue;
        }
        tried_pixels += u64::from(candidate.width) * u64::from(candidate.height);
        if tried_pixels > MAX_TRIED_PIXELS {
            break;
        }
        let mut part = image::imageops::crop_imm(picture, candidate.x, candidate.y, candidate.width, candidate.height).to_image();
        let factor = if candidate.module < SMALL_MODULE_PIXELS { 2 } else { 1 };
        if factor > 1 {
            part = enlarged(&part, factor);
        }
        let place = |x: f32, y: f32| (candidate.x as f32 + x / factor as f32, candidate.y as f32 + y / factor as f32);
        let mut areas = detect(&part, texts);
        if areas.is_empty() {
            // Single pixels of noise cost modules.
            areas = detect(&image::imageops::blur(&part, BLUR_MODULES * candidate.module * factor as f32), texts);
        }
        read.extend(areas.into_iter().map(|area| Area(area.0.map(|(x, y)| place(x, y)))));
    }
}

/// Where a code was read: its corners in turn, in pixels.
struct Area([(f32, f32); 4]);

impl Area {
    fn contains(&self, x: f32, y: f32) -> bool {
        let [a, b, c, d] = self.0;
        let side = |from: (f32, f32), to: (f32, f32)| (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0);
        let sides = [side(a, b), side(b, c), side(c, d), side(d, a)];
        sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0)
    }
}

/// The picture with a longest side of at most so many pixels; a small one made larger.
fn scaled(picture: &GrayImage, side: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let (longest, side) = (width.max(height).max(1), side.max(1));
    if longest > side {
        let shorter = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
        return image::imageops::thumbnail(picture, shorter(width), shorter(height));
    }
    let mut factor = 1;
    while longest * factor < SMALL_SIDE_PIXELS {
        factor *= 2;
    }
    enlarged(picture, factor)
}

fn enlarged(picture: &GrayImage, factor: u32) -> GrayImage {
    GrayImage::from_fn(picture.width() * factor, picture.height() * factor, |x, y| {
        *picture.get_pixel(x / factor, y / factor)
    })
}

/// Finds and reads QR codes; gives where they are. The library asserts what pictures do not always keep: a panic costs what it was at, and nothing else.
fn detect(picture: &GrayImage, texts: &mut Vec<Zeroizing<String>>) -> Vec<Area> {
    let (width, height) = picture.dimensions();
    let shade = |x: usize, y: usize| {
        let inside = |position: usize, length: u32| {
            u32::try_from(position)
                .ok()?
                .checked_sub(MARGIN_PIXELS)
                .filter(|position| *position < length)
        };
        match (inside(x, width), inside(y, height)) {
            (Some(x), Some(y)) => picture.get_pixel(x, y).0[0],
            _ => 255,
        }
    };
    let (width, height) = ((width + 2 * MARGIN_PIXELS) as usize, (height + 2 * MARGIN_PIXELS) as usize);
    let mut found = Vec::new();
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, shade);
        for grid in prepared.detect_grids().iter().take(MAX_GRIDS) {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let mut content = Zeroizing::new(Vec::with_capacity(rqrr::MAX_PAYLOAD_SIZE));
                if let (Ok(_), Ok(text)) = (grid.decode_to(&mut *content), std::str::from_utf8(&content)) {
                    let place = |point: rqrr::Point| (point.x as f32 - MARGIN_PIXELS as f32, point.y as f32 - MARGIN_PIXELS as f32);
                    found.push((Zeroizing::new(text.trim().to_owned()), Area(grid.bounds.map(place))));
                }
            }));
        }
    }));
    let mut areas = Vec::new();
    for (text, area) in found {
        areas.push(area);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    areas
}

#[cfg(test)]
mod tests;
