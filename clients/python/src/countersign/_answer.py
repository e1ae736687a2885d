"""A response as the rules see it, whichever library received it."""

from __future__ import annotations

from typing import List, Optional, Protocol


class Answer(Protocol):
    """Status and headers; the body is asked for where a rule needs it."""

    @property
    def status(self) -> int:
        """The status code."""

    def header(self, name: str) -> Optional[str]:
        """The value of a header; `None` if it is absent or there twice: never the first of two."""

    def set_cookies(self) -> List[str]:
        """The `Set-Cookie` lines."""
