use std::time::Duration;

use countersign::Timestamp;
use countersign_tower::ManualClock;

use super::*;
use crate::db::{Db, NewUser, Seed};
use crate::passwords::Passwords;
use crate::service::Service;
use crate::sessions::Limits;

const COOKIE: SessionCookie = SessionCookie { name: "JSESSIONID", attributes: ";Path=/" };

const SEED: Seed = Seed {
    service: Service::Genesys,
    tables: "",
    rows: |seeder| {
        seeder.permission("ADMIN", "write")?;
        for (name, role) in [("joe", "ADMIN"), ("ann", "AGENT")] {
            seeder.user(NewUser {
                name: name.to_owned(),
                password: "pass:word".to_owned(),
                roles: vec![role.to_owned()],
                ..NewUser::default()
            })?;
        }
        Ok(())
    },
};

fn authenticator() -> Authenticator {
    let passwords = Passwords::new().unwrap();
    let db = Db::open(None, &passwords, &[SEED]).unwrap();
    let limits = Limits { idle: Duration::from_secs(60), absolute: Duration::from_secs(600) };
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_000)));
    let sessions = Sessions::new(db.clone(), Service::Genesys, limits, clock);
    let users = Users::new(db, passwords, Service::Genesys);
    Authenticator { cookie: COOKIE, users, sessions }
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", BASE64.encode(credentials.as_bytes()))
}

#[tokio::test]
async fn which_cookie_names_the_session() {
    let authenticator = authenticator();
    let session = authenticator.sessions.create(Some("joe")).await.unwrap();
    let other = authenticator.sessions.create(Some("ann")).await.unwrap();
    let (id, other) = (session.id(), other.id());
    let one = |line: String| vec![line];
    for (row, lines, expected) in [
        ("none", vec![], false),
        ("the cookie", one(format!("JSESSIONID={id}")), true),
        ("among others", one(format!("a=b; JSESSIONID={id}; c=d")), true),
        ("a whole Set-Cookie line sent back", one(format!("JSESSIONID={id};Path=/")), true),
        ("in the second of two headers", vec!["a=b".to_owned(), format!("JSESSIONID={id}")], true),
        ("an unknown id", one("JSESSIONID=0123456789abcdef0123456789abcdef".to_owned()), false),
        ("empty", one("JSESSIONID=".to_owned()), false),
        ("another case of the name", one(format!("jsessionid={id}")), false),
        ("two in one header", one(format!("JSESSIONID={id}; JSESSIONID={other}")), false),
        ("the same one twice", one(format!("JSESSIONID={id}; JSESSIONID={id}")), false),
        ("planted before", one(format!("JSESSIONID=planted; JSESSIONID={id}")), false),
        (
            "two in two headers",
            vec![format!("JSESSIONID={id}"), format!("JSESSIONID={other}")],
            false,
        ),
        ("bytes that are no text", vec![format!("x=\u{e4}; JSESSIONID={id}")], false),
        ("quoted", one(format!("JSESSIONID=\"{id}\"")), false),
        ("garbage around", one(format!(";;=; =x;;JSESSIONID={id};;")), true),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("cookie", line.as_str())).collect();
        let visitor = authenticator.identify(&headers(&lines)).await.unwrap();
        assert_eq!(visitor.session.as_ref().map(Session::id), expected.then_some(id), "{row}");
        assert_eq!(visitor.user.is_some(), expected, "{row}");
    }
}

#[tokio::test]
async fn basic_credentials() {
    let authenticator = authenticator();
    let encoded = BASE64.encode(b"joe:pass:word");
    for (row, lines, expected) in [
        ("none", vec![], (Basic::Absent, None)),
        (
            "right; a colon belongs to the password",
            vec![basic("joe:pass:word")],
            (Basic::Accepted, Some("joe")),
        ),
        (
            "the scheme in any case",
            vec![format!("bASIC {encoded}")],
            (Basic::Accepted, Some("joe")),
        ),
        ("two spaces", vec![format!("Basic  {encoded}")], (Basic::Accepted, Some("joe"))),
        ("wrong password", vec![basic("joe:pass")], (Basic::Rejected, None)),
        ("no such user", vec![basic("jim:pass:word")], (Basic::Rejected, None)),
        ("no colon", vec![basic("joe")], (Basic::Rejected, None)),
        ("nothing behind the scheme", vec!["Basic ".to_owned()], (Basic::Rejected, None)),
        ("no base64", vec!["Basic joe:pass:word".to_owned()], (Basic::Rejected, None)),
        ("no padding", vec![basic("joe:pass:wor").replace('=', "")], (Basic::Rejected, None)),
        (
            "no UTF-8",
            vec![format!("Basic {}", BASE64.encode(b"joe:\xff"))],
            (Basic::Rejected, None),
        ),
        ("given twice", vec![basic("joe:pass:word"); 2], (Basic::Rejected, None)),
        ("another scheme", vec![format!("Bearer {encoded}")], (Basic::Absent, None)),
        ("the scheme alone", vec!["Basic".to_owned()], (Basic::Absent, None)),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("authorization", line.as_str())).collect();
        let visitor = authenticator.identify(&headers(&lines)).await.unwrap();
        let user = visitor.user.as_ref().map(|user| user.name.as_str());
        assert_eq!((visitor.basic, user), expected, "{row}");
    }
}

#[tokio::test]
async fn credentials_and_session_together() {
    let authenticator = authenticator();
    let session = authenticator.sessions.create(Some("joe")).await.unwrap();
    let cookie = format!("JSESSIONID={}", session.id());
    for (row, credentials, expected) in [
        ("the same user", "joe:pass:word", Some("joe")),
        ("another user: the credentials count", "ann:pass:word", Some("ann")),
        ("wrong credentials are not made good by the session", "ann:wrong", None),
    ] {
        let lines = [("cookie", cookie.as_str()), ("authorization", &basic(credentials))];
        let visitor = authenticator.identify(&headers(&lines)).await.unwrap();
        assert_eq!(visitor.user.as_ref().map(|user| user.name.as_str()), expected, "{row}");
        assert_eq!(visitor.session.as_ref(), Some(&session), "{row}");
    }
}

#[tokio::test]
async fn a_user_who_is_disabled_or_removed_has_no_session() {
    let authenticator = authenticator();
    for name in ["joe", "ann"] {
        let session = authenticator.sessions.create(Some(name)).await.unwrap();
        let cookie = format!("JSESSIONID={}", session.id());
        let lines = [("cookie", cookie.as_str())];
        let mut user = authenticator.users.find(name).await.unwrap().unwrap();
        if name == "joe" {
            user.enabled = false;
            authenticator.users.update(user).await.unwrap();
        } else {
            authenticator.users.remove(name).await.unwrap();
        }
        let visitor = authenticator.identify(&headers(&lines)).await.unwrap();
        assert_eq!((visitor.session, visitor.user), (None, None), "{name}");
        assert_eq!(authenticator.sessions.resume(session.id()).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn what_later_layers_are_told() {
    let authenticator = authenticator();
    let session = authenticator.sessions.create(Some("joe")).await.unwrap();
    let cookie = format!("JSESSIONID={}", session.id());
    for (row, cookie, binding, principal) in [
        ("nobody", "", SessionBinding::none(), None),
        ("a session", &cookie, SessionBinding::live(session.id()), Some(("joe", vec!["write"]))),
    ] {
        let visitor = authenticator.identify(&headers(&[("cookie", cookie)])).await.unwrap();
        let mut extensions = Extensions::new();
        visitor.introduce(&mut extensions);
        assert_eq!(extensions.get::<SessionBinding>(), Some(&binding), "{row}");
        let principal = principal.map(|(name, permissions)| Principal::new(name, permissions));
        assert_eq!(extensions.get::<Principal>(), principal.as_ref(), "{row}");
        assert!(extensions.get::<Visitor>().is_some(), "{row}");
    }
}

#[tokio::test]
async fn a_changed_session_is_announced_to_client_and_layer() {
    let authenticator = authenticator();
    let session = authenticator.sessions.create(None).await.unwrap();
    let mut response = Response::default();
    authenticator.announce(&mut response, Some(&session));
    let expected = format!("JSESSIONID={};Path=/", session.id());
    assert_eq!(response.headers()[SET_COOKIE], expected.as_str());
    let binding = response.extensions().get::<SessionBinding>();
    assert_eq!(binding, Some(&SessionBinding::live(session.id())));

    let mut response = Response::default();
    authenticator.announce(&mut response, None);
    assert_eq!(response.headers()[SET_COOKIE], "JSESSIONID=;Path=/; Max-Age=0");
    assert_eq!(response.extensions().get::<SessionBinding>(), Some(&SessionBinding::none()));
}
