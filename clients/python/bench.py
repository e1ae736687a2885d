"""What a call costs: bare, with a helper written by hand, and with this package, in one run.

    PYTHONPATH=src python bench.py [ROUNDS [CALLS]]

All variants take turns, so that whatever else the machine does hits all alike. Counted is the CPU time of this
process; the server, which answers as fast as it can and checks nothing, is another one. The median of all rounds is
printed, in microseconds a call, and how it compares with the bare call and with the helper.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import time
from multiprocessing.connection import Connection
from typing import Any, Callable, Dict, List

import httpx
import requests

import countersign.httpx
import countersign.requests

TOKEN = "7f3c9f0e-54a1-4c3c-8a52-2f1f6f0f9d11"
HEADER = "X-CSRF-TOKEN"
BODY = {"operationName": "Ready"}


class Server(asyncio.Protocol):
    """Answers each request with the same; `X-Seen` says which token came."""

    def __init__(self) -> None:
        self.held = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        while b"\r\n\r\n" in self.held:
            head, rest = self.held.split(b"\r\n\r\n", 1)
            lines = head.lower().split(b"\r\n")
            fields = dict(line.split(b": ", 1) for line in lines[1:])
            length = int(fields.get(b"content-length", 0))
            if len(rest) < length:
                return
            self.held = rest[length:]
            token = b"X-CSRF-HEADER: X-CSRF-TOKEN\r\nX-CSRF-TOKEN: " + TOKEN.encode() + b"\r\n"
            seen = fields.get(HEADER.lower().encode(), b"none")
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: JSESSIONID=s1; Path=/\r\n"
                + (token if lines[0].startswith(b"get") else b"")
                + b"X-Seen: " + seen + b"\r\nContent-Length: 16\r\n\r\n{\"statusCode\":0}"
            )  # fmt: skip


def serve(tell: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def of_requests(url: str) -> Dict[str, Callable[[int], None]]:
    bare, by_hand, plain, protected = (requests.Session() for _ in range(4))
    # The helper that everybody writes: log in, take the token, put it on the session.
    by_hand.headers[HEADER] = by_hand.get(f"{url}/api/v2/me").headers[HEADER]
    plain.auth = countersign.requests.CsrfAuth(url, "genesys", session=plain)
    countersign.protect(protected, url, "genesys")
    own = countersign.requests.Session(url, "genesys")
    sessions = {"bare": bare, "by hand": by_hand, "CsrfAuth": plain, "protect": protected, "Session": own}
    for session in sessions.values():
        # Looking for proxies and netrc files in the environment costs more than all that is compared here.
        session.trust_env = False
        # Every variant sends its cookie.
        session.get(f"{url}/api/v2/me")
    return {f"requests, {name}": calling(session, url) for name, session in sessions.items()}


def of_httpx(url: str) -> Dict[str, Callable[[int], None]]:
    bare, by_hand, protected = (httpx.Client(trust_env=False) for _ in range(3))
    by_hand.headers[HEADER] = by_hand.get(f"{url}/api/v2/me").headers[HEADER]
    countersign.protect(protected, url, "genesys")
    own = countersign.httpx.Client(url, "genesys", trust_env=False)
    clients = {"bare": bare, "by hand": by_hand, "protect": protected, "Client": own}
    for client in clients.values():
        client.get(f"{url}/api/v2/me")
    return {f"httpx, {name}": calling(client, url) for name, client in clients.items()}


def of_async_httpx(url: str, loop: asyncio.AbstractEventLoop) -> Dict[str, Callable[[int], None]]:
    bare, by_hand = httpx.AsyncClient(trust_env=False), httpx.AsyncClient(trust_env=False)
    by_hand.headers[HEADER] = TOKEN
    own = countersign.httpx.AsyncClient(url, "genesys", trust_env=False)

    def calls(client: httpx.AsyncClient, name: str) -> Callable[[int], None]:
        async def call(count: int) -> None:
            for _ in range(count):
                reply = await client.post(f"{url}/api/v2/me", json=BODY)
            assert reply.headers["X-Seen"] == ("none" if name == "bare" else TOKEN)

        loop.run_until_complete(client.get(f"{url}/api/v2/me"))
        return lambda count: loop.run_until_complete(call(count))

    clients = {"bare": bare, "by hand": by_hand, "AsyncClient": own}
    return {f"async httpx, {name}": calls(client, name) for name, client in clients.items()}


def calling(session: Any, url: str) -> Callable[[int], None]:
    def calls(count: int) -> None:
        for _ in range(count):
            reply = session.post(f"{url}/api/v2/me", json=BODY)
        seen.add(reply.headers["X-Seen"])
        assert len(seen) == 1

    seen: set[str] = set()
    return calls


def main(rounds: int = 60, count: int = 100) -> None:
    heard, tell = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(tell,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{heard.recv()}"
    loop = asyncio.new_event_loop()
    for variants in (of_requests(url), of_httpx(url), of_async_httpx(url, loop)):
        taken: Dict[str, List[float]] = {name: [] for name in variants}
        for number in range(rounds + 3):
            for name, calls in variants.items():
                begin = time.process_time()
                calls(count)
                # The first rounds warm up.
                if number >= 3:
                    taken[name].append((time.process_time() - begin) / count * 1e6)
        show(taken)
    server.terminate()
    server.join()


def show(taken: Dict[str, List[float]]) -> None:
    bare, by_hand, *_ = taken
    print(f"{'':28} {'us a call':>10} {'to bare':>9} {'to hand':>9} {'more than by hand':>19}")
    for name, values in taken.items():
        # Of the same round: so a slow moment of the machine is in both.
        to_bare = statistics.median(own / other for own, other in zip(values, taken[bare]))
        to_hand = statistics.median(own / other for own, other in zip(values, taken[by_hand]))
        more = statistics.median(own - other for own, other in zip(values, taken[by_hand]))
        print(f"{name:28} {statistics.median(values):10.1f} {to_bare:9.3f} {to_hand:9.3f} {more:16.1f} us")
    print()


if __name__ == "__main__":
    main(*(int(arg) for arg in sys.argv[1:]))
