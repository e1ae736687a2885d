//! A recipe put to work: its files, with the addresses of this test, and the program that they are for.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a program may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// The files of a recipe in a folder of their own.
pub(crate) struct Recipe {
    source: PathBuf,
    folder: TempDir,
}

impl Recipe {
    pub(crate) fn named(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        Self { source, folder: TempDir::new().expect("a temporary folder") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes a file over. Each text of `changes` is in it, and becomes another.
    pub(crate) fn take(&self, file: &str, changes: &[(&str, String)]) {
        let mut text = fs::read_to_string(self.source.join(file)).expect("a file of the recipe");
        for (from, to) in changes {
            assert!(text.contains(from), "{file} does not hold `{from}`");
            text = text.replace(from, to);
        }
        self.write(file, &text);
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.folder().join(file), text).expect("a file in the temporary folder");
    }

    /// Starts the program in the folder, and waits until it listens.
    pub(crate) async fn start(self, program: &str, arguments: &[&str], at: SocketAddr) -> Running {
        let path = std::env::var("PATH").unwrap_or_default();
        let errors = fs::File::create(self.folder().join("stderr")).expect("a file");
        let output = errors.try_clone().expect("a file");
        let spawned = Command::new(program)
            .args(arguments)
            // Debian keeps servers where only the administrator looks.
            .env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"))
            .env("HOME", self.folder())
            .env("XDG_CONFIG_HOME", self.folder())
            .env("XDG_DATA_HOME", self.folder())
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let child = spawned.unwrap_or_else(|error| {
            panic!(
                "cannot start `{program}`: {error}; install it (Debian: apt-get install {program})"
            )
        });
        let mut running = Running { child, folder: self.folder };
        let since = Instant::now();
        while tokio::net::TcpStream::connect(at).await.is_err() {
            let ended = running.child.try_wait().expect("a child of this process");
            if ended.is_some() || since.elapsed() > PATIENCE {
                panic!("`{program}` does not listen at {at}:\n{}", running.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running
    }
}

/// A program that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    folder: TempDir,
}

impl Running {
    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free just now, for programs that must be told one.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
