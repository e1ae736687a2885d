//! The test suites, each run by its own test runner.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde_json::Value;

use crate::packages::Environment;
use crate::report::{Counts, Outcome, Report};
use crate::{Result, chaos, needs, packages, steps};

/// One runner's tests.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Suite {
    /// Unit, integration and documentation tests of every crate
    Rust,
    /// Unmodified JavaScript clients against the playground
    Node,
    /// The npm package of the browser client, in Node.js
    BrowserClient,
    /// Unmodified Python clients and curl against the playground
    Python,
    /// The Python package
    PythonClient,
    /// Each dialect of the catalogue, against the product that it is of where that can be had
    Catalogue,
    /// Other products' JavaScript clients, against our server side of their dialects
    CatalogueClients,
    /// Browsers against the playground and an attacker's page, with and without our client
    Browser,
    /// A short round of `cargo xtask chaos`
    Chaos,
}

impl Suite {
    /// In the order in which they run: what is quick to fail comes first.
    pub(crate) const ALL: &[Self] = &[
        Self::Rust,
        Self::Node,
        Self::BrowserClient,
        Self::Python,
        Self::PythonClient,
        Self::Catalogue,
        Self::CatalogueClients,
        Self::Browser,
        Self::Chaos,
    ];

    fn run(self, root: &Path) -> Result<Outcome> {
        match self {
            Self::Rust => rust(root),
            Self::Node => node(root, self, "e2e", "clients/node"),
            Self::BrowserClient => node(root, self, "clients/browser", "test"),
            Self::Python => python(root, self, E2E, "e2e/clients/python"),
            Self::PythonClient => python(root, self, PACKAGE, "clients/python"),
            Self::Catalogue => {
                // One of the products is an npm package.
                packages::npm(&root.join("e2e/catalogue"))?;
                python(root, self, E2E, "e2e/catalogue")
            }
            Self::CatalogueClients => node(root, self, "e2e/catalogue", "."),
            Self::Browser => node(root, self, "e2e", "browsers"),
            Self::Chaos => Ok(Outcome::counted(chaos::short(root)?)),
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Runs the chosen suites and says how each went.
pub(crate) fn run(root: &Path, chosen: &[Suite]) -> Report {
    let missing = needs::satisfy(chosen);
    let mut report = Report::default();
    for &suite in chosen {
        let lacking = needs::lacking(suite, &missing);
        let outcome = if lacking.is_empty() {
            suite.run(root).unwrap_or_else(|error| Outcome::failed(error.to_string()))
        } else {
            let why: Vec<_> = lacking.iter().map(ToString::to_string).collect();
            Outcome::skipped(why.join("; "))
        };
        report.add(suite, outcome);
    }
    report
}

fn rust(root: &Path) -> Result<Outcome> {
    let mut counts = Vec::new();
    let status = steps::lines(
        "Rust tests",
        // With traces, whose tests would else need a build of their own. The other suites run the
        // command as it is shipped, without. A collector of this machine's is not to hear of tests.
        steps::cargo(root)
            .args(["test", "--workspace", "--no-fail-fast", "--features=countersign-gateway/otel"])
            .env("OTEL_SDK_DISABLED", "true"),
        |line| {
            println!("{line}");
            counts.extend(Counts::from_libtest(line));
        },
    )?;
    Ok(Outcome::ran(Some(counts.into_iter().sum()), status))
}

/// The tests in a folder of an npm package.
fn node(root: &Path, suite: Suite, package: &str, tests: &str) -> Result<Outcome> {
    let package = root.join(package);
    packages::npm(&package)?;
    if suite == Suite::Browser {
        // Its pages load the client, whose tests use packages of its own.
        packages::npm(&root.join("clients/browser"))?;
    }
    let binary = build_binary(root, "dev")?;
    let tests = test_files(&package.join(tests))?;
    let report = report_file(root, suite, "tap")?;
    let mut node = Command::new("node");
    // Two reporters: one to be read by people as it comes, one to be counted.
    node.args(["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"])
        .arg("--test-reporter=tap")
        .arg(format!("--test-reporter-destination={}", report.display()))
        .args(tests)
        .current_dir(package);
    if suite == Suite::Browser {
        let found = [("CHROMIUM_BIN", needs::chromium()), ("FIREFOX_BIN", needs::firefox())];
        for (name, browser) in found {
            node.envs(browser.map(|browser| (name, browser)));
        }
    }
    let status = steps::status(&format!("{suite} tests"), with_plain_network(&mut node, &binary))?;
    Ok(Outcome::ran(fs::read_to_string(report).ok().as_deref().and_then(Counts::from_tap), status))
}

/// The Python of everything in `e2e`.
const E2E: Environment<'_> = Environment {
    folder: "e2e",
    lists: &["e2e/clients/python/requirements.txt", "e2e/catalogue/requirements.txt"],
};

/// The Python of the package, which must not find what only `e2e` needs.
const PACKAGE: Environment<'_> =
    Environment { folder: "clients/python", lists: &["clients/python/requirements-dev.txt"] };

/// The tests in a folder, by pytest.
fn python(
    root: &Path,
    suite: Suite,
    environment: Environment<'_>,
    folder: &str,
) -> Result<Outcome> {
    let python = packages::pip(root, environment)?;
    let binary = build_binary(root, "dev")?;
    let report = report_file(root, suite, "xml")?;
    let mut pytest = Command::new(python);
    pytest
        .args(["-m", "pytest", "-v"])
        .arg(format!("--junit-xml={}", report.display()))
        // The package as it stands, not as it was when the environment was made.
        .env("PYTHONPATH", root.join("clients/python/src"))
        .current_dir(root.join(folder));
    let status =
        steps::status(&format!("{suite} tests"), with_plain_network(&mut pytest, &binary))?;
    let counts = fs::read_to_string(report).ok().as_deref().and_then(Counts::from_junit);
    Ok(Outcome::ran(counts, status))
}

/// What a call costs through each of the clients.
pub(crate) fn bench_clients(root: &Path) -> Result<()> {
    let missing = needs::satisfy(&[Suite::Browser, Suite::PythonClient]);
    if let Some(need) = missing.first() {
        return Err(need.to_string().into());
    }
    let (browser, package) = (root.join("clients/browser"), root.join("clients/python"));
    packages::npm(&root.join("e2e"))?;
    packages::npm(&browser)?;
    let python = packages::pip(root, PACKAGE)?;
    let mut node = Command::new("node");
    node.arg("bench/run.mjs").current_dir(browser);
    node.envs(needs::chromium().map(|chromium| ("CHROMIUM_BIN", chromium)));
    steps::run("browser client", without_overrides(&mut node))?;
    let mut bench = Command::new(python);
    bench.arg("bench.py").env("PYTHONPATH", "src").current_dir(package);
    steps::run("python client", without_overrides(&mut bench))?;
    let mut bench = steps::cargo(root);
    bench.args(["bench", "--package=countersign-bench", "--bench=clients"]);
    steps::run("rust client", &mut bench)
}

/// Builds `countersign` and asks Cargo where it went.
pub(crate) fn build_binary(root: &Path, profile: &str) -> Result<PathBuf> {
    let mut binary = None;
    let status = steps::lines(
        "building countersign",
        steps::cargo(root).args([
            "build",
            "--package=countersign-cli",
            "--profile",
            profile,
            "--message-format=json-render-diagnostics",
        ]),
        |line| binary = executable(line).or(binary.take()),
    )?;
    match binary {
        Some(binary) if status.success() => Ok(binary),
        _ => Err("countersign does not build: see the compiler's messages above".into()),
    }
}

/// The program that one of Cargo's messages tells of, if it does.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

/// The test files, by name: `node --test FOLDER` means something else in each major version.
fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read the tests in `{}`: {error}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    // Without a file node would search for tests by itself, in the clients' packages too.
    if files.is_empty() {
        return Err(format!("no `*.test.mjs` in `{}`", folder.display()).into());
    }
    Ok(files)
}

/// Where a runner leaves its report. One of an earlier run must not be counted again.
fn report_file(root: &Path, suite: Suite, extension: &str) -> Result<PathBuf> {
    let folder = root.join("e2e").join(".reports");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{suite}.{extension}"));
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(file),
    }
}

/// Clients under test talk to loopback with the certificates that the tests name: what the machine
/// says of proxies and certificate stores would override both.
fn with_plain_network<'a>(command: &'a mut Command, binary: &Path) -> &'a mut Command {
    without_overrides(command).env("COUNTERSIGN_BIN", binary)
}

fn without_overrides(command: &mut Command) -> &mut Command {
    const OVERRIDES: &[&str] = &[
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ];
    for name in OVERRIDES {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_messages() {
        for (name, message, expected) in [
            ("a program", r#"{"reason":"compiler-artifact","executable":"/t/x"}"#, Some("/t/x")),
            ("a library", r#"{"reason":"compiler-artifact","executable":null}"#, None),
            ("the end", r#"{"reason":"build-finished","success":true}"#, None),
            ("what a build script printed", "hello", None),
        ] {
            assert_eq!(executable(message), expected.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn only_test_files_are_run_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.test.mjs", "a.test.mjs", "helper.mjs", "page.html"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["a.test.mjs", "b.test.mjs"].map(|name| folder.path().join(name));
        assert_eq!(test_files(folder.path()).unwrap(), expected);
    }

    #[test]
    fn a_folder_without_test_files_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(test_files(folder.path()).is_err());
        assert!(test_files(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn an_earlier_report_is_not_counted_again() {
        let root = tempfile::tempdir().unwrap();
        let report = report_file(root.path(), Suite::Node, "tap").unwrap();
        fs::write(&report, "# pass 3").unwrap();
        assert_eq!(report_file(root.path(), Suite::Node, "tap").unwrap(), report);
        assert!(!report.exists());
    }
}
