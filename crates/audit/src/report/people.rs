//! The parts of the page about people, risk and clauses.

use super::anonymity::{GroupRow, Quasi};
use super::charts::{self, Bar, ORANGE};
use super::clauses::CLAUSES;
use super::page::{both, escaped, number};
use super::sections::{Section, count, kinds, table};
use super::{AnonymityTable, LogReport, SafetyReport, THRESHOLDS, Work};
use crate::summary::Equation;
use crate::words::PixelReasonKind;
use cloakroom_core::DecisionReason;

fn quasi_words(quasi: Quasi) -> (&'static str, &'static str) {
    match quasi {
        Quasi::Site => ("hospital", "机构"),
        Quasi::Sex => ("sex", "性别"),
        Quasi::AgeBand => ("ten years of age", "十岁年龄段"),
        Quasi::Age => ("age as released", "发布的年龄"),
        Quasi::Modalities => ("modalities", "模态"),
        Quasi::Manufacturers => ("manufacturers", "设备厂商"),
    }
}

fn group_name(group: &GroupRow) -> String {
    let words: Vec<_> = group.by.iter().map(|quasi| quasi_words(*quasi)).collect();
    let joined = |pick: fn(&(&'static str, &'static str)) -> &'static str, between: &str| {
        words.iter().map(pick).collect::<Vec<_>>().join(between)
    };
    both(&joined(|one| one.0, ", "), &joined(|one| one.1, "、"))
}

pub(super) fn anonymity(table_of: &AnonymityTable) -> String {
    let mut heads = vec![
        ("Groups by", "分组依据"),
        ("#Groups", "组数"),
        ("#Smallest", "最小组人数"),
    ];
    let names = THRESHOLDS.map(|k| {
        (
            format!("#people with k &lt; {k}"),
            format!("k &lt; {k} 的人数"),
        )
    });
    heads.extend(
        names
            .iter()
            .map(|(english, chinese)| (english.as_str(), chinese.as_str())),
    );
    let rows = table_of.rows.iter().map(|group| {
        let mut cells = vec![
            group_name(group),
            count(group.groups),
            count(group.smallest),
        ];
        cells.extend(
            THRESHOLDS.map(|k| count(group.people_below.get(&k).copied().unwrap_or_default())),
        );
        cells
    });
    let mut text = table(&heads, rows);
    text += &format!(
        "<p>{}</p>",
        both(
            &format!(
                "{} patients. k is how many people share the same values; a person with k = 1 is the only one. The sets name what is in the \
                 tables of the package; what else somebody knows of a patient is not counted.",
                number(table_of.patients)
            ),
            &format!(
                "共 {} 名患者。k 是具有相同取值的人数；k = 1 表示独一无二。分组依据是数据包表格中的内容；他人另外知道的情况不计在内。",
                number(table_of.patients)
            )
        )
    );
    let bars: Vec<Bar> = table_of
        .rows
        .iter()
        .filter(|group| group.by.contains(&Quasi::AgeBand))
        .flat_map(|group| &group.people_below)
        .map(|(k, people)| Bar {
            name: (format!("k < {k}"), format!("k < {k}")),
            value: *people,
            colour: ORANGE,
        })
        .collect();
    text += &charts::bars(
        (
            "people in groups by hospital, sex and ten years of age that are smaller than k",
            "按机构、性别、十岁年龄段分组，所在组小于 k 的人数",
        ),
        &bars,
    );
    let cells = table_of
        .smallest
        .iter()
        .map(|cell| vec![escaped(&cell.values.join(" · ")), count(cell.people)]);
    text += &table(
        &[
            (
                "The smallest groups by hospital, sex, age",
                "按机构、性别、年龄段的最小组",
            ),
            ("#People", "人数"),
        ],
        cells,
    );
    text + &format!(
        "<p class=\"quiet\">{}</p>",
        both(
            &format!(
                "Groups of fewer than three people, of which there are {}, are not described.",
                number(table_of.untold)
            ),
            &format!("少于三人的组共 {} 个，不予描述。", number(table_of.untold))
        )
    )
}

pub(super) fn risk(report: &SafetyReport, work: &Work, total: &Equation) -> String {
    let mut items = Vec::new();
    let mut say = |english: String, chinese: String| items.push(both(&english, &chinese));
    if let Some(table) = &report.anonymity
        && let Some(group) = table.rows.get(1)
    {
        let alone = group.people_below.get(&3).copied().unwrap_or_default();
        say(
            format!(
                "By hospital, sex and ten years of age, {} of {} patients are in a group of fewer than three.",
                number(alone),
                number(table.patients)
            ),
            format!(
                "按机构、性别和十岁年龄段，{} / {} 名患者所在的组不足三人。",
                number(alone),
                number(table.patients)
            ),
        );
    }
    let by = |reason| work.pixel_reasons.get(&reason).copied().unwrap_or_default();
    let looked = by(PixelReasonKind::Detector) + by(PixelReasonKind::Masked);
    say(
        format!(
            "The pixels of {} objects left because a detector or a rule spoke for them. A detector can miss text: draw a sample (“cloakroom audit sample --bound 1%”) and look.",
            number(looked)
        ),
        format!(
            "{} 个对象的像素凭检测器或规则放行。检测器可能漏检：请抽样（“cloakroom audit sample --bound 1%”）查看。",
            number(looked)
        ),
    );
    say(
        format!(
            "The pixels of {} objects left by their class alone.",
            number(by(PixelReasonKind::ClassPolicy))
        ),
        format!(
            "{} 个对象的像素仅凭其类别放行。",
            number(by(PixelReasonKind::ClassPolicy))
        ),
    );
    let of_reason = |reason: DecisionReason| -> u64 {
        let those = work.decisions.iter().filter(|one| one.reason == reason);
        those.map(|one| one.count).sum()
    };
    let faces = of_reason(DecisionReason::FaceAccepted);
    if faces > 0 {
        say(
            format!(
                "People accepted {} images that may show a face. A head in a volume can be rendered as a face.",
                number(faces)
            ),
            format!(
                "有 {} 幅可能显示面部的图像经人工接受。头部容积数据可以重建出面部。",
                number(faces)
            ),
        );
    }
    let waits: u64 = kinds(total)
        .iter()
        .filter(|(kind, _)| matches!(kind.as_str(), "held" | "quarantined"))
        .map(|(_, tally)| tally.count)
        .sum();
    say(
        format!(
            "{} objects wait inside their hospitals and are in no package.",
            number(waits)
        ),
        format!(
            "{} 个对象在机构内等待处理，不在任何数据包中。",
            number(waits)
        ),
    );
    say(
        "Whoever holds an original image can recognise it here: pixels that needed no mask are unchanged. Two tracks with the same image \
         can be joined by it, and by nothing else."
            .into(),
        "持有原始图像者可在此认出它：无需遮盖的像素未作改动。含有同一图像的两个赛道可凭该图像关联，但不能凭其他信息关联。".into(),
    );
    say(
        "The hospital can tell who each patient is, by its site key. So the data are de-identified; whether they count as anonymous is for \
         those to say who answer for them."
            .into(),
        "机构凭其密钥可知每名患者是谁。因此数据是去标识化的；是否可视为匿名，由对其负责者判断。".into(),
    );
    let items: String = items
        .iter()
        .map(|item| format!("<li>{item}</li>\n"))
        .collect();
    format!("<ul>\n{items}</ul>\n{}", withheld(&report.logs))
}

fn withheld(logs: &[LogReport]) -> String {
    let withheld: u64 = logs.iter().map(|log| log.withheld).sum();
    if withheld == 0 {
        return String::new();
    }
    format!(
        "<p>{}</p>",
        both(
            &format!(
                "Records of {} withdrawn objects are reduced to their leaves.",
                number(withheld)
            ),
            &format!("{} 个已撤回对象的记录仅保留其叶节点。", number(withheld))
        )
    )
}

pub(super) fn clauses(parts: &[Section]) -> String {
    let rows = CLAUSES.iter().map(|clause| {
        let links: Vec<String> = clause
            .parts
            .iter()
            .filter_map(|name| parts.iter().find(|part| part.name == *name))
            .map(|part| {
                let (english, chinese) = part.title;
                format!("<a href=\"#{}\">{}</a>", part.name, both(english, chinese))
            })
            .collect();
        vec![
            both(clause.clause.0, clause.clause.1),
            links.join("<br>"),
            both(clause.shows.0, clause.shows.1),
        ]
    });
    table(
        &[
            ("Clause", "条款"),
            ("Part", "部分"),
            ("What it shows", "说明"),
        ],
        rows,
    )
}
