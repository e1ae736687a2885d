"""Small guarded apps for the recorder, and the client documents that describe them."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any, Dict, List, Optional, Set, Tuple

from recorder import Recorder, Reply, Seen

REFUSED = b"there is no token of yours here"


def document(**changes: Any) -> Dict[str, Any]:
    """A dialect that no server has: tokens prove to be data, not names."""
    return {
        "version": 1,
        "dialect": "of the tests",
        "protect": {"methods": "unsafe", "require": "token"},
        "session_cookie": "sid",
        "token": {"header": "X-Token"},
        "obtain": [{"request": "GET /token", "from": "text"}],
        "refusal": {"status": 403, "contains": "no token"},
        **changes,
    }


TICKETS = document(
    token={"header": "X-Token", "once": True, "lifetime": 1440, "pool": 3},
    obtain=[{"request": "GET /token", "from": {"require-config": "/tickets"}}],
    deliver={"X-Next": "{token}"},
)


class App:
    """Sessions by a cookie, a token for each; everything but `/token` wants it if the method is unsafe."""

    def __init__(self, server: Recorder, cookie: str = "sid") -> None:
        self.server = server
        self.cookie = cookie
        self.header = "X-Token"
        # Answers to paths, before anything is judged.
        self.replies: Dict[str, Reply] = {}
        self.tokens: Dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        server.answer = self.answer

    def answer(self, seen: Seen) -> Reply:
        path = seen.path.partition("?")[0]
        if path in self.replies:
            return self.replies[path]
        with self._lock:
            return self.token(seen) if path == "/token" else self.judge(seen)

    def token(self, seen: Seen) -> Reply:
        session, headers = self.session(seen)
        return Reply(headers=headers, body=self.tokens[session].encode())

    def session(self, seen: Seen) -> Tuple[str, List[Tuple[str, str]]]:
        session = seen.cookies.get(self.cookie)
        if session in self.tokens:
            return str(session), []
        session = f"session{next(self._numbers)}"
        self.tokens[session] = f"token-of-{session}"
        return session, [("Set-Cookie", f"{self.cookie}={session}; Path=/; HttpOnly")]

    def judge(self, seen: Seen) -> Reply:
        if seen.method in ("GET", "HEAD"):
            return Reply(body=b"read")
        own = self.tokens.get(seen.cookies.get(self.cookie, ""))
        if own is None or seen.header(self.header) != own:
            return Reply(403, body=REFUSED)
        return Reply(body=b"done")

    def change_tokens(self) -> None:
        """As after a restart of the server."""
        for session in self.tokens:
            self.tokens[session] = f"{self.tokens[session]}-changed"

    def sent(self) -> List[Optional[str]]:
        """The tokens of all requests with an unsafe method."""
        return [seen.header(self.header) for seen in self.server.seen if seen.method not in ("GET", "HEAD")]


class TicketApp(App):
    """Tickets, three at a time, each good once."""

    def __init__(self, server: Recorder, fresh: bool = False) -> None:
        super().__init__(server)
        self.fresh = fresh
        self.spent: Set[str] = set()
        self.given: Dict[str, str] = {}

    def ticket(self, session: str) -> str:
        ticket = f"ticket{next(self._numbers)}"
        self.given[ticket] = session
        return ticket

    def token(self, seen: Seen) -> Reply:
        session, headers = self.session(seen)
        tickets = [self.ticket(session) for _ in range(3)]
        return Reply(headers=headers, body=f"require.config({json.dumps({'tickets': tickets})});".encode())

    def judge(self, seen: Seen) -> Reply:
        ticket = seen.header(self.header)
        session = seen.cookies.get(self.cookie, "")
        if seen.method == "GET":
            return Reply(body=b"read")
        if ticket is None or ticket in self.spent or self.given.get(ticket) != session:
            return Reply(403, body=REFUSED)
        self.spent.add(ticket)
        headers = [("X-Next", self.ticket(session))] if self.fresh else []
        return Reply(headers=headers, body=b"done")
