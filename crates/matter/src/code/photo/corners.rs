//! Corner patterns of QR codes, and which three of them may be one code (ISO/IEC 18004, 6.3.3).
//!
//! The library that reads codes groups corners over the whole picture, and where many codes stand in rows and columns it takes corners of different
//! codes for one. Corners that are near to each other are tried by themselves here, each three in a picture of their own.

use image::GrayImage;

/// More corners than this are not looked at: 300 codes.
const MAX_CORNERS: usize = 900;

/// Neighbours that a corner is tried with: those of its own code are among the nearest.
const MAX_NEIGHBOURS: usize = 6;

/// More triples than this are not tried.
const MAX_TRIPLES: usize = 300;

/// A pixel is dark where it has less than so many percent of the mean around it.
const DARK_PERCENT: u64 = 85;

/// The mean is that of so large a part of the longest side.
const WINDOW_PART: u32 = 12;

/// Modules between the centres of two corners of a code: version 1 has 14, version 15 has 70. Modules are measured along lines and columns, and are up
/// to 1.4 times as long in a code that is turned.
const DISTANCES_MODULES: std::ops::RangeInclusive<f32> = 9.5..=75.0;

/// More corners than this are not in a part of the picture that is one code and its surroundings.
const MAX_CORNERS_IN_PART: usize = 6;

/// The middle of a corner pattern, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Corner {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Width of a module, in pixels.
    pub(super) module: f32,
}

impl Corner {
    fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A part of the picture that may be one code, with its quiet zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Its corners' places in the list of all.
    pub(super) corners: [usize; 3],
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Width of a module, in pixels.
    pub(super) module: f32,
}

impl Candidate {
    fn contains(&self, corner: &Corner) -> bool {
        let within = |place: f32, start: u32, length: u32| place >= start as f32 && place < (start + length) as f32;
        within(corner.x, self.x, self.width) && within(corner.y, self.y, self.height)
    }
}

/// All corners of a picture.
pub(super) fn find(picture: &GrayImage) -> Vec<Corner> {
    let dark = Dark::of(picture);
    let mut corners: Vec<(Corner, u32)> = Vec::new();
    for y in 0..dark.height {
        for x in centres(dark.width, |x| dark.at(x, y)) {
            let Some(corner) = dark.confirm(x, y) else { continue };
            if let Some((_, hits)) = corners.iter_mut().find(|(known, _)| known.distance(corner) < 2.0 * known.module) {
                *hits += 1;
            } else if corners.len() < MAX_CORNERS {
                corners.push((corner, 1));
            }
        }
    }
    // The middle of a corner is three modules high: one line alone is chance.
    corners.into_iter().filter(|(_, hits)| *hits > 1).map(|(corner, _)| corner).collect()
}

/// Triples of corners that may be one code, the likeliest first.
pub(super) fn candidates(corners: &[Corner], picture: &GrayImage) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (index, corner) in corners.iter().enumerate() {
        let mut near: Vec<(f32, usize)> = corners
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .filter(|(_, other)| alike(corner.module, other.module, 0.5))
            .map(|(other, place)| (corner.distance(*place), other))
            .filter(|(distance, _)| DISTANCES_MODULES.contains(&(distance / corner.module)))
            .collect();
        near.sort_by(|one, other| one.0.total_cmp(&other.0));
        near.truncate(MAX_NEIGHBOURS);
        for (position, (distance, one)) in near.iter().enumerate() {
            for (other_distance, other) in near.iter().skip(position + 1) {
                let (Some(first), Some(second)) = (corners.get(*one), corners.get(*other)) else {
                    continue;
                };
                let (ax, ay, bx, by) = (first.x - corner.x, first.y - corner.y, second.x - corner.x, second.y - corner.y);
                let cosine = (ax * bx + ay * by).abs() / (distance * other_distance);
                if cosine < 0.35 && alike(*distance, *other_distance, 0.35) {
                    let unlikely = cosine + (distance - other_distance).abs() / distance;
                    let candidate = area(corner, first, second, picture);
                    let inside = corners.iter().filter(|corner| candidate.contains(corner)).count();
                    if inside > MAX_CORNERS_IN_PART {
                        continue;
                    }
                    found.push((
                        unlikely,
                        distance.max(*other_distance),
                        Candidate {
                            corners: [index, *one, *other],
                            ..candidate
                        },
                    ));
                }
            }
        }
    }
    // Small ones first: those that span several codes are tried when the corners of these are used up.
    found.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.total_cmp(&other.0)));
    found.truncate(MAX_TRIPLES);
    found.into_iter().map(|(_, _, candidate)| candidate).collect()
}

/// The rectangle around a code of which three corners are known, with a quiet zone.
fn area(corner: &Corner, one: &Corner, other: &Corner, picture: &GrayImage) -> Candidate {
    let module = (corner.module + one.module + other.module) / 3.0;
    let around = 7.0 * module;
    let xs = [corner.x, one.x, other.x, one.x + other.x - corner.x];
    let ys = [corner.y, one.y, other.y, one.y + other.y - corner.y];
    // Casts saturate, which is what is wanted at the picture's edges.
    let span = |places: [f32; 4], length: u32| {
        let least = places.into_iter().fold(f32::MAX, f32::min) - around;
        let most = places.into_iter().fold(0.0, f32::max) + around;
        let start = (least as u32).min(length.saturating_sub(1));
        (start, (most as u32).min(length).saturating_sub(start).max(1))
    };
    let (x, width) = span(xs, picture.width());
    let (y, height) = span(ys, picture.height());
    Candidate {
        corners: [0; 3],
        x,
        y,
        width,
        height,
        module,
    }
}

fn alike(one: f32, other: f32, tolerance: f32) -> bool {
    (one - other).abs() <= tolerance * one.min(other)
}

/// Which pixels are dark, compared with those around them.
struct Dark {
    width: u32,
    height: u32,
    pixels: Vec<bool>,
}

impl Dark {
    fn of(picture: &GrayImage) -> Self {
        let (width, height) = picture.dimensions();
        let columns = width as usize + 1;
        // Sums of all pixels above and to the left.
        let mut sums = vec![0_u64; columns * (height as usize + 1)];
        for y in 0..height as usize {
            let mut row = 0;
            for x in 0..width as usize {
                row += u64::from(picture.get_pixel(x as u32, y as u32).0[0]);
                sums[(y + 1) * columns + x + 1] = sums[y * columns + x + 1] + row;
            }
        }
        let reach = (width.max(height) / WINDOW_PART / 2).max(8);
        let sum = |x: u32, y: u32| sums[y as usize * columns + x as usize];
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(reach), (x + reach).min(width));
                let count = u64::from(right - left) * u64::from(bottom - top);
                let around = sum(right, bottom) + sum(left, top) - sum(left, bottom) - sum(right, top);
                let own = u64::from(picture.get_pixel(x, y).0[0]);
                pixels.push(own * count * 100 < around * DARK_PERCENT);
            }
        }
        Self { width, height, pixels }
    }

    fn at(&self, x: u32, y: u32) -> bool {
        self.pixels
            .get(y as usize * self.width as usize + x as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The corner of which a line saw the middle here: the column through it sees it too.
    fn confirm(&self, x: u32, y: u32) -> Option<Corner> {
        let (up, down) = extent(y, self.height, |y| self.at(x, y))?;
        let centre_y = y as f32 + (down as f32 - up as f32) / 2.0;
        let (left, right) = extent(x, self.width, |x| self.at(x, centre_y as u32))?;
        let centre_x = x as f32 + (right as f32 - left as f32) / 2.0;
        let (width, height) = ((left + right + 1) as f32, (up + down + 1) as f32);
        alike(width, height, 0.4).then_some(Corner {
            x: centre_x,
            y: centre_y,
            module: (width + height) / 14.0,
        })
    }
}

/// How far the pattern 1:1:3:1:1 reaches to both sides of a place in its middle.
fn extent(from: u32, length: u32, dark: impl Fn(u32) -> bool) -> Option<(u32, u32)> {
    let side = |step: &dyn Fn(u32) -> Option<u32>| {
        let mut runs = [0_u32; 3];
        let mut place = Some(from);
        for (index, run) in runs.iter_mut().enumerate() {
            while let Some(here) = place.filter(|here| *here < length && dark(*here) == (index != 1)) {
                *run += 1;
                place = step(here);
            }
        }
        runs
    };
    let before = side(&|place| place.checked_sub(1));
    let after = side(&|place| place.checked_add(1));
    // The place itself was counted on both sides.
    let runs = [before[2], before[1], (before[0] + after[0]).checked_sub(1)?, after[1], after[2]];
    is_pattern(runs).then(|| (before.iter().sum::<u32>() - 1, after.iter().sum::<u32>() - 1))
}

/// Middles of all patterns in a line.
fn centres(length: u32, dark: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut found = Vec::new();
    let mut runs = [0_u32; 5];
    let mut shade = false;
    for place in 0..=length {
        let here = place < length && dark(place);
        if place < length && here == shade {
            runs[4] += 1;
            continue;
        }
        if shade && is_pattern(runs) {
            found.push(place - runs[4] - runs[3] - runs[2].div_ceil(2));
        }
        runs.rotate_left(1);
        runs[4] = 1;
        shade = here;
    }
    found
}

/// Dark, light, dark, light, dark as 1:1:3:1:1.
fn is_pattern(runs: [u32; 5]) -> bool {
    let total: u32 = runs.iter().sum();
    if runs.contains(&0) || total < 7 {
        return false;
    }
    let module = total as f32 / 7.0;
    let fits = |run: u32, modules: f32| (run as f32 - modules * module).abs() <= (0.6 * module).max(0.9) * if modules > 1.0 { 1.6 } else { 1.0 };
    fits(runs[0], 1.0) && fits(runs[1], 1.0) && fits(runs[2], 3.0) && fits(runs[3], 1.0) && fits(runs[4], 1.0)
}
