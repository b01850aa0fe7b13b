//! What a profile file says, laid over what the profile it extends says.

use crate::document::Node;
use crate::locate::nearest;
use crate::options::{OptionSet, ProfileOption};
use crate::policy::{
    AgePolicy, BelowThreshold, DatePolicy, DateTreatment, FacePolicy, IdPart, IdPattern, IdPolicy,
    PixelPolicy, PrivateList, PrivatePolicy, TextPolicy, TimeTreatment, UnknownWords,
    UnlistedPolicy, UnlistedSequences, UnlistedText,
};
use crate::rule::Rule;

/// Everything a profile says.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) description: String,
    pub(crate) options: OptionSet,
    pub(crate) dates: DatePolicy,
    pub(crate) ages: AgePolicy,
    pub(crate) ids: IdPolicy,
    pub(crate) text: TextPolicy,
    pub(crate) pixels: PixelPolicy,
    pub(crate) private: PrivatePolicy,
    pub(crate) faces: FacePolicy,
    pub(crate) unlisted: UnlistedPolicy,
    pub(crate) rules: Vec<Rule>,
}

/// Lays one section of a file over the settings.
type Apply = fn(&mut Settings, &Node<'_>);

/// The keys of a profile file.
pub(crate) const KEYS: [&str; 16] = [
    "id",
    "version",
    "extends",
    "description",
    "options",
    "dates",
    "ages",
    "ids",
    "text",
    "pixels",
    "private",
    "uids",
    "sequences",
    "unlisted",
    "faces",
    "rules",
];

/// The fewest offsets that a patient's may be drawn from: 10 bits.
const FEWEST_OFFSETS: i64 = 1024;
/// No offset is larger than this many days.
const LARGEST_OFFSET: i64 = 36_525;

impl Settings {
    /// The Basic Profile alone, and the strictest of every policy.
    pub(crate) fn strictest() -> Self {
        Self {
            description: String::new(),
            options: OptionSet::NONE,
            dates: DatePolicy {
                treatment: DateTreatment::Remove,
                range_days: -4018..=-366,
                times: TimeTreatment::Keep,
            },
            ages: AgePolicy {
                cap_years: Some(90),
            },
            ids: IdPolicy {
                pattern: default_pattern(),
            },
            text: TextPolicy {
                unknown_words: UnknownWords::Remove,
            },
            pixels: PixelPolicy {
                clean: false,
                recogniser_threshold: 0.8,
                below: BelowThreshold::Hold,
                class_policy: "class-policy".into(),
                fill: 0.0,
            },
            private: PrivatePolicy {
                lists: vec![PrivateList::Standard],
                keep_bulk: false,
            },
            faces: FacePolicy::Hold,
            unlisted: UnlistedPolicy {
                text: UnlistedText::Clean,
                sequences: UnlistedSequences::Recurse,
            },
            rules: Vec::new(),
        }
    }

    /// Lays the policies of a file over these; rules come after, when the options are known.
    pub(crate) fn apply(&mut self, root: &Node<'_>) {
        if let Some(node) = root.get("description") {
            self.description = node.text().unwrap_or_default().trim().into();
        }
        if let Some(node) = root.get("options") {
            self.options = read_options(&node);
        }
        let sections: [(&str, Apply); 9] = [
            ("ages", Self::apply_ages),
            ("ids", Self::apply_ids),
            ("text", Self::apply_text),
            ("pixels", Self::apply_pixels),
            ("private", Self::apply_private),
            ("unlisted", Self::apply_unlisted),
            ("sequences", Self::apply_sequences),
            ("faces", Self::apply_faces),
            ("uids", Self::check_uids),
        ];
        for (key, apply) in sections {
            if let Some(node) = root.get(key) {
                apply(self, &node);
            }
        }
        self.apply_dates(root);
        self.agree(root);
    }

    /// What follows from the options, and what must agree with them.
    fn agree(&mut self, root: &Node<'_>) {
        let node = root.get("options").unwrap_or_else(|| root.clone());
        let has = |option| self.options.has(option);
        if has(ProfileOption::RetainLongitudinalFullDates)
            && has(ProfileOption::RetainLongitudinalModifiedDates)
        {
            node.wrong("full dates and modified dates exclude each other (PS3.15 E.3.6)");
        }
        if has(ProfileOption::CleanRecognizableVisualFeatures) && self.faces != FacePolicy::Defaced
        {
            node.wrong("clean-recognizable-visual-features needs `faces: defaced`: this program defaces nothing itself");
        }
        if has(ProfileOption::RetainSafePrivate) && self.private.lists.is_empty() {
            node.wrong("retain-safe-private needs a list under `private`");
        }
        self.pixels.clean = has(ProfileOption::CleanPixelData);
    }

    fn apply_dates(&mut self, root: &Node<'_>) {
        let full = self.options.has(ProfileOption::RetainLongitudinalFullDates);
        let modified = self
            .options
            .has(ProfileOption::RetainLongitudinalModifiedDates);
        self.dates.treatment = match (full, modified) {
            (false, false) => DateTreatment::Remove,
            (_, true) => DateTreatment::Shift,
            (true, false) => DateTreatment::Keep,
        };
        let Some(node) = root.get("dates") else {
            return;
        };
        if !node.only(&["policy", "range-days", "times"]) {
            return;
        }
        if let Some(policy) = node.get("policy") {
            let words = [
                ("remove", DateTreatment::Remove),
                ("shift", DateTreatment::Shift),
                ("keep", DateTreatment::Keep),
            ];
            if policy
                .word(&words)
                .is_some_and(|word| word != self.dates.treatment)
            {
                policy.wrong("does not agree with the options: `shift` is retain-longitudinal-modified-dates, `keep` is retain-longitudinal-full-dates, `remove` is neither");
            }
        }
        if let Some(times) = node.get("times") {
            let words = [
                ("keep", TimeTreatment::Keep),
                ("shift", TimeTreatment::Shift),
                ("remove", TimeTreatment::Remove),
            ];
            self.dates.times = times.word(&words).unwrap_or(self.dates.times);
        }
        if let Some(range) = node.get("range-days") {
            self.apply_range(&range);
        }
    }

    fn apply_range(&mut self, node: &Node<'_>) {
        let items = node.items();
        let [from, to] = items.as_slice() else {
            node.wrong("a range is two numbers of days: [from, to]");
            return;
        };
        let (Some(from), Some(to)) = (from.whole(), to.whole()) else {
            return;
        };
        let sound = -LARGEST_OFFSET <= from && from <= to && to <= LARGEST_OFFSET;
        if !sound {
            node.wrong(
                "a range goes from the smaller to the larger number of days, within 100 years",
            );
        } else if to - from + 1 < FEWEST_OFFSETS {
            node.wrong("a range needs at least 1024 days, so that an offset cannot be guessed");
        } else if (from..=to).contains(&0) {
            node.wrong(
                "a range must not hold 0: a patient with that offset would keep the true dates",
            );
        } else if let (Ok(from), Ok(to)) = (i32::try_from(from), i32::try_from(to)) {
            self.dates.range_days = from..=to;
        }
    }

    fn apply_ages(&mut self, node: &Node<'_>) {
        let Some(cap) = node.only(&["cap"]).then(|| node.get("cap")).flatten() else {
            return;
        };
        if cap.is_none() {
            self.ages.cap_years = None;
        } else if let Some(years) = cap.whole() {
            match u16::try_from(years) {
                Ok(years @ 1..=150) => self.ages.cap_years = Some(years),
                _ => cap.wrong("an age is 1 to 150 years, or none"),
            }
        }
    }

    fn apply_ids(&mut self, node: &Node<'_>) {
        if node.only(&["pattern"])
            && let Some(pattern) = node.get("pattern").and_then(|pattern| pattern.parse())
        {
            self.ids.pattern = pattern;
        }
    }

    fn apply_text(&mut self, node: &Node<'_>) {
        if node.only(&["unknown-words"])
            && let Some(words) = node.get("unknown-words")
        {
            let known = [
                ("remove", UnknownWords::Remove),
                ("keep", UnknownWords::Keep),
            ];
            self.text.unknown_words = words.word(&known).unwrap_or(self.text.unknown_words);
        }
    }

    fn apply_pixels(&mut self, node: &Node<'_>) {
        if !node.only(&["recogniser-threshold", "below", "class-policy", "fill"]) {
            return;
        }
        let pixels = &mut self.pixels;
        if let Some(threshold) = node.get("recogniser-threshold") {
            pixels.recogniser_threshold =
                threshold.fraction().unwrap_or(pixels.recogniser_threshold);
        }
        if let Some(below) = node.get("below") {
            let words = [
                ("remove", BelowThreshold::Remove),
                ("hold", BelowThreshold::Hold),
            ];
            pixels.below = below.word(&words).unwrap_or(pixels.below);
        }
        if let Some(policy) = node.get("class-policy").and_then(|policy| policy.text()) {
            pixels.class_policy = policy.into();
        }
        if let Some(fill) = node.get("fill") {
            pixels.fill = fill.fraction().unwrap_or(pixels.fill);
        }
    }

    fn apply_private(&mut self, node: &Node<'_>) {
        if !node.only(&["lists", "bulk"]) {
            return;
        }
        if let Some(lists) = node.get("lists") {
            let words = [PrivateList::Standard, PrivateList::Tcia].map(|list| (list.name(), list));
            self.private.lists = lists
                .items()
                .iter()
                .filter_map(|item| item.word(&words))
                .collect();
            self.private.lists.sort_unstable();
            self.private.lists.dedup();
        }
        if let Some(bulk) = node.get("bulk") {
            self.private.keep_bulk = bulk
                .word(&[("remove", false), ("keep", true)])
                .unwrap_or(false);
        }
    }

    fn apply_unlisted(&mut self, node: &Node<'_>) {
        if node.only(&["text"])
            && let Some(text) = node.get("text")
        {
            let words = [
                ("clean", UnlistedText::Clean),
                ("remove", UnlistedText::Remove),
            ];
            self.unlisted.text = text.word(&words).unwrap_or(self.unlisted.text);
        }
    }

    fn apply_sequences(&mut self, node: &Node<'_>) {
        let words = [
            ("recurse", UnlistedSequences::Recurse),
            ("remove", UnlistedSequences::Remove),
        ];
        self.unlisted.sequences = node.word(&words).unwrap_or(self.unlisted.sequences);
    }

    fn apply_faces(&mut self, node: &Node<'_>) {
        let words = [
            ("hold", FacePolicy::Hold),
            ("accept", FacePolicy::Accept),
            ("defaced", FacePolicy::Defaced),
        ];
        self.faces = node.word(&words).unwrap_or(self.faces);
    }

    fn check_uids(&mut self, node: &Node<'_>) {
        let keeps = self.options.has(ProfileOption::RetainUids);
        if node
            .word(&[("map", false), ("keep", true)])
            .is_some_and(|keep| keep != keeps)
        {
            node.wrong(
                "does not agree with the options: `keep` is retain-uids, `map` is without it",
            );
        }
    }
}

fn default_pattern() -> IdPattern {
    IdPattern::new(vec![IdPart::Track, IdPart::Text("-".into()), IdPart::Code])
}

fn read_options(node: &Node<'_>) -> OptionSet {
    node.items()
        .iter()
        .filter_map(|item| {
            let text = item.text()?;
            let option: Option<ProfileOption> = text.parse().ok();
            if option.is_none() {
                let names = ProfileOption::ALL.map(ProfileOption::name);
                item.wrong_with("no such option of PS3.15 Annex E", nearest(text, names));
            }
            option
        })
        .collect()
}
