//! Why a person decided as they did: a closed list, because free text stays at the site.

use crate::closed_list::closed_list;

closed_list! {
    /// Why a person decided as they did.
    DecisionReason {
        OrdinaryWord = "ordinary-word",
            "what was found is an ordinary word or term here, and names nobody",
            "nothing to do";
        ChanceMatch = "chance-match",
            "what was found is a number or code that is equal by chance",
            "nothing to do";
        NothingSeen = "nothing-seen",
            "every frame was looked at, and nothing in it says who it is",
            "nothing to do";
        TechnicalText = "technical-text",
            "the text in the image is technical and names nobody",
            "nothing to do";
        IdentityMasked = "identity-masked",
            "what says who it is lies inside the areas that are wiped",
            "nothing to do";
        FaceAccepted = "face-accepted",
            "the face is needed for the purpose of the track, and its release was agreed",
            "keep the agreement with the contract of the track";
        IdentitySeen = "identity-seen",
            "the image says who it is in a place that cannot be wiped",
            "nothing to do";
        Document = "document",
            "it is a form, a report or a screen and not an image",
            "nothing to do";
        NotForTrack = "not-for-track",
            "it is of no use for the track",
            "nothing to do";
        ConsentMissing = "consent-missing",
            "the patient or the ethics board has not agreed",
            "nothing to do";
        Personal = "personal",
            "the text names or describes a person",
            "nothing to do";
        Unsure = "unsure",
            "the person could not tell, and what is in doubt stays",
            "ask somebody who can tell";
        SamePerson = "same-person",
            "the source confirmed that it is one person",
            "nothing to do";
        DifferentPersons = "different-persons",
            "the source confirmed that they are different persons",
            "nothing to do";
        SecondLook = "second-look",
            "a second person looked and agrees",
            "nothing to do";
        Mistake = "mistake",
            "the decision was a mistake and no longer counts",
            "nothing to do";
    }
}
