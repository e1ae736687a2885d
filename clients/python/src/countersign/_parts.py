"""The parts of a client document."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ._paths import PathPattern
from ._sources import Source
from .errors import DocumentError

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


def is_field_name(name: object) -> bool:
    """Whether a token may travel in a header of this name (RFC 9110, 5.1)."""
    return isinstance(name, str) and FIELD_NAME.fullmatch(name) is not None and name.lower() not in RESERVED


def one_of(text: Any, known: Tuple[str, ...]) -> str:
    """One of the words that may stand there. Raises `DocumentError` for another."""
    if text not in known:
        raise DocumentError(f"`{text}` is none of {', '.join(f'`{name}`' for name in known)} in the client document")
    return str(text)


def read_route(value: Mapping[str, Any]) -> Route:
    """Reads what requests to some paths must show."""
    methods = value.get("methods")
    return Route(
        path=PathPattern(value["path"]),
        methods=None if methods is None else tuple(str(method) for method in methods),
        require=one_of(value["require"], REQUIRES),
    )


def read_token(value: Mapping[str, Any]) -> Token:
    """Reads the token and its carriers."""
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


def read_obtain(value: Mapping[str, Any]) -> Obtain:
    """Reads a request that brings a token."""
    headers = dict(value.get("headers", {}))
    for name, text in headers.items():
        if not is_field_name(name) or re.search(r"[^\x20-\x7e]", text):
            raise DocumentError(f"a client may not send the header `{name}` to obtain a token")
    return Obtain(Target.parse(value["request"]), headers, Source.parse(value["from"]))


def read_refusal(value: Mapping[str, Any]) -> Refusal:
    """Reads how a refusal is told."""
    contains, token = value.get("contains"), value.get("token")
    return Refusal(
        status=int(value["status"]),
        # An empty text is contained in everything: then the status alone tells.
        contains=None if contains is None else str(contains).encode(),
        headers=dict(value.get("headers", {})),
        token=None if token is None else Source.parse(token),
    )


def read_login(value: Mapping[str, Any]) -> Login:
    """Reads how to log in."""
    return Login(
        request=Target.parse(value["request"]),
        form=value.get("form") or None,
        json=value.get("json") or None,
        basic=value.get("basic") is True,
        failed=value.get("failed"),
    )
