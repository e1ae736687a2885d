//! A client of both conventions: pools of tickets, and tokens that belong to a session.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

/// The header in which a request says once more which ticket it carries, for the app.
pub(crate) const COPY: &str = "X-Ticket-Copy";

/// Longer than any answer of the gateway takes.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Client(Agent);

/// What came of presenting a ticket. Without an answer the status is 0.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fresh: Option<String>,
}

impl Client {
    pub(crate) fn new() -> Self {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build();
        Self(settings.into())
    }

    /// The pool that a page of the session loads; empty where there is none to be had.
    pub(crate) fn pool(&self, gateway: &str, session: &str) -> Vec<String> {
        let request = self.0.get(format!("http://{gateway}/tao/ClientConfig/config"));
        let Ok(mut response) = request.header("Cookie", format!("tao_session={session}")).call()
        else {
            return Vec::new();
        };
        let text = response.body_mut().read_to_string().unwrap_or_default();
        let is_ticket =
            |part: &&str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        text.split('"').filter(is_ticket).map(str::to_owned).collect()
    }

    pub(crate) fn spend(&self, gateway: &str, session: &str, ticket: &str) -> Answer {
        let request = self
            .0
            .post(format!("http://{gateway}/tao/items"))
            .header("Cookie", format!("tao_session={session}"))
            .header("X-CSRF-Token", ticket)
            .header(COPY, ticket);
        match request.send_empty() {
            Ok(mut response) => {
                let fresh = header(&response, "x-csrf-token");
                // Read to the end, so that the connection can be used again.
                let _ = response.body_mut().read_to_vec();
                Answer { status: response.status().as_u16(), fresh }
            }
            Err(_) => Answer { status: 0, fresh: None },
        }
    }

    /// The token of a session, as the Genesys convention hands it out.
    pub(crate) fn token(&self, gateway: &str, session: &str) -> Option<String> {
        let request = self.0.get(format!("http://{gateway}/api/v2/me"));
        let response = request.header("Cookie", format!("JSESSIONID={session}")).call().ok()?;
        header(&response, "x-csrf-token")
    }

    /// Uses such a token; the status.
    pub(crate) fn act(&self, gateway: &str, session: &str, token: &str) -> u16 {
        let request = self
            .0
            .post(format!("http://{gateway}/api/v2/me"))
            .header("Cookie", format!("JSESSIONID={session}"))
            .header("X-CSRF-TOKEN", token);
        request.send_empty().map_or(0, |response| response.status().as_u16())
    }
}

fn header<B>(response: &Response<B>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}
