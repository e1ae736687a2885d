"""What the tests of the catalogue share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

# Its assertions then say as much as those of the tests.
pytest.register_assert_rewrite("gateway")

ROOT = Path(__file__).resolve().parents[2]
# The client of this checkout, installed or not.
sys.path.insert(0, str(ROOT / "clients/python/src"))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine says about proxies and certificates is not part of a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def document() -> Callable[..., dict]:
    """The client document of a dialect, with what an installation names its own way."""

    def read(name: str, **changes: object) -> dict:
        documents = json.loads((ROOT / "clients/dialects.json").read_text())
        return {**documents[name], **changes}

    return read


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., str]:
    """`countersign request`, with one cookie jar for all calls of a test; it must end well. Gives what it prints."""
    binary = os.environ.get("COUNTERSIGN_BIN")
    if not binary:
        pytest.fail("COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`")
    jar = tmp_path / "command.jar"

    def request(dialect: str, method: str, url: str, *more: str) -> str:
        whole = [binary, "request", "--dialect", dialect, "--cookie-jar", jar, *more, method, url]
        ran = subprocess.run(whole, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    return request
