"""curl against the genesys service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

import pytest
from conftest import Playground
from curl import Row, check, curl, table, two_sessions

UNSIGNED = {"statusCode": 5, "statusMessage": "Missing or invalid Csrf token"}
READY = "-H 'Content-Type: application/json' -d '{ \"operationName\": \"Ready\" }'"
DONE = re.compile(r'"statusCode"\s*:\s*0\b')

GENESYS = [
    Row(
        "GET me by Basic credentials",
        'curl "$url/api/v2/me" -u paveld@redwings.com:password',
        200,
        re.compile(r"paveld@redwings\.com"),
    ),
    Row("GET me without credentials", 'curl "$url/api/v2/me"', 401, re.compile(r'"statusCode"\s*:\s*20\b')),
    Row(
        "Ready with cookie and token",
        f'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $token" {READY}',
        200,
        DONE,
    ),
    Row(
        "Ready with cookie, token and the origin of the document's own extension",
        f'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $token" {READY}'
        " -H 'Origin: chrome-extension://hgmloofddffdnphfgcellkdfbfbjeloo'",
        200,
        DONE,
    ),
    Row(
        "Ready with cookie, token and the origin of another extension",
        f'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $token" {READY}'
        " -H 'Origin: chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba'",
        403,
        UNSIGNED,
    ),
    Row("Ready without the token", f'curl "$url/api/v2/me" -b "$jar" {READY}', 403, UNSIGNED),
    Row(
        "Ready with Basic credentials alone",
        f'curl "$url/api/v2/me" -u paveld@redwings.com:password {READY}',
        403,
        UNSIGNED,
    ),
    Row(
        "Ready with another session's token",
        f'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $another" {READY}',
        403,
        UNSIGNED,
    ),
    Row(
        "Ready with the token but no cookie",
        f'curl "$url/api/v2/me" -u paveld@redwings.com:password -H "X-CSRF-TOKEN: $token" {READY}',
        403,
        UNSIGNED,
    ),
    Row(
        "Ready with the token twice",
        f'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $token" -H "X-CSRF-TOKEN: $token" {READY}',
        403,
        UNSIGNED,
    ),
]


@pytest.fixture
def genesys(playground: Playground, tmp_path: Path) -> Iterator[dict[str, object]]:
    url = playground.genesys

    def log_in(jar: Path) -> str:
        line = 'curl "$url/api/v2/me" -u paveld@redwings.com:password -c "$jar"'
        reply = curl(line, url=url, jar=jar)
        assert reply.headers["x-csrf-header"] == "X-CSRF-TOKEN"
        return reply.headers["x-csrf-token"]

    values = {"url": url, **two_sessions(tmp_path, log_in)}
    operate = (
        'curl "$url/api/v2/me" -b "$jar" -H "X-CSRF-TOKEN: $token" -H "Content-Type: application/json" -d '
    )
    start = """'{"operationName": "StartContactCenterSession", "channels": ["voice"]}'"""
    check(Row("start", operate + start, 200, DONE), values)
    yield values
    check(Row("end", operate + """'{"operationName": "EndContactCenterSession"}'""", 200, DONE), values)


@table(GENESYS)
def test_genesys(genesys: dict[str, object], row: Row) -> None:
    check(row, genesys)


def test_genesys_allows_no_preflight_of_an_origin_that_nobody_trusts(playground: Playground) -> None:
    line = (
        'curl "$url/api/v2/me" -X OPTIONS -H "Origin: https://evil.example"'
        ' -H "Access-Control-Request-Method: POST" -H "Access-Control-Request-Headers: x-csrf-token"'
    )
    headers = curl(line, url=playground.genesys).headers
    assert not [name for name in headers if name.startswith("access-control-allow")]
