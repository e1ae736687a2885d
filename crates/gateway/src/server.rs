//! Listening: threads that each serve their own connections from first to last.
//!
//! Each thread has a runtime and listening sockets of its own (SO_REUSEPORT): a request is never
//! handed from one processor to another, and kept upstream connections need no lock.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use countersign::{Peer, Scheme};
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::config::Limits;
use crate::head::{self, BadHead};
use crate::listener::{Accepted, Listener};
use crate::metrics::{Failure, Metrics, Open, SiteMetrics};
use crate::proxy::body::UpstreamBodyError;
use crate::routes::NoSite;
use crate::site::{Client, SiteBody, own};
use crate::state::{State, address_header};
use crate::trace::{Seen, ServerSpan, Traces};
use crate::wire::{Active, Joined, Patience, Watch, Wire};

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) state: ArcSwap<State>,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// What a listener's connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Clients of the sites; the number is the listener's in the configuration.
    Sites(usize),
    /// Other proxies that ask.
    ForwardAuth,
    /// Envoy, which asks over gRPC.
    #[cfg(feature = "grpc")]
    Grpc,
}

/// Accepts connections until the stop.
pub(crate) async fn accept(listener: Listener, purpose: Purpose, shared: Arc<Shared>) {
    let mut stop = shared.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok(accepted) => {
                // Taken after the connection is there: a thread that nobody connects to must not hold
                // the last slot.
                let slot = tokio::select! {
                    slot = shared.slots.clone().acquire_owned() => slot,
                    () = stopped(&mut stop) => return,
                };
                let Ok(slot) = slot else { return };
                let shared = shared.clone();
                tokio::spawn(async move {
                    connection(accepted, slot, purpose, &shared).await;
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: connections that end make room.
                tracing::error!(target: "countersign", %error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Waits for the word to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

async fn connection(
    accepted: Accepted,
    slot: OwnedSemaphorePermit,
    purpose: Purpose,
    shared: &Arc<Shared>,
) {
    let _open = shared.metrics.connection();
    let (stream, address) = match accepted {
        Accepted::Tcp(stream, address) => (stream, address),
        #[cfg(unix)]
        Accepted::Unix(stream) => {
            return serve(stream, Peer::new(None, Scheme::Http), slot, purpose, shared).await;
        }
    };
    if stream.set_nodelay(true).is_err() {
        return;
    }
    // A peer that vanished without a word is noticed.
    let _ = SockRef::from(&stream).set_keepalive(true);
    let state = shared.state.load_full();
    let tls = match purpose {
        Purpose::Sites(number) => state.tls.get(number).cloned().flatten(),
        _ => None,
    };
    let deadlines = state.config.deadlines;
    drop(state);
    let Some(tls) = tls else {
        let peer = Peer::new(Some(address.ip()), Scheme::Http);
        return serve(stream, peer, slot, purpose, shared).await;
    };
    let handshake = TlsAcceptor::from(tls).accept(stream);
    match tokio::time::timeout(deadlines.header, handshake).await {
        Ok(Ok(stream)) => {
            let client_certificate = stream.get_ref().1.peer_certificates().is_some();
            let peer = Peer::new(Some(address.ip()), Scheme::Https);
            let peer = Peer { client_certificate, ..peer };
            serve(stream, peer, slot, purpose, shared).await;
        }
        Ok(Err(error)) => {
            tracing::debug!(target: "countersign", %address, %error, "TLS was not agreed on");
        }
        Err(_) => tracing::debug!(target: "countersign", %address, "TLS took too long"),
    }
}

async fn serve<T>(
    stream: T,
    peer: Peer,
    slot: OwnedSemaphorePermit,
    purpose: Purpose,
    shared: &Arc<Shared>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = Arc::new(Watch::holding(slot));
    let client = Arc::new(Client {
        peer,
        address: peer.address.map_or(HeaderValue::from_static("unknown"), address_header),
        watch: watch.clone(),
    });
    let state = shared.state.load_full();
    let (deadlines, limits) = (state.config.deadlines, state.config.limits);
    drop(state);
    let patience = Patience { header: deadlines.header, idle: deadlines.idle };
    let wire = TokioIo::new(Wire::new(Joined(stream), watch, patience));
    let all = shared.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        answer(request, client.clone(), purpose, all.clone())
    });
    let mut builder = builder(limits);
    if purpose == Purpose::ForwardAuth {
        // Proxies look at the answer's status; a date would be one more field for them to read.
        builder.http1().auto_date_header(false);
    }
    let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(wire, service));
    let mut stop = shared.stop.clone();
    let done = tokio::select! {
        biased;
        done = connection.as_mut() => done,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        if let Some(code) = unreadable(error.as_ref()) {
            shared.metrics.bad_request(code);
        }
        tracing::debug!(target: "countersign", peer = ?peer.address, error, "a connection ended early");
    }
}

/// What hyper did not even make a request of, as a code for metrics.
fn unreadable(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse_too_large() {
        return Some("too_large");
    }
    error.is_parse().then_some("unreadable")
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The wire has deadlines of its own, which tell an idle connection from a slow head.
        .header_read_timeout(None)
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes.max(8192))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .enable_connect_protocol();
    builder
}

/// One request, from the first look at its head to the last word on its response.
async fn answer(
    request: Request<Incoming>,
    client: Arc<Client>,
    purpose: Purpose,
    shared: Arc<Shared>,
) -> Result<Response<Tracked>, Infallible> {
    let (parts, body) = request.into_parts();
    let active = UnderWay {
        at_client: client.watch.begin(),
        _counted: shared.metrics.request(),
        span: shared.traces.request(&parts, &client, purpose),
    };
    let state = shared.state.load_full();
    if parts.headers.len() > state.config.limits.headers {
        shared.metrics.bad_request("too_many_headers");
        return Ok(plain(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "too many header fields",
            active,
        ));
    }
    let checked = match client.watch.fault() {
        Some(fault) => Err(BadHead::Framing(fault)),
        None => head::check(&parts),
    };
    let asked = match checked {
        Ok(asked) => asked,
        Err(bad) => {
            shared.metrics.bad_request(bad.code());
            tracing::info!(target: "countersign", peer = ?client.address, reason = bad.as_str(), "bad request");
            return Ok(plain(bad.status(), bad.as_str(), active));
        }
    };
    if purpose == Purpose::ForwardAuth {
        let request = Request::from_parts(parts, body);
        let response = crate::auth::answer(&state, &client, request, &active.span).await;
        active.span.answered(response.status());
        let body = |body| Either::Left(Either::Left(body));
        return Ok(response.map(|own| Tracked::new(body(own), None, active)));
    }
    #[cfg(feature = "grpc")]
    if purpose == Purpose::Grpc {
        let request = Request::from_parts(parts, body);
        let response = crate::auth::answer_grpc(&state, &client, request, &active.span).await;
        active.span.answered(response.status());
        let body = |body| Either::Left(Either::Right(body));
        return Ok(response.map(|own| Tracked::new(body(own), None, active)));
    }
    let found = state.routes.find(&asked, parts.uri.path());
    let site = found.ok().map(AsRef::as_ref);
    active.span.begin(&Seen { site, addressed: Some(&asked), client: &client, parts: &parts });
    let site = match found {
        Ok(site) => site,
        Err(reason) => {
            shared.metrics.no_site(reason);
            let (status, text) = match reason {
                NoSite::Host => (StatusCode::MISDIRECTED_REQUEST, "no site here has this host"),
                NoSite::Path => (StatusCode::NOT_FOUND, "no site here has this path"),
                NoSite::Ambiguous => {
                    (StatusCode::BAD_REQUEST, "the path can be read in more than one way")
                }
            };
            return Ok(plain(status, text, active));
        }
    };
    let version = parts.version;
    let request = Request::from_parts(parts, body);
    let mut response = site.serve(&client, request, &active.span).await;
    site.around.metrics.answered(response.status());
    active.span.answered(response.status());
    if version == Version::HTTP_2 {
        response.headers_mut().remove(CONNECTION);
    }
    let metrics = Some(site.around.metrics.clone());
    Ok(response.map(|body| Tracked::new(Either::Right(body), metrics, active)))
}

fn plain(status: StatusCode, text: &'static str, active: UnderWay) -> Response<Tracked> {
    active.span.answered(status);
    let mut response = own(status, "text/plain; charset=utf-8", format!("{text}\n"));
    // Whatever follows on this connection might be read in two ways as well.
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let body = |body| Either::Left(Either::Left(body));
    response.map(|own| Tracked::new(body(own), None, active))
}

/// A body with trailers, as gRPC wants it.
pub(crate) type GrpcBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

type AnyBody = Either<Either<Full<Bytes>, GrpcBody>, SiteBody>;

/// A response's body. The request is under way until it is dropped.
pub(crate) struct Tracked {
    body: AnyBody,
    /// Of the site that answers.
    metrics: Option<SiteMetrics>,
    active: UnderWay,
}

/// A request is under way as long as this is there.
struct UnderWay {
    at_client: Active,
    _counted: Open,
    span: ServerSpan,
}

impl Tracked {
    fn new(body: AnyBody, metrics: Option<SiteMetrics>, mut active: UnderWay) -> Self {
        active.at_client.moves(true);
        Self { body, metrics, active }
    }

    /// An upstream that fails within its response can be answered for no more, only counted.
    fn count(&self, error: &(dyn std::error::Error + 'static)) {
        let Some(metrics) = &self.metrics else { return };
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<UpstreamBodyError>() {
                let failure = match error {
                    UpstreamBodyError::Stalled => Failure::Stalled,
                    UpstreamBodyError::Broken(_) => Failure::CutOff,
                };
                metrics.upstream_failed(failure);
                self.active.span.broke_off(failure);
                tracing::error!(
                    target: "countersign",
                    site = %metrics.name(),
                    %error,
                    "a response is cut off"
                );
                return;
            }
            cause = error.source();
        }
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = std::pin::Pin::new(&mut self.body).poll_frame(context);
        if let std::task::Poll::Ready(Some(Err(error))) = &polled {
            self.count(error.as_ref());
        }
        self.active.at_client.moves(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
