//! What an operator can do about a refusal, if it was a mistake.

use crate::policy::Policy;
use crate::verdict::{Reason, Refusal};

impl Refusal {
    /// The one setting that would change this verdict, as a sentence for the operator.
    #[must_use]
    pub fn remedy(&self, policy: &Policy) -> String {
        remedy(self, policy)
    }
}

fn remedy(refusal: &Refusal, policy: &Policy) -> String {
    let seen = &refusal.seen;
    let header =
        policy.dialect().token.as_ref().map_or("the token header", |rules| rules.header.as_str());
    match refusal.reason {
        Reason::OriginMismatch | Reason::RefererMismatch => format!(
            "if pages of `{seen}` may send requests here, add it to `trusted_origins`; if it is \
             this site's own address, add it to `public_origins`"
        ),
        Reason::CrossSite | Reason::SameSite => {
            "if the sending site may do this, add its origin to `trusted_origins`; browsers name \
             it in the Origin header of all but GET and HEAD"
                .into()
        }
        Reason::EvidenceContradicts => {
            "name this site's address in `public_origins`, or the proxy that rewrites Host in \
             `trusted_proxies`"
                .into()
        }
        Reason::HostContradiction | Reason::HostMissing | Reason::HostMalformed => {
            "set `public_origins`, and let the proxy in front refuse such requests".into()
        }
        Reason::ForwardedAmbiguous => {
            "let the nearest proxy overwrite forwarding headers, or set `public_origins`".into()
        }
        Reason::OriginNull | Reason::OriginMalformed => {
            "send the request from a page with an origin, or add an [[exempt]] rule for its method \
             and path"
                .into()
        }
        Reason::ProvenanceMissing => {
            "send Origin, or set `absent_origin = \"allow\"` for clients that are no browsers"
                .into()
        }
        Reason::RefererMissing => "send Origin or Referer; browsers do".into(),
        Reason::SessionMissing | Reason::SessionAmbiguous => format!(
            "send one session cookie; if the app's is not called `{}`, set `session_cookie`",
            policy.dialect().session.cookie
        ),
        Reason::UserMissing => "log in first".into(),
        Reason::TokenMissing => format!("send the session's token in {header}"),
        Reason::TokenRepeated | Reason::HeaderRepeated => "send it once".into(),
        Reason::TokenMalformed
        | Reason::TokenInvalid
        | Reason::TokenExpired
        | Reason::TokenSpent
        | Reason::TokenStale
        | Reason::TokenCookieMissing
        | Reason::TokenCookieMismatch => "fetch a fresh token with this session".into(),
        Reason::TokenKeyUnknown => {
            "give every instance the same keyring, or fetch a fresh token".into()
        }
        Reason::TokenKeyRetired => {
            "fetch a fresh token, or raise the keyring's `grace` before rotating".into()
        }
        Reason::FormTooLarge => {
            format!("put the token's field first, send it in {header}, or raise `form_limit`")
        }
        Reason::FormMalformed => "send the form as its Content-Type says".into(),
        Reason::StoreUnavailable => "bring the store back; nothing passes without its word".into(),
        Reason::AccessUndeclared => {
            "declare who may call the route: permissions, a resource, or unrestricted".into()
        }
    }
}
