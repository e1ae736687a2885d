//! What a page is given.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

use http::HeaderMap;
use url::Url;

use super::attribute::escape;
use super::csp;

/// What is placed in one page.
#[derive(Clone)]
pub(crate) struct Page {
    /// Where the browser finds the page. Actions of forms are resolved against it.
    pub(crate) url: Url,
    /// The name of the hidden field.
    pub(crate) field: String,
    /// The header in which scripts send the token.
    pub(crate) header: String,
    /// What the page may use up.
    pub(crate) tokens: Tokens,
    /// Whether forms get a hidden field.
    pub(crate) fields: bool,
    /// Whether the page gets `<meta name="csrf-token">` and its kin. The script needs them.
    pub(crate) meta: bool,
    /// The script, where the page may load it.
    pub(crate) script: Option<ScriptTag>,
}

/// The tokens that a page is given.
#[derive(Clone)]
pub(crate) enum Tokens {
    /// One (masked) token, which each form may carry.
    Shared(String),
    /// One-time tickets. Each form takes one, and the script; once they are used up, further forms
    /// get none.
    OneTime(VecDeque<String>),
}

/// A script tag that the page's policies let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptTag {
    src: String,
    nonce: Option<String>,
}

/// The URL of a page, of what the browser asked for. `None` if that is no URL of the web.
#[must_use]
pub(crate) fn page_url(scheme: &str, authority: &str, path_and_query: &str) -> Option<Url> {
    let url = Url::parse(&format!("{scheme}://{authority}{path_and_query}")).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

impl ScriptTag {
    /// The tag for the script at the path `src` of the page's own origin, or `None` if a
    /// `Content-Security-Policy` of the response would block it.
    #[must_use]
    pub(crate) fn permitted(src: &str, page: &Url, response: &HeaderMap) -> Option<Self> {
        let script = page.join(src).ok().filter(|url| url.origin() == page.origin())?;
        let nonce = csp::permits_script(response, page, &script)?;
        Some(Self { src: src.to_owned(), nonce })
    }
}

impl Tokens {
    pub(super) fn take(&mut self) -> Option<String> {
        match self {
            Self::Shared(token) => Some(token.clone()),
            Self::OneTime(tickets) => tickets.pop_front(),
        }
    }
}

impl Page {
    /// The hidden field, taking a token. By the mark the script knows it from an app's own field.
    pub(super) fn hidden_field(&mut self) -> Option<String> {
        let token = self.tokens.take()?;
        let (name, value) = (escape(&self.field), escape(&token));
        Some(format!(r#"<input type="hidden" name="{name}" value="{value}" data-csrf>"#))
    }

    /// What goes to the head, taking a token.
    pub(super) fn head(&mut self) -> String {
        let mut head = String::new();
        if self.meta
            && let Some(token) = self.tokens.take()
        {
            let once = if matches!(self.tokens, Tokens::OneTime(_)) { " data-once" } else { "" };
            let (token, header) = (escape(&token), escape(&self.header));
            let _ = write!(head, r#"<meta name="csrf-token" content="{token}"{once}>"#);
            let _ = write!(head, r#"<meta name="csrf-header" content="{header}">"#);
            if self.fields {
                let field = escape(&self.field);
                let _ = write!(head, r#"<meta name="csrf-param" content="{field}">"#);
            }
        }
        if let Some(ScriptTag { src, nonce }) = &self.script {
            let _ = write!(head, r#"<script src="{}" defer"#, escape(src));
            if let Some(nonce) = nonce {
                let _ = write!(head, r#" nonce="{}""#, escape(nonce));
            }
            head.push_str("></script>");
        }
        head
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared(_) => f.write_str("Shared(..)"),
            Self::OneTime(tickets) => write!(f, "OneTime({} left)", tickets.len()),
        }
    }
}

impl fmt::Debug for Page {
    /// Without the URL, whose query may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("field", &self.field)
            .field("header", &self.header)
            .field("tokens", &self.tokens)
            .field("fields", &self.fields)
            .field("meta", &self.meta)
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}
