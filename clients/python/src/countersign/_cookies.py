"""`Cookie` and `Set-Cookie` lines, as text: a request shows its session in the one, a response moves it in
the other. What is kept is the business of the library's own jar."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Dict, Iterable, List, Optional, Tuple


def pairs(header: str) -> List[Tuple[str, str]]:
    """Names and values of a `Cookie` header."""
    found = []
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.append((name, value))
    return found


def shown(header: Optional[str], name: str) -> Optional[str]:
    """The value of a cookie in a `Cookie` header. Where there are several, all of them in one."""
    if not header or name not in header:
        return None
    values = [value for own, value in pairs(header) if own == name]
    return ";".join(values) if values else None


def replaced(header: Optional[str], name: str, value: Optional[str]) -> Optional[str]:
    """A `Cookie` header in which the cookie has this value, or is gone."""
    rest = [(own, old) for own, old in pairs(header or "") if own != name]
    if value is not None:
        rest.append((name, value))
    return "; ".join(f"{own}={old}" for own, old in rest) or None


def moved(lines: Iterable[str]) -> Dict[str, Optional[str]]:
    """What `Set-Cookie` lines set; `None` for a cookie that they remove (RFC 6265, 5.2)."""
    found: Dict[str, Optional[str]] = {}
    for line in lines:
        pair, *attributes = line.split(";")
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            found[name.strip()] = None if _is_removal(attributes) else value.strip()
    return found


def _is_removal(attributes: List[str]) -> bool:
    read = {}
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        read[name.strip().lower()] = value.strip()
    # Max-Age has precedence over Expires.
    if "max-age" in read:
        try:
            return int(read["max-age"]) <= 0
        except ValueError:
            return False
    try:
        expires = parsedate_to_datetime(read["expires"].replace("-", " "))
    except (KeyError, TypeError, ValueError):
        return False
    if expires.tzinfo is None:
        expires = expires.replace(tzinfo=timezone.utc)
    return expires <= datetime.now(timezone.utc)
