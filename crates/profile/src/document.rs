//! Reading the YAML of a profile, with every mistake and its place.

use crate::locate::{Segment, locate, nearest};
use crate::profile::ProfileError;
use serde_yaml::Value;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::str::FromStr;

/// The text of one profile and the mistakes found in it so far.
pub(crate) struct Document<'a> {
    text: &'a str,
    profile: RefCell<String>,
    errors: RefCell<Vec<ProfileError>>,
}

/// A value of the document and where it stands.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    document: &'a Document<'a>,
    value: &'a Value,
    path: Vec<Segment>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            profile: RefCell::new("profile".into()),
            errors: RefCell::default(),
        }
    }

    /// Names the profile in mistakes to come.
    pub(crate) fn name(&self, id: &str) {
        self.profile.replace(id.into());
    }

    /// Reads the text; a text that is not YAML is one mistake.
    pub(crate) fn parse(&self) -> Option<Value> {
        match serde_yaml::from_str::<Value>(self.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let (line, column) = error
                    .location()
                    .map_or((1, 1), |at| (at.line(), at.column()));
                self.errors.borrow_mut().push(ProfileError {
                    profile: self.profile.borrow().clone(),
                    line,
                    column,
                    key: "-".into(),
                    problem: format!("not YAML: {error}"),
                    suggestion: None,
                });
                None
            }
        }
    }

    pub(crate) fn root(&'a self, value: &'a Value) -> Node<'a> {
        Node {
            document: self,
            value,
            path: Vec::new(),
        }
    }

    pub(crate) fn add(&self, errors: Vec<ProfileError>) {
        self.errors.borrow_mut().extend(errors);
    }

    /// The mistakes, in the order of their places.
    pub(crate) fn into_errors(self) -> Vec<ProfileError> {
        let mut errors = self.errors.into_inner();
        errors.sort_by(|a, b| (a.line, a.column, &a.problem).cmp(&(b.line, b.column, &b.problem)));
        errors
    }
}

impl<'a> Node<'a> {
    /// Reports a mistake here.
    pub(crate) fn wrong(&self, problem: impl Into<String>) {
        self.wrong_with(problem, None);
    }

    /// Reports a mistake here, with what was perhaps meant.
    pub(crate) fn wrong_with(&self, problem: impl Into<String>, suggestion: Option<String>) {
        let (line, column) = locate(self.document.text, &self.path);
        self.document.errors.borrow_mut().push(ProfileError {
            profile: self.document.profile.borrow().clone(),
            line,
            column,
            key: self.key(),
            problem: problem.into(),
            suggestion,
        });
    }

    fn key(&self) -> String {
        let mut key = String::new();
        for segment in &self.path {
            let _ = match segment {
                Segment::Key(name) if key.is_empty() => write!(key, "{name}"),
                Segment::Key(name) => write!(key, ".{name}"),
                Segment::Item(number) => write!(key, "[{number}]"),
            };
        }
        if key.is_empty() { "-".into() } else { key }
    }

    fn child(&self, segment: Segment, value: &'a Value) -> Self {
        let mut path = self.path.clone();
        path.push(segment);
        Self {
            document: self.document,
            value,
            path,
        }
    }

    /// Reports every key that is not one of `known`; false if this is no mapping.
    pub(crate) fn only(&self, known: &[&str]) -> bool {
        let Value::Mapping(mapping) = self.value else {
            self.wrong("keys and values are wanted here");
            return false;
        };
        for (key, value) in mapping {
            match key.as_str() {
                Some(name) if known.contains(&name) => {}
                Some(name) => self
                    .child(Segment::Key(name.into()), value)
                    .wrong_with("no such key", nearest(name, known.iter().copied())),
                None => self.wrong("a key must be text"),
            }
        }
        true
    }

    /// The value of a key, if the key is there.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.as_mapping()?.get(key)?;
        Some(self.child(Segment::Key(key.into()), value))
    }

    /// The items of a list; a value that is no list is a list of itself.
    pub(crate) fn items(&self) -> Vec<Self> {
        match self.value {
            Value::Sequence(items) => items
                .iter()
                .enumerate()
                .map(|(number, item)| self.child(Segment::Item(number), item))
                .collect(),
            _ => vec![self.clone()],
        }
    }

    /// Text; anything else is a mistake, because YAML changes what it takes for a number.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong("text is wanted here; put it in quotes");
        }
        text
    }

    /// Text that a type can be read from.
    pub(crate) fn parse<T: FromStr>(&self) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        match self.text()?.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.wrong(error.to_string());
                None
            }
        }
    }

    /// One of some words, and what it stands for.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong_with(
                format!("must be one of: {}", all.join(", ")),
                nearest(text, all.iter().copied()),
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A whole number.
    pub(crate) fn whole(&self) -> Option<i64> {
        let number = self.value.as_i64();
        if number.is_none() {
            self.wrong("a whole number is wanted here");
        }
        number
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&self) -> Option<f32> {
        let number = self
            .value
            .as_f64()
            .filter(|number| (0.0..=1.0).contains(number));
        if number.is_none() {
            self.wrong("a number from 0 to 1 is wanted here");
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a confidence needs no more"
        )]
        number.map(|number| number as f32)
    }

    /// Whether the value is the word `none`.
    pub(crate) fn is_none(&self) -> bool {
        self.value.as_str() == Some("none")
    }
}
