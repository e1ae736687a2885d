"""curl against the voss service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Playground
from curl import Row, check, curl, table, two_sessions

FORM = "-d username=joe -d password=bloggs -d next=%2F"
FAILED = re.compile(r'"detail"\s*:\s*"CSRF Failed: ')

VOSS = [
    Row(
        "login with cookie and token",
        f'curl "$url/login/" -b "$jar" -H "X-CSRFToken: $token" {FORM}',
        302,
        "",
    ),
    Row(
        "login with the own Referer as well",
        f'curl "$url/login/" -b "$jar" -H "X-CSRFToken: $token" -e "$url/login/" {FORM}',
        302,
        "",
    ),
    Row(
        "login without the token",
        f'curl "$url/login/" -b "$jar" -H "Accept: application/json" {FORM}',
        403,
        FAILED,
    ),
    Row(
        "login without the cookies",
        f'curl "$url/login/" -b "$empty" -H "X-CSRFToken: $token" -H "Accept: application/json" {FORM}',
        403,
        FAILED,
    ),
    Row(
        "login with another session's token",
        f'curl "$url/login/" -b "$jar" -H "X-CSRFToken: $another" -H "Accept: application/json" {FORM}',
        403,
        FAILED,
    ),
    Row(
        "login with the token twice",
        f'curl "$url/login/" -b "$jar" -H "X-CSRFToken: $token" -H "X-CSRFToken: $token"'
        f' -H "Accept: application/json" {FORM}',
        403,
        FAILED,
    ),
    Row(
        "login from a foreign page, shown as a page",
        f'curl "$url/login/" -b "$jar" -H "X-CSRFToken: $token" -e "https://evil.example/"'
        f' -H "Accept: text/html" {FORM}',
        403,
        re.compile("csrf", re.IGNORECASE),
    ),
    Row(
        "a machine's login needs no token",
        'curl "$url/noninteractivelogin/" -u joe:bloggs -X POST',
        200,
        re.compile(""),
    ),
]


@pytest.fixture
def voss(playground: Playground, tmp_path: Path) -> dict[str, object]:
    url = playground.voss

    def visit(jar: Path) -> str:
        reply = curl('curl "$url/login/" -c "$jar"', url=url, jar=jar)
        assert reply.status == 200
        assert reply.headers["x-csrftoken"] in jar.read_text()
        return reply.headers["x-csrftoken"]

    return {"url": url, **two_sessions(tmp_path, visit)}


@table(VOSS)
def test_voss(voss: dict[str, object], row: Row) -> None:
    check(row, voss)
