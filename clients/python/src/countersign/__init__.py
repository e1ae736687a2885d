"""Get through the CSRF protection of an API without writing token code.

    import countersign

    session = countersign.requests.Session("https://app.example", dialect="vmanage", user="admin", password="..")

`countersign.requests` is for `requests`, `countersign.httpx` for `httpx`, sync and async. They need those
libraries, this package alone needs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .document import Document, dialects
from .errors import CountersignError, DocumentError, LoginError

if TYPE_CHECKING:
    import countersign.httpx as httpx
    import countersign.requests as requests

__all__ = [
    "CountersignError",
    "Document",
    "DocumentError",
    "LoginError",
    "dialects",
    "httpx",
    "protect",
    "requests",
]
__version__ = "0.1.0"


def protect(session: Any, base_url: str, dialect: Any = "auto") -> Any:
    """Makes a session or client that you have get through: of `requests`, or of `httpx`, sync or async.

    See `countersign.requests.protect` and `countersign.httpx.protect`, which this calls and which are typed.
    """
    library = {"requests", "httpx"} & {kind.__module__.split(".")[0] for kind in type(session).__mro__}
    if len(library) != 1:
        raise CountersignError(f"`{type(session).__name__}` is neither a session of `requests` nor a client of `httpx`")
    return importlib.import_module(f".{library.pop()}", __name__).protect(session, base_url, dialect)


def __getattr__(name: str) -> Any:
    # Only whoever uses a library needs to have it.
    if name in ("requests", "httpx"):
        try:
            return importlib.import_module(f".{name}", __name__)
        except ModuleNotFoundError as error:
            advice = f'`countersign.{name}` needs `{error.name}`: pip install "countersign[{name}]"'
            raise ModuleNotFoundError(advice, name=error.name) from None
    raise AttributeError(f"module `{__name__}` has no `{name}`")
