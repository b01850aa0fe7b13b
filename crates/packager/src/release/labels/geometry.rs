//! Whether a mask lies on its series: the same slices, rows and columns at the same place, in whatever order and direction.

use cloakroom_core::{InstanceFacts, MaskGrid};

/// How far a mask may lie beside its series, in parts of its smallest voxel edge.
const TOLERANCE: f64 = 0.02;

/// An axis of a grid: from one voxel to the next, and how many there are.
type Axis = ([f64; 3], u32);

/// Three axes and the middle of a grid, in millimetres.
struct Grid {
    axes: [Axis; 3],
    middle: [f64; 3],
}

impl Grid {
    fn new(origin: [f64; 3], axes: [Axis; 3]) -> Self {
        let mut middle = origin;
        for (step, count) in &axes {
            for (sum, part) in middle.iter_mut().zip(step) {
                *sum += part * (f64::from(*count) - 1.0) / 2.0;
            }
        }
        Self { axes, middle }
    }

    /// NIfTI's x and y point the other way than DICOM's (PS3.3 C.7.6.2.1.1).
    fn of_mask(mask: &MaskGrid) -> Self {
        let column = |axis: usize| {
            let [x, y, z] = &mask.affine;
            [-x[axis], -y[axis], z[axis]]
        };
        let axis = |axis: usize| (column(axis), mask.size[axis]);
        Self::new(column(3), [axis(0), axis(1), axis(2)])
    }

    fn of_series(slices: &[&InstanceFacts]) -> Option<Self> {
        let first = slices.first()?;
        let o = first.orientation?;
        let (between_rows, between_columns) = first.pixel_spacing?;
        let along_row = [o[0], o[1], o[2]].map(|part| part * between_columns);
        let along_column = [o[3], o[4], o[5]].map(|part| part * between_rows);
        let normal = [
            o[1] * o[5] - o[2] * o[4],
            o[2] * o[3] - o[0] * o[5],
            o[0] * o[4] - o[1] * o[3],
        ];
        let mut places: Vec<[f64; 3]> = slices
            .iter()
            .map(|facts| facts.position)
            .collect::<Option<_>>()?;
        places.sort_by(|a, b| dot(a, &normal).total_cmp(&dot(b, &normal)));
        let count = u32::try_from(places.len()).ok()?;
        let step = match (places.first()?, places.last()?) {
            (bottom, top) if count > 1 => {
                let steps = f64::from(count) - 1.0;
                [0, 1, 2].map(|axis| (top[axis] - bottom[axis]) / steps)
            }
            _ => normal.map(|part| part * first.slice_thickness.unwrap_or(1.0)),
        };
        let axes = [
            (along_row, first.columns),
            (along_column, first.rows),
            (step, count),
        ];
        Some(Self::new(*places.first()?, axes))
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn length(a: &[f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

/// What is wrong with the place of a mask.
pub(super) fn fault(mask: &MaskGrid, slices: &[&InstanceFacts]) -> Option<String> {
    if slices.iter().any(|facts| facts.frames > 1) {
        return Some("the series has frames, whose places are not in the index".into());
    }
    let Some(series) = Grid::of_series(slices) else {
        return Some("the series does not say where its images lie".into());
    };
    let mask = Grid::of_mask(mask);
    let edges = series
        .axes
        .iter()
        .chain(&mask.axes)
        .map(|(step, _)| length(step));
    let tolerance = TOLERANCE * edges.fold(f64::MAX, f64::min);
    let mut free: Vec<&Axis> = series.axes.iter().collect();
    for (step, count) in &mask.axes {
        let along = |other: &&Axis| {
            let drift = |sign: f64| {
                let apart = [0, 1, 2].map(|axis| step[axis] - sign * other.0[axis]);
                length(&apart) * f64::from(*count)
            };
            // A single slice has a thickness and no step.
            let single = *count == 1 && other.1 == 1;
            other.1 == *count
                && (single || drift(1.0).min(drift(-1.0)) <= tolerance.max(1e-3) * 4.0)
        };
        match free.iter().position(along) {
            Some(place) => drop(free.remove(place)),
            None => {
                let [a, b, c] = mask.axes.map(|axis| axis.1);
                let [d, e, f] = series.axes.map(|axis| axis.1);
                return Some(format!(
                    "the grid of the mask ({a} x {b} x {c}) is not that of the series ({d} x {e} x {f})"
                ));
            }
        }
    }
    let apart = [0, 1, 2].map(|axis| mask.middle[axis] - series.middle[axis]);
    let apart = length(&apart);
    (apart > tolerance.max(1e-3) * 4.0)
        .then(|| format!("the mask lies {apart:.2} mm beside the series"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::volume;

    /// The grid that a converter writes for the axial volume of the tests: rows from the back, patient's right first.
    fn grid(slices: u32) -> MaskGrid {
        MaskGrid {
            size: [512, 512, slices],
            affine: [
                [-0.7, 0.0, 0.0, 120.0],
                [0.0, 0.7, 0.0, 80.0 - 0.7 * 511.0],
                [0.0, 0.0, 2.0, 0.0],
            ],
        }
    }

    fn check(mask: &MaskGrid, facts: &[InstanceFacts]) -> Option<String> {
        fault(mask, &facts.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_mask_on_its_series_has_no_fault_whatever_its_direction() {
        let facts = volume(20);
        let mut mask = grid(20);
        assert_eq!(check(&mask, &facts), None);
        // The slices from the top.
        mask.affine[2] = [0.0, 0.0, -2.0, 38.0];
        assert_eq!(check(&mask, &facts), None);
        // Slices first.
        let axial = grid(20);
        let mut turned = axial.clone();
        turned.size = [20, 512, 512];
        for row in 0..3 {
            let [i, j, k, at] = axial.affine[row];
            turned.affine[row] = [k, j, i, at];
        }
        assert_eq!(check(&turned, &facts), None);
    }

    #[test]
    fn another_size_spacing_or_place_is_a_fault() {
        let facts = volume(20);
        let text = check(&grid(19), &facts).unwrap();
        assert!(
            text.contains("512 x 512 x 19") && text.contains("x 20"),
            "{text}"
        );
        let mut mask = grid(20);
        mask.affine[2][2] = 2.5;
        assert!(check(&mask, &facts).is_some());
        let mut mask = grid(20);
        mask.affine[0][3] += 3.0;
        assert_eq!(
            check(&mask, &facts).as_deref(),
            Some("the mask lies 3.00 mm beside the series")
        );
        // Left and right exchanged: the grid lies on the other side of the patient.
        let mut mask = grid(20);
        mask.affine[0] = [0.7, 0.0, 0.0, -120.0];
        assert!(check(&mask, &facts).is_some());
    }

    #[test]
    fn a_series_without_places_cannot_be_compared() {
        let mut facts = volume(20);
        facts[3].position = None;
        assert!(check(&grid(20), &facts).is_some());
        facts[3].frames = 5;
        assert!(check(&grid(20), &facts).unwrap().contains("frames"));
    }
}
