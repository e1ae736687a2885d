//! Requests as browsers and scripts send them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

/// What Chromium sends besides, in its order.
const BROWSER: [(&str, &str); 11] = [
    ("host", "app.example"),
    ("connection", "keep-alive"),
    ("sec-ch-ua", "\"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\""),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", "\"Linux\""),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/142.0.0.0 Safari/537.36",
    ),
    ("accept", "*/*"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9"),
];

const SESSION: (&str, &str) =
    ("cookie", "theme=dark; consent=all; session=5d1ccc96cbd7e7f290020aaedd64c1b3");

/// Reads of one's own page: 13 headers.
#[must_use]
pub fn get() -> Request<()> {
    browser(Method::GET, &[("sec-fetch-site", "same-origin"), SESSION])
}

/// Writes of one's own page: 15 headers.
#[must_use]
pub fn same_origin_post() -> Request<()> {
    browser(
        Method::POST,
        &[
            ("content-type", "application/json"),
            ("origin", "https://app.example"),
            ("sec-fetch-site", "same-origin"),
            SESSION,
        ],
    )
}

/// The same from a page of somebody else's.
#[must_use]
pub fn cross_site_post() -> Request<()> {
    browser(
        Method::POST,
        &[
            ("content-type", "text/plain"),
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            SESSION,
        ],
    )
}

/// A script's request, which says nothing of where it comes from: 7 headers and those given.
#[must_use]
pub fn script(method: Method, path: &str, own: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    // Paths in benchmarks are literals; one that were none would be the root.
    *request.uri_mut() = path.parse().unwrap_or_default();
    let usual = [
        ("host", "app.example"),
        ("user-agent", "python-requests/2.32.5"),
        ("accept-encoding", "gzip, deflate"),
        ("accept", "*/*"),
        ("connection", "keep-alive"),
        ("content-length", "88"),
        ("content-type", "application/json"),
    ];
    fill(&mut request, usual.iter().chain(own));
    request
}

fn browser(method: Method, own: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::from_static("/account/settings?tab=profile");
    fill(&mut request, BROWSER.iter().chain(own));
    request
}

/// All values share one buffer, as after hyper has read them.
fn fill<'a>(request: &mut Request<()>, headers: impl Iterator<Item = &'a (&'a str, &'a str)>) {
    let headers: Vec<_> = headers.collect();
    let buffer: String = headers.iter().map(|(_, value)| *value).collect();
    let mut rest = Bytes::from(buffer);
    for (name, value) in headers {
        let shared = rest.split_to(value.len());
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_maybe_shared(shared))
        {
            request.headers_mut().append(name, value);
        }
    }
}
