//! The words of a catalogue that nothing knows, with how often they occur and where.

use crate::examine::Examiner;
use crate::faces::SeriesWithFaces;
use crate::object::{Rooms, Subject};
use crate::review::UnknownWord;
use crate::stream::Stream;
use crate::{Failure, catalogue};
use cloakroom_ingest::Located;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts are shown up to here.
const LONGEST: usize = 200;

impl Examiner {
    /// Reads the texts of every instance and returns the words that go because nothing knows them, the most frequent
    /// first. Pixels are not looked at. An instance that cannot be read has no words here; it is held elsewhere.
    pub(crate) fn unknown_words(&self) -> Result<Vec<UnknownWord>, Failure> {
        let fault = |error| catalogue::failure(&error);
        let rooms = &self.rooms;
        let mut all: BTreeMap<String, UnknownWord> = BTreeMap::new();
        for person in self.people.iter().filter(|person| person.barred.is_none()) {
            let number = person.number;
            let known = self.catalogue.known_values(number).map_err(fault)?;
            let subject = Subject::new(person, known, SeriesWithFaces::none());
            for series in self.catalogue.series_of(number).map_err(fault)? {
                let instances = self
                    .catalogue
                    .instances_of(number, series.study, series.number)
                    .map_err(fault)?;
                let located = instances
                    .iter()
                    .filter(|instance| instance.outcome.is_none())
                    .map(|instance| self.catalogue.locate(instance.stream).map_err(fault))
                    .collect::<Result<Vec<_>, _>>()?;
                let found: Vec<_> = located
                    .par_iter()
                    .flat_map_iter(|one| words_of(rooms, &subject, one))
                    .collect();
                for word in found {
                    all.entry(word.word.clone())
                        .and_modify(|known| known.objects += 1)
                        .or_insert(word);
                }
            }
        }
        let mut words: Vec<_> = all.into_values().collect();
        words.sort_by(|a, b| b.objects.cmp(&a.objects).then_with(|| a.word.cmp(&b.word)));
        Ok(words)
    }
}

fn words_of(rooms: &Rooms, subject: &Subject, located: &Located) -> Vec<UnknownWord> {
    let Ok(source) = rooms.open_stream(located) else {
        return Vec::new();
    };
    let Ok(read) = rooms.read(subject, &Arc::new(Stream::new(source, rooms.keys()))) else {
        return Vec::new();
    };
    let changes = read.plan.text_changes();
    let words = read.plan.unknown_words().iter().map(|word| {
        let word = word.expose();
        let stands = |text: &str| text.to_lowercase().contains(&word.to_lowercase());
        let example = changes.iter().find(|one| stands(one.before.expose()));
        UnknownWord {
            word: word.clone(),
            objects: 1,
            before: example.map_or_else(String::new, |one| shortened(one.before.expose())),
            after: example.map_or_else(String::new, |one| shortened(one.after.expose())),
        }
    });
    words.collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
