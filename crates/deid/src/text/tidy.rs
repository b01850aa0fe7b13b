//! Taking spans out of a text and leaving what is left as a person would have written it.

use super::fold::{Class, Folded, is_dense};
use super::kind::{Span, TextKind};

/// Words that lead to a name and mean nothing without it.
const BEFORE_NAMES: [&str; 26] = [
    "for",
    "by",
    "from",
    "per",
    "to",
    "dr",
    "doctor",
    "prof",
    "professor",
    "mr",
    "mrs",
    "ms",
    "mdm",
    "miss",
    "attn",
    "von",
    "van",
    "bin",
    "binti",
    "bte",
    "datuk",
    "encik",
    "puan",
    "named",
    "with",
    "of",
];
/// Words that lead to a person and little else.
const BEFORE_UNKNOWN: [&str; 8] = ["for", "by", "dr", "mr", "mrs", "ms", "prof", "attn"];
const BEFORE_DATES: [&str; 4] = ["on", "dated", "date", "dob"];

/// Separators that a removal may take with it.
const fn is_separator(fold: char, class: Class) -> bool {
    matches!(class, Class::Space)
        || matches!(
            fold,
            ',' | ';'
                | ':'
                | '^'
                | '_'
                | '-'
                | '/'
                | '|'
                | '&'
                | '+'
                | '='
                | '#'
                | '@'
                | '\\'
                | '*'
                | '~'
        )
}

const fn closes(open: char, close: char) -> bool {
    matches!(
        (open, close),
        ('(', ')') | ('[', ']') | ('{', '}') | ('<', '>') | ('"', '"') | ('\'', '\'')
    )
}

/// A stretch that goes, with the separators around it.
struct Gap {
    /// Where what is left before it ends.
    left: usize,
    /// The span itself.
    start: usize,
    end: usize,
    /// Where what is left after it begins.
    right: usize,
}

/// The text without the spans, which are sorted and do not overlap.
pub(crate) fn without(original: &str, text: &Folded, spans: &[Span]) -> String {
    let gaps = gaps(text, spans);
    let piece = |from: usize, to: usize| slice(original, text, from, to);
    let mut out = String::with_capacity(original.len());
    let mut from = 0;
    for gap in &gaps {
        out.push_str(piece(from, gap.left));
        let at_edge = gap.left == 0 || gap.right == text.signs.len();
        if !at_edge {
            out.push_str(joint(piece(gap.left, gap.start), piece(gap.end, gap.right)));
        }
        from = gap.right;
    }
    out.push_str(piece(from, text.signs.len()));
    let says = |sign: char| sign.is_alphanumeric() || is_dense(sign);
    if !out.chars().any(says) && text.signs.iter().any(|sign| sign.class != Class::Mark) {
        // Stops and brackets around what is gone say nothing.
        return String::new();
    }
    out.trim_matches([' ', '\t']).to_owned()
}

fn slice<'a>(original: &'a str, text: &Folded, from: usize, to: usize) -> &'a str {
    if from >= to || to > text.signs.len() {
        return "";
    }
    let start = text.signs[from].start as usize;
    let end = text.signs[to - 1].end as usize;
    original.get(start..end).unwrap_or("")
}

/// What joins the two sides of a gap: the separator that says more, and a line break before all.
fn joint<'a>(left: &'a str, right: &'a str) -> &'a str {
    let says = |side: &str| side.chars().any(|sign| !sign.is_whitespace());
    let left_wins = left.contains('\n') || (says(left) && !right.contains('\n'));
    let right_wins = right.contains('\n') || says(right) || left.is_empty();
    if left_wins || !right_wins {
        left
    } else {
        right
    }
}

fn gaps(text: &Folded, spans: &[Span]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::with_capacity(spans.len());
    for span in spans {
        let start = swallow_words(text, *span, gaps.last().map_or(0, |gap| gap.end));
        let end = possessive_end(text, *span);
        let mut gap = Gap {
            left: start,
            start,
            end,
            right: end,
        };
        widen(text, &mut gap, gaps.last().map_or(0, |gap| gap.right));
        snap(text, &mut gap);
        while let Some(last) = gaps.last_mut() {
            if gap.left > last.right {
                break;
            }
            gap.left = gap.left.min(last.left);
            gap.start = last.start;
            gaps.pop();
        }
        gaps.push(gap);
    }
    gaps
}

/// Takes the words before a name or date that lead to it.
fn swallow_words(text: &Folded, span: Span, floor: usize) -> usize {
    let words: &[&str] = match span.kind {
        TextKind::Name => &BEFORE_NAMES,
        TextKind::Date => &BEFORE_DATES,
        TextKind::UnknownWord => &BEFORE_UNKNOWN,
        _ => return span.start,
    };
    let mut start = span.start;
    loop {
        let mut end = start;
        while end > floor
            && start - end < 3
            && (text.class(end - 1) == Class::Space
                || matches!(text.signs[end - 1].fold, ':' | '.'))
        {
            end -= 1;
        }
        let mut first = end;
        while first > floor && text.class(first - 1) == Class::Letter {
            first -= 1;
        }
        if end == start || first == end || !words.contains(&text.folded(first, end).as_str()) {
            return start;
        }
        start = first;
    }
}

/// The `'s` of a name goes with it.
fn possessive_end(text: &Folded, span: Span) -> usize {
    let signs = |place: usize, wanted: char| text.at(place).is_some_and(|sign| sign.fold == wanted);
    let possessive = matches!(span.kind, TextKind::Name | TextKind::UnknownWord)
        && signs(span.end, '\'')
        && signs(span.end + 1, 's')
        && text.class(span.end + 2) != Class::Letter;
    if possessive { span.end + 2 } else { span.end }
}

/// One sign of the original may be folded to several; a cut takes it whole.
fn snap(text: &Folded, gap: &mut Gap) {
    let splits = |place: usize| {
        place > 0 && place < text.signs.len() && text.signs[place].start < text.signs[place - 1].end
    };
    while splits(gap.left) {
        gap.left -= 1;
        gap.start = gap.start.min(gap.left);
    }
    while splits(gap.right) {
        gap.right += 1;
        gap.end = gap.end.max(gap.right);
    }
}

/// Widens a gap over separators, and over brackets that would be left empty.
fn widen(text: &Folded, gap: &mut Gap, floor: usize) {
    loop {
        while gap.left > floor
            && is_separator(
                text.signs[gap.left - 1].fold,
                text.signs[gap.left - 1].class,
            )
        {
            gap.left -= 1;
        }
        while gap.right < text.signs.len()
            && is_separator(text.signs[gap.right].fold, text.signs[gap.right].class)
        {
            gap.right += 1;
        }
        let (Some(open), Some(close)) = (
            gap.left
                .checked_sub(1)
                .filter(|left| *left >= floor)
                .and_then(|left| text.at(left)),
            text.at(gap.right),
        ) else {
            break;
        };
        if !closes(open.fold, close.fold) {
            break;
        }
        gap.left -= 1;
        gap.right += 1;
        gap.start = gap.left;
        gap.end = gap.right;
    }
    // Next to a bracket that stays, the separators inside it go and those outside it stay.
    if gap.left > floor && matches!(text.signs[gap.left - 1].fold, '(' | '[' | '{') {
        gap.start = gap.left;
        gap.end = gap.right;
    }
    if text
        .at(gap.right)
        .is_some_and(|sign| matches!(sign.fold, ')' | ']' | '}'))
    {
        gap.start = gap.left;
        gap.end = gap.right;
    }
}
