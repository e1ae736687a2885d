"""`requests` and `httplib2`, unmodified, against the genesys service."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
import requests
from conftest import Playground
from provision_agents import AGENTS, Script

AGENT = ("paveld@redwings.com", "password")
REFUSAL = {"statusCode": 5, "statusMessage": "Missing or invalid Csrf token"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def api(playground: Playground) -> str:
    return f"{playground.genesys}/api/v2"


@pytest.fixture
def agent(api: str) -> Iterator[requests.Session]:
    """The agent's session, whose requests carry the token that the service named."""
    session = log_in(api)
    yield session
    session.post(f"{api}/me", json={"operationName": "EndContactCenterSession"})


def log_in(api: str) -> requests.Session:
    session = requests.Session()
    reply = session.get(f"{api}/me", auth=AGENT)
    assert reply.status_code == 200, reply.text
    session.headers[reply.headers["X-CSRF-HEADER"]] = reply.headers["X-CSRF-TOKEN"]
    return session


def operate(session: requests.Session, api: str, name: str, **more: object) -> requests.Response:
    return session.post(f"{api}/me", json={"operationName": name, **more})


def test_get_me_brings_the_user_the_header_and_the_token(api: str) -> None:
    reply = requests.get(f"{api}/me", auth=AGENT)
    assert reply.status_code == 200
    assert reply.json()["statusCode"] == 0
    assert reply.json()["user"]["userName"] == AGENT[0]
    assert reply.headers["X-CSRF-HEADER"] == "X-CSRF-TOKEN"
    assert UUID.fullmatch(reply.headers["X-CSRF-TOKEN"])
    assert {"no-cache", "no-store"} <= set(re.split(r",\s*", reply.headers["Cache-Control"]))
    assert reply.cookies["JSESSIONID"]


def test_ready_passes_with_the_token(api: str, agent: requests.Session) -> None:
    for reply in (
        operate(agent, api, "StartContactCenterSession", channels=["voice"]),
        operate(agent, api, "Ready"),
    ):
        assert (reply.status_code, reply.json()["statusCode"]) == (200, 0)


def test_the_cookie_alone_authenticates_once_logged_in(api: str, agent: requests.Session) -> None:
    reply = agent.get(f"{api}/me")
    assert (reply.status_code, reply.json()["user"]["userName"]) == (200, AGENT[0])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("flaw", ["no token", "wrong token", "another session's token", "no cookie"])
def test_a_change_is_refused_with_one_message_for_all_causes(
    api: str, agent: requests.Session, method: str, flaw: str
) -> None:
    if flaw == "no token":
        del agent.headers["X-CSRF-TOKEN"]
    elif flaw == "wrong token":
        agent.headers["X-CSRF-TOKEN"] = "4a92be65-ec55-4aa2-b9df-9518fd870f2f"
    elif flaw == "another session's token":
        agent.headers["X-CSRF-TOKEN"] = log_in(api).headers["X-CSRF-TOKEN"]
    else:
        agent.cookies.clear()
    reply = agent.request(
        method, f"{api}/me", json={"operationName": "StartContactCenterSession", "channels": ["voice"]}
    )
    assert (reply.status_code, reply.json()) == (403, REFUSAL)

    # Nothing was started: a session of the agent's own can only be ended where there is one.
    end = operate(log_in(api), api, "EndContactCenterSession")
    assert end.json()["statusCode"] == 2, end.text


def test_the_httplib2_script_makes_its_agents(api: str, tmp_path: Path) -> None:
    script = Path(__file__).with_name("provision_agents.py")
    run = subprocess.run(
        [sys.executable, script, api, tmp_path / ".cache"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for agent in AGENTS:
        me = requests.get(f"{api}/me", auth=(agent["userName"], agent["password"])).json()
        assert (me["statusCode"], me["user"]["lastName"]) == (0, agent["lastName"])


def test_the_httplib2_script_is_refused_when_it_skips_the_token(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Script(api, str(tmp_path / ".cache"))
    agent = {**AGENTS[0], "userName": "nobody@redwings.com"}
    with pytest.raises(SystemExit, match="the request failed"):
        script.create_agent(agent)
    said = capsys.readouterr().out
    assert said.startswith("POST /users: 403 ") and REFUSAL["statusMessage"] in said

    me = requests.get(f"{api}/me", auth=(agent["userName"], agent["password"])).json()
    assert me["statusCode"] == 20


def test_the_httplib2_script_is_refused_when_it_skips_the_cookie(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Script(api, str(tmp_path / ".cache"))
    script.get_token()
    script.cookie = None
    with pytest.raises(SystemExit, match="the request failed"):
        script.create_agent({**AGENTS[0], "userName": "nobody@redwings.com"})
    said = capsys.readouterr().out
    assert said.startswith("POST /users: 403 ") and REFUSAL["statusMessage"] in said
