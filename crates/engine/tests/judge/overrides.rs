//! Rule 2: a method override can make a request be judged more strictly, and never less.

use super::{ask, judge, policy};

const FOREIGN: &str = "Origin: https://evil.example";

#[test]
fn an_override_is_judged_as_the_method_it_names() {
    let policy = policy("");
    let (safe, judged) = ("allow safe_method", "refuse origin_mismatch");
    for (line, header, expected) in [
        ("GET /x", "X-HTTP-Method-Override: DELETE", judged),
        ("GET /x", "X-HTTP-Method: PUT", judged),
        ("GET /x", "X-Method-Override: patch", judged),
        ("GET /x", "X-HTTP-Method-Override: HEAD", safe),
        ("GET /x", "X-HTTP-Method-Override: get", safe),
        ("GET /x", "X-HTTP-Method-Override:", judged),
        ("GET /x", "X-HTTP-Method-Override: DELETE, GET", judged),
        ("GET /x", "X-HTTP-Method-Override: QUERY", judged),
        ("GET /x?_method=DELETE", "A: b", judged),
        ("GET /x?a=1&_method=DELETE", "A: b", judged),
        ("GET /x?a=1;_method=DELETE", "A: b", judged),
        ("GET /x?%5Fmethod=DELETE", "A: b", judged),
        ("GET /x?_method=GET&_method=DELETE", "A: b", judged),
        ("GET /x?_method=DELETE&_method=GET", "A: b", judged),
        ("GET /x?_method[]=DELETE", "A: b", judged),
        ("GET /x?_method[a]=DELETE", "A: b", judged),
        ("GET /x?_method", "A: b", judged),
        ("GET /x?_method=%44ELETE", "A: b", judged),
        ("GET /x?_method=HEAD", "A: b", safe),
        ("GET /x?_method=GET", "X-HTTP-Method: GET", safe),
        ("GET /x?_method=GET", "X-HTTP-Method: HEAD", judged),
        ("GET /x?_methods=DELETE", "A: b", safe),
        ("GET /x?x_method=DELETE", "A: b", safe),
        ("GET /x?a=_method=DELETE", "A: b", safe),
        // Already judged; an override cannot take that away.
        ("POST /x", "X-HTTP-Method-Override: GET", judged),
        ("DELETE /x?_method=GET", "A: b", judged),
    ] {
        assert_eq!(judge(&policy, &ask(line, &[header, FOREIGN])), expected, "{line}, {header}");
    }
}

#[test]
fn two_override_headers_must_agree() {
    let policy = policy("");
    let say = |one: &str, two: &str| {
        let one = format!("X-HTTP-Method: {one}");
        let two = format!("X-HTTP-Method-Override: {two}");
        judge(&policy, &ask("GET /x", &[&one, &two, FOREIGN]))
    };
    assert_eq!(say("GET", "GET"), "allow safe_method");
    assert_eq!(say("GET", "HEAD"), "refuse origin_mismatch");
    assert_eq!(say("GET", "DELETE"), "refuse origin_mismatch");
}

#[test]
fn an_exemption_covers_the_named_method_too_or_nothing() {
    let text = "exempt = [{ path = \"/hook\", methods = [\"POST\", \"PUT\"], reason = \"r\" }]";
    let policy = policy(text);
    for (line, expected) in [
        ("POST /hook", "allow exempt"),
        ("POST /hook?_method=PUT", "allow exempt"),
        ("POST /hook?_method=put", "allow exempt"),
        ("POST /hook?_method=DELETE", "refuse origin_mismatch"),
        ("POST /hook?_method=PUT&_method=PUT", "refuse origin_mismatch"),
        ("GET /hook?_method=POST", "refuse origin_mismatch"),
    ] {
        assert_eq!(judge(&policy, &ask(line, &[FOREIGN])), expected, "{line}");
    }
}

#[test]
fn an_exemption_of_every_method_does_not_cover_an_unclear_one() {
    let policy = policy("exempt = [{ path = \"/hook\", methods = [\"*\"], reason = \"r\" }]");
    for (line, expected) in [
        ("POST /hook", "allow exempt"),
        ("POST /hook?_method=DELETE", "allow exempt"),
        ("POST /hook?_method=", "refuse origin_mismatch"),
    ] {
        assert_eq!(judge(&policy, &ask(line, &[FOREIGN])), expected, "{line}");
    }
}
