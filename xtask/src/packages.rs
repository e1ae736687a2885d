//! npm and pip packages, installed into ignored folders of the project and only when their list has
//! changed. A copy of the list beside the packages says what is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, steps};

/// Brings a folder's `node_modules` in line with its `package-lock.json`.
pub(crate) fn npm(folder: &Path) -> Result<()> {
    let list = folder.join("package-lock.json");
    let stamp = folder.join("node_modules").join(".installed-from");
    if is_current(&list, &stamp) {
        return Ok(());
    }
    steps::run("installing npm packages", Command::new("npm").arg("ci").current_dir(folder))?;
    fs::copy(&list, &stamp)?;
    Ok(())
}

/// A Python environment of the project's.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    /// Where its `.venv` is.
    pub(crate) folder: &'a str,
    /// What it consists of, every package pinned.
    pub(crate) lists: &'a [&'a str],
}

/// Brings an environment in line with its lists. Hands back its Python.
pub(crate) fn pip(root: &Path, Environment { folder, lists }: Environment<'_>) -> Result<PathBuf> {
    let venv = root.join(folder).join(".venv");
    let python = venv.join("bin").join("python");
    let stamp = venv.join("installed-from.txt");
    let lists: Vec<_> = lists.iter().map(|list| root.join(list)).collect();
    let mut wanted = Vec::new();
    for list in &lists {
        wanted.extend(fs::read(list).map_err(|error| format!("`{}`: {error}", list.display()))?);
    }
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    steps::run(
        "making a Python environment",
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv),
    )?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    for list in &lists {
        install.arg("-r").arg(list);
    }
    steps::run("installing Python packages", &mut install)?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

fn is_current(list: &Path, stamp: &Path) -> bool {
    match (fs::read(list), fs::read(stamp)) {
        (Ok(wanted), Ok(installed)) => wanted == installed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_current_until_their_list_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (list, stamp) = (folder.path().join("list"), folder.path().join("stamp"));
        assert!(!is_current(&list, &stamp), "nothing there");
        fs::write(&list, "a==1").unwrap();
        assert!(!is_current(&list, &stamp), "never installed");
        fs::copy(&list, &stamp).unwrap();
        assert!(is_current(&list, &stamp), "installed");
        fs::write(&list, "a==2").unwrap();
        assert!(!is_current(&list, &stamp), "changed since");
    }
}
