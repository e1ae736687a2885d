//! An app with the gateway in front of it, as one of the examples configures it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use countersign::Timestamp;
use countersign_gateway::config::lint;
use countersign_gateway::{Config, Environment, Gateway, GatewayError};
use countersign_tower::ManualClock;
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::app::{App, Upstream};
use crate::client::{Call, Reply};

/// Where the examples have the app and its clients connect.
const EXAMPLE_UPSTREAM: &str = "127.0.0.1:9000";
const EXAMPLE_LISTEN: &str = "127.0.0.1:9080";

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

pub(crate) struct Front {
    pub(crate) upstream: Upstream,
    pub(crate) clock: ManualClock,
    /// The comment above the example's first line, and where its commands may leave files.
    pub(crate) comment: String,
    pub(crate) folder: TempDir,
    address: SocketAddr,
    #[expect(dead_code, reason = "it ends with this value")]
    gateway: Gateway,
    #[expect(dead_code, reason = "it keeps the port from others")]
    port: Socket,
}

impl Front {
    /// Starts the app, and the gateway of `examples/gateway/<example>.toml`.
    pub(crate) fn start(example: &str, app: App) -> Self {
        let upstream = Upstream::start(app);
        let name = format!("{example}.toml");
        let text = fs::read_to_string(examples().join(&name)).unwrap();
        for place in [EXAMPLE_UPSTREAM, EXAMPLE_LISTEN] {
            assert!(text.contains(place), "{name} does not name {place}");
        }
        let example = text.replace(EXAMPLE_UPSTREAM, &upstream.address.to_string());
        let find = |name: &str| countersign::builtin(name).ok_or_else(|| format!("no `{name}`"));
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(START);
        let start = |address: SocketAddr| {
            let text = example.replace(EXAMPLE_LISTEN, &address.to_string());
            let config = Config::from_toml(&name, &text, folder.path(), find);
            let config = config.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(lint(&config, START), [], "{name}");
            let clock = Arc::new(clock.clone());
            let environment = Environment { clock, ..Environment::default() };
            Ok::<_, GatewayError>((Gateway::start_with(config, environment)?, text))
        };
        // The system may give a port that is only reserved to somebody else who asks for any.
        let mut tries = 0;
        let (port, address, (gateway, text)) = loop {
            let (port, address) = reserve();
            match start(address) {
                Ok(started) => break (port, address, started),
                Err(GatewayError::Listen { .. }) if tries < 10 => tries += 1,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(gateway.addresses().listen, [address]);
        let comment = text.lines().take_while(|line| line.starts_with('#'));
        let comment = comment.map(|line| format!("{line}\n")).collect();
        Self { upstream, clock, comment, folder, address, gateway, port }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    pub(crate) fn post(&self, target: &str) -> Call {
        self.call("POST", target)
    }

    pub(crate) fn call(&self, method: &str, target: &str) -> Call {
        Call::new(self.address, method, target)
    }

    /// Sends each request and looks at what becomes of it.
    pub(crate) fn check(&self, rows: impl IntoIterator<Item = Row>, refused: fn(&str, &Reply)) {
        for Row { name, call, fate } in rows {
            let before = self.upstream.count();
            let reply = call.send();
            let reached = self.upstream.count() - before;
            match fate {
                Fate::Passes(status) => {
                    assert_eq!((reply.status, reached), (status, 1), "{name}: {reply:?}");
                }
                Fate::Refused => {
                    assert_eq!((reply.status, reached), (403, 0), "{name}: {reply:?}");
                    assert_eq!(reply.header("set-cookie"), None, "{name}");
                    refused(name, &reply);
                }
            }
        }
    }
}

/// One request, and what must become of it.
pub(crate) struct Row {
    name: &'static str,
    call: Call,
    fate: Fate,
}

enum Fate {
    /// The app gets it, and answers with this status.
    Passes(u16),
    /// The gateway answers, and the app never hears of it.
    Refused,
}

pub(crate) fn passes(status: u16, name: &'static str, call: Call) -> Row {
    Row { name, call, fate: Fate::Passes(status) }
}

pub(crate) fn refused(name: &'static str, call: Call) -> Row {
    Row { name, call, fate: Fate::Refused }
}

pub(crate) fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/gateway"))
}

/// A port that nobody else is given while the socket is there. It does not listen.
fn reserve() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    #[cfg(unix)]
    socket.set_reuse_port(true).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}
