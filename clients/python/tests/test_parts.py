"""The parts without I/O: paths, cookies, places of tokens, documents."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from apps import document
from test_vectors import Answer

import countersign
from countersign import Document, DocumentError, _cookies
from countersign._keeper import Keeper
from countersign._origin import base_of, origin_of
from countersign._paths import PathPattern, canonical
from countersign._sources import Source, pointed


@pytest.mark.parametrize(
    ("written", "path", "expected"),
    [
        ("/hook", "/hook", True),
        ("/hook", "/hook/", False),
        ("/hook", "/Hook", False),
        ("/hook", "//hook", False),
        ("/hook", "/x/../hook", False),
        ("/hook", "/./hook", False),
        ("/hook", "/hook;x", False),
        ("/hook", "/%68ook", True),
        ("/hook", "/%2568ook", False),
        ("/hook", "/hook%", False),
        ("/hook", "/hook%zz", False),
        ("/hook", "/hook%ff", False),
        ("/hook/**", "/hook", False),
        ("/hook/**", "/hook/", True),
        ("/hook/**", "/hook/a/b", True),
        ("/hook/**", "/hook/../admin", False),
        ("/hook/**", "/hook/%2e%2e/admin", False),
        ("/hook/**", "/hook/..%2fadmin", False),
        ("/hook/**", "/hook/%00", False),
        ("/hook/**", "/hook/%5cx", False),
        ("/hook/**", "/hook/..x", True),
        ("/hook/**", "/hooks", False),
        ("/u/*/photo", "/u/7/photo", True),
        ("/u/*/photo", "/u//photo", False),
        ("/u/*/photo", "/u/7/8/photo", False),
        ("/caf\u00e9", "/caf%C3%A9", True),
        ("/**", "/", True),
        ("/**", "/a", True),
        ("/**", "/a/../b", False),
        ("/", "/", True),
        ("/", "/a", False),
    ],
)
def test_what_loosens_matches_only_what_is_meant(written: str, path: str, expected: bool) -> None:
    assert PathPattern(written).loosens(canonical(path)) is expected


@pytest.mark.parametrize(
    ("written", "path", "expected"),
    [
        ("/api/**", "/api/x", True),
        ("/api/**", "/api", True),
        ("/api/**", "/api/", True),
        ("/api/**", "/API/x", True),
        ("/api/**", "/x/../api/y", True),
        ("/api/**", "//api/y", True),
        ("/api/**", "/%61pi/y", True),
        ("/api/**", "/%2561pi/y", True),
        ("/api/**", "/other", False),
        ("/api/**", "/apis", False),
        ("/login/", "/login", True),
        ("/logout", "/logout/", True),
        ("/logout", "/logout/x", False),
        ("/u/*", "/u/", False),
    ],
)
def test_what_tightens_leaves_no_way_around(written: str, path: str, expected: bool) -> None:
    assert PathPattern(written).tightens(canonical(path)) is expected


@pytest.mark.parametrize("written", ["", "hook", "/a//b", "/a/../b", "/a%20b", "/a?b", "/a*", "/**/b", "/a;b", "/a b"])
def test_patterns_that_never_match_are_mistakes(written: str) -> None:
    with pytest.raises(DocumentError, match=r"can never match|whole segment"):
        PathPattern(written)


@pytest.mark.parametrize(
    "url",
    [
        "https://host\\@evil",
        "https:\\\\host",
        "https://ho st/",
        "https://host:99999/",
        "https://[::1/",
        "mailto:a@host",
    ],
)
def test_what_parsers_disagree_over_has_no_origin(url: str) -> None:
    assert origin_of(url) is None


def test_origins_are_written_without_the_default_port() -> None:
    assert str(base_of("HTTPS://Host:443/x")) == "https://host"
    assert str(base_of("http://[::1]:80")) == "http://[::1]"
    assert str(base_of("http://host:443")) == "http://host:443"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("a=1; sid=x; b=2", "x"),
        ("a=1;sid=x", "x"),
        ("sid=", ""),
        ("xsid=1", None),
        ("a=sid", None),
        # Two sessions are neither the one nor the other.
        ("sid=x; sid=y", "x;y"),
    ],
)
def test_the_cookie_that_a_request_shows(header: Optional[str], expected: Optional[str]) -> None:
    assert _cookies.shown(header, "sid") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sid=x", {"sid": "x"}),
        ("sid=x; Path=/; HttpOnly", {"sid": "x"}),
        ("sid=; Max-Age=0", {"sid": None}),
        ("sid=x; max-age=-1", {"sid": None}),
        ("sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {"sid": None}),
        ("sid=x; expires=Thu, 01-Jan-1970 00:00:00 GMT", {"sid": None}),
        ("sid=x; Expires=Fri, 01 Jan 2999 00:00:00 GMT", {"sid": "x"}),
        ("sid=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {"sid": "x"}),
        ("sid=x; Expires=never", {"sid": "x"}),
        ("sid=x; Max-Age=soon", {"sid": "x"}),
        ("nothing", {}),
        ("=x", {}),
    ],
)
def test_what_a_response_does_to_a_cookie(line: str, expected: Dict[str, Optional[str]]) -> None:
    assert _cookies.moved([line]) == expected


def test_a_cookie_is_replaced_where_it_stands_once() -> None:
    assert _cookies.replaced("a=1; sid=x; sid=y; b=2", "sid", "z") == "a=1; b=2; sid=z"
    assert _cookies.replaced("sid=x", "sid", None) is None
    assert _cookies.replaced(None, "sid", "z") == "sid=z"


def read(source: Any, body: str, *headers: str) -> List[str]:
    answer = Answer({"status": 200, "headers": [header.split(": ", 1) for header in headers], "body": body})
    return Source.parse(source).read(answer, answer.body)


@pytest.mark.parametrize(
    ("source", "body", "expected"),
    [
        ("text", " abc\r\n", ["abc"]),
        ("text", "\ufeffabc", ["abc"]),
        ("text", "two words", []),
        ("text", "a" * 4096, ["a" * 4096]),
        ("text", "a" * 4097, []),
        ("text", "t\u00f6ken", []),
        ("text", "", []),
        ({"json": "/a/0/b~1c~0"}, '{"a": [{"b/c~": "t"}]}', ["t"]),
        ({"json": ""}, '"t"', ["t"]),
        ({"json": "/a"}, '{"a": ["t"]}', []),
        ({"json": "/a"}, "[" * 100_000, []),
        ({"json": "/0"}, '{"0": "t"}', ["t"]),
        ({"json": "/01"}, '["s", "t"]', []),
        ({"json": "/5"}, '["t"]', []),
        ({"require-config": "/t"}, "require.config({'t': ['a']})", []),
        ({"require-config": "/t"}, 'require . config( {"t": ["a"]}, 1)', ["a"]),
        ({"require-config": "/t"}, 'myrequire.config({"t": ["a"]})', []),
        # A later call overrides.
        ({"require-config": "/t"}, 'require.config({"t":["a"]});require.config({"t":["b"]})', ["b"]),
        ({"require-config": "/t"}, 'require.config({"t":["a"]});require.config({"u":1})', ["a"]),
        ({"meta": "csrf"}, '<META content="a&amp;b" name=csrf><meta name=csrf content=c>', ["a&b"]),
        ({"meta": "csrf"}, "<!-- <meta name=csrf content=a> --><p name=csrf content=b>", []),
        ({"meta": "csrf"}, "<script>'<meta name=csrf content=a>'</script>", []),
        ({"meta": "csrf"}, "<meta name=csrf content>", []),
        ({"input": "t"}, '<form><input type=hidden value="v" name="t"/></form>', ["v"]),
        ({"input": "t"}, "<input name=t value=a name=u value=b>", ["a"]),
        ({"input": "t"}, "<textarea><input name=t value=a></textarea><input name=t value=b>", ["b"]),
    ],
)
def test_where_a_token_is(source: Any, body: str, expected: List[str]) -> None:
    assert read(source, body) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("T=abc; Path=/", ["abc"]),
        ("T=a%3Db%2B", ["a=b+"]),
        ('T="abc"', ["abc"]),
        ("T=%20", []),
        ("T=%ff", []),
        ("T=; Max-Age=0", []),
        ("U=abc", []),
    ],
)
def test_a_token_in_a_cookie_is_decoded(line: str, expected: List[str]) -> None:
    assert read({"cookie": "T"}, "", f"Set-Cookie: {line}") == expected


def test_a_json_pointer_takes_no_attributes() -> None:
    assert pointed({"a": "text"}, "/a/0") is None


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"version": 2}, "install a newer `countersign`"),
        ({"version": None}, "install a newer `countersign`"),
        ({"protect": {"methods": "some", "require": "token"}}, "`some` is none of `unsafe`, `all`"),
        ({"protect": {"methods": "all", "require": "magic"}}, "`magic` is none of"),
        ({"protect": None}, "cannot be used"),
        ({"session_cookie": None, "protect": {}}, "cannot be used"),
        ({"token": {"header": "Cookie"}}, "no header for a token"),
        ({"token": {"header": "a b"}}, "no header for a token"),
        ({"token": {"header": "X", "lifetime": "soon"}}, "cannot be used"),
        ({"obtain": [{"request": "GET", "from": "text"}]}, "is not written as"),
        ({"obtain": [{"request": "GET //evil.example/", "from": "text"}]}, "must begin with one `/`"),
        ({"obtain": [{"request": "GET /\\evil.example/", "from": "text"}]}, "must begin with one `/`"),
        ({"obtain": [{"request": "GET https://evil.example/", "from": "text"}]}, "must begin with one `/`"),
        ({"obtain": [{"request": "GET /a b", "from": "text"}]}, "must begin with one `/`"),
        ({"obtain": [{"request": "GET /", "from": "body"}]}, "that is none of"),
        ({"obtain": [{"request": "GET /", "from": {"json": "a"}}]}, "no JSON pointer"),
        ({"obtain": [{"request": "GET /", "from": {"json": "/a", "text": 1}}]}, "that is none of"),
        (
            {"obtain": [{"request": "GET /", "headers": {"Host": "x"}, "from": "text"}]},
            "may not send the header `Host`",
        ),
        ({"obtain": [{"request": "GET /", "headers": {"X": "a\r\nY: b"}, "from": "text"}]}, "may not send"),
        ({"deliver": {"X": "token"}}, "`token` is none of"),
        ({"routes": [{"path": "x", "require": "token"}]}, "can never match"),
        ({"origin": "sometimes"}, "none of `always`, `https`"),
        ({"login": {"request": "POST"}}, "is not written as"),
    ],
)
def test_a_document_that_cannot_be_right_is_refused(change: Dict[str, Any], advice: str) -> None:
    with pytest.raises(DocumentError, match=advice):
        Document.of(document(**change))


def test_what_a_document_says_that_nobody_knows_is_left_alone() -> None:
    assert Document.of(document(future={"a": 1}, websocket={"query": "t"})) == Document.of(document())


def test_a_document_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    assert Document.of(path) == Document.of(str(path)) == Document.of(document())
    with pytest.raises(DocumentError, match="cannot read the client document .*No such file"):
        Document.of(tmp_path / "none.json")


def test_every_dialect_of_the_package_can_be_used() -> None:
    assert {"genesys", "redback", "standard", "tao", "vmanage", "voss"} <= set(countersign.dialects())
    for name in countersign.dialects():
        assert Document.of(name).dialect == name


def test_errors_and_documents_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(countersign.LoginError("told", 403)))
    assert (str(error), error.status) == ("told", 403)
    own = Document.of("vmanage")
    assert pickle.loads(pickle.dumps(own)).login == own.login


def test_a_keeper_of_tickets_gives_none_back_that_is_of_another_session() -> None:
    keeper = Keeper(base_of("https://host"), Document.of("tao"))
    keeper.learn(["a"], "one")
    held = keeper.take("one")
    assert held is not None
    keeper.learn(["b"], "two")
    keeper.give_back(held)
    taken = [keeper.take("two"), keeper.take("two")]
    assert [own and own.token for own in taken] == ["b", None]


def test_a_keeper_gives_none_back_that_was_dropped() -> None:
    keeper = Keeper(base_of("https://host"), Document.of("tao"))
    keeper.learn(["a"], None)
    held = keeper.take(None)
    assert held is not None
    keeper.forget()
    keeper.give_back(held)
    assert keeper.take(None) is None


def test_a_package_says_what_it_has_not() -> None:
    with pytest.raises(AttributeError, match="has no `urllib3`"):
        countersign.urllib3  # noqa: B018
