//! Common names of the countries that send images, native script beside romanisation.

/// A name part: romanised, native, phonetic (empty where the country uses none).
pub(super) type Part = (&'static str, &'static str, &'static str);

pub(super) const CHINESE_FAMILY: &[Part] = &[
    ("Zhang", "张", ""),
    ("Wang", "王", ""),
    ("Li", "李", ""),
    ("Zhao", "赵", ""),
    ("Chen", "陈", ""),
    ("Ouyang", "欧阳", ""),
    ("Liu", "刘", ""),
    ("Huang", "黄", ""),
];
pub(super) const CHINESE_GIVEN: &[Part] = &[
    ("XiaoDong", "小东", ""),
    ("Guiying", "桂英", ""),
    ("Jianguo", "建国", ""),
    ("Lihua", "丽华", ""),
    ("Xiuzhen", "秀珍", ""),
    ("Haoran", "浩然", ""),
    ("Yuting", "雨婷", ""),
    ("Zhiqiang", "志强", ""),
];
pub(super) const KOREAN_FAMILY: &[Part] = &[
    ("Hong", "洪", "홍"),
    ("Kim", "金", "김"),
    ("Park", "朴", "박"),
    ("Choi", "崔", "최"),
];
pub(super) const KOREAN_GIVEN: &[Part] = &[
    ("Gildong", "吉洞", "길동"),
    ("Younghee", "英姬", "영희"),
    ("Minsoo", "民秀", "민수"),
    ("Sujin", "秀珍", "수진"),
];
pub(super) const JAPANESE_FAMILY: &[Part] = &[
    ("Yamada", "山田", "やまだ"),
    ("Tanaka", "田中", "たなか"),
    ("Suzuki", "鈴木", "すずき"),
    ("Mori", "森", "もり"),
];
pub(super) const JAPANESE_GIVEN: &[Part] = &[
    ("Tarou", "太郎", "たろう"),
    ("Hanako", "花子", "はなこ"),
    ("Ken", "健", "けん"),
    ("Yoshiko", "良子", "よしこ"),
];
pub(super) const THAI_FAMILY: &[Part] = &[
    ("Srisuk", "ศรีสุข", ""),
    ("Thongdee", "ทองดี", ""),
    ("Wongsawat", "วงศ์สวัสดิ์", ""),
    ("Boonmee", "บุญมี", ""),
];
pub(super) const THAI_GIVEN: &[Part] = &[
    ("Somchai", "สมชาย", ""),
    ("Malee", "มาลี", ""),
    ("Prasert", "ประเสริฐ", ""),
    ("Suda", "สุดา", ""),
];
pub(super) const VIETNAMESE_FAMILY: &[Part] = &[
    ("Nguyen", "Nguyễn", ""),
    ("Tran", "Trần", ""),
    ("Le", "Lê", ""),
    ("Pham", "Phạm", ""),
];
pub(super) const VIETNAMESE_GIVEN: &[Part] = &[
    ("Van An", "Văn An", ""),
    ("Thi Hoa", "Thị Hoa", ""),
    ("Quoc Bao", "Quốc Bảo", ""),
    ("Thi Tuyet", "Thị Tuyết", ""),
];
pub(super) const MALAY_FAMILY: &[Part] = &[
    ("Abdullah", "", ""),
    ("Ismail", "", ""),
    ("Rahman", "", ""),
    ("Yusof", "", ""),
];
pub(super) const MALAY_GIVEN: &[Part] = &[
    ("Ahmad Faizal", "", ""),
    ("Siti Nurhaliza", "", ""),
    ("Mohd Hafiz", "", ""),
    ("Nur Aisyah", "", ""),
];
pub(super) const INDONESIAN_FAMILY: &[Part] = &[
    ("Wijaya", "", ""),
    ("Hidayat", "", ""),
    ("Siregar", "", ""),
    ("Kusuma", "", ""),
];
pub(super) const INDONESIAN_GIVEN: &[Part] = &[
    ("Budi Santoso", "", ""),
    ("Dewi Lestari", "", ""),
    ("Agus", "", ""),
    ("Sri Wahyuni", "", ""),
];
pub(super) const FILIPINO_FAMILY: &[Part] = &[
    ("Dela Cruz", "", ""),
    ("Bautista", "", ""),
    ("Villanueva", "", ""),
    ("Macaraeg", "", ""),
];
pub(super) const FILIPINO_GIVEN: &[Part] = &[
    ("Juan Miguel", "", ""),
    ("Maria Corazon", "", ""),
    ("Jose Rizalino", "", ""),
    ("Analyn", "", ""),
];
pub(super) const LATIN_FAMILY: &[Part] = &[
    ("Müller", "", ""),
    ("Lefèvre", "", ""),
    ("Tan", "", ""),
    ("Sørensen", "", ""),
];
pub(super) const LATIN_GIVEN: &[Part] = &[
    ("Jörg", "", ""),
    ("Aurélie", "", ""),
    ("Wei Ming", "", ""),
    ("Åse", "", ""),
];
