"""Django and Django REST framework."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from countersign.errors import LoginError
from servers import serving

SITE = Path(__file__).with_name("django_site.py")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("django")
    with serving([sys.executable, SITE, folder, "{port}"], folder) as url:
        yield url


@pytest.fixture
def joe(site: str) -> countersign.requests.Session:
    return countersign.requests.Session(site, "django", user="joe", password="bloggs")


def logged_in_by_hand(site: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{site}/accounts/login/")
    form = {"username": "joe", "password": "bloggs", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    assert session.post(f"{site}/accounts/login/", data=form, allow_redirects=False).status_code == 302
    return session


@pytest.mark.parametrize(
    "path, says",
    [("/api/notes/", "CSRF Failed: CSRF token missing."), ("/form/", "CSRF verification failed")],
)
def test_without_the_client_a_change_is_refused(site: str, path: str, says: str) -> None:
    reply = logged_in_by_hand(site).post(f"{site}{path}", data={"text": "bare"})
    assert reply.status_code == 403
    assert says in reply.text


def test_logging_in_is_a_change_too(site: str) -> None:
    reply = requests.post(f"{site}/accounts/login/", data={"username": "joe", "password": "bloggs"})
    assert reply.status_code == 403
    assert "CSRF verification failed" in reply.text


def test_one_line_logs_in_and_changes(joe: countersign.requests.Session) -> None:
    assert joe.post("/api/notes/", json={"text": "by the client"}).status_code == 201
    assert joe.post("/form/", data={"text": "by a form"}).text == "saved"
    assert {"by the client", "by a form"} <= set(joe.get("/api/notes/").json())


def test_a_wrong_password_is_told(site: str) -> None:
    with pytest.raises(LoginError):
        countersign.requests.Session(site, "django", user="joe", password="wrong")


def test_a_token_that_got_lost_is_fetched_again(joe: countersign.requests.Session) -> None:
    assert joe.post("/api/notes/", json={"text": "before"}).status_code == 201
    joe.cookies.clear(domain=joe.cookies.list_domains()[0], path="/", name="csrftoken")
    assert joe.post("/api/notes/", json={"text": "without a cookie"}).status_code == 201
    assert "without a cookie" in joe.get("/api/notes/").json()


def test_credentials_of_its_own_need_no_token(site: str) -> None:
    reply = requests.post(f"{site}/api/notes/", json={"text": "basic"}, auth=("joe", "bloggs"))
    assert reply.status_code == 201


def test_after_logging_out_nothing_is_left(joe: countersign.requests.Session) -> None:
    joe.logout()
    assert joe.post("/api/notes/", json={"text": "late"}).status_code == 403


def test_the_command_line_gets_through_too(site: str, command: Callable[..., str]) -> None:
    notes = f"{site}/api/notes/"
    command("django", "POST", notes, "--login", "joe:bloggs", "--json", '{"text": "by the command"}')
    # A second call goes on with the session of the first.
    command("django", "POST", notes, "--form", "text=once more")
    assert '"by the command","once more"' in command("django", "GET", notes)
