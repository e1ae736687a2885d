"""What can go wrong. Messages say what to do next and never hold a token, a password or a cookie."""

from __future__ import annotations


class CountersignError(Exception):
    """Base of all errors that this package raises itself.

    What the HTTP library raises (a refused connection, a timeout) is passed on as it is.
    """


class DocumentError(CountersignError, ValueError):
    """A client document that cannot be read, or a dialect that nobody knows."""


class LoginError(CountersignError):
    """Logging in or out did not work.

    `status` is that of the server's answer, `None` where none was asked for.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[type[LoginError], tuple[str, int | None]]:
        return type(self), (str(self), self.status)
