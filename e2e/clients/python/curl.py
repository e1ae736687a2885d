"""Command lines of curl as tests.

Each service has a table of them: what its document shows, and the refusals.

A row is a command line as one would paste it. `$url` is the service, `$jar` the cookie jar of somebody who
has just logged in, `$token` the token of that session, `$another` the token of another session of the same
user, `$empty` a jar without cookies.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Callable, NamedTuple

import pytest

Expected = dict | str | re.Pattern[str]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: str


class Row(NamedTuple):
    name: str
    line: str
    status: int
    body: Expected


def curl(line: str, **values: object) -> Reply:
    """Runs one command line; the head of the reply is dumped before its body."""
    program, *args = [Template(part).substitute(values) for part in shlex.split(line)]
    assert program == "curl"
    # `-q` first: a `.curlrc` of the person at the machine is not part of the test.
    whole = ["curl", "-q", "--silent", "--show-error", "--max-time", "30", "--include", *args]
    run = subprocess.run(whole, capture_output=True, text=True, timeout=40, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr
    head, body = re.split(r"\r?\n\r?\n", run.stdout, maxsplit=1)
    first, *lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    return Reply(int(first.split()[1]), headers, body)


def check(row: Row, values: dict[str, object]) -> None:
    reply = curl(row.line, **values)
    assert reply.status == row.status, reply
    if isinstance(row.body, re.Pattern):
        assert row.body.search(reply.body), reply
    elif isinstance(row.body, dict):
        assert json.loads(reply.body) == row.body
    else:
        assert reply.body == row.body


def table(rows: list[Row]) -> Callable:
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


def two_sessions(tmp_path: Path, log_in: Callable[[Path], str]) -> dict[str, object]:
    jar, other, empty = (tmp_path / name for name in ("cookies.txt", "other.txt", "empty.txt"))
    empty.touch()
    return {"jar": jar, "token": log_in(jar), "another": log_in(other), "empty": empty}
