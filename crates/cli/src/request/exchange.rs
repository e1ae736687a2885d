//! `--show-exchange`: each request and each response, as it goes over the wire.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign::ClientDocument;
use countersign_client::Jar;
use countersign_client::reqwest::cookie::CookieStore;
use countersign_client::reqwest::header::{
    ACCEPT, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderValue, USER_AGENT,
};
use countersign_client::reqwest::{Request, Response, Url};
use countersign_client::reqwest_middleware::{Middleware, Next, Result};
use http::Extensions;

use super::mask::Mask;
use super::printable;
use crate::output::{BAD, DIM, GOOD, NAME, STRONG};

/// The last middleware before the wire.
#[derive(Clone)]
pub(super) struct Exchange {
    jar: Arc<Jar>,
    mask: Arc<Mutex<Mask>>,
}

impl Exchange {
    pub(super) fn new(jar: Arc<Jar>) -> Self {
        Self { jar, mask: Arc::default() }
    }

    /// Learns which headers hold tokens.
    pub(super) fn know(&self, document: &ClientDocument) {
        *self.mask() = Mask::of(document);
    }

    fn mask(&self) -> MutexGuard<'_, Mask> {
        self.mask.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what reqwest would add on its own, so that what is shown is what is sent.
    fn complete(&self, request: &mut Request) {
        let (cookies, length) = (
            self.jar.cookies(request.url()),
            request.body().and_then(|body| http_body::Body::size_hint(body).exact()),
        );
        let headers = request.headers_mut();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!(
            "countersign/",
            env!("CARGO_PKG_VERSION")
        )));
        if let Some(cookies) = cookies {
            headers.entry(COOKIE).or_insert(cookies);
        }
        if let Some(length) = length {
            headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
    }

    fn lines(&self, arrow: char, headers: &HeaderMap) -> String {
        let mask = self.mask();
        let mut text = String::new();
        for (name, value) in headers {
            let value = printable(&String::from_utf8_lossy(value.as_bytes()));
            let shown = mask.apply(name, &value);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{DIM}{arrow}{DIM:#} {NAME}{name}{NAME:#}: {shown}");
        }
        text
    }
}

#[async_trait]
impl Middleware for Exchange {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        self.complete(&mut request);
        let (method, url) = (request.method(), request.url());
        let target = target(url);
        let first = format!("{DIM}>{DIM:#} {STRONG}{method} {target}{STRONG:#} HTTP/1.1\n");
        let host = format!("{DIM}>{DIM:#} {NAME}host{NAME:#}: {}\n", host(url));
        print(&[first, host, self.lines('>', request.headers()), "\n".to_owned()]);

        let response = next.run(request, extensions).await?;
        let status = response.status();
        self.mask().note(response.headers());
        let style = if status.as_u16() < 400 { GOOD } else { BAD };
        let first = format!("{DIM}<{DIM:#} {:?} {style}{status}{style:#}\n", response.version());
        print(&[first, self.lines('<', response.headers()), "\n".to_owned()]);
        Ok(response)
    }
}

fn target(url: &Url) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", url.path())
}

fn host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

fn print(parts: &[String]) {
    use std::io::Write;
    // Where nobody reads along, the request goes on all the same.
    let _ = anstream::stderr().lock().write_all(parts.concat().as_bytes());
}
