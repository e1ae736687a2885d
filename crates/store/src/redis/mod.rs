//! A store in Redis or Valkey, for many machines.
//!
//! ```no_run
//! use countersign_store::redis::{RedisConfig, RedisStore};
//!
//! # async fn open() -> Result<(), countersign_store::redis::OpenError> {
//! let config: RedisConfig = "rediss://:password@cache.internal/0?timeout=250ms".parse()?;
//! let store = RedisStore::open(config, "shop").await?;
//! for warning in store.warnings().await {
//!     eprintln!("{warning}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Redis 6.2 or later, or any Valkey. Everything of one site lives on one primary at a time: the one server
//! there is, the one that Sentinel names, or the owner of the site's slot in a cluster, where sites spread.
//!
//! # The protocol
//!
//! 1. **Connect** to the primary and read its *life*: three numbers of its own of which at least one changes
//!    whenever it may have lost writes (`life.rs`).
//! 2. **Claim.** A script compares that life with the one beside the site's *epoch*, a random number. If they
//!    differ, or there is none, a new epoch begins. The epoch is the [`Incarnation`](countersign::Incarnation)
//!    that every ticket's MAC covers.
//! 3. **Spend.** A script checks the epoch, looks at the session's record, sets the mark and hands out the
//!    numbers of the tickets that come in exchange, all in one step that nothing else can come between.
//! 4. **Confirm.** Behind the spends of a batch, in the same write on the same connection, goes a question
//!    after the server's life. Only if it is still the claimed one are the answers passed on.
//!
//! All that wait for one connection go in one write, so under load a request costs much less than a round
//! trip; alone it costs one. Twice a second an idle connection is looked after, so that a fail-over or
//! FLUSHALL is noticed without traffic.
//!
//! # Every way in which "first" could be wrong
//!
//! | what happens | why no ticket is accepted twice |
//! | --- | --- |
//! | Redis restarts, with an old snapshot, half a log or nothing | its life is another: the claim begins a new epoch, and tickets of the old are unknown |
//! | a replica that lacks marks is promoted | the same |
//! | the primary is demoted and promoted again, and the connection survives both | the confirmation names another life, so nothing of the batch is passed on |
//! | it is demoted between a spend and its confirmation | the same; a demoted server keeps its number until it synchronises, but says that it is a replica |
//! | two servers believe that they are the primary | each has an epoch of its own: a ticket is good at one of them |
//! | FLUSHALL, or eviction of the epoch | without an epoch nothing is spent, and the next is random |
//! | a record is evicted, expires or is deleted | it takes its tickets along: a new record begins above every number that was ever given out, which is kept beside the epoch so that neither is lost alone |
//! | the clock of Redis or of a gateway jumps | time only ever ends records, see above |
//! | another connection claims, perhaps on another server, and its epoch's tickets arrive here | a connection spends tickets only of the epoch that it was told itself, and claims again first |
//! | a slot moves away, loses marks there and comes back | `cluster_my_epoch` is part of the life |
//! | an answer is lost, late or cut short | the ticket may be marked, and its request was refused: nothing is ever sent twice, but for scripts that Redis says it has not run; the connection is dropped, so no late answer meets another question |
//! | a script fails half-way, out of memory | it raises the high mark before it writes the record: numbers are wasted, none is given out twice |
//! | 32 bits of serial numbers run out | a new epoch begins |
//!
//! What it cannot see: a machine put back to an earlier snapshot *of its running memory*; `DEBUG RELOAD`,
//! RESTORE and other commands that put old values back by hand; proxies that send the commands of one
//! connection to several servers; systems where two primaries merge their writes. Do not use those for a site
//! with one-time tokens.
//!
//! # The ACL user
//!
//! A user with these rights is enough; without `config|get` the warnings know a little less.
//!
//! ```text
#![doc = include_str!("user.acl")]
//! ```

mod config;
mod driver;
mod drivers;
mod fault;
mod find;
mod jobs;
mod keyring;
mod keys;
mod life;
mod link;
mod primary;
mod scripts;
mod shared;
mod store;
mod tls;
mod url;
mod warnings;

pub use config::{OpenError, RedisConfig};
pub use keyring::{KeyringError, RedisKeyring};
pub use store::RedisStore;
