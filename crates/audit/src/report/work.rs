//! The parts of the page about what was done.

use super::Work;
use super::charts::{self, BLUE, Bar, GREEN};
use super::page::{both, escaped, number};
use super::sections::{count, table};
use crate::words::PixelReasonKind;
use cloakroom_core::{Action, chinese};
use std::collections::{BTreeMap, BTreeSet};

const ACTIONS: [(Action, &str, &str); 12] = [
    (Action::Remove, "removed", "删除"),
    (Action::Empty, "emptied", "置空"),
    (Action::Dummy, "replaced by a dummy", "以占位值替换"),
    (Action::Replace, "set or added", "设定或添加"),
    (Action::Pseudonym, "replaced by a pseudonym", "以假名替换"),
    (Action::MapUid, "UID mapped", "UID 映射"),
    (Action::ShiftDate, "date moved", "日期平移"),
    (Action::CapAge, "age capped", "年龄封顶"),
    (Action::CleanText, "text cleaned", "文字清洗"),
    (Action::CleanContent, "content cleaned", "内容清洗"),
    (Action::Repair, "made legal", "合规修复"),
    (Action::Keep, "kept", "保留"),
];

fn action_words(action: Action) -> (&'static str, &'static str) {
    ACTIONS
        .iter()
        .find(|(one, ..)| *one == action)
        .map_or(("", ""), |(_, english, chinese)| (english, chinese))
}

pub(super) fn actions(work: &Work) -> String {
    let mut sums: BTreeMap<Action, u64> = BTreeMap::new();
    let mut paths = BTreeSet::new();
    for row in &work.actions {
        *sums.entry(row.action).or_default() += row.objects;
        paths.insert(&row.path);
    }
    let bars: Vec<Bar> = ACTIONS
        .iter()
        .filter_map(|(action, english, chinese)| {
            Some(Bar {
                name: ((*english).into(), (*chinese).into()),
                value: *sums.get(action)?,
                colour: BLUE,
            })
        })
        .collect();
    let rows = work.actions.iter().map(|row| {
        let (english, chinese) = action_words(row.action);
        vec![
            format!("<code>{}</code>", escaped(&row.path.to_string())),
            escaped(&row.keyword),
            both(english, chinese),
            format!("<code>{}</code>", escaped(row.rule.as_str())),
            count(row.objects),
        ]
    });
    let table = table(
        &[
            ("Attribute", "属性"),
            ("Keyword", "关键字"),
            ("Action", "处理"),
            ("Rule", "规则"),
            ("#Objects", "对象数"),
        ],
        rows,
    );
    format!(
        "{}<p>{}</p>\n<details><summary>{}</summary>\n{table}</details>\n",
        charts::bars(
            (
                "attributes of objects, by what was done",
                "按处理方式统计的对象属性数"
            ),
            &bars
        ),
        both(
            "What is not listed stayed as it was, because a row of the standard’s table or a reviewed rule keeps it. What is in no table \
             and no rule was removed.",
            "未列出的属性保持原样，因为标准表格或经审核的规则予以保留；不在任何表格或规则中的属性均已删除。"
        ),
        both(
            &format!("All {} attributes", number(paths.len() as u64)),
            &format!("全部 {} 个属性", number(paths.len() as u64))
        )
    )
}

fn pixel_words(reason: PixelReasonKind) -> (&'static str, &'static str) {
    match reason {
        PixelReasonKind::NoPixels => ("the object has no pixels", "对象没有像素"),
        PixelReasonKind::ClassPolicy => (
            "images of this class carry no burned-in text",
            "该类图像没有烧录文字",
        ),
        PixelReasonKind::Masked => (
            "areas were wiped by rule or detector",
            "按规则或检测结果抹去区域",
        ),
        PixelReasonKind::Detector => (
            "the detector looked and found nothing",
            "检测器检查后未发现文字",
        ),
        PixelReasonKind::Person => ("a person signed", "有人签署"),
    }
}

pub(super) fn pixels(work: &Work) -> String {
    let bars: Vec<Bar> = work
        .pixel_reasons
        .iter()
        .map(|(reason, objects)| {
            let (english, chinese) = pixel_words(*reason);
            Bar {
                name: (english.into(), chinese.into()),
                value: *objects,
                colour: GREEN,
            }
        })
        .collect();
    let rules = work.pixel_rules.iter().map(|(rule, objects)| {
        vec![
            format!("<code>{}</code>", escaped(rule.as_str())),
            count(*objects),
        ]
    });
    charts::bars(
        (
            "objects, by why their pixels may leave",
            "按像素放行理由统计的对象数",
        ),
        &bars,
    ) + &format!(
        "<p>{}</p>",
        both(
            &format!(
                "Of {} objects areas were wiped; every pixel outside of them was proven equal before and after.",
                number(work.wiped)
            ),
            &format!(
                "{} 个对象有区域被抹去；区域之外的每个像素均证明前后相等。",
                number(work.wiped)
            )
        )
    ) + &table(&[("Rule", "规则"), ("#Objects", "对象数")], rules)
}

pub(super) fn text(work: &Work) -> String {
    let rows = work.text.iter().map(|(kind, pieces)| {
        vec![
            format!("<code>{}</code>", escaped(kind.as_str())),
            count(*pieces),
        ]
    });
    let private = work.private;
    let private_rows = [
        (("known and kept", "已知并保留"), private.kept),
        (("known and removed", "已知并删除"), private.removed),
        (("unknown, all removed", "未知，全部删除"), private.unknown),
    ]
    .map(|((english, chinese), attributes)| vec![both(english, chinese), count(attributes)]);
    table(
        &[("Removed from texts", "从文字中去除"), ("#Pieces", "处")],
        rows,
    ) + &table(
        &[("Private attributes", "私有属性"), ("#Attributes", "个")],
        private_rows,
    )
}

pub(super) fn decisions(work: &Work) -> String {
    if work.decisions.is_empty() {
        return format!(
            "<p>{}</p>",
            both("Nobody decided anything.", "没有人工决定。")
        );
    }
    let rows = work.decisions.iter().map(|one| {
        vec![
            both(one.subject, chinese::subject(one.subject)),
            both(one.reason.meaning(), chinese::decision(one.reason)),
            count(one.count),
        ]
    });
    let table = table(
        &[("Decision", "决定"), ("Reason", "理由"), ("#Count", "数量")],
        rows,
    );
    format!(
        "<p>{}</p>{table}",
        both(
            &format!("Signed by {} reviewers.", number(work.reviewers)),
            &format!("由 {} 名审核人签署。", number(work.reviewers))
        )
    )
}
