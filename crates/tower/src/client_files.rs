//! What clients fetch from a server to get through its protection.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use countersign::Policy;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue,
    IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

/// Where a server says its [client document](countersign::ClientDocument).
pub const DOCUMENT_PATH: &str = "/.well-known/csrf";

/// Where it serves the browser client.
pub const SCRIPT_PATH: &str = "/.countersign/csrf.js";

/// Where the dialect `standard` hands out tokens.
pub const TOKEN_PATH: &str = "/.countersign/token";

/// The browser client, whole: a script for `<script src defer>`.
const SCRIPT: &str = include_str!("csrf.js");

/// The client document of a policy, and the browser client. Both are public: they hold no token.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    document: File,
    script: File,
}

#[derive(Clone, Debug)]
struct File {
    content_type: HeaderValue,
    /// Of its content, so that caches ask again only when it changes.
    tag: HeaderValue,
    content: Bytes,
}

impl ClientFiles {
    /// Those for clients of this policy.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        // Maps with text as keys, and numbers: there is nothing in it that JSON could not hold.
        let document = serde_json::to_vec(&policy.client_document()).unwrap_or_default();
        Self {
            document: File::new("application/json", document.into()),
            script: File::new("text/javascript; charset=utf-8", SCRIPT.as_bytes().into()),
        }
    }

    /// The answer to a request for one of them; nothing if it asks for something else.
    #[must_use]
    pub fn answer(&self, request: &Parts) -> Option<Response<Full<Bytes>>> {
        let file = match request.uri.path() {
            DOCUMENT_PATH => &self.document,
            SCRIPT_PATH => &self.script,
            _ => return None,
        };
        matches!(request.method, Method::GET | Method::HEAD).then(|| file.answer(request))
    }
}

impl File {
    fn new(content_type: &'static str, content: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let tag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
        Self {
            content_type: HeaderValue::from_static(content_type),
            tag: tag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            content,
        }
    }

    fn answer(&self, request: &Parts) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let headers = response.headers_mut();
        headers.insert(ETAG, self.tag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        if self.is_known_to(request) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(CONTENT_LENGTH, self.content.len().into());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // What a server demands is no secret of its own pages.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if request.method == Method::GET {
            *response.body_mut() = Full::from(self.content.clone());
        }
        response
    }

    /// RFC 9110, section 13.1.2: compared weakly, against any of a list.
    fn is_known_to(&self, request: &Parts) -> bool {
        let said = request.headers.get_all(IF_NONE_MATCH).iter();
        said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.tag.as_bytes()
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt;

    use super::*;

    fn ask(method: &str, path: &str, tag: Option<&str>) -> Option<Response<Full<Bytes>>> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        ClientFiles::new(&Policy::standard()).answer(&parts)
    }

    #[tokio::test]
    async fn the_document_says_what_the_policy_demands() {
        let policy = Policy::builtin("genesys").unwrap();
        let policy = policy.with_token_header("X-Renamed".to_owned().try_into().unwrap()).unwrap();
        let (parts, ()) = Request::get(DOCUMENT_PATH).body(()).unwrap().into_parts();
        let response = ClientFiles::new(&policy).answer(&parts).unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let document: countersign::ClientDocument = serde_json::from_slice(&body).unwrap();
        assert_eq!(document, policy.client_document());
        assert_eq!(document.token.unwrap().header.as_str(), "X-Renamed");
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let first = ask("GET", SCRIPT_PATH, None).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()]
        {
            let again = ask("GET", SCRIPT_PATH, Some(&known)).unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        let other = ask("GET", SCRIPT_PATH, Some("\"other\"")).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn nothing_else_is_answered() {
        for (method, path) in [
            ("POST", SCRIPT_PATH),
            ("GET", "/"),
            ("GET", "/.well-known/csrf/"),
            ("GET", TOKEN_PATH),
        ] {
            assert!(ask(method, path, None).is_none(), "{method} {path}");
        }
    }
}
