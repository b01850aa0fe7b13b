//! Six fonts: the kit's own, plain and slanted; an 8-pixel one; Unifont, which has Han; Noto, light and bold.

use crate::phantom::font as own;
use font8x8::UnicodeFonts as _;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// A font of the labelled set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Font {
    /// The kit's own on a grid of 5 by 7.
    Own,
    /// The same, slanted.
    Slanted,
    /// 8 by 8, as terminals had it.
    Terminal,
    /// GNU Unifont, 16 pixels, Latin and Han.
    Unifont,
    /// Noto Sans Mono with smooth edges.
    Noto,
    /// Noto Sans Mono, bold.
    NotoBold,
}

/// One pixel of a text, from its upper left corner, and how much of the pixel is covered (255: all).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dot {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) cover: u8,
}

impl Font {
    /// Every font.
    pub const ALL: [Self; 6] = [
        Self::Own,
        Self::Slanted,
        Self::Terminal,
        Self::Unifont,
        Self::Noto,
        Self::NotoBold,
    ];

    /// Its name, in words for files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Slanted => "slanted",
            Self::Terminal => "terminal",
            Self::Unifont => "unifont",
            Self::Noto => "noto",
            Self::NotoBold => "noto-bold",
        }
    }

    /// Whether it has Han characters besides Latin.
    #[must_use]
    pub const fn has_han(self) -> bool {
        matches!(self, Self::Unifont)
    }

    /// Height of its cell at scale 1, in pixels. Noto's scales are its own sizes.
    #[must_use]
    pub const fn cell(self) -> u32 {
        match self {
            Self::Own | Self::Slanted => own::HEIGHT,
            Self::Terminal => 8,
            Self::Unifont => 16,
            Self::Noto | Self::NotoBold => 4,
        }
    }

    /// The scales in use, so that cells are 8 to 40 pixels high.
    pub(super) const fn scales(self) -> &'static [u32] {
        match self {
            Self::Own | Self::Slanted => &[1, 1, 2, 3],
            Self::Terminal => &[1, 2, 3, 5],
            Self::Unifont => &[1, 1, 2],
            Self::Noto | Self::NotoBold => &[4, 5, 6, 8],
        }
    }
}

/// The pixels of a line of text, without an empty margin, turned to read from below if asked for.
pub(super) fn dots(font: Font, scale: u32, text: &str, turned: bool) -> Vec<Dot> {
    let mut dots = Vec::new();
    let mut left = 0;
    for character in text.chars() {
        let (glyph, width) = glyph(font, scale, character);
        dots.extend(glyph.into_iter().map(|dot| Dot {
            x: dot.x + left,
            ..dot
        }));
        left += width;
    }
    if turned {
        for dot in &mut dots {
            *dot = Dot {
                x: dot.y,
                y: left - 1 - dot.x.min(left - 1),
                cover: dot.cover,
            };
        }
    }
    let (x, y) = (
        dots.iter().map(|dot| dot.x).min().unwrap_or(0),
        dots.iter().map(|dot| dot.y).min().unwrap_or(0),
    );
    for dot in &mut dots {
        *dot = Dot {
            x: dot.x - x,
            y: dot.y - y,
            cover: dot.cover,
        };
    }
    dots
}

/// The pixels of a character, and how far the next one stands.
fn glyph(font: Font, scale: u32, character: char) -> (Vec<Dot>, u32) {
    match font {
        Font::Own | Font::Slanted => {
            let glyph = own::glyph(character);
            let slant = |y: u32| {
                if font == Font::Slanted {
                    (own::HEIGHT - 1 - y) / 3
                } else {
                    0
                }
            };
            (
                scaled(glyph.dots().map(|(x, y)| (x + slant(y), y)), scale),
                (glyph.width + 1) * scale,
            )
        }
        Font::Terminal => {
            let rows = font8x8::BASIC_FONTS.get(character).unwrap_or([0; 8]);
            let cells = (0..8_u32).flat_map(|y| (0..8_u32).map(move |x| (x, y)));
            (
                scaled(
                    cells.filter(|(x, y)| rows[*y as usize] >> x & 1 == 1),
                    scale,
                ),
                8 * scale,
            )
        }
        Font::Unifont => {
            let glyph = unifont::get_glyph(character);
            let width = glyph.map_or(8, unifont::Glyph::get_width) as u32;
            let cells = (0..16_u32).flat_map(|y| (0..width).map(move |x| (x, y)));
            let inked = |(x, y): &(u32, u32)| {
                glyph.is_some_and(|glyph| glyph.get_pixel(*x as usize, *y as usize))
            };
            (scaled(cells.filter(inked), scale), width * scale)
        }
        Font::Noto => smooth(FontWeight::Regular, scale, character),
        Font::NotoBold => smooth(FontWeight::Bold, scale, character),
    }
}

fn scaled(cells: impl Iterator<Item = (u32, u32)>, scale: u32) -> Vec<Dot> {
    let block = |(x, y): (u32, u32)| {
        (0..scale * scale).map(move |index| Dot {
            x: x * scale + index % scale,
            y: y * scale + index / scale,
            cover: 255,
        })
    };
    cells.flat_map(block).collect()
}

fn smooth(weight: FontWeight, scale: u32, character: char) -> (Vec<Dot>, u32) {
    let size = match scale {
        0..=4 => RasterHeight::Size16,
        5 => RasterHeight::Size20,
        6 => RasterHeight::Size24,
        _ => RasterHeight::Size32,
    };
    let Some(raster) = get_raster(character, weight, size) else {
        return (Vec::new(), scale * 2);
    };
    let dots = raster
        .rows()
        .zip(0_u32..)
        .flat_map(|(row, y)| {
            row.iter().zip(0_u32..).map(move |(cover, x)| Dot {
                x,
                y,
                cover: *cover,
            })
        })
        .filter(|dot| dot.cover > 0)
        .collect();
    (dots, raster.width() as u32)
}
