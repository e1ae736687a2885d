//! The middleware: what happens to each request on its way out and each response on its way back.

mod core;
mod obtain;
mod redirect;

use std::sync::Arc;

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

pub(crate) use self::core::Core;

/// In a request's extensions: it follows no redirect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StaysHere;

/// Nobody outside of this crate can make one: below it must be a client that follows no redirects by
/// itself, because such a one would take the token's header along, and whose cookies are in our jar.
#[derive(Debug)]
pub(crate) struct CsrfMiddleware(pub(crate) Arc<Core>);

#[async_trait]
impl Middleware for CsrfMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let stays = extensions.get::<StaysHere>().is_some();
        let mut left = if stays { 0 } else { self.0.redirects };
        // Once a chain has been elsewhere, what it asks for may be another's wish.
        let mut trusted = true;
        let mut request = request;
        loop {
            trusted &= self.0.owns(request.url());
            let again = redirect::Again::of(&request, extensions);
            let response = if trusted {
                self.0.send(request, extensions, &next).await?
            } else {
                next.clone().run(request, extensions).await?
            };
            if left == 0 && !stays && self.0.redirects > 0 && redirect::leads_on(&response) {
                return Err(reqwest_middleware::Error::middleware(TooManyRedirects));
            }
            let header = self.0.header();
            match again.follow(&response, header.as_ref()) {
                Some(following) if left > 0 => request = following,
                _ => return Ok(response),
            }
            left -= 1;
        }
    }
}

/// The server sends the client in circles.
#[derive(Debug, thiserror::Error)]
#[error("too many redirects")]
struct TooManyRedirects;
