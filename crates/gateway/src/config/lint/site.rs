//! Of one site: protection that is off, or cannot work as it is asked for.

use countersign::{Mode, Scheme};

use super::Of;
use super::Severity::{Error, Note, Warning};
use super::gateway::is_everybody;

pub(super) fn look(found: &mut Of<'_>) {
    switched_off(found);
    asked_about_only(found);
    token_cookie(found);
    let proxies = found.site.policy.trusted_proxies();
    if let Some(index) = proxies.iter().position(is_everybody) {
        found.add(
            "trusts-everybody",
            Error,
            &["policy", "trusted_proxies", &index.to_string()],
            "anybody may say which host and scheme a request was sent to",
            "name the proxies in front, and nobody else",
        );
    }
}

fn switched_off(found: &mut Of<'_>) {
    let policy = &found.site.policy;
    if !policy.is_enabled() {
        let message = "nothing is judged at all";
        let help =
            "remove `enabled = false`; to try things out, `mode = \"report\"` refuses nothing";
        return found.add("disabled", Warning, &["policy", "enabled"], message, help);
    }
    let (mode, rollout) = (policy.mode(), policy.rollout());
    if !policy.checks_token() {
        let message = "no token is looked at: only where a request comes from counts";
        let help = "remove `check_token = false`";
        found.add("token-unchecked", Warning, &["policy", "check_token"], message, help);
    }
    if mode == Mode::Report {
        let message = "nothing is refused, only reported";
        let help = "remove `mode = \"report\"` once the log shows no false alarms";
        found.add("report-only", Note, &["policy", "mode"], message, help);
    } else if rollout < 100 {
        let message = format!("of a hundred forged requests {} pass", 100 - rollout);
        let help = "raise `rollout` to 100 once the log shows no false alarms";
        found.add("rollout-partial", Note, &["policy", "rollout"], message, help);
    }
}

/// A site without an upstream: other proxies ask about it, and show a request's head only.
fn asked_about_only(found: &mut Of<'_>) {
    let site = found.site;
    if site.upstream.is_some() {
        return;
    }
    if site.html.is_some() {
        found.add(
            "forward-auth-html",
            Error,
            &["html"],
            "pages do not come through this gateway, so nothing can be placed in them",
            "remove `html`, or give the site an `upstream`",
        );
    }
    let Some(token) = &site.policy.dialect().token else { return };
    if token.field.is_some() && site.policy.checks_token() {
        let header = &token.header;
        found.add(
            "forward-auth-form",
            Warning,
            &["policy", "dialect"],
            "tokens in form fields cannot be seen, since other proxies show no bodies: plain forms \
             are refused where a token is demanded",
            format!(
                "let scripts send the token in `{}`, or give the site an `upstream`",
                header.as_str()
            ),
        );
    }
}

fn token_cookie(found: &mut Of<'_>) {
    let policy = &found.site.policy;
    let origins = policy.public_origins();
    let is_https = !origins.is_empty()
        && origins.iter().all(|origin| origin.to_string().starts_with(Scheme::Https.as_str()));
    let cookie = policy.dialect().token.as_ref().and_then(|token| token.cookie.as_ref());
    let Some(cookie) = cookie.filter(|_| is_https) else { return };
    let mut attributes = cookie.attributes.split(';').map(str::trim);
    if !attributes.any(|attribute| attribute.eq_ignore_ascii_case("secure")) {
        let message = format!(
            "the cookie `{}` is not marked Secure: whoever can answer for this host over http can \
             plant one of their own",
            cookie.name
        );
        let help = "use a copy of the dialect's file with `Secure` among the cookie's attributes";
        found.add("cookie-insecure", Warning, &["policy", "dialect"], message, help);
    }
}
