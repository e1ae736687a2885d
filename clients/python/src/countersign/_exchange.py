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
from dataclasses import dataclass, field
from typing import Callable, Dict, Generator, List, Mapping, Optional, Tuple, Union

from . import _cookies
from ._answer import Answer
from ._keeper import Event, Held, Keeper, Moves
from ._rules import SAFE
from ._sources import cookie_token, is_token
from .document import WELL_KNOWN, Document, Obtain, is_field_name
from .errors import DocumentError

log = logging.getLogger("countersign")

# What belongs to a request's body, to its connection or to itself alone does not go with a fetch.
OWN_HEADERS = frozenset(
    "accept connection cookie expect host origin range te trailer transfer-encoding upgrade "
    "x-http-method x-http-method-override x-method-override".split()
)
OWN_PREFIXES = ("content-", "if-")


@dataclass(repr=False)
class Asked:
    """A request as its caller made it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    # The `Cookie` header, as it is to be sent.
    cookies: Optional[str]
    # Whether the body can be sent once more; rewinds it if need be.
    replay: Callable[[], bool]
    # Whether the caller's jar holds this value; absent where there is no jar to ask.
    is_current: Optional[Callable[[str, Optional[str]], bool]] = None


@dataclass(repr=False)
class Send:
    """Send the request itself, with these headers put into it. `None` takes one out."""

    headers: Dict[str, Optional[str]]


@dataclass(repr=False)
class Fetch:
    """Send this request to the own origin, follow no redirect, and take its cookies into the jar."""

    method: str
    target: str
    headers: Dict[str, str] = field(default_factory=dict)


@dataclass
class Wait:
    """Wait until this happens."""

    event: Event


@dataclass
class Body:
    """Read the whole body of the last answer."""


Action = Union[Send, Fetch, Wait, Body]
Exchange = Generator[Action, object, None]


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
        held = yield from _take(keeper, document, asked)
        epoch = held.epoch if held else keeper.epoch

    answer = yield from _send(keeper, document, asked, held)
    is_refused, body = yield from _is_refused(document, answer)
    yield from _learn(keeper, document, asked, answer, body)

    if not is_refused or by_hand or document.token is None:
        return
    # An empty answer to a request that needs no token may be the app's own.
    if need == "none" and not document.refusal.is_typed:
        return
    sent_cookies = asked.cookies
    asked.cookies = _moved(asked.cookies, answer)
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
    yield from _learn(keeper, document, asked, answer, None)


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
            answer = yield from _fetched(Fetch("GET", WELL_KNOWN))
            if answer.status != 200:
                raise DocumentError(
                    f"`{keeper.origin}{WELL_KNOWN}` answered {answer.status}: this server does not say what its "
                    'dialect is, so name it, as in `dialect="vmanage"`'
                )
            keeper.use(Document.from_json((yield from _body())))
        finally:
            keeper.land(flight, None)
    return keeper.document


def _has_token(keeper: Keeper, document: Document, asked: Asked) -> bool:
    own = document.token.header if document.token else ""
    return own in asked.headers or keeper.header in asked.headers


def _take(
    keeper: Keeper, document: Document, asked: Asked, refused: Optional[Held] = None
) -> Generator[Action, object, Optional[Held]]:
    """Rule 4. A cookie that has just been refused is not taken again."""
    while True:
        held = keeper.take(_session(document, asked)) or _in_cookies(keeper, document, asked, refused)
        if held is not None or not document.fetches:
            return held
        flight, mine = keeper.board()
        if not mine:
            yield Wait(flight.event)
            asked.cookies = keeper.refreshed(asked.cookies, flight.moves, asked.is_current)
            if flight.brought is False:
                return keeper.take(_session(document, asked))
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
        answer = yield from _fetched(fetch)
        for name, value in _cookies.moved(answer.set_cookies()).items():
            shown = _cookies.shown(asked.cookies, name)
            if shown != value:
                moves[name] = (moves.get(name, (shown, None))[0], value)
                asked.cookies = _cookies.replaced(asked.cookies, name, value)
        tokens, header = _delivered(document, answer)
        if not tokens:
            header = None
            tokens = yield from _read(document, obtain, answer, None)
        if header is not None:
            keeper.learn([], _session(document, asked), header)
        if obtain.source.kind == "cookie" and tokens:
            return keeper.carried(tokens[0])
        held = keeper.take_from(tokens, _session(document, asked)) if tokens else None
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
    body = yield from _body()
    if refusal.contains is not None:
        return refusal.contains in body, body
    return not body, body


def _learn(
    keeper: Keeper, document: Document, asked: Asked, answer: Answer, body: Optional[bytes]
) -> Generator[Action, object, None]:
    """Rule 6, and the second half of rule 8."""
    if document.token is None:
        return
    if document.turns(asked.method, asked.path, asked.query):
        keeper.forget()
    tokens, header = _delivered(document, answer)
    if not tokens or document.token.once:
        for obtain in document.obtained_by(asked.method, asked.path, asked.query):
            more = yield from _read(document, obtain, answer, body)
            if more:
                tokens = tokens + more
                break
    if tokens:
        cookies = _moved(asked.cookies, answer)
        keeper.learn(tokens, _cookies.shown(cookies, document.session_cookie), header)


def _delivered(document: Document, answer: Answer) -> Tuple[List[str], Optional[str]]:
    """The token that `deliver` headers bring, and the name of the header to use from now on."""
    named = holder = None
    for name, what in document.deliver.items():
        if what == "{header}":
            named = answer.header(name)
        else:
            holder = name
    if is_field_name(named):
        holder = named
    else:
        named = None
    token = None if holder is None else answer.header(holder)
    return ([token], named) if token is not None and _is_own(document, holder, token) else ([], None)


def _read(
    document: Document, obtain: Obtain, answer: Answer, body: Optional[bytes]
) -> Generator[Action, object, List[str]]:
    source = obtain.source
    if source.in_body:
        # A word on an error page is no token.
        if not 200 <= answer.status < 300:
            return []
        if body is None:
            body = yield from _body()
    tokens = source.read(answer, body)
    # Several where one is wanted: never the first of two.
    if len(tokens) > 1 and not (document.token and document.token.once):
        return []
    if source.kind == "header":
        return [token for token in tokens if _is_own(document, source.name, token)]
    return tokens


def _is_own(document: Document, header: Optional[str], token: str) -> bool:
    """Whether it is a token, and not the word by which a refusal says that one is wanted."""
    for name, word in document.refusal.headers.items():
        if header is not None and name.lower() == header.lower() and token.lower() == word.lower():
            return False
    return is_token(token)


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
    session = _session(document, asked)
    source = document.refusal.token
    if source is not None:
        if source.in_body and body is None:
            body = yield from _body()
        tokens = [token for token in source.read(answer, body) if _is_own(document, source.name, token)]
        return keeper.take_from(tokens, session) if len(tokens) == 1 else None
    # Where no token can be fetched, one that was refused for another reason is better kept.
    if document.fetches:
        keeper.reject(epoch)
    try:
        return (yield from _take(keeper, document, asked, refused))
    except Exception as error:
        # The refusal says more than that no token could be fetched.
        log.debug("no token after a refusal: %s", type(error).__name__)
        return None


def _moved(cookies: Optional[str], answer: Answer) -> Optional[str]:
    for name, value in _cookies.moved(answer.set_cookies()).items():
        cookies = _cookies.replaced(cookies, name, value)
    return cookies


def _session(document: Document, asked: Asked) -> Optional[str]:
    return _cookies.shown(asked.cookies, document.session_cookie)


def _fetched(fetch: Fetch) -> Generator[Action, object, Answer]:
    answer = yield fetch
    return answer  # type: ignore[return-value]


def _body() -> Generator[Action, object, bytes]:
    body = yield Body()
    return body if isinstance(body, bytes) else b""
