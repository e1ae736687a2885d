//! Refusals that say the token that should have been sent (`refusal.token`).
//!
//! The guard says it to whoever it knows. Whoever comes for the first time is given a session of the
//! gateway's own with the refusal, so that there is somebody whose token it can be.

use countersign::Rule;
use countersign_tower::{Rejection, say_token};
use http::Response;

use super::session::{Held, Recipient};
use super::{Backstage, Site};

impl Site {
    pub(super) fn says_token_when_refusing(&self) -> bool {
        self.config.policy.dialect().refusal.token.is_some()
    }
}

impl Backstage {
    pub(super) async fn say_token<B>(&self, response: &mut Response<B>) {
        let refused = response.extensions().get::<Rejection>();
        let is_for_token = refused.is_some_and(|own| own.refusal().rule == Rule::Token);
        if !is_for_token || self.held != Held::None {
            return;
        }
        let recipient = self.recipient(response, true);
        let Recipient::New(id) = &recipient else { return };
        let csrf = self.site.csrf.for_session(id);
        match self.tokens(&csrf, &recipient).await {
            Ok(tokens) => {
                if let Some(token) = tokens.first() {
                    say_token(&self.site.config.policy, response.headers_mut(), token);
                }
            }
            Err(error) => {
                let site = &self.site.config.name;
                tracing::warn!(target: "countersign", site, %error, "a refusal goes out without a token");
            }
        }
    }
}
