//! `croissant.json`: the release in the vocabulary of Croissant 1.1, with a FileObject for each shard and table.

use super::manifest::ReleaseManifest;
use cloakroom_core::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SERIES: &str = "data/tables/series.csv";

/// Columns of the table of series, with their types.
const FIELDS: &[(&str, &str)] = &[
    ("patient", "sc:Text"),
    ("study", "sc:Text"),
    ("series", "sc:Text"),
    ("site", "sc:Text"),
    ("split", "sc:Text"),
    ("modality", "sc:Text"),
    ("body_part", "sc:Text"),
    ("instances", "sc:Integer"),
    ("bytes", "sc:Integer"),
    ("shard", "sc:Text"),
    ("offset", "sc:Integer"),
    ("length", "sc:Integer"),
];

pub(super) fn document(
    manifest: &ReleaseManifest,
    description: &str,
    licence_url: &str,
    tables: &BTreeMap<String, (Digest, u64)>,
) -> Value {
    let mut distribution: Vec<Value> = tables
        .iter()
        .map(|(path, (digest, bytes))| {
            let kind = match path.ends_with(".parquet") {
                true => "application/vnd.apache.parquet",
                false => "text/csv",
            };
            file_object(path, kind, digest, *bytes)
        })
        .collect();
    let kind = match manifest.compression.as_str() {
        "none" => "application/x-tar",
        _ => "application/zstd",
    };
    let shards = manifest.shards.iter();
    distribution
        .extend(shards.map(|shard| file_object(&shard.path, kind, &shard.sha256, shard.bytes)));
    let within: Vec<_> = manifest
        .shards
        .iter()
        .map(|shard| json!({"@id": shard.path}))
        .collect();
    if !within.is_empty() {
        distribution.push(json!({
            "@type": "cr:FileSet",
            "@id": "instances",
            "name": "instances",
            "containedIn": within,
            "encodingFormat": "application/dicom",
            "includes": "*/*/*.dcm",
        }));
    }
    let licence = match licence_url {
        "" => format!("https://spdx.org/licenses/{}.html", manifest.licence.id),
        url => url.to_owned(),
    };
    json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": format!("{}-{}", manifest.track, manifest.version).replace(['.', '+'], "-"),
        "description": description,
        "version": manifest.version.to_string(),
        "datePublished": manifest.date.to_string(),
        "license": licence,
        "creator": {"@type": "sc:Organization", "name": manifest.contact},
        "url": format!("urn:cloakroom:{}:{}", manifest.track, manifest.version),
        "citeAs": format!("{}, version {}, {}", manifest.title, manifest.version, manifest.date),
        "distribution": distribution,
        "recordSet": [record_set()],
    })
}

fn file_object(path: &str, kind: &str, digest: &Digest, bytes: u64) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": format!("{bytes} B"),
        "encodingFormat": kind,
        "sha256": digest.to_string(),
    })
}

fn record_set() -> Value {
    let field = |(name, kind): &(&str, &str)| {
        json!({
            "@type": "cr:Field",
            "@id": format!("series/{name}"),
            "name": format!("series/{name}"),
            "dataType": kind,
            "source": {"fileObject": {"@id": SERIES}, "extract": {"column": name}},
        })
    };
    json!({
        "@type": "cr:RecordSet",
        "@id": "series",
        "name": "series",
        "key": {"@id": "series/series"},
        "field": FIELDS.iter().map(field).collect::<Vec<_>>(),
    })
}

/// The JSON-LD context that the format's specification gives.
fn context() -> Value {
    let mut context = json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
    });
    let words = [
        "citeAs",
        "column",
        "equivalentProperty",
        "extract",
        "field",
        "fileProperty",
        "fileObject",
        "fileSet",
        "format",
        "includes",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "samplingRate",
        "separator",
        "source",
        "subField",
        "transform",
    ];
    if let Some(object) = context.as_object_mut() {
        for word in words {
            object.insert(word.into(), format!("cr:{word}").into());
        }
    }
    context
}
