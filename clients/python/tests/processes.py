"""Starts `countersign` and ends what it started."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator

import pytest

SERVICES = ("genesys", "voss", "redback", "vmanage", "vmanage-http", "tao", "bank", "gateway", "attacker", "portal")
START_LIMIT = 60
STOP_LIMIT = 10


@dataclass(frozen=True)
class Playground:
    """The base URL of each service."""

    genesys: str
    voss: str
    redback: str
    vmanage: str
    vmanage_http: str
    tao: str
    bank: str
    gateway: str
    attacker: str
    portal: str


@contextmanager
def start_playground() -> Iterator[Playground]:
    listeners = [part for name in SERVICES for part in (f"--{name}", "127.0.0.1:0")]
    with countersign("playground", "--json", *listeners) as said:
        yield Playground(**said)


@contextmanager
def countersign(*args: str) -> Iterator[Dict[str, Any]]:
    """What `countersign` says first, as JSON; it runs until the block ends."""
    binary = os.environ.get("COUNTERSIGN_BIN")
    if not binary:
        pytest.fail("COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`")
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([binary, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        try:
            line = first_line(process)
            if not line:
                log.seek(0)
                pytest.fail(f"`countersign {args[0]}` did not start:\n{log.read()}")
            yield json.loads(line)
            process.terminate()
            process.wait(STOP_LIMIT)
        finally:
            process.kill()
            process.communicate()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What it prints first; nothing when it ends or takes too long."""
    line = b""
    deadline = time.monotonic() + START_LIMIT
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0, deadline - time.monotonic())):
                return b""
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                return b""
            line += chunk
    return line
