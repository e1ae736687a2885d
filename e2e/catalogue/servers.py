"""Real servers as processes of a test: on a free loopback port, with a folder of their own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import pytest

START_LIMIT = 60
STOP_LIMIT = 15
TRIES = 3


def free_port() -> int:
    """Free now. `serving` tries again if somebody else was quicker."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def needs(program: str, packages: str) -> str:
    """The path of a program, or the test is skipped, saying what to install."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"`{program}` is missing (`apt-get install --no-install-recommends {packages}`)")
    return found


@contextmanager
def serving(
    command: Sequence[object],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[str]:
    """Runs a server and gives its base URL. `{port}` in the command, or in the environment, is its port: a free
    one, or the given one."""
    given = port
    for left in reversed(range(TRIES)):
        port = given or free_port()
        log = folder / "server.log"
        put = lambda text: str(text).replace("{port}", str(port))
        own = {name: put(value) for name, value in (environment or {}).items()}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [put(part) for part in command],
                cwd=folder,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Servers have children; all end together.
                start_new_session=True,
            )
        try:
            if _listens(process, port):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            _end(process)
        if left == 0:
            pytest.fail(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(STOP_LIMIT)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
