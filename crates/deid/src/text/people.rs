//! Names that no list knows, by what stands next to them: titles, labels, words for hospitals, addresses.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};
use super::words::{ApprovedWords, Lexicon};

/// Titles that are nothing else; the name after them goes even where it is a word.
const TITLES: [&str; 26] = [
    "dr",
    "doctor",
    "prof",
    "professor",
    "mister",
    "mrs",
    "mdm",
    "madam",
    "miss",
    "datuk",
    "dato",
    "datin",
    "encik",
    "puan",
    "bapak",
    "khun",
    "physician",
    "radiologist",
    "drg",
    "prof",
    "assoc",
    "ths",
    "bsck",
    "dra",
    "nurse",
    "technologist",
];
/// Titles that are other words too; the name after them goes where it is no imaging term.
const DOUBTFUL_TITLES: [&str; 20] = [
    "mr", "ms", "bs", "ts", "gs", "pgs", "tn", "ny", "nn", "pak", "ibu", "sir", "tech", "operator",
    "attn", "cik", "tuan", "bu", "sdr", "nai",
];
/// Titles behind which even an imaging term is a name.
const ALWAYS_TITLES: [&str; 14] = [
    "prof", "mister", "mrs", "mdm", "madam", "miss", "datuk", "dato", "datin", "encik", "puan",
    "khun", "dra", "drg",
];
/// Titles that are modalities and units too, unless they are written as titles.
const MODALITY_TITLES: [&str; 3] = ["dr", "mr", "ms"];
/// Words that are no names even behind a title.
const JOINING_WORDS: [&str; 16] = [
    "to", "of", "and", "in", "on", "for", "with", "at", "by", "is", "was", "will", "the", "or",
    "report", "request",
];
const DENSE_TITLES: [&str; 22] = [
    "主治医师",
    "主治醫師",
    "副主任医师",
    "主任医师",
    "医生",
    "醫生",
    "医师",
    "醫師",
    "大夫",
    "教授",
    "主任",
    "先生",
    "女士",
    "小姐",
    "护士",
    "護士",
    "技师",
    "技師",
    "선생님",
    "교수",
    "様",
    "殿",
];
const DENSE_PREFIXES: [&str; 10] = [
    "นางสาว",
    "เด็กชาย",
    "เด็กหญิง",
    "นาย",
    "นาง",
    "คุณ",
    "นพ.",
    "พญ.",
    "ดร.",
    "น.ส.",
];
const NAME_LABELS: [&str; 12] = [
    "name",
    "patient",
    "pt",
    "physician",
    "operator",
    "radiologist",
    "technologist",
    "referrer",
    "nama",
    "pasien",
    "ten",
    "hoten",
];
const DENSE_NAME_LABELS: [&str; 12] = [
    "姓名",
    "患者",
    "病人",
    "受检者",
    "检查者",
    "检查医师",
    "报告医师",
    "審核医師",
    "氏名",
    "이름",
    "성명",
    "ชื่อ",
];
const CODE_LABELS: [&str; 18] = [
    "mrn",
    "pid",
    "nric",
    "nik",
    "hkid",
    "acc",
    "accession",
    "ssn",
    "chart",
    "uhid",
    "ipno",
    "opno",
    "regno",
    "rm",
    "hn",
    "passport",
    "ic",
    "norm",
];
const HOSPITALS: [&str; 14] = [
    "hospital",
    "clinic",
    "infirmary",
    "polyclinic",
    "klinik",
    "rumkit",
    "rsud",
    "rsup",
    "hosp",
    "university",
    "institute",
    "universiti",
    "universitas",
    "hopital",
];
const DENSE_HOSPITALS: [&str; 14] = [
    "医院",
    "醫院",
    "病院",
    "诊所",
    "診所",
    "卫生院",
    "衛生所",
    "医学中心",
    "醫學中心",
    "影像中心",
    "大学",
    "大學",
    "병원",
    "의원",
];
const HOSPITAL_WORDS: [&str; 20] = [
    "general", "st", "saint", "memorial", "national", "central", "regional", "district", "county",
    "people", "peoples", "first", "second", "third", "royal", "city", "children", "womens",
    "cancer", "of",
];
const STREETS: [&str; 16] = [
    "jalan", "jl", "jln", "lorong", "soi", "thanon", "street", "road", "avenue", "blk", "apt",
    "lane", "duong", "phuong", "quan", "taman",
];

/// Words that stand behind the name of a street.
const STREETS_BEHIND: [&str; 9] = [
    "street",
    "road",
    "avenue",
    "lane",
    "drive",
    "boulevard",
    "crescent",
    "terrace",
    "gardens",
];

pub(crate) struct People<'a> {
    pub(crate) text: &'a Folded,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) approved: &'a ApprovedWords,
}

impl People<'_> {
    pub(crate) fn find(&self, spans: &mut Vec<Span>) {
        let mut place = 0;
        while place < self.text.signs.len() {
            let end = match self.text.class(place) {
                Class::Letter => self.text.run_end(place),
                Class::Dense => {
                    self.dense(place, spans);
                    self.text.run_end(place)
                }
                _ => place + 1,
            };
            if self.text.class(place) == Class::Letter {
                self.word(place, end, spans);
            }
            place = end;
        }
    }

    /// Only what the text itself announces: `MRN: 4711`, `Dr Hawthorne`, `12 Jalan Ampang`, but not `DR.HAWTHORNE`, which
    /// may be the name of a protocol.
    pub(crate) fn find_announced(&self, spans: &mut Vec<Span>) {
        let mut found = Vec::new();
        self.find(&mut found);
        spans.extend(found.into_iter().filter(|span| match span.kind {
            TextKind::Identifier => true,
            TextKind::Name => self.is_written_name(*span),
            TextKind::Address => self.is_written_address(*span),
            _ => false,
        }));
    }

    /// Whether a span has a number and a word that is no imaging term: `12 Jalan Ampang`, but not `3 lane`.
    fn is_written_address(&self, span: Span) -> bool {
        let places = || span.start..span.end;
        let numbered = places().any(|place| self.text.class(place) == Class::Digit);
        let named = places().any(|place| match self.text.class(place) {
            Class::Letter if place > 0 && self.text.class(place - 1) == Class::Letter => false,
            Class::Letter => {
                let end = self.text.run_end(place);
                !STREETS.contains(&self.text.folded(place, end).as_str()) && !self.known(place, end)
            }
            class => class == Class::Dense,
        });
        numbered && named
    }

    /// Whether a span is a title and a name that are written as such: each begins with its only capital, with a space
    /// between them; or both are written in signs that have no capitals.
    fn is_written_name(&self, span: Span) -> bool {
        if self.text.class(span.start) != Class::Letter {
            return true;
        }
        let title = self.text.run_end(span.start).min(span.end);
        let Some(name) = (title..span.end).find(|place| self.text.class(*place) == Class::Letter)
        else {
            return false;
        };
        let spaced = (title..name).any(|place| self.text.class(place) == Class::Space);
        let word = self.text.folded(span.start, title);
        TITLES.contains(&word.as_str())
            && spaced
            && self.is_capitalised(span.start, title)
            && (name..span.end).any(|place| {
                self.text.class(place) == Class::Letter
                    && (place == name || self.text.class(place - 1) != Class::Letter)
                    && self.is_capitalised(place, self.text.run_end(place).min(span.end))
            })
    }

    fn is_capitalised(&self, start: usize, end: usize) -> bool {
        end > start + 1
            && self.text.signs[start].upper
            && self.text.signs[start + 1..end]
                .iter()
                .all(|sign| !sign.upper)
    }

    fn known(&self, start: usize, end: usize) -> bool {
        self.lexicon
            .knows(&self.text.folded(start, end), self.approved)
            || self.lexicon.has(&self.text.plain(start, end))
    }

    fn word(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = self.text.folded(start, end);
        let word = word.as_str();
        let colon = self.label_end(end);
        if TITLES.contains(&word) {
            self.title(start, end, true, spans);
        } else if DOUBTFUL_TITLES.contains(&word) {
            self.title(start, end, false, spans);
        } else if HOSPITALS.contains(&word) {
            self.hospital(start, end, spans);
        } else if STREETS.contains(&word) {
            self.street(start, end, spans);
        }
        if STREETS_BEHIND.contains(&word) {
            self.street_behind_its_name(start, end, spans);
        }
        if let Some(after) = colon.filter(|_| NAME_LABELS.contains(&word)) {
            let last = self.names_end(after, 4, false);
            self.push(spans, after, last, TextKind::Name);
        }
        if CODE_LABELS.contains(&word) {
            self.code(colon.unwrap_or(end), spans);
        } else if let Some(after) =
            colon.filter(|_| matches!(word, "id" | "no" | "number" | "case" | "rec"))
        {
            self.code(after, spans);
        }
    }

    /// The place after `:` or `=` behind a label.
    fn label_end(&self, end: usize) -> Option<usize> {
        let mut place = self.skip_spaces(end);
        self.text
            .at(place)
            .filter(|sign| matches!(sign.fold, ':' | '='))?;
        place = self.skip_spaces(place + 1);
        Some(place)
    }

    fn skip_spaces(&self, mut place: usize) -> usize {
        while self.text.class(place) == Class::Space && place < self.text.signs.len() {
            place += 1;
        }
        place
    }

    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn push(&self, spans: &mut Vec<Span>, start: usize, end: usize, kind: TextKind) {
        if end > start {
            spans.push(Span { start, end, kind });
        }
    }

    /// The end of the names that begin at a place: up to `most` words that are no imaging terms, with initials.
    /// `first_counts` lets the first word go even where it is an imaging term and a common name.
    fn names_end(&self, start: usize, most: usize, first_counts: bool) -> usize {
        let (mut place, mut last) = (start, start);
        for index in 0..most {
            while place < self.text.signs.len()
                && place < last + 3
                && (self.text.class(place) == Class::Space
                    || matches!(self.text.signs[place].fold, '.' | '-' | '\'' | '^' | ','))
            {
                if self.text.signs[place].fold == ',' && index > 0 {
                    return last;
                }
                place += 1;
            }
            if self.text.class(place) != Class::Letter {
                return last;
            }
            let end = self.text.run_end(place);
            let word = self.text.folded(place, end);
            let initial = end == place + 1;
            let joined = self.text.class(end) == Class::Digit;
            let allowed = index == 0 && first_counts && self.lexicon.is_name(&word);
            if joined
                || (!allowed && !initial && self.known(place, end))
                || (initial && index == 0 && !first_counts)
            {
                return last;
            }
            place = end;
            last = end;
        }
        last
    }

    fn title(&self, start: usize, end: usize, certain: bool, spans: &mut Vec<Span>) {
        let last = self.names_end(end, 4, certain);
        if let Some(word) = self.word_as_name_end(start, end) {
            self.push(spans, start, last.max(word), TextKind::Name);
            return;
        }
        // A lone initial behind a title is no name: `MR T` is technique.
        let letters = self.text.signs[end..last]
            .iter()
            .filter(|sign| sign.class == Class::Letter)
            .count();
        if last > end && letters >= 2 {
            self.push(spans, start, last, TextKind::Name);
        }
    }

    /// The end of a name that is an imaging term or a letter, behind a title that is written as one: `Dr Chest`,
    /// `Dr. O`, but `DR CHEST`, which is digital radiography.
    fn word_as_name_end(&self, start: usize, end: usize) -> Option<usize> {
        let title = self.text.folded(start, end);
        let dotted = self.text.at(end).is_some_and(|sign| sign.fold == '.');
        let capital = self.text.signs[start].upper
            && self.text.signs[start + 1..end]
                .iter()
                .any(|sign| !sign.upper);
        let written = ALWAYS_TITLES.contains(&title.as_str())
            || (MODALITY_TITLES.contains(&title.as_str()) && (dotted || capital));
        if !written {
            return None;
        }
        let mut place = self.skip_spaces(end + usize::from(dotted));
        let mut last = None;
        // An initial may stand before the name.
        for _ in 0..2 {
            if self.text.class(place) != Class::Letter {
                break;
            }
            let word = self.text.run_end(place);
            if JOINING_WORDS.contains(&self.text.folded(place, word).as_str())
                || self.text.class(word) == Class::Digit
            {
                break;
            }
            last = Some(word);
            if word > place + 1 {
                break;
            }
            let dot = usize::from(self.text.at(word).is_some_and(|sign| sign.fold == '.'));
            place = self.skip_spaces(word + dot);
        }
        last
    }

    fn code(&self, place: usize, spans: &mut Vec<Span>) {
        let mut place = self.skip_spaces(place);
        while self
            .text
            .at(place)
            .is_some_and(|sign| matches!(sign.fold, '#' | ':' | '.' | '-'))
        {
            place = self.skip_spaces(place + 1);
        }
        let mut end = place;
        while self.text.at(end).is_some_and(|sign| {
            matches!(sign.class, Class::Letter | Class::Digit)
                || (matches!(sign.fold, '-' | '/' | '.')
                    && matches!(self.text.class(end + 1), Class::Letter | Class::Digit))
        }) {
            end += 1;
        }
        let digits = self.text.signs[place..end]
            .iter()
            .filter(|sign| sign.class == Class::Digit)
            .count();
        if digits >= 1 {
            self.push(spans, place, end, TextKind::Identifier);
        }
    }

    /// `Kowloon General Hospital`, `Hospital Kuala Lumpur`: the word for it goes with the name of it.
    fn hospital(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let (mut first, mut place, mut unknown) = (start, start, false);
        for _ in 0..5 {
            let Some((word_start, word_end)) = self.word_before(place) else {
                break;
            };
            let word = self.text.folded(word_start, word_end);
            let known = self.known(word_start, word_end);
            if known && !HOSPITAL_WORDS.contains(&word.as_str()) {
                break;
            }
            unknown |= !known;
            place = word_start;
            first = word_start;
        }
        let of = self.skip_spaces(end);
        let after_of = if self.text.class(of) == Class::Letter
            && matches!(
                self.text.folded(of, self.text.run_end(of)).as_str(),
                "of" | "in" | "at"
            ) {
            self.text.run_end(of)
        } else {
            end
        };
        let last = self.names_end(after_of, 4, false);
        let last = if last > after_of { last } else { end };
        if unknown || last > end {
            self.push(
                spans,
                if unknown { first } else { start },
                last,
                TextKind::Institution,
            );
        }
    }

    /// The word of letters before a place, behind one or two separators.
    fn word_before(&self, place: usize) -> Option<(usize, usize)> {
        let mut end = place;
        while end > 0
            && place - end < 2
            && (self.text.class(end - 1) == Class::Space
                || matches!(self.text.signs[end - 1].fold, '\'' | '.' | '-'))
        {
            end -= 1;
        }
        if end == place || end == 0 || self.text.class(end - 1) != Class::Letter {
            return None;
        }
        let mut start = end;
        while start > 0 && self.text.class(start - 1) == Class::Letter {
            start -= 1;
        }
        Some((start, end))
    }

    /// `12 Jalan Ampang`, `Blk 123 #04-56`.
    fn street(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let mut first = start;
        let mut before = start;
        while before > 0
            && (self.text.class(before - 1) == Class::Space
                || matches!(self.text.signs[before - 1].fold, ',' | '.'))
        {
            before -= 1;
        }
        let mut numbered = false;
        while before > 0 && matches!(self.text.class(before - 1), Class::Digit) {
            before -= 1;
            first = before;
            numbered = true;
        }
        let name = self.names_end(end, 4, false);
        let mut last = name.max(end);
        let mut place = self.skip_spaces(last);
        while self.text.at(place).is_some_and(|sign| {
            matches!(sign.fold, '#' | '-' | '/' | ',' | ' ') || sign.class == Class::Digit
        }) {
            numbered |= self.text.class(place) == Class::Digit;
            place += 1;
            if self.text.class(place - 1) == Class::Digit {
                last = place;
            }
        }
        if name > end || numbered {
            self.push(spans, first, last, TextKind::Address);
        }
    }

    /// `52 Wisteria Lane`: a number, one to three words of which one is no imaging term, and the word for a street.
    fn street_behind_its_name(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let (mut first, mut named) = (start, false);
        for _ in 0..3 {
            let Some((word, word_end)) = self.word_before(first) else {
                break;
            };
            named |= !self.known(word, word_end);
            first = word;
        }
        let mut number = first;
        while number > 0
            && first - number < 2
            && (self.text.class(number - 1) == Class::Space
                || matches!(self.text.signs[number - 1].fold, ',' | '.'))
        {
            number -= 1;
        }
        let digits = (0..number)
            .rev()
            .take_while(|place| self.text.class(*place) == Class::Digit)
            .count();
        if named && digits > 0 {
            let last = self.names_end(end, 2, false).max(end);
            self.push(spans, number - digits, last, TextKind::Address);
        }
    }

    /// What a run of dense signs says of people and places.
    fn dense(&self, start: usize, spans: &mut Vec<Span>) {
        let end = self.text.run_end(start);
        let run: Vec<char> = self.text.signs[start..end]
            .iter()
            .map(|sign| sign.fold)
            .collect();
        let here = |place: usize, word: &str| {
            word.chars()
                .zip(run.get(place..).unwrap_or(&[]))
                .filter(|(a, b)| a == *b)
                .count()
                == word.chars().count()
        };
        for place in 0..run.len() {
            if let Some(title) = DENSE_TITLES.iter().find(|title| here(place, title)) {
                let name = self.name_before(&run, place, 4);
                let last = start + place + title.chars().count();
                if name < place {
                    self.push(spans, start + name, last, TextKind::Name);
                }
            }
            if let Some(kind) = DENSE_HOSPITALS.iter().find(|kind| here(place, kind)) {
                let name = self.name_before(&run, place, 16);
                if name < place {
                    self.push(
                        spans,
                        start + name,
                        start + place + kind.chars().count(),
                        TextKind::Institution,
                    );
                }
            }
            if here(place, "โรงพยาบาล")
                || (place == 0
                    && DENSE_PREFIXES
                        .iter()
                        .any(|prefix| here(0, prefix.trim_end_matches('.'))))
            {
                self.push(
                    spans,
                    start + place,
                    self.thai_name_end(end),
                    TextKind::Name,
                );
            }
            if let Some(label) = DENSE_NAME_LABELS.iter().find(|label| here(place, label)) {
                self.dense_label(start + place + label.chars().count(), spans);
            }
            if matches!(run[place], '号' | '號' | '室' | '楼' | '弄') && place == 0 {
                self.house_number(start, spans);
            }
        }
    }

    /// Where the name before a title begins: as late as the signs before it are all imaging terms.
    fn name_before(&self, run: &[char], title: usize, most: usize) -> usize {
        let earliest = title.saturating_sub(most);
        (earliest..title)
            .rev()
            .find(|cut| self.lexicon.covers(&run[..*cut], self.approved))
            .unwrap_or(0)
    }

    /// A Thai name is a given name and a family name with a space between.
    fn thai_name_end(&self, end: usize) -> usize {
        let next = self.skip_spaces(end);
        if next > end && self.text.class(next) == Class::Dense {
            let last = self.text.run_end(next);
            let run: Vec<char> = self.text.signs[next..last]
                .iter()
                .map(|sign| sign.fold)
                .collect();
            if !self.lexicon.covers(&run, self.approved) {
                return last;
            }
        }
        end
    }

    fn dense_label(&self, place: usize, spans: &mut Vec<Span>) {
        let Some(after) = self.label_end(place) else {
            return;
        };
        let last = match self.text.class(after) {
            Class::Dense => self.text.run_end(after),
            Class::Letter => self.names_end(after, 4, true),
            _ => after,
        };
        self.push(spans, after, last, TextKind::Name);
    }

    /// The number before 号 or 室.
    fn house_number(&self, place: usize, spans: &mut Vec<Span>) {
        let mut start = place;
        while start > 0 && self.text.class(start - 1) == Class::Digit {
            start -= 1;
        }
        if start < place {
            self.push(spans, start, place + 1, TextKind::Address);
        }
    }
}
