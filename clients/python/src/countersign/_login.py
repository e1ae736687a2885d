"""How the requests that log in and out are made of the document, and what their answers say."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from .document import Document
from .errors import LoginError


def login_request(document: Document, user: str, password: str) -> Tuple[str, str, Dict[str, Any]]:
    """Method, target, and the arguments `data`, `json` or `auth` of the library's `request`.

    Raises `LoginError` if the document does not say how.
    """
    login = document.login
    if login is None:
        raise LoginError(
            f"the dialect `{document.dialect}` does not say how to log in: send the login with this session "
            "yourself, or give the credentials with each request"
        )
    more: Dict[str, Any] = {}
    if login.form is not None:
        more["data"] = _filled(login.form, user, password)
    if login.json is not None:
        more["json"] = _filled(login.json, user, password)
    if login.basic:
        more["auth"] = (user, password)
    return login.request.method, login.request.target, more


def check_login(document: Document, status: int, body: bytes) -> None:
    """Raises `LoginError` if an answer is not that to the right password."""
    failed = document.login.failed if document.login else None
    if status >= 400 or (failed is not None and failed.encode() in body):
        raise LoginError(
            f"the server did not accept the user's name and password (status {status}): check both", status
        )


def logout_request(document: Document) -> Tuple[str, str]:
    """Method and target. Raises `LoginError` if the document does not say how."""
    if document.logout is None:
        raise LoginError(
            f"the dialect `{document.dialect}` does not say how to log out: forget the session's cookies instead"
        )
    return document.logout.method, document.logout.target


def check_logout(status: int) -> None:
    """Raises `LoginError` if the session may still be alive."""
    if status >= 400:
        raise LoginError(f"the server did not log out (status {status}): the session may still be alive", status)


def both_or_none(user: Optional[str], password: Optional[str]) -> Optional[Tuple[str, str]]:
    """Credentials, if there are any. Raises `LoginError` for one without the other."""
    if user is None and password is None:
        return None
    if user is None or password is None:
        raise LoginError("give `user` and `password` together, or neither")
    return user, password


def check_entered(credentials: Optional[Tuple[str, str]], how: str) -> None:
    """Raises `LoginError` for credentials that nobody has logged in with."""
    if credentials is not None:
        raise LoginError(f"the client has not logged in yet: enter it by `{how}`, or call its `login`")


def _filled(templates: Mapping[str, str], user: str, password: str) -> Dict[str, str]:
    # Each value is one template: a user called `{password}` stays that.
    known = {"{user}": user, "{password}": password}
    return {name: known.get(value, value) for name, value in templates.items()}
