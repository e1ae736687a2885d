//! `explain` with the keyring at hand: the token itself is checked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::fs;

use command::{Ran, run};
use countersign::{Engine, Holder, Incarnation, Issue, Keyring, Moment, Policy, Random, Timestamp};
use tempfile::TempDir;

const NOW: u64 = 1_800_000_000;
const INCARNATION: u64 = 7;

/// Not random at all, so that each run sees the same tokens.
struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

struct Keys {
    folder: TempDir,
}

impl Keys {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("keyring.toml"), Self::keyring().to_toml().as_bytes())
            .unwrap();
        Self { folder }
    }

    fn keyring() -> Keyring {
        Keyring::from_random(&[42; 64])
    }

    fn token(dialect: &str, holder: &Holder) -> String {
        let engine = Engine::new(Policy::builtin(dialect).unwrap(), Self::keyring());
        let moment = Moment {
            now: Timestamp::from_secs(NOW),
            incarnation: Incarnation::from_random(INCARNATION),
        };
        match engine.issue(holder, moment, &mut Counting(0)) {
            Issue::Token(token) => token,
            Issue::Tickets(_) => engine.tickets(holder, 3..4, moment).remove(0),
            Issue::Store(..) | Issue::None => unreachable!("no such dialect is built in"),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn explain(&self, flags: &[&str], request: &str) -> Ran {
        let keyring = self.path("keyring.toml");
        let now = NOW.to_string();
        let begin = ["explain", "--keyring", &keyring];
        let flags = if flags.contains(&"--now") {
            [&begin, flags].concat()
        } else {
            [&begin, flags, &["--now", &now]].concat()
        };
        run(&flags, request)
    }
}

fn session(id: &str) -> Holder {
    Holder::Session(id.as_bytes().to_vec())
}

fn post(cookie: &str, more: &str) -> String {
    format!("POST /x HTTP/1.1\nHost: app.example\nCookie: {cookie}\n{more}")
}

#[test]
fn tokens_of_a_session() {
    let keys = Keys::new();
    let own = Keys::token("genesys", &session("a"));
    for (name, cookie, token, status, says) in [
        ("its own", "JSESSIONID=a", own.clone(), 0, "allowed by rule 7, token: its token holds"),
        ("another session's", "JSESSIONID=b", own.clone(), 3, "token_invalid"),
        ("cut off", "JSESSIONID=a", own[..35].to_owned(), 3, "token_malformed"),
        ("two sessions", "JSESSIONID=a; JSESSIONID=b", own.clone(), 3, "session_ambiguous"),
    ] {
        let request = post(cookie, &format!("X-CSRF-TOKEN: {token}\n\n"));
        let ran = keys.explain(&["--dialect", "genesys"], &request);
        assert_eq!(ran.status, status, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(says), "{name}: {}", ran.out);
        assert!(!ran.out.contains(&token), "{name}: a token is never printed");
    }
}

#[test]
fn tokens_in_forms() {
    let keys = Keys::new();
    let token = Keys::token("standard", &session("a"));
    let urlencoded = "Content-Type: application/x-www-form-urlencoded\n";
    let multipart = "Content-Type: multipart/form-data; boundary=XX\n";
    let part = |name: &str, value: &str| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let small = keys.path("small.toml");
    fs::write(&small, "form_limit = 64").unwrap();
    let filler = "x".repeat(100);
    for (name, policy, form, status, says) in [
        ("one", None, format!("{urlencoded}\na=b&csrf_token={token}\n"), 0, "its token holds"),
        ("none", None, format!("{urlencoded}\na=b\n"), 3, "token_missing"),
        (
            "two",
            None,
            format!("{urlencoded}\ncsrf_token={token}&csrf_token=x"),
            3,
            "token_repeated",
        ),
        (
            "cut by Content-Length",
            None,
            format!("Content-Length: 3\n{urlencoded}\na=b&csrf_token={token}"),
            3,
            "token_missing",
        ),
        (
            "within the limit",
            Some(&small),
            format!("{urlencoded}\ncsrf_token={token}&a={filler}"),
            0,
            "its token holds",
        ),
        (
            "beyond the limit",
            Some(&small),
            format!("{urlencoded}\na={filler}&csrf_token={token}"),
            3,
            "form_too_large",
        ),
        (
            "multipart",
            None,
            format!("{multipart}\n{}{}--XX--\r\n", part("a", "b"), part("csrf_token", &token)),
            0,
            "its token holds",
        ),
        (
            "multipart, two",
            None,
            format!(
                "{multipart}\n{}{}--XX--\r\n",
                part("csrf_token", "b"),
                part("csrf_token", "c")
            ),
            3,
            "token_repeated",
        ),
        (
            "multipart, broken off",
            None,
            format!("{multipart}\n{}", part("a", "b")),
            3,
            "form_malformed",
        ),
        (
            "multipart without a boundary",
            None,
            "Content-Type: multipart/form-data\n\nx".to_owned(),
            3,
            "form_malformed",
        ),
    ] {
        let mut flags = vec![];
        if let Some(policy) = policy {
            flags.extend(["--policy", policy.as_str()]);
        }
        let ran = keys.explain(&flags, &post("session=a", &form));
        assert_eq!(ran.status, status, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(says), "{name}: {}", ran.out);
    }
}

#[test]
fn a_chunked_form_is_not_guessed_at() {
    let request = "Transfer-Encoding: chunked\nContent-Type: application/x-www-form-urlencoded\n\n\
                   3\r\na=b\r\n0\r\n\r\n";
    let ran = Keys::new().explain(&[], &post("session=a", request));
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(ran.err.contains("chunks"), "{}", ran.err);
}

#[test]
fn a_user_s_token() {
    let keys = Keys::new();
    let token = Keys::token("redback", &Holder::User("admin".to_owned()));
    let request =
        post("JSESSIONID=a", &format!("Origin: http://app.example\nX-XSRF-TOKEN: {token}\n\n"));
    let late = (NOW + 4 * 3600).to_string();
    for (name, flags, status, says) in [
        ("its own", vec!["--user", "admin"], 0, "its token holds"),
        ("another user's", vec!["--user", "guest-user"], 3, "token_invalid"),
        ("nobody named", vec![], 3, "`--user NAME` says who is logged in"),
        ("after its three hours", vec!["--user", "admin", "--now", &late], 3, "token_expired"),
    ] {
        let flags = [&["--dialect", "redback"][..], &flags].concat();
        let ran = keys.explain(&flags, &request);
        assert_eq!(ran.status, status, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(says), "{name}: {}", ran.out);
    }
}

#[test]
fn a_ticket_waits_for_the_store_s_word() {
    let keys = Keys::new();
    let ticket = Keys::token("tao", &session("a"));
    let cookie = countersign::builtin("tao").unwrap().session.cookie;
    let request = post(&format!("{cookie}=a"), &format!("X-CSRF-Token: {ticket}\n\n"));
    let (now, late) = (INCARNATION.to_string(), (NOW + 3600).to_string());
    for (name, flags, says) in [
        (
            "genuine",
            vec!["--incarnation", &now],
            vec![
                "spent_mark",
                "ticket_unspent",
                "\"permit\": \"ticket\"",
                "ticket_spent",
                "token_spent",
            ],
        ),
        ("of another life", vec!["--incarnation", "8"], vec!["\"refused\"", "token_stale"]),
        (
            "expired",
            vec!["--incarnation", &now, "--now", &late],
            vec!["\"refused\"", "token_expired"],
        ),
        (
            "of a life that is not given",
            vec![],
            vec!["\"undecided\"", "\"incarnation\"", "token_valid", "token_invalid"],
        ),
    ] {
        let flags = [&["--dialect", "tao", "--json"][..], &flags].concat();
        let ran = keys.explain(&flags, &request);
        assert_eq!(ran.status, 3, "{name}: {}{}", ran.out, ran.err);
        for words in says {
            assert!(ran.out.contains(words), "{name}: no `{words}` in {}", ran.out);
        }
    }
}

#[test]
fn a_stored_token_waits_for_the_store_s_word() {
    let keys = Keys::new();
    let dialect = keys.path("stored.toml");
    let standard = countersign::builtin_source("standard").unwrap();
    let stored = standard.replace("\"synchronizer\"", "\"stored-synchronizer\"");
    assert_ne!(stored, standard);
    fs::write(&dialect, stored).unwrap();
    let token = Keys::token("standard", &session("a"));
    let request = post("session=a", &format!("X-CSRF-Token: {token}\n\n"));
    let ran = keys.explain(&["--dialect", &dialect], &request);
    assert_eq!(ran.status, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("undecided: hangs on the token that the store holds"), "{}", ran.out);
}
