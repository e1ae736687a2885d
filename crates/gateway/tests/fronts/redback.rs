//! Redback: provenance for every call, a token in the login's own answer for what is restricted.

use std::time::Duration;

use serde_json::json;

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::{Call, Reply};
use crate::front::{Front, passes, refused};

const USERS: [(&str, &str); 2] = [("admin", "admin1"), ("guest-user", "guest1")];
const ADMIN: &str = r#"{"username":"admin","password":"admin1"}"#;
const LOGIN: &str = "/restServices/redbackServices/loginService/logIn";
const PING: &str = "/restServices/redbackServices/loginService/ping";
const LOGOUT: &str = "/restServices/redbackServices/loginService/logout";
const GET_USERS: &str = "/restServices/redbackServices/userService/getUsers";
const DELETE_USER: &str = "/restServices/redbackServices/userService/deleteUser/bob";
const CREATE_USER: &str = "/restServices/redbackServices/userService/createUser";

/// Only the administrator has permissions. Who logs in with Basic credentials gets no session.
fn app(asked: &Asked, sessions: &Sessions) -> Answer {
    let id = asked.cookie("JSESSIONID");
    let user = sessions.user(id).or_else(|| asked.basic(&USERS));
    let may = user.as_deref() == Some("admin");
    let accepts_xml = asked.headers.get("accept").is_some_and(|value| value == "application/xml");
    match asked.line() {
        ("GET", PING) => app::json(200, &json!(true)),
        ("GET", LOGOUT) => {
            sessions.end(id);
            with(app::json(200, &json!(true)), "set-cookie", "JSESSIONID=; Path=/; Max-Age=0")
        }
        ("POST", LOGIN) => {
            let given = asked.json();
            let pair = (given["username"].as_str(), given["password"].as_str());
            let known =
                USERS.into_iter().find(|(name, password)| pair == (Some(name), Some(password)));
            let Some((name, _)) = known else {
                let error = json!({"errorKey": "incorrect.username.password", "args": []});
                return app::json(403, &json!({"errorMessages": [error]}));
            };
            let answer = if accepts_xml {
                let text = format!("<user><username>{name}</username></user>");
                app::answer(200, "application/xml", &text)
            } else {
                app::json(200, &json!({"username": name, "locked": false}))
            };
            if asked.basic(&USERS).is_some() {
                return answer;
            }
            let cookie = format!("JSESSIONID={}; Path=/; HttpOnly", sessions.begin(name));
            with(answer, "set-cookie", &cookie)
        }
        _ if !may => app::json(403, &json!({"errorMessages": [{"errorKey": "not.permitted"}]})),
        ("GET", GET_USERS) => app::json(200, &json!([{"username": "admin"}])),
        ("GET", DELETE_USER) | ("POST", CREATE_USER) => app::json(200, &json!(true)),
        _ => app::empty(404),
    }
}

fn front() -> Front {
    Front::start("redback", app)
}

fn login(front: &Front, credentials: &str) -> Call {
    front.post(LOGIN).header("origin", &front.origin()).json(credentials)
}

/// Cookie and token of the administrator.
fn log_in(front: &Front) -> (String, String) {
    let reply = login(front, ADMIN).send();
    (reply.sets("JSESSIONID").unwrap(), validation_token(&reply))
}

fn validation_token(reply: &Reply) -> String {
    reply.json()["validationToken"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

fn worded(name: &str, reply: &Reply) {
    assert_eq!(reply.body, "", "{name}");
}

#[test]
fn the_login_answers_with_the_token_among_its_own() {
    let front = front();
    let reply = login(&front, ADMIN).send();
    assert_eq!((reply.status, front.upstream.count()), (200, 1));
    let token = validation_token(&reply);
    let expected = json!({"username": "admin", "locked": false, "validationToken": token});
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 1, "the app's, and no other");

    let wrong = login(&front, r#"{"username":"admin","password":"no"}"#).send();
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    let error = json!({"errorKey": "incorrect.username.password", "args": []});
    assert_eq!(wrong.json(), json!({"errorMessages": [error]}));

    // There is no place for it in an answer that is not JSON.
    let xml = login(&front, ADMIN).header("accept", "application/xml").send();
    assert_eq!(xml.body, "<user><username>admin</username></user>");
}

#[test]
fn every_call_says_where_it_comes_from() {
    let front = front();
    let (origin, evil) = (front.origin(), "https://evil.example");
    let ping = || front.get(PING);
    let log_in = || front.post(LOGIN).json(ADMIN);
    let port = origin.replace("127.0.0.1:", "127.0.0.1:1");
    front.check(
        [
            passes(200, "its own origin", ping().header("origin", &origin)),
            passes(200, "its own page", ping().header("referer", &format!("{origin}/any"))),
            passes(200, "both", ping().header("origin", &origin).header("referer", &origin)),
            passes(
                200,
                "an origin that says nothing, and a page",
                ping().header("origin", "null").header("referer", &origin),
            ),
            refused("neither", ping()),
            refused("a foreign origin", ping().header("origin", evil)),
            refused("another port", ping().header("origin", &port)),
            refused("a foreign page", ping().header("referer", &format!("{evil}/"))),
            refused(
                "its own origin, but a foreign page",
                ping().header("origin", &origin).header("referer", evil),
            ),
            refused("an origin that says nothing", ping().header("origin", "null")),
            refused("two origins", ping().header("origin", &origin).header("origin", &origin)),
            refused("a login from nowhere", log_in()),
            refused("a login from elsewhere", log_in().header("origin", evil)),
        ],
        worded,
    );
}

#[test]
fn what_needs_a_permission_needs_the_token_whatever_its_method() {
    let front = front();
    let origin = front.origin();
    let (cookie, token) = log_in(&front);
    let (_, another) = log_in(&front);
    let spoiled = token.chars().rev().collect::<String>();
    let own = |call: Call| call.cookie(&cookie).header("origin", &origin);
    let signed = |call: Call| own(call).header("x-xsrf-token", &token);
    let users = || front.get(GET_USERS);
    front.check(
        [
            passes(200, "a read", signed(users())),
            passes(200, "the same again: it may be used more than once", signed(users())),
            passes(200, "a deletion, which is a GET", signed(front.get(DELETE_USER))),
            passes(200, "a POST", signed(front.post(CREATE_USER).json("{}"))),
            refused("a read without", own(users())),
            refused("a deletion without", own(front.get(DELETE_USER))),
            refused("a POST without", own(front.post(CREATE_USER).json("{}"))),
            refused("a token of nobody's", own(users()).header("x-xsrf-token", "bm9ib2R5")),
            refused("a spoiled token", own(users()).header("x-xsrf-token", &spoiled)),
            refused("another session's token", own(users()).header("x-xsrf-token", &another)),
            refused("the token twice", signed(users()).header("x-xsrf-token", &token)),
            refused("no cookie", users().header("origin", &origin).header("x-xsrf-token", &token)),
            refused("from nowhere", users().cookie(&cookie).header("x-xsrf-token", &token)),
            refused(
                "from elsewhere",
                users()
                    .cookie(&cookie)
                    .header("x-xsrf-token", &token)
                    .header("origin", "https://evil.example"),
            ),
            refused(
                "an operation that nobody declared",
                own(front.get("/restServices/redbackServices/userService/exportUsers")),
            ),
            refused("an open operation by a method of its neighbours'", own(front.post(PING))),
        ],
        worded,
    );
}

#[test]
fn a_token_is_good_for_three_hours() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let users = || {
        let call = front.get(GET_USERS).cookie(&cookie).header("origin", &front.origin());
        call.header("x-xsrf-token", &token)
    };
    front.clock.advance(Duration::from_secs(3 * 60 * 60));
    front.check([passes(200, "at the end of them", users())], worded);
    front.clock.advance(Duration::from_secs(1));
    front.check([refused("a second later", users())], worded);
}

#[test]
fn a_login_gives_another_token_and_a_logout_none() {
    let front = front();
    let origin = front.origin();
    let (first, token) = log_in(&front);
    let reply = login(&front, ADMIN).cookie(&first).send();
    let (second, newer) = (reply.sets("JSESSIONID").unwrap(), validation_token(&reply));
    let users = |cookie: &str, token: &str| {
        front.get(GET_USERS).header("origin", &origin).cookie(cookie).header("x-xsrf-token", token)
    };
    front.check(
        [
            passes(200, "the new session's", users(&second, &newer)),
            refused("the old session's", users(&second, &token)),
        ],
        worded,
    );
    let end = front.get(LOGOUT).cookie(&second).header("origin", &origin).send();
    assert!(end.removes("JSESSIONID"), "{end:?}");
    assert_eq!(end.json(), json!(true));
    front.check(
        [
            passes(403, "with the old cookie the app says no", users(&second, &newer)),
            refused("without it", users("theme=dark", &newer)),
        ],
        worded,
    );
}

#[test]
fn with_basic_the_token_belongs_to_the_credentials() {
    let front = front();
    let origin = front.origin();
    let reply = login(&front, ADMIN).basic("admin", "admin1").send();
    assert_eq!(reply.header("set-cookie"), None, "who sends Basic needs no session");
    let token = validation_token(&reply);
    let (_, of_session) = log_in(&front);
    let users = |name: &str, password: &str| {
        front.get(GET_USERS).header("origin", &origin).basic(name, password)
    };
    let signed = |call: Call| call.header("x-xsrf-token", &token);
    front.check(
        [
            passes(200, "the same credentials", signed(users("admin", "admin1"))),
            refused("no token", users("admin", "admin1")),
            refused(
                "a session's token",
                users("admin", "admin1").header("x-xsrf-token", &of_session),
            ),
            refused("another user", signed(users("guest-user", "guest1"))),
            refused("the user's name and another password", signed(users("admin", "guess"))),
            refused("nobody", signed(front.get(GET_USERS).header("origin", &origin))),
            refused(
                "from elsewhere",
                signed(front.get(GET_USERS).basic("admin", "admin1"))
                    .header("origin", "https://evil.example"),
            ),
        ],
        worded,
    );
}

#[test]
fn the_commands_of_the_example_do_what_it_says() {
    front().run_example();
}
