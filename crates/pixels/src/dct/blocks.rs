//! The quantised coefficients of one frame.

use crate::scrub::jpeg::{FrameHeader, Segment};

/// No frame may need more blocks than this: 1 GiB of coefficients.
const MOST_BLOCKS: usize = 1 << 23;

/// The coefficients of one component, block by block in rows, each in zigzag order.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// Blocks of an MCU, across and down.
    pub(crate) across: usize,
    pub(crate) down: usize,
    pub(crate) quantisation: u8,
    /// Blocks of a row, up to whole MCUs.
    pub(crate) row_blocks: usize,
    /// Blocks across and down that a scan of this component alone has.
    pub(crate) own_across: usize,
    pub(crate) own_down: usize,
    pub(crate) blocks: Vec<[i16; 64]>,
}

/// One scan: the components in it and the tables that they use, as the SOS segment says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Index of the component, its DC table, its AC table.
    pub(crate) parts: Vec<(usize, usize, usize)>,
    /// The SOS segment.
    pub(crate) segment: Segment,
    /// MCUs between restarts; 0 for none.
    pub(crate) interval: usize,
}

/// A frame as coefficients.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) precision: u8,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// MCUs across and down.
    pub(crate) mcus: (usize, usize),
    /// Pixels of an MCU, across and down.
    pub(crate) mcu_size: (usize, usize),
    pub(crate) components: Vec<Component>,
    /// Quantisation tables in zigzag order.
    pub(crate) tables: [Option<[u16; 64]>; 4],
    pub(crate) scans: Vec<Scan>,
}

impl Blocks {
    /// An empty frame as its header describes it. `data` is the number of bytes that hold it: a frame that could
    /// not be coded in so few bytes is refused before anything is allocated.
    pub(super) fn new(header: &FrameHeader<'_>, data: usize) -> Option<Self> {
        let factors: Vec<(usize, usize)> = header
            .components
            .iter()
            .map(|component| {
                (
                    usize::from(component[1] >> 4),
                    usize::from(component[1] & 15),
                )
            })
            .collect();
        let sound = (1..=4).contains(&factors.len())
            && factors
                .iter()
                .all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v))
            && header.rows > 0
            && header.columns > 0;
        if !sound {
            return None;
        }
        let widest = factors.iter().map(|(h, _)| *h).max()?;
        let tallest = factors.iter().map(|(_, v)| *v).max()?;
        let mcu_size = (8 * widest, 8 * tallest);
        let mcus = (
            header.columns.div_ceil(mcu_size.0),
            header.rows.div_ceil(mcu_size.1),
        );
        let total: usize = factors.iter().map(|(h, v)| mcus.0 * mcus.1 * h * v).sum();
        // Even a block of nothing takes two bits, and a component alone may leave out a part of its last MCUs.
        if total > MOST_BLOCKS || total / 32 > data {
            return None;
        }
        let components = header
            .components
            .iter()
            .zip(&factors)
            .map(|(listed, (h, v))| Component {
                id: listed[0],
                across: *h,
                down: *v,
                quantisation: listed[2],
                row_blocks: mcus.0 * h,
                own_across: (header.columns * h).div_ceil(widest).div_ceil(8),
                own_down: (header.rows * v).div_ceil(tallest).div_ceil(8),
                blocks: vec![[0; 64]; mcus.0 * mcus.1 * h * v],
            })
            .collect();
        Some(Self {
            precision: header.precision,
            rows: header.rows,
            columns: header.columns,
            mcus,
            mcu_size,
            components,
            tables: [None; 4],
            scans: Vec::new(),
        })
    }

    /// The quantisation table of a component.
    pub(crate) fn table(&self, component: &Component) -> Option<&[u16; 64]> {
        self.tables
            .get(usize::from(component.quantisation))?
            .as_ref()
    }

    /// MCUs of a scan: those of the frame, or single blocks where one component stands alone.
    pub(super) fn scan_mcus(&self, scan: &Scan) -> usize {
        match scan.parts.as_slice() {
            [(only, ..)] => self.components[*only].own_across * self.components[*only].own_down,
            _ => self.mcus.0 * self.mcus.1,
        }
    }

    /// The blocks of one MCU of a scan in their order: part of the scan, and index of the block in its component.
    pub(super) fn mcu_blocks(&self, scan: &Scan, mcu: usize, found: &mut Vec<(usize, usize)>) {
        found.clear();
        if let [(only, ..)] = scan.parts.as_slice() {
            let component = &self.components[*only];
            let (x, y) = (mcu % component.own_across, mcu / component.own_across);
            found.push((0, y * component.row_blocks + x));
            return;
        }
        let (x, y) = (mcu % self.mcus.0, mcu / self.mcus.0);
        for (part, (index, ..)) in scan.parts.iter().enumerate() {
            let component = &self.components[*index];
            for down in 0..component.down {
                for across in 0..component.across {
                    let row = y * component.down + down;
                    found.push((
                        part,
                        row * component.row_blocks + x * component.across + across,
                    ));
                }
            }
        }
    }
}
