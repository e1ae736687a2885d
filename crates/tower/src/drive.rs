//! Answering the engine's wishes: the form field from the body, the rest from the store.

use bytes::Bytes;
use countersign::{Facts, Field, Step, Verdict};
use countersign_store::{Reserved, SpendAnswer, Store};
use http::{HeaderMap, StatusCode};
use http_body::Body;

use crate::body::{BoxError, Held, HeldBody};
use crate::form::form_field;
use crate::layer::Shared;

pub(crate) struct Passed {
    pub(crate) verdict: Verdict,
    /// The numbers for tickets that replace a spent one.
    pub(crate) fresh: Option<Reserved>,
    /// What HTTP has to say of a refusal, where that is more than the dialect knows.
    pub(crate) status: Option<StatusCode>,
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
    B::Error: Into<BoxError>,
{
    let moment = shared.moment();
    let mut fresh = None;
    let mut status = None;
    let mut step = shared.engine.judge(facts, moment);
    loop {
        step = match step {
            Step::Decided(verdict) => return Passed { verdict, fresh, status },
            Step::Form(need) => {
                let field = match body.hold(need.limit(), shared.hold_deadline()).await {
                    Held::Bytes(bytes) => {
                        form_field(headers, &bytes, need.limit(), need.field()).await
                    }
                    Held::Broken => Field::Malformed,
                    Held::TooLong => {
                        status = Some(StatusCode::PAYLOAD_TOO_LARGE);
                        Field::TooLarge
                    }
                    Held::Late => {
                        status = Some(StatusCode::REQUEST_TIMEOUT);
                        Field::Malformed
                    }
                };
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
