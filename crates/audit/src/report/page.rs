//! The page: one file without a script that loads nothing, with each phrase in two languages of which one is shown.

use super::sections;
use super::{SafetyReport, Subject};

/// The language in which a page opens. Both are in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--quiet:#767676}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1rem 1.2rem 3rem;font:15px/1.5 system-ui,\"Noto Sans CJK SC\",\"Microsoft YaHei\",sans-serif}
h1{margin:.2rem 0 .4rem;font-size:1.6rem}h2{margin:2.2rem 0 .5rem;font-size:1.2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;min-width:45%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}td.n,th.n{padding-left:.8rem}th.n{max-width:8rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.4rem 0}dd{margin:0;overflow-wrap:anywhere}
code{font-size:.92em;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}.bad{color:#b3261e;font-weight:600}.good{color:#1a7f4b;font-weight:600}
figure{margin:.8rem 0}figcaption{color:var(--quiet);font-size:.9em}svg{max-width:100%;height:auto;font-size:12px;fill:currentColor}
nav{margin:.6rem 0;font-size:.92em}nav a{margin-right:.9rem;white-space:nowrap}a{color:inherit}
summary{cursor:pointer}.pick{float:right;cursor:pointer;text-decoration:underline}
#en,#zh{position:absolute;opacity:0}
#en:checked~* [lang=\"zh-CN\"],#zh:checked~* [lang=en]{display:none}
#en:checked~* .pick.en,#zh:checked~* .pick.zh{display:none}
#en:focus-visible~* .pick,#zh:focus-visible~* .pick{outline:2px solid}
@media print{.pick,nav{display:none}details{display:block}}
";

/// Text that stands for itself in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A phrase in both languages; it may hold markup of the program's own.
pub(super) fn both(english: &str, chinese: &str) -> String {
    format!("<span lang=\"en\">{english}</span><span lang=\"zh-CN\">{chinese}</span>")
}

/// A number with a narrow space between thousands.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

pub(super) fn page(report: &SafetyReport, language: Language) -> String {
    let checked = |one: Language| if one == language { " checked" } else { "" };
    let (title, heading) = title(report);
    let mut body = String::new();
    let mut links = String::new();
    for section in sections::all(report) {
        let (english, chinese) = section.title;
        let words = both(english, chinese);
        links += &format!("<a href=\"#{}\">{words}</a> ", section.name);
        body += &format!(
            "<section id=\"{}\"><h2>{words}</h2>\n{}</section>\n",
            section.name, section.body
        );
    }
    let (english, chinese) = (checked(Language::English), checked(Language::Chinese));
    let tag = match language {
        Language::English => "en",
        Language::Chinese => "zh-CN",
    };
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <input type=\"radio\" name=\"language\" id=\"en\"{english} aria-label=\"English\">\
         <input type=\"radio\" name=\"language\" id=\"zh\"{chinese} aria-label=\"中文\">\n\
         <main>\n<label class=\"pick zh\" for=\"zh\">中文</label><label class=\"pick en\" for=\"en\">English</label>\n\
         <h1>{heading}</h1>\n<nav>{links}</nav>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn title(report: &SafetyReport) -> (String, String) {
    let (plain, english, chinese) = match &report.subject {
        Subject::Site { site } => (
            format!("{site}"),
            format!("De-identification report of the site {site}"),
            format!("机构 {site} 去标识化报告"),
        ),
        Subject::Bundle {
            site,
            track,
            delivery,
            ..
        } => (
            format!("{site} {track} {delivery}"),
            format!("De-identification report of delivery {delivery} of {site} for {track}"),
            format!("{site} 向 {track} 赛道第 {delivery} 次交付的去标识化报告"),
        ),
        Subject::Release { track, version, .. } => (
            format!("{track} {version}"),
            format!("De-identification report of {track} {}", escaped(version)),
            format!("{track} {} 版去标识化报告", escaped(version)),
        ),
    };
    (
        escaped(&format!("Cloakroom · {plain}")),
        both(&english, &chinese),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202F}000"),
            (12_345_678, "12\u{202F}345\u{202F}678"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
