"""Transmission's daemon: the refusal says the id."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from countersign.requests import CsrfAuth
from requests.adapters import HTTPAdapter
from servers import needs, serving

RPC = "/transmission/rpc"
ID = "X-Transmission-Session-Id"
STATS = {"method": "session-stats"}
ADMIN = ("admin", "secret")


def daemon(folder: Path, port: int | None = None, **settings: object) -> AbstractContextManager[str]:
    program = needs("transmission-daemon", "transmission-daemon")
    quiet = {
        "dht-enabled": False,
        "lpd-enabled": False,
        "pex-enabled": False,
        "utp-enabled": False,
        "port-forwarding-enabled": False,
        "peer-port-random-on-start": True,
        "bind-address-ipv4": "127.0.0.1",
        "bind-address-ipv6": "::1",
        "rpc-bind-address": "127.0.0.1",
        "download-dir": str(folder),
        **settings,
    }
    (folder / "settings.json").write_text(json.dumps(quiet))
    return serving([program, "--foreground", "--config-dir", folder, "--port", "{port}"], folder, port=port)


@pytest.fixture
def open_daemon(tmp_path: Path) -> Iterator[str]:
    with daemon(tmp_path) as url:
        yield url


@pytest.fixture
def guarded_daemon(tmp_path: Path) -> Iterator[str]:
    user, password = ADMIN
    own = {"rpc-authentication-required": True, "rpc-username": user, "rpc-password": password}
    with daemon(tmp_path, **own) as url:
        yield url


def test_without_the_client_a_call_is_refused(open_daemon: str) -> None:
    reply = requests.post(open_daemon + RPC, json=STATS)
    assert reply.status_code == 409
    assert reply.headers[ID] in reply.text


def test_one_line_gets_through(open_daemon: str) -> None:
    session = countersign.requests.Session(open_daemon, "transmission")
    for _ in range(2):
        assert session.post(RPC, json=STATS).json()["result"] == "success"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The id of each request that goes out."""
    ids: list[str | None] = []
    send = HTTPAdapter.send

    def record(self: HTTPAdapter, request: requests.PreparedRequest, **options: object) -> requests.Response:
        ids.append(request.headers.get(ID))
        return send(self, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", record)
    return ids


def test_the_id_is_asked_for_once(open_daemon: str, sent: list[str | None]) -> None:
    session = countersign.requests.Session(open_daemon, "transmission")
    for _ in range(3):
        assert session.post(RPC, json=STATS).status_code == 200
    told = sent[1]
    assert told is not None
    assert sent == [None, told, told, told]


def test_an_id_of_yesterday_is_replaced(tmp_path: Path, sent: list[str | None]) -> None:
    """The daemon makes a new one every hour, and whenever it starts."""
    with daemon(tmp_path) as first:
        session = countersign.requests.Session(first, "transmission")
        session.post(RPC, json=STATS)
        port = int(first.rpartition(":")[2])
    stale = sent[-1]
    sent.clear()
    with daemon(tmp_path, port=port):
        assert session.post(RPC, json=STATS).status_code == 200
    assert sent[0] == stale and sent[1] != stale and len(sent) == 2


def test_beside_credentials(guarded_daemon: str) -> None:
    url = guarded_daemon + RPC
    assert requests.post(url, json=STATS).status_code == 401
    assert requests.post(url, json=STATS, auth=ADMIN).status_code == 409
    auth = CsrfAuth(guarded_daemon, "transmission", basic=ADMIN)
    assert requests.post(url, json=STATS, auth=auth).json()["result"] == "success"


def test_the_command_line_gets_through_too(guarded_daemon: str, command: Callable[..., str]) -> None:
    for _ in range(2):
        said = command("transmission", "POST", guarded_daemon + RPC, "--json", json.dumps(STATS), "-u", ":".join(ADMIN))
        assert json.loads(said)["result"] == "success"
