"""Tickets, first in, first out, none too old. No lock of its own: the keeper has one."""

from __future__ import annotations

from collections import deque
from typing import Deque, Iterable, Iterator, Optional, Tuple

# So long before its end a ticket is not sent any more: it must arrive in time.
MARGIN = 5.0
# More than any pool is large; what a page hands out again and again does not pile up.
LIMIT = 4096


class Pool:
    """Tickets and when each was put, in seconds of one clock."""

    def __init__(self, lifetime: Optional[float]) -> None:
        self._limit = None if lifetime is None else lifetime - MARGIN
        self._tickets: Deque[Tuple[str, float]] = deque(maxlen=LIMIT)

    def put(self, tickets: Iterable[str], now: float) -> None:
        """Appends what is not there yet."""
        known = {ticket for ticket, _ in self._tickets}
        for ticket in tickets:
            if ticket not in known:
                known.add(ticket)
                self._tickets.append((ticket, now))

    def take(self, now: float) -> Optional[Tuple[str, float]]:
        """The oldest that is not too old, and when it was put."""
        while self._tickets:
            ticket, since = self._tickets.popleft()
            if self.is_fresh(since, now):
                return ticket, since
        return None

    def peek(self, now: float) -> Optional[Tuple[str, float]]:
        """The same, and it stays."""
        found = self.take(now)
        if found is not None:
            self._tickets.appendleft(found)
        return found

    def give_back(self, ticket: str, since: float) -> None:
        """Puts a ticket to the front that was taken and not used, as old as it was."""
        if all(ticket != own for own, _ in self._tickets):
            if len(self._tickets) == LIMIT:
                self._tickets.pop()
            self._tickets.appendleft((ticket, since))

    def clear(self) -> None:
        """Forgets all."""
        self._tickets.clear()

    def is_fresh(self, since: float, now: float) -> bool:
        """Whether a ticket that was put then may still be sent."""
        return self._limit is None or now - since < self._limit

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Tuple[str, float]]:
        return iter(self._tickets)
