//! What a refused client is told: the dialect's words, and nothing of the reason beyond them.

use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

use crate::dialect::{Dialect, RefusalBody};
use crate::verdict::Reason;

/// A refusal as the dialect words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The text beside it, if the dialect has one of its own.
    pub reason_phrase: Option<String>,
    /// Its own headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Content type and text; nothing where the dialect says nothing.
    pub body: Option<(String, String)>,
}

impl Dialect {
    /// The reply to a refused request with these headers.
    #[must_use]
    pub fn reply(&self, reason: Reason, request: &HeaderMap) -> Reply {
        let rules = &self.refusal;
        let named = |body: &&RefusalBody| {
            body.accept.as_ref().is_none_or(|wanted| accepts(request, wanted))
        };
        let body = rules.body.iter().find(named).or(rules.body.last());
        let detail = rules.detail.get(&reason).or(rules.other_detail.as_ref());
        let text = |body: &RefusalBody| {
            body.text.replace("{detail}", detail.map(String::as_str).unwrap_or_default())
        };
        Reply {
            status: rules.status,
            reason_phrase: rules.reason_phrase.clone(),
            headers: rules
                .headers
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.name().clone(), HeaderValue::try_from(value).ok()?))
                })
                .collect(),
            body: body.map(|body| (body.content_type.clone(), text(body))),
        }
    }
}

/// Whether the client asks for `wanted` by name. A browser's `*/*` asks for nothing in particular.
fn accepts(request: &HeaderMap, wanted: &str) -> bool {
    request.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|range| {
            let media = range.split(';').next().unwrap_or_default().trim();
            media.eq_ignore_ascii_case(wanted)
        })
    })
}
