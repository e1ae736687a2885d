//! JSON and XML, both ways.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RestError;

/// What the client wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/json`, and whatever is not asked for by name.
    Json,
    /// `application/xml` or `text/xml`.
    Xml,
}

/// A body in the format that its content type names.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl Format {
    /// One thing; `root` names it in XML.
    pub(super) fn one<T: Serialize>(self, root: &str, value: &T) -> Response {
        match self {
            Self::Json => json(serde_json::to_string(value)),
            Self::Xml => xml(quick_xml::se::to_string_with_root(root, value)),
        }
    }

    /// A list; in XML `root` around it and `item` around each.
    pub(super) fn list<T: Serialize>(self, root: &str, item: &str, values: &[T]) -> Response {
        match self {
            Self::Json => json(serde_json::to_string(values)),
            Self::Xml => {
                let items: Result<String, _> = values
                    .iter()
                    .map(|value| quick_xml::se::to_string_with_root(item, value))
                    .collect();
                xml(items.map(|items| format!("<{root}>{items}</{root}>")))
            }
        }
    }

    fn wanted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let mut best = (0, Self::Json);
        for range in lines.flat_map(|line| line.split(',')) {
            let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
            let format = match media_type.trim().to_ascii_lowercase().as_str() {
                "application/xml" | "text/xml" => Self::Xml,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            let weight = weight(parameters);
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::wanted(&parts.headers))
    }
}

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let wanted = Format::wanted(request.headers());
        let refuse = |status, why: String| RestError::invalid(status, why).into_response(wanted);
        let Some(format) = sent(request.headers()) else {
            return Err(refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send `Content-Type: application/json` or `application/xml`".to_owned(),
            ));
        };
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| refuse(rejection.status(), rejection.body_text()))?;
        let parsed = match format {
            Format::Json => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            Format::Xml => match std::str::from_utf8(&bytes) {
                Ok(text) => quick_xml::de::from_str(text).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            },
        };
        parsed.map(Self).map_err(|why| refuse(StatusCode::BAD_REQUEST, why))
    }
}

/// The format of a request's body.
fn sent(headers: &HeaderMap) -> Option<Format> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    let media_type = first.to_str().ok()?.split(';').next().unwrap_or_default();
    match media_type.trim().to_ascii_lowercase().as_str() {
        "application/json" => Some(Format::Json),
        "application/xml" | "text/xml" => Some(Format::Xml),
        _ => None,
    }
}

/// The `q` parameter in thousandths; 1 unless given.
fn weight(parameters: &str) -> u16 {
    let q = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value)
    });
    match q.map(|q| q.trim().parse::<f32>()) {
        None => 1000,
        Some(Ok(q)) if (0.0..=1.0).contains(&q) => (q * 1000.0) as u16,
        Some(_) => 0,
    }
}

fn json(text: Result<String, serde_json::Error>) -> Response {
    written("application/json", text)
}

fn xml(text: Result<String, quick_xml::SeError>) -> Response {
    let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    written("application/xml", text.map(|text| format!("{prolog}{text}")))
}

fn written<E: std::fmt::Display>(media_type: &'static str, text: Result<String, E>) -> Response {
    match text {
        Ok(text) => ([(CONTENT_TYPE, media_type)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_the_client_wants() {
        for (row, accept, format) in [
            ("nothing said", None, Format::Json),
            ("JSON", Some("application/json"), Format::Json),
            ("XML", Some("application/xml"), Format::Xml),
            ("XML as text", Some("text/xml; charset=utf-8"), Format::Xml),
            ("case", Some("Application/XML"), Format::Xml),
            ("anything", Some("*/*"), Format::Json),
            ("first of equals", Some("application/xml, application/json"), Format::Xml),
            ("the heavier", Some("application/xml;q=0.5, application/json"), Format::Json),
            (
                "a browser's address bar",
                Some("text/html,application/xml;q=0.9,*/*;q=0.8"),
                Format::Xml,
            ),
            ("XML refused", Some("application/xml;q=0"), Format::Json),
            ("weight that is none", Some("application/xml;q=heavy"), Format::Json),
            ("nothing we have", Some("image/png"), Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(Format::wanted(&headers), format, "{row}");
        }
    }
}
