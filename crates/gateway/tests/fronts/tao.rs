//! TAO: a pool of tickets with the page's configuration, each good once.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::{Call, Reply};
use crate::front::{Front, passes, refused};

const CONFIG: &str = "/tao/ClientConfig/config";
const ITEMS: &str = "/tao/items";
const OWN_SCRIPT: &str = r#"require.config({"config":{"context":{"root_url":"/"}}});"#;
const FORM_PAGE: &str = "<!DOCTYPE html><html><head><title>New</title></head><body>\
    <form method=\"post\" action=\"/tao/form\"><input name=\"label\"></form></body></html>";

/// Whoever loads a page gets a session.
fn app(asked: &Asked, sessions: &Sessions) -> Answer {
    let id = asked.cookie("tao_session");
    let begin = |answer, user: &str| {
        let cookie = format!("tao_session={}; Path=/; HttpOnly", sessions.begin(user));
        with(answer, "set-cookie", &cookie)
    };
    let page = |answer| if sessions.user(id).is_some() { answer } else { begin(answer, "guest") };
    let success = |data: Value| {
        let text = json!({"success": true, "data": data}).to_string();
        app::answer(200, "application/json; charset=UTF-8", &text)
    };
    match asked.line() {
        ("GET", CONFIG) => page(app::answer(200, "application/javascript", OWN_SCRIPT)),
        ("GET", "/tao/form") => page(app::html(FORM_PAGE)),
        _ if sessions.user(id).is_none() => app::json(401, &json!({"success": false})),
        ("GET", ITEMS) => success(json!([{"uri": "i1", "label": "Photosynthesis"}])),
        ("POST", ITEMS) => success(json!({"uri": "i2", "label": asked.json()["label"]})),
        ("DELETE", "/tao/items/i1") => app::empty(204),
        ("POST", "/tao/items/fail") => app::json(
            200,
            &json!({"success": false, "data": {}, "message": "Something went wrong"}),
        ),
        ("POST", "/tao/form") => app::html(FORM_PAGE),
        ("POST", "/tao/login") => {
            sessions.end(id);
            begin(success(json!([])), "teacher")
        }
        ("POST", "/tao/logout") => {
            sessions.end(id);
            with(app::empty(204), "set-cookie", "tao_session=; Path=/; Max-Age=0")
        }
        _ => app::empty(404),
    }
}

/// The same without a configuration of its own.
fn bare(asked: &Asked, sessions: &Sessions) -> Answer {
    if asked.line() == ("GET", CONFIG) { app::empty(404) } else { app(asked, sessions) }
}

fn front() -> Front {
    Front::start("tao", app)
}

/// What a page loads.
struct Page {
    cookie: String,
    tickets: Vec<String>,
}

impl Page {
    fn load(front: &Front) -> Self {
        let reply = front.get(CONFIG).send();
        Self { cookie: reply.sets("tao_session").unwrap(), tickets: pool(&reply) }
    }

    fn call(&self, call: Call, ticket: usize) -> Call {
        call.cookie(&self.cookie).header("x-csrf-token", &self.tickets[ticket])
    }
}

/// What the script configures last.
fn handler(reply: &Reply) -> Value {
    let (_, last) = reply.body.rsplit_once("require.config(").unwrap();
    let config: Value = serde_json::from_str(last.trim_end().trim_end_matches(");")).unwrap();
    config["config"]["core/tokenHandler"].clone()
}

fn pool(reply: &Reply) -> Vec<String> {
    let tokens = handler(reply)["tokens"].clone();
    serde_json::from_value(tokens).unwrap_or_else(|_| panic!("no tickets: {reply:?}"))
}

fn worded(name: &str, reply: &Reply) {
    assert_eq!(reply.phrase.as_deref(), Some("Unable to process your request"), "{name}");
    assert_eq!((reply.body.as_str(), reply.header("x-csrf-token")), ("", None), "{name}");
}

#[test]
fn the_page_s_configuration_brings_a_pool_of_tickets() {
    let front = front();
    let reply = front.get(CONFIG).send();
    assert_eq!((reply.status, front.upstream.count()), (200, 1));
    assert!(reply.body.starts_with(OWN_SCRIPT), "{reply:?}");
    assert_eq!(reply.header("content-type").as_deref(), Some("application/javascript"));
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 1, "the app's, and no other");
    let tickets = pool(&reply);
    let settings = json!({
        "tokenTimeLimit": 24 * 60 * 1000,
        "maxSize": 10,
        "tokens": tickets,
        "validateTokens": true,
        "store": "memory",
    });
    assert_eq!(handler(&reply), settings);
    let hex = |ticket: &String| {
        ticket.len() == 40 && ticket.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    assert!(tickets.iter().all(hex), "{tickets:?}");

    // Another tab gets tickets of its own.
    let cookie = reply.sets("tao_session").unwrap();
    let again = front.get(CONFIG).cookie(&cookie).send();
    assert_eq!(again.header("set-cookie"), None);
    let all: HashSet<String> = tickets.into_iter().chain(pool(&again)).collect();
    assert_eq!(all.len(), 20);
    let list = |ticket: &str| front.get(ITEMS).cookie(&cookie).header("x-csrf-token", ticket);
    front.check(all.iter().map(|ticket| passes(200, "each of them", list(ticket))), worded);
}

#[test]
fn where_the_app_has_no_configuration_the_gateway_has() {
    let front = Front::start("tao", bare);
    let reply = front.get(CONFIG).send();
    assert_eq!((reply.status, pool(&reply).len()), (200, 10));
    assert_eq!(reply.header("content-type").as_deref(), Some("application/javascript"));
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    let own = reply.sets("countersign").unwrap();
    let list = front.get(ITEMS).cookie(&own).header("x-csrf-token", &pool(&reply)[0]);
    front.check([passes(401, "the session is the gateway's own", list)], worded);
}

#[test]
fn each_call_spends_a_ticket_and_brings_a_fresh_one() {
    let front = front();
    let page = Page::load(&front);
    let mut ticket = page.tickets[0].clone();
    for round in 0..12 {
        let list = front.get(ITEMS).cookie(&page.cookie).header("x-csrf-token", &ticket);
        let reply = list.clone().send();
        assert_eq!(reply.status, 200, "{round}");
        assert_eq!(
            reply.header("content-type").as_deref(),
            Some("application/json; charset=UTF-8")
        );
        assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
        front.check([refused("the same again", list)], worded);
        ticket = reply.token("x-csrf-token");
    }

    let added = page.call(front.post(ITEMS).json(r#"{"label":"Fractions"}"#), 1).send();
    let data = json!({"uri": "i2", "label": "Fractions"});
    assert_eq!(added.json(), json!({"success": true, "data": data}));
    let removed = page.call(front.call("DELETE", "/tao/items/i1"), 2).send();
    assert_eq!((removed.status, removed.body.as_str()), (204, ""));
    let failing = page.call(front.post("/tao/items/fail").json("{}"), 3);
    let failed = failing.clone().send();
    assert_eq!(failed.json()["success"], false);
    front.check([refused("spent, although the app failed", failing)], worded);
    let list = |reply: &Reply| {
        let ticket = reply.token("x-csrf-token");
        front.get(ITEMS).cookie(&page.cookie).header("x-csrf-token", &ticket)
    };
    front.check(
        [
            passes(200, "fresh from an addition", list(&added)),
            passes(200, "fresh from a removal", list(&removed)),
            passes(200, "fresh from a failure", list(&failed)),
        ],
        worded,
    );
}

#[test]
fn a_call_needs_a_ticket_of_its_own_session() {
    let front = front();
    let (page, other) = (Page::load(&front), Page::load(&front));
    let list = || front.get(ITEMS).cookie(&page.cookie);
    let ticket = page.tickets[0].as_str();
    let changed = ticket.chars().rev().collect::<String>();
    let add = front.post(ITEMS).cookie(&page.cookie).json(r#"{"label":"Fractions"}"#);
    front.check(
        [
            refused("a read without", list()),
            refused("an addition without", add),
            refused(
                "a removal without",
                front.call("DELETE", "/tao/items/i1").cookie(&page.cookie),
            ),
            refused(
                "a login without",
                front.post("/tao/login").cookie(&page.cookie).form("login=t"),
            ),
            refused("a changed ticket", list().header("x-csrf-token", &changed)),
            refused("another session's", list().header("x-csrf-token", &other.tickets[0])),
            refused("no cookie", front.get(ITEMS).header("x-csrf-token", ticket)),
            refused("twice", list().header("x-csrf-token", ticket).header("x-csrf-token", ticket)),
            refused(
                "a foreign origin",
                list().header("x-csrf-token", ticket).header("origin", "https://evil.example"),
            ),
            passes(200, "none of which has spent it", list().header("x-csrf-token", ticket)),
        ],
        worded,
    );
}

#[test]
fn of_fifty_at_once_with_one_ticket_one_passes() {
    let front = front();
    let page = Page::load(&front);
    let before = front.upstream.count();
    let replies = page.call(front.post(ITEMS).json(r#"{"label":"Fractions"}"#), 0).send_times(50);
    let passed: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!((passed.len(), front.upstream.count() - before), (1, 1));
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.status, 403);
        worded("one of the others", reply);
    }
}

#[test]
fn a_ticket_is_good_for_twenty_four_minutes() {
    let front = front();
    let page = Page::load(&front);
    front.clock.advance(Duration::from_secs(24 * 60));
    front.check([passes(200, "at the end of them", page.call(front.get(ITEMS), 0))], worded);
    front.clock.advance(Duration::from_secs(1));
    front.check([refused("a second later", page.call(front.get(ITEMS), 1))], worded);
}

#[test]
fn a_login_changes_whose_tickets_they_are() {
    let front = front();
    let page = Page::load(&front);
    let reply = page.call(front.post("/tao/login").form("login=teacher"), 0).send();
    let session = reply.sets("tao_session").unwrap();
    let list = |ticket: &str| front.get(ITEMS).cookie(&session).header("x-csrf-token", ticket);
    front.check(
        [
            passes(200, "the fresh one is the new session's", list(&reply.token("x-csrf-token"))),
            refused("those from before are not", list(&page.tickets[1])),
        ],
        worded,
    );
}

#[test]
fn tickets_do_not_outlive_the_logout() {
    let front = front();
    let page = Page::load(&front);
    let reply = page.call(front.post("/tao/logout"), 0).send();
    assert_eq!((reply.status, reply.header("x-csrf-token")), (204, None));
    front.check([refused("with the old cookie", page.call(front.get(ITEMS), 1))], worded);
}

#[test]
fn a_form_has_its_ticket_in_a_hidden_field() {
    let front = front();
    let shown = front.get("/tao/form").header("accept", "text/html").send();
    let cookie = shown.sets("tao_session").unwrap();
    let submit = |form: &str| {
        front.post("/tao/form").cookie(&cookie).header("accept", "text/html").form(form)
    };
    let form = format!("label=Fractions&X-CSRF-Token={}", shown.field("X-CSRF-Token"));
    let reply = submit(&form).send();
    assert_eq!(reply.status, 200);
    let next = format!("label=Decimals&X-CSRF-Token={}", reply.field("X-CSRF-Token"));
    front.check(
        [
            refused("the same form again", submit(&form)),
            refused("a form without the field", submit("label=Fractions")),
            passes(200, "the form that came back", submit(&next)),
        ],
        worded,
    );
}

#[test]
fn the_commands_of_the_example_do_what_it_says() {
    front().run_example();
}
