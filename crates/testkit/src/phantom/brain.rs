//! Axial MR of the brain above the eyes, so that no slice holds a face.

use super::thorax::Lesion;
use super::{Canvas, Ellipse};
use crate::random::Random;

/// How a sequence weights the tissues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weighting {
    /// T1 before contrast.
    T1,
    /// T1 after contrast.
    T1Contrast,
    /// T2.
    T2,
    /// Fluid attenuated inversion recovery.
    Flair,
}

impl Weighting {
    /// The four sequences of a glioma study.
    pub const ALL: [Self; 4] = [Self::T1, Self::T1Contrast, Self::T2, Self::Flair];

    /// The words that protocols use.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::T1 => "AX T1",
            Self::T1Contrast => "AX T1 C+",
            Self::T2 => "AX T2",
            Self::Flair => "AX FLAIR",
        }
    }

    /// Signal of fat, grey matter, white matter, fluid, tumour core and oedema.
    const fn signal(self) -> [i32; 6] {
        match self {
            Self::T1 => [900, 420, 560, 150, 330, 380],
            Self::T1Contrast => [900, 430, 570, 150, 980, 390],
            Self::T2 => [650, 520, 380, 1050, 780, 820],
            Self::Flair => [600, 480, 400, 90, 640, 900],
        }
    }
}

/// One slice, `size` pixels square, with a tumour and its oedema.
#[must_use]
pub fn slice(
    size: usize,
    slice: usize,
    slices: usize,
    weighting: Weighting,
    tumour: &Lesion,
    random: &mut Random,
) -> Canvas {
    let [fat, grey, white, fluid, core, oedema] = weighting.signal();
    let mut canvas = Canvas::new(size, size, 12);
    let s = size as f64;
    let cap = 1.0 - 0.35 * slice as f64 / slices.max(1) as f64;
    let scalp = Ellipse {
        x: s * 0.5,
        y: s * 0.5,
        a: s * 0.36 * cap,
        b: s * 0.43 * cap,
    };
    let inside = |factor: f64| Ellipse {
        a: scalp.a * factor,
        b: scalp.b * factor,
        ..scalp
    };
    canvas.fill(scalp, fat);
    canvas.fill(inside(0.95), 40);
    canvas.fill(inside(0.90), fluid);
    canvas.fill(inside(0.87), grey);
    canvas.fill(inside(0.76), white);
    for side in [-1.0, 1.0] {
        let ventricle = Ellipse {
            x: s * (0.5 + side * 0.045),
            y: s * 0.48,
            a: s * 0.022 * cap,
            b: s * 0.09 * cap,
        };
        canvas.fill(ventricle, fluid);
    }
    if let Some(ellipse) = tumour.in_slice(slice, size) {
        let around = Ellipse {
            a: ellipse.a * 1.6,
            b: ellipse.b * 1.6,
            ..ellipse
        };
        canvas.fill(around, oedema);
        canvas.fill(ellipse, core);
    }
    canvas.texture(5, 18, random);
    canvas.noise(14, random);
    canvas.clamp(0, 4095);
    canvas
}
