"""What a client holds: its document, its tokens, and the one fetch that may be under way.

Everything here happens under one lock and without I/O. Rules 4, 6, 8 and 9.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Optional, Protocol, Tuple

from . import _cookies
from ._origin import Origin
from ._pool import Pool
from ._rules import Rules
from .document import Document

# A cookie's name, the value that a request may still show, and the value that it has by now.
Moves = Dict[str, Tuple[Optional[str], Optional[str]]]


class Event(Protocol):
    """What those wait for who do not fetch themselves."""

    def set(self) -> Any:
        """Wakes them."""

    def wait(self) -> Any:
        """Waits; to be awaited where the event is of an async kind."""


@dataclass(frozen=True, repr=False)
class Held:
    """A token in use by one request."""

    token: str
    header: str
    epoch: int
    # Of a ticket: since when it has been there, and of which session.
    since: Optional[float] = None
    session: Optional[str] = None


class Flight:
    """One fetch, for all who want a token at the same time."""

    def __init__(self, event: Event) -> None:
        self.event = event
        # `None` while nobody knows, and for ever if it was abandoned.
        self.brought: Optional[bool] = None
        self.moves: Moves = {}


class Keeper:
    """Holds tokens for one origin. Safe to use from many threads.

    A pickled keeper carries its reusable tokens with it, and no tickets: a ticket is good for one request,
    so two processes must not both have it. A fork leaves tickets with the parent for the same reason.
    """

    def __init__(
        self,
        origin: Origin,
        document: Optional[Document],
        event: Callable[[], Event] = threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin
        self._event = event
        self._clock = clock
        self._epoch = 0
        self._session: Optional[str] = None
        self._moves: Moves = {}
        self.document: Optional[Document] = None
        self._begin()
        if document is not None:
            self.use(document)

    def _begin(self) -> None:
        # Re-entrant: a request that is garbage-collected gives its ticket back, wherever that happens.
        self._lock = threading.RLock()
        self._flight: Optional[Flight] = None
        _all.add(self)

    def use(self, document: Document) -> None:
        """Takes the document on; tokens of another are forgotten."""
        with self._lock:
            self.document = document
            self.rules = Rules(document)
            token = document.token
            self.header = token.header if token else ""
            self._once = token is not None and token.once
            self._pool = Pool(token.lifetime if token else None)

    def take(self, session: Optional[str]) -> Optional[Held]:
        """A token for a request of this session. What is held for another session is dropped."""
        with self._lock:
            if session != self._session:
                self._pool.clear()
                return None
            now = self._clock()
            found = self._pool.take(now) if self._once else self._pool.peek(now)
            return None if found is None else self._held(*found)

    def learn(self, tokens: Iterable[str], session: Optional[str], header: Optional[str] = None) -> None:
        """Keeps what a response brought: tickets beside the others, a token in place of the last."""
        with self._lock:
            if not self._once or session != self._session:
                self._pool.clear()
            self._session = session
            self._pool.put(tokens, self._clock())
            if header is not None:
                self.header = header

    def take_from(self, tokens: Iterable[str], session: Optional[str]) -> Optional[Held]:
        """Keeps what a fetch brought, and takes one for whoever fetched."""
        with self._lock:
            self.learn(tokens, session)
            return self.take(session)

    def carried(self, token: str) -> Held:
        """A token that the caller's cookies hold, not this keeper."""
        with self._lock:
            return Held(token, self.header, self._epoch)

    def give_back(self, held: Held) -> None:
        """Puts a ticket back whose request had no answer."""
        with self._lock:
            # A ticket of another session, or from before all was dropped, is worth nothing.
            is_good = held.epoch == self._epoch and held.session == self._session
            if self._once and held.since is not None and is_good:
                self._pool.give_back(held.token, held.since)

    @property
    def epoch(self) -> int:
        """Counts how often what was held turned out to be worth nothing."""
        return self._epoch

    def reject(self, epoch: int) -> None:
        """Drops what was held when a refused request was sent, unless somebody has done so since."""
        with self._lock:
            if epoch == self._epoch:
                self.forget()

    def forget(self) -> None:
        """Drops all tokens."""
        with self._lock:
            self._epoch += 1
            self._pool.clear()

    def board(self) -> Tuple[Flight, bool]:
        """The fetch that is under way, or a new one that the caller must carry out and `land`."""
        with self._lock:
            if self._flight is not None:
                return self._flight, False
            self._flight = Flight(self._event())
            return self._flight, True

    def land(self, flight: Flight, brought: Optional[bool]) -> None:
        """Ends a fetch and wakes all who wait for it."""
        with self._lock:
            flight.brought = brought
            if self._flight is flight:
                self._flight = None
            self._moves.update(flight.moves)
        flight.event.set()

    def refreshed(
        self,
        cookies: Optional[str],
        moves: Optional[Moves] = None,
        is_current: Optional[Callable[[str, Optional[str]], bool]] = None,
    ) -> Optional[str]:
        """A request's `Cookie` header, brought up to date with what fetches were given.

        A request is put together before it is known that a token is to be fetched, and the fetch may begin
        a session. `is_current` says whether the caller's jar still holds a value. Without it a client
        counts as told as soon as it has shown the new value by itself.
        """
        if moves is None:
            if not self._moves:
                return cookies
            with self._lock:
                moves = dict(self._moves)
        for name, (old, new) in moves.items():
            shown = _cookies.shown(cookies, name)
            if shown == new:
                if is_current is None:
                    self._moves.pop(name, None)
            elif shown == old and (is_current is None or is_current(name, new)):
                cookies = _cookies.replaced(cookies, name, new)
        return cookies

    def _held(self, token: str, since: float) -> Held:
        if self._once:
            return Held(token, self.header, self._epoch, since, self._session)
        return Held(token, self.header, self._epoch)

    def leave_tickets(self) -> None:
        """Makes a keeper of this process out of one that a fork copied."""
        self._begin()
        if self.document is not None and self._once:
            self._pool.clear()

    def __getstate__(self) -> Dict[str, Any]:
        with self._lock:
            now = self._clock()
            travels = self.document is not None and not self._once
            return {
                "origin": self.origin,
                "document": self.document,
                "event": self._event,
                "clock": self._clock,
                "header": getattr(self, "header", ""),
                "session": self._session,
                # Ages: the clock of another process may begin elsewhere.
                "tokens": [(token, now - since) for token, since in self._pool] if travels else [],
            }

    def __setstate__(self, state: Dict[str, Any]) -> None:
        Keeper.__init__(self, state["origin"], state["document"], state["event"], state["clock"])
        if self.document is not None:
            self.header = state["header"]
            self._session = state["session"]
            for token, age in state["tokens"]:
                self._pool.put([token], self._clock() - age)


_all: weakref.WeakSet[Keeper] = weakref.WeakSet()


def _after_fork() -> None:
    for keeper in list(_all):
        keeper.leave_tickets()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
