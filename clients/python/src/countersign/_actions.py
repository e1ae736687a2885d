"""What an exchange asks its driver to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, Generator, Mapping, Optional, Union

from ._answer import Answer
from ._keeper import Event


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


def fetched(fetch: Fetch) -> Generator[Action, object, Answer]:
    """The answer to a fetch."""
    answer = yield fetch
    return answer  # type: ignore[return-value]


def body_of() -> Generator[Action, object, bytes]:
    """The body of the last answer, decoded."""
    body = yield Body()
    return body if isinstance(body, bytes) else b""
