//! Headers that cannot carry a secret, because they have another meaning.
//!
//! Browsers send most of these by themselves, or let a foreign page set them without asking first
//! (the forbidden and the safelisted request-headers of the Fetch standard); proxies write others.
//! A token or an API key in one of them would prove nothing, or break the message.

use super::FieldName;
use super::values::BadValue;

/// Whole families: `Accept-Language`, `Sec-Fetch-Site`, `X-Forwarded-For`.
const FAMILIES: [&str; 7] =
    ["accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-"];

const NAMES: [&str; 56] = [
    "accept",
    "age",
    "allow",
    "alt-svc",
    "alt-used",
    "authorization",
    "cache-control",
    "connection",
    "cookie",
    "cookie2",
    "date",
    "device-memory",
    "dnt",
    "downlink",
    "dpr",
    "early-data",
    "ect",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "rtt",
    "save-data",
    "server",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "viewport-width",
    "warning",
    "width",
    "www-authenticate",
    // A framework takes the method from these.
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

impl FieldName {
    /// Refuses a header that has a meaning of its own.
    pub(crate) fn check_carrier(&self) -> Result<(), BadValue> {
        let name = self.name().as_str();
        if NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family)) {
            return Err(BadValue::new(format!(
                "`{}` has a meaning of its own in HTTP; take a header such as `X-CSRF-Token`",
                self.as_str()
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_another_meaning_carries_no_secret() {
        for name in [
            "Cookie",
            "Set-Cookie",
            "Host",
            "Origin",
            "Referer",
            "Authorization",
            "Content-Length",
            "Content-Type",
            "Transfer-Encoding",
            "Connection",
            "TE",
            "Trailer",
            "Upgrade",
            "Via",
            "Forwarded",
            "X-Forwarded-Host",
            "Proxy-Authorization",
            "Sec-Fetch-Site",
            "Sec-CH-UA",
            "Accept",
            "Accept-Language",
            "User-Agent",
            "If-None-Match",
            "Range",
            "DNT",
            "cookie",
            "HOST",
            "X-HTTP-Method-Override",
            "Access-Control-Request-Headers",
            "Cache-Control",
        ] {
            let refused = FieldName::parse(name).unwrap().check_carrier().unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("`{name}` has a meaning of its own")),
                "{refused}"
            );
        }
        for name in [
            "X-CSRF-TOKEN",
            "X-CSRFToken",
            "X-XSRF-TOKEN",
            "X-API-Key",
            "Api-Key",
            "Csrf-Token",
            "X-Content-Type",
            "Acceptance",
            "Hosted",
            "Security-Token",
            "X-Auth-Token",
        ] {
            assert_eq!(FieldName::parse(name).unwrap().check_carrier(), Ok(()), "{name}");
        }
    }
}
