use std::collections::VecDeque;
use std::time::Duration;

use http::HeaderValue;
use http_body_util::{BodyExt, Full, Limited};

use super::*;

/// Longer than any test may take; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

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
async fn read(mut body: HeldBody<Pieces>) -> (String, Option<HeaderMap>, Option<String>) {
    let (mut text, mut trailers) = (String::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => text.push_str(std::str::from_utf8(&data).unwrap()),
            Ok(Err(frame)) => trailers = frame.into_trailers().ok(),
            Err(failure) => return (text, trailers, Some(failure.to_string())),
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
        let Held::Bytes(seen) = held.hold(limit, None).await else { panic!("{name}") };
        assert_eq!(held.size_hint().lower(), held.held.len() as u64, "{name}: still to come");
        let nothing = untouched.0.is_empty() && untouched.1.is_none();
        assert_eq!(held.is_end_stream(), nothing, "{name}: a reader may stop here");
        if seen.len() > limit {
            assert!(untouched.0.as_bytes().starts_with(&seen), "{name}");
        } else {
            assert_eq!(seen, untouched.0, "{name}");
        }
        assert_eq!(read(held).await, untouched, "{name}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_the_limit_and_one_frame() {
    let mut held = body([Data("abc"), Data("def"), Data("ghi")]);
    let Held::Bytes(seen) = held.hold(3, None).await else { panic!("nothing is wrong with it") };
    assert_eq!((seen, &held.held), ("abcdef".into(), &"abcdef".into()));
    assert_eq!(held.rest.0.len(), 1);
}

#[tokio::test]
async fn a_body_that_broke_off_does_not_end_well_for_the_handler() {
    let mut held = body([Data("ab"), Data("c"), Failure("reset")]);
    assert!(matches!(held.hold(10, None).await, Held::Broken));
    assert!(!held.is_end_stream());
    assert_eq!(read(held).await, ("abc".to_owned(), None, Some("reset".to_owned())));
}

#[tokio::test]
async fn tiny_and_empty_frames_cost_no_more_than_their_bytes() {
    const COUNT: usize = 20_000;
    let mut held = body((0..COUNT).flat_map(|_| [Data("x"), Data("")]));
    let Held::Bytes(seen) = held.hold(COUNT, None).await else { panic!("it is whole") };
    assert_eq!(seen.len(), COUNT);
    let frame = held.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame.len(), COUNT, "one buffer holds it all");
}

#[tokio::test]
async fn a_single_frame_is_not_copied() {
    let original = Bytes::from(vec![b'x'; 1000]);
    let mut held = HeldBody::untouched(Full::new(original.clone()));
    let Held::Bytes(seen) = held.hold(1000, None).await else { panic!("that is all") };
    assert_eq!(seen.as_ptr(), original.as_ptr());
    let handed_on = held.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(handed_on.as_ptr(), original.as_ptr());
}

#[test]
fn nothing_of_the_body_is_in_the_debug_text() {
    let held = HeldBody { held: Bytes::from_static(b"password"), ..body([]) };
    assert!(!format!("{held:?}").contains("passw"));
}

/// Between a body that has nothing more to say and one that never stops saying nothing.
#[tokio::test]
async fn a_deadline_ends_the_waiting_for_silence_and_for_chatter() {
    struct Endless(Poll<()>);
    impl Body for Endless {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            self.0.map(|()| Some(Ok(Frame::data(Bytes::new()))))
        }
    }
    for (name, says) in [("silence", Poll::Pending), ("chatter", Poll::Ready(()))] {
        let mut asked = 0;
        let deadline = std::future::poll_fn(move |context| {
            asked += 1;
            context.waker().wake_by_ref();
            if asked > 3 { Poll::Ready(()) } else { Poll::Pending }
        });
        let mut held = HeldBody::untouched(Endless(says));
        let holding = held.hold(10, Some(Box::pin(deadline)));
        let came_of_it = tokio::time::timeout(PATIENCE, holding).await.expect("it waits for ever");
        assert!(matches!(came_of_it, Held::Late), "{name}");
    }
}

/// Whatever has put the limit's error into its own on the way.
#[tokio::test]
async fn a_limit_around_the_layer_is_told_from_a_broken_connection() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot read on")]
    struct Wrapped(#[source] BoxError);

    let limited = |size: usize| Limited::new(Full::new(Bytes::from(vec![b'x'; size])), 10);
    let wrapped = BodyExt::map_err(limited(11), |error| Wrapped(Box::new(Wrapped(error))));
    let reset = BodyExt::map_err(Pieces([Failure("reset")].into()), |text| Wrapped(text.into()));
    for (name, held, expected) in [
        ("bare", hold(limited(11)).await, "too long"),
        ("in axum's", hold(axum::body::Body::new(limited(11))).await, "too long"),
        ("wrapped twice", hold(wrapped).await, "too long"),
        ("small enough", hold(limited(10)).await, "whole"),
        ("another error", hold(reset).await, "broken"),
    ] {
        assert_eq!(held, expected, "{name}");
    }
}

async fn hold<B>(body: B) -> &'static str
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    match HeldBody::untouched(body).hold(100, None).await {
        Held::Bytes(_) => "whole",
        Held::Broken => "broken",
        Held::TooLong => "too long",
        Held::Late => "late",
    }
}

/// As some streams do, it minds being asked after its end.
struct Once(Option<Bytes>, bool);

impl Body for Once {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        assert!(!self.1, "asked again after the end");
        let data = self.0.take();
        self.1 = data.is_none();
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }
}

#[tokio::test]
async fn a_body_is_not_asked_again_after_its_end() {
    let once = || HeldBody::untouched(Once(Some(Bytes::from_static(b"a=b")), false));
    let mut held = once();
    assert!(matches!(held.hold(10, None).await, Held::Bytes(_)));
    assert!(held.discard(10, None).await, "it has been read");
    assert_eq!(held.collect().await.unwrap().to_bytes(), "a=b");
    let mut forgotten = once();
    assert!(forgotten.discard(10, None).await);
    assert!(forgotten.discard(10, None).await);
    assert!(forgotten.frame().await.is_none());
}

#[tokio::test]
async fn no_more_is_discarded_than_the_limit() {
    for (pieces, limit, is_all) in [
        (vec![Data("123"), Data("45"), Trailers], 5, true),
        (vec![Data("123"), Data("456")], 5, false),
        (vec![Data("123"), Failure("gone")], 5, false),
    ] {
        assert_eq!(body(pieces).discard(limit, None).await, is_all, "{limit}");
    }
    let mut announced = HeldBody::untouched(Full::from("123456"));
    assert!(!announced.discard(5, None).await);
    assert_eq!(announced.collect().await.unwrap().to_bytes(), "123456", "none of it was read");
    let mut given_up = body([Data("123"), Data("456"), Data("789")]);
    assert!(matches!(given_up.hold(4, None).await, Held::Bytes(_)));
    assert!(!given_up.discard(100, None).await);
}
