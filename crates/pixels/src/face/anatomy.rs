//! Heads and faces in a volume.

use super::FaceFinding;
use super::volume::{VOXEL, Volume};

/// Widths and depths of a head's cross-sections in millimetres, from an infant's to that of a man with hair and rest.
const WIDTH: (f64, f64) = (85.0, 230.0);
const DEPTH: (f64, f64) = (100.0, 290.0);
/// Their areas in square centimetres.
const AREA: (f64, f64) = (70.0, 430.0);
/// A head reaches over more levels than this, in millimetres.
const LEAST_HEAD: f64 = 40.0;
/// How far beside the midline the cheeks are measured, in millimetres.
const CHEEK: f64 = 28.0;
/// How far off the middle of the head a nose may lie, in millimetres: heads are turned.
const OFF_MIDDLE: f64 = 40.0;
/// A nose stands out before the cheeks by so much more than the front of an ellipse would, in millimetres.
const NOSE: f64 = 9.0;
/// What stands out by more than this and less than a nose may be what is left of one.
const REST_OF_NOSE: f64 = 5.0;
/// A nose reaches over more levels than this, in millimetres.
const LEAST_NOSE: f64 = 12.0;
/// A face begins so far below the crown of a head that is [`USUAL_DEPTH`] deep, in millimetres.
const FACE_BELOW_CROWN: f64 = 105.0;
const USUAL_DEPTH: f64 = 190.0;
/// Where a face was taken away, the front of the head lies further back than the forehead by this, in millimetres.
const RECEDES: f64 = 18.0;

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

/// One cross-section that may be a head's.
struct Section {
    /// The level.
    z: usize,
    /// Square centimetres.
    area: f64,
    depth: f64,
    /// How far what stands out most in front does so before the cheeks, beyond what any round front does.
    stands_out: f64,
    /// The row of the foremost body in the middle third.
    front: f64,
    /// The body reaches the front of the field of view.
    is_cut: bool,
}

/// The largest area of body of one level.
struct Body {
    columns: usize,
    rows: usize,
    inside: Vec<bool>,
}

impl Volume {
    /// Whether no cross-section has the size of a head's.
    pub(super) fn is_without_head(&self) -> bool {
        (0..self.size[2]).all(|z| self.section(z).is_none())
    }

    /// What the volume shows.
    pub(super) fn face(&self) -> FaceFinding {
        let mut finding = FaceFinding::Absent;
        let mut head: Vec<Section> = Vec::new();
        // From the crown down, as long as the cross-sections are those of a head.
        for z in (0..self.size[2]).rev() {
            match self.section(z) {
                Some(section) => head.push(section),
                None if !self.has_level(z) => {}
                None => {
                    finding = worse(finding, self.face_of(&head));
                    head.clear();
                }
            }
        }
        worse(finding, self.face_of(&head))
    }

    fn face_of(&self, head: &[Section]) -> FaceFinding {
        let height = |levels: usize| levels as f64 * VOXEL;
        let (Some(top), Some(last)) = (head.first(), head.last()) else {
            return FaceFinding::Absent;
        };
        if height(top.z - last.z + 1) < LEAST_HEAD {
            return FaceFinding::Absent;
        }
        if longest(head, |section| section.stands_out >= NOSE) >= LEAST_NOSE {
            return FaceFinding::Visible;
        }
        let blurred = longest(head, |section| section.stands_out >= REST_OF_NOSE) >= LEAST_NOSE;
        let cut = longest(head, |section| section.is_cut) >= 2.0 * LEAST_NOSE;
        if blurred || cut {
            return FaceFinding::Unsure;
        }
        // A head stands on a neck; what ends in the air below is a brain that was taken out of its skull.
        if self.ends_in_air(head, Direction::Down).is_some() {
            return FaceFinding::Absent;
        }
        // Without the crown nobody knows how far down a level is, but every level was seen to have no nose.
        let Some(crown) = self.ends_in_air(head, Direction::Up) else {
            return FaceFinding::Absent;
        };
        let depth = head.iter().map(|section| section.depth).fold(0.0, f64::max);
        let scale = (depth / USUAL_DEPTH).clamp(0.6, 1.2);
        let below = |section: &&Section| height(crown - section.z) / scale;
        let forehead = head
            .iter()
            .filter(|section| (45.0..FACE_BELOW_CROWN - 15.0).contains(&below(section)))
            .map(|section| section.front)
            .fold(f64::MAX, f64::min);
        let mut face = head
            .iter()
            .filter(|section| {
                (FACE_BELOW_CROWN + 10.0..FACE_BELOW_CROWN + 60.0).contains(&below(section))
            })
            .peekable();
        let recedes = |section: &Section| (section.front - forehead) * VOXEL >= RECEDES * scale;
        if face.peek().is_some() && !face.all(recedes) {
            return FaceFinding::Unsure;
        }
        FaceFinding::Absent
    }

    /// The last level of the body above or below the head, if the body closes to a dome there and air is in view
    /// beyond it.
    fn ends_in_air(&self, head: &[Section], direction: Direction) -> Option<usize> {
        let levels: Vec<usize> = match direction {
            Direction::Up => (head.first()?.z..self.size[2]).collect(),
            Direction::Down => (0..=head.last()?.z).rev().collect(),
        };
        let area = |z: usize| self.body_of(z).map_or(0.0, |body| body.area());
        let areas: Vec<f64> = levels
            .iter()
            .map(|z| area(*z))
            .take_while(|area| *area > 0.0)
            .collect();
        let beyond = *levels.get(areas.len())?;
        let largest = head.iter().map(|section| section.area).fold(0.0, f64::max);
        let near_end = areas[areas.len().saturating_sub(1 + (6.0 / VOXEL) as usize)];
        let closes = self.has_level(beyond) && near_end < 0.75 * largest;
        closes.then(|| levels[areas.len() - 1])
    }

    fn section(&self, z: usize) -> Option<Section> {
        let body = self.body_of(z)?;
        let (left, right, front, back) = body.bounds()?;
        let width = (right - left + 1) as f64 * VOXEL;
        let depth = (back - front + 1) as f64 * VOXEL;
        let area = body.area();
        let is_head = (WIDTH.0..=WIDTH.1).contains(&width)
            && (DEPTH.0..=DEPTH.1).contains(&depth)
            && (AREA.0..=AREA.1).contains(&area)
            && area * 100.0 > 0.5 * width * depth;
        if !is_head {
            return None;
        }
        let (stands_out, front) = body.profile(left, right)?;
        let aside = (2.0 * CHEEK / width).min(0.9);
        let round = depth / 2.0 * (1.0 - (1.0 - aside * aside).sqrt());
        Some(Section {
            z,
            area,
            depth,
            stands_out: stands_out - round,
            is_cut: front <= self.front_of_view(z) as f64 + 1.0,
            front,
        })
    }

    fn body_of(&self, z: usize) -> Option<Body> {
        let (columns, rows) = (self.size[0], self.size[1]);
        let inside = (0..columns * rows)
            .map(|index| self.is_body(index % columns, index / columns, z))
            .collect();
        let body = Body {
            columns,
            rows,
            inside,
        }
        .largest();
        (body.area() > 4.0).then_some(body)
    }
}

/// The worse of two findings.
fn worse(one: FaceFinding, other: FaceFinding) -> FaceFinding {
    match (one, other) {
        (FaceFinding::Visible, _) | (_, FaceFinding::Visible) => FaceFinding::Visible,
        (FaceFinding::Unsure, _) | (_, FaceFinding::Unsure) => FaceFinding::Unsure,
        _ => FaceFinding::Absent,
    }
}

/// Millimetres of the longest run of levels for which something holds; one level between may differ.
fn longest(head: &[Section], holds: impl Fn(&Section) -> bool) -> f64 {
    let (mut longest, mut run, mut missed) = (0_usize, 0_usize, 0_usize);
    for section in head {
        if holds(section) {
            run += 1 + missed;
            missed = 0;
        } else if run > 0 && missed == 0 {
            missed = 1;
        } else {
            (run, missed) = (0, 0);
        }
        longest = longest.max(run);
    }
    longest as f64 * VOXEL
}

impl Body {
    /// Without what is as thin as a table top or a tube, the largest area that hangs together.
    fn largest(&self) -> Self {
        let eroded = self.eroded();
        let mut label = vec![0_u32; eroded.len()];
        let (mut best, mut best_size, mut next) = (0, 0, 0);
        let mut open = Vec::new();
        for start in 0..eroded.len() {
            if !eroded[start] || label[start] > 0 {
                continue;
            }
            next += 1;
            let mut size = 0;
            label[start] = next;
            open.push(start);
            while let Some(at) = open.pop() {
                size += 1;
                for near in self.beside(at).into_iter().flatten() {
                    if eroded[near] && label[near] == 0 {
                        label[near] = next;
                        open.push(near);
                    }
                }
            }
            if size > best_size {
                (best, best_size) = (next, size);
            }
        }
        let is_best = |at: usize| best > 0 && label[at] == best;
        let inside = (0..eroded.len())
            .map(|at| {
                self.inside[at]
                    && (is_best(at) || self.beside(at).into_iter().flatten().any(is_best))
            })
            .collect();
        Self { inside, ..*self }
    }

    fn eroded(&self) -> Vec<bool> {
        (0..self.inside.len())
            .map(|at| {
                self.inside[at]
                    && self
                        .beside(at)
                        .iter()
                        .all(|near| near.is_some_and(|near| self.inside[near]))
            })
            .collect()
    }

    fn beside(&self, at: usize) -> [Option<usize>; 4] {
        let (x, y) = (at % self.columns, at / self.columns);
        [
            (x > 0).then(|| at - 1),
            (x + 1 < self.columns).then_some(at + 1),
            (y > 0).then(|| at - self.columns),
            (y + 1 < self.rows).then_some(at + self.columns),
        ]
    }

    /// Square centimetres.
    fn area(&self) -> f64 {
        let voxels = self.inside.iter().filter(|inside| **inside).count();
        voxels as f64 * VOXEL * VOXEL / 100.0
    }

    /// First and last column, first and last row.
    fn bounds(&self) -> Option<(usize, usize, usize, usize)> {
        let all = || (0..self.inside.len()).filter(|at| self.inside[*at]);
        let columns = || all().map(|at| at % self.columns);
        let rows = || all().map(|at| at / self.columns);
        Some((
            columns().min()?,
            columns().max()?,
            rows().min()?,
            rows().max()?,
        ))
    }

    /// How many millimetres the front stands out before what is left and right of it, where it does so most, and its
    /// foremost row there about.
    fn profile(&self, left: usize, right: usize) -> Option<(f64, f64)> {
        let front = |x: usize| {
            (0..self.rows)
                .find(|y| self.inside[y * self.columns + x])
                .map(|y| y as f64)
        };
        let middle = left.midpoint(right);
        let voxels = |millimetres: f64| (millimetres / VOXEL).round() as usize;
        let (reach, cheek) = (voxels(OFF_MIDDLE), voxels(CHEEK));
        let (from, to) = (
            middle.saturating_sub(reach).max(left),
            (middle + reach).min(right),
        );
        let mut stands_out = 0.0_f64;
        for x in from..=to {
            let (Some(one), Some(other)) = (
                x.checked_sub(cheek).filter(|x| *x >= left),
                Some(x + cheek).filter(|x| *x <= right),
            ) else {
                continue;
            };
            if let (Some(here), Some(one), Some(other)) = (front(x), front(one), front(other)) {
                // A head that is turned drops less on one side, but it drops on both.
                let drops = (one - here, other - here);
                if drops.0.min(drops.1) * VOXEL >= 4.0 {
                    stands_out = stands_out.max((drops.0 + drops.1) / 2.0 * VOXEL);
                }
            }
        }
        let foremost = (from..=to).filter_map(front).fold(f64::MAX, f64::min);
        (foremost < f64::MAX).then_some((stands_out, foremost))
    }
}
