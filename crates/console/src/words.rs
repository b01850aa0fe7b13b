//! The words of the pages in two languages.

use cloakroom_core::{DecisionReason, HoldReason, KnownKind, chinese};

/// The language of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// Every phrase of the pages.
pub(crate) struct Words {
    pub(crate) tag: &'static str,
    pub(crate) other: &'static str,
    pub(crate) review: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) log: &'static str,
    pub(crate) nothing_waits: &'static str,
    pub(crate) track: &'static str,
    pub(crate) patient: &'static str,
    pub(crate) series: &'static str,
    pub(crate) device: &'static str,
    pub(crate) images: &'static str,
    pub(crate) decided: &'static str,
    pub(crate) why: &'static str,
    pub(crate) sheet: &'static str,
    pub(crate) look: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) reviewer: &'static str,
    pub(crate) passphrase: &'static str,
    pub(crate) no_reviewers: &'static str,
    pub(crate) next: &'static str,
    pub(crate) previous: &'static str,
    pub(crate) release: &'static str,
    pub(crate) reject: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) this_image: &'static str,
    pub(crate) this_series: &'static str,
    pub(crate) masks: &'static str,
    pub(crate) proposed: &'static str,
    pub(crate) take: &'static str,
    pub(crate) detector: &'static str,
    pub(crate) detector_looked: &'static str,
    pub(crate) detector_missing: &'static str,
    pub(crate) minimum: &'static str,
    pub(crate) mean: &'static str,
    pub(crate) maximum: &'static str,
    pub(crate) left_out: &'static str,
    pub(crate) keys: &'static str,
    pub(crate) help: &'static [(&'static str, &'static str)],
    pub(crate) rule: &'static str,
    pub(crate) goes: &'static str,
    pub(crate) stays: &'static str,
    pub(crate) mask: &'static str,
    pub(crate) number: &'static str,
    pub(crate) date: &'static str,
    pub(crate) decision: &'static str,
    pub(crate) standing: &'static str,
    pub(crate) confirm: &'static str,
    pub(crate) revoke: &'static str,
    pub(crate) counts: &'static str,
    pub(crate) waits_for_second: &'static str,
    pub(crate) replaced: &'static str,
    pub(crate) note: &'static str,
    pub(crate) next_delivery: &'static str,
    pub(crate) two_persons: &'static str,
    pub(crate) not_by_picture: &'static str,
    pub(crate) page: &'static str,
    pub(crate) sign_in_first: &'static str,
    pub(crate) back: &'static str,
    pub(crate) not_done: &'static str,
    pub(crate) found_title: &'static str,
    pub(crate) found_help: &'static str,
    pub(crate) attribute: &'static str,
    pub(crate) would_leave: &'static str,
    pub(crate) looks_like: &'static str,
    pub(crate) cannot_be_shown: &'static str,
    pub(crate) false_alarm: &'static str,
    pub(crate) not_answerable: &'static str,
    pub(crate) texts: &'static str,
    pub(crate) texts_help: &'static str,
    pub(crate) read_texts: &'static str,
    pub(crate) no_words: &'static str,
    pub(crate) open_words: &'static str,
    pub(crate) word: &'static str,
    pub(crate) stands_in: &'static str,
    pub(crate) what_is_left: &'static str,
    pub(crate) may_stay: &'static str,
    pub(crate) shall_go: &'static str,
}

impl Language {
    /// The phrases.
    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// The language of a tag such as `zh-CN`.
    pub(crate) fn of(tag: &str) -> Self {
        if tag.trim_start().to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// Why an object waits.
    pub(crate) const fn hold(self, reason: HoldReason) -> &'static str {
        match self {
            Self::English => reason.meaning(),
            Self::Chinese => chinese::hold(reason),
        }
    }

    /// Why a person decided as they did.
    pub(crate) const fn decision(self, reason: DecisionReason) -> &'static str {
        match self {
            Self::English => reason.meaning(),
            Self::Chinese => chinese::decision(reason),
        }
    }

    /// What kind of value the gate took something for.
    pub(crate) const fn known(self, kind: KnownKind) -> &'static str {
        use KnownKind as Kind;
        let (english, chinese) = match kind {
            Kind::PatientName => ("a name of the patient", "患者姓名"),
            Kind::PatientId => ("an id of the patient", "患者编号"),
            Kind::BirthDate => ("the date of birth", "出生日期"),
            Kind::Contact => ("a telephone number or address for messages", "联系方式"),
            Kind::Address => ("an address", "住址"),
            Kind::OrderId => (
                "an order, admission or study number",
                "检查、住院或申请编号",
            ),
            Kind::Person => ("a name of somebody else", "其他人的姓名"),
            Kind::Institution => ("an institution or department", "机构或科室"),
            Kind::Device => ("the number of a device", "设备编号"),
            Kind::Uid => ("a UID of the original", "原始 UID"),
        };
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The name of what was decided, from the closed list of the log.
    pub(crate) fn subject(self, subject: &'static str) -> &'static str {
        if self == Self::English {
            return match subject {
                "pixel-release" => "release",
                "pixel-reject" => "reject",
                "gate-false-alarm" => "false alarm",
                "text-approve" => "keep the word",
                "text-remove" => "remove the word",
                "identity-merge" => "merge patients",
                "identity-split" => "split a patient",
                "identity-assign" => "assign a study",
                other => other,
            };
        }
        chinese::subject(subject)
    }
}

static ENGLISH: Words = Words {
    tag: "en",
    other: "中文",
    review: "Review",
    waiting: "What waits",
    log: "Decisions",
    nothing_waits: "Nothing waits for a person in this track.",
    track: "Track",
    patient: "Patient",
    series: "Series",
    device: "Device",
    images: "Objects",
    decided: "Decided",
    why: "Why it waits",
    sheet: "Contact sheet",
    look: "Look",
    sign_in: "Sign in",
    sign_out: "Sign out",
    reviewer: "Reviewer",
    passphrase: "Passphrase",
    no_reviewers: "No reviewer has a key yet. Make one in a terminal: cloakroom init SITE --reviewer R01",
    next: "Next",
    previous: "Previous",
    release: "Release",
    reject: "Reject",
    reason: "Reason",
    this_image: "this image",
    this_series: "all that waits of this series",
    masks: "Masks",
    proposed: "Proposed",
    take: "Take the proposals as masks",
    detector: "Text detector",
    detector_looked: "looked",
    detector_missing: "not installed",
    minimum: "Minimum",
    mean: "Mean",
    maximum: "Maximum",
    left_out: "frames left out:",
    keys: "Keys",
    help: &[
        ("n p", "next, previous image"),
        ("j k", "next, previous frame (wheel)"),
        ("m", "new mask (or drag)"),
        ("←↑→↓", "move the mask; Shift finely, Alt its size"),
        ("] Del", "choose, delete a mask"),
        ("a", "take the proposals"),
        ("1 2 3 0", "minimum, mean, maximum, frame"),
        ("+ - , . w", "window (right button drag)"),
        ("r x", "release, reject; Enter signs"),
        ("Esc", "back to the image"),
    ],
    rule: "a rule wipes this",
    goes: "text that goes",
    stays: "text that may stay",
    mask: "mask: will be wiped",
    number: "No.",
    date: "Date",
    decision: "Decision",
    standing: "Standing",
    confirm: "Confirm",
    revoke: "Take back",
    counts: "counts",
    waits_for_second: "waits for a second person",
    replaced: "replaced",
    note: "done",
    next_delivery: "What is decided here goes out with the next delivery: run cloakroom deid again.",
    two_persons: "Every decision needs a second person, with another key.",
    not_by_picture: "This is not decided by looking at pixels; problems.csv says what to do.",
    page: "Page",
    sign_in_first: "Sign in to decide.",
    back: "Back",
    not_done: "That was not done",
    found_title: "The gate found something of the patient",
    found_help: "This is what would leave. Does it name the patient or anybody else, or does an ordinary word or number \
                 only look like it?",
    attribute: "Attribute",
    would_leave: "What would leave",
    looks_like: "It looks like",
    cannot_be_shown: "not a text that can be shown",
    false_alarm: "It names nobody: let it pass",
    not_answerable: "Nobody can see all of what was found, so nobody can sign for it. The object stays, or its profile \
                     is changed.",
    texts: "Words",
    texts_help: "Words of free texts that nothing knows go, until somebody says once that they may stay. A word that names a person, a place or a thing of somebody’s own must go.",
    read_texts: "Read the texts of the export (this may take a while)",
    no_words: "No word is left to decide about.",
    open_words: "Words to decide about:",
    word: "Word",
    stands_in: "Stands in, for example",
    what_is_left: "What is left of it now",
    may_stay: "may stay",
    shall_go: "goes",
};

static CHINESE: Words = Words {
    tag: "zh-CN",
    other: "English",
    review: "审核",
    waiting: "待处理",
    log: "决定记录",
    nothing_waits: "该赛道没有待处理的内容。",
    track: "赛道",
    patient: "患者",
    series: "序列",
    device: "设备",
    images: "对象",
    decided: "已决定",
    why: "等待原因",
    sheet: "缩略图",
    look: "查看",
    sign_in: "登录",
    sign_out: "退出",
    reviewer: "审核人",
    passphrase: "口令",
    no_reviewers: "还没有审核人密钥。请在终端中运行：cloakroom init SITE --reviewer R01",
    next: "下一张",
    previous: "上一张",
    release: "放行",
    reject: "拒绝",
    reason: "理由",
    this_image: "仅此图像",
    this_series: "本序列所有待处理图像",
    masks: "遮盖区",
    proposed: "建议",
    take: "采用建议作为遮盖区",
    detector: "文字检测器",
    detector_looked: "已检查",
    detector_missing: "未安装",
    minimum: "最小值投影",
    mean: "平均值投影",
    maximum: "最大值投影",
    left_out: "未计入帧数：",
    keys: "按键",
    help: &[
        ("n p", "下一张、上一张图像"),
        ("j k", "下一帧、上一帧（滚轮）"),
        ("m", "新遮盖区（或拖动）"),
        ("←↑→↓", "移动遮盖区；Shift 微调，Alt 改大小"),
        ("] Del", "选择、删除遮盖区"),
        ("a", "采用建议"),
        ("1 2 3 0", "最小、平均、最大投影，单帧"),
        ("+ - , . w", "窗宽窗位（右键拖动）"),
        ("r x", "放行、拒绝；回车签署"),
        ("Esc", "回到图像"),
    ],
    rule: "规则将抹去",
    goes: "应去除的文字",
    stays: "可保留的文字",
    mask: "遮盖区：将被抹去",
    number: "编号",
    date: "日期",
    decision: "决定",
    standing: "状态",
    confirm: "确认",
    revoke: "撤回",
    counts: "有效",
    waits_for_second: "等待第二人",
    replaced: "已被取代",
    note: "完成",
    next_delivery: "这里的决定随下一次交付生效：请再次运行 cloakroom deid。",
    two_persons: "每个决定都需要第二人用另一把密钥确认。",
    not_by_picture: "此项不能凭看图决定；problems.csv 说明了该怎么做。",
    page: "页",
    sign_in_first: "登录后才能决定。",
    back: "返回",
    not_done: "未完成",
    found_title: "出口检查发现了患者的信息",
    found_help: "以下内容即将传出。它是否指名患者或他人，还是只是普通词语或数字的巧合？",
    attribute: "属性",
    would_leave: "即将传出的内容",
    looks_like: "看起来像",
    cannot_be_shown: "无法显示为文字",
    false_alarm: "不指任何人：放行",
    not_answerable: "所发现的内容无法全部显示，因此无人可以签署。对象留下，或修改配置。",
    texts: "文字",
    texts_help: "自由文字中的未知词语会被去除，除非有人确认其可以保留；每个词只需决定一次。指名某人、某地或私人事物的词必须去除。",
    read_texts: "读取导出中的文字（可能需要一些时间）",
    no_words: "没有待决定的词语。",
    open_words: "待决定的词语：",
    word: "词语",
    stands_in: "所在文字示例",
    what_is_left: "目前保留的内容",
    may_stay: "可保留",
    shall_go: "去除",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_asks_for_chinese_gets_it() {
        assert_eq!(Language::of(" zh-TW,en;q=0.5"), Language::Chinese);
        assert_eq!(Language::of("vi"), Language::English);
    }
}
