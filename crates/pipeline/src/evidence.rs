//! The evidence of one stream, from what the rooms say they did. Nothing here sees a value.

use crate::Failure;
use cloakroom_audit::record::{
    OutputObject, PixelEvidence, PixelProof, PrivateCounts, ProfileReference, ProofUnit,
};
use cloakroom_audit::{ActionList, EvidenceRecord, Origin, SopClass, Token};
use cloakroom_core::{ActionRecord, Digest, Outcome, StatedDate};
use cloakroom_profile::Profile;
use std::collections::BTreeMap;

/// What all records of a run have in common.
#[derive(Clone)]
pub(crate) struct RunFacts {
    pub(crate) origin: Origin,
    pub(crate) delivery: u32,
    pub(crate) date: StatedDate,
    pub(crate) profile: ProfileReference,
    pub(crate) tool: Token,
}

/// The version of the program, as records state it.
pub(crate) const TOOL: &str = concat!("cloakroom/", env!("CARGO_PKG_VERSION"));

impl RunFacts {
    pub(crate) fn new(
        origin: Origin,
        delivery: u32,
        date: StatedDate,
        profile: &Profile,
    ) -> Result<Self, Failure> {
        Ok(Self {
            origin,
            delivery,
            date,
            profile: reference(profile)?,
            tool: token(TOOL)?,
        })
    }

    /// A record that says nothing yet but how a stream ended.
    pub(crate) fn record(&self, outcome: Outcome, input: Digest) -> EvidenceRecord {
        EvidenceRecord {
            site: self.origin.site.clone(),
            track: self.origin.track.clone(),
            delivery: self.delivery,
            date: self.date,
            outcome,
            input,
            earlier: None,
            output: None,
            sop_class: None,
            profile: Some(self.profile.clone()),
            tool: self.tool.clone(),
            actions: None,
            private: None,
            pixels: None,
            text: BTreeMap::new(),
            decisions: Vec::new(),
        }
    }
}

/// What a record says of a cleared object beside its outcome.
pub(crate) struct Done<'a> {
    pub(crate) output: OutputObject,
    pub(crate) sop_class: &'a str,
    pub(crate) actions: &'a [ActionRecord],
    pub(crate) private: PrivateCounts,
    pub(crate) text: BTreeMap<&'static str, u32>,
    pub(crate) masked: &'a cloakroom_pixels::Masked,
}

/// Completes a record, and gives the list of actions that belongs to it.
pub(crate) fn complete(
    mut record: EvidenceRecord,
    done: Done<'_>,
) -> Result<(EvidenceRecord, ActionList), Failure> {
    record.output = Some(done.output);
    record.sop_class = Some(SopClass::of(done.sop_class));
    record.private = Some(done.private);
    record.pixels = Some(pixels(done.masked)?);
    for (kind, count) in done.text {
        record.text.insert(token(kind)?, count);
    }
    let actions = ActionList::new(done.actions.to_vec()).map_err(|_| unfit())?;
    record.actions = Some(actions.digest().map_err(|_| unfit())?);
    Ok((record, actions))
}

fn pixels(masked: &cloakroom_pixels::Masked) -> Result<PixelEvidence, Failure> {
    let proof = masked.proof().map(|proof| PixelProof {
        unit: match proof.unit {
            cloakroom_pixels::ProofUnit::Samples => ProofUnit::Samples,
            cloakroom_pixels::ProofUnit::Coefficients => ProofUnit::Coefficients,
        },
        equal: proof.equal,
        wiped: proof.wiped,
    });
    let notes = masked
        .notes()
        .map(|note| token(note.code()))
        .collect::<Result<Vec<_>, _>>()?;
    let evidence =
        PixelEvidence::new(masked.reason(), masked.regions(), None, proof).map_err(|_| unfit())?;
    Ok(evidence.with_notes(notes))
}

fn reference(profile: &Profile) -> Result<ProfileReference, Failure> {
    Ok(ProfileReference {
        id: profile.id().clone(),
        version: token(profile.version())?,
        digest: *profile.digest(),
    })
}

pub(crate) fn token(text: &str) -> Result<Token, Failure> {
    text.parse().map_err(|_| unfit())
}

fn unfit() -> Failure {
    Failure::could_not_run("a rule or version has a name that cannot stand in a log")
        .advise("use letters, digits and -_.:/+,()>* in names of profiles and rules")
}
