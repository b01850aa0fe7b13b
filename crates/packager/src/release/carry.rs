//! What a version takes over from the one before, where the bundles of that are not given again.
//!
//! After a withdrawal nobody should have to keep the bundles that hold the patient. So a version is built either
//! from all deliveries, or from the version before and the deliveries that are new.

use super::{BundleReference, ReleaseError, ReleaseInput, Withdrawal};
use crate::builder::PackageBuilder;
use crate::error::PackError;
use crate::verify::{VerifiedBundle, VerifiedRelease};
use cloakroom_core::{Digest, SiteName};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

/// The findings of the version before, under its own name.
const CHECKS: &str = "evidence/checks";

/// Files that take the place of evidence, by the path in the release: logs without the records of withdrawn patients.
pub type Replaced = BTreeMap<String, PathBuf>;

/// The version before, if its deliveries are not given again.
///
/// # Errors
/// If some are given and others are not: what belongs to which delivery could then not be told.
pub(super) fn carried<'a>(
    input: &ReleaseInput<'a>,
) -> Result<Option<&'a VerifiedRelease>, ReleaseError> {
    let Some(previous) = input.previous else {
        return Ok(None);
    };
    let earlier = &previous.manifest.bundles;
    let given: BTreeMap<(&SiteName, u32), Digest> = input
        .bundles
        .iter()
        .map(|bundle| {
            let manifest = &bundle.manifest;
            (
                (&manifest.site, manifest.delivery),
                bundle.checked.tagmanifest,
            )
        })
        .collect();
    let (mut again, mut missing) = (0, Vec::new());
    for one in earlier {
        match given.get(&(&one.site, one.delivery)) {
            None => missing.push(one),
            Some(digest) if *digest == one.tagmanifest_sha256 => again += 1,
            Some(_) => {
                return Err(ReleaseError::OtherDelivery {
                    site: one.site.clone(),
                    delivery: one.delivery,
                });
            }
        }
    }
    match missing.first() {
        None => Ok(None),
        Some(_) if again == 0 => Ok(Some(previous)),
        Some(one) => Err(ReleaseError::BundleMissing {
            count: missing.len(),
            example: format!("{}-d{:04}", one.site, one.delivery),
        }),
    }
}

/// All deliveries that a version is made of.
pub(super) fn references(input: &ReleaseInput<'_>) -> Result<Vec<BundleReference>, ReleaseError> {
    let reference = |bundle: &VerifiedBundle| BundleReference {
        site: bundle.manifest.site.clone(),
        delivery: bundle.manifest.delivery,
        date: bundle.manifest.date,
        instances: bundle.manifest.counts.instances,
        tagmanifest_sha256: bundle.checked.tagmanifest,
        signing_key: bundle.manifest.signing_key.clone(),
        profile: bundle.manifest.profile.clone(),
    };
    let mut bundles: Vec<_> = input.bundles.iter().map(reference).collect();
    if let Some(previous) = carried(input)? {
        bundles.extend(previous.manifest.bundles.iter().cloned());
    }
    bundles.sort();
    Ok(bundles)
}

/// Takes the evidence of the deliveries over that are not given again.
pub(super) fn copy_evidence(
    input: &ReleaseInput<'_>,
    builder: &mut PackageBuilder,
) -> Result<(), ReleaseError> {
    let Some(previous) = input.previous else {
        return Ok(());
    };
    let all = carried(input)?.is_some();
    let version = &previous.manifest.version;
    for (path, expected) in &previous.checked.files {
        let target = match path.as_str() {
            // The notices of hospitals are in no bundle.
            path if path.starts_with("evidence/withdrawals/") => path.to_owned(),
            _ if !all => continue,
            "evidence/checks.csv" => format!("{CHECKS}-{version}.csv"),
            path if path.starts_with("evidence/") => path.to_owned(),
            _ => continue,
        };
        copy(
            input,
            builder,
            previous.root().join(path),
            &target,
            *expected,
        )?;
    }
    Ok(())
}

/// Copies a file of evidence, or what takes its place, and checks that it is still what was verified.
pub(super) fn copy(
    input: &ReleaseInput<'_>,
    builder: &mut PackageBuilder,
    from: PathBuf,
    target: &str,
    expected: Digest,
) -> Result<(), PackError> {
    let replaced = input.replaced.get(target);
    let from = replaced.cloned().unwrap_or(from);
    let mut file = File::open(&from).map_err(PackError::io("open", &from))?;
    let found = builder.add_file(target, &mut file)?;
    if replaced.is_none() && found != expected {
        return Err(PackError::ChangedAfterCheck {
            file: from.display().to_string(),
            expected,
        });
    }
    Ok(())
}

/// The digests of all objects of withdrawn patients in these bundles and the version before, including
/// those that an earlier version withdrew.
///
/// # Errors
/// If the tombstones of the version before cannot be read.
pub fn withdrawn_objects(
    bundles: &[VerifiedBundle],
    previous: Option<&VerifiedRelease>,
    withdrawals: &[Withdrawal],
) -> Result<BTreeSet<Digest>, PackError> {
    let tombstones = previous
        .map(super::tombstones)
        .transpose()?
        .unwrap_or_default();
    let patients: BTreeSet<&str> = tombstones
        .iter()
        .chain(withdrawals)
        .map(|one| one.patient.as_str())
        .collect();
    let packages = bundles
        .iter()
        .map(|bundle| &bundle.checked)
        .chain(previous.map(|previous| &previous.checked));
    Ok(packages
        .flat_map(|package| &package.index.shards)
        .flat_map(|shard| &shard.blocks)
        .filter(|block| patients.contains(block.patient.as_str()))
        .flat_map(|block| &block.members)
        .map(|member| member.sha256)
        .collect())
}
