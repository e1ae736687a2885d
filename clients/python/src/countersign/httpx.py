"""For `httpx`: `Client`, `AsyncClient`, `protect`, and the transports beneath them.

import countersign.httpx

async with countersign.httpx.AsyncClient("https://app.example", "vmanage", user="admin", password="..") as client:
    await client.post("/dataservice/device", json={..})
"""

from __future__ import annotations

from http.cookiejar import CookieJar
from typing import Any, Optional, Union, overload

import anyio
import httpx

from . import _login
from ._exchange import load
from ._guard import Dialect, keeper_for
from ._httpx_run import Run
from ._keeper import Keeper
from ._on_httpx import AsyncWrapped, Wrapped, carry_out, carry_out_async
from .document import Document
from .errors import CountersignError

__all__ = [
    "AsyncClient",
    "AsyncCsrfTransport",
    "AsyncGuard",
    "Client",
    "CsrfTransport",
    "Guard",
    "protect",
]


class CsrfTransport(Wrapped):
    """A transport with the handshake done around another one.

    For clients that are put together by hand; `Client` and `protect` do it for you. `cookies` is the jar that the
    client gets too, since fetching a token may begin a session:

        jar = http.cookiejar.CookieJar()
        client = httpx.Client(transport=CsrfTransport(url, dialect="tao", cookies=jar), cookies=jar)
    """

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        cookies: CookieJar,
        transport: Optional[httpx.BaseTransport] = None,
    ) -> None:
        shared = httpx.Cookies(cookies)
        super().__init__(transport or httpx.HTTPTransport(), keeper_for(base_url, dialect), lambda: shared)


class AsyncCsrfTransport(AsyncWrapped):
    """`CsrfTransport` for `httpx.AsyncClient`."""

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        cookies: CookieJar,
        transport: Optional[httpx.AsyncBaseTransport] = None,
    ) -> None:
        shared = httpx.Cookies(cookies)
        keeper = keeper_for(base_url, dialect, anyio.Event)
        super().__init__(transport or httpx.AsyncHTTPTransport(), keeper, lambda: shared)


class _Guard:
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    @property
    def origin(self) -> str:
        """The one origin that tokens are sent to."""
        return str(self._keeper.origin)

    def forget(self) -> None:
        """Forgets all tokens; the next request that needs one fetches it."""
        self._keeper.forget()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.origin}>"

    def _loading(self, client: Union[httpx.Client, httpx.AsyncClient]) -> Run:
        return Run(self._keeper, client.build_request("GET", self.origin), lambda: client.cookies)

    def _loaded(self) -> Document:
        assert self._keeper.document is not None
        return self._keeper.document


class Guard(_Guard):
    """What `protect` adds to a client: logging in and out, and forgetting."""

    def __init__(self, client: httpx.Client, keeper: Keeper, transport: httpx.BaseTransport) -> None:
        super().__init__(keeper)
        self._client = client
        self._transport = transport

    @property
    def document(self) -> Document:
        """The client document; fetched now if the dialect is `auto` and this is the first use."""
        carry_out(self._loading(self._client), self._transport, load(self._keeper))
        return self._loaded()

    def login(self, user: str, password: str) -> httpx.Response:
        """Logs in as the document says. The password is not kept.

        Raises `LoginError` if the server does not accept it, or if the document does not say how.
        """
        method, target, more = _login.login_request(self.document, user, password)
        response = self._client.request(method, self.origin + target, follow_redirects=False, **more)
        _login.check_login(self.document, response.status_code, response.content)
        return response

    def logout(self) -> httpx.Response:
        """Logs out as the document says, and forgets all tokens.

        Raises `LoginError` if the server refuses, or if the document does not say how.
        """
        method, target = _login.logout_request(self.document)
        response = self._client.request(method, self.origin + target, follow_redirects=False)
        self.forget()
        _login.check_logout(response.status_code)
        return response


class AsyncGuard(_Guard):
    """What `protect` adds to an async client: logging in and out, and forgetting."""

    def __init__(self, client: httpx.AsyncClient, keeper: Keeper, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(keeper)
        self._client = client
        self._transport = transport

    async def document(self) -> Document:
        """The client document; fetched now if the dialect is `auto` and this is the first use."""
        await carry_out_async(self._loading(self._client), self._transport, load(self._keeper))
        return self._loaded()

    async def login(self, user: str, password: str) -> httpx.Response:
        """See `Guard.login`."""
        document = await self.document()
        method, target, more = _login.login_request(document, user, password)
        response = await self._client.request(method, self.origin + target, follow_redirects=False, **more)
        _login.check_login(document, response.status_code, response.content)
        return response

    async def logout(self) -> httpx.Response:
        """See `Guard.logout`."""
        method, target = _login.logout_request(await self.document())
        response = await self._client.request(method, self.origin + target, follow_redirects=False)
        self.forget()
        _login.check_logout(response.status_code)
        return response


@overload
def protect(client: httpx.Client, base_url: str, dialect: Dialect = ...) -> Guard: ...


@overload
def protect(client: httpx.AsyncClient, base_url: str, dialect: Dialect = ...) -> AsyncGuard: ...


def protect(
    client: Union[httpx.Client, httpx.AsyncClient], base_url: str, dialect: Dialect = "auto"
) -> Union[Guard, AsyncGuard]:
    """Makes a client that you have get through the protection of one origin.

    `dialect` is a name, the path of a `.json` file, a `dict`, or `auto`, which asks the server at the first
    request. Event hooks and `auth` of the client work as before.

    Raises `DocumentError` for a dialect that nobody knows, `CountersignError` for a URL without an origin.
    """
    if not hasattr(client, "_transport") or not hasattr(client, "_mounts"):
        raise CountersignError(
            f"httpx {httpx.__version__} keeps its transports elsewhere: give the client a `CsrfTransport` yourself"
        )
    if isinstance(client, httpx.AsyncClient):
        keeper = keeper_for(base_url, dialect, anyio.Event)
        plain = client._transport
        client._transport = AsyncWrapped(plain, keeper, lambda: client.cookies)
        for pattern, mounted in client._mounts.items():
            if mounted is not None:
                client._mounts[pattern] = AsyncWrapped(mounted, keeper, lambda: client.cookies)
        return AsyncGuard(client, keeper, plain)
    return _protect_sync(client, keeper_for(base_url, dialect))


def _protect_sync(client: httpx.Client, keeper: Keeper) -> Guard:
    plain = client._transport
    client._transport = Wrapped(plain, keeper, lambda: client.cookies)
    for pattern, mounted in client._mounts.items():
        if mounted is not None:
            client._mounts[pattern] = Wrapped(mounted, keeper, lambda: client.cookies)
    return Guard(client, keeper, plain)


class Client(httpx.Client):
    """An `httpx.Client` for one protected origin; further options are those of `httpx.Client`.

    With `user` and `password` it logs in when it is entered (`with`), as the dialect says.
    """

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        user: Optional[str] = None,
        password: Optional[str] = None,
        **options: Any,
    ) -> None:
        self._credentials = _login.both_or_none(user, password)
        super().__init__(base_url=base_url, **options)
        self.csrf = protect(self, base_url, dialect)

    def __enter__(self) -> Client:
        super().__enter__()
        credentials, self._credentials = self._credentials, None
        if credentials is not None:
            try:
                self.login(*credentials)
            except BaseException:
                self.close()
                raise
        return self

    def send(self, *args: Any, **options: Any) -> httpx.Response:
        """As in `httpx`. Raises `LoginError` if the client has credentials and was not entered."""
        _login.check_entered(self._credentials, "with")
        return super().send(*args, **options)

    def login(self, user: str, password: str) -> httpx.Response:
        """See `Guard.login`."""
        self._credentials = None
        return self.csrf.login(user, password)

    def logout(self) -> httpx.Response:
        """See `Guard.logout`."""
        return self.csrf.logout()


class AsyncClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` for one protected origin; further options are those of `httpx.AsyncClient`.

    With `user` and `password` it logs in when it is entered (`async with`), as the dialect says.
    """

    def __init__(
        self,
        base_url: str,
        dialect: Dialect = "auto",
        *,
        user: Optional[str] = None,
        password: Optional[str] = None,
        **options: Any,
    ) -> None:
        self._credentials = _login.both_or_none(user, password)
        super().__init__(base_url=base_url, **options)
        self.csrf = protect(self, base_url, dialect)

    async def __aenter__(self) -> AsyncClient:
        await super().__aenter__()
        credentials, self._credentials = self._credentials, None
        if credentials is not None:
            try:
                await self.login(*credentials)
            except BaseException:
                await self.aclose()
                raise
        return self

    async def send(self, *args: Any, **options: Any) -> httpx.Response:
        """As in `httpx`. Raises `LoginError` if the client has credentials and was not entered."""
        _login.check_entered(self._credentials, "async with")
        return await super().send(*args, **options)

    async def login(self, user: str, password: str) -> httpx.Response:
        """See `Guard.login`."""
        self._credentials = None
        return await self.csrf.login(user, password)

    async def logout(self) -> httpx.Response:
        """See `Guard.logout`."""
        return await self.csrf.logout()
