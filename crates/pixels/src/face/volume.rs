//! Slices as a coarse volume in the patient's directions: left, back, up.

use crate::decode::Frame;
use cloakroom_core::ImageDescription;
use std::sync::atomic::{AtomicU32, Ordering};

/// Millimetres from voxel to voxel.
pub(super) const VOXEL: f64 = 3.0;
/// A volume has no more voxels than this in any direction; what lies beyond is not looked at.
const MOST: usize = 700;
/// Tissue is above this in CT, in Hounsfield units.
const CT_SKIN: f64 = -300.0;

/// Where a slice lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlicePlane {
    position: [f64; 3],
    /// The direction in which the column number grows.
    row: [f64; 3],
    /// The direction in which the row number grows.
    column: [f64; 3],
    /// Between rows, between columns.
    spacing: (f64, f64),
    rows: u32,
    columns: u32,
}

impl SlicePlane {
    /// `None` where the header does not say where a frame lies, or says what cannot be.
    pub(super) fn of(image: &ImageDescription, frame: u32) -> Option<Self> {
        let of_frame = image.frame_positions.get(frame as usize).copied();
        let position = if image.frames > 1 {
            of_frame?
        } else {
            image.position?
        };
        let [a, b, c, d, e, f] = image.orientation?;
        let spacing = image.pixel_spacing?;
        let plane = Self {
            position,
            row: [a, b, c],
            column: [d, e, f],
            spacing,
            rows: image.rows,
            columns: image.columns,
        };
        let sound = position.iter().all(|part| part.abs() < 1e5)
            && (0.05..20.0).contains(&spacing.0)
            && (0.05..20.0).contains(&spacing.1)
            && (length(plane.row) - 1.0).abs() < 0.05
            && (length(plane.column) - 1.0).abs() < 0.05
            && (length(plane.normal()) - 1.0).abs() < 0.1;
        sound.then_some(plane)
    }

    /// The direction across the slice, upwards where it has one.
    pub(super) fn normal(&self) -> [f64; 3] {
        let ([a, b, c], [d, e, f]) = (self.row, self.column);
        [b * f - c * e, c * d - a * f, a * e - b * d]
    }

    pub(super) fn is_parallel(&self, normal: [f64; 3]) -> bool {
        dot(self.normal(), normal).abs() > 0.95
    }

    pub(super) fn along(&self, normal: [f64; 3]) -> f64 {
        dot(self.position, normal)
    }

    fn place(&self, x: f64, y: f64) -> [f64; 3] {
        let (across, down) = (x * self.spacing.1, y * self.spacing.0);
        std::array::from_fn(|axis| {
            self.position[axis] + across * self.row[axis] + down * self.column[axis]
        })
    }

    fn corners(&self) -> [[f64; 3]; 4] {
        let (right, bottom) = (f64::from(self.columns), f64::from(self.rows));
        [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)].map(|(x, y)| self.place(x, y))
    }
}

fn dot(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn length(one: [f64; 3]) -> f64 {
    dot(one, one).sqrt()
}

/// A coarse volume into which slices are laid, by any number of threads at a time: a voxel keeps the brightest value
/// that falls into it, so the order does not matter.
pub(super) struct VolumeBuilder {
    origin: [f64; 3],
    size: [usize; 3],
    is_ct: bool,
    is_pet: bool,
    /// What [`ordered`] makes of the brightest value so far; 0 where none fell.
    brightest: Vec<AtomicU32>,
}

/// A number that grows with a value and is 0 for none.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

/// The value of a number that [`ordered`] gave; NaN for 0.
fn value_of(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 {
        ordered & !(1 << 31)
    } else {
        !ordered
    })
}

impl VolumeBuilder {
    /// An empty volume that holds these slices.
    pub(super) fn around<'a>(planes: impl Iterator<Item = &'a SlicePlane>, modality: &str) -> Self {
        let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
        for corner in planes.flat_map(SlicePlane::corners) {
            for axis in 0..3 {
                low[axis] = low[axis].min(corner[axis]);
                high[axis] = high[axis].max(corner[axis]);
            }
        }
        let size: [usize; 3] = std::array::from_fn(|axis| {
            let voxels = ((high[axis] - low[axis]) / VOXEL).max(0.0);
            voxels.min(MOST as f64) as usize + 3
        });
        let voxels: usize = size.iter().product();
        Self {
            origin: low.map(|low| low - VOXEL),
            size,
            is_ct: modality == "CT",
            is_pet: modality == "PT",
            brightest: (0..voxels).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Lays a slice of some thickness into the volume.
    pub(super) fn add(
        &self,
        frame: &Frame<'_>,
        image: &ImageDescription,
        plane: &SlicePlane,
        thickness: f64,
    ) {
        let shape = &frame.shape;
        if shape.samples != 1 || shape.bits_allocated == 1 {
            return;
        }
        let (slope, intercept) = image.rescale.unwrap_or((1.0, 0.0));
        let step = |spacing: f64| ((VOXEL * 0.66 / spacing) as usize).max(1);
        let normal = plane.normal();
        let layers = (thickness / VOXEL).ceil().clamp(1.0, 8.0) as usize;
        let (rows, columns) = (plane.rows as usize, plane.columns as usize);
        let every = step(plane.spacing.1);
        let onward = plane
            .row
            .map(|part| part * plane.spacing.1 * every as f64 / VOXEL);
        let mut values: Vec<u32> = Vec::with_capacity(columns / every + 1);
        for y in (0..rows).step_by(step(plane.spacing.0)) {
            values.clear();
            for x in (0..columns).step_by(every) {
                let at = (y * columns + x) * shape.sample_bytes();
                let Some(bytes) = frame.data.get(at..) else {
                    return;
                };
                let value = shape.value(shape.word(bytes)) as f64 * slope + intercept;
                values.push(ordered(value as f32));
            }
            let place = plane.place(0.0, y as f64);
            for layer in 0..layers {
                let off = ((layer as f64 + 0.5) / layers as f64 - 0.5) * thickness;
                let start = std::array::from_fn(|axis| {
                    (place[axis] + off * normal[axis] - self.origin[axis]) / VOXEL
                });
                self.put_row(start, onward, &values);
            }
        }
    }

    /// Lays values along a line, from a place and in steps that are told in voxels.
    fn put_row(&self, start: [f64; 3], onward: [f64; 3], values: &[u32]) {
        let [width, depth, _] = self.size;
        let limits = self.size.map(|size| size as f64);
        for (number, value) in values.iter().enumerate() {
            let at: [f64; 3] =
                std::array::from_fn(|axis| start[axis] + number as f64 * onward[axis]);
            let inside = (0..3).all(|axis| (0.0..limits[axis]).contains(&at[axis]));
            if !inside {
                continue;
            }
            let [x, y, z] = at.map(|at| at as usize);
            let voxel = &self.brightest[(z * depth + y) * width + x];
            // Most values are not brighter than what lies there, and to look costs less than to write.
            if voxel.load(Ordering::Relaxed) < *value {
                voxel.fetch_max(*value, Ordering::Relaxed);
            }
        }
    }

    /// Tells body from air once every slice is in.
    pub(super) fn settle(self) -> Volume {
        let values: Vec<f32> = self
            .brightest
            .into_iter()
            .map(|voxel| value_of(voxel.into_inner()))
            .collect();
        let skin = if self.is_ct {
            CT_SKIN as f32
        } else {
            skin(&values, self.is_pet)
        };
        Volume {
            size: self.size,
            body: values.iter().map(|value| *value > skin).collect(),
            values,
        }
    }
}

/// Where air ends in MR and PET: a little above what lies at the rim of the field of view.
fn skin(values: &[f32], is_pet: bool) -> f32 {
    let mut all: Vec<f32> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    if all.is_empty() {
        return f32::MAX;
    }
    all.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    // A head fills half of its field of view at most, so the lower part of all values is air.
    let (air, bright) = (at(0.3).min(at(0.99) * 0.3), at(0.99));
    air + (bright - air) * if is_pet { 0.03 } else { 0.08 }
}

/// The body in a coarse volume.
pub(super) struct Volume {
    /// Voxels to the left, to the back and upwards.
    pub(super) size: [usize; 3],
    /// The brightest value that fell into a voxel; NaN where none did.
    values: Vec<f32>,
    /// Whether a voxel is of the body.
    body: Vec<bool>,
}

impl Volume {
    /// Whether a voxel is of the body.
    pub(super) fn is_body(&self, x: usize, y: usize, z: usize) -> bool {
        let inside = x < self.size[0] && y < self.size[1] && z < self.size[2];
        inside && self.body[(z * self.size[1] + y) * self.size[0] + x]
    }

    /// Whether a level was looked at at all.
    pub(super) fn has_level(&self, z: usize) -> bool {
        let level = self.size[0] * self.size[1];
        self.values[z * level..(z + 1) * level]
            .iter()
            .any(|value| !value.is_nan())
    }

    /// The foremost row of a level that any slice reached.
    pub(super) fn front_of_view(&self, z: usize) -> usize {
        let (columns, rows) = (self.size[0], self.size[1]);
        let row = |y: usize| {
            let start = (z * rows + y) * columns;
            self.values[start..start + columns]
                .iter()
                .any(|value| !value.is_nan())
        };
        (0..rows).find(|y| row(*y)).unwrap_or(0)
    }
}
