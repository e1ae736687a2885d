//! Requests as text.

use http::Request;

/// Reads HTTP/1.1 text with bare newlines; the body begins behind the first empty line.
pub(crate) fn request(text: &str) -> Request<Vec<u8>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(head.as_bytes()).unwrap_or_else(|error| panic!("{error}: {head}"));
    assert!(status.is_complete(), "not a whole head: {head}");
    let mut request = Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap());
    for header in parsed.headers {
        request = request.header(header.name, header.value);
    }
    request.body(body.as_bytes().to_vec()).unwrap()
}
