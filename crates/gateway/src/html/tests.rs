mod chunks;
mod forms;
mod head;
mod stream;

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body, Frame};

use super::{Page, Rewritable, Rewritten, ScriptTag, Tokens, page_url};

const TOKEN: &str = "tok3n";
const FIELD: &str = r#"<input type="hidden" name="csrf" value="tok3n" data-csrf>"#;
const LIMIT: usize = 1 << 20;

/// Only fields: what most tests are about.
fn fields() -> Page {
    Page {
        url: page_url("https", "app.example", "/shop/page?x=1").unwrap(),
        field: "csrf".into(),
        header: "X-Csrf".into(),
        tokens: Tokens::Shared(TOKEN.into()),
        fields: true,
        meta: false,
        script: None,
    }
}

/// Everything that a page can get.
fn all() -> Page {
    let page = fields();
    let script = ScriptTag::permitted("/.countersign/csrf.js", &page.url, &HeaderMap::new());
    Page { meta: true, script, ..page }
}

fn kind(content_type: &'static str, limit: usize) -> Rewritable {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    Rewritable::of(StatusCode::OK, &headers, limit).unwrap()
}

fn html() -> Rewritable {
    kind("text/html; charset=utf-8", LIMIT)
}

/// A body of frames that are there already.
struct Pieces(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl Pieces {
    fn of(pieces: &[&[u8]]) -> Self {
        Self(pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// All frames that come out of a body.
fn frames(body: Rewritten<Pieces>) -> Vec<Result<Frame<Bytes>, &'static str>> {
    let mut body = std::pin::pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    let mut frames = Vec::new();
    while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut context) {
        frames.push(frame);
    }
    frames
}

/// What comes out of a page that goes in in these pieces.
fn rewrite_pieces(page: Page, kind: Rewritable, pieces: &[&[u8]]) -> Vec<u8> {
    let frames = frames(Rewritten::new(Pieces::of(pieces), page, kind));
    frames.into_iter().flat_map(|frame| frame.unwrap().into_data().unwrap()).collect()
}

fn rewrite(page: Page, text: &str) -> String {
    String::from_utf8(rewrite_pieces(page, html(), &[text.as_bytes()])).unwrap()
}

/// A page in which `{field}` stands where the field must come, and only there.
fn with_field(text: &str) -> (String, String) {
    (text.replace("{field}", ""), text.replace("{field}", FIELD))
}
