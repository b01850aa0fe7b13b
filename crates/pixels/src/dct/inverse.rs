//! Coefficients to samples, for looking at them (ISO/IEC 10918-1 annex A.3.3).

use super::blocks::{Blocks, Component};
use std::f32::consts::PI;

/// Where the coefficients of the zigzag order stand in a block.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The samples of all components, interleaved by pixel; colour differences are repeated, not smoothed.
pub(crate) fn samples(blocks: &Blocks) -> Option<Vec<u16>> {
    let count = blocks.components.len();
    let mut all = vec![0; blocks.rows * blocks.columns * count];
    let cosines = cosines();
    for (index, component) in blocks.components.iter().enumerate() {
        let table = blocks.table(component)?;
        let plane = plane(component, table, &cosines, blocks.precision);
        let width = component.row_blocks * 8;
        for y in 0..blocks.rows {
            let row = y * component.down * 8 / blocks.mcu_size.1;
            for x in 0..blocks.columns {
                let column = x * component.across * 8 / blocks.mcu_size.0;
                all[(y * blocks.columns + x) * count + index] = plane[row * width + column];
            }
        }
    }
    Some(all)
}

fn cosines() -> [[f32; 8]; 8] {
    let mut table = [[0.0; 8]; 8];
    for (x, row) in table.iter_mut().enumerate() {
        for (u, entry) in row.iter_mut().enumerate() {
            let scale = if u == 0 { 0.125_f32.sqrt() } else { 0.5 };
            *entry = scale * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos();
        }
    }
    table
}

fn plane(
    component: &Component,
    table: &[u16; 64],
    cosines: &[[f32; 8]; 8],
    precision: u8,
) -> Vec<u16> {
    let width = component.row_blocks * 8;
    let mut plane = vec![0; component.blocks.len() * 64];
    let middle = (1_u32 << (precision - 1)) as f32;
    let most = ((1_u32 << precision) - 1) as f32;
    for (index, block) in component.blocks.iter().enumerate() {
        let mut values = [0.0_f32; 64];
        for ((value, step), place) in block.iter().zip(table).zip(ZIGZAG) {
            values[place] = f32::from(*value) * f32::from(*step);
        }
        let values = transform(&transform(&values, cosines), cosines);
        let corner = index / component.row_blocks * 8 * width + index % component.row_blocks * 8;
        for (at, value) in values.iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped"
            )]
            let sample = (value + middle).round().clamp(0.0, most) as u16;
            plane[corner + at / 8 * width + at % 8] = sample;
        }
    }
    plane
}

/// Transforms rows and turns the block, so that twice is both directions.
fn transform(values: &[f32; 64], cosines: &[[f32; 8]; 8]) -> [f32; 64] {
    let mut turned = [0.0; 64];
    for row in 0..8 {
        let values = &values[row * 8..row * 8 + 8];
        for (x, cosines) in cosines.iter().enumerate() {
            turned[x * 8 + row] = values
                .iter()
                .zip(cosines)
                .map(|(value, cosine)| value * cosine)
                .sum();
        }
    }
    turned
}
