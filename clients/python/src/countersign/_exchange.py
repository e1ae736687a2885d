"""One request and what belongs to it, as a generator without I/O.

The rules, as in every client of Countersign:

1. Scope. A client belongs to one origin. Requests to others are not touched.
2. Need. Method and path decide whether a request needs a token.
3. Not twice. A token header that the caller has set is left alone.
4. Take. A held token that is not too old; else one in the caller's cookies; else the first request of
   `obtain` that works, one for all who wait. None to be had: the request goes without.
5. Carry. In the header.
6. Learn. From every response of the own origin.
7. Retry once, after the server's own refusal and with a new token. Nothing else is ever retried.
8. Session. A token is held together with the session cookie under which it came. Logging in or out drops all.
9. Give back. A ticket whose request had no answer at all goes back to the front.
10. Secrets never stand in logs, errors or representations.

Drivers (one for each library, sync or async) carry out what the generator yields and send back the result,
or throw what went wrong. So the rules stand here once.
"""

from __future__ import annotations

import logging
from typing import Dict, Generator, Optional, Tuple

from ._actions import Action, Asked, Exchange, Fetch, Send, Wait, body_of, fetched
from ._answer import Answer
from ._keeper import Held, Keeper
from ._learn import is_own_token, learn, moved
from ._rules import SAFE
from ._take import session_of, take
from .document import WELL_KNOWN, Document
from .errors import DocumentError

log = logging.getLogger("countersign")


def exchange(keeper: Keeper, asked: Asked, unarmed: bool = False) -> Exchange:
    """What to do about a request of the own origin. The answer to the last `Send` is the caller's.

    `unarmed`: the request has been sent already, without a token; the first `Send` only asks for its answer.
    """
    document = keeper.document or (yield from _load(keeper))
    need = keeper.rules.need(asked.method, asked.path)
    asked.cookies = keeper.refreshed(asked.cookies, is_current=asked.is_current)
    by_hand = document.token is not None and _has_token(keeper, document, asked)
    epoch, held = keeper.epoch, None
    if need != "none" and not by_hand and not unarmed:
        held = yield from take(keeper, document, asked)
        epoch = held.epoch if held else keeper.epoch

    answer = yield from _send(keeper, document, asked, held)
    is_refused, body = yield from _is_refused(document, answer)
    yield from learn(keeper, document, asked, answer, body)

    if not is_refused or by_hand or document.token is None:
        return
    # An empty answer to a request that needs no token may be the app's own.
    if need == "none" and not document.refusal.is_typed:
        return
    sent_cookies = asked.cookies
    asked.cookies = moved(asked.cookies, answer)
    if not asked.replay():
        log.debug("`%s %s` was refused and its body cannot be sent again", asked.method, asked.path)
        return
    again = yield from _another(keeper, document, asked, answer, body, epoch, held)
    if again is None:
        log.debug("`%s %s` was refused and there is no new token", asked.method, asked.path)
        return
    if held and again.token == held.token and asked.cookies == sent_cookies:
        log.debug("`%s %s` was refused and the token is the same as before", asked.method, asked.path)
        return
    log.debug("`%s %s` was refused: sent again with a new token", asked.method, asked.path)
    answer = yield from _send(keeper, document, asked, again)
    yield from learn(keeper, document, asked, answer, None)


def load(keeper: Keeper) -> Exchange:
    """Sees to it that there is a document."""
    if keeper.document is None:
        yield from _load(keeper)


def _load(keeper: Keeper) -> Generator[Action, object, Document]:
    """The server's own document, fetched once for all."""
    while keeper.document is None:
        flight, mine = keeper.board()
        if not mine:
            yield Wait(flight.event)
            continue
        try:
            answer = yield from fetched(Fetch("GET", WELL_KNOWN))
            if answer.status != 200:
                raise DocumentError(
                    f"`{keeper.origin}{WELL_KNOWN}` answered {answer.status}: this server does not say what its "
                    'dialect is, so name it, as in `dialect="vmanage"`'
                )
            keeper.use(Document.from_json((yield from body_of())))
        finally:
            keeper.land(flight, None)
    return keeper.document


def _has_token(keeper: Keeper, document: Document, asked: Asked) -> bool:
    own = document.token.header if document.token else ""
    return own in asked.headers or keeper.header in asked.headers


def _send(keeper: Keeper, document: Document, asked: Asked, held: Optional[Held]) -> Generator[Action, object, Answer]:
    headers: Dict[str, Optional[str]] = {}
    if held is not None:
        headers[held.header] = held.token
    if asked.cookies != asked.headers.get("Cookie"):
        headers["Cookie"] = asked.cookies
    if _says_origin(keeper, document, asked):
        headers["Origin"] = str(keeper.origin)
    try:
        answer = yield Send(headers)
    except BaseException:
        if held is not None:
            keeper.give_back(held)
        raise
    return answer  # type: ignore[return-value]


def _says_origin(keeper: Keeper, document: Document, asked: Asked) -> bool:
    if document.origin is None or "Origin" in asked.headers:
        return False
    return document.origin == "always" or (keeper.origin.scheme == "https" and asked.method not in SAFE)


def _is_refused(document: Document, answer: Answer) -> Generator[Action, object, Tuple[bool, Optional[bytes]]]:
    """Rule 7: whether it is the server's own refusal. The body comes along if it had to be read."""
    refusal = document.refusal
    if answer.status != refusal.status:
        return False, None
    for name, value in refusal.headers.items():
        if (answer.header(name) or "").lower() != value.lower():
            return False, None
    if refusal.contains is None and refusal.headers:
        return True, None
    body = yield from body_of()
    if refusal.contains is not None:
        return refusal.contains in body, body
    return not body, body


def _another(
    keeper: Keeper,
    document: Document,
    asked: Asked,
    answer: Answer,
    body: Optional[bytes],
    epoch: int,
    refused: Optional[Held],
) -> Generator[Action, object, Optional[Held]]:
    """A new token after a refusal."""
    session = session_of(document, asked)
    source = document.refusal.token
    if source is not None:
        if source.in_body and body is None:
            body = yield from body_of()
        tokens = [token for token in source.read(answer, body) if is_own_token(document, source.name, token)]
        return keeper.take_from(tokens, session) if len(tokens) == 1 else None
    # Where no token can be fetched, one that was refused for another reason is better kept.
    if document.fetches:
        keeper.reject(epoch)
    try:
        return (yield from take(keeper, document, asked, refused))
    except Exception as error:
        # The refusal says more than that no token could be fetched.
        log.debug("no token after a refusal: %s", type(error).__name__)
        return None
