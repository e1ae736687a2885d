//! What is measured, with whom, and what the gateway must reach.

use clap::ValueEnum;

use super::credentials::{Credentials, SentBy};
use super::fleet::Contender;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Case {
    /// GET, answered by 64 bytes
    Get,
    /// POST of 64 bytes of JSON, with the token in a header
    Post,
    /// POST of an urlencoded form that holds the token: the body waits for the verdict
    Form,
    /// GET of a 10 KB page, into which the gateway writes tokens
    Page,
    /// How long the beginning of a slow page takes from the app to the client
    FirstByte,
}

/// A bar: `contender` may cost at most so many times what `beside` costs.
pub(crate) struct Target {
    pub(crate) contender: Contender,
    pub(crate) beside: Contender,
    pub(crate) at_most: f64,
}

/// A request as the load generator and the probes send it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Case {
    /// How a table is headed.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Get => "GET, 64 bytes",
            Self::Post => "POST, 64 bytes of JSON, token in a header",
            Self::Form => "POST of a form, token in a field",
            Self::Page => "GET of a 10 KB page, 2 forms",
            Self::FirstByte => "First byte of a slow page",
        }
    }

    /// Who takes part. The first is what the others are compared with.
    pub(crate) const fn contenders(self) -> &'static [Contender] {
        use Contender::{
            Caddy, ForwardAuth, ForwardAuthFile, Gateway, HaProxy, Nginx, NginxAsking,
            NginxSubFilter,
        };
        match self {
            Self::Get | Self::Post => {
                &[Nginx, NginxAsking, HaProxy, Caddy, Gateway, ForwardAuth, ForwardAuthFile]
            }
            // A form's body never reaches a forward-auth service, so there is nothing to compare.
            Self::Form => &[Nginx, HaProxy, Caddy, Gateway],
            Self::Page => &[Nginx, NginxSubFilter, HaProxy, Caddy, Gateway],
            Self::FirstByte => &[Nginx, NginxSubFilter, Gateway],
        }
    }

    /// The bars of this case.
    pub(crate) const fn targets(self) -> &'static [Target] {
        use Contender::{
            ForwardAuth, ForwardAuthFile, Gateway, Nginx, NginxAsking, NginxSubFilter,
        };
        match self {
            Self::Get | Self::Post => &[
                Target { contender: Gateway, beside: Nginx, at_most: 1.15 },
                Target { contender: Gateway, beside: NginxAsking, at_most: 1.0 },
                Target { contender: ForwardAuth, beside: Nginx, at_most: 1.8 },
                Target { contender: ForwardAuthFile, beside: Nginx, at_most: 1.8 },
            ],
            Self::Form => &[Target { contender: Gateway, beside: Nginx, at_most: 1.25 }],
            Self::Page => &[Target { contender: Gateway, beside: NginxSubFilter, at_most: 3.0 }],
            Self::FirstByte => &[],
        }
    }

    /// The request that everybody gets in this case.
    pub(crate) fn request(self, credentials: &Credentials) -> Request {
        let get = |path, sent_by| Request {
            method: "GET",
            path,
            headers: credentials.headers(sent_by),
            body: String::new(),
        };
        let post = |path, sent_by, content_type: &str, body| {
            let mut headers = credentials.headers(sent_by);
            headers.push(("Content-Type", content_type.to_owned()));
            Request { method: "POST", path, headers, body }
        };
        match self {
            Self::Get => get("/small", SentBy::ScriptGet),
            Self::Page => get("/page", SentBy::Link),
            Self::FirstByte => get("/slow", SentBy::Link),
            Self::Post => post(
                "/items",
                SentBy::ScriptPost,
                "application/json",
                padded(r#"{"to":"alice","amount":10,"note":""#, r#""}"#, 64),
            ),
            Self::Form => {
                let fields = format!("to=alice&csrf_token={}&note=", credentials.token);
                post(
                    "/form",
                    SentBy::Form,
                    "application/x-www-form-urlencoded",
                    padded(&fields, "", 105),
                )
            }
        }
    }
}

/// `before` and `after` with as many letters between as make `length` bytes.
fn padded(before: &str, after: &str, length: usize) -> String {
    let missing = length.saturating_sub(before.len() + after.len());
    format!("{before}{}{after}", "x".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_that_a_target_names_takes_part() {
        for case in Case::value_variants() {
            for Target { contender, beside, .. } in case.targets() {
                let contenders = case.contenders();
                assert!(contenders.contains(contender) && contenders.contains(beside), "{case:?}");
            }
        }
    }

    #[test]
    fn bodies_have_the_size_that_the_table_says() {
        let credentials = Credentials::new("c=1".to_owned(), "t".repeat(43));
        assert_eq!(Case::Post.request(&credentials).body.len(), 64);
        assert_eq!(Case::Form.request(&credentials).body.len(), 105);
    }
}
