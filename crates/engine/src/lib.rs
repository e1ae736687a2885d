//! Decides about cross-site request forgery, and does nothing else: no I/O, no clock, no
//! randomness of its own.
//!
//! The rules, in order:
//!
//! 1. **Canonicalise.** The addressed origin is a configured public origin; else `Host` or
//!    `:authority` with the connection's scheme. Forwarding headers count only from a trusted
//!    proxy. A path that servers read in different ways matches no exemption.
//! 2. **Need.** A safe method (RFC 9110, section 9.2.1), not listed as state-changing, that opens
//!    no WebSocket, is allowed. A method override is judged as the method it names. Everything
//!    else must be shown to be wanted.
//! 3. **Ambiguity.** Two values of something that decides, or two that contradict each other, are
//!    refused. Never is the first of two taken.
//! 4. **Exemption.** A rule by method, path and origin, with a reason and perhaps an end.
//! 5. **No ambient credential.** A Bearer token or API key, and nothing that a browser adds by
//!    itself: allowed.
//! 6. **Provenance.** `Origin`, then Fetch Metadata, then `Referer`. Evidence against a request
//!    refuses it in every dialect, even beside a valid token, unless its origin is trusted.
//! 7. **Token.** From a header, then from a form field; never from a cookie alone or the URL.
//! 8. **Combine.** The dialect says what must hold: token, provenance, both, or either.
//!
//! A request that these rules allow is one that the user's own page or a non-browser client sent.
//! They say nothing about who the user is or what they may do, and they cannot help against script
//! that runs *in* the page (XSS).
//!
//! ```
//! use countersign::{Engine, Facts, Incarnation, Keyring, Moment, Peer, Policy, Scheme, Step};
//! use countersign::{Reason, Timestamp, Verdict};
//!
//! // Keys and time are handed in; draw the bytes from the operating system.
//! let engine = Engine::new(Policy::standard(), Keyring::from_random(&[42; 64]));
//! let moment =
//!     Moment { now: Timestamp::from_secs(1_800_000_000), incarnation: Incarnation::from_random(1) };
//!
//! let forged = http::Request::post("/transfer")
//!     .header("host", "bank.example")
//!     .header("origin", "https://evil.example")
//!     .header("cookie", "session=5d1ccc96")
//!     .body(())?;
//! let facts = Facts::of(&forged, Peer::new(None, Scheme::Https));
//! let Step::Decided(Verdict::Refuse(refusal)) = engine.judge(&facts, moment) else { panic!() };
//! assert_eq!(refusal.reason, Reason::OriginMismatch);
//! # Ok::<(), http::Error>(())
//! ```

mod client;
mod dialect;
mod engine;
mod facts;
mod form;
mod issue;
mod judge;
mod keyring;
mod misplaced;
mod origin;
mod path;
mod policy;
mod random;
mod remedy;
mod reply;
mod store;
mod time;
mod token;
mod verdict;

pub use client::{
    CLIENT_DOCUMENT_VERSION, ClientDocument, ClientProtect, ClientRefusal, ClientRoute,
    ClientToken, SaysOrigin,
};
pub use dialect::{
    Absent, BadValue, BasicAlone, BearerAlone, Bind, Deliver, DeliverOn, Dialect, DialectError,
    FieldName, Handshake, Keys, Login, Logout, MethodName, Methods, NullOrigin, Obtain, Pattern,
    Protect, Provenance, Referer, RefusalBody, RefusalReply, Require, Route, Session, Setting,
    Span, TokenCookie, TokenRules, TokenSource, builtin, builtin_names, builtin_source,
    dialect_schema,
};
pub use engine::{Engine, Moment};
pub use facts::{Cookie, Facts, Head, Peer, RouteAccess, Scheme, SessionEvidence, Single, cookie};
pub use form::{Field, urlencoded_field};
pub use issue::{Holder, Issue};
pub use judge::{NeedForm, NeedSession, NeedSpend, Step};
pub use keyring::{KeyId, KeyInfo, KeyState, Keyring, KeyringFileError, RotationError, Secret};
pub use misplaced::{Misplaced, line_of, toml_syntax};
pub use origin::{NotAnOrigin, Origin, OriginRef};
pub use path::{CanonicalPath, NotAPattern, PathPattern};
pub use policy::{
    Exemption, Mode, Network, Policy, PolicyError, PolicyFile, PropertiesError, policy_schema,
};
pub use random::Random;
pub use reply::Reply;
pub use store::{Incarnation, SessionKey, Spent, StoredToken};
pub use time::Timestamp;
pub use token::{Shape, Ticket, Token};
pub use verdict::{Allow, Finding, Outcome, Permit, Reason, Refusal, Rule, Verdict};
