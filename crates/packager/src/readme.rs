//! The README of a bundle: how to check and open it with tools that are everywhere.

use crate::manifest::BundleManifest;

/// The README of a bundle.
pub(crate) fn bundle(manifest: &BundleManifest) -> String {
    let BundleManifest {
        site,
        track,
        delivery,
        date,
        counts,
        profile,
        ..
    } = manifest;
    format!(
        "# Delivery {delivery} of site {site} for track {track}\n\n\
         De-identified DICOM images: {} patients, {} studies, {} series, {} instances, {} bytes.\n\
         Stated date {date}; profile {} {} (`{}`).\n\n{}",
        counts.patients,
        counts.studies,
        counts.series,
        counts.instances,
        counts.bytes,
        profile.id,
        profile.version,
        profile.sha256,
        how_to_check(
            manifest.signing_key.as_str(),
            "data/shards",
            &manifest.compression
        ),
    )
}

/// Commands that need none of our programs; they are run by the tests of this crate.
pub(crate) fn how_to_check(key: &str, shards: &str, compression: &str) -> String {
    let (extension, list) = match compression {
        "none" => ("tar", "tar -tf"),
        _ => ("tar.zst", "tar --zstd -tf"),
    };
    let unpack = list.replace("-tf", "-xf");
    format!(
        "## Check it\n\n\
         Everything is covered by one signature; compare the key with the one that its owner published.\n\n\
         ```sh\n\
         minisign -V -P {key} -m tagmanifest-sha256.txt\n\
         sha256sum -c --quiet tagmanifest-sha256.txt\n\
         sha256sum -c --quiet manifest-sha256.txt\n\
         ```\n\n\
         The folder is a BagIt 1.0 bag: `bagit.py --validate .` also finds files that do not belong.\n\
         Files in `post/`, if any, came later and sign themselves.\n\n\
         ## Open it\n\n\
         Each shard is a tar of whole series; members are `PATIENT/SERIES/NNNN.dcm`.\n\n\
         ```sh\n\
         for shard in {shards}/*.{extension}; do {list} \"$shard\"; done\n\
         for shard in {shards}/*.{extension}; do {unpack} \"$shard\" -C /some/folder; done\n\
         ```\n\n\
         `data/tables/` lists patients, studies, series and instances as CSV. In `series.csv`, `offset` and\n\
         `length` are the byte range of the series in the shard: a piece that can be fetched and unpacked alone{}.\n\
         In `instances.csv`, `offset` and `size` are the place of an object in the uncompressed tar.\n\n\
         The content digest of a shard (`content_sha256`) does not depend on the compressor. After unpacking a shard:\n\n\
         ```sh\n\
         find * -type f -exec sha256sum {{}} + | LC_ALL=C sort | sha256sum\n\
         ```\n",
        match compression {
            "none" => "",
            _ => " (`zstd -d`)",
        },
    )
}
