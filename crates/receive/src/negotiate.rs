//! Which associations and presentation contexts are accepted (PS3.8 section 7.1).

use crate::settings::{Callers, Refusal};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult,
    AssociationRJServiceProviderPresentationReason, AssociationRJServiceUserReason,
    AssociationRJSource, AssociationRQ, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason, UserVariableItem,
};
use std::collections::BTreeMap;

/// The longest PDU that we ask peers to send.
pub(crate) const MAX_PDU: u32 = 1 << 17;

/// The UID of this implementation, made once for Cloakroom's receiver (2.25 and a random UUID).
pub(crate) const IMPLEMENTATION_CLASS: &str = "2.25.62716018340310904806967162261193734457";

/// The version name of this implementation; at most 16 characters.
pub(crate) const IMPLEMENTATION_VERSION: &str = "CLOAKROOM_RECV_1";

const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const IMPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";

/// What was agreed for one presentation context.
pub(crate) struct Context {
    pub(crate) abstract_syntax: String,
    pub(crate) transfer_syntax: String,
}

/// The accepted presentation contexts, by their number.
pub(crate) type Contexts = BTreeMap<u8, Context>;

/// Whether the peer may associate at all.
pub(crate) fn check(
    request: &AssociationRQ,
    ae_title: &str,
    callers: &Callers,
    is_full: bool,
) -> Result<(), Refusal> {
    if request.protocol_version & 1 == 0
        || trimmed(&request.application_context_name) != APPLICATION_CONTEXT
    {
        Err(Refusal::OtherProtocol)
    } else if request.called_ae_title.trim() != ae_title {
        Err(Refusal::OtherTitle)
    } else if let Callers::Only(titles) = callers
        && !titles.contains(request.calling_ae_title.trim())
    {
        Err(Refusal::UnknownCaller)
    } else if is_full {
        Err(Refusal::TooMany)
    } else {
        Ok(())
    }
}

/// The answer to a request that is refused.
pub(crate) fn rejection(refusal: Refusal) -> Pdu {
    use AssociationRJServiceUserReason as User;
    let (result, source) = match refusal {
        Refusal::TooMany => (
            AssociationRJResult::Transient,
            AssociationRJSource::ServiceProviderPresentation(
                AssociationRJServiceProviderPresentationReason::LocalLimitExceeded,
            ),
        ),
        other => {
            let reason = match other {
                Refusal::UnknownCaller => User::CallingAETitleNotRecognized,
                Refusal::OtherTitle => User::CalledAETitleNotRecognized,
                Refusal::OtherProtocol => User::ApplicationContextNameNotSupported,
                Refusal::TooMany | Refusal::NotDicom => User::NoReasonGiven,
            };
            (
                AssociationRJResult::Permanent,
                AssociationRJSource::ServiceUser(reason),
            )
        }
    };
    Pdu::AssociationRJ(AssociationRJ { result, source })
}

/// The answer to a request that is accepted, and what was agreed.
///
/// Of each context the first transfer syntax is taken, whatever it is: the peer puts first what it has.
pub(crate) fn acceptance(request: AssociationRQ) -> (Pdu, Contexts) {
    let mut contexts = Contexts::new();
    let mut results = Vec::new();
    for proposed in request.presentation_contexts {
        let (id, decision) = (proposed.id, decide(proposed));
        let (reason, transfer_syntax) = match decision {
            Ok(context) => {
                let syntax = context.transfer_syntax.clone();
                contexts.insert(id, context);
                (PresentationContextResultReason::Acceptance, syntax)
            }
            Err(reason) => (reason, IMPLICIT_LITTLE_ENDIAN.to_owned()),
        };
        results.push(PresentationContextResult {
            id,
            reason,
            transfer_syntax,
        });
    }
    let answer = Pdu::AssociationAC(AssociationAC {
        protocol_version: 1,
        calling_ae_title: request.calling_ae_title,
        called_ae_title: request.called_ae_title,
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables: vec![
            UserVariableItem::MaxLength(MAX_PDU),
            UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS.to_owned()),
            UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION.to_owned()),
        ],
    });
    (answer, contexts)
}

fn decide(
    proposed: PresentationContextProposed,
) -> Result<Context, PresentationContextResultReason> {
    let abstract_syntax = trimmed(&proposed.abstract_syntax).to_owned();
    if abstract_syntax != VERIFICATION && !is_storage(&abstract_syntax) {
        return Err(PresentationContextResultReason::AbstractSyntaxNotSupported);
    }
    let first = proposed
        .transfer_syntaxes
        .iter()
        .map(|syntax| trimmed(syntax))
        .find(|syntax| {
            // What goes into the file must be a UID; which one is for `ingest` to judge.
            is_uid(syntax)
        });
    match first {
        Some(syntax) => Ok(Context {
            abstract_syntax,
            transfer_syntax: syntax.to_owned(),
        }),
        None => Err(PresentationContextResultReason::TransferSyntaxesNotSupported),
    }
}

/// Whether a SOP class is one of storage: the standard's (PS3.4 table B.5-1 and annex GG), and every private one.
fn is_storage(class: &str) -> bool {
    let standard = [
        "1.2.840.10008.5.1.4.1.1.",
        "1.2.840.10008.5.1.1.27",
        "1.2.840.10008.5.1.1.29",
        "1.2.840.10008.5.1.1.30",
        "1.2.840.10008.5.1.4.34.7",
        "1.2.840.10008.5.1.4.34.10",
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
    ];
    let is_private = !class.starts_with(cloakroom_core::uid::STANDARD_ROOT);
    is_uid(class) && (is_private || standard.iter().any(|prefix| class.starts_with(prefix)))
}

/// Whether a text is a UID (PS3.5 section 9.1).
pub(crate) fn is_uid(text: &str) -> bool {
    text.parse::<cloakroom_core::Uid>().is_ok()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character == '\0' || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_storage_class_in_every_transfer_syntax_is_taken_and_nothing_else() {
        let propose = |class: &str, syntaxes: &[&str]| {
            decide(PresentationContextProposed {
                id: 1,
                abstract_syntax: class.to_owned(),
                transfer_syntaxes: syntaxes.iter().map(|text| (*text).to_owned()).collect(),
            })
        };
        let taken = propose(
            "1.2.840.10008.5.1.4.1.1.2\0",
            &["1.2.840.113619.5.2", "1.2.840.10008.1.2"],
        );
        assert_eq!(
            taken.map(|context| context.transfer_syntax).ok().as_deref(),
            Some("1.2.840.113619.5.2")
        );
        assert!(propose("1.3.12.2.1107.5.9.1", &["1.2.840.10008.1.2.4.90"]).is_ok());
        assert!(propose(VERIFICATION, &["1.2.840.10008.1.2"]).is_ok());
        for other in [
            "1.2.840.10008.5.1.4.1.2.2.1",
            "1.2.840.10008.5.1.4.31",
            "",
            "x",
        ] {
            assert!(propose(other, &["1.2.840.10008.1.2"]).is_err(), "{other}");
        }
        assert!(propose("1.2.840.10008.5.1.4.1.1.2", &[]).is_err());
    }

    #[test]
    fn only_listed_callers_of_our_title_may_come() {
        let request = |calling: &str, called: &str| AssociationRQ {
            protocol_version: 1,
            calling_ae_title: calling.to_owned(),
            called_ae_title: called.to_owned(),
            application_context_name: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: Vec::new(),
            user_variables: Vec::new(),
        };
        let only = Callers::Only(["PACS".to_owned()].into());
        let check = |calling, called, full| check(&request(calling, called), "CLOAK", &only, full);
        assert_eq!(check("PACS ", "CLOAK", false), Ok(()));
        assert_eq!(check("OTHER", "CLOAK", false), Err(Refusal::UnknownCaller));
        assert_eq!(check("PACS", "ELSE", false), Err(Refusal::OtherTitle));
        assert_eq!(check("PACS", "CLOAK", true), Err(Refusal::TooMany));
    }
}
