//! Where in the text of a profile file a key stands.
//!
//! The YAML reader gives values without their places, so the place is looked up in the text afterwards, for
//! mistakes only. Block style is followed exactly; inside flow style (`{…}`, `[…]`) the key is searched for.
//! What is not found is reported at its nearest parent.

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The value of a key.
    Key(String),
    /// The n-th item of a list, from 0.
    Item(usize),
}

/// A line that says something, without its indentation, comment lines left out.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    column: usize,
    text: &'a str,
}

/// The line and column, from 1, of the value's key or item.
pub(crate) fn locate(text: &str, path: &[Segment]) -> (usize, usize) {
    let lines: Vec<Line<'_>> = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let trimmed = line.trim_start();
            let says = !trimmed.is_empty() && !trimmed.starts_with('#') && trimmed != "---";
            says.then_some(Line {
                number: index + 1,
                column: line.len() - trimmed.len() + 1,
                text: trimmed,
            })
        })
        .collect();
    find(lines, path, (1, 1))
}

fn find(block: Vec<Line<'_>>, path: &[Segment], parent: (usize, usize)) -> (usize, usize) {
    let (Some((segment, rest)), Some(first)) = (path.split_first(), block.first().copied()) else {
        return parent;
    };
    let starts = |line: &Line<'_>| match segment {
        Segment::Key(key) => after_key(line.text, key).is_some(),
        Segment::Item(_) => line.text == "-" || line.text.starts_with("- "),
    };
    let wanted = match segment {
        Segment::Key(_) => 0,
        Segment::Item(number) => *number,
    };
    let level = |line: &Line<'_>| line.column == first.column;
    let found = block
        .iter()
        .enumerate()
        .filter(|(_, line)| level(line) && starts(line))
        .nth(wanted);
    let Some((at, line)) = found else {
        return flow(&block, segment, parent);
    };
    let here = (line.number, line.column);
    let is_item = matches!(segment, Segment::Item(_));
    let rest_of_line = match segment {
        Segment::Key(key) => after_key(line.text, key).unwrap_or_default(),
        Segment::Item(_) => &line.text[1..],
    };
    let mut inner = Vec::new();
    let value = rest_of_line.trim_start();
    if !value.is_empty() && !value.starts_with('#') {
        let column = line.column + line.text.len() - value.len();
        inner.push(Line {
            number: line.number,
            column,
            text: value,
        });
    }
    let below = block[at + 1..].iter().take_while(|next| {
        let same_list = !is_item && next.column == line.column && next.text.starts_with('-');
        next.column > line.column || same_list
    });
    inner.extend(below.copied());
    let here = if is_item {
        inner
            .first()
            .map_or(here, |first| (first.number, first.column))
    } else {
        here
    };
    find(inner, rest, here)
}

/// What follows a key and its colon on a line.
fn after_key<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let bare = line.strip_prefix(key);
    let quoted = || {
        let quote = line
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        line[1..].strip_prefix(key)?.strip_prefix(quote)
    };
    bare.or_else(quoted)?.trim_start().strip_prefix(':')
}

/// A key inside flow style, where the text has it.
fn flow(block: &[Line<'_>], segment: &Segment, parent: (usize, usize)) -> (usize, usize) {
    let Segment::Key(key) = segment else {
        return parent;
    };
    for line in block {
        for (at, _) in line.text.match_indices(key.as_str()) {
            let before = line.text[..at].trim_end().chars().next_back();
            let begins = before.is_none_or(|before| matches!(before, '{' | ',' | '[' | '"' | '\''));
            let after = line.text[at + key.len()..]
                .trim_start_matches(['"', '\''])
                .trim_start();
            if begins && after.starts_with(':') {
                return (line.number, line.column + at);
            }
        }
    }
    parent
}

/// The nearest of some words, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    words
        .into_iter()
        .map(|known| (distance(&word, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= (known.chars().count() / 3).max(2))
        .min()
        .map(|(_, known)| known.to_owned())
}

/// How many letters must be added, dropped or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
id: x
dates:
  # another
  times: keep
  range-days: [-10, 5]
rules:
  - attribute: PatientAge
    action: keep
  - { attribute: X, acton: remove }
lists:
- one
- two
";

    fn at(path: &[&str]) -> (usize, usize) {
        let path: Vec<_> = path
            .iter()
            .map(|step| match step.parse() {
                Ok(number) => Segment::Item(number),
                Err(_) => Segment::Key((*step).into()),
            })
            .collect();
        locate(TEXT, &path)
    }

    #[test]
    fn keys_and_items_are_found() {
        assert_eq!(at(&["id"]), (2, 1));
        assert_eq!(at(&["dates", "range-days"]), (6, 3));
        assert_eq!(at(&["rules", "0"]), (8, 5));
        assert_eq!(at(&["rules", "0", "action"]), (9, 5));
        assert_eq!(at(&["rules", "1", "acton"]), (10, 21));
        assert_eq!(at(&["lists", "1"]), (13, 3));
        assert_eq!(at(&["rules", "7", "action"]), (7, 1), "the nearest parent");
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_not() {
        let words = ["action", "attribute", "reason"];
        assert_eq!(nearest("acton", words).as_deref(), Some("action"));
        assert_eq!(nearest("Atribute", words).as_deref(), Some("attribute"));
        assert_eq!(nearest("colour", words), None);
    }
}
