//! The corpus files, as `corpus/README.md` describes them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use countersign::{Peer, Policy, Reason, RouteAccess, Scheme, builtin};
use serde::Deserialize;

/// A file's name, its text and its rows.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) number: u16,
    pub(crate) name: String,
    /// For readers.
    #[serde(default, rename = "missed_by")]
    _missed_by: Vec<String>,
    policy: Option<toml::Table>,
    connection: Option<Connection>,
    app: Option<App>,
    store: Option<Store>,
    pub(crate) case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) expect: Expect,
    policy: Option<toml::Table>,
    connection: Option<Connection>,
    app: Option<App>,
    store: Option<Store>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    /// The code of a permit.
    Allow(String),
    Refuse(Reason),
    Report(Reason),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Connection {
    scheme: String,
    peer: IpAddr,
    http: String,
    pub(crate) authority: Option<String>,
    client_certificate: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            scheme: "https".into(),
            peer: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
            http: "1.1".into(),
            authority: None,
            client_certificate: false,
        }
    }
}

impl Connection {
    pub(crate) fn peer(&self) -> Peer {
        assert!(matches!(self.http.as_str(), "1.1" | "2"), "no HTTP/{} is known", self.http);
        let scheme = match self.scheme.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => panic!("`{other}` is neither http nor https"),
        };
        let mut peer = Peer::new(Some(self.peer), scheme);
        peer.client_certificate = self.client_certificate;
        peer
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct App {
    pub(crate) session: Option<Over>,
    pub(crate) user: Option<String>,
    access: Option<Access>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Over {
    Over,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Access {
    Unrestricted,
    Restricted,
    Undeclared,
}

impl App {
    pub(crate) const fn access(&self) -> RouteAccess {
        match self.access {
            None => RouteAccess::Unspecified,
            Some(Access::Unrestricted) => RouteAccess::Unrestricted,
            Some(Access::Restricted) => RouteAccess::Restricted,
            Some(Access::Undeclared) => RouteAccess::Undeclared,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    Unavailable,
}

/// Everything that one case needs, with what it takes over from its row.
pub(crate) struct Entry<'c> {
    pub(crate) case: &'c Case,
    pub(crate) policy: Policy,
    pub(crate) connection: Connection,
    pub(crate) app: App,
    pub(crate) store: Option<Store>,
}

impl Row {
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.case.iter().map(|case| Entry {
            case,
            policy: policy(case.policy.as_ref().or(self.policy.as_ref())),
            connection: case.connection.clone().or(self.connection.clone()).unwrap_or_default(),
            app: case.app.clone().or(self.app.clone()).unwrap_or_default(),
            store: case.store.or(self.store),
        })
    }
}

fn policy(table: Option<&toml::Table>) -> Policy {
    let text = toml::to_string(table.unwrap_or(&toml::Table::new())).unwrap();
    let find = |name: &str| builtin(name).ok_or_else(|| format!("there is no dialect `{name}`"));
    Policy::from_toml("the policy", &text, find).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// All files of the folder, in the order of their names.
pub(crate) fn load(folder: &Path) -> Vec<File> {
    let mut files: Vec<File> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let rows: Rows =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            File { name, text, rows: rows.row }
        })
        .collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}
