//! Which clause each part of a report answers. Whether that is enough is for those to say who answer for the data.

/// A clause, the part of the report, and what the part shows, in two languages.
pub(super) struct Clause {
    pub(super) clause: (&'static str, &'static str),
    pub(super) parts: &'static [&'static str],
    pub(super) shows: (&'static str, &'static str),
}

pub(super) const CLAUSES: [Clause; 8] = [
    Clause {
        clause: ("DICOM PS3.15 E.1.3", "DICOM PS3.15 E.1.3"),
        parts: &["profile", "actions", "pixels"],
        shows: (
            "the profile with its digest, and what was done to every attribute and to pixels under it; \
             “cloakroom profile show P --statement” prints the conformance statement",
            "所用配置及其摘要，以及据此对每个属性和像素所做的处理；“cloakroom profile show P --statement”可打印符合性声明",
        ),
    },
    Clause {
        clause: ("PIPL art. 55", "《个人信息保护法》第五十五条"),
        parts: &["risk", "anonymity"],
        shows: (
            "facts for the impact assessment that must come before sensitive data are provided, published or sent abroad",
            "在提供、公开敏感个人信息或向境外提供之前进行影响评估所需的事实",
        ),
    },
    Clause {
        clause: ("PIPL art. 56", "《个人信息保护法》第五十六条"),
        parts: &["equation", "deliveries", "actions", "decisions"],
        shows: (
            "the measures and the record of processing; keep this report with the log and the assessment for three years at least",
            "所采取的措施和处理情况记录；请将本报告与日志、评估报告一同保存至少三年",
        ),
    },
    Clause {
        clause: ("GB/T 37964-2019", "GB/T 37964-2019"),
        parts: &["actions", "anonymity", "risk"],
        shows: (
            "direct identifiers and what became of them; quasi-identifiers that remain, and the risk in later use",
            "直接标识符及其处理结果；保留的准标识符，以及后续使用场景中的重标识风险",
        ),
    },
    Clause {
        clause: ("GB/T 42460-2023, 6.2", "GB/T 42460-2023 第 6.2 条"),
        parts: &["actions", "pixels", "text", "risk"],
        shows: (
            "material for the qualitative evaluation",
            "定性评估所需材料",
        ),
    },
    Clause {
        clause: (
            "GB/T 42460-2023, 6.3 and 6.6",
            "GB/T 42460-2023 第 6.3、6.6 条",
        ),
        parts: &["anonymity", "what"],
        shows: (
            "numbers for the quantitative evaluation; the head of the log that the evaluation's documents can name",
            "定量评估所需数据；评估文档可以引用的日志签名头",
        ),
    },
    Clause {
        clause: ("HIPAA, 45 CFR 164.514(b)", "HIPAA，45 CFR 164.514(b)"),
        parts: &["actions", "anonymity", "risk"],
        shows: (
            "(2) what became of the listed identifiers; (1) facts for an expert who determines whether the risk is very small",
            "(2) 所列标识符的处理结果；(1) 供专家判断风险是否“非常小”的事实",
        ),
    },
    Clause {
        clause: (
            "Singapore PDPC, guide to basic anonymisation",
            "新加坡 PDPC《基本匿名化指南》",
        ),
        parts: &["anonymity"],
        shows: (
            "k-anonymity at 3 and 5. The guide is about tables; for images the part on pixels speaks",
            "k=3 和 k=5 的 k-匿名结果。该指南针对表格数据；图像见像素部分",
        ),
    },
];
