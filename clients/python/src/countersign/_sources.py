"""Where in a response a token is (`from`, `refusal.token`)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import unquote

from . import _cookies
from ._answer import Answer
from .errors import DocumentError

TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
CALL = re.compile(r"\brequire\s*\.\s*config\s*\(\s*")
# What stands in these is no element to a browser, so it may be somebody's text. Not all releases of Python know.
TEXT_ONLY = frozenset(("iframe", "noembed", "noframes", "noscript", "template", "textarea", "title", "xmp"))
IN_BODY = ("text", "json", "require-config", "meta", "input")
KINDS = ("header", "cookie", *IN_BODY)


def is_token(text: object) -> bool:
    """1 to 4096 visible ASCII characters; anything else is an error page or a mistake."""
    return isinstance(text, str) and TOKEN.fullmatch(text) is not None


@dataclass(frozen=True)
class Source:
    """A place in a response: the kind of place, and the name or JSON pointer in it."""

    kind: str
    name: str

    @classmethod
    def parse(cls, value: object) -> Source:
        """Reads `"text"` or `{kind: name}`."""
        if value == "text":
            return cls("text", "")
        if isinstance(value, dict) and len(value) == 1:
            [(kind, name)] = value.items()
            if kind in KINDS and kind != "text" and isinstance(name, str):
                if kind in ("json", "require-config") and name and not name.startswith("/"):
                    raise DocumentError(f"`{name}` is no JSON pointer: begin it with `/` (RFC 6901)")
                return cls(kind, name)
        known = ", ".join(f"`{kind}`" for kind in KINDS)
        raise DocumentError(f"the client document names a place for tokens that is none of {known}")

    @property
    def in_body(self) -> bool:
        """Whether the body must be read."""
        return self.kind in IN_BODY

    def read(self, answer: Answer, body: Optional[bytes]) -> List[str]:
        """The tokens; what is there and is none is left out."""
        found = self._read(answer, "" if body is None else _text(body))
        return [token for token in found if is_token(token)]

    def _read(self, answer: Answer, text: str) -> List[Any]:
        if self.kind == "header":
            return _one(answer.header(self.name))
        if self.kind == "cookie":
            return _one(cookie_token(_cookies.moved(answer.set_cookies()).get(self.name)))
        if self.kind == "text":
            return [text.strip()]
        if self.kind == "json":
            return [pointed(_json(text), self.name)]
        if self.kind == "require-config":
            return _configured(text, self.name)
        return _in_page(text, self.kind, self.name)


def cookie_token(value: Optional[str]) -> Optional[str]:
    """What a cookie's value says as a token: without the quotes and the percent-encoding."""
    if value is None:
        return None
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    try:
        return unquote(value, errors="strict") if "%" in value else value
    except UnicodeDecodeError:
        return None


def pointed(value: object, pointer: str) -> object:
    """What a JSON pointer points at (RFC 6901); `None` for nothing."""
    if pointer == "":
        return value
    for part in pointer[1:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]*", part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _one(value: Optional[str]) -> List[str]:
    return [] if value is None else [value]


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        # No token has a character beyond ASCII: what cannot be read hides none.
        return body.decode("latin-1")


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _configured(text: str, pointer: str) -> List[Any]:
    """The array in the last argument of `require.config(..)` that has it: a later call overrides."""
    found: List[Any] = []
    for call in CALL.finditer(text):
        try:
            argument, _ = json.JSONDecoder().raw_decode(text, call.end())
        except (ValueError, RecursionError):
            continue
        value = pointed(argument, pointer)
        if isinstance(value, list):
            found = value
    return found


def _in_page(text: str, kind: str, name: str) -> List[str]:
    parser = _Elements(kind, name, "content" if kind == "meta" else "value")
    parser.feed(text)
    parser.close()
    return parser.found[:1]


class _Elements(HTMLParser):
    """Collects one attribute of the elements of one name."""

    def __init__(self, tag: str, name: str, attribute: str) -> None:
        super().__init__(convert_charrefs=True)
        self._tag, self._name, self._attribute = tag, name, attribute
        self._within: Optional[str] = None
        self.found: List[str] = []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        if self._within is None and tag in TEXT_ONLY:
            self._within = tag
        if self._within is not None or tag != self._tag:
            return
        read: Dict[str, Optional[str]] = {}
        for key, value in attrs:
            # Of an attribute that is written twice, browsers take the first.
            read.setdefault(key, value)
        value = read.get(self._attribute)
        if read.get("name") == self._name and value is not None:
            self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None
