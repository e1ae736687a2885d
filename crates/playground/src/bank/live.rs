//! Changes of the balance as they happen: by WebSocket, which takes transfers as well, and by
//! server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

use super::customer::{ApiCustomer, Customer};
use super::ledger::Change;
use super::{Bank, api};
use crate::db::DbError;

/// Connections that may be open at a time: an upgraded one no longer counts for its listener.
pub(super) const MOST: usize = 512;

/// No message is longer than a transfer.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// What comes over the WebSocket.
#[derive(Deserialize)]
struct Incoming {
    transfer: api::Wanted,
}

/// Something to tell.
enum News {
    Change {
        cents: i64,
        change: Box<Change>,
    },
    /// Some changes were missed; the balance says it all.
    Missed,
}

/// What one customer hears of.
struct Feed {
    bank: Bank,
    customer: Customer,
    changes: broadcast::Receiver<Change>,
    _place: OwnedSemaphorePermit,
}

/// `GET /live`: nobody asks which site's page opens the connection.
pub(super) async fn socket(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(feed) = Feed::open(bank, customer) else { return full() };
    upgrade
        .max_message_size(LONGEST_MESSAGE)
        .max_frame_size(LONGEST_MESSAGE)
        .on_upgrade(move |socket| feed.serve(socket))
}

/// `GET /events`
pub(super) async fn events(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
) -> Response {
    let Some(feed) = Feed::open(bank, customer) else { return full() };
    // The balance comes first, as if something had been missed before.
    let stream = stream::unfold((feed, Some(News::Missed)), |(mut feed, first)| async move {
        let news = match first {
            Some(news) => news,
            None => feed.next().await?,
        };
        let told = feed.tell(news).await.ok()??;
        let event = Event::default().event("balance").data(told.to_string());
        Some((Ok::<_, Infallible>(event), (feed, None)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

impl Feed {
    /// A feed, if there is a place left.
    fn open(bank: Bank, customer: Customer) -> Option<Self> {
        let place = Arc::clone(&bank.places).try_acquire_owned().ok()?;
        let changes = bank.ledger.subscribe();
        Some(Self { bank, customer, changes, _place: place })
    }

    /// Waits for news. Nothing is lost when the wait is given up. Ends with the playground.
    async fn next(&mut self) -> Option<News> {
        loop {
            let change = tokio::select! {
                change = self.changes.recv() => change,
                () = self.bank.stop.wait() => return None,
            };
            match change {
                Ok(change) => {
                    if let Some(cents) = change.balance_of(&self.customer.name) {
                        return Some(News::Change { cents, change: Box::new(change) });
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(News::Missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The news as JSON; nothing when the customer has logged out meanwhile.
    async fn tell(&self, news: News) -> Result<Option<Value>, DbError> {
        if !self.customer.is_here(&self.bank).await? {
            return Ok(None);
        }
        Ok(Some(match news {
            News::Change { cents, change } => json!({
                "balance": cents,
                "transfer": change.transfer,
                "taken_back": change.taken_back,
            }),
            News::Missed => {
                json!({ "balance": self.bank.ledger.balance(&self.customer.name).await? })
            }
        }))
    }

    async fn serve(mut self, mut socket: WebSocket) {
        if let Err(error) = self.converse(&mut socket).await {
            tracing::debug!(%error, "a live connection ended");
        }
        // Tells the other side, where it is still there.
        let _ = socket.send(Message::Close(None)).await;
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> Result<(), axum::Error> {
        let mut answer = self.tell(News::Missed).await.map_err(axum::Error::new)?;
        while let Some(told) = answer {
            socket.send(Message::from(told.to_string())).await?;
            answer = loop {
                tokio::select! {
                    news = self.next() => {
                        let Some(news) = news else { return Ok(()) };
                        break self.tell(news).await.map_err(axum::Error::new)?;
                    }
                    message = socket.recv() => match message.transpose()? {
                        Some(Message::Text(text)) => break self.obey(text.as_bytes()).await,
                        Some(Message::Binary(bytes)) => break self.obey(&bytes).await,
                        Some(Message::Ping(_) | Message::Pong(_)) => {}
                        Some(Message::Close(_)) | None => return Ok(()),
                    },
                }
            };
        }
        Ok(())
    }

    /// Makes a transfer that was asked for, and says what became of it. Nothing when the customer has
    /// logged out meanwhile: an open connection must not outlive the session.
    async fn obey(&self, message: &[u8]) -> Option<Value> {
        if !self.customer.is_here(&self.bank).await.unwrap_or(false) {
            return None;
        }
        let made = match serde_json::from_slice::<Incoming>(message) {
            Ok(Incoming { transfer }) => match transfer.order() {
                Ok(order) => self.bank.ledger.send(&self.customer.name, order).await,
                Err(refused) => Err(refused),
            },
            Err(error) => return Some(json!({ "error": api::unreadable(&error) })),
        };
        Some(match made {
            Ok(transfer) => json!({ "done": transfer }),
            Err(refused) => json!({ "error": refused.to_string() }),
        })
    }
}

fn full() -> Response {
    let message = "too many live connections are open; close one first";
    api::failure(StatusCode::SERVICE_UNAVAILABLE, message)
}
