"""Rule 6, and the second half of rule 8: what responses bring."""

from __future__ import annotations

from typing import Generator, List, Optional, Tuple

from . import _cookies
from ._actions import Action, Asked, body_of
from ._answer import Answer
from ._keeper import Keeper
from ._parts import Obtain, is_field_name
from ._sources import is_token
from .document import Document


def learn(
    keeper: Keeper, document: Document, asked: Asked, answer: Answer, body: Optional[bytes]
) -> Generator[Action, object, None]:
    """Keeps the tokens of an answer; after logging in or out, those alone."""
    if document.token is None:
        return
    if document.turns(asked.method, asked.path, asked.query):
        keeper.forget()
    tokens, header = delivered(document, answer)
    if not tokens or document.token.once:
        for obtain in document.obtained_by(asked.method, asked.path, asked.query):
            more = yield from read_tokens(document, obtain, answer, body)
            if more:
                tokens = tokens + more
                break
    if tokens:
        cookies = moved(asked.cookies, answer)
        keeper.learn(tokens, _cookies.shown(cookies, document.session_cookie), header)


def delivered(document: Document, answer: Answer) -> Tuple[List[str], Optional[str]]:
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
    return ([token], named) if token is not None and is_own_token(document, holder, token) else ([], None)


def read_tokens(
    document: Document, obtain: Obtain, answer: Answer, body: Optional[bytes]
) -> Generator[Action, object, List[str]]:
    """What an answer has where `obtain` says that tokens are."""
    source = obtain.source
    if source.in_body:
        # A word on an error page is no token.
        if not 200 <= answer.status < 300:
            return []
        if body is None:
            body = yield from body_of()
    tokens = source.read(answer, body)
    # Several where one is wanted: never the first of two.
    if len(tokens) > 1 and not (document.token and document.token.once):
        return []
    if source.kind == "header":
        return [token for token in tokens if is_own_token(document, source.name, token)]
    return tokens


def is_own_token(document: Document, header: Optional[str], token: str) -> bool:
    """Whether it is a token, and not the word by which a refusal says that one is wanted."""
    for name, word in document.refusal.headers.items():
        if header is not None and name.lower() == header.lower() and token.lower() == word.lower():
            return False
    return is_token(token)


def moved(cookies: Optional[str], answer: Answer) -> Optional[str]:
    """A `Cookie` header after an answer that sets cookies."""
    for name, value in _cookies.moved(answer.set_cookies()).items():
        cookies = _cookies.replaced(cookies, name, value)
    return cookies
