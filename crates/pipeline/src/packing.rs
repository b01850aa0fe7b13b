//! Failures of the packager as failures of a command.

use crate::Failure;
use cloakroom_packager::PackError;

/// The packager's texts name files of packages and pseudonyms only, so they may be told as they are.
pub(crate) fn failure(error: PackError) -> Failure {
    match error {
        PackError::Io { action, path, source } => Failure::io(&format!("could not {action} a file"), &path, &source),
        PackError::Exists(path) => Failure::wrong_use("the folder exists already; a package is written once and never changed")
            .at(&path)
            .advise("name a folder that does not exist yet"),
        PackError::Busy(path) => Failure::could_not_run("another run is writing this package")
            .at(&path)
            .advise("wait until it has ended, and run the same command again"),
        PackError::NotAPackage { path, why } => Failure::wrong_use("this is no bundle and no release that this program can read")
            .at(&path)
            .detail(why),
        PackError::NoSuchSeries(_) => Failure::wrong_use(error.to_string()).advise("data/series.csv lists the series"),
        PackError::Damaged { .. } | PackError::ChangedAfterCheck { .. } => Failure::check_failed(error.to_string())
            .advise("`cloakroom verify` tells everything that is wrong; take the package from its source again"),
        PackError::Block(source) if source.kind() == std::io::ErrorKind::StorageFull => {
            Failure::io("could not write a package", std::path::Path::new("."), &source)
        }
        other => Failure::could_not_run(other.to_string()),
    }
}
