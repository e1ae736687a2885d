use http::Request;

use super::*;
use crate::dialect::Dialect;
use crate::facts::Peer;
use crate::keyring::Keyring;
use crate::policy::Policy;
use crate::store::Incarnation;
use crate::time::Timestamp;
use crate::token::{self, Binding, Shape};

const MOMENT: Moment =
    Moment { now: Timestamp::from_secs(1_800_000_000), incarnation: Incarnation::from_random(1) };

fn ring() -> Keyring {
    Keyring::from_random(&[7; 64])
}

/// What of the evidence a request shows.
#[derive(Clone, Copy, Debug)]
enum Shows {
    For,
    Nothing,
    Against,
}

/// What a request brings as its token.
#[derive(Clone, Copy, Debug)]
enum Brings {
    Good,
    None,
    Bad,
}

fn verdict(require: &str, absent: &str, shows: Shows, brings: Brings, cookie: bool) -> String {
    let text = format!(
        "name = \"test\"\ntitle = \"\"\nsummary = \"\"\n\
         protect = {{ methods = \"unsafe\", require = \"{require}\" }}\n\
         session.cookie = \"sid\"\nprovenance.absent = \"{absent}\"\n\
         token = {{ pattern = \"synchronizer\", shape = \"uuid\", header = \"X-T\" }}"
    );
    let engine = Engine::new(Policy::new(Dialect::parse("test", &text).unwrap()), ring());
    let of = |session: &[u8]| {
        let token = token::derived(&ring(), Shape::Uuid, "test", Binding::Session(session));
        token.as_str().to_owned()
    };
    let mut request = Request::post("/x").header("host", "app.example");
    if cookie {
        request = request.header("cookie", "sid=mine");
    }
    request = match shows {
        Shows::For => request.header("origin", "https://app.example"),
        Shows::Nothing => request,
        Shows::Against => request.header("origin", "https://evil.example"),
    };
    request = match brings {
        Brings::Good => request.header("x-t", of(b"mine")),
        Brings::None => request,
        Brings::Bad => request.header("x-t", of(b"other")),
    };
    let request = request.body(()).unwrap();
    let facts = Facts::of(&request, Peer::new(None, crate::facts::Scheme::Https));
    match engine.judge(&facts, MOMENT) {
        Step::Decided(Verdict::Allow(allow)) => allow.permit().code().to_owned(),
        Step::Decided(Verdict::Refuse(refusal)) => refusal.reason.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Rule 8, read off the names of the levels: evidence against refuses everywhere; *provenance* asks
/// no more than that; *either* takes evidence for the request, else a token; *token* takes nothing
/// in a token's place; *both* differs from it only where a client must say where it comes from, and
/// there *either* is *provenance*.
#[test]
fn what_each_level_makes_of_evidence_and_token() {
    const AGAINST: [&str; 3] = ["origin_mismatch"; 3];
    const SHOWN: [&str; 3] = ["provenance"; 3];
    const UNSAID: [&str; 3] = ["nothing_against"; 3];
    const UNSHOWN: [&str; 3] = ["provenance_missing"; 3];
    const DECIDES: [&str; 3] = ["token", "token_missing", "token_invalid"];

    // Columns: a good token, none, a bad one.
    for (require, absent, shows, expected) in [
        ("provenance", "allow", Shows::For, SHOWN),
        ("provenance", "allow", Shows::Nothing, UNSAID),
        ("provenance", "allow", Shows::Against, AGAINST),
        ("provenance", "refuse", Shows::For, SHOWN),
        ("provenance", "refuse", Shows::Nothing, UNSHOWN),
        ("provenance", "refuse", Shows::Against, AGAINST),
        ("either", "allow", Shows::For, SHOWN),
        ("either", "allow", Shows::Nothing, DECIDES),
        ("either", "allow", Shows::Against, AGAINST),
        ("either", "refuse", Shows::For, SHOWN),
        ("either", "refuse", Shows::Nothing, UNSHOWN),
        ("either", "refuse", Shows::Against, AGAINST),
        ("token", "allow", Shows::For, DECIDES),
        ("token", "allow", Shows::Nothing, DECIDES),
        ("token", "allow", Shows::Against, AGAINST),
        ("token", "refuse", Shows::For, DECIDES),
        ("token", "refuse", Shows::Nothing, DECIDES),
        ("token", "refuse", Shows::Against, AGAINST),
        ("both", "allow", Shows::For, DECIDES),
        ("both", "allow", Shows::Nothing, DECIDES),
        ("both", "allow", Shows::Against, AGAINST),
        ("both", "refuse", Shows::For, DECIDES),
        ("both", "refuse", Shows::Nothing, UNSHOWN),
        ("both", "refuse", Shows::Against, AGAINST),
    ] {
        for (brings, expected) in
            [Brings::Good, Brings::None, Brings::Bad].into_iter().zip(expected)
        {
            let got = verdict(require, absent, shows, brings, true);
            assert_eq!(got, expected, "{require}, absent {absent}, {shows:?}, {brings:?}");
        }
    }
}

/// Without a credential that a browser adds there is nothing to forge but a login: *either* asks no
/// more than that nothing speaks against it. A token belongs to a session, so there is none.
#[test]
fn what_each_level_makes_of_a_request_without_credentials() {
    for (require, shows, none, some) in [
        ("provenance", Shows::For, "provenance", "provenance"),
        ("provenance", Shows::Nothing, "nothing_against", "nothing_against"),
        ("provenance", Shows::Against, "origin_mismatch", "origin_mismatch"),
        ("either", Shows::For, "provenance", "provenance"),
        ("either", Shows::Nothing, "nothing_against", "nothing_against"),
        ("either", Shows::Against, "origin_mismatch", "origin_mismatch"),
        ("token", Shows::For, "token_missing", "session_missing"),
        ("token", Shows::Nothing, "token_missing", "session_missing"),
        ("token", Shows::Against, "origin_mismatch", "origin_mismatch"),
        ("both", Shows::For, "token_missing", "session_missing"),
        ("both", Shows::Nothing, "token_missing", "session_missing"),
        ("both", Shows::Against, "origin_mismatch", "origin_mismatch"),
    ] {
        for (brings, expected) in [(Brings::None, none), (Brings::Good, some)] {
            let got = verdict(require, "allow", shows, brings, false);
            assert_eq!(got, expected, "{require}, {shows:?}, {brings:?}");
        }
    }
}

#[test]
fn either_is_never_laxer_than_provenance() {
    let passes = |verdict: &str| ["provenance", "nothing_against", "token"].contains(&verdict);
    let mut rows = 0;
    for absent in ["allow", "refuse"] {
        for shows in [Shows::For, Shows::Nothing, Shows::Against] {
            for brings in [Brings::Good, Brings::None, Brings::Bad] {
                for cookie in [true, false] {
                    let either = verdict("either", absent, shows, brings, cookie);
                    let provenance = verdict("provenance", absent, shows, brings, cookie);
                    let name = format!("absent {absent}, {shows:?}, {brings:?}, cookie {cookie}");
                    assert!(passes(&provenance) || !passes(&either), "{name}: {either}");
                    rows += 1;
                }
            }
        }
    }
    assert_eq!(rows, 36);
    // Where it began: no evidence, no credential.
    for require in ["either", "provenance"] {
        let script = verdict(require, "refuse", Shows::Nothing, Brings::None, false);
        assert_eq!(script, "provenance_missing", "{require}");
    }
}

#[test]
fn two_demands_are_met_together() {
    use crate::dialect::Require::{self, Both, Either, Nothing, Provenance, Token};
    let of = |one: Require, other: Require| {
        assert_eq!(one.and(other), other.and(one), "{one:?} and {other:?}");
        one.and(other)
    };
    for level in [Nothing, Provenance, Either, Token, Both] {
        assert_eq!(of(level, level), level);
        assert_eq!(of(level, Nothing), level);
        assert_eq!(of(level, Both), Both);
    }
    assert_eq!(of(Provenance, Either), Either);
    assert_eq!(of(Provenance, Token), Both, "a token alone shows no provenance");
    assert_eq!(of(Either, Token), Both);
}

#[test]
fn evidence_is_shown_in_visible_ascii_and_not_endlessly() {
    for (bytes, expected) in [
        (b"https://evil.example".as_slice(), "https://evil.example"),
        (b"a\r\nb\x1b[31m\x00", "a??b?[31m?"),
        ("\u{e9}".as_bytes(), "??"),
        (b"", ""),
    ] {
        assert_eq!(shown(bytes), expected);
    }
    assert_eq!(shown(&[b'x'; 200]), "x".repeat(200));
    assert_eq!(shown(&[b'x'; 201]), format!("{}...", "x".repeat(200)));
}
