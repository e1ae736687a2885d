//! The flags of `countersign explain`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign::{RouteAccess, Scheme};

/// Judge one raw HTTP request: the verdict, each finding, and the setting that would change it
///
/// Reads one HTTP/1 request, with CRLF or bare line feeds, as captured or pasted. What documents and
/// terminals do to a request is mended and said: a wrapped or folded header line is joined, a missing
/// HTTP version is added, a missing empty line before the body is put in.
///
/// A session cookie is taken to name a live session. Where the verdict hangs on something that a
/// request does not show (the key of a token, the store's word on a ticket), this is said, all
/// outcomes are shown, and the exit status is that of a refusal.
#[derive(Args, Debug)]
#[command(after_help = SHORT_HELP, after_long_help = LONG_HELP)]
pub(crate) struct Explain {
    /// The request; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(super) request: PathBuf,

    /// Built-in dialect or dialect file [default: the policy's own, else standard]
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) dialect: Option<String>,

    /// Policy file: trusted origins, exemptions, mode
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,

    /// How the client connected [default: that of an absolute request target, else http]
    #[arg(long, value_enum)]
    pub(super) scheme: Option<SchemeName>,

    /// Address of the client or proxy, for `trusted_proxies`
    #[arg(long, value_name = "IP")]
    pub(super) peer: Option<IpAddr>,

    /// Keyring file, to check the token itself
    #[arg(long, value_name = "FILE")]
    pub(super) keyring: Option<PathBuf>,

    /// Take the token's key as said, where no keyring is given
    #[arg(long, value_enum, value_name = "VALIDITY", conflicts_with = "keyring")]
    pub(super) assume_token: Option<Assumed>,

    /// Number of the store's life in which one-time tokens were issued
    #[arg(long, value_name = "NUMBER", requires = "keyring")]
    pub(super) incarnation: Option<u64>,

    /// Who is logged in, for tokens that belong to a user
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<String>,

    /// Who may call the route, where the app declares it
    #[arg(long, value_enum, default_value_t = Access::Unspecified)]
    pub(super) access: Access,

    /// The time, in seconds since 1970, for expiries [default: now]
    #[arg(long, value_name = "UNIX_SECONDS")]
    pub(super) now: Option<u64>,

    /// Print JSON with stable keys
    #[arg(long)]
    pub(super) json: bool,
}

const SHORT_HELP: &str = "\
Exit status: 0 allowed, 3 refused or undecided, 2 cannot be read.

Examples:
  countersign explain --dialect genesys request.http
  countersign explain --dialect voss --assume-token valid - < request.http";

const LONG_HELP: &str = "\
Exit status:
  0  allowed, or only reported
  3  refused; also when the verdict hangs on a token that cannot be checked
  2  a file, the request or a flag cannot be read

JSON:
  verdict     allowed, refused or undecided
  request     method, target, dialect, mode, scheme, peer
  hangs_on    null, token_key, user, incarnation, stored_token or spent_mark
  notes       what was mended or assumed
  outcomes    one; where the verdict hangs on something, one for each answer:
    when      null, token_valid, token_invalid, ticket_unspent or ticket_spent
    verdict   allowed, refused or reported
    rule      number and name
    reason    code of the refusal, null when allowed
    permit    code of the permission, null when refused
    seen, expected
    owes_token  whether the response brings a token
    reply     status, reason_phrase, content_type, body; null when allowed
    remedy    the setting that would change it; null when allowed
    findings  rule, seen, against, outcome (passes, fails or neutral)

Examples:
  countersign explain --dialect genesys request.http
  countersign explain --dialect voss --assume-token valid - < request.http
  countersign explain --policy policy.toml --keyring keyring.toml --scheme https request.http
  countersign explain --dialect redback --access unrestricted --json request.http";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemeName {
    Http,
    Https,
}

impl From<SchemeName> for Scheme {
    fn from(name: SchemeName) -> Self {
        match name {
            SchemeName::Http => Self::Http,
            SchemeName::Https => Self::Https,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Assumed {
    Valid,
    Invalid,
}

impl Assumed {
    pub(super) const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Access {
    /// The app declares nothing: the dialect's ordinary demand
    Unspecified,
    /// Anybody
    Unrestricted,
    /// Only some
    Restricted,
    /// Must be declared and is not
    Undeclared,
}

impl From<Access> for RouteAccess {
    fn from(access: Access) -> Self {
        match access {
            Access::Unspecified => Self::Unspecified,
            Access::Unrestricted => Self::Unrestricted,
            Access::Restricted => Self::Restricted,
            Access::Undeclared => Self::Undeclared,
        }
    }
}
