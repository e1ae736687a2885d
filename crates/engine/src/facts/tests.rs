use http::Request;

use super::*;

fn cookie_of<'r>(request: &'r Request<()>, name: &str) -> Cookie<'r> {
    Facts::of(request, Peer::new(None, Scheme::Http)).cookie(name)
}

#[test]
fn cookies_are_found_by_their_exact_bytes() {
    for (header, expected) in [
        ("sid=1", Cookie::One(b"1".as_slice())),
        ("a=b; sid=1; c=d", Cookie::One(b"1")),
        ("a=b;sid=1", Cookie::One(b"1")),
        ("JSESSIONID=x;Path=/; sid=1", Cookie::One(b"1")),
        ("sid=1; sid=1", Cookie::One(b"1")),
        ("sid=1; sid=2", Cookie::Many),
        ("sid=", Cookie::One(b"")),
        ("sid=a=b", Cookie::One(b"a=b")),
        ("sid=\"1\"", Cookie::One(b"\"1\"")),
        ("SID=1", Cookie::Absent),
        ("sid", Cookie::Absent),
        ("=sid=1", Cookie::Absent),
        ("xsid=1", Cookie::Absent),
        ("$Version=1; $sid=1", Cookie::Absent),
        ("a=\"; sid=1; b=\"", Cookie::One(b"1")),
        ("", Cookie::Absent),
        (";;;", Cookie::Absent),
    ] {
        let request = Request::builder().header("cookie", header).body(()).unwrap();
        assert_eq!(cookie_of(&request, "sid"), expected, "{header}");
    }
}

#[test]
fn a_cookie_name_behind_unicode_space_is_another_name() {
    let header = HeaderValue::from_bytes("\u{2000}sid=1".as_bytes()).unwrap();
    let request = Request::builder().header("cookie", header).body(()).unwrap();
    assert_eq!(cookie_of(&request, "sid"), Cookie::Absent);
}

#[test]
fn cookies_in_two_headers_are_one_list() {
    let request = Request::builder().header("cookie", "sid=1").header("cookie", "sid=2");
    assert_eq!(cookie_of(&request.body(()).unwrap(), "sid"), Cookie::Many);
}

#[test]
fn overrides_are_seen_wherever_frameworks_look() {
    for (uri, headers, expected) in [
        ("/", vec![], None),
        ("/", vec![("x-http-method-override", "DELETE")], Some(Override::Method("DELETE"))),
        ("/", vec![("x-http-method", "put")], Some(Override::Method("put"))),
        ("/", vec![("x-method-override", "PATCH")], Some(Override::Method("PATCH"))),
        ("/?a=b&_method=DELETE", vec![], Some(Override::Method("DELETE"))),
        ("/?x_method=DELETE", vec![], None),
        ("/?_method=%44ELETE", vec![], Some(Override::Unclear)),
        ("/?_method=", vec![], Some(Override::Unclear)),
        (
            "/",
            vec![("x-http-method", "GET"), ("x-method-override", "PUT")],
            Some(Override::Unclear),
        ),
        ("/?_method=GET", vec![("x-http-method", "PUT")], Some(Override::Unclear)),
    ] {
        let mut request = Request::builder().uri(uri);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let facts = Facts::of(&request, Peer::new(None, Scheme::Http));
        assert_eq!(facts.overridden(), expected, "{uri} {headers:?}");
    }
}
