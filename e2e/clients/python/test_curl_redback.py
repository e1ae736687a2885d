"""curl against the redback service."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Playground
from curl import Row, check, curl, table, two_sessions

USERS = '"$url/restServices/redbackServices/userService/getUsers"'
PING = '"$url/restServices/redbackServices/loginService/ping"'

REDBACK = [
    Row("ping from the own origin", f'curl {PING} -H "Origin: $url"', 200, "true"),
    Row("ping with the own Referer", f'curl {PING} -e "$url/"', 200, "true"),
    Row("ping without either", f"curl {PING}", 403, ""),
    Row("ping from a foreign origin", f'curl {PING} -H "Origin: https://evil.example"', 403, ""),
    Row(
        "users with cookie and token",
        f'curl {USERS} -b "$jar" -H "Origin: $url" -H "X-XSRF-TOKEN: $token"',
        200,
        re.compile('"username":"guest-user"'),
    ),
    Row(
        "users with a token of another login of the same user",
        f'curl {USERS} -b "$jar" -H "Origin: $url" -H "X-XSRF-TOKEN: $another"',
        200,
        re.compile('"username":"guest-user"'),
    ),
    Row("users without the token", f'curl {USERS} -b "$jar" -H "Origin: $url"', 403, ""),
    Row(
        "users with a token of nobody",
        f'curl {USERS} -b "$jar" -H "Origin: $url" -H "X-XSRF-TOKEN: bm9ib2R5"',
        403,
        "",
    ),
    Row(
        "users with the token twice",
        f'curl {USERS} -b "$jar" -H "Origin: $url" -H "X-XSRF-TOKEN: $token" -H "X-XSRF-TOKEN: $token"',
        403,
        "",
    ),
    Row(
        "users with the token but no cookie",
        f'curl {USERS} -b "$empty" -H "Origin: $url" -H "X-XSRF-TOKEN: $token"',
        403,
        "",
    ),
    Row(
        "users with the token from a foreign origin",
        f'curl {USERS} -b "$jar" -H "Origin: https://evil.example" -H "X-XSRF-TOKEN: $token"',
        403,
        "",
    ),
]


@pytest.fixture
def redback(playground: Playground, tmp_path: Path) -> dict[str, object]:
    url = playground.redback

    def log_in(jar: Path) -> str:
        line = (
            'curl "$url/restServices/redbackServices/loginService/logIn" -c "$jar" -H "Origin: $url"'
            " -H 'Content-Type: application/json' -d '{\"username\": \"admin\", \"password\": \"admin1\"}'"
        )
        return json.loads(curl(line, url=url, jar=jar).body)["validationToken"]

    return {"url": url, **two_sessions(tmp_path, log_in)}


@table(REDBACK)
def test_redback(redback: dict[str, object], row: Row) -> None:
    check(row, redback)
