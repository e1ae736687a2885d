//! What rules, permissions and unknowns are called, for people and as stable codes.

use countersign::{Permit, Rule};

use super::judge::{Unknown, When};

/// The rule that settled it.
pub(super) const fn permit_rule(permit: &Permit) -> Option<Rule> {
    match permit {
        Permit::SafeMethod => Some(Rule::Need),
        Permit::Exempt(_) => Some(Rule::Exemption),
        Permit::NoAmbientCredential => Some(Rule::NoAmbientCredential),
        Permit::Provenance => Some(Rule::Provenance),
        Permit::NothingAgainst => Some(Rule::Combine),
        Permit::Token | Permit::Ticket => Some(Rule::Token),
        Permit::Disabled | Permit::ReportOnly => None,
    }
}

pub(super) fn permit_words(permit: &Permit) -> String {
    match permit {
        Permit::Disabled => "the policy judges nothing".to_owned(),
        Permit::SafeMethod => "a method that changes nothing".to_owned(),
        Permit::Exempt(reason) => format!("exempt, {reason}"),
        Permit::NoAmbientCredential => "no credential that a browser adds by itself".to_owned(),
        Permit::Provenance => "it comes from where it should".to_owned(),
        Permit::NothingAgainst => "nothing speaks against it, and no more is demanded".to_owned(),
        Permit::Token => "its token holds".to_owned(),
        Permit::Ticket => "its one-time token holds and was unspent".to_owned(),
        Permit::ReportOnly => "the policy only reports".to_owned(),
    }
}

impl Unknown {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::TokenKey => "token_key",
            Self::User => "user",
            Self::Incarnation => "incarnation",
            Self::StoredToken => "stored_token",
            Self::SpentMark => "spent_mark",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::TokenKey => "a token whose key is not given",
            Self::User => "a token whose user is not given",
            Self::Incarnation => "a ticket of a store that is not given",
            Self::StoredToken => "the token that the store holds",
            Self::SpentMark => "the store's word on the ticket",
        }
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::TokenKey => {
                "`--keyring FILE` checks the token, `--assume-token` takes it as valid or invalid."
            }
            Self::User => "`--user NAME` says who is logged in.",
            Self::Incarnation => {
                "`--incarnation NUMBER` says in which life of the store it was issued."
            }
            Self::StoredToken => "Only the running store can tell. Both outcomes:",
            Self::SpentMark => {
                "The ticket is genuine; only the running store can tell whether it was spent."
            }
        }
    }
}

impl When {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::TokenValid => "token_valid",
            Self::TokenInvalid => "token_invalid",
            Self::TicketUnspent => "ticket_unspent",
            Self::TicketSpent => "ticket_spent",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::TokenValid => "If the token is valid",
            Self::TokenInvalid => "If it is not",
            Self::TicketUnspent => "If it was unspent",
            Self::TicketSpent => "If it was spent before",
        }
    }
}
