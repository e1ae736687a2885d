"""One playground for the whole suite, on free ports."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Iterator

import pytest

# Its assertions then say as much as those of the tests.
pytest.register_assert_rewrite("curl")

SERVICES = (
    "genesys", "voss", "redback", "vmanage", "vmanage_http", "tao", "bank", "gateway", "attacker", "portal",
)
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


@pytest.fixture(scope="session")
def playground() -> Iterator[Playground]:
    binary = os.environ.get("COUNTERSIGN_BIN")
    if not binary:
        pytest.fail("COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`")
    listeners = [part for name in SERVICES for part in (f"--{name.replace('_', '-')}", "127.0.0.1:0")]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [binary, "playground", "--json", *listeners],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            line = first_line(process)
            if not line:
                log.seek(0)
                pytest.fail(f"the playground did not start:\n{log.read()}")
            yield Playground(**json.loads(line))
            process.terminate()
            process.wait(STOP_LIMIT)
        finally:
            process.kill()
            process.communicate()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What it prints first; nothing when it ends or takes too long."""
    line = b""
    deadline = time.monotonic() + START_LIMIT
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
