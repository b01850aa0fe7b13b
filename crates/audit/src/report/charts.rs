//! Charts as inline SVG. Lengths are whole numbers, so that no machine draws them otherwise.

use super::page::{both, escaped, number};

const WIDTH: u64 = 760;
const ROW: u64 = 22;
const LABEL: u64 = 300;
const BAR: u64 = 360;

/// A value with its name in two languages and its colour.
pub(super) struct Bar {
    pub(super) name: (String, String),
    pub(super) value: u64,
    pub(super) colour: &'static str,
}

/// Colours that people with any colour vision tell apart.
pub(super) const BLUE: &str = "#0072b2";
pub(super) const GREEN: &str = "#009e73";
pub(super) const ORANGE: &str = "#e69f00";
pub(super) const RED: &str = "#d55e00";
pub(super) const PURPLE: &str = "#cc79a7";
pub(super) const SKY: &str = "#56b4e9";
pub(super) const GREY: &str = "#8a8a8a";

/// One row a value, as long as the value is large.
pub(super) fn bars(title: (&str, &str), rows: &[Bar]) -> String {
    let largest = rows.iter().map(|row| row.value).max().unwrap_or(0).max(1);
    let mut body = String::new();
    for (line, row) in (0..).zip(rows) {
        let y = line * ROW;
        let width = length(row.value, largest, BAR);
        body += &label(&row.name, LABEL - 8, y + 15, "end");
        body += &format!(
            "<rect x=\"{LABEL}\" y=\"{}\" width=\"{width}\" height=\"14\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            y + 4,
            row.colour,
            LABEL + width + 6,
            y + 15,
            number(row.value)
        );
    }
    drawing(title, ROW * rows.len() as u64, &body)
}

/// All values side by side in one row, as parts of their sum, with a legend.
pub(super) fn parts(title: (&str, &str), rows: &[Bar]) -> String {
    const COLUMN: u64 = WIDTH / 3;
    let sum = rows.iter().map(|row| row.value).sum::<u64>().max(1);
    let mut body = String::new();
    let mut before = 0;
    for (place, row) in (0..).zip(rows) {
        let x = length(before, sum, WIDTH);
        before += row.value;
        let width = length(before, sum, WIDTH) - x;
        body += &format!(
            "<rect x=\"{x}\" y=\"0\" width=\"{width}\" height=\"26\" fill=\"{}\"/>",
            row.colour
        );
        let (x, y) = (place % 3 * COLUMN, 36 + place / 3 * ROW);
        body += &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{}\"/>",
            row.colour
        );
        let name = (
            format!("{} {}", row.name.0, number(row.value)),
            format!("{} {}", row.name.1, number(row.value)),
        );
        body += &label(&name, x + 18, y + 11, "start");
    }
    let lines = (rows.len() as u64).div_ceil(3);
    drawing(title, 36 + lines * ROW, &body)
}

/// How long a value is drawn, where `largest` is `full` long. What is there is never drawn as nothing.
fn length(value: u64, largest: u64, full: u64) -> u64 {
    let exact = u128::from(value) * u128::from(full) / u128::from(largest.max(1));
    let exact = u64::try_from(exact).unwrap_or(full);
    exact.max(u64::from(value > 0))
}

fn label((english, chinese): &(String, String), x: u64, y: u64, anchor: &str) -> String {
    let text = |tag: &str, name: &str| {
        format!(
            "<text lang=\"{tag}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(name)
        )
    };
    if english == chinese {
        return text("", english).replace(" lang=\"\"", "");
    }
    text("en", english) + &text("zh-CN", chinese)
}

fn drawing((english, chinese): (&str, &str), height: u64, body: &str) -> String {
    format!(
        "<figure><figcaption>{}</figcaption><svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\">{body}</svg></figure>\n",
        both(english, chinese)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: u64) -> Bar {
        Bar {
            name: (name.into(), format!("{name}中")),
            value,
            colour: BLUE,
        }
    }

    #[test]
    fn bars_are_as_long_as_values_are_large() {
        let drawn = bars(("t", "题"), &[bar("a<b", 10), bar("c", 5), bar("d", 0)]);
        assert!(drawn.contains("width=\"360\" height=\"14\""));
        assert!(drawn.contains("width=\"180\" height=\"14\""));
        assert!(drawn.contains("width=\"0\" height=\"14\""));
        assert!(drawn.contains("a&lt;b") && !drawn.contains("a<b"));
    }

    #[test]
    fn parts_fill_the_row_and_no_number_is_too_large() {
        let drawn = parts(
            ("t", "题"),
            &[bar("a", u64::MAX / 4), bar("b", u64::MAX / 4)],
        );
        assert!(drawn.contains("x=\"0\" y=\"0\" width=\"380\""), "{drawn}");
        assert!(drawn.contains("x=\"380\" y=\"0\" width=\"380\""), "{drawn}");
    }
}
