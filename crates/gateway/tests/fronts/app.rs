//! An upstream, without a thought of CSRF.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) type Answer = Response<String>;

/// What an app does: all that it knows is the request and who is logged in.
pub(crate) type App = fn(&Asked, &Sessions) -> Answer;

/// A request as the app gets it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    /// Method and path, to match on.
    pub(crate) fn line(&self) -> (&str, &str) {
        (self.method.as_str(), self.uri.path())
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        field(self.uri.query().unwrap_or_default().as_bytes(), name)
    }

    pub(crate) fn form(&self, name: &str) -> Option<String> {
        field(&self.body, name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.get(COOKIE)?.to_str().unwrap().split(';');
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Whose Basic credentials came along, if they are those of one of `users`.
    pub(crate) fn basic(&self, users: &[(&str, &str)]) -> Option<String> {
        let value = self.headers.get(AUTHORIZATION)?.to_str().unwrap().strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64.decode(value.as_bytes()).ok()?).ok()?;
        users
            .iter()
            .find(|(name, password)| text == format!("{name}:{password}"))
            .map(|(name, _)| (*name).to_owned())
    }
}

fn field(text: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(text)
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.into_owned())
}

/// Who is logged in, by the session cookie's value.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, String>>);

impl Sessions {
    pub(crate) fn begin(&self, user: &str) -> String {
        let id = format!("{:032x}", rand::random::<u128>());
        lock(&self.0).insert(id.clone(), user.to_owned());
        id
    }

    pub(crate) fn user(&self, id: Option<&str>) -> Option<String> {
        lock(&self.0).get(id?).cloned()
    }

    pub(crate) fn end(&self, id: Option<&str>) {
        if let Some(id) = id {
            lock(&self.0).remove(id);
        }
    }
}

pub(crate) fn html(text: &str) -> Answer {
    answer(200, "text/html; charset=utf-8", text)
}

pub(crate) fn json(status: u16, value: &Value) -> Answer {
    answer(status, "application/json", &value.to_string())
}

pub(crate) fn empty(status: u16) -> Answer {
    Response::builder().status(status).body(String::new()).unwrap()
}

pub(crate) fn answer(status: u16, content_type: &str, text: &str) -> Answer {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, content_type);
    builder.body(text.to_owned()).unwrap()
}

/// Adds a header.
pub(crate) fn with(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().append(name, value.parse().unwrap());
    answer
}

/// An app that runs. It ends with the value.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    pub(crate) fn start(app: App) -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (stop, stopped) = oneshot::channel();
        let seen = asked.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serve(TcpListener::from_std(socket).unwrap(), app, seen) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, asked, stop: Some(stop), thread: Some(thread) }
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        lock(&self.asked).len()
    }

    /// The one that came last.
    pub(crate) fn last(&self) -> Asked {
        lock(&self.asked).last().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

async fn serve(listener: TcpListener, app: App, asked: Arc<Mutex<Vec<Asked>>>) {
    let sessions = Arc::new(Sessions::default());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (asked, sessions) = (asked.clone(), sessions.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (asked, sessions) = (asked.clone(), sessions.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let request =
                    Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body };
                lock(&asked).push(request.clone());
                Ok::<_, Infallible>(
                    app(&request, &sessions).map(|text| Full::new(Bytes::from(text))),
                )
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// An app that panicked has failed its test already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
