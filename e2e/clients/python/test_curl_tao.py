"""curl against the tao service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Playground
from curl import Row, check, curl, table, two_sessions

LISTED = re.compile(r'^(?=.*"success":true)(?=.*"data":\[)')

TAO = [
    Row(
        "a list with a ticket",
        'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $token"',
        200,
        LISTED,
    ),
    Row("a list without a ticket", 'curl "$url/tao/items" -b "$jar"', 403, ""),
    Row(
        "a list with another session's ticket",
        'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $another"',
        403,
        "",
    ),
    Row(
        "a list with a ticket but no cookie",
        'curl "$url/tao/items" -b "$empty" -H "X-CSRF-Token: $token"',
        403,
        "",
    ),
    Row(
        "a list with the ticket twice",
        'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $token" -H "X-CSRF-Token: $token"',
        403,
        "",
    ),
    Row(
        "a list with a ticket, from a foreign origin",
        'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $token" -H "Origin: https://evil.example"',
        403,
        "",
    ),
    Row(
        "an item with a ticket",
        'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $token"'
        " -H 'Content-Type: application/json' -d '{\"label\": \"Fractions\"}'",
        200,
        re.compile(r'^(?=.*"success":true)(?=.*"label":"Fractions")'),
    ),
    Row(
        "an item without a ticket",
        'curl "$url/tao/items" -b "$jar" -H "Content-Type: application/json" -d \'{"label": "Fractions"}\'',
        403,
        "",
    ),
]


@pytest.fixture
def tao(playground: Playground, tmp_path: Path) -> dict[str, object]:
    url = playground.tao

    def load(jar: Path) -> str:
        script = curl('curl "$url/tao/ClientConfig/config" -c "$jar"', url=url, jar=jar).body
        tickets = re.findall(r"\b[0-9a-f]{40}\b", script)
        assert len(set(tickets)) == 10
        return tickets[0]

    return {"url": url, **two_sessions(tmp_path, load)}


@table(TAO)
def test_tao(tao: dict[str, object], row: Row) -> None:
    check(row, tao)


def test_tao_takes_a_ticket_once(tao: dict[str, object]) -> None:
    line = 'curl "$url/tao/items" -b "$jar" -H "X-CSRF-Token: $token"'
    first = curl(line, **tao)
    assert (first.status, first.headers["content-type"]) == (200, "application/json; charset=UTF-8")
    check(Row("the same ticket again", line, 403, ""), tao)
    check(Row("the fresh one", line, 200, LISTED), {**tao, "token": first.headers["x-csrf-token"]})
