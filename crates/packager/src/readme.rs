//! The README of a bundle: how to check and open it with tools that are everywhere.

use crate::manifest::BundleManifest;
use crate::release::ReleaseManifest;

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

/// What participants of a release do, with tools that are everywhere and with the loader that lies in it.
pub(crate) fn how_to_use(manifest: &ReleaseManifest) -> String {
    let mut text = format!(
        "## Load it\n\n\
         `{loader}` in this folder needs Python and nothing else to check, list and fetch; with pydicom and numpy it\n\
         gives arrays. It reads one series as one byte range, from this folder or by HTTP, and compares every digest.\n\n\
         ```sh\n\
         python3 {loader} check .\n\
         python3 {loader} list . --split train\n\
         ```\n\n\
         ```python\n\
         from cloakroom_loader import Release\n\n\
         for series in Release(\".\").series(split=\"train\", done=\"finished.txt\"):\n    \
             for data in series.datasets():\n        \
                 print(series.patient, data.Modality, data.Rows)\n\
         ```\n\n\
         The tables are there as Parquet too, for pandas, DuckDB and others. `python3 {loader} monai . --out DIR` and\n\
         `nnunet` convert with dcm2niix and write `datalist.json` or `dataset.json`.\n\n",
        loader = "cloakroom_loader.py",
    );
    text.push_str(match manifest.compression.as_str() {
        "none" => {
            "```python\n\
             import datasets, glob, webdataset\n\n\
             streamed = datasets.load_dataset(\"webdataset\", data_files={\"train\": \"data/train/dicom/*.tar\"}, streaming=True)\n\
             samples = webdataset.WebDataset(sorted(glob.glob(\"data/train/dicom/*.tar\")), shardshuffle=False)\n\
             ```\n\n"
        }
        _ => {
            "```python\n\
             import glob, webdataset\n\n\
             shards = [f\"pipe:zstd -dcq {path}\" for path in sorted(glob.glob(\"data/train/dicom/*.tar.zst\"))]\n\
             samples = webdataset.WebDataset(shards, shardshuffle=False)\n\
             ```\n\n"
        }
    });
    text.push_str(
        "## Update it\n\n\
         The name of a shard never changes its meaning: what you have, you need not fetch again. Where the organiser gave\n\
         addresses, `post/update-from-VERSION.aria2.txt` of the newer version lists what a copy of VERSION lacks. In the\n\
         folder of your copy, with that file beside it:\n\n\
         ```sh\n\
         aria2c -c -V --allow-overwrite=true --auto-file-renaming=false -i update-from-VERSION.aria2.txt\n\
         xargs -r rm -f -- < removed.txt\n\
         sha256sum -c --quiet manifest-sha256.txt\n\
         ```\n\n\
         `curl --config update-from-VERSION.curl.txt` does the same. `removed.txt` names what newer versions do not have any\n\
         more, and `withdrawn.csv` the patients that must not be used any more, in no copy and no derived data.\n\n",
    );
    if manifest.sealed.is_some() {
        text.push_str(
            "## Sealed labels\n\n\
             The labels of the test side are encrypted in `sealed/`, and `sealed/commitment.json` holds the root of a Merkle\n\
             tree over them, so they cannot be exchanged. Once they are revealed in `post/test-labels.tar`:\n\n\
             ```sh\n\
             python3 cloakroom_loader.py reveal .\n\
             ```\n\n",
        );
    }
    text
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
