//! Logging in and out as the dialect says.

use std::collections::BTreeMap;
use std::str::FromStr;

use countersign::Login;
use http::Method;
use reqwest::{Response, Url};
use reqwest_middleware::RequestBuilder;

use super::Session;
use crate::answer::look_into;
use crate::error::Error;
use crate::learn::local;
use crate::middleware::StaysHere;
use crate::rules::contains;

impl Session {
    /// Logs in. All tokens are dropped; that of the answer, if there is one, is kept.
    ///
    /// Redirects of the answer are not followed: a password goes nowhere else.
    ///
    /// # Errors
    /// A dialect that does not say how, a server that refuses, or none that answers.
    pub async fn login(&self, user: &str, password: &str) -> Result<Response, Error> {
        let document = self.document();
        let Some(login) = &document.login else { return Err(self.no_such_step("in")) };
        let request = self.step(&login.request)?;
        let response = filled(request, login, user, password).send().await?;
        let status = response.status();
        let (response, body) =
            look_into(response).await.map_err(reqwest_middleware::Error::from)?;
        let asks_again = login.failed.as_ref().is_some_and(|text| contains(&body, text.as_bytes()));
        if status.as_u16() >= 400 || asks_again {
            return Err(Error::Refused { direction: "in", status });
        }
        Ok(response)
    }

    /// Logs out. All tokens are dropped.
    ///
    /// # Errors
    /// A dialect that does not say how, a server that refuses, or none that answers.
    pub async fn logout(&self) -> Result<Response, Error> {
        let Some(logout) = &self.document().logout else { return Err(self.no_such_step("out")) };
        let response = self.step(&logout.request)?.send().await?;
        let status = response.status();
        if status.as_u16() >= 400 {
            return Err(Error::Refused { direction: "out", status });
        }
        Ok(response)
    }

    fn step(&self, written: &str) -> Result<RequestBuilder, Error> {
        let request: Option<(Method, Url)> =
            written.split_once(' ').and_then(|(method, target)| {
                Some((Method::from_str(method).ok()?, local(self.base(), target)?))
            });
        let (method, url) = request.ok_or_else(|| Error::BadRequest(written.to_owned()))?;
        Ok(self.client.request(method, url).with_extension(StaysHere))
    }

    fn no_such_step(&self, direction: &'static str) -> Error {
        Error::NoSuchStep { dialect: self.document().dialect.clone(), direction }
    }
}

fn filled(request: RequestBuilder, login: &Login, user: &str, password: &str) -> RequestBuilder {
    let fill = |templates: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        // In one pass each: neither name nor password is searched for templates.
        let fill = |text: &String| {
            let parts: Vec<String> =
                text.split("{password}").map(|part| part.replace("{user}", user)).collect();
            parts.join(password)
        };
        templates.iter().map(|(name, text)| (name.clone(), fill(text))).collect()
    };
    if login.basic {
        return request.basic_auth(user, Some(password));
    }
    if !login.json.is_empty() {
        return request.json(&fill(&login.json));
    }
    request.form(&fill(&login.form))
}
