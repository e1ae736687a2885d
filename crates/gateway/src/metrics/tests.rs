use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign::{Permit, Reason, Refusal, Rule};
use http::StatusCode;

use super::*;

fn refusal() -> Refusal {
    let text = Cow::Borrowed("");
    let (reason, rule) = (Reason::OriginMismatch, Rule::Provenance);
    Refusal { reason, rule, seen: text.clone(), expected: text }
}

/// Whether the text has this very line.
#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|own| own == line), "no line `{line}` in\n{text}");
}

#[test]
fn what_is_counted_can_be_read() {
    let metrics = Metrics::default();
    let site = metrics.site("bank");
    site.allowed(&Permit::Token);
    site.allowed(&Permit::Exempt("a webhook".into()));
    site.refused(&refusal(), "/api/**", true);
    site.refused(&refusal(), "*", false);
    site.answered(StatusCode::NO_CONTENT);
    site.answered(StatusCode::FORBIDDEN);
    site.upstream_failed(Failure::CutOff);
    metrics.bad_request("host_missing");
    metrics.no_site(NoSite::Ambiguous);
    metrics.audit_dropped(Dropped::QueueFull, 7);
    metrics.reloaded(false, UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let text = metrics.text().unwrap();
    for line in [
        r#"countersign_allowed_total{site="bank",permit="token"} 1"#,
        r#"countersign_allowed_total{site="bank",permit="exempt"} 1"#,
        r#"countersign_allowed_total{site="bank",permit="ticket"} 0"#,
        r#"countersign_refusals_total{site="bank",route="/api/**",rule="provenance",reason="origin_mismatch",enforced="true"} 1"#,
        r#"countersign_refusals_total{site="bank",route="*",rule="provenance",reason="origin_mismatch",enforced="false"} 1"#,
        r#"countersign_requests_total{site="bank",status="2xx"} 1"#,
        r#"countersign_requests_total{site="bank",status="4xx"} 1"#,
        r#"countersign_upstream_failures_total{site="bank",kind="cut_off"} 1"#,
        r#"countersign_bad_requests_total{reason="host_missing"} 1"#,
        r#"countersign_no_site_total{reason="ambiguous_path"} 1"#,
        r#"countersign_audit_lines_dropped_total{reason="queue_full"} 7"#,
        r#"countersign_reloads_total{result="failed"} 1"#,
        r#"countersign_reload_timestamp_seconds{result="failed"} 1800000000"#,
        "# EOF",
    ] {
        assert_line(&text, line);
    }
    assert_eq!(site.totals(), (2, 1, 1));
}

#[test]
fn every_permit_and_rule_counts_under_its_own_name() {
    for permit in [
        Permit::Disabled,
        Permit::SafeMethod,
        Permit::Exempt(String::new()),
        Permit::NoAmbientCredential,
        Permit::Provenance,
        Permit::NothingAgainst,
        Permit::Token,
        Permit::Ticket,
        Permit::ReportOnly,
    ] {
        let metrics = Metrics::default();
        metrics.site("a").allowed(&permit);
        let line = format!(r#"countersign_allowed_total{{site="a",permit="{}"}} 1"#, permit.code());
        assert_line(&metrics.text().unwrap(), &line);
    }
    for rule in [
        Rule::Canonicalise,
        Rule::Need,
        Rule::Ambiguity,
        Rule::Exemption,
        Rule::NoAmbientCredential,
        Rule::Provenance,
        Rule::Token,
        Rule::Combine,
    ] {
        assert_eq!(serde_json::json!(rule), rule.code());
    }
}

#[test]
fn a_response_time_falls_into_its_bucket() {
    let metrics = Metrics::default();
    let site = metrics.site("a");
    for took in [400, 500, 501, 2_000_000, 40_000_000].map(Duration::from_micros) {
        site.upstream_took(took);
    }
    let text = metrics.text().unwrap();
    for (end, count) in
        [("0.0005", 2), ("0.001", 3), ("1.0", 3), ("2.5", 4), ("30.0", 4), ("+Inf", 5)]
    {
        let name = "countersign_upstream_response_seconds";
        assert_line(&text, &format!(r#"{name}_bucket{{le="{end}",site="a"}} {count}"#));
        assert_line(&text, &format!(r#"{name}_count{{site="a"}} 5"#));
    }
    assert!(
        text.contains(r#"countersign_upstream_response_seconds_sum{site="a"} 42.001"#),
        "{text}"
    );
}

#[test]
fn what_is_open_is_counted_until_it_is_closed() {
    let metrics = Metrics::default();
    let (one, two) = (metrics.connection(), metrics.connection());
    let request = metrics.request();
    let tunnel = metrics.site("a").tunnel();
    drop(one);
    let text = metrics.text().unwrap();
    assert_line(&text, "countersign_connections 1");
    assert_line(&text, "countersign_requests_in_flight 1");
    assert_line(&text, r#"countersign_tunnels{site="a"} 1"#);
    drop((two, request, tunnel));
    let text = metrics.text().unwrap();
    assert_line(&text, "countersign_connections 0");
    assert_line(&text, "countersign_requests_in_flight 0");
    assert_line(&text, r#"countersign_tunnels{site="a"} 0"#);
}

#[test]
fn a_site_goes_on_counting_after_a_reload() {
    let metrics = Metrics::default();
    metrics.site("a").answered(StatusCode::OK);
    metrics.site("b").answered(StatusCode::OK);
    metrics.site("a").answered(StatusCode::OK);
    let text = metrics.text().unwrap();
    assert_line(&text, r#"countersign_requests_total{site="a",status="2xx"} 2"#);
    assert_line(&text, r#"countersign_requests_total{site="b",status="2xx"} 1"#);
}

#[test]
fn a_reload_before_the_epoch_is_no_panic() {
    Metrics::default().reloaded(true, SystemTime::UNIX_EPOCH - Duration::from_secs(1));
}
