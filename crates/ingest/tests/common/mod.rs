//! A site and an export in a temporary folder, and DICOM objects as small as they can be.

#![allow(dead_code, reason = "each test binary uses a part")]

use cloakroom_ingest::{Catalogue, IngestError, IngestOptions, IngestReport, Silent, ingest};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A site and an export, side by side.
pub(crate) struct Hospital {
    pub(crate) folder: TempDir,
}

impl Hospital {
    pub(crate) fn new() -> Self {
        // In memory where there is such a folder: waiting for a busy disk tests nothing of ours.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        for name in ["site", "export"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn export(&self) -> PathBuf {
        self.folder.path().join("export")
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.export().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn catalogue(&self) -> Catalogue {
        Catalogue::open(&self.site().join("site.db")).unwrap()
    }

    pub(crate) fn ingest(&self) -> IngestReport {
        self.ingest_with(&IngestOptions::default()).unwrap()
    }

    pub(crate) fn ingest_with(&self, options: &IngestOptions) -> Result<IngestReport, IngestError> {
        let report = ingest(&mut self.catalogue(), &[self.export()], options, &Silent);
        assert!(self.catalogue().counts().unwrap().holds());
        report
    }

    /// The outcome of every stream by its place: `path!member: outcome`, sorted.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let catalogue = self.catalogue();
        let mut lines = Vec::new();
        catalogue
            .for_each_stream(&mut |entry| {
                let place = catalogue.place_of(entry.stream)?;
                let file = place.expose().file.strip_prefix(self.export()).unwrap();
                let mut line = file.to_string_lossy().into_owned();
                for member in &place.expose().members {
                    line += &format!("!{}", String::from_utf8_lossy(member));
                }
                line += &entry
                    .outcome
                    .map_or(": ready".into(), |outcome| format!(": {outcome}"));
                lines.push(line);
                Ok(())
            })
            .unwrap();
        lines.sort();
        lines
    }
}

/// What a small DICOM object says.
#[derive(Clone)]
pub(crate) struct Small<'a> {
    pub(crate) patient: &'a str,
    pub(crate) name: &'a str,
    pub(crate) study: &'a str,
    pub(crate) series: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) accession: &'a str,
    pub(crate) pixels: &'a [u8],
    pub(crate) meta_title: &'a str,
}

impl Default for Small<'_> {
    fn default() -> Self {
        Self {
            patient: "P-1001",
            name: "Zhang^San",
            study: "1.2.3.1",
            series: "1.2.3.1.1",
            instance: "1.2.3.1.1.1",
            accession: "A778812",
            pixels: &[1, 2, 3, 4],
            meta_title: "SENDER",
        }
    }
}

impl Small<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut set = Vec::new();
        element(
            &mut set,
            (0x0008, 0x0016),
            "UI",
            b"1.2.840.10008.5.1.4.1.1.2",
        );
        element(&mut set, (0x0008, 0x0018), "UI", self.instance.as_bytes());
        element(&mut set, (0x0008, 0x0050), "SH", self.accession.as_bytes());
        element(&mut set, (0x0008, 0x0060), "CS", b"CT");
        element(&mut set, (0x0008, 0x0070), "LO", b"MAKER");
        element(&mut set, (0x0008, 0x0080), "LO", b"Sample General Hospital");
        element(&mut set, (0x0010, 0x0010), "PN", self.name.as_bytes());
        element(&mut set, (0x0010, 0x0020), "LO", self.patient.as_bytes());
        element(&mut set, (0x0010, 0x0030), "DA", b"19550312");
        element(&mut set, (0x0020, 0x000D), "UI", self.study.as_bytes());
        element(&mut set, (0x0020, 0x000E), "UI", self.series.as_bytes());
        element(&mut set, (0x0020, 0x0013), "IS", b"7");
        element(&mut set, (0x0028, 0x0002), "US", &1_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0004), "CS", b"MONOCHROME2");
        element(&mut set, (0x0028, 0x0010), "US", &2_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0011), "US", &2_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0100), "US", &8_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0101), "US", &8_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0102), "US", &7_u16.to_le_bytes());
        element(&mut set, (0x0028, 0x0103), "US", &0_u16.to_le_bytes());
        element(&mut set, (0x7FE0, 0x0010), "OB", self.pixels);
        part10(&set, self.instance, self.meta_title)
    }
}

pub(crate) fn part10(set: &[u8], instance: &str, title: &str) -> Vec<u8> {
    let mut meta = Vec::new();
    element(&mut meta, (0x0002, 0x0001), "OB", &[0, 1]);
    element(
        &mut meta,
        (0x0002, 0x0002),
        "UI",
        b"1.2.840.10008.5.1.4.1.1.2",
    );
    element(&mut meta, (0x0002, 0x0003), "UI", instance.as_bytes());
    element(&mut meta, (0x0002, 0x0010), "UI", b"1.2.840.10008.1.2.1");
    element(&mut meta, (0x0002, 0x0016), "AE", title.as_bytes());
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    element(
        &mut file,
        (0x0002, 0x0000),
        "UL",
        &(meta.len() as u32).to_le_bytes(),
    );
    file.extend(meta);
    file.extend_from_slice(set);
    file
}

/// One element in Explicit VR Little Endian.
pub(crate) fn element(into: &mut Vec<u8>, tag: (u16, u16), vr: &str, value: &[u8]) {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
    }
    into.extend(tag.0.to_le_bytes());
    into.extend(tag.1.to_le_bytes());
    into.extend(vr.as_bytes());
    if matches!(vr, "OB" | "OW" | "SQ" | "UN" | "UT") {
        into.extend([0, 0]);
        into.extend((value.len() as u32).to_le_bytes());
    } else {
        into.extend((value.len() as u16).to_le_bytes());
    }
    into.extend(value);
}

/// Everything that the catalogue holds, as text, table by table.
pub(crate) fn dump(site: &Path) -> Vec<String> {
    let catalogue = Catalogue::open(&site.join("site.db")).unwrap();
    let connection = catalogue.connection();
    let mut lines = Vec::new();
    for table in [
        "exports",
        "runs",
        "streams",
        "patients",
        "studies",
        "series",
        "looks",
        "instances",
        "known",
    ] {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            lines.push(format!("{table}: {}", values.join(" ")));
        }
    }
    lines
}
