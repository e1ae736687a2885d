//! The commands that the examples show, run as they stand there.

use std::fs;
use std::process::Command;

use crate::front::{Front, examples};

/// What a command of an example begins with; other lines of its comment are for people.
const COMMAND: &str = "#     ";

impl Front {
    /// Runs the commands of the example's comment. What stands behind `  # ` in a command is what it
    /// prints.
    pub(crate) fn run_example(&self) {
        let commands: Vec<&str> =
            self.comment.lines().filter_map(|line| line.strip_prefix(COMMAND)).collect();
        let expected: Vec<&str> = commands
            .iter()
            .filter_map(|line| line.rsplit_once("  # ").map(|(_, printed)| printed))
            .collect();
        assert!(expected.len() > 4, "the example shows too little: {}", self.comment);
        let folder = self.folder.path();
        let run = Command::new("timeout")
            .args(["60", "bash", "-euo", "pipefail", "-c", &commands.join("\n")])
            .current_dir(folder)
            // A `.curlrc` of the person at the machine is not part of the test.
            .env("HOME", folder)
            .env("CURL_HOME", folder)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("http_proxy")
            .env_remove("ALL_PROXY")
            .output()
            .unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        let errors = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.success(), "{}\n{printed}\n{errors}", run.status);
        assert_eq!(printed.lines().collect::<Vec<_>>(), expected, "{errors}");
    }
}

#[test]
fn each_example_has_its_place_in_the_overview() {
    let overview = fs::read_to_string(examples().join("README.md")).unwrap();
    for name in ["genesys", "voss", "redback", "vmanage", "tao", "standard"] {
        assert!(overview.contains(&format!("({name}.toml)")), "{name}");
    }
}
