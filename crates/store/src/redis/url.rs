//! The forms of URL that name a Redis.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::config::{OpenError, RedisConfig, Server, Servers};

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Reads such a URL. No error repeats what may be a part of a password.
pub(super) fn parse(text: &str) -> Result<RedisConfig, OpenError> {
    let (scheme, rest) = text.split_once("://").ok_or(OpenError::Scheme)?;
    let (kind, tls) = match scheme {
        "redis" => (Kind::One, false),
        "rediss" => (Kind::One, true),
        "redis+sentinel" => (Kind::Sentinel, false),
        "rediss+sentinel" => (Kind::Sentinel, true),
        "redis+cluster" => (Kind::Cluster, false),
        "rediss+cluster" => (Kind::Cluster, true),
        _ => return Err(OpenError::Scheme),
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if rest.contains(['@', '#']) {
        // A password with a `/` in it would otherwise be read as a path, and be named in an error.
        return Err(OpenError::Credentials);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };

    let mut config = RedisConfig::new(Servers::Cluster(Vec::new()));
    config.tls = tls;
    if let Some(login) = login {
        read_login(login, &mut config)?;
    }
    let servers = read_servers(hosts, kind.port())?;
    let path = path.strip_prefix('/').unwrap_or(path);
    config.servers = match kind {
        Kind::One => {
            config.database = database(path).ok_or(OpenError::Path("a database's number"))?;
            let [server] = <[Server; 1]>::try_from(servers).map_err(|_| OpenError::OneServer)?;
            Servers::One(server)
        }
        Kind::Sentinel => {
            let (name, number) = path.split_once('/').unwrap_or((path, ""));
            let expected = "`/name`, as Sentinel knows the primary, or `/name/database`";
            config.database = database(number).ok_or(OpenError::Path(expected))?;
            let name = decode(name).filter(|name| !name.is_empty());
            let name = name.ok_or(OpenError::Path(expected))?.to_string();
            Servers::Sentinel { sentinels: servers, name }
        }
        Kind::Cluster => {
            if database(path) != Some(0) {
                return Err(OpenError::Path("empty: a cluster has one database"));
            }
            Servers::Cluster(servers)
        }
    };
    read_query(query, config)
}

#[derive(Clone, Copy)]
enum Kind {
    One,
    Sentinel,
    Cluster,
}

impl Kind {
    const fn port(self) -> u16 {
        match self {
            Self::Sentinel => SENTINEL_PORT,
            Self::One | Self::Cluster => PORT,
        }
    }
}

fn read_login(login: &str, config: &mut RedisConfig) -> Result<(), OpenError> {
    let (user, password) = login.split_once(':').ok_or(OpenError::Credentials)?;
    let password = decode(password).filter(|password| !password.is_empty());
    config.password = Some(password.ok_or(OpenError::Credentials)?);
    let user = decode(user).ok_or(OpenError::Credentials)?;
    config.user = (!user.is_empty()).then(|| user.to_string());
    Ok(())
}

fn read_servers(hosts: &str, port: u16) -> Result<Vec<Server>, OpenError> {
    let servers = hosts.split(',').enumerate();
    servers.map(|(at, text)| server(text, port).ok_or(OpenError::Server(at + 1))).collect()
}

fn server(text: &str, usual_port: u16) -> Option<Server> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if host.is_empty() || !host.bytes().all(named) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => usual_port,
    };
    Some(Server { host: host.to_owned(), port })
}

fn database(path: &str) -> Option<u32> {
    if path.is_empty() { Some(0) } else { path.parse().ok() }
}

fn read_query(query: &str, mut config: RedisConfig) -> Result<RedisConfig, OpenError> {
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        config = match &*key {
            "timeout" => config.with_timeout(span(&value).ok_or(OpenError::Timeout)?)?,
            "prefix" => config.with_prefix(&value)?,
            "ca" => config.with_ca(value.as_ref().as_ref()),
            _ => return Err(OpenError::Key(key.escape_debug().to_string())),
        };
    }
    Ok(config)
}

fn span(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

fn decode(text: &str) -> Option<Zeroizing<String>> {
    percent_decode_str(text).decode_utf8().ok().map(|text| Zeroizing::new(text.into_owned()))
}
