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

/// Brings a folder's `.venv` in line with its `requirements.txt`. Hands back its Python.
pub(crate) fn pip(folder: &Path) -> Result<PathBuf> {
    let venv = folder.join(".venv");
    let python = venv.join("bin").join("python");
    let list = folder.join("requirements.txt");
    let stamp = venv.join("installed-from.txt");
    if is_current(&list, &stamp) && python.exists() {
        return Ok(python);
    }
    steps::run(
        "making a Python environment",
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv),
    )?;
    steps::run(
        "installing Python packages",
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "-r"])
            .arg(&list),
    )?;
    fs::copy(&list, &stamp)?;
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
