//! One connection to one Redis process.
//!
//! It has no task of its own: it is driven by whoever asks, so it is closed the moment it is dropped, and
//! answers need no second task to be woken.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, Value};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::config::{RedisConfig, Server};
use super::fault::Fault;

pub(super) struct Link {
    connection: MultiplexedConnection,
    io: Pin<Box<dyn Future<Output = ()> + Send>>,
    within: Duration,
}

/// What it takes to open one.
pub(super) struct Opener {
    data: RedisConnectionInfo,
    sentinel: RedisConnectionInfo,
    anybody: RedisConnectionInfo,
    tls: Option<TlsConnector>,
    patience: Duration,
    within: Duration,
}

/// How to begin.
#[derive(Clone, Copy)]
pub(super) enum Login {
    /// Logged in, with the database chosen.
    Data,
    /// As anybody: Sentinel has users of its own, and usually none.
    None,
    /// Logged in, at a Sentinel that wants it.
    Sentinel,
}

impl Opener {
    pub(super) fn new(config: &RedisConfig, tls: Option<TlsConnector>) -> Self {
        // Naming the client is one more command that an ACL would have to allow.
        let anybody = RedisConnectionInfo::default().set_skip_set_lib_name();
        let mut sentinel = anybody.clone();
        if let Some(password) = &config.password {
            sentinel = sentinel.set_password(password.as_str());
        }
        if let Some(user) = &config.user {
            sentinel = sentinel.set_username(user);
        }
        let data = sentinel.clone().set_db(i64::from(config.database));
        let (patience, within) = (config.patience(), config.timeout);
        Self { data, sentinel, anybody, tls, patience, within }
    }

    pub(super) async fn open(&self, server: &Server, login: Login) -> Result<Link, Fault> {
        let opened = timeout(self.patience, self.open_unbounded(server, login)).await;
        opened.map_err(|_| Fault::Timeout(self.patience))?
    }

    async fn open_unbounded(&self, server: &Server, login: Login) -> Result<Link, Fault> {
        let failed = |source| Fault::Connect { server: server.clone(), source };
        let socket = TcpStream::connect((server.host.as_str(), server.port)).await;
        let socket = socket.and_then(|socket| socket.set_nodelay(true).map(|()| socket));
        let socket = socket.map_err(failed)?;
        let login = match login {
            Login::Data => &self.data,
            Login::None => &self.anybody,
            Login::Sentinel => &self.sentinel,
        };
        match &self.tls {
            None => Link::begin(login, socket, self.within).await,
            Some(tls) => {
                let name = ServerName::try_from(server.host.clone());
                let name = name.map_err(|why| failed(std::io::Error::other(why)))?;
                let stream = tls.connect(name, socket).await.map_err(failed)?;
                Link::begin(login, stream, self.within).await
            }
        }
    }
}

impl Link {
    async fn begin<S>(
        login: &RedisConnectionInfo,
        stream: S,
        within: Duration,
    ) -> Result<Self, Fault>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        // Waiting is bounded once, in `ask`.
        let settings = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, io) =
            MultiplexedConnection::new_with_config(login, stream, settings).await?;
        Ok(Self { connection, io: Box::pin(io), within })
    }

    /// Sends all commands in one write and gives back as many answers, in their order. After an error the
    /// connection is out of step and must be dropped; whether any of the commands ran is not known then.
    pub(super) async fn ask(&mut self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        let Self { connection, io, within } = self;
        let answers = async {
            tokio::select! {
                biased;
                answers = connection.send_packed_commands(commands, 0, commands.len()) => {
                    answers.map_err(Fault::from)
                }
                () = io => Err(Fault::Closed),
            }
        };
        let answers = timeout(*within, answers).await.map_err(|_| Fault::Timeout(*within))??;
        if answers.len() == commands.len() {
            Ok(answers)
        } else {
            Err(Fault::unexpected("a pipeline"))
        }
    }

    /// Waits until the other side closes the connection.
    pub(super) async fn closed(&mut self) {
        self.io.as_mut().await;
    }
}
