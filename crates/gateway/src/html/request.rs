//! Which requests ask for a page, and what the app is asked for then.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

/// Whether a browser navigates to a page with this request. `POST` counts: its answer is often the
/// same form again, with what is wrong in it.
#[must_use]
pub(crate) fn is_wanted(request: &Parts) -> bool {
    let headers = &request.headers;
    matches!(request.method, Method::GET | Method::HEAD | Method::POST)
        && !headers.contains_key(RANGE)
        && !headers.contains_key(UPGRADE)
        && !words(headers, CONNECTION.as_str()).any(|word| word.eq_ignore_ascii_case("upgrade"))
        && fetch_metadata(headers, "sec-fetch-mode", &["navigate"])
        && fetch_metadata(
            headers,
            "sec-fetch-dest",
            &["document", "iframe", "frame", "fencedframe"],
        )
        && words(headers, ACCEPT.as_str()).any(accepts_html)
}

/// Changes a request that [`is_wanted`] before it goes to the app: the answer is to be a whole page,
/// not compressed, for a page with a token must not be joined with half of another.
pub(crate) fn ask_for_whole_page(headers: &mut HeaderMap) {
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_RANGE, RANGE] {
        headers.remove(name);
    }
}

fn words<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Old browsers send no Fetch Metadata.
fn fetch_metadata(headers: &HeaderMap, name: &str, expected: &[&str]) -> bool {
    headers.get(name).is_none_or(|said| expected.iter().any(|word| said == *word))
}

fn accepts_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("text/html"));
    named
        && !parts.any(|parameter| {
            let weight = parameter.strip_prefix(['q', 'Q']).and_then(|rest| rest.strip_prefix('='));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
        })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const BROWSER: (&str, &str) =
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

    fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/page");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn navigations_are_wanted_and_nothing_else() {
        for (name, method, headers, wanted) in [
            ("a navigation", "GET", vec![BROWSER], true),
            ("its head", "HEAD", vec![BROWSER], true),
            ("a form's answer", "POST", vec![BROWSER], true),
            ("another method", "PUT", vec![BROWSER], false),
            ("a tool that takes anything", "GET", vec![("accept", "*/*")], false),
            ("no accept", "GET", vec![], false),
            ("html refused", "GET", vec![("accept", "text/html;q=0, */*")], false),
            ("html with a weight", "GET", vec![("accept", "text/html; level=1; q=0.1")], true),
            ("a piece", "GET", vec![BROWSER, ("range", "bytes=0-1")], false),
            ("a handshake", "GET", vec![BROWSER, ("upgrade", "websocket")], false),
            ("fetch()", "GET", vec![BROWSER, ("sec-fetch-mode", "cors")], false),
            ("a frame", "GET", vec![BROWSER, ("sec-fetch-dest", "iframe")], true),
            ("a picture", "GET", vec![BROWSER, ("sec-fetch-dest", "image")], false),
            (
                "a modern navigation",
                "GET",
                vec![BROWSER, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                true,
            ),
        ] {
            assert_eq!(is_wanted(&head(method, &headers)), wanted, "{name}");
        }
    }

    #[test]
    fn the_app_is_asked_for_the_whole_page() {
        let mut request = head(
            "GET",
            &[
                BROWSER,
                ("accept-encoding", "br"),
                ("if-none-match", "\"x\""),
                ("if-range", "\"x\""),
            ],
        );
        ask_for_whole_page(&mut request.headers);
        assert_eq!(request.headers.len(), 2);
        assert_eq!(request.headers[ACCEPT_ENCODING], "identity");
    }
}
