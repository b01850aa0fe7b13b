//! The scan areas of an ultrasound image (PS3.3 C.8.5.5): everything outside them goes.

use cloakroom_core::{ImageDescription, Rect};

/// Pixels of a scan area along its edges that go too, for letters outside it may reach into them.
const MARGIN: u32 = 1;
/// Scan areas that take less than this part of the image are not believed: one in so many.
const LEAST_PART: u64 = 5;

/// The areas outside all scan areas; `None` if there are no scan areas to be believed.
pub(crate) fn outside_of_regions(image: &ImageDescription) -> Option<Vec<Rect>> {
    let kept: Vec<Rect> = image
        .ultrasound_regions
        .iter()
        // 5 is a drawing, and 0 says nothing.
        .filter(|region| (1..=4).contains(&region.spatial_format))
        .filter_map(|region| {
            let rect = region.rect;
            let fits = u64::from(rect.x) + u64::from(rect.width) <= u64::from(image.columns)
                && u64::from(rect.y) + u64::from(rect.height) <= u64::from(image.rows);
            let narrower = Rect {
                x: rect.x + MARGIN,
                y: rect.y + MARGIN,
                width: rect.width.saturating_sub(2 * MARGIN),
                height: rect.height.saturating_sub(2 * MARGIN),
            };
            if fits {
                narrower.clip(image.columns, image.rows)
            } else {
                None
            }
        })
        .collect();
    let outside = complement(&kept, image.columns, image.rows);
    let all = u64::from(image.columns) * u64::from(image.rows);
    let gone: u64 = outside.iter().map(|rect| rect.area()).sum();
    (LEAST_PART * (all - gone) >= all && !kept.is_empty()).then_some(outside)
}

/// What is left of an image without some areas, as rectangles that do not overlap.
pub(crate) fn complement(kept: &[Rect], columns: u32, rows: u32) -> Vec<Rect> {
    let mut edges: Vec<u32> = kept
        .iter()
        .flat_map(|rect| [rect.y, rect.y + rect.height])
        .collect();
    edges.extend([0, rows]);
    edges.retain(|edge| *edge <= rows);
    edges.sort_unstable();
    edges.dedup();
    let mut found: Vec<Rect> = Vec::new();
    for band in edges.windows(2) {
        let (top, bottom) = (band[0], band[1]);
        let mut inside: Vec<(u32, u32)> = kept
            .iter()
            .filter(|rect| rect.y <= top && rect.y + rect.height >= bottom)
            .map(|rect| (rect.x, (rect.x + rect.width).min(columns)))
            .collect();
        inside.sort_unstable();
        inside.push((columns, columns));
        let mut x = 0;
        for (left, right) in inside {
            if left > x {
                push_joined(
                    &mut found,
                    Rect {
                        x,
                        y: top,
                        width: left - x,
                        height: bottom - top,
                    },
                );
            }
            x = x.max(right);
        }
    }
    found
}

/// Adds an area; one that continues another downwards joins it.
fn push_joined(found: &mut Vec<Rect>, rect: Rect) {
    let above = found.iter_mut().find(|above| {
        above.x == rect.x && above.width == rect.width && above.y + above.height == rect.y
    });
    match above {
        Some(above) => above.height += rect.height,
        None => found.push(rect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::frames::UltrasoundRegion;
    use proptest::prelude::*;

    fn region(x: u32, y: u32, width: u32, height: u32, spatial_format: u16) -> UltrasoundRegion {
        UltrasoundRegion {
            rect: Rect {
                x,
                y,
                width,
                height,
            },
            spatial_format,
            data_type: 1,
        }
    }

    fn image(regions: Vec<UltrasoundRegion>) -> ImageDescription {
        ImageDescription {
            columns: 100,
            rows: 80,
            ultrasound_regions: regions,
            ..ImageDescription::default()
        }
    }

    #[test]
    fn what_is_outside_the_scan_goes_and_a_scan_too_small_is_not_believed() {
        let outside = outside_of_regions(&image(vec![region(20, 10, 60, 60, 1)])).unwrap();
        assert_eq!(
            outside,
            [
                Rect {
                    x: 0,
                    y: 0,
                    width: 100,
                    height: 11
                },
                Rect {
                    x: 0,
                    y: 11,
                    width: 21,
                    height: 58
                },
                Rect {
                    x: 79,
                    y: 11,
                    width: 21,
                    height: 58
                },
                Rect {
                    x: 0,
                    y: 69,
                    width: 100,
                    height: 11
                },
            ]
        );
        assert_eq!(
            outside_of_regions(&image(vec![region(20, 10, 10, 10, 1)])),
            None
        );
        assert_eq!(
            outside_of_regions(&image(vec![region(20, 10, 60, 60, 5)])),
            None
        );
        assert_eq!(
            outside_of_regions(&image(vec![region(50, 10, 60, 60, 1)])),
            None
        );
        assert_eq!(outside_of_regions(&image(vec![])), None);
    }

    proptest! {
        #[test]
        fn every_pixel_is_either_kept_or_gone_once(
            kept in prop::collection::vec((0_u32..30, 0_u32..20, 1_u32..20, 1_u32..20), 0..5),
        ) {
            let kept: Vec<Rect> = kept
                .into_iter()
                .filter_map(|(x, y, width, height)| Rect { x, y, width, height }.clip(30, 20))
                .collect();
            let gone = complement(&kept, 30, 20);
            for y in 0..20 {
                for x in 0..30 {
                    let holds = |rect: &&Rect| {
                        (rect.x..rect.x + rect.width).contains(&x) && (rect.y..rect.y + rect.height).contains(&y)
                    };
                    let inside = kept.iter().any(|rect| holds(&rect));
                    prop_assert_eq!(gone.iter().filter(holds).count(), usize::from(!inside));
                }
            }
        }
    }
}
