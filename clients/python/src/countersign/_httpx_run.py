"""An exchange with `httpx`, without the I/O: what is the same sync and async."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

import httpx

from . import _cookies
from ._actions import Asked, Fetch, Send
from ._keeper import Keeper
from ._origin import origin

# A client's cookies, whichever object it has by then.
Cookies = Callable[[], httpx.Cookies]


class Answer:
    """See `_answer.Answer`."""

    __slots__ = ("response",)

    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    @property
    def status(self) -> int:
        return self.response.status_code

    def header(self, name: str) -> Optional[str]:
        values = self.response.headers.get_list(name)
        return values[0] if len(values) == 1 else None

    def set_cookies(self) -> List[str]:
        return self.response.headers.get_list("Set-Cookie")


class Run:
    """One exchange under way: the request and the last answer. What needs I/O is left to those below."""

    def __init__(self, keeper: Keeper, request: httpx.Request, cookies: Cookies) -> None:
        self.keeper = keeper
        self.request = request
        self.response: Optional[httpx.Response] = None
        self._cookies = cookies
        self._last: Optional[httpx.Response] = None
        self._rewind = rewinder(request.stream)

    def asked(self) -> Asked:
        """The request as the rules see it."""
        request = self.request
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        return Asked(
            method=request.method,
            path=path,
            query=query,
            headers=request.headers,
            cookies=request.headers.get("Cookie"),
            replay=lambda: self._rewind is not None and self._rewind(),
            is_current=self._is_current,
        )

    def dressed(self, action: Send) -> httpx.Request:
        """The request itself, with what it must carry this once."""
        headers = self.request.headers.copy()
        for name, value in action.headers.items():
            if value is None:
                headers.pop(name, None)
            else:
                headers[name] = value
        return httpx.Request(
            self.request.method,
            self.request.url,
            headers=headers,
            stream=self.request.stream,
            extensions=self.request.extensions,
        )

    def fetch(self, action: Fetch) -> httpx.Request:
        """A request of the client's own, with the limits of the one that wants a token."""
        url = httpx.URL(f"{self.keeper.origin}{action.target}")
        # Limits and the like; `target` would ask for something else than the URL says.
        extensions = {name: value for name, value in self.request.extensions.items() if name != "target"}
        return httpx.Request(action.method, url, headers=action.headers, extensions=extensions)

    def answered(self, response: httpx.Response) -> Answer:
        """Notes the answer to the request itself."""
        self.response = self._last = response
        return Answer(response)

    def fetched(self, request: httpx.Request, response: httpx.Response, raw: bytes) -> Answer:
        """Notes the answer to a fetch."""
        self._last = with_body(response, raw)
        self.keep(request, response)
        return Answer(self._last)

    def keep(self, request: httpx.Request, response: httpx.Response) -> None:
        """Takes a response's cookies in that the client will not see."""
        response.request = request
        self._cookies().extract_cookies(response)

    def unread(self) -> Optional[httpx.Response]:
        """The last response, if its body must still be read."""
        last = self._last
        return None if last is None or isinstance(last.stream, httpx.ByteStream) else last

    def read(self, raw: bytes) -> None:
        """Puts what was read of the last response in its place, so that its caller can read it again."""
        assert self._last is not None
        read = with_body(self._last, raw)
        if self.response is self._last:
            self.response = read
        self._last = read

    def body(self) -> bytes:
        """The body of the last response, decoded."""
        assert self._last is not None and isinstance(self._last.stream, httpx.ByteStream)
        copy = with_body(self._last, b"".join(self._last.stream))
        try:
            return copy.read()
        except httpx.DecodingError:
            return b""

    def _is_current(self, name: str, value: Optional[str]) -> bool:
        request = httpx.Request("GET", self.request.url)
        self._cookies().set_cookie_header(request)
        return _cookies.shown(request.headers.get("Cookie"), name) == value


def is_own(keeper: Keeper, request: httpx.Request) -> bool:
    """Rule 1, by the URL that the connection is made to."""
    url = request.url
    return origin(url.scheme, url.host, url.port) == keeper.origin


def with_body(response: httpx.Response, raw: bytes) -> httpx.Response:
    """A response with its body, still encoded, in memory."""
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=httpx.ByteStream(raw),
        extensions=response.extensions,
    )


def rewinder(stream: object) -> Optional[Callable[[], bool]]:
    """What sets a body back to its beginning; `None` for one that can be sent only once."""
    if isinstance(stream, httpx.ByteStream):
        return lambda: True
    # A form with files sets them back itself, if they can be.
    fields = getattr(stream, "fields", None)
    if isinstance(fields, list):
        files = [getattr(part, "file", b"") for part in fields]
        return lambda: all(isinstance(file, (str, bytes)) or _is_seekable(file) for file in files)
    # The file within what httpx makes of `content=file`.
    file: Any = getattr(stream, "_stream", None)
    if not _is_seekable(file):
        return None
    begin = file.tell()

    def rewind() -> bool:
        file.seek(begin)
        return True

    return rewind


def _is_seekable(file: Any) -> bool:
    try:
        return bool(file.seekable())
    except (AttributeError, ValueError):
        return False
