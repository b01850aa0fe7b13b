//! Words that go because nothing knows them: a person says once of each whether it may stay.

use super::{Review, lock};
use crate::decisions::PersonVerdict;
use crate::examine::Examiner;
use crate::reviewers::Reviewer;
use crate::{Failure, clock};
use cloakroom_core::{DecisionReason, Phi, TrackId};
use std::sync::{Arc, Mutex};

/// A word that nothing knows. For the officer's page only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// In how many objects of the catalogue.
    pub objects: u64,
    /// A text in which it stands.
    pub before: String,
    /// What is left of that text now.
    pub after: String,
}

/// The words of a track as they were read last.
#[derive(Default)]
pub(super) struct WordsRead(Mutex<Option<Arc<Vec<UnknownWord>>>>);

impl Review {
    /// Reads the texts of the whole catalogue, which takes a while.
    ///
    /// # Errors
    /// If the track has no delivery, the profile cannot be read, or the machine fails.
    pub fn read_words(&self, track: &TrackId) -> Result<(), Failure> {
        let words = self.with_examiner(track, Examiner::unknown_words)?;
        *lock(&self.track(track)?.words.0) = Some(Arc::new(words));
        Ok(())
    }

    /// The words that nobody has decided about, the most frequent first; `None` before they were read.
    ///
    /// # Errors
    /// If the track has no delivery.
    pub fn undecided_words(&self, track: &TrackId) -> Result<Option<Vec<UnknownWord>>, Failure> {
        let of_track = self.track(track)?;
        let Some(all) = lock(&of_track.words.0).clone() else {
            return Ok(None);
        };
        let decided = lock(&of_track.decisions).decided_words();
        let open = all.iter().filter(|one| !decided.contains(&one.word));
        Ok(Some(open.cloned().collect()))
    }

    /// Signs that words may stay, or that they go and are not asked for again.
    ///
    /// # Errors
    /// If one of them was not read, the reason does not fit, or the machine fails; those before it are signed then.
    pub fn decide_words(
        &self,
        track: &TrackId,
        reviewer: &Reviewer,
        words: &[String],
        (stay, reason): (bool, DecisionReason),
    ) -> Result<(), Failure> {
        let of_track = self.track(track)?;
        let known = lock(&of_track.words.0).clone().unwrap_or_default();
        let mut decisions = lock(&of_track.decisions);
        for word in words {
            if !known.iter().any(|one| one.word == *word) {
                return Err(Failure::wrong_use("this word was not asked for"));
            }
            let word = Phi::new(word.clone());
            let verdict = if stay {
                PersonVerdict::TextApprove(word)
            } else {
                PersonVerdict::TextRemove(word)
            };
            decisions.decide(reviewer, clock::today(), &verdict, reason)?;
        }
        Ok(())
    }
}
