//! What whoever counts or records is told of each request.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;
use countersign::{Exemption, Mode, PathPattern, Policy};
use countersign_tower::{CsrfLayer, Judged, Judgement, Observer};

use crate::common::{Calls, Server, app, layer, policy, protected, stored};

/// Writes down `method path: outcome`, and whose request it was.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Note>>>);

type Note = (String, Option<String>);

impl Notes {
    fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn judged(&self, judged: &Judged<'_>) {
        let outcome = match judged.outcome() {
            Judgement::Allowed(permit) => format!("allowed {}", permit.code()),
            Judgement::Reported(refusal) => format!("reported {}", refusal.reason),
            Judgement::Refused(refusal) => format!("refused {}", refusal.reason),
        };
        let head = judged.facts().head();
        let note = format!("{} {}: {outcome}", head.method, head.uri.path());
        let session = judged.session().map(|session| format!("{session:?}"));
        self.0.lock().unwrap().push((note, session));
    }
}

fn exempting(policy: Policy) -> Policy {
    policy.with_exemption(Exemption {
        path: PathPattern::parse("/hook").unwrap(),
        methods: vec!["POST".to_owned().try_into().unwrap()],
        origin: None,
        reason: "signed by the sender".into(),
        expires: None,
    })
}

/// Whichever way a request takes through the layer.
#[tokio::test]
async fn an_observer_is_told_of_each_request_once() {
    let form = Some("application/x-www-form-urlencoded");
    let reporting = || policy("standard").with_mode(Mode::Report);
    for (name, policy, method, path, token, content_type, expected) in [
        ("by its head", policy("standard"), "GET", "/", "", None, "GET /: allowed safe_method"),
        ("a header", policy("standard"), "POST", "/", "own", None, "POST /: allowed token"),
        ("nothing", policy("standard"), "POST", "/", "", None, "POST /: refused token_missing"),
        ("a form", policy("standard"), "POST", "/", "", form, "POST /: refused token_missing"),
        ("reporting", reporting(), "POST", "/", "", None, "POST /: reported token_missing"),
        ("a reported form", reporting(), "POST", "/", "", form, "POST /: reported token_missing"),
        ("from the store", stored(), "POST", "/", "own", None, "POST /: allowed token"),
        ("read, and delivered", stored(), "GET", "/", "", None, "GET /: allowed safe_method"),
        ("exempt", exempting(stored()), "POST", "/hook", "", None, "POST /hook: allowed exempt"),
        (
            "disabled",
            policy("standard").insecure_disabled(),
            "POST",
            "/",
            "",
            None,
            "POST /: allowed disabled",
        ),
    ] {
        let notes = Notes::default();
        let calls = Calls::default();
        let protection = layer(policy).observer(notes.clone());
        let pseudonym = format!("{:?}", protection.engine().session_key(b"a"));
        let server = Server::start(app(protection, &calls)).await;
        let own = server.token("session=a").await;
        assert_eq!(notes.take().len(), 1, "{name}");

        let call = server.call(method, path).cookie("session=a");
        let call = if token.is_empty() { call } else { call.header("x-csrf-token", &own) };
        let call = match content_type {
            Some(content_type) => call.form(content_type, "a=b"),
            None => call,
        };
        let _ = call.send().await;
        assert_eq!(notes.take(), [(expected.to_owned(), Some(pseudonym))], "{name}");
        assert_eq!(calls.count(), usize::from(!expected.contains("refused")), "{name}");
    }
}

#[tokio::test]
async fn an_observer_is_told_of_one_time_tokens_and_of_nobody() {
    let notes = Notes::default();
    let protection = layer(policy("tao")).observer(Arc::new(notes.clone()));
    let server = Server::start(app(protection, &Calls::default())).await;
    let ticket = server.token("tao_session=a").await;
    notes.take();
    for (cookie, expected) in [
        ("tao_session=a", "POST /tao/items: allowed ticket"),
        ("tao_session=a", "POST /tao/items: refused token_spent"),
        ("x=1", "POST /tao/items: refused session_missing"),
    ] {
        let call = server.post("/tao/items").cookie(cookie).header("x-csrf-token", &ticket);
        let _ = call.send().await;
        let notes = notes.take();
        let [(note, session)] = &notes[..] else { panic!("{expected}: {notes:?}") };
        assert_eq!(note, expected);
        assert_eq!(session.is_some(), cookie != "x=1", "{expected}");
    }
}

/// The verdict is told before the handler runs: a handler that never ends is in the record too.
#[tokio::test]
async fn an_observer_is_told_before_the_handler_runs() {
    let notes = Notes::default();
    let seen = notes.clone();
    let handler = any(async move || seen.take().len().to_string());
    let protection: CsrfLayer = layer(policy("standard")).observer(notes);
    let routes = Router::new().route("/", handler);
    let server = Server::start(protected(protection, routes)).await;
    assert_eq!(server.get("/").send().await.body(), "1");
}
