"""For `requests`: `Session`, `protect` and `CsrfAuth`.

import countersign.requests

session = countersign.requests.Session("https://app.example", dialect="vmanage", user="admin", password="..")
session.post("/dataservice/device", json={..})
"""

from __future__ import annotations

from typing import Any, Optional, Tuple, Union
from urllib.parse import urljoin

import requests
from requests.adapters import BaseAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.models import PreparedRequest, Response

from . import _login
from ._guard import Dialect, keeper_for
from ._keeper import Keeper
from ._on_requests import Adapter, SessionJar, send_within
from ._origin import base_of, origin_of
from ._requests_auth import arm
from .document import Document

__all__ = ["CsrfAuth", "Guard", "Session", "protect"]

Basic = Tuple[str, str]


class Guard:
    """What `protect` adds to a session: logging in and out, and forgetting."""

    def __init__(self, session: requests.Session, keeper: Keeper) -> None:
        self._session = session
        self._keeper = keeper

    @property
    def origin(self) -> str:
        """The one origin that tokens are sent to."""
        return str(self._keeper.origin)

    @property
    def document(self) -> Document:
        """The client document; fetched now if the dialect is `auto` and this is the first use."""
        if self._keeper.document is None:
            send_within(self._session, self._keeper)
        assert self._keeper.document is not None
        return self._keeper.document

    def login(self, user: str, password: str) -> Response:
        """Logs in as the document says. The password is not kept.

        Raises `LoginError` if the server does not accept it, or if the document does not say how.
        """
        method, target, more = _login.login_request(self.document, user, password)
        response = self._session.request(method, self.origin + target, allow_redirects=False, **more)
        _login.check_login(self.document, response.status_code, response.content)
        return response

    def logout(self) -> Response:
        """Logs out as the document says, and forgets all tokens.

        Raises `LoginError` if the server refuses, or if the document does not say how.
        """
        method, target = _login.logout_request(self.document)
        response = self._session.request(method, self.origin + target, allow_redirects=False)
        self.forget()
        _login.check_logout(response.status_code)
        return response

    def forget(self) -> None:
        """Forgets all tokens; the next request that needs one fetches it."""
        self._keeper.forget()

    def __repr__(self) -> str:
        return f"<Guard of {self.origin}>"


def protect(session: requests.Session, base_url: str, dialect: Dialect = "auto") -> Guard:
    """Makes a session that you have get through the protection of one origin.

    Its adapters are wrapped as they are now: mount your own before. `dialect` is a name, the path of a `.json`
    file, a `dict`, or `auto`, which asks the server at the first request.

    Raises `DocumentError` for a dialect that nobody knows, `CountersignError` for a URL without an origin.
    """
    keeper = keeper_for(base_url, dialect)
    for prefix, adapter in list(session.adapters.items()):
        session.mount(prefix, Adapter(adapter, keeper, SessionJar(session)))
    return Guard(session, keeper)


class Session(requests.Session):
    """A `requests.Session` for one protected origin.

    URLs that begin with `/` are on that origin. With `user` and `password` it logs in at once, as the
    dialect says. All else is as in `requests`; pickled, it takes its cookies and reusable tokens along, and
    no one-time tickets.
    """

    __attrs__ = [*requests.Session.__attrs__, "base_url", "_keeper"]

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        user: Optional[str] = None,
        password: Optional[str] = None,
        verify: Union[bool, str] = True,
    ) -> None:
        super().__init__()
        credentials = _login.both_or_none(user, password)
        self.base_url = str(base_of(base_url))
        self._keeper = keeper_for(base_url, dialect)
        self.verify = verify
        if credentials is not None:
            self.login(*credentials)

    @property
    def csrf(self) -> Guard:
        """Logging in and out, and forgetting."""
        return Guard(self, self._keeper)

    def login(self, user: str, password: str) -> Response:
        """See `Guard.login`."""
        return self.csrf.login(user, password)

    def logout(self) -> Response:
        """See `Guard.logout`."""
        return self.csrf.logout()

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Response:
        """As in `requests`, and `/path` is on the session's origin."""
        # A session's own `verify=False` would lose against REQUESTS_CA_BUNDLE, one that comes with a call does not.
        options.setdefault("verify", self.verify)
        return super().request(method, self._on_origin(url), *args, **options)

    def prepare_request(self, request: requests.Request) -> PreparedRequest:
        """As in `requests`, and `/path` is on the session's origin."""
        request.url = self._on_origin(request.url)
        return super().prepare_request(request)

    def get_adapter(self, url: Any) -> BaseAdapter:
        """The adapter of `requests`, with the handshake done around it."""
        return Adapter(super().get_adapter(url), self._keeper, SessionJar(self))

    def _on_origin(self, url: Any) -> Any:
        return urljoin(self.base_url, url) if isinstance(url, str) and url.startswith("/") else url


class CsrfAuth(AuthBase):
    """The same for `auth=`, of a session or of a single call.

        session.auth = CsrfAuth("https://app.example", dialect="vmanage", basic=("admin", ".."))

    `session`: with whose settings (verify, proxies, certificates) and cookies tokens are fetched. Give it the
    session that the auth is for; without one it has its own in `session`.

    `basic`: credentials, or another `AuthBase` that goes first; like tokens, they are for this origin alone.

    `requests` runs one auth only, so whoever gives another with a call has no token in it, and an auth does not
    hear of failures. `Session` and `protect` do not have these limits.
    """

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        basic: Union[Basic, AuthBase, None] = None,
        session: Optional[requests.Session] = None,
    ) -> None:
        self._keeper = keeper_for(base_url, dialect)
        self._basic = HTTPBasicAuth(*basic) if isinstance(basic, tuple) else basic
        self._is_bound = session is not None
        self.session = session if session is not None else requests.Session()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        # Credentials are for this origin as well.
        if origin_of(request.url or "") != self._keeper.origin:
            return request
        if self._basic is not None:
            request = self._basic(request)
        arm(request, self._keeper, self.session, self._is_bound)
        return request

    def forget(self) -> None:
        """Forgets all tokens."""
        self._keeper.forget()

    def __repr__(self) -> str:
        return f"<CsrfAuth for {self._keeper.origin}>"
