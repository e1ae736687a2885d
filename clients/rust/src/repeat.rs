//! Bodies that are streams, and can be sent again all the same.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use reqwest::{Body, Request};
use reqwest_middleware::RequestBuilder;

/// A body that can be made again whenever it is needed: a file that is not read into memory, say.
///
/// A stream is gone once it was sent, so a refused request with one is not tried again, and a redirect
/// does not take it along. One that is made again is.
///
/// ```no_run
/// # async fn example(session: countersign_client::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_client::RepeatBody;
/// use countersign_client::reqwest::Body;
///
/// # fn stream_of(path: &str) -> Body { Body::from(path.to_owned()) }
/// let body = RepeatBody::new(|| stream_of("backup.tar"));
/// body.put_on(session.post("/upload")).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RepeatBody(Arc<dyn Fn() -> Body + Send + Sync>);

impl RepeatBody {
    /// Calls `make` for each time that the request is sent. All the bodies must be the same.
    pub fn new(make: impl Fn() -> Body + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Makes this the body of a request.
    #[must_use = "a request is not sent until `send`"]
    pub fn put_on(self, request: RequestBuilder) -> RequestBuilder {
        request.body((self.0)()).with_extension(self)
    }
}

impl fmt::Debug for RepeatBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RepeatBody")
    }
}

/// The request once more; `None` if its body can be sent only once.
pub(crate) fn copy(request: &Request, extensions: &Extensions) -> Option<Request> {
    request.try_clone().or_else(|| {
        let RepeatBody(make) = extensions.get()?;
        let mut copy = without_body(request);
        *copy.body_mut() = Some(make());
        Some(copy)
    })
}

/// All the rest of a request.
pub(crate) fn without_body(request: &Request) -> Request {
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    copy.headers_mut().clone_from(request.headers());
    *copy.timeout_mut() = request.timeout().copied();
    *copy.version_mut() = request.version();
    copy
}
