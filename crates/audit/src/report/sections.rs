//! The parts of the page.

use super::charts::{self, BLUE, Bar, GREEN, GREY, ORANGE, PURPLE, RED, SKY};
use super::page::{both, escaped, number};
use super::people::{anonymity, clauses, risk};
use super::work::{actions, decisions, pixels, text};
use super::{ReleaseEquation, SafetyReport, Subject};
use crate::summary::Equation;
use crate::words::parse_outcome;
use cloakroom_core::{Outcome, Tally, chinese};
use std::collections::BTreeMap;

/// A part of the page.
pub(super) struct Section {
    /// By which other parts point to it.
    pub(super) name: &'static str,
    pub(super) title: (&'static str, &'static str),
    pub(super) body: String,
}

pub(super) fn all(report: &SafetyReport) -> Vec<Section> {
    let work = report.work();
    let total = report.total();
    let part = |name, title, body| Section { name, title, body };
    let mut all = vec![
        part("what", ("What this is about", "报告对象"), what(report)),
        part(
            "equation",
            ("Nothing was lost", "无一遗漏"),
            equation(report, &total),
        ),
        part(
            "deliveries",
            ("Deliveries, and what changed", "历次交付及其变化"),
            deliveries(report),
        ),
        part(
            "waiting",
            (
                "What waits or stayed, and why",
                "待处理与未放行的内容及原因",
            ),
            waiting(&total),
        ),
        part("profile", ("Profile", "配置"), profiles(report)),
        part(
            "actions",
            ("What was done, attribute by attribute", "逐属性处理"),
            actions(&work),
        ),
        part("pixels", ("Pixels", "像素"), pixels(&work)),
        part(
            "text",
            ("Text and private attributes", "文字与私有属性"),
            text(&work),
        ),
        part(
            "decisions",
            ("Decisions of people", "人工决定"),
            decisions(&work),
        ),
    ];
    if let Some(table) = &report.anonymity {
        all.push(part(
            "anonymity",
            ("Groups of people", "人群分组"),
            anonymity(table),
        ));
    }
    all.push(part(
        "risk",
        ("What is left to fear", "剩余风险"),
        risk(report, &work, &total),
    ));
    all.push(part(
        "clauses",
        ("Which clause each part answers", "各部分对应的条款"),
        clauses(&all),
    ));
    all
}

fn row(cells: &[String]) -> String {
    let mut text = String::from("<tr>");
    for cell in cells {
        match cell.strip_prefix('#') {
            Some(count) => text += &format!("<td class=\"n\">{count}</td>"),
            None => text += &format!("<td>{cell}</td>"),
        }
    }
    text + "</tr>\n"
}

/// A table; a head that begins with `#` is of a column of numbers.
pub(super) fn table(heads: &[(&str, &str)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = String::from("<table>\n<tr>");
    for (english, chinese) in heads {
        match english.strip_prefix('#') {
            Some(english) => text += &format!("<th class=\"n\">{}</th>", both(english, chinese)),
            None => text += &format!("<th>{}</th>", both(english, chinese)),
        }
    }
    text += "</tr>\n";
    rows.into_iter().for_each(|cells| text += &row(&cells));
    text + "</table>\n"
}

pub(super) fn count(value: u64) -> String {
    format!("#{}", number(value))
}

fn fact(name: (&str, &str), value: &str) -> String {
    format!("<dt>{}</dt><dd>{value}</dd>\n", both(name.0, name.1))
}

fn what(report: &SafetyReport) -> String {
    let mut facts = String::new();
    match &report.subject {
        Subject::Site { site } => facts += &fact(("Site", "机构"), site.as_str()),
        Subject::Bundle {
            site, track, date, ..
        } => {
            facts += &fact(("Site", "机构"), site.as_str());
            facts += &fact(("Track", "赛道"), track.as_str());
            facts += &fact(("Stated date", "声明日期"), &date.to_string());
        }
        Subject::Release { title, date, .. } => {
            facts += &fact(("Track", "赛道"), &escaped(title));
            facts += &fact(("Stated date", "声明日期"), &date.to_string());
        }
    }
    if let Some(contents) = report.contents {
        let told = [
            (("Patients", "患者"), contents.patients),
            (("Studies", "检查"), contents.studies),
            (("Series", "序列"), contents.series),
            (("Instances", "实例"), contents.instances),
            (("Bytes", "字节"), contents.bytes),
        ];
        for (name, value) in told {
            facts += &fact(name, &number(value));
        }
    }
    for log in &report.logs {
        let head = format!(
            "<code>{}</code>, {} · <code>{}</code>",
            escaped(&log.origin),
            both(
                &format!("{} leaves", number(log.head.size)),
                &format!("{} 条", number(log.head.size))
            ),
            log.head.root
        );
        facts += &fact(("Log and its head", "日志及其签名头"), &head);
    }
    facts += &fact(("Written by", "生成程序"), report.tool.as_str());
    format!(
        "<dl>{facts}</dl><p>{}</p>",
        both(
            "This report counts what the log and the tables say, and the log is the one that its head names. Whether the signature over \
             the head is of somebody you trust, and whether every byte is as listed, “cloakroom verify --trust” tells. The report holds \
             no value of an original and no name of a file.",
            "本报告统计日志和表格所载内容，且日志与其签名头一致。签名者是否可信、每个字节是否与清单相符，由“cloakroom verify --trust”检验。\
             报告不含任何原始值，也不含文件名。"
        )
    )
}

const KINDS: [(&str, &str, &str); 7] = [
    ("cleared", "cleared", GREEN),
    ("held", "held", ORANGE),
    ("rejected", "rejected", RED),
    ("quarantined", "quarantined", PURPLE),
    ("duplicate", "duplicate", SKY),
    ("out-of-scope", "out of scope", BLUE),
    ("set-aside", "set aside", GREY),
];

pub(super) fn kinds(equation: &Equation) -> BTreeMap<String, Tally> {
    equation.to_conservation().outcomes
}

fn equation(report: &SafetyReport, total: &Equation) -> String {
    let ended = kinds(total);
    let of = |kind: &str| ended.get(kind).copied().unwrap_or_default();
    let bars: Vec<Bar> = KINDS
        .iter()
        .filter(|(kind, ..)| of(kind).count > 0)
        .map(|(kind, name, colour)| Bar {
            name: ((*name).into(), chinese::kind(kind).into()),
            value: of(kind).count,
            colour,
        })
        .collect();
    let mut rows: Vec<Vec<String>> = vec![vec![
        both("found", "发现"),
        count(total.found.count),
        count(total.found.bytes),
    ]];
    rows.extend(KINDS.iter().enumerate().map(|(place, (kind, name, _))| {
        let tally = of(kind);
        let sign = if place == 0 { "=" } else { "+" };
        let name = both(
            &format!("{sign} {name}"),
            &format!("{sign} {}", chinese::kind(kind)),
        );
        vec![name, count(tally.count), count(tally.bytes)]
    }));
    let holds = total.holds() && report.logs.iter().all(|log| log.total.holds());
    let mut text = charts::parts(
        (
            "every byte stream that was found, by its latest outcome",
            "所发现的每个字节流的最新结果",
        ),
        &bars,
    );
    text += &table(
        &[("Outcome", "结果"), ("#Count", "数量"), ("#Bytes", "字节")],
        rows,
    );
    text += &holding(holds);
    if let Some(release) = &report.release {
        text += &release_equation(release);
    }
    text
}

pub(super) fn holding(holds: bool) -> String {
    let words = if holds {
        both(
            "The equation holds, by count and by bytes.",
            "等式成立：数量与字节均相符。",
        )
    } else {
        both("The equation does not hold.", "等式不成立。")
    };
    let class = if holds { "good" } else { "bad" };
    format!("<p class=\"{class}\">{words}</p>")
}

fn release_equation(release: &ReleaseEquation) -> String {
    let parts = [
        (("in bundles", "各交付包中"), release.in_bundles),
        (("= released", "= 发布"), release.released),
        (("+ not selected", "+ 未选中"), release.not_selected),
        (("+ blocked by a check", "+ 被检查拦下"), release.blocked),
        (("+ withdrawn", "+ 撤回"), release.withdrawn),
    ];
    let mut ended = release.released;
    for tally in [release.not_selected, release.blocked, release.withdrawn] {
        ended += tally;
    }
    let rows = parts.map(|((english, chinese), tally)| {
        vec![
            both(english, chinese),
            count(tally.count),
            count(tally.bytes),
        ]
    });
    table(
        &[
            ("In the release", "在本次发布中"),
            ("#Count", "数量"),
            ("#Bytes", "字节"),
        ],
        rows,
    ) + &holding(ended == release.in_bundles)
}

fn deliveries(report: &SafetyReport) -> String {
    let rows = report.logs.iter().flat_map(|log| {
        log.deliveries.iter().map(move |delivery| {
            let ended = kinds(&delivery.run);
            let of = |kind: &str| count(ended.get(kind).copied().unwrap_or_default().count);
            let others: u64 = ["duplicate", "out-of-scope", "set-aside"]
                .iter()
                .map(|kind| ended.get(*kind).copied().unwrap_or_default().count)
                .sum();
            vec![
                escaped(&log.origin),
                count(u64::from(delivery.number)),
                delivery.date.to_string(),
                count(delivery.released.patients),
                of("cleared"),
                of("held"),
                of("rejected"),
                of("quarantined"),
                count(others),
            ]
        })
    });
    table(
        &[
            ("Log", "日志"),
            ("#No.", "次"),
            ("Date", "日期"),
            ("#Patients", "患者"),
            ("#Cleared", "放行"),
            ("#Held", "待处理"),
            ("#Rejected", "拒绝"),
            ("#Quarantined", "隔离"),
            ("#Others", "其他"),
        ],
        rows,
    ) + &format!(
        "<p class=\"quiet\">{}</p>",
        both(
            "Each row counts what that delivery decided: what was new, and what changed since the one before.",
            "每行统计该次交付所决定的内容：新增的，以及相对上一次有变化的。"
        )
    )
}

fn waiting(total: &Equation) -> String {
    let mut rows: Vec<(Outcome, Tally)> = total
        .ended
        .iter()
        .filter_map(|(key, tally)| Some((parse_outcome(key)?, *tally)))
        .filter(|(outcome, _)| *outcome != Outcome::Cleared)
        .collect();
    rows.sort_by_key(|(outcome, tally)| {
        (
            !outcome.needs_person(),
            core::cmp::Reverse(tally.count),
            *outcome,
        )
    });
    if rows.is_empty() {
        return format!("<p>{}</p>", both("Everything was cleared.", "全部放行。"));
    }
    let bars: Vec<Bar> = rows
        .iter()
        .filter(|(outcome, _)| outcome.needs_person())
        .map(|(outcome, tally)| Bar {
            name: (outcome.to_string(), outcome.to_string()),
            value: tally.count,
            colour: if matches!(outcome, Outcome::Held(_)) {
                ORANGE
            } else {
                PURPLE
            },
        })
        .collect();
    let chart = if bars.is_empty() {
        String::new()
    } else {
        charts::bars(("what waits for a person", "等待人工处理的内容"), &bars)
    };
    chart
        + &table(
            &[
                ("Outcome and reason", "结果与原因"),
                ("What it means", "含义"),
                ("#Count", "数量"),
            ],
            rows.iter().map(|(outcome, tally)| {
                vec![
                    format!("<code>{outcome}</code>"),
                    both(outcome.meaning(), chinese::meaning(*outcome)),
                    count(tally.count),
                ]
            }),
        )
}

fn profiles(report: &SafetyReport) -> String {
    let mut used = BTreeMap::new();
    for delivery in report.logs.iter().flat_map(|log| &log.deliveries) {
        let profile = &delivery.profile;
        let key = (
            profile.id.to_string(),
            profile.version.to_string(),
            profile.digest.to_string(),
        );
        *used.entry(key).or_insert(0_u64) += 1;
    }
    table(
        &[
            ("Profile", "配置"),
            ("Version", "版本"),
            ("SHA-256", "SHA-256"),
            ("#Deliveries", "交付次数"),
        ],
        used.into_iter().map(|((id, version, digest), times)| {
            vec![
                escaped(&id),
                escaped(&version),
                format!("<code>{digest}</code>"),
                count(times),
            ]
        }),
    )
}
