//! The texts of a release: data card in English and Chinese, licence, citation, list of changes.

use super::ReleaseInput;
use super::balance::{Balance, DRAWING};
use super::manifest::ReleaseManifest;
use super::versions::{Change, ChangeKind};
use crate::manifest::Counts;
use crate::readme::{how_to_check, how_to_use};
use std::fmt::Write as _;

/// What the cards say, computed once.
pub(super) struct Facts<'a> {
    pub(super) manifest: &'a ReleaseManifest,
    pub(super) balances: &'a [Balance],
}

/// The tables of the balance, and where the drawing of them lies.
fn balances(facts: &Facts<'_>) -> String {
    let tables: Vec<_> = facts.balances.iter().map(Balance::table).collect();
    format!("![{DRAWING}]({DRAWING})\n\n{}\n", tables.join("\n"))
}

fn counts_table(manifest: &ReleaseManifest, heads: [&str; 6]) -> String {
    let mut text = format!("| {} |\n|---|---|---|---|---|---|\n", heads.join(" | "));
    let mut row = |name: &str, counts: &Counts| {
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            counts.patients, counts.studies, counts.series, counts.instances, counts.bytes
        );
    };
    for (side, summary) in &manifest.splits {
        row(side, &summary.counts);
    }
    row("all", &manifest.counts);
    text
}

fn reasons_table(manifest: &ReleaseManifest, heads: [&str; 3]) -> String {
    let mut text = format!("| {} |\n|---|---|---|\n", heads.join(" | "));
    for (reason, tally) in &manifest.conservation.reasons {
        let _ = writeln!(text, "| {reason} | {} | {} |", tally.count, tally.bytes);
    }
    text
}

fn checks_table(manifest: &ReleaseManifest, heads: [&str; 4]) -> String {
    let mut text = format!("| {} |\n|---|---|---|---|\n", heads.join(" | "));
    for check in &manifest.checks {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            check.check, check.severity, check.findings, check.waived
        );
    }
    text
}

/// `README.md`. The numbers are those of the release itself.
pub(super) fn english(input: &ReleaseInput<'_>, facts: &Facts<'_>) -> String {
    let manifest = facts.manifest;
    let rule = &manifest.split_rule;
    let k = &manifest.anonymity;
    let mut text = format!(
        "---\nlicense: other\nlicense_name: {}\npretty_name: {}\ntags: [medical, dicom, {}]\n{}---\n\n\
         # {} {}\n\n{}\n\nA Chinese text is in `README.zh.md`.\n\n## What it holds\n\n{}\n",
        serde_json::Value::from(manifest.licence.id.as_str()),
        serde_json::Value::from(manifest.title.as_str()),
        manifest.track,
        configurations(manifest),
        manifest.title,
        manifest.version,
        input.track.description.trim(),
        counts_table(
            manifest,
            [
                "side",
                "patients",
                "studies",
                "series",
                "instances",
                "bytes"
            ]
        ),
    );
    text.push_str(&balances(facts));
    let _ = write!(
        text,
        "## Where it comes from\n\nEach hospital de-identified its images at home and signed what left it; `release.json` lists the\n\
         deliveries with their digests and keys, and `evidence/` holds the log of each.\n\n{}\n\
         ## Split\n\nBy patient, with {} and the seed `{}`, balanced over: {}. Who has a side keeps it in every later version.\n\
         {}\n\
         ## Checks\n\nNo pixel is decoded by these; they work on what the objects say of themselves. Findings are in\n\
         `evidence/checks.csv`.\n\n{}\n\
         ## What remains\n\n\
         The images are de-identified, which is not the same as anonymous. Over {}, the smallest group has {} patients;\n\
         {} patients are in groups of fewer than {}. Identical pixels can be matched by anyone who holds the original.\n\
         Whether one person was in two hospitals is not known: pseudonyms are made by each hospital with a key of its own.\n\n\
         ## Licence\n\n{}. {}Questions and notices of withdrawal: {}.\n\n{}\n{}",
        reasons_table(
            manifest,
            ["what became of what the bundles hold", "instances", "bytes"]
        ),
        rule.algorithm,
        rule.seed,
        if rule.strata.is_empty() {
            "nothing".into()
        } else {
            rule.strata.join(", ")
        },
        rule.held_out_site
            .as_ref()
            .map_or(String::new(), |site| format!(
                "All patients of {site} are on the test side.\n"
            )),
        checks_table(manifest, ["check", "severity", "findings", "waived"]),
        k.quasi_identifiers.join(", "),
        k.smallest,
        k.patients_below,
        k.wanted,
        manifest.licence.id,
        if input.track.dua.is_empty() {
            ""
        } else {
            "`DUA.txt` must be accepted. "
        },
        manifest.contact,
        how_to_check(
            manifest.signing_key.as_str(),
            "data/*/dicom",
            &manifest.compression
        ),
        how_to_use(manifest),
    );
    text
}

/// What the Hugging Face Hub loads, by side. One README can name files of one kind only, and its reader of shards
/// takes no compressed ones; their tables stand in for them.
fn configurations(manifest: &ReleaseManifest) -> String {
    let mut text = String::from("configs:\n");
    if manifest.compression == "none" {
        text.push_str("  - config_name: dicom\n    data_files:\n");
        for side in manifest.splits.keys() {
            let _ = writeln!(
                text,
                "      - split: {side}\n        path: data/{side}/dicom/*.tar"
            );
        }
        return text;
    }
    for table in ["series", "instances", "studies", "patients"] {
        let _ = writeln!(
            text,
            "  - config_name: {table}\n    data_files:\n      - split: release\n        path: data/tables/{table}.parquet"
        );
    }
    text
}

/// `README.zh.md`: the same facts.
pub(super) fn chinese(input: &ReleaseInput<'_>, facts: &Facts<'_>) -> String {
    let manifest = facts.manifest;
    let rule = &manifest.split_rule;
    let k = &manifest.anonymity;
    let mut text = format!(
        "# {} {}\n\n英文说明见 `README.md`。\n\n## 内容\n\n{}\n",
        manifest.title,
        manifest.version,
        counts_table(manifest, ["划分", "患者", "检查", "序列", "实例", "字节"]),
    );
    text.push_str(&balances(facts));
    let _ = write!(
        text,
        "## 来源\n\n各医院在院内完成去标识化并对交付内容签名。`release.json` 列出每次交付的摘要和公钥，`evidence/` 保存各院日志。\n\n{}\n\
         ## 划分\n\n按患者划分，算法 {}，种子 `{}`，分层依据：{}。患者一经划分，以后各版本不再变动。\n\n\
         ## 检查\n\n以下检查只依据对象自身的描述信息，不解码像素。结果见 `evidence/checks.csv`。\n\n{}\n\
         ## 残余风险\n\n影像已去标识化，但去标识化不等于匿名化。按 {} 分组，最小组有 {} 名患者；有 {} 名患者所在的组少于 {} 人。\n\
         持有原始影像者可通过相同像素进行比对。同一人是否在两家医院就诊无从得知，因为各院使用各自的密钥生成假名。\n\n\
         ## 许可\n\n{}。{}咨询与撤回通知：{}。\n\n\
         ## 校验\n\n```sh\nminisign -V -P {} -m tagmanifest-sha256.txt\nsha256sum -c --quiet tagmanifest-sha256.txt\nsha256sum -c --quiet manifest-sha256.txt\n```\n\n\
         ## 使用与更新\n\n```sh\npython3 cloakroom_loader.py check .\npython3 cloakroom_loader.py list . --split train\n```\n\n\
         分片名称的含义永不改变，已有的分片无须重新下载。更新后执行 `xargs -r rm -f -- < removed.txt` 删除已撤下的文件；\n\
         `withdrawn.csv` 列出的患者，其数据及衍生数据均不得继续使用。\n",
        reasons_table(manifest, ["交付内容的去向", "实例", "字节"]),
        rule.algorithm,
        rule.seed,
        if rule.strata.is_empty() {
            "无".into()
        } else {
            rule.strata.join("、")
        },
        checks_table(manifest, ["检查项", "级别", "发现", "豁免"]),
        k.quasi_identifiers.join("、"),
        k.smallest,
        k.patients_below,
        k.wanted,
        manifest.licence.id,
        if input.track.dua.is_empty() {
            ""
        } else {
            "使用前须接受 `DUA.txt`。"
        },
        manifest.contact,
        manifest.signing_key,
    );
    text
}

/// `LICENSE.txt`.
pub(super) fn licence(input: &ReleaseInput<'_>) -> String {
    let licence = &input.track.licence;
    match licence.text.trim() {
        "" => format!("SPDX-License-Identifier: {}\n{}\n", licence.id, licence.url),
        text => format!("SPDX-License-Identifier: {}\n\n{text}\n", licence.id),
    }
}

/// `CITATION.cff`, version 1.2.0 of the format.
pub(super) fn citation(input: &ReleaseInput<'_>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "cff-version: 1.2.0\ntype: dataset\nmessage: Please cite the version that you used.\ntitle: {}\nversion: {}\ndate-released: {}\nlicense: {}\nauthors:\n  - name: {}\n",
        quoted(&input.track.title),
        quoted(&input.version.to_string()),
        quoted(&input.date.to_string()),
        quoted(&input.track.licence.id),
        quoted(&input.track.contact),
    )
}

/// `CHANGELOG.md`: this version before the text of those before it.
pub(super) fn changelog(input: &ReleaseInput<'_>, changes: &[Change], before: &str) -> String {
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    let title = "# Changes\n";
    let earlier = before.strip_prefix(title).unwrap_or(before);
    format!(
        "{title}\n## {} ({})\n\n- {} series added, {} changed, {} removed; `changes.csv` names them, `version-map.csv` the shards.\n{earlier}",
        input.version,
        input.date,
        count(ChangeKind::Added),
        count(ChangeKind::Changed),
        count(ChangeKind::Removed),
    )
}
