use super::*;

/// A dialect that has everything, each key on a line of its own.
const WHOLE: &str = r#"name = "whole"
title = "Whole"
summary = "Everything."

[protect]
methods = "unsafe"
require = "token"

[session]
cookie = "sid"

[token]
pattern = "signed-double-submit"
shape = { alphanumeric = 32 }
header = "X-Token"
field = "token"
cookie = { name = "tok", attributes = "Path=/" }

[[route]]
path = "/open"
methods = ["GET"]
require = "nothing"
reason = "public"

[[route]]
path = "/closed/**"
require = "both"

[deliver]
on = "always"

[deliver.headers]
X-Token = "{token}"

[[obtain]]
request = "GET /token"
from = { json = "/token" }

[refusal]
status = 403
reason_phrase = "No"
body = [
    { accept = "application/json", content_type = "application/json", text = "{}" },
    { content_type = "text/plain", text = "no" },
]
"#;

fn error(text: &str) -> String {
    Dialect::parse("whole.toml", text).unwrap_err().to_string()
}

/// `WHOLE` with one text replaced; an empty replacement drops the line.
fn with(old: &str, new: &str) -> String {
    assert_eq!(WHOLE.matches(old).count(), 1, "`{old}` must be there once");
    if new.is_empty() { WHOLE.replace(&format!("{old}\n"), "") } else { WHOLE.replace(old, new) }
}

#[test]
fn the_whole_dialect_is_right() {
    Dialect::parse("whole.toml", WHOLE).unwrap();
}

#[test]
fn a_broken_value_is_named_with_its_line_and_what_would_be_right() {
    for (name, old, new, says) in [
        ("not TOML", "title = \"Whole\"", "title = Whole", ":2: "),
        (
            "a key that nobody knows",
            "title = \"Whole\"",
            "titel = \"Whole\"",
            ":2: unknown field `titel`, expected one of `name`, `title`",
        ),
        ("a missing key", "title = \"Whole\"", "", ":1: missing field `title`"),
        ("a missing table", "[session]\ncookie = \"sid\"", "", ":1: missing field `session`"),
        (
            "a wrong type",
            "cookie = \"sid\"",
            "cookie = 7",
            ":10: invalid type: integer `7`, expected a string",
        ),
        (
            "an unknown key in a table",
            "field = \"token\"",
            "fields = \"token\"",
            ":16: unknown field `fields`",
        ),
        (
            "methods",
            "methods = \"unsafe\"",
            "methods = \"post\"",
            ":6: unknown variant `post`, expected `unsafe` or `all`",
        ),
        (
            "require",
            "require = \"token\"",
            "require = \"much\"",
            ":7: unknown variant `much`, expected one of `nothing`, `provenance`",
        ),
        (
            "pattern",
            "pattern = \"signed-double-submit\"",
            "pattern = \"double-submit\"",
            ":13: unknown variant `double-submit`, expected one of `synchronizer`",
        ),
        (
            "shape",
            "shape = { alphanumeric = 32 }",
            "shape = { letters = 32 }",
            ":14: unknown variant `letters`, expected one of `uuid`",
        ),
        (
            "a shape without end",
            "shape = { alphanumeric = 32 }",
            "shape = { alphanumeric = 300 }",
            ":14: invalid value: integer `300`",
        ),
        (
            "header",
            "header = \"X-Token\"",
            "header = \"X Token\"",
            ":15: `X Token` is not a header name",
        ),
        (
            "an empty header",
            "header = \"X-Token\"",
            "header = \"\"",
            ":15: `` is not a header name",
        ),
        (
            "a path",
            "path = \"/open\"",
            "path = \"open\"",
            ":20: the path `open` does not begin with `/`",
        ),
        (
            "a path that never matches",
            "path = \"/open\"",
            "path = \"/open//\"",
            ":20: the path `/open//` can never match: write it decoded",
        ),
        (
            "a wildcard in a name",
            "path = \"/closed/**\"",
            "path = \"/clo*\"",
            ":26: in the path `/clo*`, `*` must be a whole segment",
        ),
        (
            "a method",
            "methods = [\"GET\"]",
            "methods = [\"get\"]",
            ":21: `get` is not a method; write it in upper case",
        ),
        (
            "a status that is no number",
            "status = 403",
            "status = \"403\"",
            ":40: invalid type: string \"403\", expected u16",
        ),
        (
            "a place that nobody knows",
            "from = { json = \"/token\" }",
            "from = { query = \"t\" }",
            ":37: unknown variant `query`, expected one of `header`",
        ),
    ] {
        let error = error(&with(old, new));
        let says = format!("whole.toml{says}");
        assert!(error.starts_with(&says), "{name}:\n{error}\nshould begin\n{says}");
        assert!(!error.ends_with('.'), "{name}: {error}");
    }
}

#[test]
fn keys_that_cannot_work_together_are_refused() {
    for (name, old, new, says) in [
        (
            "a name with capitals",
            "name = \"whole\"",
            "name = \"Whole\"",
            ":1: the name `Whole` must be of a-z, 0-9 and `-`",
        ),
        ("no name", "name = \"whole\"", "name = \"\"", ":1: the name `` must be"),
        (
            "a session cookie with a space",
            "cookie = \"sid\"",
            "cookie = \"s id\"",
            ":10: `s id` is not a cookie name",
        ),
        (
            "an empty field",
            "field = \"token\"",
            "field = \"\"",
            ":16: a form field has a name; remove `field`",
        ),
        (
            "no second carrier",
            "cookie = { name = \"tok\", attributes = \"Path=/\" }",
            "",
            ":12: a double-submit token needs `cookie`",
        ),
        (
            "a carrier too many",
            "pattern = \"signed-double-submit\"",
            "pattern = \"synchronizer\"",
            ":17: only the pattern \"signed-double-submit\" has a cookie; remove it",
        ),
        ("a carrier's name", "name = \"tok\"", "name = \"t=k\"", ":17: `t=k` is not a cookie name"),
        (
            "one cookie for both",
            "name = \"tok\"",
            "name = \"sid\"",
            ":17: the token's cookie must not be the session's",
        ),
        (
            "attributes with a comma",
            "attributes = \"Path=/\"",
            "attributes = \"a, b=c\"",
            ":17: write attributes as in Set-Cookie: `SameSite=Lax; Path=/`",
        ),
        (
            "attributes with a newline",
            "attributes = \"Path=/\"",
            "attributes = \"a\\r\\nb\"",
            ":17: write attributes as in Set-Cookie",
        ),
        (
            "no shape",
            "shape = { alphanumeric = 32 }",
            "",
            ":12: `shape` is missing, for example \"uuid\"",
        ),
        (
            "a shape too long",
            "shape = { alphanumeric = 32 }",
            "shape = { alphanumeric = 129 }",
            ":14: a token has at most 128 symbols",
        ),
        // 16 symbols: one names the key, eight are the nonce, seven of 5 bits are left.
        (
            "a shape too short",
            "shape = { alphanumeric = 32 }",
            "shape = { alphanumeric = 16 }",
            ":14: this shape leaves 35 bits that cannot be guessed, the pattern needs 96; take a longer one",
        ),
        (
            "no symbol at all",
            "shape = { alphanumeric = 32 }",
            "shape = { alphanumeric = 0 }",
            ":14: this shape leaves 0 bits",
        ),
        (
            "a UUID with a nonce",
            "shape = { alphanumeric = 32 }",
            "shape = \"uuid\"",
            ":14: this shape leaves 88 bits that cannot be guessed, the pattern needs 96; take a longer one, such as { lower-hex = 40 }",
        ),
        (
            "a lifetime too many",
            "field = \"token\"",
            "lifetime = \"3h\"",
            ":16: this pattern's tokens live as long as their session; remove `lifetime`",
        ),
        (
            "a pool too many",
            "field = \"token\"",
            "pool = 10",
            ":16: only one-time tokens come in a pool; remove it",
        ),
        (
            "an exemption without a reason",
            "reason = \"public\"",
            "",
            ":19: a route that is exempt must say why: add `reason`",
        ),
        (
            "an exemption with an empty reason",
            "reason = \"public\"",
            "reason = \"\"",
            ":19: a route that is exempt must say why",
        ),
        (
            "a route of no method",
            "methods = [\"GET\"]",
            "methods = []",
            ":21: an empty list matches no request; remove it",
        ),
        (
            "a token header with another meaning",
            "header = \"X-Token\"",
            "header = \"Cookie\"",
            ":15: `Cookie` has a meaning of its own in HTTP; take a header such as `X-CSRF-Token`",
        ),
        (
            "a delivery that breaks the message",
            "X-Token = \"{token}\"",
            "Content-Length = \"{token}\"",
            ":33: `Content-Length` has a meaning of its own",
        ),
        (
            "a template that is no header value",
            "X-Token = \"{token}\"",
            "X-Token = \"a\\nb\"",
            ":33: this is not a header value",
        ),
        (
            "a template of something else",
            "X-Token = \"{token}\"",
            "X-Token = \"{tokens}\"",
            ":33: only `{token}` and `{header}` are replaced",
        ),
        (
            "tickets where there are none",
            "on = \"always\"",
            "on = \"spent\"",
            ":30: \"spent\" goes with the pattern \"one-time\"",
        ),
        (
            "a target without a method",
            "request = \"GET /token\"",
            "request = \"/token\"",
            ":36: write method and target, for example \"GET /token\"",
        ),
        (
            "a target on another host",
            "request = \"GET /token\"",
            "request = \"GET https://a/\"",
            ":36: write method and target",
        ),
        (
            "a pointer",
            "from = { json = \"/token\" }",
            "from = { json = \"token\" }",
            ":37: a JSON pointer begins with `/`",
        ),
        (
            "a target without a scheme",
            "request = \"GET /token\"",
            "request = \"GET //evil.example/\"",
            ":36: write method and target",
        ),
        (
            "a target with a backslash",
            "request = \"GET /token\"",
            "request = 'GET /\\evil.example/'",
            ":36: write method and target",
        ),
        (
            "a cookie that could not be",
            "from = { json = \"/token\" }",
            "from = { cookie = \"a b\" }",
            ":37: `a b` is not a cookie name",
        ),
        (
            "an element without a name",
            "from = { json = \"/token\" }",
            "from = { meta = \"\" }",
            ":37: an element is found by its name",
        ),
        (
            "a header that has another meaning asks for no token",
            "from = { json = \"/token\" }",
            "from = \"text\"\nheaders = { Cookie = \"a\" }",
            ":38: `Cookie` has a meaning of its own",
        ),
        (
            "a mark that a body has not",
            "status = 403",
            "contains = \"csrf\"",
            ":43: clients look for `csrf` in a refusal, and this body has none",
        ),
        (
            "a login in two ways",
            "[refusal]",
            "[login]\nrequest = \"POST /in\"\nbasic = true\nform = { user = \"{user}\" }\n\n[refusal]",
            ":39: one of `form`, `json` and `basic` says how to log in",
        ),
        (
            "a login on another host",
            "[refusal]",
            "[login]\nrequest = \"POST //evil.example/\"\nbasic = true\n\n[refusal]",
            ":40: write method and target",
        ),
        (
            "more than a text holds",
            "from = { json = \"/token\" }",
            "from = \"text\"\nbeside = { a = 1 }",
            ":38: only a JSON object or a `require.config` holds more than the token; remove it",
        ),
        (
            "a token that a refusal cannot make",
            "status = 403",
            "status = 403\ntoken = { header = \"X-Token\" }",
            ":41: only tokens of the patterns \"synchronizer\" and \"encrypted\" can be in it",
        ),
        (
            "a token in a refusal's body",
            "status = 403",
            "status = 403\ntoken = { json = \"/token\" }",
            ":41: a server puts it into a header, such as { header = \"X-CSRF-Token\" }",
        ),
        (
            "an obtaining request with a cookie",
            "from = { json = \"/token\" }",
            "from = { json = \"/token\" }\nheaders = { Cookie = \"sid=a\" }",
            ":38: `Cookie` has a meaning of its own",
        ),
        (
            "a refusal that is none",
            "status = 403",
            "status = 200",
            ":40: a refusal is the client's matter: use 400 to 499",
        ),
        (
            "a refusal that blames the server",
            "status = 403",
            "status = 500",
            ":40: a refusal is the client's matter",
        ),
        (
            "a reason phrase",
            "reason_phrase = \"No\"",
            "reason_phrase = \"a\\r\\nb\"",
            ":41: use printable ASCII",
        ),
        (
            "a content type",
            "content_type = \"text/plain\"",
            "content_type = \"a\\nb\"",
            ":44: this is not a header value",
        ),
        (
            "a body that is never used",
            "accept = \"application/json\", ",
            "",
            ":43: bodies after this one are never used",
        ),
    ] {
        let text = if new.is_empty() && old.ends_with(' ') {
            WHOLE.replace(old, "")
        } else {
            with(old, new)
        };
        let error = error(&text);
        let says = format!("whole.toml{says}");
        assert!(error.starts_with(&says), "{name}:\n{error}\nshould begin\n{says}");
        assert!(!error.ends_with('.'), "{name}: {error}");
    }
}

const HEAD: &str = "name = \"t\"\ntitle = \"\"\nsummary = \"\"\n";

#[test]
fn patterns_with_a_lifetime_need_it() {
    let token = |lines: &str, rest: &str| {
        format!(
            "{HEAD}protect = {{ methods = \"unsafe\", require = \"token\" }}\n[session]\n\
             cookie = \"sid\"\n{rest}[token]\nheader = \"X-T\"\n{lines}"
        )
    };
    let parse = |lines: &str, rest: &str| Dialect::parse("t", &token(lines, rest));
    let one_time = "pattern = \"one-time\"\nshape = { lower-hex = 40 }\n";
    let encrypted = "pattern = \"encrypted\"\n";
    for (name, lines, rest, says) in [
        ("tickets", format!("{one_time}lifetime = \"24m\"\npool = 10"), "", ""),
        ("encrypted", format!("{encrypted}lifetime = \"3h\""), "", ""),
        ("encrypted, a user's", format!("{encrypted}lifetime = \"3h\""), "bind = \"user\"\n", ""),
        ("stored", "pattern = \"stored-synchronizer\"\nshape = \"uuid\"".into(), "", ""),
        ("derived", "pattern = \"synchronizer\"\nshape = \"uuid\"".into(), "", ""),
        (
            "tickets for ever",
            format!("{one_time}pool = 10"),
            "",
            "t:7: this pattern needs `lifetime`",
        ),
        ("encrypted for ever", encrypted.into(), "", "t:7: this pattern needs `lifetime`"),
        (
            "tickets without a pool",
            format!("{one_time}lifetime = \"1m\""),
            "",
            "t:7: one-time tokens need `pool`",
        ),
        (
            "an empty pool",
            format!("{one_time}lifetime = \"1m\"\npool = 0"),
            "",
            "t:7: one-time tokens need `pool`",
        ),
        (
            "an endless pool",
            format!("{one_time}lifetime = \"1m\"\npool = 1001"),
            "",
            "t:12: a pool has at most 1000",
        ),
        (
            "an unknown unit",
            format!("{one_time}pool = 1\nlifetime = \"1w\""),
            "",
            "t:12: `1w` is not a span; write it like `90s`",
        ),
        (
            "no time at all",
            format!("{one_time}pool = 1\nlifetime = \"0s\""),
            "",
            "t:12: `0s` is not a span",
        ),
        (
            "a UUID ticket",
            "pattern = \"one-time\"\nshape = \"uuid\"\npool = 1\nlifetime = \"1m\"".into(),
            "",
            "t:10: this shape leaves 48 bits that cannot be guessed, the pattern needs 64",
        ),
        (
            "an encrypted shape",
            format!("{encrypted}lifetime = \"1m\"\nshape = \"uuid\""),
            "",
            "t:11: an encrypted token is base64url of its own length; remove `shape`",
        ),
        (
            "a user's ticket",
            format!("{one_time}lifetime = \"1m\"\npool = 1"),
            "bind = \"user\"\n",
            "t:7: only encrypted tokens can belong to a user",
        ),
    ] {
        match parse(&lines, rest) {
            Ok(_) => assert!(says.is_empty(), "{name}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!says.is_empty() && error.starts_with(says), "{name}: {error}");
            }
        }
    }
}

#[test]
fn tickets_are_delivered_when_one_was_spent_and_encrypted_tokens_never() {
    let text = |pattern: &str, on: &str| {
        format!(
            "{HEAD}protect = {{ methods = \"unsafe\", require = \"token\" }}\n\
             session.cookie = \"sid\"\n[token]\nheader = \"X-T\"\n{pattern}\n[deliver]\non = \"{on}\"\n"
        )
    };
    let ticket = "pattern = \"one-time\"\nshape = { lower-hex = 40 }\nlifetime = \"1m\"\npool = 1";
    let parse = |pattern, on| {
        Dialect::parse("t", &text(pattern, on)).map(drop).map_err(|error| error.message)
    };
    assert_eq!(parse(ticket, "spent"), Ok(()));
    assert!(parse(ticket, "always").unwrap_err().contains("one-time"));
    assert!(parse(ticket, "safe").unwrap_err().contains("one-time"));
    let encrypted = "pattern = \"encrypted\"\nlifetime = \"1m\"";
    assert!(parse(encrypted, "always").unwrap_err().contains("handed out by the app"));
}

#[test]
fn without_a_token_none_can_be_asked_for() {
    let text = |require: &str, more: &str| {
        format!(
            "{HEAD}[protect]\nmethods = \"unsafe\"\nrequire = \"{require}\"\n[session]\n\
             cookie = \"sid\"\n{more}"
        )
    };
    let parse = |require, more| {
        Dialect::parse("t", &text(require, more)).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(parse("provenance", ""), Ok(()));
    for (name, require, more, says) in [
        (
            "the dialect",
            "either",
            "",
            "t:6: this asks for a token, but there is no [token]; add one, or require \"provenance\"",
        ),
        (
            "a route",
            "provenance",
            "[[route]]\npath = \"/a\"\nrequire = \"token\"\n",
            "t:11: this asks for a token",
        ),
        (
            "unrestricted routes",
            "provenance\"\nunrestricted = \"token",
            "",
            "t:7: this asks for a token",
        ),
        (
            "delivery",
            "provenance",
            "[deliver]\non = \"safe\"\n",
            "t:9: there is no [token] that could be delivered",
        ),
        (
            "obtaining",
            "provenance",
            "[[obtain]]\nrequest = \"GET /t\"\nfrom = \"text\"\n",
            "t:9: there is no [token] that could be obtained",
        ),
    ] {
        let error = parse(require, more).unwrap_err();
        assert!(error.starts_with(says), "{name}: {error}");
    }
}

#[test]
fn what_only_clients_use_may_be_where_no_server_puts_it() {
    let text = with("status = 403", "status = 403\ntoken = { json = \"/token\" }");
    let text =
        text.replace("[protect]", "clients_only = \"only the product makes it\"\n\n[protect]");
    assert!(Dialect::parse("t", &text.replacen("\n\n\n", "\n\n", 1)).is_ok());
}

#[test]
fn a_page_is_asked_for_as_one() {
    let accept = "from = { json = \"/token\" }\nheaders = { Accept = \"text/html\" }";
    let dialect = Dialect::parse("t", &with("from = { json = \"/token\" }", accept)).unwrap();
    let headers = &dialect.obtain[0].headers;
    assert_eq!(headers[&FieldName::parse("accept").unwrap()], "text/html");
}
