//! Django's convention: the token as a cookie and once more beside it.

use serde_json::json;

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::{Call, Reply};
use crate::front::{Front, passes, refused};

const USERS: [(&str, &str); 1] = [("joe", "bloggs")];
const CREDENTIALS: &str = "username=joe&password=bloggs&next=%2F";
const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Log in</title></head><body>\
    <form method=\"post\" action=\"/login/\"><input name=\"username\"><input name=\"password\"></form>\
    </body></html>";
const ATTRIBUTES: &str = "; HttpOnly; SameSite=Lax; Path=/";

/// It has no session until somebody logs in.
fn app(asked: &Asked, sessions: &Sessions) -> Answer {
    let id = asked.cookie("sessionid");
    let begin = |answer, user: &str| {
        sessions.end(id);
        with(answer, "set-cookie", &format!("sessionid={}{ATTRIBUTES}", sessions.begin(user)))
    };
    let user = sessions.user(id).or_else(|| asked.basic(&USERS));
    match asked.line() {
        ("GET", "/login/") => with(app::html(LOGIN_PAGE), "vary", "Accept-Language"),
        ("POST", "/login/") => {
            let given = (asked.form("username"), asked.form("password"));
            match given {
                (Some(name), Some(password)) if USERS.contains(&(&name, &password)) => {
                    let next = asked.form("next").unwrap_or_else(|| "/".to_owned());
                    begin(with(app::empty(302), "location", &next), &name)
                }
                _ => app::html(LOGIN_PAGE),
            }
        }
        ("POST", "/noninteractivelogin/") => match asked.basic(&USERS) {
            Some(user) => begin(app::json(200, &json!({"user": user})), &user),
            None => app::json(401, &json!({})),
        },
        ("POST", "/logout/") => {
            sessions.end(id);
            with(
                app::empty(302),
                "set-cookie",
                "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
            )
        }
        (_, "/api/devices/") if user.is_none() => app::json(401, &json!({})),
        ("GET", "/api/devices/") => app::json(200, &json!([])),
        ("POST", "/api/devices/") => app::json(201, &json!({"name": asked.form("name")})),
        _ => app::empty(404),
    }
}

fn front() -> Front {
    Front::start("voss", app)
}

/// Cookies and token as a client holds them.
struct Client {
    session: String,
    twin: String,
    token: String,
}

impl Client {
    fn of(reply: &Reply, session: &str) -> Self {
        let token = reply.token("x-csrftoken");
        let twin = reply.sets("csrftoken").unwrap();
        assert_eq!(twin, format!("csrftoken={token}"));
        Self { session: reply.sets(session).unwrap(), twin, token }
    }

    fn visit(front: &Front) -> Self {
        Self::of(&front.get("/login/").send(), "countersign")
    }

    fn log_in(front: &Front) -> Self {
        let before = Self::visit(front);
        Self::of(&before.signed(front.post("/login/").form(CREDENTIALS)).send(), "sessionid")
    }

    fn cookies(&self) -> String {
        format!("{}; {}", self.session, self.twin)
    }

    fn with_cookies(&self, call: Call) -> Call {
        call.cookie(&self.cookies())
    }

    fn signed(&self, call: Call) -> Call {
        self.with_cookies(call).header("x-csrftoken", &self.token)
    }
}

fn worded(name: &str, reply: &Reply) {
    assert_eq!(reply.header("content-type").as_deref(), Some("text/html; charset=utf-8"), "{name}");
    assert!(reply.body.contains("CSRF verification failed."), "{name}: {reply:?}");
}

#[test]
fn every_answer_carries_the_token_twice() {
    let front = front();
    let reply = front.get("/login/").send();
    let client = Client::of(&reply, "countersign");
    assert_eq!(client.token.len(), 32);
    assert!(client.token.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", client.token);
    let cookies: Vec<&str> =
        reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let expected = format!("{}; SameSite=Lax; HttpOnly; Path=/", client.twin);
    assert!(cookies.contains(&expected.as_str()), "{cookies:?}");
    let vary = reply.header("vary").unwrap().to_ascii_lowercase();
    for name in ["accept-encoding", "cookie", "accept-language", "x-csrftoken"] {
        assert!(vary.split(", ").any(|own| own == name), "{name}: {vary}");
    }
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    // It stays the same as long as the session does.
    let again = client.with_cookies(front.get("/login/")).send();
    assert_eq!(again.token("x-csrftoken"), client.token);
}

#[test]
fn the_login_of_the_document_works_and_changes_the_token() {
    let front = front();
    let before = Client::visit(&front);
    let login = || front.post("/login/").form(CREDENTIALS);
    let reply = before
        .signed(login())
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("referer", &format!("{}/login/", front.origin()))
        .send();
    assert_eq!((reply.status, reply.header("location").as_deref()), (302, Some("/")));
    let after = Client::of(&reply, "sessionid");
    assert_ne!(after.token, before.token);

    let add = || front.post("/api/devices/").form("name=5019");
    let old = format!("{}; {}", after.session, before.twin);
    front.check(
        [
            passes(201, "the new token", after.signed(add())),
            refused("the old one", add().cookie(&old).header("x-csrftoken", &before.token)),
            refused(
                "the old one in the new cookie's company",
                after.with_cookies(add()).header("x-csrftoken", &before.token),
            ),
        ],
        worded,
    );
    let read = after.with_cookies(front.get("/api/devices/")).send();
    assert_eq!(read.token("x-csrftoken"), after.token);
}

#[test]
fn a_login_needs_cookie_and_token_of_one_session() {
    let front = front();
    let (client, other) = (Client::visit(&front), Client::visit(&front));
    let login = || front.post("/login/").form(CREDENTIALS);
    let bare = || client.with_cookies(login());
    let planted = "KEMzraBRygy2ZJ7fLuvbfKhAEIPK9D4s";
    let as_field = format!("{CREDENTIALS}&csrfmiddlewaretoken={}", client.token);
    front.check(
        [
            passes(302, "in the header", client.signed(login())),
            passes(
                302,
                "in the form's field",
                client.with_cookies(front.post("/login/").form(&as_field)),
            ),
            passes(
                302,
                "from a page of its own",
                client.signed(login()).header("origin", &front.origin()),
            ),
            refused("no token", bare()),
            refused("no cookies", login().header("x-csrftoken", &client.token)),
            refused(
                "no csrftoken cookie",
                login().cookie(&client.session).header("x-csrftoken", &client.token),
            ),
            refused(
                "no session",
                login().cookie(&client.twin).header("x-csrftoken", &client.token),
            ),
            refused("another token than the cookie's", bare().header("x-csrftoken", &other.token)),
            refused(
                "both of another session",
                login()
                    .cookie(&format!("{}; {}", client.session, other.twin))
                    .header("x-csrftoken", &other.token),
            ),
            refused(
                "a planted pair",
                login()
                    .cookie(&format!("{}; csrftoken={planted}", client.session))
                    .header("x-csrftoken", planted),
            ),
            refused(
                "two csrftoken cookies",
                login()
                    .cookie(&format!("{}; csrftoken={planted}", client.cookies()))
                    .header("x-csrftoken", &client.token),
            ),
            refused("the token twice", client.signed(login()).header("x-csrftoken", &client.token)),
            refused(
                "a foreign origin",
                client.signed(login()).header("origin", "https://evil.example"),
            ),
            refused(
                "a foreign page",
                client.signed(login()).header("referer", "https://evil.example/x"),
            ),
        ],
        worded,
    );
}

#[test]
fn machines_log_in_without_a_token() {
    let front = front();
    let basic = |target: &str| front.post(target).basic("joe", "bloggs").form("name=5019");
    let evil = "https://evil.example";
    front.check(
        [
            passes(200, "a machine's login", basic("/noninteractivelogin/")),
            passes(201, "Basic and nothing else", basic("/api/devices/")),
            refused("a page's", basic("/noninteractivelogin/").header("origin", evil)),
            refused(
                "a page's with the Basic that the browser repeats",
                basic("/api/devices/").header("origin", evil),
            ),
        ],
        worded,
    );
    let reply = basic("/noninteractivelogin/").send();
    let client = Client::of(&reply, "sessionid");
    let add = || front.post("/api/devices/").form("name=5019");
    front.check(
        [
            passes(201, "goes on with its session", client.signed(add())),
            refused("not without the token", client.with_cookies(add())),
            refused(
                "nor with Basic beside the session",
                client.with_cookies(basic("/api/devices/")),
            ),
        ],
        worded,
    );
}

#[test]
fn a_refusal_is_worded_as_the_client_wants_it() {
    let front = front();
    let client = Client::visit(&front);
    let login = || front.post("/login/").form(CREDENTIALS).header("accept", "application/json");
    for (call, detail) in [
        (client.with_cookies(login()), "CSRF token missing."),
        (login().header("x-csrftoken", &client.token), "CSRF cookie not set."),
        (
            client.signed(login()).header("origin", "https://evil.example"),
            "Origin checking failed.",
        ),
        (
            client.signed(login()).header("referer", "https://evil.example/"),
            "Referer checking failed.",
        ),
    ] {
        let reply = call.send();
        assert_eq!(reply.status, 403);
        assert_eq!(reply.json(), json!({"detail": format!("CSRF Failed: {detail}")}));
    }
    assert_eq!(front.upstream.count(), 1);
}

#[test]
fn the_login_page_has_the_hidden_field() {
    let front = front();
    let page = front.get("/login/").header("accept", "text/html").send();
    let client = Client::of(&page, "countersign");
    let field = page.field("csrfmiddlewaretoken");
    assert_eq!(
        (field.len(), field == client.token),
        (64, false),
        "masked, as Django's is: {field}"
    );
    let form = format!("{CREDENTIALS}&csrfmiddlewaretoken={field}");
    front.check(
        [passes(302, "sent as it came", client.with_cookies(front.post("/login/").form(&form)))],
        worded,
    );
    // A login that failed shows the form again, with a token that is good.
    let wrong = format!("username=joe&password=no&csrfmiddlewaretoken={field}");
    let again = client
        .with_cookies(front.post("/login/").form(&wrong))
        .header("accept", "text/html")
        .send();
    let form = format!("{CREDENTIALS}&csrfmiddlewaretoken={}", again.field("csrfmiddlewaretoken"));
    front.check(
        [passes(302, "sent again", client.with_cookies(front.post("/login/").form(&form)))],
        worded,
    );
}

#[test]
fn nothing_is_handed_out_when_the_session_ends() {
    let front = front();
    let client = Client::log_in(&front);
    let end = client.signed(front.post("/logout/")).send();
    assert_eq!((end.status, end.header("x-csrftoken"), end.sets("csrftoken")), (302, None, None));
    let add = || front.post("/api/devices/").header("x-csrftoken", &client.token).form("name=5019");
    front.check(
        [
            refused("the pair without a session", add().cookie(&client.twin)),
            passes(401, "with the old session the app says no", add().cookie(&client.cookies())),
        ],
        worded,
    );
}

#[test]
fn the_commands_of_the_example_do_what_it_says() {
    front().run_example();
}
