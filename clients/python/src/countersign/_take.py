"""Rule 4: where a request gets its token from."""

from __future__ import annotations

import logging
from typing import Generator, Optional

from . import _cookies
from ._actions import Action, Asked, Fetch, Wait, fetched
from ._keeper import Held, Keeper, Moves
from ._learn import delivered, read_tokens
from ._parts import Obtain
from ._sources import cookie_token, is_token
from .document import Document

log = logging.getLogger("countersign")

# What belongs to a request's body, to its connection or to itself alone does not go with a fetch.
OWN_HEADERS = frozenset(
    "accept connection cookie expect host origin range te trailer transfer-encoding upgrade "
    "x-http-method x-http-method-override x-method-override".split()
)
OWN_PREFIXES = ("content-", "if-")


def take(
    keeper: Keeper, document: Document, asked: Asked, refused: Optional[Held] = None
) -> Generator[Action, object, Optional[Held]]:
    """Rule 4. A cookie that has just been refused is not taken again."""
    while True:
        held = keeper.take(session_of(document, asked)) or _in_cookies(keeper, document, asked, refused)
        if held is not None or not document.fetches:
            return held
        flight, mine = keeper.board()
        if not mine:
            yield Wait(flight.event)
            asked.cookies = keeper.refreshed(asked.cookies, flight.moves, asked.is_current)
            if flight.brought is False:
                return keeper.take(session_of(document, asked))
            continue
        brought: Optional[bool] = None
        try:
            held = yield from _fetch(keeper, document, asked, flight.moves)
            brought = held is not None
            return held
        except Exception:
            brought = False
            raise
        finally:
            # A caller that was cancelled leaves `None`: another of those who wait fetches.
            keeper.land(flight, brought)


def _fetch(keeper: Keeper, document: Document, asked: Asked, moves: Moves) -> Generator[Action, object, Optional[Held]]:
    """Asks one after the other who may have a token."""
    for obtain in document.fetches:
        fetch = _fetch_for(keeper, document, obtain, asked)
        answer = yield from fetched(fetch)
        for name, value in _cookies.moved(answer.set_cookies()).items():
            shown = _cookies.shown(asked.cookies, name)
            if shown != value:
                moves[name] = (moves.get(name, (shown, None))[0], value)
                asked.cookies = _cookies.replaced(asked.cookies, name, value)
        tokens, header = delivered(document, answer)
        if not tokens:
            header = None
            tokens = yield from read_tokens(document, obtain, answer, None)
        if header is not None:
            keeper.learn([], session_of(document, asked), header)
        if obtain.source.kind == "cookie" and tokens:
            return keeper.carried(tokens[0])
        held = keeper.take_from(tokens, session_of(document, asked)) if tokens else None
        if held is not None:
            log.debug("`%s %s` brought a token", fetch.method, obtain.request.path)
            return held
        log.debug("`%s %s` brought no token (status %s)", fetch.method, obtain.request.path, answer.status)
    return None


def _fetch_for(keeper: Keeper, document: Document, obtain: Obtain, asked: Asked) -> Fetch:
    target = obtain.request.target
    if target == "*":
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
    headers = {name: value for name, value in asked.headers.items() if not _is_its_own(name.lower())}
    headers["Accept"] = "*/*"
    headers.update(obtain.headers)
    if asked.cookies:
        headers["Cookie"] = asked.cookies
    if document.origin == "always":
        headers["Origin"] = str(keeper.origin)
    return Fetch(obtain.request.method, target, headers)


def _is_its_own(name: str) -> bool:
    return name in OWN_HEADERS or name.startswith(OWN_PREFIXES)


def _in_cookies(keeper: Keeper, document: Document, asked: Asked, refused: Optional[Held]) -> Optional[Held]:
    """A token that lies in one of the caller's cookies. It is read anew each time: the jar keeps it."""
    for obtain in document.obtain:
        if obtain.source.kind == "cookie":
            token = cookie_token(_cookies.shown(asked.cookies, obtain.source.name))
            if token is not None and is_token(token) and not (refused and refused.token == token):
                return keeper.carried(token)
    return None


def session_of(document: Document, asked: Asked) -> Optional[str]:
    """The session that a request shows."""
    return _cookies.shown(asked.cookies, document.session_cookie)
