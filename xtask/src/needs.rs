//! The programs that tests and benchmarks use beside Cargo: how each is recognised, and which Debian
//! packages bring it.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::steps;
use crate::suites::Suite;

/// One program that some chore cannot do without.
#[derive(Debug, PartialEq)]
pub(crate) struct Need {
    name: &'static str,
    used_by: &'static [Suite],
    /// `bench gateway` measures it, or measures with it.
    benchmarked: bool,
    /// Any one of these commands ending well shows that it is there.
    shown_by: &'static [&'static [&'static str]],
    debian: &'static [&'static str],
}

const CHROMIUM: &[&[&str]] = &[&["chromium", "--version"], &["chromium-browser", "--version"]];
const FIREFOX: &[&[&str]] = &[&["firefox-esr", "--version"], &["firefox", "--version"]];
const NODE_18: &str = "process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)";
const NODE_20: &str = "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)";
const PYTHON_3_10: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";

/// Every need of every suite and benchmark.
const NEEDS: &[Need] = &[
    Need {
        name: "Node.js 18 or later",
        used_by: &[Suite::Node, Suite::BrowserClient, Suite::Browser],
        benchmarked: false,
        shown_by: &[&["node", "-e", NODE_18]],
        debian: &["nodejs"],
    },
    Need {
        name: "Node.js 20 or later",
        used_by: &[Suite::Catalogue, Suite::CatalogueClients],
        benchmarked: false,
        shown_by: &[&["node", "-e", NODE_20]],
        debian: &["nodejs"],
    },
    Need {
        name: "npm",
        used_by: &[
            Suite::Node,
            Suite::BrowserClient,
            Suite::Catalogue,
            Suite::CatalogueClients,
            Suite::Browser,
        ],
        benchmarked: false,
        shown_by: &[&["npm", "--version"]],
        debian: &["npm"],
    },
    Need {
        name: "Chromium",
        used_by: &[Suite::Browser],
        benchmarked: false,
        shown_by: CHROMIUM,
        debian: &["chromium"],
    },
    Need {
        name: "Firefox",
        used_by: &[Suite::Browser],
        benchmarked: false,
        shown_by: FIREFOX,
        debian: &["firefox-esr"],
    },
    Need {
        name: "WebKit, with its driver",
        used_by: &[Suite::Browser],
        benchmarked: false,
        // It does not say its version.
        shown_by: &[&["WebKitWebDriver", "--help"]],
        debian: &["webkit2gtk-driver"],
    },
    Need {
        name: "Xvfb",
        used_by: &[Suite::Browser],
        benchmarked: false,
        shown_by: &[&["Xvfb", "-help"]],
        debian: &["xvfb"],
    },
    Need {
        name: "Python 3.10 or later, with venv",
        used_by: &[Suite::Python, Suite::PythonClient, Suite::Catalogue],
        benchmarked: false,
        shown_by: &[&["python3", "-c", PYTHON_3_10]],
        debian: &["python3", "python3-venv"],
    },
    Need {
        name: "curl",
        used_by: &[Suite::Rust, Suite::Python],
        benchmarked: false,
        shown_by: &[&["curl", "--version"]],
        debian: &["curl"],
    },
    Need {
        name: "nginx",
        used_by: &[Suite::Rust],
        benchmarked: true,
        shown_by: &[&["nginx", "-v"]],
        debian: &["nginx"],
    },
    Need {
        name: "HAProxy",
        used_by: &[Suite::Rust],
        benchmarked: true,
        shown_by: &[&["haproxy", "-v"]],
        debian: &["haproxy"],
    },
    Need {
        name: "Caddy",
        used_by: &[Suite::Rust],
        benchmarked: true,
        shown_by: &[&["caddy", "version"]],
        debian: &["caddy"],
    },
    Need {
        name: "Redis, with Sentinel",
        used_by: &[Suite::Rust, Suite::Chaos],
        benchmarked: false,
        // Debian has Sentinel, and the benchmark, in packages of their own.
        shown_by: &[&[
            "sh",
            "-c",
            "redis-server --version && command -v redis-sentinel && command -v redis-benchmark",
        ]],
        debian: &["redis-server", "redis-sentinel", "redis-tools"],
    },
    Need {
        name: "libfaketime",
        used_by: &[Suite::Chaos],
        benchmarked: false,
        shown_by: &[&["faketime", "+0 hours", "true"]],
        debian: &["faketime"],
    },
    Need {
        name: "Transmission",
        used_by: &[Suite::Catalogue],
        benchmarked: false,
        shown_by: &[&["transmission-daemon", "--version"]],
        debian: &["transmission-daemon"],
    },
    Need {
        name: "Ruby on Rails, with Puma",
        used_by: &[Suite::Catalogue],
        benchmarked: false,
        shown_by: &[&[
            "sh",
            "-c",
            "ruby -e 'Gem::Specification.find_by_name(%q(railties))' && puma --version",
        ]],
        debian: &["ruby-railties", "puma"],
    },
    Need {
        name: "Laravel",
        used_by: &[Suite::Catalogue],
        benchmarked: false,
        shown_by: &[&["sh", "-c", "php -v && test -f /usr/share/php/Illuminate/autoload.php"]],
        debian: &["php-cli", "php-laravel-framework"],
    },
    Need {
        name: "WordPress, with MariaDB",
        used_by: &[Suite::Catalogue],
        benchmarked: false,
        shown_by: &[&[
            "sh",
            "-c",
            "php -m | grep -q mysqli && mariadbd --version && test -d /usr/share/wordpress",
        ]],
        debian: &["wordpress", "php-cli", "php-mysql", "mariadb-server"],
    },
    Need {
        name: "wrk",
        used_by: &[],
        benchmarked: true,
        // It ends with an error even when it is asked only for its version.
        shown_by: &[&["sh", "-c", "command -v wrk"]],
        debian: &["wrk"],
    },
    Need {
        name: "taskset",
        used_by: &[],
        benchmarked: true,
        shown_by: &[&["taskset", "--version"]],
        debian: &["util-linux"],
    },
];

impl Need {
    fn is_met(&self) -> bool {
        working(self.shown_by).is_some()
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packages = self.debian.join(" ");
        write!(f, "{} is missing (`apt-get install --no-install-recommends {packages}`)", self.name)
    }
}

/// The command that starts Chromium on this machine.
pub(crate) fn chromium() -> Option<&'static str> {
    working(CHROMIUM)
}

/// The command that starts Firefox on this machine.
pub(crate) fn firefox() -> Option<&'static str> {
    working(FIREFOX)
}

/// Installs what the suites need, where that is allowed. What is still missing afterwards comes back.
pub(crate) fn satisfy(suites: &[Suite]) -> Vec<&'static Need> {
    bring(|need| need.used_by.iter().any(|suite| suites.contains(suite)))
}

/// The same for the programs of `bench gateway`.
pub(crate) fn of_the_gateway_benchmark() -> Vec<&'static Need> {
    bring(|need| need.benchmarked)
}

fn bring(wanted: impl Fn(&Need) -> bool) -> Vec<&'static Need> {
    let missing = unmet(&wanted);
    if missing.is_empty() {
        return missing;
    }
    if may_install()
        && let Err(error) = install(&missing)
    {
        println!("{error}");
    }
    let missing = unmet(&wanted);
    for need in &missing {
        println!("{need}");
    }
    missing
}

/// The needs among `missing` that keep `suite` from running.
pub(crate) fn lacking(suite: Suite, missing: &[&'static Need]) -> Vec<&'static Need> {
    missing.iter().copied().filter(|need| need.used_by.contains(&suite)).collect()
}

/// The program of the first command that ends well here.
fn working(commands: &[&[&'static str]]) -> Option<&'static str> {
    commands.iter().find_map(|command| {
        let (program, args) = command.split_first()?;
        let quiet = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        quiet.is_ok_and(|status| status.success()).then_some(*program)
    })
}

fn unmet(wanted: impl Fn(&Need) -> bool) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| wanted(need) && !need.is_met()).collect()
}

fn may_install() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    is_root && Path::new("/etc/debian_version").exists()
}

fn install(missing: &[&Need]) -> crate::Result<()> {
    steps::run("reading Debian's package lists", apt_get().args(["-q", "update"]))?;
    let packages: Vec<_> = missing.iter().flat_map(|need| need.debian).copied().collect();
    let _unstarted = Unstarted::new();
    steps::run(
        &format!("installing {}", packages.join(" ")),
        apt_get().args(["-q", "install", "-y", "--no-install-recommends"]).args(packages),
    )
}

/// While it lives, Debian starts no server that it installs: the tests start their own, and nobody asked
/// for one that listens to the world. A machine that has its say on this already keeps it.
struct Unstarted(bool);

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Unstarted {
    fn new() -> Self {
        use std::os::unix::fs::OpenOptionsExt;

        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o755).open(POLICY);
        // 101: an action that policy forbids.
        let written = file.and_then(|mut file| file.write_all(b"#!/bin/sh\nexit 101\n"));
        Self(written.is_ok())
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        if self.0 {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

fn apt_get() -> Command {
    let mut apt_get = Command::new("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive");
    apt_get
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Need = Need {
        name: "A thing",
        used_by: &[Suite::Python],
        benchmarked: false,
        shown_by: &[&["no-such-program-anywhere", "--version"]],
        debian: &["thing", "thing-data"],
    };

    #[test]
    fn a_program_that_is_not_there_is_an_unmet_need() {
        assert!(!ABSENT.is_met());
    }

    #[test]
    fn a_program_that_ends_badly_is_an_unmet_need() {
        assert!(!Need { shown_by: &[&["false"]], ..ABSENT }.is_met());
    }

    #[test]
    fn the_second_name_of_a_program_will_do() {
        assert_eq!(working(&[&["no-such-program-anywhere"], &["true"]]), Some("true"));
    }

    #[test]
    fn a_missing_need_says_what_would_install_it() {
        assert_eq!(
            ABSENT.to_string(),
            "A thing is missing (`apt-get install --no-install-recommends thing thing-data`)"
        );
    }

    #[test]
    fn a_need_holds_up_only_the_suites_that_use_it() {
        static ABSENT_HERE: Need = ABSENT;
        assert_eq!(lacking(Suite::Python, &[&ABSENT_HERE]), [&ABSENT_HERE]);
        assert_eq!(lacking(Suite::Rust, &[&ABSENT_HERE]), [] as [&Need; 0]);
    }

    #[test]
    fn the_rust_suite_needs_nothing_installed() {
        assert_eq!(unmet(|need| need.used_by.contains(&Suite::Rust)), [] as [&Need; 0]);
    }
}
