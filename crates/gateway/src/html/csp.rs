//! Whether a page's policies let our script through (Content Security Policy Level 3).

use http::HeaderMap;
use http::header::CONTENT_SECURITY_POLICY;
use url::Url;

/// `None` if a policy blocks the script; else the nonce that its tag must carry, if any. Every
/// policy of every header must let it through.
pub(super) fn permits_script(
    headers: &HeaderMap,
    page: &Url,
    script: &Url,
) -> Option<Option<String>> {
    let mut policies = Vec::new();
    for value in headers.get_all(CONTENT_SECURITY_POLICY) {
        // A policy that cannot be read may block it.
        policies.extend(value.to_str().ok()?.split(',').map(Policy::read));
    }
    let needing: Vec<&Policy<'_>> =
        policies.iter().filter(|policy| !policy.permits_url(page, script)).collect();
    let Some((first, others)) = needing.split_first() else { return Some(None) };
    // The tag has one nonce: one that all of them know.
    let known = first.nonces().find(|nonce| others.iter().all(|p| p.nonces().any(|n| n == *nonce)));
    known.map(|nonce| Some(nonce.to_owned()))
}

/// What one policy says of scripts.
struct Policy<'a> {
    sandboxed: bool,
    /// `None` if it says nothing of scripts.
    sources: Option<Vec<&'a str>>,
}

impl<'a> Policy<'a> {
    fn read(policy: &'a str) -> Self {
        let mut directives: Vec<(String, Vec<&'a str>)> = Vec::new();
        for directive in policy.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            // Of two of the same name the first counts.
            if !directives.iter().any(|(known, _)| *known == name) {
                directives.push((name, words.collect()));
            }
        }
        let of = |name: &str| directives.iter().find(|d| d.0 == name).map(|d| d.1.clone());
        let sources = of("script-src-elem").or_else(|| of("script-src"));
        Self {
            sandboxed: of("sandbox").is_some_and(|flags| !says(&flags, "allow-scripts")),
            sources: sources.or_else(|| of("default-src")),
        }
    }

    fn permits_url(&self, page: &Url, script: &Url) -> bool {
        if self.sandboxed {
            return false;
        }
        let Some(sources) = &self.sources else { return true };
        // With it, what a policy says of hosts does not count.
        !says(sources, "'strict-dynamic'")
            && sources.iter().any(|source| source_matches(source, page, script))
    }

    fn nonces(&self) -> impl Iterator<Item = &'a str> {
        let sources = self.sources.as_deref().filter(|_| !self.sandboxed).unwrap_or_default();
        sources.iter().filter_map(|source| nonce(source))
    }
}

fn says(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn nonce(source: &str) -> Option<&str> {
    let (head, nonce) = source.strip_suffix('\'')?.split_at_checked("'nonce-".len())?;
    let known = head.eq_ignore_ascii_case("'nonce-");
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    (known && !nonce.is_empty() && nonce.bytes().all(base64)).then_some(nonce)
}

/// Whether a source that is not a nonce lets the script through. Wildcards of hosts are not looked
/// into: then the page goes without the script.
fn source_matches(source: &str, page: &Url, script: &Url) -> bool {
    if source == "*" || source.eq_ignore_ascii_case("'self'") {
        return true;
    }
    if let Some(scheme) = source.strip_suffix(':') {
        return scheme.eq_ignore_ascii_case(script.scheme())
            || (scheme.eq_ignore_ascii_case("http") && script.scheme() == "https");
    }
    if source.starts_with('\'') || source.contains('*') {
        return false;
    }
    let whole = match source.contains("://") {
        true => Url::parse(source),
        false => Url::parse(&format!("{}://{source}", page.scheme())),
    };
    whole.is_ok_and(|named| {
        let path = named.path();
        named.origin() == script.origin()
            && (path == "/"
                || path == script.path()
                || (path.ends_with('/') && script.path().starts_with(path)))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Name, policies, and what comes of them.
    type Row = (&'static str, &'static [&'static str], Option<Option<String>>);

    #[test]
    fn every_policy_must_let_the_script_through() {
        let page = Url::parse("https://app.example/page").unwrap();
        let script = Url::parse("https://app.example/.countersign/csrf.js").unwrap();
        let free = Some(None);
        let with = |nonce: &str| Some(Some(nonce.to_owned()));
        let table: [Row; 27] = [
            ("no policy", &[], free.clone()),
            ("nothing of scripts", &["img-src 'none'; upgrade-insecure-requests"], free.clone()),
            ("self", &["script-src 'self'"], free.clone()),
            ("upper case", &["SCRIPT-SRC 'SELF'"], free.clone()),
            ("none", &["script-src 'none'"], None),
            ("empty", &["script-src"], None),
            ("by default", &["default-src 'none'"], None),
            ("default self", &["default-src 'self'; img-src *"], free.clone()),
            ("elem counts first", &["script-src 'self'; script-src-elem 'none'"], None),
            ("first of two", &["script-src 'none'; script-src 'self'"], None),
            ("own origin", &["script-src https://app.example"], free.clone()),
            ("own host", &["script-src app.example"], free.clone()),
            ("own port", &["script-src app.example:443"], free.clone()),
            ("other port", &["script-src app.example:8443"], None),
            ("other host", &["script-src https://cdn.example"], None),
            ("path before it", &["script-src https://app.example/.countersign/"], free.clone()),
            ("other path", &["script-src https://app.example/js/"], None),
            ("any", &["script-src *"], free.clone()),
            ("by scheme", &["script-src https:"], free.clone()),
            ("inline only", &["script-src 'unsafe-inline'"], None),
            ("nonce", &["script-src 'nonce-r4nd0m=='"], with("r4nd0m==")),
            (
                "strict-dynamic",
                &["script-src 'strict-dynamic' 'self' 'nonce-abc' https:"],
                with("abc"),
            ),
            ("hash only", &["script-src 'strict-dynamic' 'sha256-AAAA'"], None),
            ("two in one header", &["script-src 'self', script-src 'none'"], None),
            ("one nonce for all", &["script-src 'nonce-a' 'nonce-b'", "script-src 'nonce-b'"], {
                with("b")
            }),
            ("no nonce for all", &["script-src 'nonce-a'", "script-src 'nonce-b'"], None),
            ("sandbox", &["sandbox allow-forms; script-src 'nonce-a'"], None),
        ];
        for (name, policies, expected) in table {
            let mut headers = HeaderMap::new();
            for policy in policies {
                headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            }
            assert_eq!(permits_script(&headers, &page, &script), expected, "{name}");
        }
    }

    #[test]
    fn a_nonce_that_would_end_the_attribute_is_none() {
        assert_eq!(nonce("'nonce-a\"onload=x'"), None);
        assert_eq!(nonce("'nonce-'"), None);
        assert_eq!(nonce("'nonce-aé'"), None);
    }
}
