//! A dialect, and a request that carries its token.

use countersign::{Engine, Holder, Issue};
use countersign_bench::requests;
use countersign_tower::ThreadRandom;
use http::{HeaderValue, Method, Request};

use crate::verdict::{engine, moment, passes};

const SESSION: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";

/// See the module.
pub(crate) struct Subject {
    /// The dialect and the shape of its token.
    pub(crate) title: String,
    engine: Engine,
    /// Believes every token.
    credulous: Engine,
    request: Request<()>,
}

impl Subject {
    /// One of each dialect whose token is bound to a session.
    pub(crate) fn all() -> [Self; 5] {
        [
            Self::new("standard", "base64url, 32", Method::POST, "/transfer"),
            Self::new("genesys", "uuid", Method::POST, "/api/v2/me"),
            Self::new("voss", "alphanumeric, 32, twice", Method::POST, "/data/")
                // Over https Django's convention asks for a Referer where there is no Origin.
                .with("referer", "https://app.example/data/"),
            Self::new("vmanage", "hex, 100", Method::GET, "/dataservice/device"),
            Self::new("tao", "one-time, hex, 40", Method::POST, "/tao/items"),
        ]
    }

    fn new(name: &str, shape: &str, method: Method, path: &str) -> Self {
        let engine = engine(name);
        let token = mint(&engine, &mut ThreadRandom::default());
        let dialect = engine.policy().dialect();
        let rules = dialect.token.as_ref();
        let mut cookie = format!("{}={SESSION}", dialect.session.cookie);
        if let Some(twin) = rules.and_then(|rules| rules.cookie.as_ref()) {
            cookie = format!("{cookie}; {}={token}", twin.name);
        }
        let header = rules.map(|rules| rules.header.name().as_str()).unwrap_or_default();
        let request = requests::script(method, path, &[("cookie", &cookie), (header, &token)]);
        let credulous = Engine::danger_assuming_tokens(engine.policy().clone(), true);
        Self { title: format!("{name} ({shape})"), engine, credulous, request }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.request.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }

    /// Whether the token holds; of a ticket, whether only the store's word is left to ask.
    pub(crate) fn holds(&self) -> bool {
        passes(&self.engine, &self.request)
    }

    /// The same verdict but for the check of the token.
    pub(crate) fn believed(&self) -> bool {
        passes(&self.credulous, &self.request)
    }

    /// Another token of the same session.
    pub(crate) fn mint(&self, random: &mut ThreadRandom) -> String {
        mint(&self.engine, random)
    }
}

fn mint(engine: &Engine, random: &mut ThreadRandom) -> String {
    let holder = Holder::Session(SESSION.as_bytes().to_vec());
    match engine.issue(&holder, moment(), random) {
        Issue::Token(token) => token,
        Issue::Tickets(_) => engine.tickets(&holder, 1..2, moment()).pop().unwrap_or_default(),
        Issue::Store(..) | Issue::None => String::new(),
    }
}
