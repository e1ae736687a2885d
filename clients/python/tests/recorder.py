"""A small server that notes each request and answers as a test tells it to."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Tuple


@dataclass
class Seen:
    method: str
    path: str
    # Lower-case names; of a repeated header, all values.
    headers: Dict[str, List[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = self.headers.get(name.lower(), [])
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    @property
    def cookies(self) -> Dict[str, str]:
        pairs = (part.partition("=") for part in (self.header("Cookie") or "").split("; ") if part)
        return {name: value for name, _, value in pairs}


@dataclass
class Reply:
    status: int = 200
    headers: List[Tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    # The connection ends without an answer.
    hang_up: bool = False


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # A hundred connections at once must not wait for a second attempt of the client's kernel.
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that has gone away is part of some tests.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Recorder:
    """`answer` may be replaced at any time; what it is asked is in `seen`, in order."""

    def __init__(self) -> None:
        self.seen: List[Seen] = []
        self.answer: Callable[[Seen], Reply] = lambda seen: Reply(body=b"ok")
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def paths(self, method: str = "") -> List[str]:
        return [seen.path for seen in self.seen if method in ("", seen.method)]

    def __enter__(self) -> Recorder:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(recorder) -> Any:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is written in two parts.
            disable_nagle_algorithm = True

            def handle_one(self) -> None:
                headers: Dict[str, List[str]] = {}
                for name, value in self.headers.items():
                    headers.setdefault(name.lower(), []).append(value)
                seen = Seen(self.command, self.path, headers, self.read_body())
                with recorder._lock:
                    recorder.seen.append(seen)
                reply = recorder.answer(seen)
                if reply.hang_up:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            def read_body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = handle_one

            def log_message(self, *_: object) -> None:
                pass

        return Handler
