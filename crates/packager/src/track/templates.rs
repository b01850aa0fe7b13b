//! The track files that ship with the program.

/// Name and text of each template.
pub const TEMPLATES: &[(&str, &str)] = &[
    (
        "breast-mg",
        include_str!("../../../../profiles/tracks/breast-mg.yaml"),
    ),
    (
        "breast-us",
        include_str!("../../../../profiles/tracks/breast-us.yaml"),
    ),
    (
        "chest-xr",
        include_str!("../../../../profiles/tracks/chest-xr.yaml"),
    ),
    (
        "generic",
        include_str!("../../../../profiles/tracks/generic.yaml"),
    ),
    (
        "glioma-mr",
        include_str!("../../../../profiles/tracks/glioma-mr.yaml"),
    ),
    (
        "kidney-cta",
        include_str!("../../../../profiles/tracks/kidney-cta.yaml"),
    ),
    (
        "lung-ct",
        include_str!("../../../../profiles/tracks/lung-ct.yaml"),
    ),
    (
        "thyroid-us",
        include_str!("../../../../profiles/tracks/thyroid-us.yaml"),
    ),
];

/// The text of a template.
#[must_use]
pub fn template(name: &str) -> Option<&'static str> {
    TEMPLATES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
