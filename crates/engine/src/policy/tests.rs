use super::*;
use crate::dialect::Setting;
use crate::misplaced::{Misplaced, line_of};

fn read(text: &str) -> Result<Policy, String> {
    let find = |name: &str| {
        builtin(name).ok_or_else(|| format!("there is no dialect `{name}`; try `standard`"))
    };
    Policy::from_toml("policy.toml", text, find).map_err(|error| error.to_string())
}

#[test]
fn a_whole_file_is_taken_over() {
    let policy = read(
        r#"
        dialect = "vmanage"
        mode = "report"
        rollout = 25
        enabled = false
        public_origins = ["HTTPS://App.Example:443"]
        trusted_origins = ["https://shop.example", "http://[::1]:8080"]
        trusted_proxies = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]
        api_key_headers = ["X-API-Key"]
        session_cookie = "sid"
        token_header = "X-Renamed"
        absent_origin = "refuse"
        protect_reads = false
        check_token = false
        scope = "one"
        form_limit = 1000

        [[exempt]]
        path = "/hook/*"
        methods = ["POST", "PUT"]
        origin = "https://idp.example"
        reason = "signed"
        expires = 2027-01-31

        [[route]]
        path = "/first"
        require = "both"

        [[route]]
        path = "/second"
        methods = ["*"]
        require = "token"
        "#,
    )
    .unwrap();
    let dialect = policy.dialect();
    assert_eq!(dialect.name, "vmanage");
    assert_eq!((policy.mode(), policy.rollout()), (Mode::Report, 25));
    assert!(!policy.is_enabled());
    assert!(!policy.checks_token());
    let texts = |origins: &[Origin]| origins.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(policy.public_origins()), ["https://app.example"]);
    assert_eq!(texts(policy.trusted_origins()), ["https://shop.example", "http://[::1]:8080"]);
    let networks: Vec<String> = policy.trusted_proxies().iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"]);
    assert_eq!(policy.api_key_headers()[0].name(), "x-api-key");
    assert_eq!(dialect.session.cookie, "sid");
    assert_eq!(dialect.token.as_ref().unwrap().header.as_str(), "X-Renamed");
    assert_eq!(dialect.provenance.absent, Absent::Refuse);
    assert_eq!(policy.scope(), "one");
    assert_eq!(policy.form_limit(), 1000);
    let exempt = &policy.exemptions()[0];
    assert_eq!(exempt.path.to_string(), "/hook/*");
    assert_eq!(exempt.methods, [Method::POST, Method::PUT].map(MethodName::One));
    assert_eq!(exempt.origin.as_ref().unwrap().to_string(), "https://idp.example");
    assert_eq!(exempt.reason, "signed");
    // `date -u -d 2027-01-31 +%s`
    assert_eq!(exempt.expires, Some(Timestamp::from_secs(1_801_353_600)));
    // In their own order, and before the dialect's.
    let paths: Vec<String> = dialect.route.iter().map(|route| route.path.to_string()).collect();
    assert_eq!(paths[..3], ["/first", "/second", "/dataservice/client/token"]);
    // Its own routes stay as written though the dialect's reads are let go.
    assert_eq!(dialect.route[1].methods, Some(vec![MethodName::Any]));
    let deep = dialect.route.iter().find(|route| route.path.to_string() == "/dataservice/**");
    assert_eq!(deep.unwrap().methods, None);
}

#[test]
fn an_empty_file_is_the_standard_policy() {
    let (read, standard) = (read("").unwrap(), Policy::standard());
    assert_eq!(format!("{read:?}"), format!("{standard:?}"));
    assert_eq!(read.dialect().name, "standard");
    assert_eq!((read.mode(), read.rollout(), read.is_enabled()), (Mode::Enforce, 100, true));
    assert!(read.checks_token());
    assert_eq!(read.form_limit(), 256 * 1024);
    assert_eq!(read.scope(), "standard");
}

/// Each message says where, what, and what to write instead.
#[test]
fn broken_files_name_their_line_and_the_way_out() {
    for (name, text, says) in [
        ("not TOML", "mode = ", "policy.toml:1:"),
        ("an unknown key", "\ntrusted = []", "policy.toml:2: unknown field `trusted`"),
        (
            "an unknown mode",
            "mode = \"off\"",
            "policy.toml:1: unknown variant `off`, expected `enforce` or `report`",
        ),
        (
            "a wrong type",
            "enabled = 1",
            "policy.toml:1: invalid type: integer `1`, expected a boolean",
        ),
        (
            "more than all",
            "rollout = 101",
            "policy.toml:1: `101` is no share of a hundred; write 0",
        ),
        ("less than none", "\nrollout = -1", "policy.toml:2: `-1` is no share of a hundred"),
        ("a number beyond a byte", "rollout = 300", "policy.toml:1: `300` is no share"),
        ("half a share", "rollout = 0.5", "policy.toml:1: invalid type: floating point `0.5`"),
        (
            "a dialect that is not there",
            "\n\ndialect = \"x\"",
            "policy.toml:3: there is no dialect `x`; try `standard`",
        ),
        (
            "an origin with a path",
            "public_origins = [\"https://a.example/x\"]",
            "policy.toml:1: `https://a.example/x` is not an origin; write scheme://host",
        ),
        (
            "an origin without a scheme",
            "trusted_origins = [\"a.example\"]",
            "policy.toml:1: `a.example` is not an origin",
        ),
        (
            "a wildcard",
            "trusted_origins = [\"https://*.example\"]",
            "policy.toml:1: `https://*.example` is not an origin",
        ),
        (
            "an origin with a user",
            "trusted_origins = [\"https://u@a.example\"]",
            "policy.toml:1: `https://u@a.example` is not an origin",
        ),
        (
            "null for an origin",
            "trusted_origins = [\"null\"]",
            "policy.toml:1: `null` is not an origin",
        ),
        (
            "a network that is none",
            "trusted_proxies = [\"10.0.0\"]",
            "policy.toml:1: `10.0.0` is not a network; write it like `10.0.0.0/8`",
        ),
        (
            "a network too small",
            "trusted_proxies = [\"10.0.0.0/33\"]",
            "policy.toml:1: `10.0.0.0/33` is not a network",
        ),
        (
            "a network that maps IPv4",
            "trusted_proxies = [\"::ffff:10.0.0.0/104\"]",
            "policy.toml:1: `::ffff:10.0.0.0/104` never matches",
        ),
        (
            "a header name",
            "api_key_headers = [\"X API\"]",
            "policy.toml:1: `X API` is not a header name",
        ),
        (
            "an API key that every browser sends",
            "api_key_headers = [\"X-API-Key\",\n\"Accept\"]",
            "policy.toml:2: `Accept` has a meaning of its own in HTTP; take a header such as",
        ),
        (
            "a token in a cookie",
            "\ntoken_header = \"cookie\"",
            "policy.toml:2: `cookie` has a meaning of its own in HTTP",
        ),
        (
            "a cookie's name",
            "session_cookie = \"a=b\"",
            "policy.toml:1: `a=b` is not a header name",
        ),
        ("a negative limit", "form_limit = -1", "policy.toml:1: invalid value: integer `-1`"),
        (
            "an exemption without methods",
            "[[exempt]]\npath = \"/a\"\nreason = \"r\"",
            "policy.toml:1: missing field `methods`",
        ),
        (
            "an exemption with no methods",
            "[[exempt]]\npath = \"/a\"\nmethods = []\nreason = \"r\"",
            "policy.toml:3: an exemption names its methods",
        ),
        (
            "a method in lower case",
            "[[exempt]]\npath = \"/a\"\nmethods = [\"post\"]\nreason = \"r\"",
            "policy.toml:3: `post` is not a method; write it in upper case, or `*`",
        ),
        (
            "an exemption without a reason",
            "[[exempt]]\npath = \"/a\"\nmethods = [\"POST\"]",
            "policy.toml:1: missing field `reason`",
        ),
        (
            "an exemption with an empty reason",
            "[[exempt]]\npath = \"/a\"\nmethods = [\"POST\"]\nreason = \" \"",
            "policy.toml:4: an exemption says why",
        ),
        (
            "a path that never matches",
            "[[exempt]]\npath = \"/a/../b\"\nmethods = [\"POST\"]\nreason = \"r\"",
            "policy.toml:2: the path `/a/../b` can never match: write it decoded",
        ),
        (
            "a path without a slash",
            "[[exempt]]\npath = \"a\"\nmethods = [\"POST\"]\nreason = \"r\"",
            "policy.toml:2: the path `a` does not begin with `/`",
        ),
        (
            "half a wildcard",
            "[[exempt]]\npath = \"/a*\"\nmethods = [\"POST\"]\nreason = \"r\"",
            "policy.toml:2: in the path `/a*`, `*` must be a whole segment",
        ),
        (
            "a time of day",
            "[[exempt]]\npath = \"/a\"\nmethods = [\"POST\"]\nreason = \"r\"\nexpires = 07:00:00",
            "policy.toml:5: write a date: 2027-01-31",
        ),
        (
            "a date with a time",
            "[[exempt]]\npath = \"/a\"\nmethods = [\"POST\"]\nreason = \"r\"\nexpires = 2027-01-31T12:00:00Z",
            "policy.toml:5: write a date: 2027-01-31",
        ),
        (
            "a route that asks nothing",
            "[[route]]\npath = \"/a\"\nrequire = \"nothing\"",
            "policy.toml:3: to let requests through unjudged, write an [[exempt]] rule",
        ),
        (
            "a route without methods in its list",
            "[[route]]\npath = \"/a\"\nmethods = []\nrequire = \"token\"",
            "policy.toml:3: an empty list matches no request; remove it",
        ),
        (
            "a route of no level",
            "[[route]]\npath = \"/a\"\nrequire = \"all\"",
            "policy.toml:3: unknown variant `all`, expected one of",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(says), "{name}:\n{error}\nshould begin\n{says}");
        assert!(!error.ends_with('.'), "{name}: {error}");
    }
}

#[test]
fn a_token_cannot_be_asked_of_a_dialect_without_one() {
    let plain = "name = \"plain\"\ntitle = \"\"\nsummary = \"\"\nsession.cookie = \"sid\"\n\
                 protect = { methods = \"unsafe\", require = \"provenance\" }";
    let read = |text: &str| {
        Policy::from_toml("p", text, |_| Dialect::parse("plain", plain).map_err(|e| e.to_string()))
            .map_err(|error| error.to_string())
    };
    for (text, says) in [
        ("[[route]]\npath = \"/a\"\nrequire = \"either\"", "p:3: the dialect has no token"),
        ("token_header = \"X-T\"", "p:1: the dialect has no token"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(says), "{error}");
    }
    assert!(read("[[route]]\npath = \"/a\"\nrequire = \"provenance\"").is_ok());
}

#[test]
fn a_token_or_an_api_key_cannot_be_in_a_header_with_another_meaning() {
    let name = |text| FieldName::parse(text).unwrap();
    let policy = Policy::standard();
    for header in ["Authorization", "Cookie", "Origin", "Content-Type"] {
        assert!(policy.clone().with_token_header(name(header)).is_err(), "{header}");
        assert!(policy.clone().with_api_key_header(name(header)).is_err(), "{header}");
    }
    assert!(policy.clone().with_token_header(name("X-Renamed")).is_ok());
    assert!(policy.with_api_key_header(name("X-API-Key")).is_ok());
}

#[test]
fn the_session_cookie_cannot_be_the_tokens() {
    let error = read("dialect = \"voss\"\nsession_cookie = \"csrftoken\"").unwrap_err();
    assert!(error.starts_with("policy.toml:2: the token's cookie"), "{error}");
}

#[derive(serde::Deserialize)]
struct Nesting {
    #[serde(default)]
    policy: PolicyFile,
}

#[test]
fn another_file_may_nest_a_policy() {
    let nested = |text: &str| toml::from_str::<Nesting>(text).map(|file| file.policy);
    let file = nested("[policy]\ndialect = \"vmanage\"\nscope = \"one\"").unwrap();
    assert_eq!(file.dialect_name(), "vmanage");
    let policy = file.read(builtin("vmanage").unwrap()).unwrap();
    assert_eq!((policy.dialect().name.as_str(), policy.scope()), ("vmanage", "one"));

    let absent = nested("").unwrap();
    assert_eq!(absent.dialect_name(), "standard");
    let policy = absent.read(builtin("standard").unwrap()).unwrap();
    assert_eq!(format!("{policy:?}"), format!("{:?}", Policy::standard()));

    let unknown = nested("[policy]\ndialekt = \"vmanage\"").unwrap_err();
    assert!(unknown.message().starts_with("unknown field `dialekt`"), "{unknown}");
}

/// The file around it puts its own keys before the place, and knows the line.
#[test]
fn what_a_nested_policy_has_wrong_is_a_place() {
    let text = "[policy]\ndialect = \"voss\"\n[[policy.exempt]]\npath = \"/a\"\n\
                methods = [\"POST\"]\nreason = \"\"";
    let file: Nesting = toml::from_str(text).unwrap();
    let Misplaced { place, message } = file.policy.read(builtin("voss").unwrap()).unwrap_err();
    assert_eq!(place, ["exempt", "0", "reason"]);
    assert!(message.starts_with("an exemption says why"), "{message}");
    let place = [vec!["policy".to_owned()], place].concat();
    assert_eq!(line_of(text, &place), Some(6));
}

fn redback(text: &str) -> Result<Policy, PropertiesError> {
    Policy::builtin("redback").unwrap().with_properties(text)
}

#[test]
fn properties_are_read_as_java_writes_them() {
    let policy = redback(
        "# a comment\n! another\n\nrest.csrffilter.enabled = TRUE\n\
         rest.baseUrl: https://a.example/base , http://b.example:8080\n\
         unknown.key=whatever\nrest.csrffilter.absentorigin.deny=false\n\
         rest.csrffilter.disableTokenValidation =true\n",
    )
    .unwrap();
    let origins: Vec<String> = policy.public_origins().iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://a.example", "http://b.example:8080"]);
    assert!(policy.is_enabled());
    assert!(!policy.checks_token());
    assert_eq!(policy.dialect().provenance.absent, Absent::Allow);
}

/// A setting that was meant and not read would leave the check on, or worse, off.
#[test]
fn settings_hold_in_every_way_that_java_reads_them() {
    for text in [
        "rest.csrffilter.enabled=false",
        "rest.csrffilter.enabled: false",
        "rest.csrffilter.enabled false",
        "rest.csrffilter.enabled\tfalse",
        "rest.csrffilter.enabled = \\\n    false",
        "rest.csrffilter.en\\u0061bled = false",
    ] {
        assert!(!redback(text).unwrap().is_enabled(), "{text}");
    }
    let urls = redback("rest.baseUrl https\\://a.example/base, \\\n http\\://b.example").unwrap();
    let origins: Vec<String> = urls.public_origins().iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://a.example", "http://b.example"]);
}

#[test]
fn the_defaults_are_redbacks() {
    let policy = redback("").unwrap();
    assert!(policy.is_enabled() && policy.checks_token());
    assert_eq!(policy.dialect().provenance.absent, Absent::Refuse);
    assert!(policy.public_origins().is_empty());
    let settings: Vec<Setting> = policy.dialect().settings.values().copied().collect();
    assert_eq!(settings.len(), 4);
}

#[test]
fn broken_properties_name_their_line() {
    for (text, line, says) in [
        ("rest.csrffilter.enabled=yes", 1, "`yes` is neither true nor false"),
        ("\n\nrest.csrffilter.absentorigin.deny=", 3, "`` is neither true nor false"),
        ("a=b\nrest.baseUrl=a.example", 2, "`a.example` is not an origin; write scheme://host"),
        ("rest.baseUrl=https://a.example,,*", 1, "`*` is not an origin"),
        ("rest.csrffilter.disableTokenValidation=1", 1, "`1` is neither"),
        ("\nrest.csrffilter.enabled", 2, "`rest.csrffilter.enabled` has no value"),
        ("# c\nrest.csrffilter.enabledfalse", 2, "`rest.csrffilter.enabledfalse` has no value"),
        ("a = \\uzz", 1, "`\\uzz` is not a character"),
    ] {
        let error = redback(text).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.message.starts_with(says), "{text}: {}", error.message);
    }
    let other = Policy::standard().with_properties("rest.csrffilter.enabled=nonsense");
    assert!(other.is_ok(), "a dialect without settings leaves every key alone");
}

#[test]
fn the_schema_knows_every_key_of_a_policy() {
    let schema = policy_schema();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for key in ["dialect", "exempt", "route", "trusted_proxies", "form_limit", "scope", "rollout"] {
        assert!(keys.iter().any(|own| *own == key), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    let rollout = &schema["properties"]["rollout"];
    assert_eq!((&rollout["minimum"], &rollout["maximum"]), (&0.into(), &100.into()));
}

#[test]
fn no_policy_takes_a_dialect_for_clients_only() {
    let mut dialect = builtin("standard").unwrap();
    dialect.clients_only = Some("its tokens are the product's own".to_owned());
    let error = Policy::from_toml("p.toml", "dialect = \"theirs\"", |_| Ok(dialect)).unwrap_err();
    assert_eq!(error.line, Some(1));
    assert_eq!(error.message, "`standard` is for clients only: its tokens are the product's own");
}
