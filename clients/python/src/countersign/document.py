"""The client document of a dialect: all that a client knows of a server.

It comes from `dialects.json` (the built-in dialects), from a file, from a `dict`, or from the server itself
at `/.well-known/csrf`. Nothing in this package asks which dialect it is: what differs stands here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from ._parts import (
    REQUIRES,
    Login,
    Obtain,
    Refusal,
    Route,
    Target,
    Token,
    one_of,
    read_login,
    read_obtain,
    read_refusal,
    read_route,
    read_token,
)
from .errors import DocumentError

VERSION = 1
WELL_KNOWN = "/.well-known/csrf"


@dataclass(frozen=True)
class Document:
    """A client document, read and checked."""

    dialect: str
    methods: str
    require: str
    routes: Tuple[Route, ...]
    session_cookie: str
    token: Optional[Token]
    origin: Optional[str]
    deliver: Dict[str, str]
    obtain: Tuple[Obtain, ...]
    refusal: Refusal
    login: Optional[Login]
    logout: Optional[Target]

    @classmethod
    def of(cls, value: Union[str, os.PathLike[str], Mapping[str, Any], Document]) -> Document:
        """The document of a built-in dialect (its name), a JSON file (a path), or a `dict`.

        Raises `DocumentError` with what to do.
        """
        if isinstance(value, Document):
            return value
        if isinstance(value, Mapping):
            return cls.parse(value)
        if isinstance(value, str) and value in builtin():
            return cls.parse(builtin()[value])
        if isinstance(value, str) and not value.endswith(".json") and os.sep not in value:
            known = ", ".join(f"`{name}`" for name in sorted(builtin()))
            raise DocumentError(
                f"there is no dialect `{value}`: take one of {known}, the path of a `.json` file, or `auto`"
            )
        try:
            text = Path(value).read_text(encoding="utf-8")
        except OSError as error:
            raise DocumentError(f"cannot read the client document `{value}`: {error.strerror}") from None
        return cls.from_json(text)

    @classmethod
    def from_json(cls, text: Union[str, bytes]) -> Document:
        """Reads what a server says at `/.well-known/csrf`."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise DocumentError("the client document is not JSON: name the dialect instead") from None
        return cls.parse(value)

    @classmethod
    def parse(cls, value: Any) -> Document:
        """Reads a document. Keys that it does not know are left alone."""
        if not isinstance(value, Mapping):
            raise DocumentError("the client document is no JSON object: name the dialect instead")
        if value.get("version") != VERSION:
            raise DocumentError(
                f"the client document has version `{value.get('version')}` and this package reads {VERSION}: "
                "install a newer `countersign`"
            )
        try:
            return _parse(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, DocumentError):
                raise
            raise DocumentError(
                f"the client document of `{value.get('dialect')}` cannot be used ({error!r}): compare it with "
                "what `countersign` serves at `/.well-known/csrf`"
            ) from None

    @property
    def fetches(self) -> Tuple[Obtain, ...]:
        """The requests by which a client may fetch a token itself."""
        return tuple(obtain for obtain in self.obtain if obtain.is_fetch)

    def obtained_by(self, method: str, path: str, query: str) -> List[Obtain]:
        """Those of `obtain` that a request is; those that name its very query before the others.

        What lies in a cookie is left to the jar. Where any request will do, only headers are looked at: a download
        is not read for the token that a page might have.
        """
        found = [
            obtain
            for obtain in self.obtain
            if obtain.request.is_asked(method, path, query)
            and obtain.source.kind != "cookie"
            and not (obtain.request.path == "*" and obtain.source.in_body)
        ]
        found.sort(key=lambda obtain: obtain.request.query is None)
        return found

    def turns(self, method: str, path: str, query: str) -> bool:
        """Whether a request logs in or out, so that what was held is worth nothing after it."""
        if self.logout is not None and self.logout.is_asked(method, path, query):
            return True
        return self.login is not None and self.login.request.is_asked(method, path, query)


def dialects() -> List[str]:
    """The names of the built-in dialects."""
    return sorted(builtin())


@cache
def builtin() -> Dict[str, Any]:
    """The documents of the built-in dialects, as JSON values."""
    with (resources.files(__package__) / "dialects.json").open(encoding="utf-8") as file:
        found: Dict[str, Any] = json.load(file)
    return found


def _parse(value: Mapping[str, Any]) -> Document:
    protect = value["protect"]
    login = value.get("login")
    logout = value.get("logout")
    return Document(
        dialect=str(value["dialect"]),
        methods=one_of(protect["methods"], ("unsafe", "all")),
        require=one_of(protect["require"], REQUIRES),
        routes=tuple(read_route(route) for route in value.get("routes", ())),
        session_cookie=str(value["session_cookie"]),
        token=read_token(value["token"]) if value.get("token") is not None else None,
        origin=one_of(value["origin"], ("always", "https")) if value.get("origin") is not None else None,
        deliver={
            name.lower(): one_of(what, ("{header}", "{token}")) for name, what in value.get("deliver", {}).items()
        },
        obtain=tuple(read_obtain(obtain) for obtain in value.get("obtain", ())),
        refusal=read_refusal(value["refusal"]),
        login=read_login(login) if login is not None else None,
        logout=Target.parse(logout["request"]) if logout is not None else None,
    )
