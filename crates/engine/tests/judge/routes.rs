//! Rule 2: routes that demand something else, and the spellings of a request that a lenient app
//! takes for them.

use super::{ask, dialect, judge, policy};
use crate::text::request;
use countersign::{Facts, PathPattern, Peer, Policy, Require, Route, Scheme};

/// `require` for each path; the dialect's own demand is `ordinary`.
fn routes(ordinary: &str, rows: &[(&str, &str, &str)]) -> Policy {
    let mut text = format!("protect = {{ methods = \"unsafe\", require = \"{ordinary}\" }}\n");
    for (path, methods, require) in rows {
        let methods = match *methods {
            "" => String::new(),
            list => format!("methods = [\"{}\"]\n", list.replace(' ', "\", \"")),
        };
        text += &format!(
            "[[route]]\npath = \"{path}\"\n{methods}require = \"{require}\"\nreason = \"r\"\n"
        );
    }
    dialect(&text)
}

/// What a request with the session and the own Referer comes to, which tells the levels apart.
fn level(policy: &Policy, line: &str) -> &'static str {
    let own = judge(policy, &ask(line, &["Referer: https://app.example/", "Cookie: sid=1"]));
    let bare = judge(policy, &ask(line, &["Cookie: sid=1"]));
    match (own.as_str(), bare.as_str()) {
        ("allow safe_method", "allow safe_method") => "not judged",
        ("allow exempt", "allow exempt") => "exempt",
        ("allow provenance", "allow nothing_against") => "provenance",
        ("allow provenance", "refuse token_missing") => "either",
        ("refuse token_missing", "refuse token_missing") => "token",
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_stricter_rule_has_no_way_around() {
    let policy = routes("provenance", &[("/admin/delete", "GET", "token")]);
    for (line, expected) in [
        ("GET /admin/delete", "token"),
        ("GET /admin/delete?x=1", "token"),
        ("GET /admin/delete/", "token"),
        ("GET /Admin/DELETE", "token"),
        ("GET //admin/delete", "token"),
        ("GET /x/../admin/delete", "token"),
        ("GET /admin/./delete", "token"),
        ("GET /admin/%64elete", "token"),
        ("GET /admin%2fdelete", "token"),
        ("GET /admin/delete;v=1", "token"),
        // Most frameworks answer it by the handler of GET.
        ("HEAD /admin/delete", "token"),
        ("GET /admin", "not judged"),
        ("GET /admin/delete/x", "not judged"),
        ("GET /admin/deleted", "not judged"),
        ("OPTIONS /admin/delete", "not judged"),
        ("POST /admin/delete", "provenance"),
        ("POST /admin/delete?_method=GET", "token"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

#[test]
fn a_rule_with_a_slash_at_its_end_holds_without_it_too() {
    let policy = routes("provenance", &[("/logout/", "GET", "token")]);
    for line in ["GET /logout/", "GET /logout", "GET /LOGOUT"] {
        assert_eq!(level(&policy, line), "token", "{line}");
    }
    assert_eq!(level(&policy, "GET /logout/x"), "not judged");
}

#[test]
fn a_folder_is_protected_with_itself() {
    let policy = routes("provenance", &[("/api/**", "*", "token")]);
    for (line, expected) in [
        ("GET /api/x", "token"),
        ("GET /api/x/y", "token"),
        ("GET /api/", "token"),
        ("GET /api", "token"),
        ("POST /api/x", "token"),
        ("GET /apis", "not judged"),
        ("OPTIONS /api/x", "not judged"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

#[test]
fn a_laxer_rule_matches_only_what_it_says() {
    let policy = routes("token", &[("/hook", "POST", "nothing"), ("/lax/*", "POST", "provenance")]);
    for (line, expected) in [
        ("POST /hook", "exempt"),
        ("POST /%68ook", "exempt"),
        ("POST /hook/", "token"),
        ("POST /Hook", "token"),
        ("POST //hook", "token"),
        ("POST /hook;x", "token"),
        ("POST /x/../hook", "token"),
        ("PUT /hook", "token"),
        ("POST /hook?_method=DELETE", "token"),
        ("POST /hook?_method=POST", "exempt"),
        ("POST /hook?_method=", "token"),
        ("POST /lax/a", "provenance"),
        ("POST /lax/", "token"),
        ("POST /lax/a/b", "token"),
        ("POST /lax/%2e%2e", "token"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

#[test]
fn a_laxer_rule_does_not_make_other_spellings_stricter() {
    let policy = routes("token", &[("/hook", "GET", "nothing")]);
    for line in ["GET /hook/", "GET /HOOK", "GET /a//b", "HEAD /hook"] {
        assert_eq!(level(&policy, line), "not judged", "{line}");
    }
}

#[test]
fn the_first_rule_that_means_a_request_counts() {
    let rows = [
        ("/api/status", "GET", "nothing"),
        ("/api/login", "", "provenance"),
        ("/api/**", "*", "token"),
    ];
    let policy = routes("either", &rows);
    for (line, expected) in [
        ("GET /api/status", "exempt"),
        ("POST /api/status", "token"),
        ("HEAD /api/status", "token"),
        ("GET /api/Status", "token"),
        ("POST /api/login", "provenance"),
        // A rule without methods is about those that are judged anyway.
        ("GET /api/login", "token"),
        ("POST /api/login/", "token"),
        ("POST /other", "either"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

#[test]
fn a_wide_rule_does_not_hide_a_stricter_one_before_it() {
    let rows = [("/admin/delete", "GET POST", "token"), ("/**", "GET POST", "provenance")];
    let policy = routes("either", &rows);
    for (line, expected) in [
        ("GET /admin/delete", "token"),
        ("GET /ADMIN/delete", "token"),
        ("POST /admin/delete/", "token"),
        ("HEAD /admin/delete", "token"),
        ("GET /admin", "provenance"),
        ("POST /admin/deleted", "provenance"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

/// Where a client must say where it comes from, a token does not say it: perhaps the app takes the
/// path for one that asks for both.
#[test]
fn a_path_that_may_be_either_of_two_rules_meets_both() {
    let policy = dialect(
        "protect = { methods = \"unsafe\", require = \"token\" }\nprovenance.absent = \"refuse\"\n\
         [[route]]\npath = \"/said\"\nmethods = [\"*\"]\nrequire = \"provenance\"\n\
         [[route]]\npath = \"/sent\"\nmethods = [\"*\"]\nrequire = \"token\"\n",
    );
    let (token, own) = ("X-T: {token}", "Origin: https://app.example");
    for (line, headers, expected) in [
        ("POST /sent", vec![token], "allow token"),
        ("POST /said", vec![own], "allow provenance"),
        ("POST /said", vec![token], "refuse provenance_missing"),
        ("POST /other", vec![token], "allow token"),
        ("POST //x", vec![token], "refuse provenance_missing"),
        ("POST //x", vec![own], "refuse token_missing"),
        ("POST //x", vec![own, token], "allow token"),
        ("GET //x", vec![token], "refuse provenance_missing"),
        ("GET //x", vec![own, token], "allow token"),
    ] {
        let headers = [&["Cookie: sid={session}"], headers.as_slice()].concat();
        assert_eq!(judge(&policy, &ask(line, &headers)), expected, "{line}, {headers:?}");
    }
}

#[test]
fn an_override_cannot_choose_the_laxer_of_two_rules() {
    let rows = [("/x", "POST", "provenance"), ("/x", "DELETE", "token")];
    let policy = routes("provenance", &rows);
    for (line, expected) in [
        ("POST /x", "provenance"),
        ("DELETE /x", "token"),
        ("POST /x?_method=DELETE", "token"),
        ("DELETE /x?_method=POST", "token"),
        ("GET /x?_method=DELETE", "token"),
    ] {
        assert_eq!(level(&policy, line), expected, "{line}");
    }
}

#[test]
fn a_route_that_asks_nothing_and_says_no_reason_is_no_exemption() {
    let route = Route {
        path: PathPattern::parse("/hook").unwrap(),
        methods: None,
        require: Require::Nothing,
        reason: None,
    };
    let policy = Policy::standard().with_route(route);
    let foreign = ask("POST /hook", &["Origin: https://evil.example"]);
    assert_eq!(judge(&policy, &foreign), "refuse origin_mismatch");
    let script = ask("POST /hook", &["Cookie: session=1"]);
    assert_eq!(judge(&policy, &script), "allow nothing_against");
}

#[test]
fn a_policy_counts_before_its_dialect() {
    let policy = policy(
        "dialect = \"vmanage\"\n[[route]]\npath = \"/dataservice/public/**\"\nmethods = [\"GET\"]\n\
         require = \"provenance\"\n",
    );
    let say = |line| judge(&policy, &ask(line, &["Cookie: JSESSIONID=1"]));
    assert_eq!(say("GET /dataservice/public/news"), "allow nothing_against");
    assert_eq!(say("POST /dataservice/public/news"), "refuse token_missing");
    assert_eq!(say("GET /dataservice/private"), "refuse token_missing");
    assert_eq!(say("GET /dataservice/public/../private"), "refuse token_missing");
}

#[test]
fn reads_can_be_let_go_and_nothing_else_goes_with_them() {
    let policy = policy("dialect = \"vmanage\"\nprotect_reads = false");
    let say = |line| judge(&policy, &ask(line, &["Cookie: JSESSIONID=1"]));
    assert_eq!(say("GET /dataservice/device"), "allow safe_method");
    assert_eq!(say("HEAD /dataservice/device"), "allow safe_method");
    assert_eq!(say("GET /dataservice/device?_method=DELETE"), "refuse token_missing");
    assert_eq!(say("POST /dataservice/device"), "refuse token_missing");
    assert_eq!(say("QUERY /dataservice/device"), "refuse token_missing");
}

/// A route about one path names every method because GET changes something there.
#[test]
fn letting_reads_go_does_not_let_logging_out_by_get_go() {
    let vmanage = policy("dialect = \"vmanage\"\nprotect_reads = false");
    let say = |policy: &Policy, line| judge(policy, &ask(line, &["Cookie: JSESSIONID=1"]));
    for line in ["GET /logout", "HEAD /logout", "POST /logout", "GET /LOGOUT/", "GET //logout"] {
        assert_eq!(say(&vmanage, line), "refuse token_missing", "{line}");
    }
    let rows = [("/users/*/delete", "*", "token"), ("/x/*", "GET", "token"), ("/**", "*", "token")];
    let own = routes("provenance", &rows).with_protected_reads(false);
    for (line, expected) in [
        ("GET /users/7/delete", "refuse token_missing"),
        ("GET /x/1", "refuse token_missing"),
        ("GET /page", "allow safe_method"),
        ("POST /page", "refuse token_missing"),
    ] {
        assert_eq!(say(&own, line), expected, "{line}");
    }
}

#[test]
fn a_request_is_named_by_the_first_route_that_means_it() {
    let rows = [
        ("/api/status", "GET", "nothing"),
        ("/api/login", "", "provenance"),
        ("/api/**", "*", "token"),
        ("/users/*/photo", "", "token"),
    ];
    let unsafe_alone = routes("either", &rows);
    let every = dialect(
        "protect = { methods = \"all\", require = \"either\" }\n\
         [[route]]\npath = \"/a\"\nrequire = \"token\"",
    );
    for (policy, line, expected) in [
        (&unsafe_alone, "GET /api/status", Some("/api/status")),
        (&unsafe_alone, "POST /api/status", Some("/api/**")),
        (&unsafe_alone, "POST /api/login", Some("/api/login")),
        (&unsafe_alone, "GET /api/login", Some("/api/**")),
        (&unsafe_alone, "GET /api/x?y=/api/status", Some("/api/**")),
        (&unsafe_alone, "POST /users/7/photo", Some("/users/*/photo")),
        // Not judged, so no rule means it.
        (&unsafe_alone, "GET /users/7/photo", None),
        (&unsafe_alone, "OPTIONS /api/x", None),
        (&unsafe_alone, "POST /other", None),
        // Perhaps meant by some, by none for sure.
        (&unsafe_alone, "POST /API/login", None),
        (&unsafe_alone, "POST /api/../other", None),
        (&every, "GET /a", Some("/a")),
        (&every, "OPTIONS /a", None),
        (&every, "GET /b", None),
    ] {
        let request = request(&ask(line, &[]));
        let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
        let route = policy.route_of(&facts).map(|route| route.path.to_string());
        assert_eq!(route.as_deref(), expected, "{line}");
    }
    let request = request(&ask("GET /chat", &["Upgrade: websocket"]));
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    let policy = routes("either", &[("/chat", "", "token")]);
    assert_eq!(policy.route_of(&facts).unwrap().path.to_string(), "/chat", "a handshake");
    assert!(Policy::standard().route_of(&facts).is_none());
}
