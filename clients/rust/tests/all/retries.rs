//! Rules 3, 5 and 7: a header that is set stays, a refusal is answered with a new token, once.

use countersign_client::RepeatBody;
use countersign_client::reqwest::Body;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Server, answer, builder, document, ok, refusal};

/// Hands out `t1`, `t2`, ...; takes only those from `good` on.
async fn server(good: usize) -> Server {
    Server::start(move |asked, before| match asked.line().as_str() {
        "GET /token" => ok(format!("t{}", before + 1)),
        _ => {
            let number = asked.header("x-token").and_then(|text| text[1..].parse().ok());
            if number.is_some_and(|number: usize| number >= good) { ok("done") } else { refusal() }
        }
    })
    .await
}

#[tokio::test]
async fn a_read_goes_without_and_a_write_with_a_token() {
    let server = server(1).await;
    let session = server.session("{}").await;
    session.get("/read").send().await.unwrap();
    assert_eq!(session.post("/write").body("b").send().await.unwrap().status(), 200);
    assert_eq!(server.lines(), ["GET /read", "GET /token", "POST /write"]);
    let asked = server.asked();
    assert_eq!(asked[0].header("x-token"), None);
    assert_eq!(asked[2].header("x-token"), Some("t2"));
}

#[tokio::test]
async fn a_token_is_used_again() {
    let server = server(1).await;
    let session = server.session("{}").await;
    for _ in 0..3 {
        assert_eq!(session.post("/write").send().await.unwrap().status(), 200);
    }
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /token").count(), 1);
}

#[tokio::test]
async fn a_refused_request_is_sent_again_with_its_body_and_a_new_token() {
    let server = server(3).await;
    let session = server.session("{}").await;
    let response = session.post("/write?q").body("whole").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (200, "done")
    );
    assert_eq!(server.lines(), ["GET /token", "POST /write?q", "GET /token", "POST /write?q"]);
    let asked = server.asked();
    assert_eq!((asked[1].header("x-token"), asked[3].header("x-token")), (Some("t1"), Some("t3")));
    assert_eq!((&asked[1].body[..], &asked[3].body[..]), (&b"whole"[..], &b"whole"[..]));
}

#[tokio::test]
async fn the_second_refusal_is_the_answer_and_still_has_its_body() {
    let server = server(100).await;
    let session = server.session("{}").await;
    let response = session.post("/write").send().await.unwrap();
    assert_eq!(response.url().path(), "/write");
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (403, "csrf")
    );
    assert_eq!(server.lines(), ["GET /token", "POST /write", "GET /token", "POST /write"]);
}

#[tokio::test]
async fn the_same_token_once_more_is_not_worth_a_try() {
    let server = Server::start(|asked, _| match asked.line().as_str() {
        "GET /token" => ok("constant"),
        _ => refusal(),
    })
    .await;
    let session = server.session("{}").await;
    assert_eq!(session.post("/write").send().await.unwrap().status(), 403);
    assert_eq!(server.lines(), ["GET /token", "POST /write", "GET /token"]);
}

#[tokio::test]
async fn other_answers_are_not_tried_again() {
    for (status, body) in [(403, "not allowed"), (401, "csrf"), (500, "csrf"), (429, "")] {
        let server = Server::start(move |asked, _| match asked.line().as_str() {
            "GET /token" => ok("t1"),
            _ => answer(status, &[], body),
        })
        .await;
        let session = server.session("{}").await;
        let response = session.post("/write").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), body);
        assert_eq!(server.lines(), ["GET /token", "POST /write"], "{status} {body}");
    }
}

#[tokio::test]
async fn a_body_that_is_gone_is_not_sent_again() {
    let server = server(3).await;
    let session = server.session("{}").await;
    assert_eq!(session.post("/write").body(stream("once")).send().await.unwrap().status(), 403);
    assert_eq!(server.lines(), ["GET /token", "POST /write"]);
    assert_eq!(&server.asked()[1].body[..], b"once");
}

/// A stream, like that of a file.
fn stream(text: &'static str) -> Body {
    Body::wrap(http_body_util::StreamBody::new(futures_util::stream::once(async move {
        Ok::<_, std::convert::Infallible>(http_body::Frame::data(bytes::Bytes::from(text)))
    })))
}

#[tokio::test]
async fn a_stream_that_can_be_made_again_is_sent_again() {
    let server = server(3).await;
    let session = server.session("{}").await;
    let request = session.post("/write").header("x-own", "mine");
    let response = RepeatBody::new(|| stream("again")).put_on(request).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(server.lines(), ["GET /token", "POST /write", "GET /token", "POST /write"]);
    for (at, token) in [(1, "t1"), (3, "t3")] {
        let asked = &server.asked()[at];
        assert_eq!(&asked.body[..], b"again");
        assert_eq!((asked.header("x-own"), asked.header("x-token")), (Some("mine"), Some(token)));
    }
}

#[tokio::test]
async fn a_stream_that_can_be_made_again_follows_a_redirect() {
    let server = Server::start(|asked, _| match asked.uri.path() {
        "/token" => ok("t1"),
        "/kept" => answer(307, &[("location", "/end")], ""),
        "/dropped" => answer(303, &[("location", "/end")], ""),
        _ => ok("done"),
    })
    .await;
    let session = server.session("{}").await;
    for (path, expected) in [("/kept", "POST again"), ("/dropped", "GET ")] {
        let body = RepeatBody::new(|| stream("again"));
        body.put_on(session.post(path)).send().await.unwrap();
        let asked = server.asked().pop().unwrap();
        let body = std::str::from_utf8(&asked.body).unwrap();
        assert_eq!(
            (asked.uri.path(), format!("{} {body}", asked.method)),
            ("/end", expected.into())
        );
    }
}

#[tokio::test]
async fn a_header_that_the_caller_has_set_is_left_alone() {
    let server = server(100).await;
    let session = server.session("{}").await;
    for name in ["X-Token", "x-token", "X-TOKEN"] {
        let response = session.post("/write").header(name, "t7").send().await.unwrap();
        assert_eq!(response.status(), 403);
    }
    assert_eq!(server.lines(), ["POST /write"; 3]);
    assert!(server.asked().iter().all(|asked| asked.header("x-token") == Some("t7")));
}

#[tokio::test]
async fn a_refusal_that_names_the_token_needs_no_further_request() {
    let server = Server::start(|asked, _| match asked.header("x-token") {
        Some("right") => ok("done"),
        _ => answer(409, &[("X-Right-Token", "right")], "409: Conflict"),
    })
    .await;
    let session = server
        .session(
            r#"{"obtain": [], "refusal": {"status": 409, "contains": "409", "token": {"header": "X-Right-Token"}}}"#,
        )
        .await;
    assert_eq!(session.post("/rpc").send().await.unwrap().status(), 200);
    assert_eq!(session.post("/rpc").send().await.unwrap().status(), 200);
    assert_eq!(server.lines(), ["POST /rpc"; 3]);
}

#[tokio::test]
async fn without_a_token_the_servers_refusal_is_the_answer() {
    let server = Server::start(|asked, _| match asked.line().as_str() {
        "GET /token" => answer(500, &[], "oops"),
        _ => refusal(),
    })
    .await;
    let session = server.session("{}").await;
    let response = session.post("/write").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (403, "csrf")
    );
    assert_eq!(server.lines(), ["GET /token", "POST /write"]);
    assert_eq!(server.asked()[1].header("x-token"), None);
}

#[tokio::test]
async fn a_long_body_beside_a_refusals_status_arrives_whole() {
    let long = "x".repeat(3 << 20);
    let body = long.clone();
    let server = Server::start(move |asked, _| match asked.line().as_str() {
        "GET /token" => ok("t1"),
        _ => answer(403, &[], &body),
    })
    .await;
    let session = server.session("{}").await;
    let response = session.post("/write").send().await.unwrap();
    assert!(response.text().await.unwrap() == long, "the body is another one");
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_callers_credentials() {
    let server = server(1).await;
    let session = server.session("{}").await;
    let request = session.post("/write").header("cookie", "sid=of-the-caller");
    request.basic_auth("user", Some("password")).send().await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].line(), "GET /token");
    assert_eq!(asked[0].header("authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    assert_eq!(asked[0].header("cookie"), Some("sid=of-the-caller"));
}

/// As servers do that refuse before they have read the body: the connection is closed when the next
/// request is on it already.
#[tokio::test]
async fn a_token_is_fetched_over_another_connection_when_the_server_has_closed_this_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut lines = Vec::new();
        // What each connection answers, before it is closed on the request after that.
        for answers in [vec!["200 stale", "403 csrf"], vec!["200 fresh", "200 done"]] {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            for answer in answers {
                lines.push(request_line(&mut stream).await);
                let (status, body) = answer.split_once(' ').unwrap();
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.get_mut().write_all((head + body).as_bytes()).await.unwrap();
            }
            if lines.len() == 2 {
                lines.push(request_line(&mut stream).await);
            }
        }
        lines
    });
    let session = builder(&url).document(document("{}")).build().await.unwrap();
    let response = session.post("/write").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "done");
    assert_eq!(
        server.await.unwrap(),
        ["GET /token", "POST /write", "GET /token", "GET /token", "POST /write"]
    );
}

async fn request_line(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    head.split(" HTTP/1.1").next().unwrap().to_owned()
}
