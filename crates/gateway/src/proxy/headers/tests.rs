use super::*;

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn all<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[test]
fn what_is_between_neighbours_goes() {
    for name in [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ] {
        let mut fields = headers(&[(name, "a"), (name, "b"), ("x-stays", "c")]);
        strip_hop_by_hop(&mut fields);
        assert_eq!(fields, headers(&[("x-stays", "c")]), "{name}");
    }
}

#[test]
fn what_connection_names_goes_but_for_what_is_the_apps() {
    for (connection, named, stays) in [
        (&["x-private"][..], "x-private", false),
        (&["close, X-Private "], "x-private", false),
        (&["close", "x-private"], "x-private", false),
        (&["close"], "x-private", true),
        (&["x-priv"], "x-private", true),
        (&["cookie"], "cookie", true),
        (&["Host"], "host", true),
        (&["trailer"], "trailer", true),
        (&["not a name, x-private"], "x-private", false),
    ] {
        let mut fields = headers(&[(named, "a")]);
        for value in connection {
            fields.append(CONNECTION, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut fields);
        assert_eq!(fields.contains_key(named), stays, "{connection:?} {named}");
        assert!(!fields.contains_key(CONNECTION));
    }
}

#[test]
fn a_wish_for_trailers_is_seen() {
    for (values, expected) in [
        (&[][..], false),
        (&["trailers"], true),
        (&["gzip, Trailers"], true),
        (&["gzip", "trailers;q=0.5"], true),
        (&["trailer"], false),
        (&["gzip"], false),
    ] {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append(TE, HeaderValue::from_static(value));
        }
        assert_eq!(takes_trailers(&fields), expected, "{values:?}");
    }
}

fn asker(address: &HeaderValue, is_trusted: bool) -> Asker<'_> {
    let host = HeaderValue::from_static("app.example");
    Asker { address, scheme: "https", host, is_trusted }
}

#[test]
fn a_list_of_addresses_grows_only_by_a_trusted_hand() {
    let address = HeaderValue::from_static("10.0.0.7");
    for (said, is_trusted, expected) in [
        (&[][..], true, "10.0.0.7"),
        (&["203.0.113.9"], true, "203.0.113.9, 10.0.0.7"),
        (&["203.0.113.9", "203.0.113.10"], true, "203.0.113.9, 203.0.113.10, 10.0.0.7"),
        (&["203.0.113.9"], false, "10.0.0.7"),
    ] {
        let mut fields = headers(&[("x-forwarded-evil", "a")]);
        for value in said {
            fields.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        set_x_forwarded(&mut fields, &asker(&address, is_trusted));
        assert_eq!(all(&fields, "x-forwarded-for"), [expected], "{said:?} {is_trusted}");
        assert_eq!(all(&fields, "x-forwarded-host"), ["app.example"]);
        assert_eq!(all(&fields, "x-forwarded-proto"), ["https"]);
        assert_eq!(fields.contains_key("x-forwarded-evil"), is_trusted);
    }
}

#[test]
fn forwarded_is_written_as_rfc_7239_has_it() {
    for (address, said, is_trusted, expected) in [
        ("10.0.0.7", &[][..], false, "for=10.0.0.7;host=\"app.example\";proto=https"),
        ("fd00::7", &[], false, "for=\"[fd00::7]\";host=\"app.example\";proto=https"),
        ("10.0.0.7", &["for=a"], false, "for=10.0.0.7;host=\"app.example\";proto=https"),
        (
            "10.0.0.7",
            &["for=a", "for=b"],
            true,
            "for=a, for=b, for=10.0.0.7;host=\"app.example\";proto=https",
        ),
    ] {
        let mut fields = HeaderMap::new();
        for value in said {
            fields.append(FORWARDED, HeaderValue::from_static(value));
        }
        let address = HeaderValue::from_static(address);
        set_forwarded(&mut fields, &asker(&address, is_trusted));
        assert_eq!(all(&fields, "forwarded"), [expected]);
    }
}

#[test]
fn cookies_become_one_field() {
    for (fields, expected) in [
        (&[][..], &[][..]),
        (&["a=1"], &["a=1"]),
        (&["a=1", "b=2; c=3", "d=4"], &["a=1; b=2; c=3; d=4"]),
    ] {
        let mut map = HeaderMap::new();
        for value in fields {
            map.append(COOKIE, HeaderValue::from_static(value));
        }
        join_cookies(&mut map);
        assert_eq!(all(&map, "cookie"), expected);
    }
}

#[test]
fn the_gateways_own_cookie_is_taken_out_and_no_other() {
    for (fields, expected) in [
        (&["a=1"][..], &["a=1"][..]),
        (&["own=1"], &[]),
        (&["own=1; a=1"], &["a=1"]),
        (&["a=1; own=1"], &["a=1"]),
        (&["a=1; own=1; b=2"], &["a=1; b=2"]),
        (&["a=1;own=1;b=2"], &["a=1;b=2"]),
        (&["own=1; own=2", "own=3"], &[]),
        (&["owned=1; xown=2; OWN=3; own"], &["owned=1; xown=2; OWN=3; own"]),
        (&["a=own=1"], &["a=own=1"]),
        (&["own=1", "a=1", "b=2"], &["a=1", "b=2"]),
    ] {
        let mut map = HeaderMap::new();
        for value in fields {
            map.append(COOKIE, HeaderValue::from_static(value));
        }
        strip_cookie(&mut map, "own");
        assert_eq!(all(&map, "cookie"), expected, "{fields:?}");
    }
}
