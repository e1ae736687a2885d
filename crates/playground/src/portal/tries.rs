//! The scenes: for each service, what a client does up to the call that needs a token, and that call.

use countersign::{Engine, Facts, Finding, Incarnation, Moment, Peer, Scheme, Step, Timestamp};
use countersign::{Policy, Verdict, urlencoded_field};
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::Portal;
use super::client::{Client, ClientError, Exchange, Reply};
use crate::service::Service;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const CALL: &str = "the call itself";

/// What happened, and why.
#[derive(Debug, Serialize)]
pub(super) struct Scene {
    /// The status of the call.
    status: u16,
    /// Everything that was sent and received, the call last.
    exchanges: Vec<Exchange>,
    /// What the rules say of the call.
    findings: Vec<Finding>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What would change that.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Plays the scene of `service`, with or without its token.
pub(super) async fn play(
    portal: &Portal,
    service: Service,
    with: bool,
) -> Result<Scene, ClientError> {
    let at = &portal.addresses;
    let (client, reply) = match service {
        Service::Genesys => genesys(Client::new(at.genesys, None), with).await,
        Service::Voss => voss(Client::new(at.voss, None), with).await,
        Service::Redback => redback(Client::new(at.redback, None), with).await,
        Service::Vmanage => {
            vmanage(Client::new(at.vmanage, Some(portal.roots.clone())), with).await
        }
        Service::Tao => tao(Client::new(at.tao, None), with).await,
        Service::Bank => bank(Client::new(at.bank, None)).await,
    }?;
    Ok(explain(service, client, &reply, with))
}

type Played = Result<(Client, Reply), ClientError>;

async fn genesys(mut client: Client, with: bool) -> Played {
    let basic = ("authorization", "Basic cGF2ZWxkQHJlZHdpbmdzLmNvbTpwYXNzd29yZA==");
    let title = "any GET brings the token and the name of its header";
    let hello = client.send(title, Method::GET, "/api/v2/me", &[basic], "").await?;
    let token = header(&hello, "x-csrf-token")?;
    let mut headers = vec![JSON];
    if with {
        headers.push(("x-csrf-token", &token));
    }
    let body = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    let reply = client.send(CALL, Method::POST, "/api/v2/me", &headers, body).await?;
    Ok((client, reply))
}

async fn voss(mut client: Client, with: bool) -> Played {
    let title = "the login page brings cookies and the token";
    let hello = client.send(title, Method::GET, "/login/", &[], "").await?;
    let token = header(&hello, "x-csrftoken")?;
    let mut headers = vec![FORM];
    if with {
        headers.push(("x-csrftoken", &token));
    }
    let body = "username=joe&password=bloggs&next=%2F";
    let reply = client.send(CALL, Method::POST, "/login/", &headers, body).await?;
    Ok((client, reply))
}

async fn redback(mut client: Client, with: bool) -> Played {
    const BASE: &str = "/restServices/redbackServices";
    let origin = client.origin();
    let origin = ("origin", origin.as_str());
    let body = r#"{"username":"admin","password":"admin1"}"#;
    let path = format!("{BASE}/loginService/logIn");
    let title = "the login brings the token in its answer";
    let login = client.send(title, Method::POST, &path, &[origin, JSON], body).await?;
    let user: Option<Value> = serde_json::from_str(&login.body).ok();
    let token = user.as_ref().and_then(|user| user.get("validationToken")?.as_str());
    let token = token.ok_or(ClientError::Missing("validationToken"))?;
    let mut headers = vec![origin];
    if with {
        headers.push(("x-xsrf-token", token));
    }
    let path = format!("{BASE}/userService/getUsers");
    let reply = client.send(CALL, Method::GET, &path, &headers, "").await?;
    Ok((client, reply))
}

async fn vmanage(mut client: Client, with: bool) -> Played {
    let body = "j_username=admin&j_password=admin";
    client.send("logging in", Method::POST, "/j_security_check", &[FORM], body).await?;
    let path = "/dataservice/client/token";
    let token = client.send("the session's token", Method::GET, path, &[], "").await?.body;
    let headers = [("x-xsrf-token", token.as_str())];
    let headers = if with { &headers[..] } else { &[] };
    let reply = client.send(CALL, Method::GET, "/dataservice/server/info", headers, "").await?;
    Ok((client, reply))
}

async fn tao(mut client: Client, with: bool) -> Played {
    let title = "the page's configuration brings ten tickets";
    let config = client.send(title, Method::GET, "/tao/ClientConfig/config", &[], "").await?;
    let script = config.body.trim().strip_prefix("require.config(");
    let script = script.and_then(|rest| rest.strip_suffix(");"));
    let config: Option<Value> = script.and_then(|text| serde_json::from_str(text).ok());
    let ticket = config
        .as_ref()
        .and_then(|config| config.pointer("/config/core~1tokenHandler/tokens/0")?.as_str())
        .ok_or(ClientError::Missing("a ticket"))?;
    let headers = [("x-csrf-token", ticket)];
    let headers = if with { &headers[..] } else { &[] };
    let reply = client.send(CALL, Method::GET, "/tao/items", headers, "").await?;
    Ok((client, reply))
}

/// What a page on another site makes the browser send. There is no token to send along.
async fn bank(mut client: Client) -> Played {
    let body = "username=alice&password=wonderland";
    client.send("logging in", Method::POST, "/login", &[FORM], body).await?;
    let body = "to=mallory&amount=0.01&note=from+another+site";
    let headers = [FORM, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let reply = client.send(CALL, Method::POST, "/transfer", &headers, body).await?;
    Ok((client, reply))
}

fn header(reply: &Reply, name: &'static str) -> Result<String, ClientError> {
    let value = reply.headers.get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or(ClientError::Missing(name))
}

/// Judges the call once more, here, for what the rules saw. The token is taken for what it is: the
/// service's own, or none.
fn explain(service: Service, client: Client, reply: &Reply, with: bool) -> Scene {
    let mut scene = Scene {
        status: reply.status.as_u16(),
        exchanges: Vec::new(),
        findings: Vec::new(),
        reason: None,
        remedy: None,
    };
    if let (Some(request), Some(policy)) = (&client.last, Policy::builtin(service.name())) {
        let scheme = if service == Service::Vmanage { Scheme::Https } else { Scheme::Http };
        let engine = Engine::danger_assuming_tokens(policy, with);
        let facts = Facts::of(request, Peer::new(None, scheme));
        let moment =
            Moment { now: Timestamp::from_secs(0), incarnation: Incarnation::from_random(0) };
        let mut step = engine.judge_traced(&facts, moment, &mut scene.findings);
        if let Step::Form(need) = step {
            let field = urlencoded_field(request.body().as_bytes(), need.field());
            step = need.resume(field);
        }
        if let Step::Decided(Verdict::Refuse(refusal)) = step {
            scene.reason = Some(refusal.reason.code());
            scene.remedy = Some(refusal.remedy(engine.policy()));
        }
    }
    scene.exchanges = client.exchanges;
    scene
}
