//! Answering the engine's wishes: the form field from the body, the rest from the store.

use bytes::Bytes;
use countersign::{Facts, Step, Verdict};
use countersign_store::{Reserved, SpendAnswer, Store};
use http::HeaderMap;
use http_body::Body;

use crate::body::HeldBody;
use crate::form;
use crate::layer::Shared;

pub(crate) struct Passed {
    pub(crate) verdict: Verdict,
    /// The numbers for tickets that replace a spent one.
    pub(crate) fresh: Option<Reserved>,
}

pub(crate) async fn run<St, B>(
    shared: &Shared<St>,
    facts: &Facts<'_>,
    body: &mut HeldBody<B>,
    headers: &HeaderMap,
) -> Passed
where
    St: Store,
    B: Body<Data = Bytes> + Unpin,
{
    let moment = shared.moment();
    let mut fresh = None;
    let mut step = shared.engine.judge(facts, moment);
    loop {
        step = match step {
            Step::Decided(verdict) => return Passed { verdict, fresh },
            Step::Form(need) => {
                let beginning = body.hold(need.limit()).await;
                let field = form::find(beginning, need.field(), headers).await;
                need.resume(field)
            }
            Step::Session(need) => {
                let stored = shared.store.stored(need.session(), moment.now).await;
                need.resume(&stored)
            }
            Step::Spend(need) => {
                let (lifetime, _) = shared.pool();
                let until = moment.now.plus(lifetime);
                let ticket = need.ticket();
                let SpendAnswer { spent, fresh: numbers } =
                    shared.store.spend(ticket, 1, until, moment.now).await;
                fresh = numbers;
                need.resume(spent)
            }
        };
    }
}
