//! Envoy's question over gRPC: `envoy.service.auth.v3.Authorization/Check`.
//!
//! Whatever is wrong with a question is answered with a refusal and not with an error of gRPC: with
//! `failure_mode_allow` Envoy would let the request pass.

use std::sync::Arc;

use bytes::Bytes;
use countersign::{Peer, Scheme};
use envoy_types::ext_authz::v3::pb::{
    Address, Authorization, AuthorizationServer, CheckRequest, CheckResponse, DeniedHttpResponse,
    HeaderAppendAction, HeaderValue as EnvoyHeader, HeaderValueOption, HttpResponse, HttpStatus,
    OkHttpResponse,
};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use envoy_types::pb::google::protobuf::BoolValue;
use envoy_types::pb::google::rpc;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY,
};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Collected, Full};
use tonic::codegen::Service;
use tonic::{Code, Status};

use super::describe::{Asked, Undescribed, read_target, restore};
use super::{is_trusted, nothing};
use crate::server::GrpcBody;
use crate::site::Client;
use crate::state::State;
use crate::trace::Span;

/// Fields of which a request has one and in whose value no comma belongs. Envoy joins several fields
/// of one name with commas, and what is joined here was sent twice.
const SINGLE: [&str; 15] = [
    "origin",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "content-type",
    "content-length",
    "content-encoding",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "sec-websocket-key",
    "sec-websocket-version",
    "x-requested-with",
    "host",
    "x-envoy-auth-partial-body",
];

/// Answers Envoy's question.
pub(crate) async fn answer_grpc<B>(
    state: &Arc<State>,
    client: &Arc<Client>,
    request: Request<B>,
    span: &Span,
) -> Response<GrpcBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    if !is_trusted(state, client) {
        tracing::warn!(
            target: "countersign",
            peer = ?client.address,
            "somebody asks over gRPC who is not among `trusted_peers` of [forward_auth]"
        );
        return nothing(StatusCode::FORBIDDEN)
            .map(|body| body.map_err(|never| match never {}).boxed_unsync());
    }
    let check = Check { state: state.clone(), client: client.clone(), span: span.clone() };
    let Ok(response) = AuthorizationServer::new(check).call(request).await;
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// One question.
struct Check {
    state: Arc<State>,
    client: Arc<Client>,
    span: Span,
}

#[tonic::async_trait]
impl Authorization for Check {
    async fn check(
        &self,
        request: tonic::Request<CheckRequest>,
    ) -> Result<tonic::Response<CheckResponse>, Status> {
        let response = match self.describe(request.into_inner()) {
            Ok((asked, body)) => self.judge(asked, body).await,
            Err(bad) => {
                tracing::warn!(
                    target: "countersign",
                    peer = ?self.client.address,
                    reason = %bad,
                    "Envoy does not say enough about a request; see the recipe for it"
                );
                nothing(StatusCode::BAD_REQUEST)
            }
        };
        // What Envoy is told; gRPC itself answers 200 to every question.
        self.span.answered(response.status());
        Ok(tonic::Response::new(translate(response).await))
    }
}

impl Check {
    fn describe(&self, request: CheckRequest) -> Result<(Asked, Bytes), Undescribed> {
        let attributes = request.attributes.ok_or(Undescribed::Missing("attributes"))?;
        let peer = peer(&attributes)?;
        let http = attributes.request.and_then(|request| request.http);
        let mut http = http.ok_or(Undescribed::Missing("attributes.request.http"))?;
        let headers = headers(&mut http)?;
        let method = Method::from_bytes(http.method.as_bytes())
            .map_err(|_| Undescribed::Unreadable("method"))?;
        let target = HeaderValue::try_from(http.path).ok().and_then(|path| read_target(&path));
        let target = target.ok_or(Undescribed::Unreadable("path"))?;
        let host = HeaderValue::try_from(http.host).map_err(|_| Undescribed::Unreadable("host"))?;
        // Of a body that was cut off the last field may be half a field.
        let is_whole =
            headers.get("x-envoy-auth-partial-body").is_none_or(|partial| partial == "false");
        let body = match (is_whole, http.raw_body.is_empty()) {
            (false, _) => Bytes::new(),
            (true, true) => Bytes::from(http.body),
            (true, false) => Bytes::from(http.raw_body),
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.headers = headers;
        let parts = restore(parts, method, target, host);
        Ok((Asked::of(parts, peer, &self.client)?, body))
    }

    async fn judge(&self, asked: Asked, body: Bytes) -> Response<Full<Bytes>> {
        let found = self.state.routes.find(&asked.addressed, asked.parts.uri.path());
        self.span.begin(&asked.seen(found.ok()));
        match found {
            Ok(site) => site.judge(&asked.client, asked.parts, Full::from(body), &self.span).await,
            Err(reason) => {
                tracing::warn!(
                    target: "countersign",
                    peer = ?self.client.address,
                    host = asked.addressed.host,
                    ?reason,
                    "Envoy asks about a request that means no site"
                );
                nothing(StatusCode::FORBIDDEN)
            }
        }
    }
}

/// The client as Envoy saw it.
fn peer(attributes: &AttributeContext) -> Result<Peer, Undescribed> {
    let http = attributes.request.as_ref().and_then(|request| request.http.as_ref());
    let scheme = match http.map(|http| http.scheme.as_str()) {
        Some("https") => Scheme::Https,
        Some("http") => Scheme::Http,
        Some("") | None => return Err(Undescribed::Missing("scheme")),
        Some(_) => return Err(Undescribed::Unreadable("scheme")),
    };
    let source = attributes.source.as_ref();
    let address = match source.and_then(|source| source.address.as_ref()?.address.as_ref()) {
        Some(Address::SocketAddress(socket)) => {
            let parsed = socket.address.parse();
            Some(parsed.map_err(|_| Undescribed::Unreadable("source.address"))?)
        }
        _ => None,
    };
    let showed_certificate = source
        .is_some_and(|source| !(source.certificate.is_empty() && source.principal.is_empty()));
    Ok(Peer { client_certificate: showed_certificate, ..Peer::new(address, scheme) })
}

/// The client's fields, raw where Envoy says them so.
fn headers(http: &mut HttpRequest) -> Result<HeaderMap, Undescribed> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &[u8]| {
        // The pseudo-fields of HTTP/2; what they say Envoy says beside them too.
        if name.starts_with(':') {
            return Ok(());
        }
        let unreadable = Undescribed::Unreadable("headers");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unreadable)?;
        let value = HeaderValue::from_bytes(value).map_err(|_| unreadable)?;
        headers.append(name, value);
        Ok(())
    };
    match http.header_map.take() {
        Some(raw) => {
            for field in raw.headers {
                let plain = if field.raw_value.is_empty() {
                    field.value.into_bytes()
                } else {
                    field.raw_value
                };
                add(&field.key, &plain)?;
            }
        }
        None => {
            for (name, value) in std::mem::take(&mut http.headers) {
                if SINGLE.contains(&name.as_str()) {
                    for value in value.split(',') {
                        add(&name, value.trim().as_bytes())?;
                    }
                } else {
                    add(&name, value.as_bytes())?;
                }
            }
        }
    }
    if headers.get_all(HOST).iter().count() > 1 {
        return Err(Undescribed::Twice("host"));
    }
    if headers.keys().all(|name| name == HOST) {
        return Err(Undescribed::Bare);
    }
    Ok(headers)
}

/// The layer's response as Envoy wants it said.
async fn translate(response: Response<Full<Bytes>>) -> CheckResponse {
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH);
    let headers: Vec<HeaderValueOption> =
        headers.map(|(name, value)| header_option(name, value)).collect();
    let (code, http_response) = if parts.status == StatusCode::NO_CONTENT {
        let allowed = OkHttpResponse { response_headers_to_add: headers, ..Default::default() };
        (Code::Ok, HttpResponse::OkResponse(allowed))
    } else {
        let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
        let denied = DeniedHttpResponse {
            status: Some(HttpStatus { code: i32::from(parts.status.as_u16()) }),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        (Code::PermissionDenied, HttpResponse::DeniedResponse(denied))
    };
    CheckResponse {
        status: Some(rpc::Status { code: code as i32, ..Default::default() }),
        http_response: Some(http_response),
        ..Default::default()
    }
}

fn header_option(name: &HeaderName, value: &HeaderValue) -> HeaderValueOption {
    // Beside what the app says of the same name, or in its place.
    let beside = [SET_COOKIE, VARY, CACHE_CONTROL].contains(name);
    let action = if beside {
        HeaderAppendAction::AppendIfExistsOrAdd
    } else {
        HeaderAppendAction::OverwriteIfExistsOrAdd
    };
    let header = EnvoyHeader {
        key: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        ..Default::default()
    };
    let mut option = HeaderValueOption { header: Some(header), ..Default::default() };
    option.set_append_action(action);
    #[expect(deprecated, reason = "an Envoy that knows both looks at this one first")]
    {
        option.append = beside.then_some(BoolValue { value: true });
    }
    option
}
