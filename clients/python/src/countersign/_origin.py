"""Rule 1: what a client belongs to. Origins are compared as parsed, never by how their text begins."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Optional
from urllib.parse import urlsplit

from .errors import CountersignError

UNCLEAR = re.compile(r"[\x00-\x20\x7f\\]")
DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of a URL (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Optional[Origin]:
    """The origin of an absolute http(s) URL; `None` for everything else.

    A URL over which parsers disagree (a backslash, a blank, a control character) has none.
    """
    if UNCLEAR.search(url):
        return None
    try:
        parts = urlsplit(url)
        return origin(parts.scheme, parts.hostname or "", parts.port)
    except ValueError:
        return None


def origin(scheme: str, host: str, port: Optional[int]) -> Optional[Origin]:
    """The origin of what a library has parsed already."""
    default = DEFAULT_PORTS.get(scheme)
    if default is None or not host:
        return None
    return Origin(scheme, _host(host), default if port is None else port)


def base_of(url: str) -> Origin:
    """The origin that a client is made for.

    Raises `CountersignError` if the URL has none.
    """
    found = origin_of(url)
    if found is None:
        raise CountersignError(f"`{url}` is no base URL: write it as `https://host` or `https://host:port`")
    return found


def _host(host: str) -> str:
    host = host.strip("[]").lower()
    if ":" in host:
        try:
            return ipaddress.ip_address(host).compressed
        except ValueError:
            return host
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
