//! Listening sockets.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use crate::config::Address;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 4096;

/// Who may ask over a socket file: its owner and its group.
#[cfg(unix)]
const MODE: u32 = 0o660;

/// Opens listening sockets on one address, one for each of `count` threads; the address comes back with
/// its real port.
pub(crate) fn listen(address: &Address, count: usize) -> io::Result<(Vec<Socket>, Address)> {
    match address {
        Address::Tcp(address) => tcp(*address, count),
        Address::Unix(path) => {
            let first = unix(path)?;
            let others = (1..count).map(|_| first.try_clone()).collect::<io::Result<Vec<_>>>()?;
            Ok((std::iter::once(first).chain(others).collect(), address.clone()))
        }
    }
}

fn tcp(address: SocketAddr, count: usize) -> io::Result<(Vec<Socket>, Address)> {
    let first = if address.port() == 0 {
        tcp_socket(address, true)?
    } else {
        // A socket that shares its port takes one that another gateway has. This one does not, so it
        // finds out.
        drop(tcp_socket(address, false)?);
        tcp_socket(address, true)?
    };
    let real = first.local_addr()?.as_socket().unwrap_or(address);
    let others = (1..count).map(|_| tcp_socket(real, true)).collect::<io::Result<Vec<_>>>()?;
    Ok((std::iter::once(first).chain(others).collect(), real.into()))
}

fn tcp_socket(address: SocketAddr, shares: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(shares)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// All threads accept from one socket: a file has no more.
#[cfg(unix)]
fn unix(path: &Path) -> io::Result<Socket> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    let socket = || Socket::new(Domain::UNIX, Type::STREAM, None);
    let address = SockAddr::unix(path)?;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let message = "there is something else than a socket; remove it, or name another file";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(_) => match socket()?.connect(&address) {
            Ok(()) => return Err(io::ErrorKind::AddrInUse.into()),
            // Nobody listens: whoever made it has ended.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Err(error) => return Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = socket()?;
    socket.set_nonblocking(true)?;
    socket.bind(&address)?;
    // Before anybody can connect.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

#[cfg(not(unix))]
fn unix(_: &Path) -> io::Result<Socket> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no socket files"))
}

/// A socket at work in a runtime.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection that somebody made.
pub(crate) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Listener {
    pub(crate) fn new(socket: Socket) -> io::Result<Self> {
        #[cfg(unix)]
        if socket.local_addr()?.is_unix() {
            return UnixListener::from_std(socket.into()).map(Self::Unix);
        }
        TcpListener::from_std(socket.into()).map(Self::Tcp)
    }

    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                listener.accept().await.map(|(stream, address)| Accepted::Tcp(stream, address))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_socket_file_is_replaced_only_if_nobody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Unix(folder.path().join("s"));
        let path = folder.path().join("s");
        let (sockets, real) = listen(&address, 2).unwrap();
        assert_eq!((sockets.len(), &real), (2, &address));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(listen(&address, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(sockets);
        assert!(path.exists());
        listen(&address, 1).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(listen(&address, 1).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
