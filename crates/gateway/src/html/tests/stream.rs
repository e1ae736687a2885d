//! The body: pieces, limits, errors.

use http_body_util::BodyExt;
use http_body_util::channel::Channel;

use super::*;

const FORM: &str = "<form method=post></form>";

#[tokio::test]
async fn each_piece_goes_on_at_once() {
    let (mut sender, channel) = Channel::<Bytes>::new(1);
    let mut body = Rewritten::new(channel, fields(), html());
    for (sent, received) in [
        ("<p>first", "<p>first"),
        (" <b", " "),
        (">second</b><form method=post>", "<b>second</b><form method=post>"),
        ("</form>", &*format!("{FIELD}</form>")),
    ] {
        sender.send_data(Bytes::from_static(sent.as_bytes())).await.unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), received);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    assert!(body.is_end_stream());
}

#[test]
fn trailers_come_last() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("1"));
    let mut pieces = Pieces::of(&[b"<p>x</p><p unfinished"]);
    pieces.0.push_back(Ok(Frame::trailers(trailers.clone())));
    let mut frames = frames(Rewritten::new(pieces, fields(), html()));
    let last = frames.pop().unwrap().unwrap();
    assert_eq!(last.into_trailers().unwrap(), trailers);
    let data: Vec<u8> = frames.into_iter().flat_map(|f| f.unwrap().into_data().unwrap()).collect();
    assert_eq!(data, b"<p>x</p><p unfinished");
}

#[test]
fn a_page_that_breaks_off_does_not_look_complete() {
    let mut pieces = Pieces::of(&[b"<p>x</p><p unfinished"]);
    pieces.0.push_back(Err("connection reset"));
    let frames = frames(Rewritten::new(pieces, fields(), html()));
    assert_eq!(frames.last().unwrap().as_ref().unwrap_err(), &"connection reset");
}

#[test]
fn a_body_that_is_not_rewritten_passes_as_it_is() {
    let frames = frames(Rewritten::untouched(Pieces::of(&[FORM.as_bytes()])));
    assert_eq!(frames.len(), 1);
    assert_eq!(frames.into_iter().next().unwrap().unwrap().into_data().unwrap(), FORM);
}

#[test]
fn after_the_limit_the_rest_passes_untouched() {
    let page = FORM.repeat(3);
    let placed = FORM.replace("</", &format!("{FIELD}</"));
    for limit in 0..=page.len() {
        let whole = limit / FORM.len();
        let expected = placed.repeat(whole) + &FORM.repeat(3 - whole);
        for size in [1, 7, page.len()] {
            let pieces: Vec<&[u8]> = page.as_bytes().chunks(size).collect();
            let out = rewrite_pieces(fields(), kind("text/html", limit), &pieces);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{limit} by {size}");
        }
    }
}

#[test]
fn a_tag_too_large_to_hold_loses_no_byte() {
    let huge = format!("{FORM}<input title='{}'>{FORM}", "x".repeat(1 << 19));
    let expected = huge.replacen("</", &format!("{FIELD}</"), 1);
    let pieces: Vec<&[u8]> = huge.as_bytes().chunks(16_384).collect();
    let out = rewrite_pieces(fields(), html(), &pieces);
    assert!(out == expected.as_bytes(), "{} bytes, not {}", out.len(), expected.len());
}

#[test]
fn nesting_too_deep_to_hold_loses_no_byte() {
    let deep = format!("{FORM}{}{FORM}", "<b>".repeat(20_000));
    let expected = deep.replacen("</", &format!("{FIELD}</"), 1);
    let pieces: Vec<&[u8]> = deep.as_bytes().chunks(1000).collect();
    let out = rewrite_pieces(fields(), html(), &pieces);
    let without = String::from_utf8(out.clone()).unwrap().replace(FIELD, "");
    assert!(without == deep, "{} bytes, not {}", without.len(), deep.len());
    assert!(out.starts_with(&expected.as_bytes()[..FORM.len() + FIELD.len()]));
}

#[test]
fn encodings_in_which_markup_is_not_ascii_pass_untouched() {
    let utf16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.iter().copied().chain(FORM.encode_utf16().flat_map(unit)).collect()
    };
    let japanese = [b"\x1b$B<form method=post>\x1b(B".as_slice(), FORM.as_bytes()].concat();
    let marked = [b"\xff\xfe".as_slice(), FORM.as_bytes()].concat();
    for (name, page, kind) in [
        ("UTF-16, little end first", utf16(b"\xff\xfe", u16::to_le_bytes), html()),
        ("UTF-16, big end first", utf16(b"\xfe\xff", u16::to_be_bytes), html()),
        ("marked as UTF-16", marked, html()),
        ("ISO-2022-JP that no header names", japanese, kind("text/html", LIMIT)),
    ] {
        for size in [1, 2, 3, page.len()] {
            let pieces: Vec<&[u8]> = page.chunks(size).collect();
            assert_eq!(rewrite_pieces(fields(), kind, &pieces), page, "{name} by {size}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_stay_what_they_are() {
    let placed = FORM.replace("</", &format!("{FIELD}</"));
    for (name, junk, content_type) in [
        ("no UTF-8", b"\xff\x80\xc3".as_slice(), "text/html; charset=utf-8"),
        ("a byte like a mark", b"\xff", "text/html; charset=windows-1252"),
        ("Shift_JIS", b"\x83\x5c\x83\x7c", "text/html; charset=shift_jis"),
        ("with the mark of UTF-8", b"\xef\xbb\xbf", "text/html"),
        ("escapes in UTF-8", b"\x1b$B", "text/html; charset=utf-8"),
    ] {
        let page = [junk, FORM.as_bytes(), junk].concat();
        let expected = [junk, placed.as_bytes(), junk].concat();
        for size in [1, page.len()] {
            let pieces: Vec<&[u8]> = page.chunks(size).collect();
            let out = rewrite_pieces(fields(), kind(content_type, LIMIT), &pieces);
            assert_eq!(out, expected, "{name} by {size}");
        }
    }
}

#[test]
fn a_page_of_one_odd_byte() {
    assert_eq!(rewrite_pieces(fields(), html(), &[b"\xff"]), b"\xff");
    assert_eq!(rewrite_pieces(fields(), html(), &[]), b"");
    assert_eq!(rewrite_pieces(fields(), html(), &[b"", b"x", b""]), b"x");
}

#[test]
fn it_can_be_sent_between_threads() {
    const fn is_send<T: Send>() {}
    is_send::<Rewritten<Pieces>>();
}
