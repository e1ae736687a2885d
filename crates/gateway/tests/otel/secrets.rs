//! Nothing secret leaves with a span.

use crate::collector::Collector;
use crate::common::app::App;
use crate::common::one_site;
use crate::process::Process;

/// Each with `s3cret` in it, wherever a client can put something.
const FIELDS: &str = "Cookie: session=s3cret-session; other=s3cret-cookie\r\n\
    X-CSRF-Token: s3cret-token\r\nAuthorization: Bearer s3cret-bearer\r\n\
    Proxy-Authorization: Basic s3cret-basic\r\nReferer: http://shop.example/?a=s3cret-referer\r\n\
    X-Api-Key: s3cret-key\r\nbaggage: user=s3cret-baggage\r\n\
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
    tracestate: vendor=s3cret-state\r\n";

const FORM: &str = "csrf_token=s3cret-field&amount=s3cret-amount";

#[tokio::test]
async fn no_secret_is_in_what_is_sent() {
    let app = App::start(async |_| {
        let mut response = crate::common::app::text("s3cret-page");
        let cookie = http::HeaderValue::from_static("session=s3cret-new-session");
        response.headers_mut().insert("set-cookie", cookie);
        response
    })
    .await;
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let gateway = Process::start(
        &one_site(app.address, "", "[site.policy]\npublic_origins = [\"http://shop.example\"]"),
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret-of-the-collector"),
        ],
    );
    let mut answers = Vec::new();
    for origin in ["http://shop.example", "http://evil.example", "http://s3cret.example"] {
        for line in ["GET /page?key=s3cret-query", "POST /pay?key=s3cret-query"] {
            let request = format!(
                "{line} HTTP/1.1\r\nHost: shop.example\r\nOrigin: {origin}\r\n{FIELDS}\
                 Content-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n{FORM}",
                FORM.len()
            );
            answers.push(gateway.ask(&request).await.status);
        }
    }
    // Absolute targets have a place for a user's name and password.
    let absolute = format!(
        "GET http://user:s3cret-password@shop.example/page?key=s3cret HTTP/1.1\r\n\
         Host: shop.example\r\n{FIELDS}\r\n"
    );
    gateway.ask(&absolute).await;
    gateway.end().await;
    assert_eq!(answers, [200, 200, 200, 403, 200, 403]);
    assert!(collector.spans().len() > answers.len(), "{:#?}", collector.spans());
    for (head, body) in collector.raw() {
        let sent = String::from_utf8_lossy(&body);
        assert!(sent.contains("/pay"), "nothing was searched: {sent}");
        assert!(!sent.contains("s3cret"), "{sent}");
        // The collector's own is where it belongs.
        assert_eq!(head.headers["authorization"], "Bearer s3cret-of-the-collector");
    }
}
