//! The response future: a refusal, the inner future with a token to add, or the long way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use countersign_store::Store;
use http::Response;
use http_body_util::Either;
use pin_project_lite::pin_project;

use crate::deliver::Delivery;
use crate::layer::Shared;
use crate::service::CsrfBody;

type Slow<R, E> = Pin<Box<dyn Future<Output = Result<Response<CsrfBody<R>>, E>> + Send>>;

pin_project! {
    /// See [`CsrfService`](crate::CsrfService).
    pub struct ResponseFuture<F, R, E, St> {
        #[pin]
        kind: Kind<F, R, E, St>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, R, E, St> {
        Refused { response: Option<Box<Response<CsrfBody<R>>>> },
        Passed { #[pin] inner: F, owed: Option<Box<Owed<St>>> },
        Slow { slow: Slow<R, E> },
    }
}

/// Boxed, because most responses owe nothing and every future is moved about.
struct Owed<St> {
    delivery: Delivery,
    shared: Arc<Shared<St>>,
}

impl<F, R, E, St> ResponseFuture<F, R, E, St> {
    pub(crate) fn refused(response: Response<CsrfBody<R>>) -> Self {
        Self { kind: Kind::Refused { response: Some(Box::new(response)) } }
    }

    pub(crate) fn passed(inner: F, delivery: Option<Delivery>, shared: &Arc<Shared<St>>) -> Self {
        let owed = delivery.map(|delivery| Box::new(Owed { delivery, shared: shared.clone() }));
        Self { kind: Kind::Passed { inner, owed } }
    }

    pub(crate) fn slow(
        slow: impl Future<Output = Result<Response<CsrfBody<R>>, E>> + Send + 'static,
    ) -> Self {
        Self { kind: Kind::Slow { slow: Box::pin(slow) } }
    }
}

impl<F, R, E, St> Future for ResponseFuture<F, R, E, St>
where
    F: Future<Output = Result<Response<R>, E>>,
    St: Store,
{
    type Output = Result<Response<CsrfBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(*response)),
                // Polled again after it was ready, which no caller may do.
                None => Poll::Pending,
            },
            KindProjection::Passed { inner, owed } => {
                let mut response = ready!(inner.poll(context))?;
                if let Some(owed) = owed.take() {
                    let Owed { delivery, shared } = *owed;
                    delivery.apply_now(&shared, &mut response);
                }
                Poll::Ready(Ok(response.map(Either::Right)))
            }
            KindProjection::Slow { slow } => slow.as_mut().poll(context),
        }
    }
}

impl<F, R, E, St> std::fmt::Debug for ResponseFuture<F, R, E, St> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseFuture")
    }
}
