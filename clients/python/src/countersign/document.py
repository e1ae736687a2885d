"""The client document of a dialect: all that a client knows of a server.

It comes from `dialects.json` (the built-in dialects), from a file, from a `dict`, or from the server itself
at `/.well-known/csrf`. Nothing in this package asks which dialect it is: what differs stands here.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from ._paths import PathPattern
from ._sources import Source
from .errors import DocumentError

VERSION = 1
WELL_KNOWN = "/.well-known/csrf"
REQUIRES = ("nothing", "provenance", "either", "token", "both")
FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
# Headers that frame a request or log somebody in: no server may make a token of them.
RESERVED = frozenset(
    "authorization connection content-length content-type cookie expect host keep-alive origin "
    "proxy-authorization referer te trailer transfer-encoding upgrade".split()
)


class Target(NamedTuple):
    """`METHOD /path?query`. `path` is `*` for the target of the request that wants a token."""

    method: str
    path: str
    query: Optional[str]

    @classmethod
    def parse(cls, text: object) -> Target:
        """Reads `GET /path?query`."""
        method, blank, target = str(text).partition(" ")
        if not blank or not FIELD_NAME.fullmatch(method):
            raise DocumentError(f"the request `{text}` is not written as `METHOD /path`")
        if target == "*":
            return cls(method, "*", None)
        # `//host` and `/\host` are other origins to some parsers.
        if not target.startswith("/") or target[1:2] in ("/", "\\") or re.search(r"[\x00-\x20\x7f\\#]", target):
            raise DocumentError(f"the target of `{text}` must begin with one `/` and have no blanks, `\\` or `#`")
        path, mark, query = target.partition("?")
        return cls(method, path, query if mark else None)

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def is_asked(self, method: str, path: str, query: str) -> bool:
        """Whether a request is this one. Without a query of its own, any query will do."""
        return method == self.method and self.path in ("*", path) and (self.query is None or self.query == query)


@dataclass(frozen=True)
class Obtain:
    """A request whose response has a token."""

    request: Target
    headers: Dict[str, str]
    source: Source

    @property
    def is_fetch(self) -> bool:
        """Whether a client may send it by itself: nothing that changes something."""
        return self.request.method in ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Token:
    """The token and its carriers."""

    header: str
    field: Optional[str] = None
    once: bool = False
    lifetime: Optional[float] = None
    pool: Optional[int] = None
    cookie: Optional[str] = None


@dataclass(frozen=True)
class Refusal:
    """How a refusal is told from other answers."""

    status: int
    contains: Optional[bytes] = None
    headers: Dict[str, str] = field(default_factory=dict)
    token: Optional[Source] = None

    @property
    def is_typed(self) -> bool:
        """Whether more tells it from other answers than its status and an empty body."""
        return self.contains is not None or bool(self.headers)


@dataclass(frozen=True)
class Login:
    """The request that logs in; `{user}` and `{password}` are replaced in its values."""

    request: Target
    form: Optional[Dict[str, str]] = None
    json: Optional[Dict[str, str]] = None
    basic: bool = False
    failed: Optional[str] = None


@dataclass(frozen=True)
class Route:
    """What requests to some paths must show."""

    path: PathPattern
    methods: Optional[Tuple[str, ...]]
    require: str


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


def is_field_name(name: object) -> bool:
    """Whether a token may travel in a header of this name (RFC 9110, 5.1)."""
    return isinstance(name, str) and FIELD_NAME.fullmatch(name) is not None and name.lower() not in RESERVED


def _parse(value: Mapping[str, Any]) -> Document:
    protect = value["protect"]
    login = value.get("login")
    logout = value.get("logout")
    return Document(
        dialect=str(value["dialect"]),
        methods=_one_of(protect["methods"], ("unsafe", "all")),
        require=_one_of(protect["require"], REQUIRES),
        routes=tuple(_route(route) for route in value.get("routes", ())),
        session_cookie=str(value["session_cookie"]),
        token=_token(value["token"]) if value.get("token") is not None else None,
        origin=_one_of(value["origin"], ("always", "https")) if value.get("origin") is not None else None,
        deliver={
            name.lower(): _one_of(what, ("{header}", "{token}")) for name, what in value.get("deliver", {}).items()
        },
        obtain=tuple(_obtain(obtain) for obtain in value.get("obtain", ())),
        refusal=_refusal(value["refusal"]),
        login=_login(login) if login is not None else None,
        logout=Target.parse(logout["request"]) if logout is not None else None,
    )


def _one_of(text: Any, known: Tuple[str, ...]) -> str:
    if text not in known:
        raise DocumentError(f"`{text}` is none of {', '.join(f'`{name}`' for name in known)} in the client document")
    return str(text)


def _route(value: Mapping[str, Any]) -> Route:
    methods = value.get("methods")
    return Route(
        path=PathPattern(value["path"]),
        methods=None if methods is None else tuple(str(method) for method in methods),
        require=_one_of(value["require"], REQUIRES),
    )


def _token(value: Mapping[str, Any]) -> Token:
    if not is_field_name(value["header"]):
        raise DocumentError(f"`{value['header']}` in the client document is no header for a token")
    lifetime = value.get("lifetime")
    return Token(
        header=value["header"],
        field=value.get("field"),
        once=value.get("once") is True,
        lifetime=None if lifetime is None else float(lifetime),
        pool=value.get("pool"),
        cookie=value.get("cookie"),
    )


def _obtain(value: Mapping[str, Any]) -> Obtain:
    headers = dict(value.get("headers", {}))
    for name, text in headers.items():
        if not is_field_name(name) or re.search(r"[^\x20-\x7e]", text):
            raise DocumentError(f"a client may not send the header `{name}` to obtain a token")
    return Obtain(Target.parse(value["request"]), headers, Source.parse(value["from"]))


def _refusal(value: Mapping[str, Any]) -> Refusal:
    contains, token = value.get("contains"), value.get("token")
    return Refusal(
        status=int(value["status"]),
        # An empty text is contained in everything: then the status alone tells.
        contains=None if contains is None else str(contains).encode(),
        headers=dict(value.get("headers", {})),
        token=None if token is None else Source.parse(token),
    )


def _login(value: Mapping[str, Any]) -> Login:
    return Login(
        request=Target.parse(value["request"]),
        form=value.get("form") or None,
        json=value.get("json") or None,
        basic=value.get("basic") is True,
        failed=value.get("failed"),
    )
