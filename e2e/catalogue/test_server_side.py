"""The server side of each dialect: `countersign serve` with it in front of an app that knows nothing of tokens.

The client is the Python one, with the same document that gets it through the product itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, NamedTuple

import countersign.requests
import pytest
import requests
from gateway import App, gateway


class Row(NamedTuple):
    dialect: str
    change: str
    status: int
    says: str
    # Where the product has its session cookie, the app has it too.
    cookie: str


ROWS = [
    Row("aspnet", "POST /change", 400, "", ".AspNetCore.Session"),
    Row("django", "POST /change", 403, "CSRF verification failed", "sessionid"),
    Row("drupal", "PATCH /node/1", 403, "X-CSRF-Token request header is missing", "SESS"),
    Row("jenkins", "POST /job/a/build", 403, "No valid crumb was included in the request", "JSESSIONID"),
    Row("jupyter", "PUT /api/contents/a.txt", 403, "'_xsrf' argument missing from POST", "username-localhost-8888"),
    Row("laravel", "POST /notes", 419, "Page Expired", "laravel_session"),
    Row("rails", "POST /articles", 422, "The change you wanted was rejected", "_session_id"),
    Row("sap-odata", "POST /sap/opu/odata/sap/NOTES_SRV/Notes", 403, "CSRF token validation failed", "SAP_SESSIONID"),
    Row("spring", "DELETE /transfer/7", 403, '"error":"Forbidden"', "JSESSIONID"),
    Row("transmission", "POST /transmission/rpc", 409, "X-Transmission-Session-Id", ""),
    Row("wordpress", "POST /wp-json/wp/v2/posts", 403, "rest_cookie_invalid_nonce", "wordpress_logged_in"),
]


@pytest.fixture(params=ROWS, ids=[row.dialect for row in ROWS], scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Row, str, App]]:
    row: Row = request.param
    app = App(session_cookie=row.cookie)
    with gateway(app, row.dialect, tmp_path_factory.mktemp(row.dialect)) as url:
        yield row, url, app


def test_without_a_token_a_change_is_refused_in_the_products_words(served: tuple[Row, str, App]) -> None:
    row, url, app = served
    app.changes.clear()
    session = requests.Session()
    session.get(url)
    method, path = row.change.split()
    refused = session.request(method, url + path)
    assert refused.status_code == row.status
    assert row.says in refused.text
    assert bool(row.says) == bool(refused.text)
    assert app.changes == []


@pytest.mark.parametrize("how", ["by name", "auto"])
def test_the_client_gets_through(served: tuple[Row, str, App], how: str) -> None:
    row, url, app = served
    app.changes.clear()
    session = countersign.requests.Session(url, row.dialect if how == "by name" else "auto")
    method, path = row.change.split()
    for _ in range(2):
        assert session.request(method, path).status_code == 200
    assert app.changes == [row.change] * 2


def test_a_session_that_got_lost_is_begun_again(served: tuple[Row, str, App]) -> None:
    row, url, app = served
    session = countersign.requests.Session(url, row.dialect)
    session.get("/")
    method, path = row.change.split()
    assert session.request(method, path).status_code == 200
    session.cookies.clear()
    app.changes.clear()
    assert session.request(method, path).status_code == 200
    session.cookies.clear()
    session.get("/")
    assert session.request(method, path).status_code == 200
    assert app.changes == [row.change] * 2


def test_another_site_is_refused_even_with_everything(served: tuple[Row, str, App]) -> None:
    row, url, app = served
    session = countersign.requests.Session(url, row.dialect)
    method, path = row.change.split()
    assert session.request(method, path).status_code == 200
    app.changes.clear()
    refused = session.request(method, path, headers={"Origin": "https://evil.example"})
    assert refused.status_code == row.status
    assert app.changes == []


def test_couchdb_asks_where_a_request_comes_from(tmp_path: Path) -> None:
    app = App(session_cookie="AuthSession")
    with gateway(app, "couchdb", tmp_path, pages=False) as url:
        session = countersign.requests.Session(url, "couchdb")
        session.get("/")
        assert session.put("/db/doc", json={}).status_code == 200
        assert session.put("/db/doc", json={}, headers={"Origin": url}).status_code == 200
        refused = session.put("/db/doc", json={}, headers={"Origin": "https://evil.example"})
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
        assert app.changes == ["PUT /db/doc"] * 2
