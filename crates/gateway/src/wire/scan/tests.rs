use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Place, Fault> {
    let mut scan = Scan::new();
    scan.read(text.as_bytes()).map(|()| scan.place())
}

#[test]
fn ordinary_messages_pass_and_end_where_they_end() {
    for (text, place) in [
        ("", Place::Between),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Place::Between),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Place::Between),
        ("GET / HTTP/1.1\r\nHo", Place::Head),
        ("GET", Place::Head),
        ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", Place::Body),
        ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nb", Place::Between),
        ("POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n", Place::Between),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", Place::Body),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b\"\r\n\n\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            Place::Between,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\n", Place::Off),
    ] {
        assert_eq!(read(text), Ok(place), "{text:?}");
    }
}

#[test]
fn what_two_servers_might_read_differently_is_a_fault() {
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n") + body;
    for (text, fault) in [
        (post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), Fault::LengthAndEncoding),
        (post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), Fault::LengthAndEncoding),
        (post("Content-Length: 3\r\nContent-Length: 3\r\n"), Fault::BadLength),
        (post("Content-Length: 3\r\nContent-Length: 4\r\n"), Fault::BadLength),
        (post("Content-Length: 3, 3\r\n"), Fault::BadLength),
        (post("Content-Length: +3\r\n"), Fault::BadLength),
        (post("Content-Length:\r\n"), Fault::BadLength),
        (post("Content-Length: 99999999999999999999\r\n"), Fault::BadLength),
        (post("Transfer-Encoding: gzip, chunked\r\n"), Fault::BadEncoding),
        (post("Transfer-Encoding: identity\r\n"), Fault::BadEncoding),
        (post("Transfer-Encoding: xchunked\r\n"), Fault::BadEncoding),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Fault::BadEncoding),
        (post("X: a\r\n b\r\n"), Fault::FoldedLine),
        (post("X: a\rContent-Length: 3\r\n"), Fault::BareCarriageReturn),
        (post("X: a\n"), Fault::BareLineFeed),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(), Fault::BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(), Fault::BareLineFeed),
        (format!("GET /{} HTTP/1.1\n", "a".repeat(1000)), Fault::BareLineFeed),
        (chunked("3\nabc\r\n"), Fault::BareLineFeed),
        (chunked("x\r\n"), Fault::BadChunk),
        (chunked("\r\n"), Fault::BadChunk),
        (chunked("-1\r\n"), Fault::BadChunk),
        (chunked("11111111111111111\r\n"), Fault::BadChunk),
        (chunked("1\r\nab\r\n"), Fault::BadChunk),
    ] {
        assert_eq!(read(&text), Err(fault), "{text:?}");
    }
}

proptest! {
    /// However the network cuts a stream, the scan comes to the same.
    #[test]
    fn pieces_are_read_like_the_whole(
        cuts in prop::collection::vec(1_usize..40, 1..40),
        long in 0_usize..600,
        body in "[a-z\r\n]{0,40}",
        break_it in any::<bool>(),
    ) {
        let end = if break_it { "\n" } else { "\r\n" };
        let text = format!(
            "POST /{} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}POST / HTTP/1.1\r\nX: {}{end}\
             Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "p".repeat(long), body.len(), "v".repeat(long),
        );
        let whole = read(&text);
        prop_assert_eq!(whole, if break_it { Err(Fault::BareLineFeed) } else { Ok(Place::Between) });
        let mut scan = Scan::new();
        let mut rest = text.as_bytes();
        let mut came = Ok(());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() || came.is_err() { break; }
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            came = scan.read(piece);
            rest = after;
        }
        prop_assert_eq!(came.map(|()| scan.place()), whole);
    }

    /// Whatever is sent, nothing panics, and what is kept stays small.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut scan = Scan::new();
        let _ = scan.read(&bytes);
        prop_assert!(scan.line.len() <= KEPT);
    }
}
