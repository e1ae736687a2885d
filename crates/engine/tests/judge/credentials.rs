//! Rule 5: what a browser adds by itself, what it never does, and what each is worth.

use super::{ask, dialect, judge, judge_from, policy};
use countersign::{Peer, Scheme};

const FOREIGN: &str = "Origin: https://client.example";
const EXPLICIT: &str = "allow no_ambient_credential";

#[test]
fn only_what_needs_a_script_of_its_own_is_explicit() {
    let policy = policy("api_key_headers = [\"X-API-Key\"]");
    let judged = "refuse origin_mismatch";
    for (name, lines, expected) in [
        ("Bearer", vec!["Authorization: Bearer x"], EXPLICIT),
        ("Bearer in lower case", vec!["Authorization: bearer x"], EXPLICIT),
        ("DPoP", vec!["Authorization: DPoP x"], EXPLICIT),
        ("an API key", vec!["X-API-Key: x"], EXPLICIT),
        ("an API key in lower case", vec!["x-api-key: x"], EXPLICIT),
        ("nothing", vec![], judged),
        ("Basic", vec!["Authorization: Basic eDp5"], judged),
        ("Digest", vec!["Authorization: Digest username=x"], judged),
        ("Negotiate", vec!["Authorization: Negotiate x"], judged),
        ("NTLM", vec!["Authorization: NTLM x"], judged),
        ("a scheme that nobody knows", vec!["Authorization: Hawk x"], judged),
        ("a scheme that begins like Bearer", vec!["Authorization: Bearerx y"], judged),
        ("no scheme", vec!["Authorization: "], judged),
        ("a tab behind Bearer", vec!["Authorization: Bearer\tx"], judged),
        ("two Bearers", vec!["Authorization: Bearer x", "Authorization: Bearer y"], judged),
        ("Bearer and Basic", vec!["Authorization: Bearer x", "Authorization: Basic y"], judged),
        ("Bearer beside a cookie", vec!["Authorization: Bearer x", "Cookie: a=b"], judged),
        ("Bearer beside an empty cookie", vec!["Authorization: Bearer x", "Cookie: "], judged),
        ("an API key beside a cookie", vec!["X-API-Key: x", "Cookie: a=b"], judged),
        ("an API key beside Basic", vec!["X-API-Key: x", "Authorization: Basic y"], judged),
        ("a header that is no API key here", vec!["X-Api-Token: x"], judged),
    ] {
        let lines = [&[FOREIGN], lines.as_slice()].concat();
        assert_eq!(judge(&policy, &ask("POST /x", &lines)), expected, "{name}");
    }
}

#[test]
fn a_client_certificate_is_ambient() {
    let mut peer = Peer::new(None, Scheme::Https);
    peer.client_certificate = true;
    let policy = policy("");
    let bearer = "Authorization: Bearer x";
    let say = |lines: &[&str], peer| judge_from(&policy, &ask("POST /x", lines), peer);
    assert_eq!(say(&[bearer, FOREIGN], peer), "refuse origin_mismatch");
    assert_eq!(say(&[bearer], peer), "refuse token_missing");
    assert_eq!(say(&[], peer), "refuse token_missing");
    assert_eq!(say(&[], Peer::new(None, Scheme::Https)), "allow nothing_against");
}

#[test]
fn a_dialect_may_judge_bearer_like_all_else() {
    let lenient = dialect("protect = { methods = \"unsafe\", require = \"token\" }");
    let strict = dialect(
        "protect = { methods = \"unsafe\", require = \"token\", bearer_alone = \"judge\" }",
    );
    let text = ask("POST /x", &["Authorization: Bearer x"]);
    assert_eq!(judge(&lenient, &text), EXPLICIT);
    assert_eq!(judge(&strict, &text), "refuse token_missing");
}

#[test]
fn basic_alone_where_the_dialect_lets_scripts_in() {
    let strict = dialect("protect = { methods = \"unsafe\", require = \"token\" }");
    let lenient = dialect(
        "protect = { methods = \"unsafe\", require = \"token\", basic_alone = \"provenance\" }",
    );
    let basic = "Authorization: Basic eDp5";
    for (name, lines, expected) in [
        ("a script", vec![basic], "allow nothing_against"),
        ("the own page", vec![basic, "Origin: https://app.example"], "allow provenance"),
        ("a foreign page", vec![basic, FOREIGN], "refuse origin_mismatch"),
        ("a sandboxed page", vec![basic, "Origin: null"], "refuse origin_null"),
        ("cross-site", vec![basic, "Sec-Fetch-Site: cross-site"], "refuse cross_site"),
        ("beside another cookie", vec![basic, "Cookie: theme=dark"], "allow nothing_against"),
        ("beside the session", vec![basic, "Cookie: sid=1"], "refuse token_missing"),
        ("beside two sessions", vec![basic, "Cookie: sid=1; sid=2"], "refuse token_missing"),
        ("twice", vec![basic, basic], "refuse token_missing"),
        ("not Basic", vec!["Authorization: Negotiate x"], "refuse token_missing"),
        ("nothing", vec![], "refuse token_missing"),
    ] {
        let text = ask("POST /x", &lines);
        assert_eq!(judge(&lenient, &text), expected, "{name}");
        if expected.starts_with("allow") {
            assert_eq!(judge(&strict, &text), "refuse token_missing", "{name}, strict");
        }
    }
    let mut peer = Peer::new(None, Scheme::Https);
    peer.client_certificate = true;
    let text = ask("POST /x", &[basic]);
    assert_eq!(judge_from(&lenient, &text, peer), "refuse token_missing", "with a certificate");
}

#[test]
fn two_authorizations_are_no_less_than_one_that_a_browser_adds() {
    let policy = policy("");
    let [bearer, basic] = ["Authorization: Bearer x", "Authorization: Basic eDp5"];
    for lines in [[bearer, bearer], [bearer, basic], [basic, basic]] {
        assert_eq!(judge(&policy, &ask("POST /x", &lines)), "refuse token_missing", "{lines:?}");
    }
}

#[test]
fn a_script_may_log_in_to_voss_over_https_without_referer() {
    let policy = policy("dialect = \"voss\"");
    let basic = "Authorization: Basic am9lOmJsb2dncw==";
    let say = |line, lines: &[&str]| judge(&policy, &ask(line, lines));
    assert_eq!(say("POST /noninteractivelogin/", &[basic]), "allow nothing_against");
    assert_eq!(say("POST /noninteractivelogin/", &[]), "allow nothing_against");
    assert_eq!(say("POST /relation/User/", &[basic]), "allow nothing_against");
    assert_eq!(say("POST /noninteractivelogin/", &[FOREIGN]), "refuse origin_mismatch");
    let foreign = "Referer: https://evil.example/";
    assert_eq!(say("POST /noninteractivelogin/", &[foreign]), "refuse referer_mismatch");
    // A form needs its token, and with it the Referer, as in Django.
    assert_eq!(say("POST /login/", &[]), "refuse referer_missing");
}
