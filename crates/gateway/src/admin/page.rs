//! The page that an operator sees first.

use std::borrow::Cow;
use std::fmt::Write as _;

use countersign::Mode;

use crate::config::{Config, Site};
use crate::metrics::Metrics;

/// The page: what is guarded, how, and what came of it so far.
pub(super) fn of(config: &Config, metrics: &Metrics, is_draining: bool) -> String {
    let rows: String = config.sites.iter().map(|site| row(site, metrics)).collect();
    let state = if is_draining {
        "<span class=\"mark warn\">draining</span>"
    } else {
        "<span class=\"mark good\">serving</span>"
    };
    include_str!("page.html")
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{state}", state)
        .replace("{rows}", &rows)
}

fn row(site: &Site, metrics: &Metrics) -> String {
    let (allowed, refused, reported) = metrics.site(&site.name).totals();
    let hosts = match site.hosts.as_slice() {
        [] => "every host".to_owned(),
        hosts => hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let path = if site.path.is_empty() { String::new() } else { format!(" at {}", site.path) };
    let upstream =
        site.upstream.as_ref().map_or_else(|| "asked about only".to_owned(), ToString::to_string);
    let (class, mode) = mode(site);
    let mut row = String::new();
    let _ = writeln!(
        row,
        "<tr><th scope=\"row\">{}<small>{}{}</small></th><td>{}</td><td>{}</td>\
         <td><span class=\"mark {class}\">{mode}</span></td>\
         <td class=\"n\">{allowed}</td><td class=\"n\">{refused}</td><td class=\"n\">{reported}</td></tr>",
        escaped(&site.name),
        escaped(&hosts),
        escaped(&path),
        escaped(&upstream),
        escaped(&site.policy.dialect().name),
    );
    row
}

/// How refusals are dealt with: a class for the eye, and words.
fn mode(site: &Site) -> (&'static str, Cow<'static, str>) {
    let policy = &site.policy;
    match (policy.is_enabled(), policy.mode(), policy.rollout()) {
        (false, ..) => ("bad", "off".into()),
        (true, Mode::Report, _) | (true, Mode::Enforce, 0) => ("warn", "reporting only".into()),
        (true, Mode::Enforce, 100) => ("good", "enforcing".into()),
        (true, Mode::Enforce, share) => ("warn", format!("enforcing {share}%").into()),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
