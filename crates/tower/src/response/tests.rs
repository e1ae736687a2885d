use super::*;

fn headers(name: &http::HeaderName, values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn what_the_app_says_of_caches_decides_whether_a_token_may_go_along() {
    for (values, expected) in [
        (&[][..], Caching::Untold),
        (&["no-cache"], Caching::Asking),
        (&["no-cache", "must-revalidate"], Caching::Asking),
        (&["max-age=0"], Caching::Asking),
        (&["max-age=\"0\""], Caching::Asking),
        (&["private=\"Set-Cookie\""], Caching::Asking),
        (&["no-cache=\"Set-Cookie\""], Caching::Asking),
        (&["max-age=60"], Caching::Lasting),
        (&["MAX-AGE=3600, immutable"], Caching::Lasting),
        (&["max-age=\"60\""], Caching::Lasting),
        (&["no-store"], Caching::Private),
        (&["private, max-age=60"], Caching::Private),
        (&["max-age=60", "no-store"], Caching::Private),
        (&["public"], Caching::Public),
        (&["s-maxage=0"], Caching::Public),
        (&["private", "Public"], Caching::Public),
        (&["max-age=0,s-maxage=60"], Caching::Public),
        (&["x-public, republic"], Caching::Asking),
        (&["no-store=\"x\", max-age=60"], Caching::Lasting),
        (&["no-store, must-understand, max-age=60"], Caching::Public),
    ] {
        let headers = headers(&CACHE_CONTROL, values);
        assert_eq!(Caching::of(&headers, &CACHE_CONTROL), expected, "{values:?}");
        assert_eq!(may_carry_token(&headers), !expected.is_shared(), "{values:?}");
    }
}

/// A cache that is spoken to by name looks at `Cache-Control` no more.
#[test]
fn a_word_to_some_caches_counts_beside_the_word_to_all() {
    const LASTING: &str = "max-age=60";
    for (name, targeted, may, then) in [
        ("cdn-cache-control", LASTING, false, LASTING),
        ("cdn-cache-control", "public", false, "public"),
        ("cdn-cache-control", "no-store", true, "no-store"),
        ("cdn-cache-control", "private", true, "private"),
        ("cdn-cache-control", "max-age=0", true, "max-age=0 no-store"),
        ("cdn-cache-control", "no-store=?0, max-age=60", false, "no-store=?0, max-age=60"),
        ("cloudflare-cdn-cache-control", LASTING, false, LASTING),
        ("surrogate-control", LASTING, false, LASTING),
        ("surrogate-control", "max-age=0+60", false, "max-age=0+60"),
        ("surrogate-control", "private, max-age=60", false, "private, max-age=60"),
        ("surrogate-control", "content=\"ESI/1.0\"", true, "content=\"ESI/1.0\" no-store"),
        ("surrogate-control", "no-store", true, "no-store"),
        ("x-cache-control-hint", LASTING, true, LASTING),
    ] {
        let mut headers = headers(&CACHE_CONTROL, &["private"]);
        let name = HeaderName::from_static(name);
        headers.insert(&name, HeaderValue::from_static(targeted));
        assert_eq!(may_carry_token(&headers), may, "{name}: {targeted}");
        keep_private(&mut headers);
        let said: Vec<&str> =
            headers.get_all(&name).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(said.join(" "), then, "{name}: {targeted}");
        assert_eq!(headers[CACHE_CONTROL], "private", "{name}: {targeted}");
    }
}

#[test]
fn a_response_changes_the_session_cookie_or_does_not() {
    let live = |id: &str| Some(Some(id.as_bytes().to_vec()));
    for (values, expected) in [
        (&[][..], None),
        (&["other=1"], None),
        (&["sessionx=1"], None),
        (&["Session=1"], None),
        (&["session"], None),
        (&["session=abc"], live("abc")),
        (&["session=abc; Path=/; HttpOnly"], live("abc")),
        (&["session= abc ;Path=/"], live("abc")),
        (&["session=\"abc\""], live("\"abc\"")),
        (&["session=a=b"], live("a=b")),
        (&["session=old", "other=1", "session=new"], live("new")),
        (&["session=abc; Max-Age=3600"], live("abc")),
        (&["session="], Some(None)),
        (&["session=; Path=/"], Some(None)),
        (&["session=abc; Max-Age=0"], Some(None)),
        (&["session=abc; max-age=-1"], Some(None)),
        (&["session=abc;Expires=Thu, 01 Jan 1970 00:00:00 GMT"], Some(None)),
        (&["session=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT"], Some(None)),
        (&["session=abc", "session=; Max-Age=0"], Some(None)),
        (&["session=; Max-Age=0", "session=abc"], live("abc")),
    ] {
        assert_eq!(
            session_change(&headers(&SET_COOKIE, values), "session"),
            expected,
            "{values:?}"
        );
    }
}
