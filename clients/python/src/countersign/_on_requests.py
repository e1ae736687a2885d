"""Carries an exchange out with `requests`.

The token is put on a copy of the request, for as long as the adapter has it. So no redirect copies it on, no
hook and no error shows it.
"""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.cookies import extract_cookies_to_jar, get_cookie_header
from requests.exceptions import UnrewindableBodyError
from requests.models import PreparedRequest, Response
from requests.utils import rewind_body

from . import _cookies
from ._actions import Action, Asked, Body, Exchange, Fetch, Send, Wait
from ._exchange import exchange, load
from ._keeper import Keeper
from ._origin import origin_of

# Seconds; where the call that wants a token has named no limit of its own.
FETCH_TIMEOUT = 30


class Answer:
    """See `_answer.Answer`."""

    __slots__ = ("response",)

    def __init__(self, response: Response) -> None:
        self.response = response

    @property
    def status(self) -> int:
        return self.response.status_code

    def header(self, name: str) -> Optional[str]:
        values = _all(self.response, name)
        return values[0] if len(values) == 1 else None

    def set_cookies(self) -> List[str]:
        return _all(self.response, "Set-Cookie")


def _all(response: Response, name: str) -> List[str]:
    headers = getattr(response.raw, "headers", None)
    if headers is not None and hasattr(headers, "getlist"):
        found: List[str] = headers.getlist(name)
        return found
    # An adapter that makes responses up may have no raw headers.
    value = response.headers.get(name)
    return [] if value is None else [value]


class SessionJar:
    """The cookies of a session, whichever jar it has by then."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session

    def keep(self, request: PreparedRequest, response: Response) -> None:
        """Takes a response's cookies in."""
        extract_cookies_to_jar(self.session.cookies, request, response.raw)  # type: ignore[no-untyped-call]

    def holds(self, url: str, name: str, value: Optional[str]) -> bool:
        """Whether a request to this URL would show this value."""
        request = _prepared("GET", url, {})
        header = get_cookie_header(self.session.cookies, request)  # type: ignore[no-untyped-call]
        return _cookies.shown(header, name) == value


class Run:
    """One exchange under way: the request, the last answer, and how to send."""

    def __init__(self, keeper: Keeper, request: PreparedRequest, jar: Optional[SessionJar]) -> None:
        self.keeper = keeper
        self.request = request
        self.jar = jar
        self.response: Optional[Response] = None
        # Responses before the last, whose cookies the session must hear of where there is no jar.
        self.earlier: List[Response] = []
        self._last: Optional[Response] = None

    def asked(self) -> Asked:
        """The request as the rules see it."""
        request, jar = self.request, self.jar
        url = request.url or ""
        parts = urlsplit(url)
        return Asked(
            method=request.method or "GET",
            path=str(parts.path) or "/",
            query=str(parts.query),
            headers=request.headers,
            cookies=request.headers.get("Cookie"),
            replay=self._replay,
            is_current=None if jar is None else lambda name, value: jar.holds(url, name, value),
        )

    def carry_out(self, steps: Exchange, inner: BaseAdapter, options: Mapping[str, Any], action: Action) -> None:
        """From this action to the end."""
        try:
            while True:
                try:
                    result = self.do(action, inner, options)
                except BaseException as error:
                    action = steps.throw(error)
                else:
                    action = steps.send(result)
        except StopIteration:
            pass

    def do(self, action: Action, inner: BaseAdapter, options: Mapping[str, Any]) -> object:
        """One action."""
        if isinstance(action, Send):
            return self.send(action, inner, options)
        if isinstance(action, Fetch):
            return self.fetch(action, inner, options)
        if isinstance(action, Wait):
            return action.event.wait()
        assert isinstance(action, Body) and self._last is not None
        return self._last.content or b""

    def send(self, action: Send, inner: BaseAdapter, options: Mapping[str, Any]) -> Answer:
        """The request itself, dressed for this once."""
        if self.response is not None:
            self._supersede(self.response)
        wire = copy.copy(self.request)
        wire.headers = self.request.headers.copy()
        put(wire, action.headers)
        try:
            response = inner.send(wire, **options)
        except requests.RequestException as error:
            error.request = self.request
            raise
        response.request = self.request
        return self.answered(response)

    def answered(self, response: Response) -> Answer:
        """Notes the answer to the request itself."""
        self.response = self._last = response
        return Answer(response)

    def fetch(self, action: Fetch, inner: BaseAdapter, options: Mapping[str, Any]) -> Answer:
        """A request of the client's own."""
        request = _prepared(action.method, f"{self.keeper.origin}{action.target}", action.headers)
        options = {**options, "stream": False}
        try:
            response = inner.send(request, **options)
        except requests.ConnectTimeout:
            raise
        except requests.ConnectionError:
            # Servers close a connection after a refusal whose body they have not read. What only reads may be
            # sent again then (RFC 9110, 9.2.2).
            response = inner.send(request, **options)
        _drain(response)
        self._last = response
        self._keep(request, response)
        return Answer(response)

    def _supersede(self, response: Response) -> None:
        _drain(response)
        response.close()
        self._keep(self.request, response)

    def _keep(self, request: PreparedRequest, response: Response) -> None:
        if self.jar is not None:
            self.jar.keep(request, response)
        else:
            self.earlier.append(response)

    def _replay(self) -> bool:
        if self.request.body is None or isinstance(self.request.body, (bytes, str)):
            return True
        try:
            rewind_body(self.request)
        except UnrewindableBodyError:
            return False
        return True


class Adapter(BaseAdapter):
    """An adapter with the handshake done around it, for one origin."""

    def __init__(self, inner: BaseAdapter, keeper: Keeper, jar: SessionJar) -> None:
        super().__init__()
        self._inner = inner
        self._keeper = keeper
        self._jar = jar

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Sends what the session sends, each redirect anew."""
        if args:
            options = {**dict(zip(("stream", "timeout", "verify", "cert", "proxies"), args)), **options}
        if origin_of(request.url or "") != self._keeper.origin:
            return self._inner.send(request, **options)
        run = Run(self._keeper, request, self._jar)
        steps = exchange(self._keeper, run.asked())
        run.carry_out(steps, self._inner, options, next(steps))
        assert run.response is not None
        return run.response

    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        # What else an adapter can do, such as `poolmanager` or `max_retries`.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)


def send_within(session: requests.Session, keeper: Keeper) -> None:
    """Fetches the document, with the settings of a session."""
    url = str(keeper.origin)
    adapter = session.get_adapter(url)
    inner = adapter._inner if isinstance(adapter, Adapter) else adapter
    run = Run(keeper, _prepared("GET", url, {}), SessionJar(session))
    steps = load(keeper)
    action = next(steps, None)
    if action is not None:
        run.carry_out(steps, inner, settings_of(session, url), action)


def settings_of(session: requests.Session, url: str) -> Dict[str, Any]:
    """What a session would give to its adapter."""
    # A session's own `verify=False` would lose against the environment, one that comes with a call does not.
    settings = session.merge_environment_settings(url, {}, None, session.verify, None)
    return {"timeout": FETCH_TIMEOUT, **settings}


def put(request: PreparedRequest, headers: Mapping[str, Optional[str]]) -> None:
    """Sets headers; `None` takes one out."""
    for name, value in headers.items():
        if value is None:
            request.headers.pop(name, None)
        else:
            request.headers[name] = value


def _drain(response: Response) -> None:
    """Reads the body, so that the connection is free again."""
    _ = response.content


def _prepared(method: str, url: str, headers: Mapping[str, str]) -> PreparedRequest:
    return requests.Request(method, url, headers=dict(headers)).prepare()
