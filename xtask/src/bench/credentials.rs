//! A session and a token, fetched from the gateway as a browser gets them: out of a page.

use std::net::SocketAddr;

use super::case::{Case, Request};
use super::probe;
use crate::Result;

/// The public origin in the gateway's configuration.
const ORIGIN: &str = "http://app.example";
const HOST: &str = "app.example";
/// The hidden field's name in the standard dialect.
const FIELD: &str = "name=\"csrf_token\"";

/// What Chromium sends besides, in all of its requests,
const BROWSER: &[(&str, &str)] = &[
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "http://app.example/page"),
];
/// in those of scripts,
const SCRIPT: &[(&str, &str)] = &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")];
/// and where it goes to another page.
const NAVIGATION: &[(&str, &str)] = &[
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-User", "?1"),
    ("Upgrade-Insecure-Requests", "1"),
];

/// How a request of the app's own pages comes about.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum SentBy {
    /// A script reads something.
    ScriptGet,
    /// A script sends something, with the token in a header.
    ScriptPost,
    /// A link.
    Link,
    /// A form, with the token in a field.
    Form,
}

/// What a browser on the page has.
#[derive(Clone)]
pub(crate) struct Credentials {
    cookie: String,
    pub(crate) token: String,
    pub(crate) browser_headers: bool,
}

impl Credentials {
    pub(crate) const fn new(cookie: String, token: String) -> Self {
        Self { cookie, token, browser_headers: false }
    }

    /// Visits the page as a browser does that has never been here.
    pub(crate) fn fetch(gateway: SocketAddr) -> Result<Self> {
        let newcomer = Self::new("theme=dark".to_owned(), String::new());
        let mut response = probe::send(gateway, &Case::Page.request(&newcomer))?;
        let cookie = response
            .headers()
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
            .ok_or("the gateway sets no session cookie on `/page`")?;
        let page = response.body_mut().read_to_string()?;
        let token = hidden_token(&page).ok_or("the gateway writes no hidden field into `/page`")?;
        Ok(Self::new(cookie, token.to_owned()))
    }

    /// The same session with a token that differs in one letter.
    pub(crate) fn spoiled(&self) -> Self {
        let middle = self.token.len() / 2;
        let token = self.token.char_indices().map(|(at, letter)| match letter {
            'A' if at == middle => 'B',
            _ if at == middle => 'A',
            letter => letter,
        });
        Self { token: token.collect(), ..self.clone() }
    }

    /// What a browser says in such a request beside what it is about.
    pub(crate) fn headers(&self, sent_by: SentBy) -> Vec<(&'static str, String)> {
        let is_script = matches!(sent_by, SentBy::ScriptGet | SentBy::ScriptPost);
        let mut headers = vec![
            ("Host", HOST.to_owned()),
            ("Accept", if is_script { "*/*" } else { "text/html,*/*;q=0.8" }.to_owned()),
            ("Cookie", self.cookie.clone()),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
        ];
        if matches!(sent_by, SentBy::ScriptPost | SentBy::Form) {
            headers.push(("Origin", ORIGIN.to_owned()));
        }
        if sent_by == SentBy::ScriptPost {
            headers.push(("X-CSRF-Token", self.token.clone()));
        }
        if self.browser_headers {
            let others = BROWSER.iter().chain(if is_script { SCRIPT } else { NAVIGATION });
            headers.extend(others.map(|(name, value)| (*name, (*value).to_owned())));
        }
        headers
    }
}

/// Sends each POST as it will be measured, and with a spoiled token, to who is to judge it: a
/// proxy that lets both through would be quick for the wrong reason.
pub(crate) fn prove(
    who: &str,
    address: SocketAddr,
    credentials: &Credentials,
    cases: &[Case],
) -> Result<()> {
    let expect = |request: &Request, what: &str, expected: u16| -> Result<()> {
        let status = probe::status(address, request)?;
        if status == expected {
            return Ok(());
        }
        Err(format!(
            "{who} answers {status} to {} {} with {what}, {expected} was expected: there is nothing to measure",
            request.method, request.path
        )
        .into())
    };
    for case in cases {
        expect(&case.request(credentials), "a good token", 200)?;
        expect(&case.request(&credentials.spoiled()), "a spoiled token", 403)?;
    }
    Ok(())
}

fn hidden_token(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once(FIELD)?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = tag.split_once("value=\"")?;
    value.split('"').next().filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_pages() {
        for (name, page, expected) in [
            ("a field", r#"<input type="hidden" name="csrf_token" value="abc">"#, Some("abc")),
            ("another field's value", r#"<input name="csrf_token"><input value="abc">"#, None),
            ("no field", "<form></form>", None),
        ] {
            assert_eq!(hidden_token(page), expected, "{name}");
        }
    }

    #[test]
    fn a_spoiled_token_differs_in_one_letter() {
        for token in ["xxxxxx", "AAAAAA"] {
            let spoiled = Credentials::new(String::new(), token.to_owned()).spoiled().token;
            let different = token.bytes().zip(spoiled.bytes()).filter(|(a, b)| a != b).count();
            assert_eq!((different, spoiled.len()), (1, token.len()), "{token}");
        }
    }
}
