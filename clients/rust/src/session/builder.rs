//! How a session begins.

use std::fmt;
use std::sync::Arc;

use countersign::{ClientDocument, builtin, builtin_names};
use http::StatusCode;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};
use reqwest_middleware::{ClientWithMiddleware, Middleware};
use zeroize::Zeroizing;

use super::Session;
use crate::clock::{Clock, SystemClock};
use crate::document::{WELL_KNOWN, parse_document};
use crate::error::Error;
use crate::jar::Jar;
use crate::middleware::{Core, CsrfMiddleware};
use crate::saved::SavedTokens;

/// As browsers and reqwest do it.
const REDIRECTS: usize = 10;

/// A document is a page of text at most.
const LONGEST_DOCUMENT: usize = 1 << 18;

/// Settings of a [`Session`]; all are optional.
#[must_use = "call `build`"]
pub struct SessionBuilder {
    base: String,
    wish: Wish,
    http: ClientBuilder,
    jar: Arc<Jar>,
    tokens: Option<SavedTokens>,
    clock: Arc<dyn Clock>,
    redirects: usize,
    below: Vec<Arc<dyn Middleware>>,
    login: Option<(String, Zeroizing<String>)>,
}

/// Which document.
enum Wish {
    /// The server's own.
    Ask,
    Named(String),
    Given(Box<ClientDocument>),
}

impl SessionBuilder {
    pub(super) fn new(base: String) -> Self {
        Self {
            base,
            wish: Wish::Ask,
            http: ClientBuilder::new(),
            jar: Arc::default(),
            tokens: None,
            clock: Arc::new(SystemClock),
            redirects: REDIRECTS,
            below: Vec::new(),
            login: None,
        }
    }

    /// Takes a built-in dialect: `standard`, `genesys`, `vmanage`, ... Without this and
    /// [`document`](Self::document), the server is asked at `/.well-known/csrf`.
    pub fn dialect(mut self, name: impl Into<String>) -> Self {
        self.wish = Wish::Named(name.into());
        self
    }

    /// Takes this document; see [`parse_document`].
    pub fn document(mut self, document: ClientDocument) -> Self {
        self.wish = Wish::Given(Box::new(document));
        self
    }

    /// Logs in before [`build`](Self::build) is done; see [`Session::login`].
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((user.into(), Zeroizing::new(password.into())));
        self
    }

    /// Settings of the HTTP client: timeouts, certificates, proxies, a user agent.
    ///
    /// It is the builder that is handed over, not a client, because two settings are replaced: the
    /// redirect policy (reqwest would take the token's header along to another origin) and the cookie
    /// store (which must be the session's [`Jar`]).
    pub fn http(mut self, http: ClientBuilder) -> Self {
        self.http = http;
        self
    }

    /// Takes these cookies, perhaps of an earlier run.
    pub fn jar(mut self, jar: Arc<Jar>) -> Self {
        self.jar = jar;
        self
    }

    /// Takes the tokens of an earlier run, which belong to the cookies of the same run. Those that
    /// are too old or of another session are never sent.
    pub fn tokens(mut self, tokens: SavedTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Tells the time; the operating system does unless this is called.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Follows so many redirects; 0 hands redirects back as responses. Ten by default.
    pub const fn redirects(mut self, most: usize) -> Self {
        self.redirects = most;
        self
    }

    /// Puts a middleware below: it sees every request as it is sent, the token on it, and those for
    /// tokens too. One that sends a request again sends its token again.
    pub fn with(mut self, middleware: impl Middleware) -> Self {
        self.below.push(Arc::new(middleware));
        self
    }

    /// Begins the session: asks for the document and logs in, where that is wanted.
    ///
    /// # Errors
    /// A base URL that is none, an unknown dialect, a server without a document, a refused login.
    pub async fn build(self) -> Result<Session, Error> {
        let base = base(&self.base)?;
        let http = self
            .http
            .redirect(Policy::none())
            .cookie_provider(Arc::clone(&self.jar))
            .build()
            .map_err(Error::Client)?;
        let below = self.below;
        let client = |first: Option<CsrfMiddleware>| {
            let mut stack = reqwest_middleware::ClientBuilder::new(http.clone());
            if let Some(first) = first {
                stack = stack.with(first);
            }
            for middleware in &below {
                stack = stack.with_arc(Arc::clone(middleware));
            }
            stack.build()
        };
        let document = match self.wish {
            Wish::Given(document) => *document,
            Wish::Named(name) => named(name)?,
            Wish::Ask => ask(&client(None), &base).await?,
        };
        let core = Core::new(base, document, self.jar, self.clock, self.redirects);
        if let Some(tokens) = &self.tokens {
            core.held().restore(tokens);
        }
        let core = Arc::new(core);
        let client = client(Some(CsrfMiddleware(Arc::clone(&core))));
        let session = Session { core, client };
        if let Some((user, password)) = &self.login {
            session.login(user, password).await?;
        }
        Ok(session)
    }
}

fn base(text: &str) -> Result<Url, Error> {
    let not = || Error::Base(without_userinfo(text));
    let mut url = Url::parse(text).map_err(|_| not())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(not());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Userinfo(url.origin().ascii_serialization()));
    }
    url.set_path("/");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// What cannot be read as a URL may hold a password all the same.
fn without_userinfo(text: &str) -> String {
    text.rsplit_once('@').map_or(text, |(_, after)| after).to_owned()
}

fn named(name: String) -> Result<ClientDocument, Error> {
    match builtin(&name) {
        Some(dialect) => Ok(ClientDocument::of(&dialect)),
        None => {
            let names: Vec<&str> = builtin_names().collect();
            Err(Error::Dialect { name, known: names.join(", ") })
        }
    }
}

async fn ask(client: &ClientWithMiddleware, base: &Url) -> Result<ClientDocument, Error> {
    let origin = base.origin().ascii_serialization();
    let url = base.join(WELL_KNOWN).map_err(|_| Error::Base(origin.clone()))?;
    let mut response = client.get(url).header("accept", "application/json").send().await?;
    let status = response.status();
    // A redirect could lead to anybody's document.
    if status != StatusCode::OK {
        return Err(Error::NoDocument { origin, status });
    }
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest_middleware::Error::from)? {
        text.extend_from_slice(&chunk);
        if text.len() > LONGEST_DOCUMENT {
            return Err(Error::NoDocument { origin, status });
        }
    }
    parse_document(&String::from_utf8_lossy(&text))
        .map_err(|source| Error::BadDocument { origin, source })
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionBuilder {{ {} }}", without_userinfo(&self.base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_of_a_base_counts() {
        for (text, expected) in [
            ("https://app.example", Some("https://app.example/")),
            ("https://APP.example:443/a/b?c#d", Some("https://app.example/")),
            ("http://[::1]:8080", Some("http://[::1]:8080/")),
            ("app.example", None),
            ("ftp://app.example", None),
            ("/path", None),
            ("", None),
        ] {
            assert_eq!(base(text).ok().as_ref().map(Url::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_password_in_a_base_is_refused_and_not_repeated() {
        for text in ["https://user:s3cr3t@app.example", "user:s3cr3t@app.example"] {
            let error = base(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
            let builder = Session::builder(text).login("user", "s3cr3t");
            assert!(!format!("{builder:?}").contains("s3cr3t"));
        }
    }
}
