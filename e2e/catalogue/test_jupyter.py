"""Jupyter Server, which is JupyterLab's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from countersign.errors import LoginError
from jupyter_server.auth import passwd
from servers import serving

NOTE = {"type": "file", "format": "text", "content": "hello"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("jupyter")
    places = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser",
        "--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=",
        f"--PasswordIdentityProvider.hashed_password={passwd('secret', 'sha1')}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--allow-root")
    with serving(command, folder, {**places, "HOME": str(folder)}) as url:
        yield url


@pytest.fixture
def session(server: str) -> countersign.requests.Session:
    return countersign.requests.Session(server, "jupyter", user="", password="secret")


def logged_in_by_hand(server: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{server}/login")
    form = {"password": "secret", "_xsrf": session.cookies["_xsrf"]}
    assert session.post(f"{server}/login", data=form, allow_redirects=False).status_code == 302
    return session


def test_without_the_client_a_change_is_refused(server: str) -> None:
    reply = logged_in_by_hand(server).put(f"{server}/api/contents/bare.txt", json=NOTE)
    assert reply.status_code == 403
    assert reply.json()["message"] == "'_xsrf' argument missing from POST"


def test_logging_in_is_a_change_too(server: str) -> None:
    assert requests.post(f"{server}/login", data={"password": "secret"}).status_code == 403


def test_one_line_logs_in_and_changes(session: countersign.requests.Session) -> None:
    assert session.put("/api/contents/a.txt", json=NOTE).status_code == 201
    assert session.get("/api/contents/a.txt").json()["content"] == "hello"
    assert session.delete("/api/contents/a.txt").status_code == 204


def test_a_wrong_password_is_told(server: str) -> None:
    with pytest.raises(LoginError):
        countersign.requests.Session(server, "jupyter", user="", password="wrong")


def test_a_token_that_got_lost_is_fetched_again(session: countersign.requests.Session) -> None:
    assert session.put("/api/contents/b.txt", json=NOTE).status_code == 201
    for cookie in [cookie for cookie in session.cookies if cookie.name == "_xsrf"]:
        session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    assert session.put("/api/contents/b.txt", json={**NOTE, "content": "again"}).status_code == 200
    assert session.get("/api/contents/b.txt").json()["content"] == "again"


def test_after_logging_out_nothing_is_left(session: countersign.requests.Session) -> None:
    session.logout()
    assert session.put("/api/contents/late.txt", json=NOTE, allow_redirects=False).status_code in (302, 403)


def test_the_command_line_gets_through_too(server: str, command: Callable[..., str]) -> None:
    note = f"{server}/api/contents/command.txt"
    command("jupyter", "PUT", note, "--login", "x:secret", "--json", json.dumps(NOTE))
    assert json.loads(command("jupyter", "GET", note))["content"] == "hello"
    command("jupyter", "DELETE", note)
