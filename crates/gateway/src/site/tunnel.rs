//! WebSocket: after the verdict on its handshake, both directions pass untouched.
//!
//! A handshake comes as an upgrade of HTTP/1.1 (RFC 6455) or as an extended CONNECT of HTTP/2
//! (RFC 8441). The upstream is asked in HTTP/1.1 either way.

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::ext::Protocol as ConnectProtocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rand::Rng;
use tokio::time::timeout;

use super::forward::TEXT;
use super::{Backstage, Passing, own, untouched};
use crate::config::Protocol;
use crate::html::Rewritten;
use crate::metrics::Failure;
use crate::proxy::body::UpstreamBody;
use crate::proxy::headers;
use crate::proxy::pool::Outgoing;
use crate::wire::Active;

/// Whether the client wants to go on in another protocol.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    parts.headers.contains_key(UPGRADE) && parts.version != Version::HTTP_2 || is_connect(parts)
}

fn is_connect(parts: &Parts) -> bool {
    parts.method == Method::CONNECT && parts.extensions.get::<ConnectProtocol>().is_some()
}

impl Backstage {
    pub(super) async fn tunnel(&self, mut parts: Parts, body: Outgoing) -> Response<Passing> {
        let Some(upstream) = &self.site.around.upstream else {
            return untouched(self.forward(parts, body).await);
        };
        if is_connect(&parts) && upstream.url().protocol() == Protocol::H2c {
            let text = "WebSockets to an app that speaks HTTP/2 only are not passed on.\n";
            return own(StatusCode::NOT_IMPLEMENTED, TEXT, text).map(Either::Left);
        }
        if !names_websocket(&parts) || upstream.url().protocol() == Protocol::H2c {
            // RFC 9110, section 7.8: a server may ignore the wish for another protocol.
            return untouched(self.forward(parts, body).await);
        }
        let Some(client) = parts.extensions.remove::<OnUpgrade>() else {
            return refuse("this connection cannot become a WebSocket");
        };
        let was_connect = is_connect(&parts);
        self.prepare(&mut parts, upstream);
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if was_connect {
            parts.method = Method::GET;
            parts.headers.insert(SEC_WEBSOCKET_KEY, key());
        }
        let asked = self.span.ask(upstream.url(), &mut parts);
        let exchange = upstream.exchange_upgrade(Request::from_parts(parts, body));
        let mut response = match timeout(self.site.around.deadlines.response, exchange).await {
            Ok(Ok(response)) => {
                asked.answered(response.status(), response.version());
                response
            }
            failed => {
                let error = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no response in time".to_owned(),
                };
                self.site.around.metrics.upstream_failed(Failure::Connect);
                asked.failed(Failure::Connect);
                tracing::error!(
                    target: "countersign",
                    site = self.site.config.name,
                    upstream = %upstream.url(),
                    error,
                    "the upstream does not answer a WebSocket handshake"
                );
                let text = "The app behind this gateway does not answer.\n";
                return own(StatusCode::BAD_GATEWAY, TEXT, text).map(Either::Left);
            }
        };
        if was_connect && response.status().is_success() {
            // To the client of a CONNECT, any success says that the WebSocket is open.
            let text = "The app behind this gateway opens no WebSocket here.\n";
            return own(StatusCode::BAD_GATEWAY, TEXT, text).map(Either::Left);
        }
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let stall = self.site.around.deadlines.stall;
            headers::strip_hop_by_hop(response.headers_mut());
            return response.map(|incoming| {
                Either::Right(Rewritten::untouched(UpstreamBody::new(incoming, None, stall)))
            });
        }
        // Of HTTP/2 one stream is taken, of HTTP/1.1 the connection.
        let active = was_connect.then(|| self.client.watch.begin());
        if !was_connect {
            self.client.watch.becomes_tunnel();
        }
        let upstream = hyper::upgrade::on(&mut response);
        tokio::spawn(join(client, upstream, active, self.clone()));
        answer(response.headers(), was_connect)
    }
}

/// Passes bytes in both directions until one side ends.
async fn join(client: OnUpgrade, upstream: OnUpgrade, active: Option<Active>, of: Backstage) {
    let _open = (of.site.around.metrics.tunnel(), active);
    let (client, upstream) = match (client.await, upstream.await) {
        (Ok(client), Ok(upstream)) => (client, upstream),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!(target: "countersign", %error, "a WebSocket was not begun");
            return;
        }
    };
    let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
    if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
        tracing::debug!(target: "countersign", %error, "a WebSocket broke off");
    }
}

fn answer(upstream: &HeaderMap, was_connect: bool) -> Response<Passing> {
    let mut response = Response::new(Either::Left(Full::default()));
    let mut headers = upstream.clone();
    headers::strip_hop_by_hop(&mut headers);
    if was_connect {
        headers.remove(SEC_WEBSOCKET_ACCEPT);
    } else {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    *response.headers_mut() = headers;
    response
}

fn refuse(text: &'static str) -> Response<Passing> {
    own(StatusCode::BAD_REQUEST, TEXT, Bytes::from_static(text.as_bytes())).map(Either::Left)
}

fn names_websocket(parts: &Parts) -> bool {
    let by_connect = parts.extensions.get::<ConnectProtocol>().map(ConnectProtocol::as_str);
    let by_upgrade = parts.headers.get(UPGRADE).map(HeaderValue::as_bytes);
    by_connect
        .map(str::as_bytes)
        .or(by_upgrade)
        .is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// A key for the handshake (RFC 6455, section 4.1): HTTP/2 has none.
fn key() -> HeaderValue {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    HeaderValue::try_from(BASE64.encode(&bytes)).unwrap_or_else(|_| HeaderValue::from_static(""))
}
