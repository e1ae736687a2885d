"""The playground, and a server of the tests' own that notes what it was sent."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Iterator

import pytest
from faces import FACES, Face
from processes import Playground, start_playground
from recorder import Recorder

# Where certificates come from and which proxy is used is the machine's business, not the tests'.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
    os.environ.pop(name, None)
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)
sys.dont_write_bytecode = True


@pytest.fixture(scope="session")
def playground() -> Iterator[Playground]:
    with start_playground() as started:
        yield started


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Recorder]:
    """Another origin."""
    with Recorder() as server:
        yield server


# A client of an origin with a dialect, in one of the ways in which there are clients.
Make = Callable[[str, Any], Face]


@pytest.fixture(params=FACES)
def client(request: pytest.FixtureRequest) -> Iterator[Make]:
    made = []

    def make(url: str, dialect: Any = "auto") -> Face:
        made.append(FACES[request.param](url, dialect))
        return made[-1]

    yield make
    for face in made:
        face.close()
