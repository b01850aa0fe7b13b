//! `problems.csv` in the site folder: which files need a person. It names the export's paths and stays there.

use crate::catalogue::failure;
use crate::files::replace_private_file;
use crate::{Failure, Site};
use cloakroom_core::Outcome;
use cloakroom_ingest::{Catalogue, StreamNumber};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The rows of the file, as they gather.
pub(crate) struct Problems {
    writer: csv::Writer<Vec<u8>>,
}

impl Problems {
    fn new() -> Result<Self, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record([
                "outcome",
                "reason",
                "what it means",
                "what to do",
                "file",
                "inside the archive",
            ])
            .map_err(|_| could_not_write())?;
        Ok(Self { writer })
    }

    /// Writes the file from what the catalogue knows, and returns where it stands.
    pub(crate) fn write_catalogue(site: &Site, catalogue: &Catalogue) -> Result<PathBuf, Failure> {
        Self::write(site, catalogue, &|_| None)
    }

    /// Writes the file; `later` tells how a stream ended after the catalogue let it go on.
    pub(crate) fn write(
        site: &Site,
        catalogue: &Catalogue,
        later: &dyn Fn(StreamNumber) -> Option<Outcome>,
    ) -> Result<PathBuf, Failure> {
        let mut problems = Self::new()?;
        let mut streams = Vec::new();
        catalogue
            .for_each_stream(&mut |entry| {
                let outcome = later(entry.stream).or(entry.outcome);
                streams.extend(
                    outcome
                        .filter(|outcome| outcome.needs_person())
                        .map(|outcome| (entry.stream, outcome)),
                );
                Ok(())
            })
            .map_err(|error| failure(&error))?;
        for (stream, outcome) in streams {
            problems.add(catalogue, stream, outcome)?;
        }
        problems.finish(site)
    }

    fn add(
        &mut self,
        catalogue: &Catalogue,
        stream: StreamNumber,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let place = catalogue
            .place_of(stream)
            .map_err(|error| failure(&error))?;
        let place = place.expose();
        let members = place.members.join(&b"!"[..]);
        let row: [&[u8]; 6] = [
            outcome.kind().as_bytes(),
            outcome.reason().as_bytes(),
            outcome.meaning().as_bytes(),
            outcome.next_step().as_bytes(),
            place.file.as_os_str().as_bytes(),
            &members,
        ];
        self.writer
            .write_byte_record(&csv::ByteRecord::from(row.to_vec()))
            .map_err(|_| could_not_write())
    }

    fn finish(self, site: &Site) -> Result<PathBuf, Failure> {
        let bytes = self.writer.into_inner().map_err(|_| could_not_write())?;
        let path = site.root().join("problems.csv");
        replace_private_file(&path, &bytes)?;
        Ok(path)
    }
}

fn could_not_write() -> Failure {
    Failure::could_not_run("the list of problems could not be written")
}
