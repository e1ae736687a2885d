"""One face for all the ways in which this package is used, so that a test says once what all must do."""

from __future__ import annotations

import asyncio
from http.cookiejar import CookieJar
from typing import Any, Callable, Dict

import httpx
import requests

import countersign.httpx
import countersign.requests
from countersign._keeper import Keeper

# Seconds; more than those of httpx, for a machine that is busy with other tests.
LIMIT = 30


class Face:
    """Status, headers, `text` and `json()` of responses are alike in both libraries."""

    keeper: Keeper

    def call(self, method: str, url: str, **options: Any) -> Any:
        """One request; redirects are followed if `redirects` is set."""
        raise NotImplementedError

    def login(self, user: str, password: str) -> Any:
        raise NotImplementedError

    def logout(self) -> Any:
        raise NotImplementedError

    def cookies(self) -> Dict[str, str]:
        raise NotImplementedError

    def clear_cookies(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def get(self, url: str, **options: Any) -> Any:
        return self.call("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        return self.call("POST", url, **options)

    def lose(self) -> None:
        """What a client that has just been started holds: nothing."""
        self.keeper.forget()

    def spoil(self) -> None:
        """Replaces what is held by as many tokens that the server never gave out."""
        with self.keeper._lock:
            held = list(self.keeper._pool)
            self.keeper._pool.clear()
            for number, (token, since) in enumerate(held):
                self.keeper._pool.put([f"{number:0{len(token)}d}"], since)
        assert held, "nothing to spoil"


class OfRequests(Face):
    session: requests.Session
    guard: countersign.requests.Guard

    def call(self, method: str, url: str, redirects: bool = False, **options: Any) -> requests.Response:
        return self.session.request(method, url, allow_redirects=redirects, verify=False, **options)

    def login(self, user: str, password: str) -> requests.Response:
        return self.guard.login(user, password)

    def logout(self) -> requests.Response:
        return self.guard.logout()

    def cookies(self) -> Dict[str, str]:
        return self.session.cookies.get_dict()

    def clear_cookies(self) -> None:
        self.session.cookies.clear()

    def close(self) -> None:
        self.session.close()


class SessionFace(OfRequests):
    def __init__(self, url: str, dialect: Any) -> None:
        self.session = own = countersign.requests.Session(url, dialect, verify=False)
        self.guard = own.csrf
        self.keeper = own._keeper


class ProtectedSessionFace(OfRequests):
    def __init__(self, url: str, dialect: Any) -> None:
        self.session = requests.Session()
        self.session.verify = False
        # So that the environment of the machine does not matter.
        self.session.trust_env = False
        self.guard = countersign.requests.protect(self.session, url, dialect)
        self.keeper = self.guard._keeper


class AuthFace(OfRequests):
    """`session.auth = CsrfAuth(..)`; logging in is an ordinary request of the user's own."""

    def __init__(self, url: str, dialect: Any) -> None:
        self.session = requests.Session()
        self.session.verify = False
        self.session.trust_env = False
        self.auth = countersign.requests.CsrfAuth(url, dialect, session=self.session)
        self.session.auth = self.auth
        self.keeper = self.auth._keeper
        self.guard = countersign.requests.Guard(self.session, self.keeper)


class FreeAuthFace(AuthFace):
    """The same, with an auth that does not know the session."""

    def __init__(self, url: str, dialect: Any) -> None:
        super().__init__(url, dialect)
        self.auth = countersign.requests.CsrfAuth(url, dialect)
        self.auth.session.verify = False
        self.auth.session.trust_env = False
        self.session.auth = self.auth
        self.keeper = self.auth._keeper
        self.guard = countersign.requests.Guard(self.session, self.keeper)


class OfHttpx(Face):
    client: httpx.Client
    guard: countersign.httpx.Guard

    def call(self, method: str, url: str, redirects: bool = False, **options: Any) -> httpx.Response:
        return self.client.request(method, url, follow_redirects=redirects, **options)

    def login(self, user: str, password: str) -> httpx.Response:
        return self.guard.login(user, password)

    def logout(self) -> httpx.Response:
        return self.guard.logout()

    def cookies(self) -> Dict[str, str]:
        return dict(self.client.cookies)

    def clear_cookies(self) -> None:
        self.client.cookies.clear()

    def close(self) -> None:
        self.client.close()


class ClientFace(OfHttpx):
    def __init__(self, url: str, dialect: Any) -> None:
        self.client = own = countersign.httpx.Client(url, dialect, verify=False, trust_env=False, timeout=LIMIT)
        self.guard = own.csrf
        self.keeper = self.guard._keeper


class ProtectedClientFace(OfHttpx):
    def __init__(self, url: str, dialect: Any) -> None:
        self.client = httpx.Client(verify=False, trust_env=False, timeout=LIMIT)
        self.guard = countersign.httpx.protect(self.client, url, dialect)
        self.keeper = self.guard._keeper


class TransportFace(OfHttpx):
    def __init__(self, url: str, dialect: Any) -> None:
        jar = CookieJar()
        plain = httpx.HTTPTransport(verify=False)
        transport = countersign.httpx.CsrfTransport(url, dialect, cookies=jar, transport=plain)
        self.client = httpx.Client(transport=transport, cookies=jar, timeout=LIMIT)
        self.keeper = transport._keeper
        self.guard = countersign.httpx.Guard(self.client, self.keeper, plain)


class AsyncFace(Face):
    def __init__(self, url: str, dialect: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = countersign.httpx.AsyncClient(url, dialect, verify=False, trust_env=False, timeout=LIMIT)
        self.keeper = self.client.csrf._keeper

    def call(self, method: str, url: str, redirects: bool = False, **options: Any) -> httpx.Response:
        return self.run(self.client.request(method, url, follow_redirects=redirects, **options))

    def login(self, user: str, password: str) -> httpx.Response:
        return self.run(self.client.login(user, password))

    def logout(self) -> httpx.Response:
        return self.run(self.client.logout())

    def cookies(self) -> Dict[str, str]:
        return dict(self.client.cookies)

    def clear_cookies(self) -> None:
        self.client.cookies.clear()

    def run(self, todo: Any) -> Any:
        return self.loop.run_until_complete(todo)

    def close(self) -> None:
        self.run(self.client.aclose())
        self.loop.close()


FACES: Dict[str, Callable[[str, Any], Face]] = {
    "requests.Session": SessionFace,
    "requests.protect": ProtectedSessionFace,
    "requests.CsrfAuth": AuthFace,
    "requests.CsrfAuth without session": FreeAuthFace,
    "httpx.Client": ClientFace,
    "httpx.protect": ProtectedClientFace,
    "httpx.CsrfTransport": TransportFace,
    "httpx.AsyncClient": AsyncFace,
}
