//! Canaries: values that occur at one place only, and the search for them in whatever came out.

use crate::dicom::Charset;
use crate::random::Random;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of identity a value stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CanaryKind {
    /// A person's name.
    Name,
    /// A number of a patient, order, visit or device.
    Identifier,
    /// A date, time or age.
    Date,
    /// A UID.
    Uid,
    /// A telephone number.
    Phone,
    /// A postal address.
    Address,
    /// An institution or department.
    Institution,
    /// Words in free text.
    Text,
    /// A network address.
    Url,
    /// Bytes that are not text.
    Bytes,
}

/// One value and the place that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Where it was planted, in words: file or series, then attribute.
    pub place: String,
    /// What it stands for.
    pub kind: CanaryKind,
    /// The value. No other canary has it, and none contains it.
    pub value: String,
    /// The Specific Character Set in which it was written.
    pub charset: String,
}

/// One way in which a value can appear in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// The name of the encoding.
    pub encoding: &'static str,
    /// The bytes to look for.
    pub bytes: Vec<u8>,
}

/// Shorter byte strings than this occur by chance.
const SHORTEST_NEEDLE: usize = 5;

impl Canary {
    /// Every way to look for it, each at least five bytes long, none of them twice.
    #[must_use]
    pub fn needles(&self) -> Vec<Needle> {
        let mut found: BTreeMap<Vec<u8>, &'static str> = BTreeMap::new();
        let mut add = |encoding: &'static str, bytes: Vec<u8>| {
            if bytes.len() >= SHORTEST_NEEDLE {
                found.entry(bytes).or_insert(encoding);
            }
        };
        let value = self.value.as_str();
        add("utf-8", value.as_bytes().to_vec());
        add("declared", Charset::parse(&self.charset).encode(value));
        add(
            "utf-16le",
            value.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        );
        add(
            "utf-16be",
            value.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        for (encoding, term) in ASIAN {
            let charset = Charset::parse(term);
            if !value.is_ascii() && charset.holds(value) {
                add(encoding, charset.encode(value));
            }
        }
        let (shift_jis, _, lost) = encoding_rs::SHIFT_JIS.encode(value);
        if !lost {
            add("shift-jis", shift_jis.into_owned());
        }
        add("hex", hex(value.as_bytes()).into_bytes());
        add(
            "hex-capital",
            hex(value.as_bytes()).to_uppercase().into_bytes(),
        );
        for shift in 0..3 {
            add("base64", base64_core(value.as_bytes(), shift));
        }
        for (encoding, text) in self.rewritings() {
            add(encoding, text.into_bytes());
        }
        found
            .into_iter()
            .map(|(bytes, encoding)| Needle { encoding, bytes })
            .collect()
    }

    /// Other spellings of the same fact: other case, other separators, a date the other way round.
    fn rewritings(&self) -> Vec<(&'static str, String)> {
        let value = self.value.as_str();
        let mut out = Vec::new();
        if value.is_ascii() {
            out.push(("lower-case", value.to_lowercase()));
            out.push(("upper-case", value.to_uppercase()));
        }
        if value.contains('^') {
            out.push(("spaced-name", value.replace('^', " ")));
            out.push(("joined-name", value.replace('^', "")));
            out.push(("underscored-name", value.replace('^', "_")));
        }
        if self.kind == CanaryKind::Date
            && value.len() == 8
            && value.bytes().all(|b| b.is_ascii_digit())
        {
            let (year, month, day) = (&value[..4], &value[4..6], &value[6..]);
            out.push(("dashed-date", format!("{year}-{month}-{day}")));
            out.push(("slashed-date", format!("{year}/{month}/{day}")));
            out.push(("reversed-date", format!("{day}{month}{year}")));
            out.push(("reversed-date", format!("{day}/{month}/{year}")));
            out.push(("reversed-date", format!("{day}-{month}-{year}")));
        }
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= 7 && self.kind != CanaryKind::Uid {
            let wide = digits
                .chars()
                .filter_map(|digit| char::from_u32(digit as u32 + 0xFEE0))
                .collect();
            out.push(("full-width", wide));
            out.push(("digits-only", digits));
        }
        out
    }
}

const ASIAN: [(&str, &str); 5] = [
    ("gb18030", "GB18030"),
    ("euc-kr", "\\ISO 2022 IR 149"),
    ("iso-2022-jp", "\\ISO 2022 IR 87"),
    ("iso-2022-cn", "\\ISO 2022 IR 58"),
    ("tis-620", "ISO_IR 166"),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The characters of base64 that depend on the value alone when it begins `shift` bytes into a group.
fn base64_core(bytes: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let whole = padded.len() / 3 * 3;
    let text = base64::engine::general_purpose::STANDARD.encode(&padded[..whole]);
    text.into_bytes()
        .split_off(if shift == 0 { 0 } else { 4 }.min(whole / 3 * 4))
}

/// Makes values that occur once, and remembers where each went.
#[derive(Clone)]
pub struct Ledger {
    random: Random,
    canaries: Vec<Canary>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self {
            random: Random::named(seed, purpose),
            canaries: Vec::new(),
        }
    }

    /// Makes a word of twelve capital letters that nothing else contains, and notes its place.
    pub fn word(&mut self, kind: CanaryKind, place: impl Into<String>) -> String {
        let value = self.random.word(12);
        self.note(kind, place, value, "ISO_IR 6")
    }

    /// Makes a number of ten digits that nothing else contains, and notes its place.
    pub fn number(&mut self, kind: CanaryKind, place: impl Into<String>) -> String {
        let value = self.random.digits(10);
        self.note(kind, place, value, "ISO_IR 6")
    }

    /// Notes a value that was made elsewhere, and hands it back. The same value is noted once.
    pub fn note(
        &mut self,
        kind: CanaryKind,
        place: impl Into<String>,
        value: impl Into<String>,
        charset: &str,
    ) -> String {
        let value = value.into();
        if !value.is_empty() && self.canaries.iter().all(|known| known.value != value) {
            self.canaries.push(Canary {
                place: place.into(),
                kind,
                value: value.clone(),
                charset: charset.to_owned(),
            });
        }
        value
    }

    /// What was planted so far.
    #[must_use]
    pub fn canaries(&self) -> &[Canary] {
        &self.canaries
    }

    /// What was planted.
    #[must_use]
    pub fn into_canaries(self) -> Vec<Canary> {
        self.canaries
    }
}

/// A place where a canary was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Index of the canary in the list that the searcher was made of.
    pub canary: usize,
    /// The encoding in which it was found.
    pub encoding: &'static str,
    /// Byte offset of the first byte.
    pub offset: usize,
}

/// Looks for many canaries in all their encodings at once.
pub struct Searcher {
    automaton: Option<AhoCorasick>,
    owners: Vec<(usize, &'static str)>,
}

impl Searcher {
    /// Prepares a search. Values too short to be told from chance are left out.
    #[must_use]
    pub fn new(canaries: &[Canary]) -> Self {
        let mut patterns = Vec::new();
        let mut owners = Vec::new();
        for (index, canary) in canaries.iter().enumerate() {
            for needle in canary.needles() {
                owners.push((index, needle.encoding));
                patterns.push(needle.bytes);
            }
        }
        Self {
            automaton: AhoCorasick::new(patterns).ok(),
            owners,
        }
    }

    /// How many byte strings are looked for. A test that finds nothing should see that this is not 0.
    #[must_use]
    pub fn needles(&self) -> usize {
        if self.automaton.is_some() {
            self.owners.len()
        } else {
            0
        }
    }

    /// Every occurrence, overlapping ones included.
    #[must_use]
    pub fn search(&self, bytes: &[u8]) -> Vec<Hit> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        automaton
            .find_overlapping_iter(bytes)
            .map(|found| {
                let (canary, encoding) = self.owners[found.pattern().as_usize()];
                Hit {
                    canary,
                    encoding,
                    offset: found.start(),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(kind: CanaryKind, value: &str, charset: &str) -> Canary {
        Canary {
            place: "here".into(),
            kind,
            value: value.into(),
            charset: charset.into(),
        }
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let list = [
            canary(CanaryKind::Text, "ZYXOQUKARIBE", "ISO_IR 6"),
            canary(CanaryKind::Date, "19700203", "ISO_IR 6"),
            canary(CanaryKind::Name, "张^小东", "GB18030"),
        ];
        let searcher = Searcher::new(&list);
        let found = |bytes: &[u8]| {
            searcher
                .search(bytes)
                .iter()
                .map(|hit| hit.canary)
                .collect::<Vec<_>>()
        };
        for shift in 0..3 {
            let text = format!("{}ZYXOQUKARIBE and more", "x".repeat(shift));
            let coded = base64::engine::general_purpose::STANDARD.encode(text);
            assert!(found(coded.as_bytes()).contains(&0), "shift {shift}");
        }
        assert!(found(b"...zyxoqukaribe...").contains(&0));
        assert!(found(hex(b"ZYXOQUKARIBE").as_bytes()).contains(&0));
        assert!(found("born 03/02/1970".as_bytes()).contains(&1));
        assert!(found("１９７００２０３".as_bytes()).contains(&1));
        assert!(found(&Charset::parse("GB18030").encode("张^小东")).contains(&2));
        assert!(found("小东 张 张小东".as_bytes()).contains(&2));
        assert!(found(b"nothing to see").is_empty());
    }
}
