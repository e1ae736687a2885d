"""`vectors/*.json`, as every client of Countersign runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional
from urllib.parse import urljoin

import httpx
import pytest
import requests

from countersign._actions import Asked, Body, Fetch, Send
from countersign._exchange import exchange
from countersign._httpx_run import is_own
from countersign._keeper import Keeper
from countersign._origin import base_of, origin_of
from countersign._parts import Target
from countersign._pool import Pool
from countersign._rules import Rules
from countersign.document import Document

FOLDER = Path(__file__).resolve().parents[3] / "vectors"
ORIGIN = "https://app.example"


def rows(name: str) -> Any:
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert found, f"`{name}.json` has no rows"
    return pytest.mark.parametrize("row", found, ids=[row["name"] for row in found])


class Answer:
    """A response of a vector."""

    def __init__(self, response: Dict[str, Any]) -> None:
        self.status: int = response["status"]
        self._headers = response["headers"]
        self.body: bytes = response["body"].encode()

    def header(self, name: str) -> Optional[str]:
        values = self._all(name)
        return values[0] if len(values) == 1 else None

    def set_cookies(self) -> List[str]:
        return self._all("set-cookie")

    def _all(self, name: str) -> List[str]:
        return [value for own, value in self._headers if own.lower() == name.lower()]


def asked_for(request: str, replay: bool = False) -> Asked:
    method, path, query = Target.parse(request)
    return Asked(method, path, query or "", {}, None, lambda: replay)


@rows("needs")
def test_needs(row: Dict[str, Any]) -> None:
    rules = Rules(Document.of(row["dialect"]))
    assert rules.need(row["method"], row["path"]) == row["need"]


@rows("origins")
def test_origins(row: Dict[str, Any]) -> None:
    assert (origin_of(urljoin(row["base"], row["url"])) == base_of(row["base"])) is row["same"]


def encodes_backslashes(row: Dict[str, Any]) -> bool:
    """To both libraries a backslash is a letter of the path, and they send it encoded, to the own origin."""
    return "\\" in row["url"]


@rows("origins")
def test_origins_as_requests_reads_them(row: Dict[str, Any]) -> None:
    try:
        sent = requests.Request("GET", urljoin(row["base"], row["url"])).prepare().url or ""
    except requests.exceptions.InvalidURL:
        sent = ""
    assert (origin_of(sent) == base_of(row["base"])) is (row["same"] or encodes_backslashes(row))


@rows("origins")
def test_origins_as_httpx_reads_them(row: Dict[str, Any]) -> None:
    keeper = Keeper(base_of(row["base"]), None)
    request = httpx.Request("GET", httpx.URL(row["base"]).join(row["url"]))
    assert is_own(keeper, request) is (row["same"] or encodes_backslashes(row))


@rows("responses")
def test_responses(row: Dict[str, Any]) -> None:
    keeper = Keeper(base_of(ORIGIN), Document.of(row["dialect"]))
    header = keeper.header
    answer = Answer(row["response"])
    # It has been sent by its caller, with no token to be had.
    steps = exchange(keeper, asked_for(row["request"]), unarmed=True)
    result: object = None
    with pytest.raises(StopIteration):
        while True:
            action = steps.send(result)
            assert not isinstance(action, Fetch)
            result = answer if isinstance(action, Send) else answer.body
    learned = []
    while (held := keeper.take(None)) is not None and held.token not in learned:
        learned.append(held.token)
    assert learned == row["tokens"]
    assert keeper.header == row.get("header", header)


@rows("cookies")
def test_cookies(row: Dict[str, Any]) -> None:
    own = Document.of(row["dialect"])
    keeper = Keeper(base_of(ORIGIN), own)
    asked = asked_for("POST /x")
    asked.cookies = "; ".join(f"{name}={value}" for name, value in row["cookies"])
    action = exchange(keeper, asked).send(None)
    # Without a token in the cookies one is fetched.
    token = action.headers[keeper.header] if isinstance(action, Send) else None
    assert token == row["token"]
    assert isinstance(action, Send) is (row["token"] is not None)


@rows("refusals")
def test_refusals(row: Dict[str, Any]) -> None:
    keeper = Keeper(base_of(ORIGIN), Document.of(row["dialect"]))
    answer = Answer(row["response"])
    seen = []

    def replay() -> bool:
        # Asked of nothing but a refusal.
        seen.append("refused")
        return False

    asked = asked_for("POST /tao/items")
    asked.replay = replay
    steps = exchange(keeper, asked, unarmed=True)
    result: object = None
    with pytest.raises(StopIteration):
        while True:
            action = steps.send(result)
            assert isinstance(action, (Send, Body))
            result = answer if isinstance(action, Send) else answer.body
    assert bool(seen) is row["refused"]


@rows("pool")
def test_pool(row: Dict[str, Any]) -> None:
    pool = Pool(row["lifetime"])
    since: Dict[str, float] = {}
    for step in row["steps"]:
        if "put" in step:
            pool.put(step["put"], step["at"])
        elif "take" in step:
            found = pool.take(step["at"])
            assert (found and found[0]) == step["take"], step
            if found:
                since[found[0]] = found[1]
        else:
            pool.give_back(step["give_back"], since[step["give_back"]])


def test_each_file_is_run() -> None:
    run = {name[len("test_") :] for name in globals() if name.startswith("test_")}
    assert {path.stem for path in FOLDER.glob("*.json")} <= run
