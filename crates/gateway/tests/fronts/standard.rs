//! Any app: where the request comes from decides, the token in its pages is the rescue.

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::{Call, Reply};
use crate::front::{Front, passes, refused};

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Log in</title></head><body>\n\
    <form method=\"post\" action=\"/login\"><input name=\"user\"><input name=\"password\"></form>\n\
    </body></html>";
const TRANSFER_PAGE: &str = "<!DOCTYPE html><html><head><title>Send</title></head><body>\n\
    <form method=\"post\" action=\"/transfer\"><input name=\"to\"><input name=\"amount\"></form>\n\
    <form method=\"post\" action=\"https://other.example/\"><input name=\"q\"></form>\n\
    </body></html>";

fn app(asked: &Asked, sessions: &Sessions) -> Answer {
    let id = asked.cookie("session");
    match asked.line() {
        ("GET", "/login") => app::html(LOGIN_PAGE),
        ("POST", "/login") if asked.form("password").as_deref() == Some("lovelace") => {
            sessions.end(id);
            let cookie =
                format!("session={}; Path=/; HttpOnly; SameSite=Lax", sessions.begin("ada"));
            with(with(app::empty(303), "location", "/transfer"), "set-cookie", &cookie)
        }
        ("POST", "/logout") => {
            sessions.end(id);
            with(app::empty(303), "set-cookie", "session=; Path=/; Max-Age=0")
        }
        _ if sessions.user(id).is_none() => app::empty(401),
        ("GET", "/transfer") => app::html(TRANSFER_PAGE),
        ("POST", "/transfer") => app::html("<p>Sent.</p>"),
        _ => app::empty(404),
    }
}

fn front() -> Front {
    Front::start("standard", app)
}

fn page(call: Call) -> Reply {
    let reply = call.header("accept", "text/html,*/*;q=0.8").send();
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"), "{reply:?}");
    reply
}

/// Cookie and token of somebody who has logged in with the form.
fn log_in(front: &Front) -> (String, String) {
    let shown = page(front.get("/login"));
    let form = format!("user=ada&password=lovelace&csrf_token={}", shown.field("csrf_token"));
    let own = shown.sets("countersign").unwrap();
    let cookie = front.post("/login").cookie(&own).form(&form).send().sets("session").unwrap();
    let token = page(front.get("/transfer").cookie(&cookie)).field("csrf_token");
    (cookie, token)
}

fn worded(name: &str, reply: &Reply) {
    assert!(reply.body.starts_with("This request was refused"), "{name}: {reply:?}");
}

#[test]
fn pages_carry_the_token_and_forms_that_post_elsewhere_do_not() {
    let front = front();
    let (cookie, _) = log_in(&front);
    let reply = page(front.get("/transfer").cookie(&cookie));
    assert_eq!(reply.body.matches("name=\"csrf_token\"").count(), 1, "{}", reply.body);
    assert!(reply.body.contains("<meta name=\"csrf-token\""), "{}", reply.body);
    assert!(reply.body.contains("src=\"/.countersign/csrf.js\""), "{}", reply.body);
    let again = page(front.get("/transfer").cookie(&cookie));
    assert_ne!(reply.field("csrf_token"), again.field("csrf_token"), "masked each time anew");

    let before = front.upstream.count();
    let script = front.get("/.countersign/csrf.js").send();
    assert_eq!((script.status, front.upstream.count()), (200, before));
    assert_eq!(script.header("content-type").as_deref(), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("set-cookie"), None);
}

#[test]
fn what_changes_something_must_show_that_it_is_meant() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let (_, another) = log_in(&front);
    let form = "to=bob&amount=5";
    let send = || front.post("/transfer").cookie(&cookie).form(form);
    let field = |token: &str| {
        front.post("/transfer").cookie(&cookie).form(&format!("{form}&csrf_token={token}"))
    };
    let evil = "https://evil.example";
    front.check(
        [
            passes(200, "from a page of its own", send().header("origin", &front.origin())),
            passes(
                200,
                "as a modern browser says it",
                send().header("sec-fetch-site", "same-origin"),
            ),
            passes(
                200,
                "by its Referer",
                send().header("referer", &format!("{}/transfer", front.origin())),
            ),
            passes(200, "the token in the header", send().header("x-csrf-token", &token)),
            passes(200, "the token in the form", field(&token)),
            passes(200, "a read", front.get("/transfer").cookie(&cookie)),
            passes(401, "nobody's request needs nothing", front.post("/transfer").form(form)),
            refused("a cookie and no word", send()),
            refused("another session's token", field(&another)),
            refused("a foreign origin", send().header("origin", evil)),
            refused(
                "a foreign origin, with the token",
                send().header("origin", evil).header("x-csrf-token", &token),
            ),
            refused("a foreign page", send().header("sec-fetch-site", "cross-site")),
            refused("a neighbour's page", send().header("sec-fetch-site", "same-site")),
            refused("an origin that says nothing", send().header("origin", "null")),
            refused("somebody else's Referer", send().header("referer", evil)),
        ],
        worded,
    );
    let refusal = send().header("accept", "application/json").send();
    assert_eq!(refusal.json(), serde_json::json!({"error": "csrf"}));
}

#[test]
fn a_login_is_protected_and_changes_the_token() {
    let front = front();
    let shown = page(front.get("/login"));
    let (own, field) = (shown.sets("countersign").unwrap(), shown.field("csrf_token"));
    let credentials = "user=ada&password=lovelace";
    let login = |form: &str| front.post("/login").cookie(&own).form(form);
    let form = format!("{credentials}&csrf_token={field}");
    front.check(
        [
            refused(
                "somebody else's login",
                login(credentials).header("origin", "https://evil.example"),
            ),
            refused("a login without the field", login(credentials)),
            passes(303, "a login with it", login(&form)),
        ],
        worded,
    );
    let session = login(&form).send().sets("session").unwrap();
    let cookies = format!("{own}; {session}");
    let old = format!("to=bob&amount=5&csrf_token={field}");
    front.check(
        [refused(
            "the field from before the login",
            front.post("/transfer").cookie(&cookies).form(&old),
        )],
        worded,
    );
}

#[test]
fn a_logout_leaves_nothing_that_the_app_would_take() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let end = front.post("/logout").cookie(&cookie).header("x-csrf-token", &token).send();
    assert!(end.removes("session"), "{end:?}");
    let send = front.post("/transfer").cookie(&cookie).header("x-csrf-token", &token);
    front.check([passes(401, "the app says no", send.form("to=bob"))], worded);
}

#[test]
fn the_commands_of_the_example_do_what_it_says() {
    front().run_example();
}
