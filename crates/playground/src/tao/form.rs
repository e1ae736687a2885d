//! `/tao/form`: protected the old way, by a ticket in a hidden field.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use countersign::Reason;
use countersign_tower::CsrfLayer;
use http::header::CACHE_CONTROL;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::Tao;
use super::items::{self, AddError, Item};
use crate::auth::Visitor;
use crate::csrf::{CsrfField, Rejection};
use crate::db::DbError;
use crate::page::{page, text};

/// Where the form is, and where it is sent to.
pub(super) const PATH: &str = "/tao/form";

/// The form's own field.
#[derive(Deserialize)]
pub(super) struct Fields {
    label: String,
}

/// How what was sent before has fared.
#[derive(Clone, Copy)]
enum Outcome<'a> {
    Fine(&'a str),
    Wrong(&'a str),
}

/// The form.
pub(super) async fn show(State(tao): State<Tao>, field: CsrfField) -> Result<Response, DbError> {
    let items = items::all(&tao.db).await?;
    Ok(render(StatusCode::OK, None, &field.to_string(), &items))
}

/// Adds an item, and shows the form with a new ticket.
pub(super) async fn submit(
    State(tao): State<Tao>,
    field: CsrfField,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, DbError> {
    let added = match form {
        Ok(Form(Fields { label })) => items::add(&tao.db, &label).await,
        Err(_) => Err(AddError::Label),
    };
    let field = field.to_string();
    let items = items::all(&tao.db).await?;
    Ok(match added {
        Ok(Item { label, .. }) => {
            let message = format!("“{label}” has been added.");
            render(StatusCode::OK, Some(Outcome::Fine(&message)), &field, &items)
        }
        Err(AddError::Db(error)) => return Err(error),
        Err(error) => {
            let message = error.to_string();
            render(StatusCode::BAD_REQUEST, Some(Outcome::Wrong(&message)), &field, &items)
        }
    })
}

/// What the middleware around the CSRF layer needs to show the form again.
#[derive(Clone)]
pub(super) struct Again {
    pub(super) tao: Tao,
    pub(super) protection: CsrfLayer,
}

/// Answers a form whose ticket did not pass with the form once more, a fresh ticket in it, and a word
/// that helps an honest user: most often the page was open for too long, or was sent twice.
pub(super) async fn again(State(again): State<Again>, request: Request, next: Next) -> Response {
    let is_form = request.method() == Method::POST && request.uri().path() == PATH;
    let visitor = request.extensions().get::<Visitor>().cloned();
    let refusal = next.run(request).await;
    let session = visitor.and_then(|visitor| visitor.session);
    let (true, Some(rejection), Some(session)) =
        (is_form, refusal.extensions().get::<Rejection>(), session)
    else {
        return refusal;
    };
    let message = match rejection.reason() {
        Reason::TokenSpent => "This form has been sent before. Nothing was added this time.",
        Reason::TokenExpired | Reason::TokenStale => {
            "This page was open for too long. Please send the form again."
        }
        _ => "The form was not accepted. Please send it again.",
    };
    let csrf = again.protection.for_session(session.id());
    match (CsrfField::of(&csrf).await, items::all(&again.tao.db).await) {
        (Ok(field), Ok(items)) => {
            let outcome = Some(Outcome::Wrong(message));
            render(StatusCode::FORBIDDEN, outcome, &field.to_string(), &items)
        }
        (Err(_), _) | (_, Err(_)) => refusal,
    }
}

fn render(
    status: StatusCode,
    outcome: Option<Outcome<'_>>,
    field: &str,
    items: &[Item],
) -> Response {
    let outcome = match outcome {
        None => String::new(),
        Some(Outcome::Fine(message)) => format!("<p role=\"status\">{}</p>\n", text(message)),
        Some(Outcome::Wrong(message)) => format!("<p role=\"alert\">{}</p>\n", text(message)),
    };
    let items: String =
        items.iter().map(|item| format!("<li>{}</li>\n", text(&item.label))).collect();
    let items =
        if items.is_empty() { items } else { format!("<h2>Items</h2>\n<ul>\n{items}</ul>\n") };
    let body = format!(
        "<h1>A new item</h1>\n{outcome}\
         <form method=\"post\" action=\"{PATH}\">\n{field}\n\
         <p><label for=\"label\">Label</label>\n\
         <input id=\"label\" name=\"label\" maxlength=\"200\" autocomplete=\"off\" required></p>\n\
         <p><button>Add the item</button></p>\n\
         </form>\n{items}"
    );
    // A copy out of a cache would hold a ticket that is spent.
    (status, [(CACHE_CONTROL, "no-store")], Html(page("A new item - TAO", &body))).into_response()
}
