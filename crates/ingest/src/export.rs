//! The exports that were named: where they are, and that they and the site folder are apart.

use crate::error::IngestError;
use cloakroom_core::Phi;
use cloakroom_p10::{FileSource, Recognition, recognise};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One export: a folder, or a single file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Export {
    /// The folder itself, or the single file; absolute, without links.
    pub(crate) root: PathBuf,
    /// Whether it is a single file.
    pub(crate) single_file: bool,
}

impl Export {
    /// The folder that all names of the export are relative to.
    pub(crate) fn folder(&self) -> &Path {
        if self.single_file {
            self.root.parent().unwrap_or(&self.root)
        } else {
            &self.root
        }
    }
}

/// Resolves and sorts the exports, and refuses those that overlap one another or the site folder.
///
/// Of the site folder only the inbox may be ingested.
pub(crate) fn resolve(
    named: &[PathBuf],
    site: &[&Path],
    inbox: Option<&Path>,
) -> Result<Vec<Export>, IngestError> {
    let inbox = inbox.and_then(|inbox| inbox.canonicalize().ok());
    let mut exports = Vec::new();
    for path in named {
        let export = open(path).map_err(|source| IngestError::ExportUnavailable {
            path: Phi::new(path.clone()),
            source,
        })?;
        for folder in site {
            check_apart(&export, folder, inbox.as_deref())?;
        }
        exports.push(export);
    }
    exports.sort();
    exports.dedup();
    for (index, outer) in exports.iter().enumerate() {
        let inner = exports.iter().enumerate().find(|(other, export)| {
            *other != index && !outer.single_file && export.root.starts_with(&outer.root)
        });
        if let Some((_, inner)) = inner {
            let path = Phi::new(inner.root.clone());
            return Err(IngestError::ExportsOverlap { path });
        }
    }
    Ok(exports)
}

fn open(path: &Path) -> io::Result<Export> {
    let root = path.canonicalize()?;
    let metadata = root.metadata()?;
    if metadata.is_dir() {
        return Ok(Export {
            root,
            single_file: false,
        });
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // A DICOMDIR stands for the medium that it lies on.
    if recognise(&FileSource::open(&root)?)? == Recognition::DicomDir
        && let Some(folder) = root.parent()
    {
        return Ok(Export {
            root: folder.into(),
            single_file: false,
        });
    }
    Ok(Export {
        root,
        single_file: true,
    })
}

fn check_apart(export: &Export, site: &Path, inbox: Option<&Path>) -> Result<(), IngestError> {
    let site = site.canonicalize().map_err(IngestError::site)?;
    let path = || Phi::new(export.root.clone());
    if !export.single_file && lies_within(&site, &export.root) {
        return Err(IngestError::SiteInsideExport { path: path() });
    }
    if lies_within(&export.root, &site) && inbox != Some(export.root.as_path()) {
        return Err(IngestError::ExportInsideSite { path: path() });
    }
    Ok(())
}

/// Whether a path is a folder or lies below it: by name, and by device and inode, as mounts give folders two names.
fn lies_within(path: &Path, folder: &Path) -> bool {
    let identity = |path: &Path| path.metadata().map(|m| (m.dev(), m.ino())).ok();
    let wanted = identity(folder);
    path.starts_with(folder)
        || wanted.is_some() && path.ancestors().any(|above| identity(above) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_and_the_exports_must_be_apart() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = base.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let (site, export) = (make("site"), make("export"));
        let (inner, within_site) = (make("export/inner"), make("site/inbox-of-old"));
        let resolve = |exports: &[PathBuf], site: &Path| {
            resolve(exports, &[site], Some(&site.join("inbox"))).map(|list| list.len())
        };
        let inbox = make("site/inbox");
        assert!(matches!(
            resolve(&[export.clone(), export.clone()], &site),
            Ok(1)
        ));
        assert!(matches!(
            resolve(&[base.path().into()], &site),
            Err(IngestError::SiteInsideExport { .. })
        ));
        assert!(matches!(resolve(&[inbox], &site), Ok(1)));
        assert!(matches!(
            resolve(&[within_site], &site),
            Err(IngestError::ExportInsideSite { .. })
        ));
        assert!(matches!(
            resolve(std::slice::from_ref(&site), &site),
            Err(IngestError::SiteInsideExport { .. })
        ));
        assert!(matches!(
            resolve(&[inner, export.clone()], &site),
            Err(IngestError::ExportsOverlap { .. })
        ));
        assert!(matches!(
            resolve(&[base.path().join("nowhere")], &site),
            Err(IngestError::ExportUnavailable { .. })
        ));
    }

    #[test]
    fn a_link_does_not_hide_that_the_site_lies_inside() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(base.path().join("export/site")).unwrap();
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path().join("export"), &link).unwrap();
        let site = base.path().join("export/site");
        assert!(matches!(
            resolve(&[link], &[site.as_path()], None),
            Err(IngestError::SiteInsideExport { .. })
        ));
    }
}
