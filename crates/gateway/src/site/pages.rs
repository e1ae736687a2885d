//! Pages: what [`crate::html`] places in them is made here.

use countersign::Pattern;
use countersign_tower::{Csrf, SCRIPT_PATH};
use http::request::Parts;
use http::{Method, Response};
use http_body_util::Either;
use url::Url;

use super::session::Recipient;
use super::{Backstage, Passing, untouched};
use crate::html::{self, Page, Rewritable, Rewritten, ScriptTag, Tokens};
use crate::proxy::pool::Outgoing;

impl Backstage {
    pub(super) fn page_is_wanted(&self, parts: &Parts) -> bool {
        self.site.config.html.is_some()
            && self.site.config.policy.is_enabled()
            && html::is_wanted(parts)
    }

    /// Forwards a navigation, and places what the site wants in the page that comes back.
    pub(super) async fn answer_with_page(
        &self,
        mut parts: Parts,
        body: Outgoing,
    ) -> Response<Passing> {
        let csrf = Csrf::from_parts(&parts);
        let url = self.page_url(&parts);
        let is_head = parts.method == Method::HEAD;
        let delivers = self.site.delivers_on(&parts.method, &parts.headers);
        html::ask_for_whole_page(&mut parts.headers);
        let mut response = self.forward(parts, body).await;
        let limit = self.site.config.html.map_or(0, |html| html.limit);
        let kind = Rewritable::of(response.status(), response.headers(), limit);
        let (Some(kind), Some(csrf), Some(url)) = (kind, csrf, url) else {
            self.follow(&mut response, delivers);
            return untouched(response);
        };
        let recipient = self.recipient(&mut response, true);
        let page = match (&recipient, is_head) {
            (Recipient::Nobody, _) => None,
            // The headers are those that the page would have.
            (_, true) => {
                html::amend(response.headers_mut());
                None
            }
            (recipient, false) => self.page(&csrf, recipient, url, &response).await,
        };
        let (mut head, body) = response.into_parts();
        let body = match (body, page) {
            (Either::Left(own), _) => return Response::from_parts(head, Either::Left(own)),
            (Either::Right(body), None) => Either::Right(Rewritten::untouched(body)),
            (Either::Right(body), Some(page)) => {
                html::amend(&mut head.headers);
                Either::Right(Rewritten::new(body, page, kind))
            }
        };
        Response::from_parts(head, body)
    }

    async fn page<B>(
        &self,
        csrf: &Csrf,
        recipient: &Recipient,
        url: Url,
        response: &Response<B>,
    ) -> Option<Page> {
        let html = self.site.config.html?;
        let policy = &self.site.config.policy;
        let rules = policy.dialect().token.as_ref()?;
        let tokens = match self.tokens(csrf, recipient).await {
            Ok(tokens) => tokens,
            Err(error) => {
                tracing::warn!(target: "countersign", site = self.site.config.name, %error, "a page goes out without a token");
                return None;
            }
        };
        let tokens = match policy.pattern() {
            Some(Pattern::OneTime) => Tokens::OneTime(tokens.into()),
            _ => Tokens::Shared(csrf.masked(tokens.first()?)),
        };
        let script = if html.script {
            ScriptTag::permitted(SCRIPT_PATH, &url, response.headers())
        } else {
            None
        };
        Some(Page {
            url,
            field: rules.field.clone().unwrap_or_default(),
            header: rules.header.as_str().to_owned(),
            tokens,
            fields: html.fields && rules.field.is_some(),
            meta: html.meta,
            script,
        })
    }

    fn page_url(&self, parts: &Parts) -> Option<Url> {
        let host = self.asked_host(parts);
        let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        html::page_url(if self.is_secure { "https" } else { "http" }, host.to_str().ok()?, target)
    }
}
