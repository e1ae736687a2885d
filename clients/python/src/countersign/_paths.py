"""Request paths, and the patterns that route rules are written in.

A path is *plain*, and then every server reads it alike, or *ambiguous*, because servers disagree about
what it names (an encoded slash, a dot segment, `;`, a backslash). A rule that loosens matches a plain path
letter for letter and no ambiguous one; a rule that tightens matches widely and every ambiguous one.
"""

from __future__ import annotations

from typing import Callable, List, Optional
from urllib.parse import unquote_to_bytes

from .errors import DocumentError


def canonical(raw: str) -> Optional[str]:
    """The path, percent-decoded once; `None` if it is ambiguous."""
    if "%" not in raw:
        return raw if _is_plain(raw) else None
    encoded = raw.lower()
    if "%2f" in encoded or "%2e" in encoded or not _is_well_encoded(raw):
        return None
    try:
        decoded = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return None
    # What decodes to one of these may be read as a URL once more.
    if any(char in decoded for char in "%?#"):
        return None
    return decoded if _is_plain(decoded) else None


class PathPattern:
    """`/exact/path`, `/users/*/photo` (one segment) or `/api/**` (everything below)."""

    __slots__ = ("written", "_segments", "_deep")

    def __init__(self, written: str) -> None:
        segments = written[1:].split("/")
        deep = segments[-1] == "**"
        if deep:
            segments.pop()
        # A dot segment, `//` or `%` in a pattern could never match a request.
        if not _is_plain(written) or any(char in written for char in "%?#"):
            raise DocumentError(
                f"the path `{written}` can never match: write it decoded, beginning with `/`, without "
                "`//`, `.` or `..` segments, query, `;` or backslash"
            )
        if any("*" in segment and segment != "*" for segment in segments):
            raise DocumentError(f"in the path `{written}`, `*` must be a whole segment and `**` the last one")
        self.written = written
        self._segments: List[str] = segments
        self._deep = deep

    def loosens(self, path: Optional[str]) -> bool:
        """Whether a rule that demands less is about this very path. `/hook/**` is not about `/hook`."""
        return path is not None and self._matches(path, _same, lenient=False)

    def tightens(self, path: Optional[str]) -> bool:
        """Whether a rule that demands more may be about this path, as some server may read it.

        Letter case, a slash more or less at the end, and the folder itself make no difference.
        """
        if path is None or self._matches(path, _same_letters, lenient=True):
            return True
        return path.endswith("/") and self._matches(path[:-1], _same_letters, lenient=True)

    def _matches(self, path: str, same: Callable[[str, str], bool], lenient: bool) -> bool:
        if not path.startswith("/"):
            return False
        parts = path[1:].split("/")
        own = self._segments
        if lenient and own and own[-1] == "" and len(parts) == len(own) - 1:
            parts.append("")
        if len(parts) < len(own):
            return False
        for segment, part in zip(own, parts):
            if not (part if segment == "*" else same(segment, part)):
                return False
        more = len(parts) > len(own)
        return (more or lenient or not own) if self._deep else not more


def _same(one: str, other: str) -> bool:
    return one == other


def _same_letters(one: str, other: str) -> bool:
    # As servers do that ignore case: ASCII letters only.
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _is_plain(path: str) -> bool:
    if not path.startswith("/") or "//" in path or "\\" in path or ";" in path:
        return False
    if any(char <= " " or char == "\x7f" for char in path):
        return False
    return "/." not in path or not any(part in (".", "..") for part in path.split("/"))


def _is_well_encoded(raw: str) -> bool:
    digits = set("0123456789abcdefABCDEF")
    return all(len(part) >= 2 and part[0] in digits and part[1] in digits for part in raw.split("%")[1:])
