"""A little app that knows nothing of tokens, and `countersign serve` in front of it."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator

import pytest
from servers import serving

PAGE = b"""<!DOCTYPE html>
<html><head><title>App</title></head>
<body><form method="post" action="/change"><input name="text"></form></body></html>
"""


@dataclass
class App:
    """What reached the app: method and path of each request that may change something."""

    changes: list[str] = field(default_factory=list)
    # Paths that the app answers itself, as JSON.
    answers: dict[str, object] = field(default_factory=dict)
    # The app's own session cookie, which any read begins.
    session_cookie: str = ""


def handler(app: App) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self.rfile.read(length)
            path = self.path.partition("?")[0]
            if self.command not in ("GET", "HEAD"):
                app.changes.append(f"{self.command} {path}")
                self.reply(200, "application/json", json.dumps(app.answers.get(path, {"done": True})).encode())
            elif path in app.answers:
                self.reply(200, "application/json", json.dumps(app.answers[path]).encode())
            elif path in ("/", "/login", "/change"):
                self.reply(200, "text/html; charset=utf-8", PAGE)
            else:
                self.reply(404, "text/plain", b"not here")

        def reply(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            begins = self.command == "GET" and app.session_cookie
            if begins and app.session_cookie not in self.headers.get("Cookie", ""):
                self.send_header("Set-Cookie", f"{app.session_cookie}={os.urandom(8).hex()}; Path=/; HttpOnly")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def gateway(app: App, dialect: str, folder: Path, pages: bool = True) -> Iterator[str]:
    """The URL of `app` behind the gateway; `pages`: with tokens in its pages, if it has any."""
    binary = os.environ.get("COUNTERSIGN_BIN")
    if not binary:
        pytest.fail("COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(app))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    upstream = f"http://127.0.0.1:{server.server_port}"
    command = [binary, "serve", "--upstream", upstream, "--listen", "127.0.0.1:{port}", "--dialect", dialect]
    command += ["--html"] if pages else []
    try:
        with serving(command, folder) as url:
            yield url
    finally:
        server.shutdown()
        server.server_close()

