//! The client that users see.

mod builder;
mod login;

use std::sync::Arc;

use countersign::ClientDocument;
use http::Method;
use reqwest::Url;
use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};

pub use builder::SessionBuilder;

use crate::jar::Jar;
use crate::middleware::Core;
use crate::saved::SavedTokens;

/// A client of one server, with its cookies and tokens. Cheap to clone; clones share everything.
///
/// Its requests are those of [`reqwest_middleware`], so that everything that reqwest can send is
/// written as usual. Redirects are followed, ten at most unless
/// [told otherwise](SessionBuilder::redirects); a timeout counts for each hop.
#[derive(Clone, Debug)]
pub struct Session {
    core: Arc<Core>,
    client: ClientWithMiddleware,
}

impl Session {
    /// Begins a session with the server at this URL, of which only scheme, host and port count.
    pub fn builder(base: impl Into<String>) -> SessionBuilder {
        SessionBuilder::new(base.into())
    }

    /// A request to a path of the server. A full URL works as well; one of another origin is sent
    /// without any token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        match self.core.base.join(path) {
            Ok(url) => self.client.request(method, url),
            // Reports the error when it is sent, as reqwest does.
            Err(_) => self.client.request(method, path),
        }
    }

    /// A GET request; see [`request`](Self::request).
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A HEAD request; see [`request`](Self::request).
    pub fn head(&self, path: &str) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A POST request; see [`request`](Self::request).
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT request; see [`request`](Self::request).
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH request; see [`request`](Self::request).
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request; see [`request`](Self::request).
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// The client below, for code that wants a [`ClientWithMiddleware`]. It gets through the
    /// protection like the session itself; further middleware can be put behind with
    /// [`reqwest_middleware::ClientBuilder::from_client`].
    #[must_use]
    pub const fn client(&self) -> &ClientWithMiddleware {
        &self.client
    }

    /// What the server wants.
    #[must_use]
    pub fn document(&self) -> &ClientDocument {
        &self.core.document
    }

    /// The URL of the server's root.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.core.base
    }

    /// The cookies.
    #[must_use]
    pub fn jar(&self) -> &Arc<Jar> {
        &self.core.jar
    }

    /// The tokens, to be kept for the next run; see [`SessionBuilder::tokens`].
    #[must_use]
    pub fn tokens(&self) -> SavedTokens {
        self.core.held().save()
    }
}
