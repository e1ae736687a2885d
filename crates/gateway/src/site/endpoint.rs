//! The requests with which a dialect's clients fetch tokens, answered for an app that knows nothing
//! of them.
//!
//! Where the app has an answer of its own (the platform's version, the page's configuration), the
//! token is added to it; where it has none, the gateway answers in its place.

use bytes::Bytes;
use countersign::{Dialect, Obtain, TokenSource};
use countersign_tower::{Csrf, keep_private, may_carry_token};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RANGE, SET_COOKIE,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use serde_json::{Map, Value, json};

use super::forward::TEXT;
use super::session::Held;
use super::{Backstage, Passing, Site, own, untouched};
use crate::proxy::body::UpstreamBody;
use crate::proxy::pool::Outgoing;

/// Answers longer than this are not looked into for the token's place.
const MOST: usize = 1 << 20;

/// A request that gives a client its token.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    method: Method,
    path: String,
    query: Option<String>,
    form: Form,
    beside: Map<String, Value>,
}

/// No app is asked for what lies below.
const OWN_PATHS: &str = "/.countersign/";

/// What the answer looks like.
#[derive(Clone, Debug)]
enum Form {
    Text,
    /// At these steps of a JSON object.
    Json(Vec<String>),
    /// The same, as the argument of `require.config`.
    Script(Vec<String>),
}

impl Endpoint {
    /// Those of a dialect. A token in a header, a cookie or a page needs none: ordinary responses carry it.
    pub(super) fn all(dialect: &Dialect) -> Vec<Self> {
        let mut all: Vec<Self> = dialect.obtain.iter().filter_map(Self::of).collect();
        // `/token?json=true` before `/token`.
        all.sort_by_key(|endpoint| endpoint.query.is_none());
        all
    }

    /// One of the gateway's own, for dialects without: the token, and where it must be put.
    pub(super) fn plain(dialect: &Dialect) -> Option<Self> {
        let token = dialect.token.as_ref()?;
        let mut beside = Map::new();
        beside.insert("header".to_owned(), token.header.as_str().into());
        beside.insert("field".to_owned(), token.field.clone().into());
        Some(Self {
            method: Method::GET,
            path: String::new(),
            query: None,
            form: Form::Json(vec!["token".to_owned()]),
            beside,
        })
    }

    fn of(obtain: &Obtain) -> Option<Self> {
        let form = match &obtain.from {
            TokenSource::Header(_)
            | TokenSource::Cookie(_)
            | TokenSource::Meta(_)
            | TokenSource::Input(_) => return None,
            TokenSource::Text => Form::Text,
            TokenSource::Json(pointer) => Form::Json(steps(pointer)),
            TokenSource::RequireConfig(pointer) => Form::Script(steps(pointer)),
        };
        let (method, target) = obtain.request.split_once(' ')?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        Some(Self { method, path: path.to_owned(), query, form, beside: obtain.beside.clone() })
    }

    fn is_meant_by(&self, parts: &Parts) -> bool {
        self.method == parts.method
            && self.path == parts.uri.path()
            && (self.query.is_none() || self.query.as_deref() == parts.uri.query())
    }

    /// The answer where the app has none.
    fn alone(&self, tokens: &[String]) -> (&'static str, String) {
        match &self.form {
            Form::Text => (TEXT, tokens.first().cloned().unwrap_or_default()),
            Form::Json(steps) => {
                let mut answer = json!({});
                self.place(&mut answer, steps, one(tokens));
                ("application/json", answer.to_string())
            }
            Form::Script(_) => ("application/javascript", self.script(tokens)),
        }
    }

    fn script(&self, tokens: &[String]) -> String {
        let Form::Script(steps) = &self.form else { return String::new() };
        let mut config = json!({});
        self.place(&mut config, steps, tokens.into());
        format!("require.config({config});\n")
    }

    /// The app's answer with the token in it, if it is an answer that can hold one.
    fn join(&self, own: &[u8], tokens: &[String]) -> Option<String> {
        match &self.form {
            Form::Text => None,
            Form::Json(steps) => {
                let mut answer: Value = serde_json::from_slice(own).ok()?;
                answer.is_object().then_some(())?;
                self.place(&mut answer, steps, one(tokens));
                Some(answer.to_string())
            }
            // What is configured later is added to what was configured before.
            Form::Script(_) => {
                let own = std::str::from_utf8(own).ok()?;
                Some(format!("{own}\n;{}", self.script(tokens)))
            }
        }
    }

    fn place(&self, root: &mut Value, steps: &[String], token: Value) {
        let Some((last, way)) = steps.split_last() else { return };
        let mut here = root;
        for step in way {
            if !here.is_object() {
                *here = json!({});
            }
            let Value::Object(object) = here else { return };
            here = object.entry(step.as_str()).or_insert_with(|| json!({}));
        }
        if !here.is_object() {
            *here = json!({});
        }
        if let Value::Object(object) = here {
            for (key, value) in &self.beside {
                object.entry(key.as_str()).or_insert_with(|| value.clone());
            }
            object.insert(last.clone(), token);
        }
    }
}

fn one(tokens: &[String]) -> Value {
    tokens.first().map_or(Value::Null, |token| Value::from(token.as_str()))
}

/// The steps of a JSON pointer (RFC 6901, section 4).
fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

impl Site {
    /// The endpoint that a request means, by its place in the list.
    pub(super) fn endpoint_for(&self, parts: &Parts) -> Option<usize> {
        self.endpoints.iter().position(|endpoint| endpoint.is_meant_by(parts))
    }
}

impl Backstage {
    pub(super) async fn answer_with_token(
        &self,
        at: usize,
        mut parts: Parts,
        body: Outgoing,
    ) -> Response<Passing> {
        let (Some(endpoint), Some(csrf)) = (self.site.endpoints.get(at), Csrf::from_parts(&parts))
        else {
            return untouched(self.forward(parts, body).await);
        };
        let is_text = matches!(endpoint.form, Form::Text);
        // A text has no room for the app's own words. But where there is no session of the app's
        // yet, this request may begin one, and the token must belong to it.
        let is_own = endpoint.path.starts_with(OWN_PATHS);
        let asks_app =
            self.site.around.upstream.is_some() && !is_own && !(is_text && self.held == Held::App);
        if !asks_app {
            return self.answer_alone(endpoint, &csrf).await.map(Either::Left);
        }
        // The whole answer, as it is now, in clear.
        for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, RANGE] {
            parts.headers.remove(name);
        }
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let has_fallback = parts.method == Method::GET;
        let response = self.forward(parts, body).await;
        match response.status() {
            _ if is_text => {
                self.answer_beside(endpoint, &csrf, response.headers()).await.map(Either::Left)
            }
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED
                if has_fallback =>
            {
                self.answer_beside(endpoint, &csrf, response.headers()).await.map(Either::Left)
            }
            status if status.is_success() && can_hold(&endpoint.form, response.headers()) => {
                self.add(endpoint, &csrf, response).await
            }
            _ => {
                let mut response = response;
                self.follow(&mut response, false);
                untouched(response)
            }
        }
    }

    pub(super) async fn answer_alone(
        &self,
        endpoint: &Endpoint,
        csrf: &Csrf,
    ) -> Response<Full<Bytes>> {
        self.answer_beside(endpoint, csrf, &HeaderMap::new()).await
    }

    /// Answers in the app's place, with the cookies that the app has set.
    async fn answer_beside(
        &self,
        endpoint: &Endpoint,
        csrf: &Csrf,
        app: &HeaderMap,
    ) -> Response<Full<Bytes>> {
        let mut response = own(StatusCode::OK, TEXT, "");
        for cookie in app.get_all(SET_COOKIE) {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        let recipient = self.recipient(&mut response, true);
        match self.tokens(csrf, &recipient).await {
            Ok(tokens) => {
                let (content_type, text) = endpoint.alone(&tokens);
                *response.body_mut() = Full::from(text);
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                response
            }
            Err(error) => {
                tracing::warn!(target: "countersign", site = self.site.config.name, %error, "no token to hand out");
                let text = "There is no session that a token could belong to; log in first.\n";
                own(StatusCode::FORBIDDEN, TEXT, text)
            }
        }
    }

    /// Adds the token to what the app answered.
    async fn add(
        &self,
        endpoint: &Endpoint,
        csrf: &Csrf,
        mut response: Response<Either<Full<Bytes>, UpstreamBody>>,
    ) -> Response<Passing> {
        let recipient = self.recipient(&mut response, true);
        let tokens = self.tokens(csrf, &recipient).await.unwrap_or_default();
        let (mut parts, body) = response.into_parts();
        let Ok(collected) = Limited::new(body, MOST).collect().await else {
            let text = "The app behind this gateway did not finish its answer.\n";
            return own(StatusCode::BAD_GATEWAY, TEXT, text).map(Either::Left);
        };
        let own_answer = collected.to_bytes();
        let joined = match tokens.as_slice() {
            [] => None,
            tokens => endpoint.join(&own_answer, tokens),
        };
        if joined.is_some() {
            for name in [CONTENT_LENGTH, ETAG, LAST_MODIFIED] {
                parts.headers.remove(name);
            }
            keep_private(&mut parts.headers);
        }
        let answer = joined.map_or(own_answer, Bytes::from);
        Response::from_parts(parts, Either::Left(Full::new(answer)))
    }
}

/// Whether an answer is of the kind that a token can be added to.
fn can_hold(form: &Form, headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).map(|value| {
        let end = value.as_bytes().iter().position(|b| *b == b';');
        let media = value.as_bytes().get(..end.unwrap_or(value.len())).unwrap_or_default();
        media.trim_ascii().to_ascii_lowercase()
    });
    let fits = match (form, media.as_deref()) {
        (Form::Json(_), Some(media)) => media == b"application/json" || media.ends_with(b"+json"),
        (Form::Script(_), Some(media)) => media.ends_with(b"/javascript"),
        _ => false,
    };
    let short = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .is_none_or(|length: usize| length <= MOST);
    let clear = headers
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    fits && short && clear && may_carry_token(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(name: &str, request: &str) -> Endpoint {
        let dialect = countersign::builtin(name).unwrap();
        let at = dialect.obtain.iter().position(|obtain| obtain.request == request).unwrap();
        Endpoint::of(&dialect.obtain[at]).unwrap()
    }

    #[test]
    fn an_answer_of_the_apps_own_is_kept_around_the_token() {
        let server = endpoint("vmanage", "GET /dataservice/client/server");
        let own = br#"{"data":{"platformVersion":"20.15.1","CSRFToken":"old"},"header":1}"#;
        let joined: Value =
            serde_json::from_str(&server.join(own, &["T".into()]).unwrap()).unwrap();
        let expected = json!({"data":{"platformVersion":"20.15.1","CSRFToken":"T"},"header":1});
        assert_eq!(joined, expected);
        assert_eq!(server.join(b"[1]", &["T".into()]), None);
        assert_eq!(server.join(b"<html>", &["T".into()]), None);
    }

    #[test]
    fn a_script_is_configured_after_the_apps_own() {
        let config = endpoint("tao", "GET /tao/ClientConfig/config");
        let tokens = ["a".to_owned(), "b".to_owned()];
        let script = config.join(b"require.config({})", &tokens).unwrap();
        let added = script.strip_prefix("require.config({})\n;require.config(").unwrap();
        let value: Value = serde_json::from_str(added.trim_end_matches(");\n")).unwrap();
        let handler = &value["config"]["core/tokenHandler"];
        assert_eq!(handler["tokens"], json!(["a", "b"]));
        assert_eq!(handler["validateTokens"], json!(true));
    }

    #[test]
    fn without_an_app_the_answer_is_the_token() {
        let text = endpoint("vmanage", "GET /dataservice/client/token");
        assert_eq!(text.alone(&["T".into()]), (TEXT, "T".to_owned()));
        let json = endpoint("vmanage", "GET /dataservice/client/token?json=true");
        assert_eq!(json.alone(&["T".into()]).1, r#"{"token":"T"}"#);
    }
}
