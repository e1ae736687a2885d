//! Rule 1: which origin a request addresses, and whose word counts for it.

use super::{judge, judge_from, policy};
use countersign::{Peer, Scheme};

fn peer(address: &str, scheme: Scheme) -> Peer {
    Peer::new(Some(address.parse().unwrap()), scheme)
}

/// A POST with these lines, and `Host: internal:8080`, over http from `address`.
fn behind(address: &str, proxies: &str, lines: &str) -> String {
    let policy = policy(&format!("trusted_proxies = [{proxies}]"));
    let text = format!("POST /x HTTP/1.1\nHost: internal:8080\nCookie: session=1\n{lines}");
    judge_from(&policy, &text, peer(address, Scheme::Http))
}

#[test]
fn forwarding_headers_count_from_a_trusted_proxy_alone() {
    let lines =
        "Origin: https://app.example\nX-Forwarded-Host: app.example\nX-Forwarded-Proto: https";
    for (address, proxies, believed) in [
        ("10.0.0.7", "\"10.0.0.0/8\"", true),
        ("10.0.0.7", "\"10.0.0.7/32\"", true),
        ("10.0.0.7", "\"192.168.0.0/16\", \"10.0.0.0/8\"", true),
        ("11.0.0.7", "\"10.0.0.0/8\"", false),
        ("10.0.0.8", "\"10.0.0.7/32\"", false),
        ("10.0.0.7", "", false),
        // An IPv4 peer as a dual-stack listener shows it.
        ("::ffff:10.0.0.7", "\"10.0.0.0/8\"", true),
        ("::ffff:11.0.0.7", "\"10.0.0.0/8\"", false),
        ("fd00::7", "\"fd00::/8\"", true),
        ("fe80::7", "\"fd00::/8\"", false),
        ("::1", "\"::1/128\"", true),
        ("127.0.0.1", "\"::1/128\"", false),
        ("::1", "\"127.0.0.0/8\"", false),
    ] {
        let expected = if believed { "allow provenance" } else { "refuse origin_mismatch" };
        assert_eq!(behind(address, proxies, lines), expected, "{address} under [{proxies}]");
    }
}

#[test]
fn a_peer_without_an_address_is_no_proxy() {
    let policy = policy("trusted_proxies = [\"0.0.0.0/0\", \"::/0\"]");
    let text = "POST /x HTTP/1.1\nHost: internal\nOrigin: https://app.example\n\
                X-Forwarded-Host: app.example\nX-Forwarded-Proto: https";
    assert_eq!(judge(&policy, text), "refuse origin_mismatch");
}

#[test]
fn what_a_trusted_proxy_forwards_must_be_of_one_mind() {
    let own = "allow provenance";
    let (ambiguous, mismatch) = ("refuse forwarded_ambiguous", "refuse origin_mismatch");
    for (name, lines, expected) in [
        ("host and proto", "X-Forwarded-Host: app.example\nX-Forwarded-Proto: https", own),
        ("in capitals", "X-Forwarded-Host: APP.example\nX-Forwarded-Proto: HTTPS", own),
        (
            "with the default port",
            "X-Forwarded-Host: app.example:443\nX-Forwarded-Proto: https",
            own,
        ),
        (
            "with another port",
            "X-Forwarded-Host: app.example:444\nX-Forwarded-Proto: https",
            mismatch,
        ),
        (
            "the same twice",
            "X-Forwarded-Host: app.example, app.example\nX-Forwarded-Proto: https",
            own,
        ),
        (
            "another in front",
            "X-Forwarded-Host: a.example, app.example\nX-Forwarded-Proto: https",
            ambiguous,
        ),
        (
            "another behind",
            "X-Forwarded-Host: app.example, a.example\nX-Forwarded-Proto: https",
            ambiguous,
        ),
        (
            "two headers",
            "X-Forwarded-Host: app.example\nX-Forwarded-Host: app.example\nX-Forwarded-Proto: https",
            ambiguous,
        ),
        ("two schemes", "X-Forwarded-Host: app.example\nX-Forwarded-Proto: https, http", ambiguous),
        ("no such scheme", "X-Forwarded-Host: app.example\nX-Forwarded-Proto: gopher", ambiguous),
        (
            "an unreadable host",
            "X-Forwarded-Host: a b\nX-Forwarded-Proto: https",
            "refuse host_malformed",
        ),
        (
            "a host that is not ASCII",
            "X-Forwarded-Host: \u{e9}\nX-Forwarded-Proto: https",
            ambiguous,
        ),
        // Traefik's words for the handshake of a WebSocket.
        ("wss", "X-Forwarded-Host: app.example\nX-Forwarded-Proto: wss", own),
        ("ws", "X-Forwarded-Host: app.example\nX-Forwarded-Proto: ws", mismatch),
        ("no proto: the connection's", "X-Forwarded-Host: app.example", mismatch),
        ("no host: the Host header", "X-Forwarded-Proto: https", mismatch),
        ("empty", "X-Forwarded-Host:\nX-Forwarded-Proto: https", mismatch),
        ("Forwarded", "Forwarded: host=app.example;proto=https", own),
        ("Forwarded in capitals", "Forwarded: for=192.0.2.1;HOST=App.Example;PROTO=HTTPS", own),
        ("Forwarded with quotes", "Forwarded: host=\"app.example:443\"; proto=\"https\"", own),
        (
            "Forwarded twice the same",
            "Forwarded: host=app.example;proto=https, host=app.example",
            own,
        ),
        ("Forwarded by two", "Forwarded: host=a.example;proto=https, host=app.example", ambiguous),
        ("two Forwarded", "Forwarded: host=app.example\nForwarded: proto=https", ambiguous),
        ("Forwarded for alone", "Forwarded: for=192.0.2.1", mismatch),
        ("Forwarded with no host in it", "Forwarded: host=;proto=https", "refuse host_malformed"),
        (
            "both alike",
            "Forwarded: host=app.example;proto=https\nX-Forwarded-Host: app.example\nX-Forwarded-Proto: https",
            own,
        ),
        (
            "both, other hosts",
            "Forwarded: host=a.example;proto=https\nX-Forwarded-Host: app.example",
            ambiguous,
        ),
        (
            "both, other schemes",
            "Forwarded: host=app.example;proto=https\nX-Forwarded-Proto: http",
            ambiguous,
        ),
    ] {
        let lines = format!("Origin: https://app.example\n{lines}");
        assert_eq!(behind("10.0.0.7", "\"10.0.0.0/8\"", &lines), expected, "{name}");
    }
}

#[test]
fn a_request_that_need_not_be_judged_needs_no_target() {
    let policy = policy("trusted_proxies = [\"10.0.0.0/8\"]");
    let text = "GET /x HTTP/1.1\nHost: a b\nX-Forwarded-Host: a, b";
    let peer = peer("10.0.0.7", Scheme::Http);
    assert_eq!(judge_from(&policy, text, peer), "allow safe_method");
}

#[test]
fn host_ports_and_schemes_are_compared_whole() {
    for (scheme, host, origin, same) in [
        (Scheme::Https, "app.example", "https://app.example", true),
        (Scheme::Https, "app.example:443", "https://app.example", true),
        (Scheme::Https, "app.example:", "https://app.example", true),
        (Scheme::Https, "APP.EXAMPLE", "https://app.example", true),
        (Scheme::Https, "app.example", "http://app.example", false),
        (Scheme::Https, "app.example:80", "https://app.example", false),
        (Scheme::Http, "app.example", "http://app.example", true),
        (Scheme::Http, "app.example:80", "http://app.example", true),
        (Scheme::Http, "app.example:8080", "http://app.example:8080", true),
        (Scheme::Http, "app.example:443", "https://app.example", false),
        (Scheme::Http, "[::1]:8080", "http://[::1]:8080", true),
        (Scheme::Http, "[::1]", "http://[::1]:8080", false),
        (Scheme::Http, "localhost:8080", "http://127.0.0.1:8080", false),
        (Scheme::Https, "app.example.", "https://app.example", false),
        (Scheme::Https, "app.example.", "https://app.example.", true),
    ] {
        let text = format!("POST /x HTTP/1.1\nHost: {host}\nOrigin: {origin}");
        let got = judge_from(&policy(""), &text, Peer::new(None, scheme));
        let expected = if same { "allow provenance" } else { "refuse origin_mismatch" };
        assert_eq!(got, expected, "{scheme:?} Host: {host}, Origin: {origin}");
    }
}

#[test]
fn hosts_that_cannot_be_read_are_refused() {
    for host in
        ["", "a b", "a/b", "a?b", "a#b", "a:b", "a:99999", "a,b", "[::1", "*.example", "\u{e9}"]
    {
        let text = format!("POST /x HTTP/1.1\nHost: {host}\nOrigin: https://a");
        assert_eq!(judge(&policy(""), &text), "refuse host_malformed", "`{host}`");
    }
}

#[test]
fn a_public_origin_outweighs_host() {
    let two = "public_origins = [\"https://app.example\", \"https://www.app.example\"]";
    for (name, host, evidence, expected) in [
        ("under its own name", "app.example", "Origin: https://app.example", "allow provenance"),
        (
            "under its other name",
            "www.app.example",
            "Origin: https://www.app.example",
            "allow provenance",
        ),
        (
            "from one of its names to the other",
            "app.example",
            "Origin: https://www.app.example",
            "refuse origin_mismatch",
        ),
        (
            "under a name of the proxy's",
            "internal:8080",
            "Origin: https://www.app.example",
            "allow provenance",
        ),
        (
            "under an attacker's name",
            "evil.example",
            "Origin: https://evil.example",
            "refuse origin_mismatch",
        ),
        (
            "rebound, vouched for by the browser",
            "evil.example",
            "Origin: https://evil.example\nSec-Fetch-Site: same-origin",
            "refuse evidence_contradicts",
        ),
        (
            "rebound, with Fetch Metadata alone",
            "evil.example",
            "Sec-Fetch-Site: same-origin",
            "refuse token_missing",
        ),
        ("rebound, as if typed", "evil.example", "Sec-Fetch-Site: none", "refuse token_missing"),
        (
            "rebound, with a hidden origin",
            "evil.example",
            "Origin: null\nSec-Fetch-Site: same-origin",
            "refuse origin_null",
        ),
        (
            "rebound, with a Referer",
            "evil.example",
            "Referer: https://evil.example/",
            "refuse referer_mismatch",
        ),
        (
            "the browser vouches for the own name",
            "app.example",
            "Sec-Fetch-Site: same-origin",
            "allow provenance",
        ),
        ("typed", "app.example", "Sec-Fetch-Site: none", "allow provenance"),
        (
            "a hidden origin under the own name",
            "app.example",
            "Origin: null\nSec-Fetch-Site: same-origin",
            "allow provenance",
        ),
        ("over http", "app.example", "Origin: http://app.example", "refuse origin_mismatch"),
        (
            "another port of the own name",
            "app.example:8443",
            "Sec-Fetch-Site: same-origin",
            "refuse token_missing",
        ),
    ] {
        let text = format!("POST /x HTTP/1.1\nHost: {host}\nCookie: session=1\n{evidence}");
        assert_eq!(judge(&policy(two), &text), expected, "{name}");
    }
}

#[test]
fn tls_may_end_in_front_of_the_app() {
    // No proxy is trusted: the public origin says what the browser used.
    let policy = policy("public_origins = [\"https://app.example\"]");
    for (name, evidence, expected) in [
        ("origin", "Origin: https://app.example", "allow provenance"),
        ("Fetch Metadata alone", "Sec-Fetch-Site: same-origin", "allow provenance"),
        ("a hidden origin", "Origin: null\nSec-Fetch-Site: same-origin", "allow provenance"),
        ("the browser used http", "Origin: http://app.example", "refuse origin_mismatch"),
    ] {
        let text = format!("POST /x HTTP/1.1\nHost: app.example\nCookie: session=1\n{evidence}");
        assert_eq!(judge_from(&policy, &text, Peer::new(None, Scheme::Http)), expected, "{name}");
    }
}

#[test]
fn without_a_host_there_is_nothing_to_compare_with() {
    for (evidence, expected) in [
        ("Origin: https://app.example", "refuse host_missing"),
        ("Origin: https://app.example\nSec-Fetch-Site: same-origin", "refuse host_missing"),
        ("Referer: https://app.example/", "refuse host_missing"),
        ("Referer: nonsense", "refuse referer_mismatch"),
        ("Origin: null", "refuse origin_null"),
        ("Origin: https://trusted.example", "allow provenance"),
        ("A: b", "refuse token_missing"),
    ] {
        let policy = policy("trusted_origins = [\"https://trusted.example\"]");
        let text = format!("POST /x HTTP/1.0\nCookie: session=1\n{evidence}");
        assert_eq!(judge(&policy, &text), expected, "{evidence}");
    }
}

#[test]
fn a_target_in_the_request_line_must_agree_with_host() {
    let say = |target: &str, host: &str| {
        let text = format!("POST {target} HTTP/1.1\nHost: {host}\nOrigin: https://app.example");
        judge(&policy(""), &text)
    };
    assert_eq!(say("https://app.example/x", "app.example"), "allow provenance");
    assert_eq!(say("https://app.example:443/x", "APP.example"), "allow provenance");
    assert_eq!(say("https://evil.example/x", "app.example"), "refuse host_contradiction");
    assert_eq!(say("https://app.example/x", "evil.example"), "refuse host_contradiction");
}
