//! What the closed lists mean, in Chinese (Simplified), for pages that people read.

use crate::decision::DecisionReason;
use crate::outcome::{
    HoldReason, Outcome, QuarantineReason, RejectReason, ScopeReason, SetAsideReason,
};

/// What an outcome means; see [`Outcome::meaning`].
#[must_use]
pub const fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Cleared => "已去标识并通过出口检查",
        Outcome::Duplicate => "与本次导出中的另一文件相同",
        Outcome::Held(reason) => hold(reason),
        Outcome::Rejected(RejectReason::ReviewerRejected) => "有人看过并拒绝",
        Outcome::Rejected(RejectReason::PolicyDropped) => "配置不接受此类对象",
        Outcome::Quarantined(reason) => quarantine(reason),
        Outcome::OutOfScope(ScopeReason::NotSelected) => "不在选定名单中",
        Outcome::OutOfScope(ScopeReason::TrackExcludes) => "赛道的纳入规则将其排除",
        Outcome::SetAside(SetAsideReason::NotDicom) => "不是 DICOM",
        Outcome::SetAside(SetAsideReason::DicomDir) => "是 DICOMDIR，其中列有姓名，从不传出",
        Outcome::SetAside(SetAsideReason::Container) => "是压缩包，其成员逐一计数",
        Outcome::SetAside(SetAsideReason::Link) => "是符号链接或特殊文件，不予跟随",
    }
}

/// Why an object waits.
#[must_use]
pub const fn hold(reason: HoldReason) -> &'static str {
    use HoldReason as Why;
    match reason {
        Why::PixelReasonMissing => "没有找到可以证明图像像素不含身份信息的依据",
        Why::BurnedInDeclared => "图像自身声明含有烧录文字",
        Why::PixelResidue => "遮盖之后图像中仍发现文字",
        Why::PixelUndecodable => "像素无法解码，无人能判断其内容",
        Why::PixelTextUncertain => "图像中有无法可靠识别的文字",
        Why::DocumentImage => "该图像是剂量页、扫描件或报告，不能只遮盖一部分",
        Why::DetectorMissing => "未安装文字检测器，程序不作猜测",
        Why::HiddenBits => "存储位以上的比特中另有图像",
        Why::KnownValueFound => "即将写出的内容中发现患者的信息",
        Why::ForbiddenAttribute => "第二读取器发现配置禁止的属性",
        Why::SecondReaderFailed => "第二读取器无法打开即将写出的内容",
        Why::DuplicateElement => "同一数据集中某属性出现两次",
        Why::UnknownCharacterSet => "字符集未知或自相矛盾",
        Why::PatientIdMissing => "没有患者编号，身份不作猜测",
        Why::PatientIdConflict => "同一检查出现在两个患者编号之下",
        Why::ContentConflict => "同一实例 UID 有两种内容",
        Why::HierarchyConflict => "同一序列出现在两个检查中，或缺少 UID",
        Why::UnsupportedClass => "SOP 类为私有或未知",
        Why::EncapsulatedDocument => "对象内含文档，不能直接传出",
        Why::UncleanValue => "某个值违反其 VR，无法给出安全的替代",
        Why::PseudonymCollision => "两名患者会得到相同的假名",
        Why::LookupMiss => "对照表中没有该患者",
        Why::FaceVisible => "视野中可见面部",
        Why::TooLarge => "对象超过内存限制",
        Why::Withdrawn => "该患者已撤回，不再交付",
    }
}

const fn quarantine(reason: QuarantineReason) -> &'static str {
    use QuarantineReason as Why;
    match reason {
        Why::Empty => "文件为空",
        Why::Unreadable => "文件无法读取",
        Why::Truncated => "文件在数据集结束之前中断",
        Why::Malformed => "文件像 DICOM，但不合其规则",
        Why::LimitExceeded => "文件超过大小、深度或数量的限制",
        Why::TransferSyntaxUnknown => "传输语法未知",
        Why::IdentityIncomplete => "对象缺少 SOP 类 UID 或 SOP 实例 UID",
        Why::ArchiveBroken => "压缩包或其成员无法解开",
        Why::ArchiveLimit => "解压将超过大小、数量或深度的限制",
        Why::ChangedSinceIngest => "文件在登记之后被改动",
        Why::UnsafePath => "名称指向导出目录之外",
    }
}

/// Why a person decided as they did.
#[must_use]
pub const fn decision(reason: DecisionReason) -> &'static str {
    use DecisionReason as Why;
    match reason {
        Why::OrdinaryWord => "发现的是普通词语，不指任何人",
        Why::ChanceMatch => "发现的数字或代码只是巧合相同",
        Why::NothingSeen => "每一帧都看过，没有任何身份信息",
        Why::TechnicalText => "图中文字是技术信息，不指任何人",
        Why::IdentityMasked => "身份信息都在将被遮盖的区域内",
        Why::FaceAccepted => "赛道需要面部，且已同意提供",
        Why::IdentitySeen => "身份信息所在之处无法遮盖",
        Why::Document => "这是表格、报告或屏幕，不是影像",
        Why::NotForTrack => "对该赛道没有用处",
        Why::ConsentMissing => "患者或伦理委员会未同意",
        Why::Personal => "文字指名或描述了某人",
        Why::Unsure => "无法判断，有疑则留",
        Why::SamePerson => "来源确认是同一人",
        Why::DifferentPersons => "来源确认是不同的人",
        Why::SecondLook => "第二人看过并同意",
        Why::Mistake => "该决定有误，不再有效",
    }
}

/// The name of an outcome without its reason; see [`Outcome::kind`].
#[must_use]
pub fn kind(kind: &str) -> &'static str {
    match kind {
        "cleared" => "放行",
        "held" => "待处理",
        "rejected" => "拒绝",
        "quarantined" => "隔离",
        "duplicate" => "重复",
        "out-of-scope" => "未选中",
        "set-aside" => "搁置",
        _ => "其他",
    }
}

/// The name of what was decided, from the closed list of the log.
#[must_use]
pub fn subject(subject: &str) -> &'static str {
    match subject {
        "pixel-release" => "放行图像",
        "pixel-reject" => "拒绝图像",
        "gate-false-alarm" => "误报",
        "text-approve" => "保留文字",
        "text-remove" => "去除文字",
        "identity-merge" => "合并患者",
        "identity-split" => "拆分患者",
        "identity-assign" => "指定患者",
        "confirm" => "确认",
        "revoke" => "撤销",
        _ => "其他",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let holds = HoldReason::ALL.iter().map(|reason| hold(*reason));
        let quarantined = QuarantineReason::ALL
            .iter()
            .map(|reason| quarantine(*reason));
        let decided = DecisionReason::ALL.iter().map(|reason| decision(*reason));
        let mut all: Vec<&str> = holds.chain(quarantined).chain(decided).collect();
        let count = all.len();
        assert!(all.iter().all(|words| !words.is_ascii()));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
