"""From what a user gives to what the drivers need."""

from __future__ import annotations

import os
import threading
from typing import Any, Callable, Mapping, Union

from ._keeper import Event, Keeper
from ._origin import base_of
from .document import Document

# A name, the path of a `.json` file, a `dict`, a `Document`, or `auto`.
Dialect = Union[str, "os.PathLike[str]", Mapping[str, Any], Document]


def keeper_for(base_url: str, dialect: Dialect, event: Callable[[], Event] = threading.Event) -> Keeper:
    """A keeper for the origin of a URL. `auto` has no document before the first request."""
    return Keeper(base_of(base_url), None if dialect == "auto" else Document.of(dialect), event)
