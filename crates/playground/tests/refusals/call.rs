//! A call that passes, and ways to spoil it.

use reqwest::{Client, Method, redirect};

/// One request, ready to be sent any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) base: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The header that carries the token.
    pub(crate) token_header: &'static str,
    pub(crate) session_cookie: &'static str,
    pub(crate) body: String,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// How a call is changed.
#[derive(Clone, Copy)]
pub(crate) enum Change<'a> {
    NoToken,
    NoCookie,
    NoOrigin,
    RefererOnly,
    Token(&'a str),
    /// Another symbol of the alphabet at the end.
    LastSymbol,
    TokenTwice,
    TokenInQuery,
    TokenOf(&'a Call),
    SecondSession,
    TwoOrigins,
    Header(&'static str, &'a str),
}

impl Call {
    pub(crate) fn token(&self) -> &str {
        self.header(self.token_header).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self.clone() }
    }

    pub(crate) fn post(&self, target: &str) -> Self {
        Self { method: Method::POST, ..self.path(target) }
    }

    pub(crate) fn at(&self, base: &str) -> Self {
        let headers = self.headers.iter().map(|(name, value)| match *name {
            "origin" => (*name, base.to_owned()),
            _ => (*name, value.clone()),
        });
        Self { headers: headers.collect(), base: base.to_owned(), ..self.clone() }
    }

    pub(crate) fn with(&self, change: Change<'_>) -> Self {
        let mut call = self.clone();
        let token = self.header(self.token_header).map(str::to_owned);
        let set = |call: &mut Self, name: &'static str, value: Option<String>| {
            call.headers.retain(|(own, _)| *own != name);
            call.headers.extend(value.map(|value| (name, value)));
        };
        match change {
            Change::NoToken => set(&mut call, self.token_header, None),
            Change::NoCookie => set(&mut call, "cookie", None),
            Change::NoOrigin => set(&mut call, "origin", None),
            Change::RefererOnly => {
                set(&mut call, "origin", None);
                set(&mut call, "referer", Some(format!("{}/page", self.base)));
            }
            Change::Token(text) => set(&mut call, self.token_header, Some(text.to_owned())),
            Change::LastSymbol => {
                let mut text = token.unwrap();
                let last = text.pop().unwrap();
                text.push(if last == '1' { '2' } else { '1' });
                set(&mut call, self.token_header, Some(text));
            }
            Change::TokenTwice => call.headers.push((self.token_header, token.unwrap())),
            Change::TokenInQuery => {
                set(&mut call, self.token_header, None);
                call.target = format!("{}?{}={}", self.target, self.token_header, token.unwrap());
            }
            Change::TokenOf(other) => {
                set(&mut call, self.token_header, Some(other.token().to_owned()));
            }
            Change::SecondSession => {
                let cookies = self.header("cookie").unwrap();
                let more = format!("{cookies}; {}=planted", self.session_cookie);
                set(&mut call, "cookie", Some(more));
            }
            Change::TwoOrigins => {
                call.headers.push(("origin", self.base.clone()));
                call.headers.push(("origin", "https://evil.example".to_owned()));
            }
            Change::Header(name, value) => set(&mut call, name, Some(value.to_owned())),
        }
        call
    }

    pub(crate) async fn send(&self) -> Reply {
        let client = Client::builder()
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        let url = format!("{}{}", self.base, self.target);
        let mut request = client.request(self.method.clone(), url).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Reply { status, headers, body: response.text().await.unwrap() }
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All cookies that the response sets, as a `Cookie` header sends them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let pairs: Vec<&str> = set.map(|(_, value)| value.split(';').next().unwrap()).collect();
        pairs.join("; ")
    }
}
