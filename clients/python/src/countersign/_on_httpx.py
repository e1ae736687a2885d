"""Carries an exchange out with `httpx`, sync and async.

The token is put on a copy of the request, below the client. So no redirect copies it on, no event hook and no
error shows it.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional

import httpx

from . import _cookies
from ._exchange import Action, Asked, Body, Exchange, Fetch, Send, Wait, exchange
from ._keeper import Keeper
from ._origin import origin

# Servers close a connection after a refusal whose body they have not read. What only reads may be sent again then
# (RFC 9110, 9.2.2).
CLOSED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
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


def carry_out(run: Run, inner: httpx.BaseTransport, steps: Exchange) -> None:
    """To the end, sync."""
    result: object = None
    failed: Optional[BaseException] = None
    while True:
        try:
            action = steps.send(result) if failed is None else steps.throw(failed)
        except StopIteration:
            return
        try:
            result, failed = _do(run, inner, action), None
        except BaseException as error:
            failed = error


def _do(run: Run, inner: httpx.BaseTransport, action: Action) -> object:
    if isinstance(action, Send):
        if run.response is not None:
            _read(run)
            run.keep(run.request, run.response)
        return run.answered(inner.handle_request(run.dressed(action)))
    if isinstance(action, Fetch):
        request = run.fetch(action)
        try:
            response = inner.handle_request(request)
        except CLOSED:
            response = inner.handle_request(request)
        try:
            raw = b"".join(response.stream)  # type: ignore[arg-type]
        finally:
            response.close()
        return run.fetched(request, response, raw)
    if isinstance(action, Wait):
        return action.event.wait()
    assert isinstance(action, Body)
    _read(run)
    return run.body()


def _read(run: Run) -> None:
    response = run.unread()
    if response is not None:
        try:
            raw = b"".join(response.stream)  # type: ignore[arg-type]
        finally:
            response.close()
        run.read(raw)


async def carry_out_async(run: Run, inner: httpx.AsyncBaseTransport, steps: Exchange) -> None:
    """To the end, async."""
    result: object = None
    failed: Optional[BaseException] = None
    while True:
        try:
            action = steps.send(result) if failed is None else steps.throw(failed)
        except StopIteration:
            return
        try:
            result, failed = await _do_async(run, inner, action), None
        except BaseException as error:
            failed = error


async def _do_async(run: Run, inner: httpx.AsyncBaseTransport, action: Action) -> object:
    if isinstance(action, Send):
        if run.response is not None:
            await _read_async(run)
            run.keep(run.request, run.response)
        return run.answered(await inner.handle_async_request(run.dressed(action)))
    if isinstance(action, Fetch):
        request = run.fetch(action)
        try:
            response = await inner.handle_async_request(request)
        except CLOSED:
            response = await inner.handle_async_request(request)
        try:
            raw = b"".join([part async for part in response.stream])  # type: ignore[union-attr]
        finally:
            await response.aclose()
        return run.fetched(request, response, raw)
    if isinstance(action, Wait):
        return await action.event.wait()
    assert isinstance(action, Body)
    await _read_async(run)
    return run.body()


async def _read_async(run: Run) -> None:
    response = run.unread()
    if response is not None:
        try:
            raw = b"".join([part async for part in response.stream])  # type: ignore[union-attr]
        finally:
            await response.aclose()
        run.read(raw)


class Wrapped(httpx.BaseTransport):
    """A transport with the handshake done around it, for one origin."""

    def __init__(self, inner: httpx.BaseTransport, keeper: Keeper, cookies: Cookies) -> None:
        self._inner, self._keeper, self._cookies = inner, keeper, cookies

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends what the client sends, each redirect anew."""
        if not is_own(self._keeper, request):
            return self._inner.handle_request(request)
        run = Run(self._keeper, request, self._cookies)
        carry_out(run, self._inner, exchange(self._keeper, run.asked()))
        assert run.response is not None
        return run.response

    def __enter__(self) -> Wrapped:
        self._inner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._inner.__exit__(*error)

    def close(self) -> None:
        self._inner.close()


class AsyncWrapped(httpx.AsyncBaseTransport):
    """The same, async."""

    def __init__(self, inner: httpx.AsyncBaseTransport, keeper: Keeper, cookies: Cookies) -> None:
        self._inner, self._keeper, self._cookies = inner, keeper, cookies

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends what the client sends, each redirect anew."""
        if not is_own(self._keeper, request):
            return await self._inner.handle_async_request(request)
        run = Run(self._keeper, request, self._cookies)
        await carry_out_async(run, self._inner, exchange(self._keeper, run.asked()))
        assert run.response is not None
        return run.response

    async def __aenter__(self) -> AsyncWrapped:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._inner.__aexit__(*error)

    async def aclose(self) -> None:
        await self._inner.aclose()


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
