"""The client against stand-ins for what cannot be had here; see stand_ins.py."""

from __future__ import annotations

from typing import Callable, NamedTuple

import countersign.requests
import pytest
import requests
import stand_ins
from countersign.errors import LoginError
from stand_ins import Product, standing_in


class Row(NamedTuple):
    dialect: str
    product: Callable[[], Product]
    # A change, and what it comes to without the client.
    change: str
    status: int
    says: str
    # Whether a wrong password is told at once.
    tells: bool


ROWS = [
    Row("aspnet", stand_ins.aspnet, "POST /Notes", 400, "", True),
    Row("drupal", stand_ins.drupal, "PATCH /node/1", 403, "X-CSRF-Token request header is missing", True),
    Row("jenkins", stand_ins.jenkins, "POST /job/a/build", 403, "No valid crumb was included", False),
    Row("spring", stand_ins.spring, "DELETE /transfer/7", 403, '"error": "Forbidden"', False),
]
rows = pytest.mark.parametrize("row", ROWS, ids=[row.dialect for row in ROWS])


def logged_in(row: Row, url: str) -> countersign.requests.Session:
    return countersign.requests.Session(url, row.dialect, user="user", password="secret")


@rows
def test_without_the_client_a_change_is_refused(row: Row) -> None:
    with standing_in(row.product()) as url:
        bare = requests.Session()
        # The session of somebody who has logged in, without what the client knows.
        bare.cookies.update(logged_in(row, url).cookies)
        method, path = row.change.split()
        refused = bare.request(method, url + path, allow_redirects=False)
        assert refused.status_code == row.status
        assert row.says in refused.text
        assert bool(refused.text) == bool(row.says)


@rows
def test_one_line_logs_in_and_changes(row: Row) -> None:
    with standing_in(row.product()) as url:
        session = logged_in(row, url)
        method, path = row.change.split()
        for _ in range(2):
            assert session.request(method, path).json() == {"user": "user"}


@rows
def test_a_wrong_password(row: Row) -> None:
    with standing_in(row.product()) as url:
        if row.tells:
            with pytest.raises(LoginError):
                countersign.requests.Session(url, row.dialect, user="user", password="wrong")
            return
        stranger = countersign.requests.Session(url, row.dialect, user="user", password="wrong")
        method, path = row.change.split()
        answer = stranger.request(method, path, allow_redirects=False)
        assert answer.status_code == 302 or answer.json() == {"user": "anonymous"}


@rows
def test_a_token_of_another_session_is_replaced(row: Row) -> None:
    with standing_in(row.product()) as url:
        session, other = logged_in(row, url), logged_in(row, url)
        method, path = row.change.split()
        assert session.request(method, path).status_code == 200
        # Another login of the same user: what the client holds is worth nothing there.
        session.cookies.clear()
        session.cookies.update(other.cookies)
        assert session.request(method, path).json() == {"user": "user"}


@pytest.mark.parametrize("dialect, product", [("spring", stand_ins.spring)])
def test_logging_out(dialect: str, product: Callable[[], Product]) -> None:
    with standing_in(product()) as url:
        session = countersign.requests.Session(url, dialect, user="user", password="secret")
        session.logout()
        assert session.get("/", allow_redirects=False).headers["Location"] == "/login"


def test_couchdb_wants_no_token() -> None:
    with standing_in(stand_ins.couchdb()) as url:
        session = countersign.requests.Session(url, "couchdb", user="user", password="secret")
        assert session.put("/db/doc", json={}).json() == {"user": "user"}
        assert session.post("/db", json={}).json() == {"user": "user"}
        # What keeps forms of other sites out there.
        assert session.post("/db", data={"a": "b"}).json()["error"] == "bad_content_type"
        session.logout()
        assert session.put("/db/doc", json={}).status_code == 401
        with pytest.raises(LoginError):
            session.login("user", "wrong")


@rows
def test_the_command_line_gets_through_too(row: Row, command: Callable[..., str]) -> None:
    with standing_in(row.product()) as url:
        method, path = row.change.split()
        assert command(row.dialect, method, url + path, "--login", "user:secret") == '{"user": "user"}'
        assert command(row.dialect, method, url + path) == '{"user": "user"}'
