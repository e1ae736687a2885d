"""Carries an exchange out with `httpx`, sync and async.

The token is put on a copy of the request, below the client. So no redirect copies it on, no event hook and no
error shows it.
"""

from __future__ import annotations

from typing import Any, Optional

import httpx

from ._actions import Action, Body, Exchange, Fetch, Send, Wait
from ._exchange import exchange
from ._httpx_run import Cookies, Run, is_own
from ._keeper import Keeper

# Servers close a connection after a refusal whose body they have not read. What only reads may be sent again then
# (RFC 9110, 9.2.2).
CLOSED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


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
