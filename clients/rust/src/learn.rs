//! Rule 6: what a response says about tokens.

use std::cmp::Reverse;

use countersign::{ClientDocument, Obtain, TokenSource};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method};
use reqwest::Url;

use crate::answer::Answer;
use crate::source::{self, single, wants_body};
use crate::token::Token;

/// What is new.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub(crate) tokens: Vec<Token>,
    /// The header that carries tokens from now on.
    pub(crate) header: Option<HeaderName>,
}

impl Learned {
    fn add(&mut self, tokens: Vec<Token>) {
        for token in tokens {
            if !self.tokens.contains(&token) {
                self.tokens.push(token);
            }
        }
    }
}

/// What a response to `method` and `url` brings.
pub(crate) fn learn(
    document: &ClientDocument,
    method: &Method,
    url: &Url,
    answer: &Answer<'_>,
) -> Learned {
    let mut learned = delivered(document, answer);
    // An error page is no token, whatever it looks like.
    if (200..300).contains(&answer.status) {
        let brought = answering(document, method, url)
            .into_iter()
            .map(|obtain| source::tokens(&obtain.from, answer))
            .find(|tokens| !tokens.is_empty());
        learned.add(brought.unwrap_or_default());
    }
    learned
}

/// What a refusal says that should have been sent.
pub(crate) fn learn_from_refusal(document: &ClientDocument, answer: &Answer<'_>) -> Learned {
    let tokens = document.refusal.token.as_ref().map(|from| source::tokens(from, answer));
    Learned { tokens: tokens.unwrap_or_default(), header: None }
}

/// Whether a token may be in the body of a response to `method` and `url`, so that it must be read
/// before the caller has it.
pub(crate) fn body_may_hold(
    document: &ClientDocument,
    method: &Method,
    url: &Url,
    headers: &HeaderMap,
) -> bool {
    // Of a dialect that looks for its token in any page, downloads and event streams are none of it.
    let is_page = single(headers, &CONTENT_TYPE).is_none_or(|kind| kind.contains("html"));
    answering(document, method, url).iter().any(|obtain| match obtain.from {
        TokenSource::Meta(_) | TokenSource::Input(_) => is_page,
        ref from => wants_body(from),
    })
}

fn delivered(document: &ClientDocument, answer: &Answer<'_>) -> Learned {
    let mut learned = Learned::default();
    for (name, template) in &document.deliver {
        let value = single(answer.headers, name.name());
        // The mark of a refusal stands where a token would: `X-CSRF-Token: Required`.
        let mark = document.refusal.headers.get(name);
        let marked = mark.zip(value).is_some_and(|(mark, value)| value.eq_ignore_ascii_case(mark));
        match (template.as_str(), value) {
            ("{header}", Some(named)) => {
                let Some(header) = carrier(named) else { continue };
                let token = single(answer.headers, &header).and_then(Token::new);
                // What the server names comes before what the document knows.
                learned.tokens.splice(0..0, token.into_iter().collect::<Vec<_>>());
                learned.header = Some(header);
            }
            ("{token}", Some(text)) if !marked => {
                learned.add(Token::new(text).into_iter().collect());
            }
            _ => {}
        }
    }
    learned
}

/// A header's name that a server may choose: none that has a meaning of its own in a request.
fn carrier(name: &str) -> Option<HeaderName> {
    const TAKEN: [&str; 13] = [
        "accept",
        "authorization",
        "connection",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let text = name.as_str();
    let family = ["content-", "proxy-", "sec-"].iter().any(|start| text.starts_with(start));
    (!family && !TAKEN.contains(&text)).then_some(name)
}

/// The obtains that this request is, the one that says the most first: `/token?json=true` is not
/// `/token`.
fn answering<'d>(document: &'d ClientDocument, method: &Method, url: &Url) -> Vec<&'d Obtain> {
    let fits = |obtain: &&Obtain| is_request(&obtain.request, method, url);
    let mut fitting: Vec<&Obtain> = document.obtain.iter().filter(fits).collect();
    fitting.sort_by_key(|obtain| Reverse(obtain.request.contains('?')));
    // One that names the query leaves nothing to those that do not.
    if fitting.first().is_some_and(|first| first.request.contains('?')) {
        fitting.retain(|obtain| obtain.request.contains('?'));
    }
    fitting
}

/// Whether `written` (`GET /token?json=true`, `HEAD *`) is a request with this method to this URL.
pub(crate) fn is_request(written: &str, method: &Method, url: &Url) -> bool {
    let Some((own, target)) = written.split_once(' ') else { return false };
    if own != method.as_str() {
        return false;
    }
    if target == "*" {
        return true;
    }
    // Read as a URL, so that both are written alike.
    let Some(target) = local(url, target) else { return false };
    target.path() == url.path() && (target.query().is_none() || target.query() == url.query())
}

/// A target of the document on the origin of `base`. `/\evil.example` is not there.
pub(crate) fn local(base: &Url, target: &str) -> Option<Url> {
    if !target.starts_with('/') {
        return None;
    }
    base.join(target).ok().filter(|url| crate::rules::same_origin(base, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_on_the_origin() {
        let base = Url::parse("https://app.example/x").unwrap();
        for (target, expected) in [
            ("/token", Some("https://app.example/token")),
            ("/a/../token?x=1", Some("https://app.example/token?x=1")),
            ("//evil.example/token", None),
            ("/\\evil.example/token", None),
            ("https://evil.example/token", None),
            ("token", None),
            ("/\t/evil.example", None),
        ] {
            assert_eq!(local(&base, target).as_ref().map(Url::as_str), expected, "{target}");
        }
    }

    #[test]
    fn a_server_chooses_no_header_that_means_something() {
        for (name, expected) in [
            ("X-Other", true),
            ("csrf", true),
            ("Host", false),
            ("Cookie", false),
            ("Content-Length", false),
            ("Transfer-Encoding", false),
            ("Sec-Fetch-Site", false),
            ("no header", false),
        ] {
            assert_eq!(carrier(name).is_some(), expected, "{name}");
        }
    }
}
