use std::collections::VecDeque;

use http::HeaderValue;
use http_body_util::BodyExt;

use super::*;

#[derive(Clone)]
enum Piece {
    Data(&'static str),
    Trailers,
    Failure(&'static str),
}
use Piece::{Data, Failure, Trailers};

/// A body of given frames, as no server cuts it.
struct Pieces(VecDeque<Piece>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front().map(|piece| match piece {
            Data(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            Trailers => Ok(Frame::trailers(HeaderMap::from_iter([(
                http::header::ETAG,
                HeaderValue::from_static("\"sum\""),
            )]))),
            Failure(failure) => Err(failure),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

fn body(pieces: impl IntoIterator<Item = Piece>) -> HeldBody<Pieces> {
    HeldBody::untouched(Pieces(pieces.into_iter().collect()))
}

/// What a handler reads: all data, the trailers, and whether the body broke off.
async fn read(mut body: HeldBody<Pieces>) -> (String, Option<HeaderMap>, Option<&'static str>) {
    let (mut text, mut trailers) = (String::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => text.push_str(std::str::from_utf8(&data).unwrap()),
            Ok(Err(frame)) => trailers = frame.into_trailers().ok(),
            Err(failure) => return (text, trailers, Some(failure)),
        }
    }
    (text, trailers, None)
}

#[tokio::test]
async fn what_was_held_is_handed_on_whole() {
    for (name, frames, limit) in [
        ("empty", vec![], 10),
        ("one frame", vec![Data("abc")], 10),
        ("several frames", vec![Data("a"), Data("bc"), Data("d")], 10),
        ("trailers", vec![Data("a"), Data("b"), Trailers], 10),
        ("trailers alone", vec![Trailers], 10),
        ("cut at the limit", vec![Data("abc"), Data("def"), Data("ghi"), Trailers], 4),
        ("nothing may be held", vec![Data("abc"), Data("def")], 0),
        ("empty frames between", vec![Data(""), Data("a"), Data(""), Data("b")], 10),
    ] {
        let untouched = read(body(frames.clone())).await;
        let mut held = body(frames);
        let beginning = held.hold(limit).await;
        assert_eq!(held.size_hint().lower(), held.held.len() as u64, "{name}: still to come");
        let nothing = untouched.0.is_empty() && untouched.1.is_none();
        assert_eq!(held.is_end_stream(), nothing, "{name}: a reader may stop here");
        match beginning {
            Beginning::Whole(seen) => assert_eq!(seen, untouched.0, "{name}"),
            Beginning::Part(seen) => assert_eq!(seen, untouched.0[..limit], "{name}"),
            Beginning::Broken => panic!("{name}"),
        }
        assert_eq!(read(held).await, untouched, "{name}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_the_limit_and_one_frame() {
    let mut held = body([Data("abc"), Data("def"), Data("ghi")]);
    let Beginning::Part(seen) = held.hold(3).await else { panic!("there is more") };
    assert_eq!(seen, "abc");
    assert_eq!(held.held, "abcdef");
    assert_eq!(held.rest.0.len(), 1);
}

#[tokio::test]
async fn a_body_that_broke_off_does_not_end_well_for_the_handler() {
    let mut held = body([Data("ab"), Data("c"), Failure("reset")]);
    assert!(matches!(held.hold(10).await, Beginning::Broken));
    assert!(!held.is_end_stream());
    assert_eq!(read(held).await, ("abc".to_owned(), None, Some("reset")));
}

#[tokio::test]
async fn tiny_and_empty_frames_cost_no_more_than_their_bytes() {
    const COUNT: usize = 20_000;
    let mut held = body((0..COUNT).flat_map(|_| [Data("x"), Data("")]));
    let Beginning::Whole(seen) = held.hold(COUNT).await else { panic!("not more than the limit") };
    assert_eq!(seen.len(), COUNT);
    let frame = held.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame.len(), COUNT, "one buffer holds it all");
}

#[tokio::test]
async fn a_single_frame_is_not_copied() {
    let original = Bytes::from(vec![b'x'; 1000]);
    let mut held = HeldBody::untouched(http_body_util::Full::new(original.clone()));
    let Beginning::Whole(seen) = held.hold(1000).await else { panic!("that is all") };
    assert_eq!(seen.as_ptr(), original.as_ptr());
    let handed_on = held.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(handed_on.as_ptr(), original.as_ptr());
}

#[test]
fn nothing_of_the_body_is_in_the_debug_text() {
    let held = HeldBody { held: Bytes::from_static(b"password"), ..body([]) };
    assert!(!format!("{held:?}").contains("passw"));
}
