"""The worked example of docs/dialects.md, word by word."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Iterator

import countersign.requests
import pytest
import requests
from conftest import ROOT
from gateway import App, gateway

GUIDE = (ROOT / "docs/dialects.md").read_text()


def example(language: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1, f"one block of {language}"
    return blocks[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the dialect, and the document that the guide's commands make of it."""
    (tmp_path / "ledger.toml").write_text(example("toml"))
    check, document, serve = (shlex.split(line, comments=True) for line in example("sh").splitlines())
    binary = os.environ["COUNTERSIGN_BIN"]
    assert (check[0], document[-2], serve[:2]) == ("countersign", ">", ["countersign", "serve"])
    checked = subprocess.run([binary, *check[1:]], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "ledger.toml: ok, Ledger\n"), checked.stderr
    with (tmp_path / document[-1]).open("w") as output:
        subprocess.run([binary, *document[1:-2]], cwd=tmp_path, stdout=output, check=True)
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> Iterator[tuple[str, App]]:
    app = App(session_cookie="ledger_sid", answers={"/api/session": {"user": "joe"}})
    with gateway(app, "ledger.toml", folder, pages=False) as url:
        yield url, app


def test_a_bare_change_is_refused(ledger: tuple[str, App]) -> None:
    url, app = ledger
    refused = requests.post(f"{url}/api/entries", json={})
    assert (refused.status_code, refused.json()) == (403, {"error": "bad_token"})
    assert app.changes == []


def test_the_script_gets_through(
    ledger: tuple[str, App], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, app = ledger
    monkeypatch.chdir(folder)
    script = example("python")
    assert "http://127.0.0.1:9080" in script
    names: dict[str, countersign.requests.Session] = {}
    exec(script.replace("http://127.0.0.1:9080", url), names)
    assert app.changes == ["POST /api/entries"]
    session = names["ledger"].get("/api/session").json()
    assert session.keys() == {"user", "csrf"}
    assert re.fullmatch("[0-9a-f]{40}", session["csrf"])


def test_what_the_routes_say(ledger: tuple[str, App]) -> None:
    url, app = ledger
    foreign = {"Origin": "https://evil.example"}
    for path, headers, status in [
        ("/api/reports/2026", {}, 200),
        ("/api/reports/2026", foreign, 200),
        ("/api/reports", {}, 403),
        ("/api/entries", {}, 403),
        ("/API/entries", {}, 403),
        ("/login", {}, 200),
        ("/login", foreign, 403),
    ]:
        assert requests.post(url + path, headers=headers).status_code == status, (path, headers)
    assert len(app.changes) == 3


def test_the_document_says_what_the_server_says(ledger: tuple[str, App], folder: Path) -> None:
    url, _ = ledger
    assert requests.get(f"{url}/.well-known/csrf").json() == json.loads((folder / "ledger.json").read_text())
