"""Rule 2: whether a request needs a token, by its method and path."""

from __future__ import annotations

from functools import lru_cache
from typing import Optional

from ._parts import Route
from ._paths import canonical
from .document import Document

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


class Rules:
    """The rules of one document, with an answer kept for what is asked often."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.need = lru_cache(maxsize=512)(self._need)

    def _need(self, method: str, path: str) -> str:
        """`token`, `either` (a client that is no browser needs one too) or `none`."""
        document = self._document
        if document.token is None:
            return "none"
        # Whether it is judged if no route names its method. OPTIONS is how a browser asks whether it may
        # send at all, and can carry nothing.
        judged = method not in SAFE if document.methods == "unsafe" else method != "OPTIONS"
        plain = canonical(path)
        for route in document.routes:
            if _is_about(route, method, plain, judged):
                return _told(route.require)
        return _told(document.require) if judged else "none"


def _is_about(route: Route, method: str, path: Optional[str], judged: bool) -> bool:
    loosens = route.require in ("nothing", "provenance")
    if not (judged if route.methods is None else _covers(route.methods, method, loosens)):
        return False
    return route.path.loosens(path) if loosens else route.path.tightens(path)


def _covers(methods: tuple[str, ...], method: str, loosens: bool) -> bool:
    if "*" in methods:
        return method != "OPTIONS"
    # In most frameworks HEAD reaches what GET does.
    return method in methods or (not loosens and method == "HEAD" and "GET" in methods)


def _told(require: str) -> str:
    if require in ("token", "both"):
        return "token"
    return "either" if require == "either" else "none"
