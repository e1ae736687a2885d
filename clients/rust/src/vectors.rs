//! The rows that Countersign's clients of all languages run.

use std::fs;
use std::time::{Duration, SystemTime};

use countersign::{ClientDocument, builtin};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Url;
use reqwest::cookie::CookieStore;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::jar::Jar;
use crate::learn::{Learned, learn, learn_from_refusal};
use crate::pool::{Pool, Ticket};
use crate::rules::{Need, is_refusal, need, same_origin};
use crate::source::token_cookies;
use crate::token::Token;

fn rows<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = format!("{}/../../vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let rows: Vec<T> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!rows.is_empty(), "{file}");
    rows
}

fn document(dialect: &str) -> ClientDocument {
    ClientDocument::of(&builtin(dialect).unwrap())
}

#[derive(Deserialize)]
struct NeedRow {
    name: String,
    dialect: String,
    method: String,
    path: String,
    need: String,
}

#[test]
fn needs() {
    for row in rows::<NeedRow>("needs.json") {
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let expected = match row.need.as_str() {
            "token" => Need::Token,
            "either" => Need::Either,
            "none" => Need::None,
            other => panic!("{other}"),
        };
        assert_eq!(need(&document(&row.dialect), &method, &row.path), expected, "{}", row.name);
    }
}

#[derive(Deserialize)]
struct OriginRow {
    name: String,
    base: String,
    url: String,
    same: bool,
}

#[test]
fn origins() {
    for row in rows::<OriginRow>("origins.json") {
        let base = Url::parse(&row.base).unwrap();
        let same = base.join(&row.url).is_ok_and(|url| same_origin(&base, &url));
        assert_eq!(same, row.same, "{}", row.name);
    }
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    fn headers(&self) -> HeaderMap {
        let pair = |(name, value): &(String, String)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        self.headers.iter().map(pair).collect()
    }
}

#[derive(Deserialize)]
struct ResponseRow {
    name: String,
    dialect: String,
    request: String,
    response: Response,
    tokens: Vec<String>,
    header: Option<String>,
}

#[test]
fn responses() {
    for row in rows::<ResponseRow>("responses.json") {
        let (method, target) = row.request.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = Url::parse("https://app.example").unwrap().join(target).unwrap();
        let (document, headers) = (document(&row.dialect), row.response.headers());
        let answer = Answer {
            status: row.response.status,
            headers: &headers,
            body: row.response.body.as_bytes(),
        };
        let Learned { mut tokens, header } = learn(&document, &method, &url, &answer);
        if is_refusal(&document.refusal, &answer) {
            tokens.extend(learn_from_refusal(&document, &answer).tokens);
        }
        let tokens: Vec<&str> = tokens.iter().map(Token::as_str).collect();
        assert_eq!(tokens, row.tokens, "{}", row.name);
        let named = header.as_ref().map(HeaderName::as_str);
        assert_eq!(
            named,
            row.header.map(|name| name.to_ascii_lowercase()).as_deref(),
            "{}",
            row.name
        );
    }
}

#[derive(Deserialize)]
struct CookieRow {
    name: String,
    dialect: String,
    cookies: Vec<(String, String)>,
    token: Option<String>,
}

#[test]
fn cookies() {
    let url = Url::parse("https://app.example/x").unwrap();
    for row in rows::<CookieRow>("cookies.json") {
        let jar = Jar::new();
        let set = row.cookies.iter().map(|(name, value)| format!("{name}={value}; Path=/"));
        let set: Vec<HeaderValue> = set.map(|text| text.parse().unwrap()).collect();
        jar.set_cookies(&mut set.iter(), &url);
        let document = document(&row.dialect);
        let token = token_cookies(&document).find_map(|name| jar.token(&url, name));
        assert_eq!(token.as_ref().map(Token::as_str), row.token.as_deref(), "{}", row.name);
    }
}

#[derive(Deserialize)]
struct RefusalRow {
    name: String,
    dialect: String,
    response: Response,
    refused: bool,
}

#[test]
fn refusals() {
    for row in rows::<RefusalRow>("refusals.json") {
        let headers = row.response.headers();
        let answer = Answer {
            status: row.response.status,
            headers: &headers,
            body: row.response.body.as_bytes(),
        };
        let refused = is_refusal(&document(&row.dialect).refusal, &answer);
        assert_eq!(refused, row.refused, "{}", row.name);
    }
}

#[derive(Deserialize)]
struct PoolRow {
    name: String,
    lifetime: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    at: u64,
    #[serde(flatten)]
    act: Act,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Put(Vec<String>),
    Take(Option<String>),
    GiveBack(String),
}

#[test]
fn pool() {
    for row in rows::<PoolRow>("pool.json") {
        let (mut pool, mut taken) = (Pool::default(), Vec::<Ticket>::new());
        let lifetime = Some(Duration::from_secs(row.lifetime));
        for step in row.steps {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(step.at);
            match step.act {
                Act::Put(texts) => {
                    for text in texts {
                        pool.put(Ticket { token: Token::new(&text).unwrap(), at: now, batch: 0 });
                    }
                }
                Act::Take(expected) => {
                    let ticket = pool.take(lifetime, now);
                    let text = ticket.as_ref().map(|own| own.token.as_str());
                    assert_eq!(text, expected.as_deref(), "{} at {}", row.name, step.at);
                    taken.extend(ticket);
                }
                Act::GiveBack(text) => {
                    let at = taken.iter().position(|own| own.token.as_str() == text).unwrap();
                    pool.give_back(taken.swap_remove(at));
                }
            }
        }
    }
}
