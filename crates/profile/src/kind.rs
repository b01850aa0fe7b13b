//! What the values of a VR can hold, as far as a rule must know it.

use cloakroom_core::VR;

/// What the values of a VR can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Numbers, tags, and numbers written as text under a strict grammar.
    Number,
    /// CS: a term of capital letters, digits, spaces and underscores.
    Term,
    /// Text that anybody may have typed.
    Text,
    /// AE: a name in the network.
    ApplicationEntity,
    /// UR: an address.
    Address,
    /// PN: a name of a person.
    Name,
    /// UI.
    Uid,
    /// DA, DT.
    Date,
    /// TM.
    Time,
    /// AS.
    Age,
    /// SQ.
    Sequence,
    /// Bytes whose meaning the VR does not tell.
    Opaque,
}

/// The kind of a VR.
pub(crate) const fn kind_of(vr: VR) -> Kind {
    match vr {
        VR::AE => Kind::ApplicationEntity,
        VR::AS => Kind::Age,
        VR::CS => Kind::Term,
        VR::DA | VR::DT => Kind::Date,
        VR::TM => Kind::Time,
        VR::AT
        | VR::DS
        | VR::IS
        | VR::FL
        | VR::FD
        | VR::SL
        | VR::SS
        | VR::SV
        | VR::UL
        | VR::US
        | VR::UV => Kind::Number,
        VR::LO | VR::LT | VR::SH | VR::ST | VR::UC | VR::UT => Kind::Text,
        VR::PN => Kind::Name,
        VR::SQ => Kind::Sequence,
        VR::UI => Kind::Uid,
        VR::UR => Kind::Address,
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => Kind::Opaque,
    }
}

/// The rule id of a decision by VR.
pub(crate) const fn vr_rule(vr: VR) -> &'static str {
    match vr {
        VR::AE => "vr:AE",
        VR::AS => "vr:AS",
        VR::AT => "vr:AT",
        VR::CS => "vr:CS",
        VR::DA => "vr:DA",
        VR::DS => "vr:DS",
        VR::DT => "vr:DT",
        VR::FL => "vr:FL",
        VR::FD => "vr:FD",
        VR::IS => "vr:IS",
        VR::LO => "vr:LO",
        VR::LT => "vr:LT",
        VR::OB => "vr:OB",
        VR::OD => "vr:OD",
        VR::OF => "vr:OF",
        VR::OL => "vr:OL",
        VR::OV => "vr:OV",
        VR::OW => "vr:OW",
        VR::PN => "vr:PN",
        VR::SH => "vr:SH",
        VR::SL => "vr:SL",
        VR::SQ => "vr:SQ",
        VR::SS => "vr:SS",
        VR::ST => "vr:ST",
        VR::SV => "vr:SV",
        VR::TM => "vr:TM",
        VR::UC => "vr:UC",
        VR::UI => "vr:UI",
        VR::UL => "vr:UL",
        VR::UN => "vr:UN",
        VR::UR => "vr:UR",
        VR::US => "vr:US",
        VR::UT => "vr:UT",
        VR::UV => "vr:UV",
    }
}
