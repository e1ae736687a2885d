"""`requests`, unmodified, against the voss service, with Django's own code as the oracle for masks."""

from __future__ import annotations

import re

import pytest
import requests
from conftest import Playground
from django.middleware.csrf import _mask_cipher_secret as mask

CREDENTIALS = {"username": "joe", "password": "bloggs", "next": "/"}
JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html"}
TOKEN = re.compile(r"[A-Za-z0-9]{32}")


@pytest.fixture
def login_page(playground: Playground) -> str:
    return f"{playground.voss}/login/"


def visit(login_page: str) -> tuple[requests.Session, str]:
    """A session that has seen the login page, and the token that came with it."""
    session = requests.Session()
    reply = session.get(login_page)
    assert reply.status_code == 200
    token = reply.headers["X-CSRFToken"]
    assert TOKEN.fullmatch(token)
    assert session.cookies["csrftoken"] == token
    return session, token


def log_in(session: requests.Session, login_page: str, headers: dict[str, str]) -> requests.Response:
    return session.post(login_page, data=CREDENTIALS, headers=headers, allow_redirects=False)


def assert_refused(reply: requests.Response) -> None:
    assert reply.status_code == 403
    assert reply.json()["detail"].startswith("CSRF Failed: ")


def test_the_login_page_sets_the_cookies_and_says_what_it_varies_by(login_page: str) -> None:
    reply = requests.get(login_page)
    assert set(reply.cookies.keys()) == {"csrftoken", "sessionid", "sso_login_url"}
    wanted = {"accept-encoding", "cookie", "accept-language", "x-csrftoken"}
    assert wanted <= set(re.split(r",\s*", reply.headers["Vary"].lower()))
    for line in re.split(r", (?=\w+=)", reply.headers["Set-Cookie"]):
        name, *attributes = re.split(r";\s*", line.lower())
        assert "path=/" in attributes
        assert ("httponly" in attributes) is not name.startswith("sso_login_url")
        assert ("samesite=lax" in attributes) is name.startswith("csrftoken")


def test_login_with_the_token_redirects_and_rotates_session_and_token(login_page: str) -> None:
    session, token = visit(login_page)
    old_session = session.cookies["sessionid"]
    reply = log_in(session, login_page, {"X-CSRFToken": token})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/")
    assert session.cookies["sessionid"] != old_session
    assert session.cookies["csrftoken"] == reply.headers["X-CSRFToken"] != token

    # From here on it stays what it is.
    assert session.get(login_page).headers["X-CSRFToken"] == reply.headers["X-CSRFToken"]


def test_the_token_from_before_the_login_is_refused_after_it(login_page: str) -> None:
    session, token = visit(login_page)
    log_in(session, login_page, {"X-CSRFToken": token})
    assert_refused(log_in(session, login_page, {"X-CSRFToken": token, **JSON}))


def test_the_token_may_come_as_a_form_field(login_page: str) -> None:
    session, token = visit(login_page)
    form = {**CREDENTIALS, "csrfmiddlewaretoken": token}
    reply = session.post(login_page, data=form, allow_redirects=False)
    assert reply.status_code == 302


@pytest.mark.parametrize("attempt", range(5))
def test_a_mask_that_django_put_on_is_taken_off(login_page: str, attempt: int) -> None:
    session, token = visit(login_page)
    masked = mask(token)
    assert len(masked) == 64 and session.cookies["csrftoken"] == token
    assert log_in(session, login_page, {"X-CSRFToken": masked}).status_code == 302


def test_a_mask_over_another_token_is_refused(login_page: str) -> None:
    session, _ = visit(login_page)
    _, another = visit(login_page)
    assert_refused(log_in(session, login_page, {"X-CSRFToken": mask(another), **JSON}))


def test_a_cookie_that_was_masked_by_hand_is_no_cookie_of_ours(login_page: str) -> None:
    session, token = visit(login_page)
    session.cookies.set("csrftoken", token[::-1], domain="127.0.0.1", path="/")
    assert_refused(log_in(session, login_page, {"X-CSRFToken": mask(token[::-1]), **JSON}))


@pytest.mark.parametrize(
    "flaw",
    ["no header", "no cookies", "no session cookie", "unequal", "another session's pair", "planted pair"],
)
def test_login_is_refused(login_page: str, flaw: str) -> None:
    session, token = visit(login_page)
    headers = {"X-CSRFToken": token, **JSON}
    if flaw == "no header":
        del headers["X-CSRFToken"]
    elif flaw == "no cookies":
        session.cookies.clear()
    elif flaw == "no session cookie":
        session.cookies.clear("127.0.0.1", "/", "sessionid")
    elif flaw == "unequal":
        headers["X-CSRFToken"] = token[1:] + token[:1]
    else:
        other = visit(login_page)[1] if flaw == "another session's pair" else "A" * 32
        session.cookies.set("csrftoken", other, domain="127.0.0.1", path="/")
        headers["X-CSRFToken"] = other
    assert_refused(log_in(session, login_page, headers))


def test_a_browser_is_refused_with_a_page(login_page: str) -> None:
    session, _ = visit(login_page)
    reply = log_in(session, login_page, HTML)
    assert reply.status_code == 403
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "csrf" in reply.text.lower()


def test_a_foreign_origin_is_refused_even_with_the_token(login_page: str) -> None:
    session, token = visit(login_page)
    headers = {"X-CSRFToken": token, "Origin": "https://evil.example", **JSON}
    assert_refused(log_in(session, login_page, headers))


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example/", "/\\evil.example/"])
def test_login_never_redirects_to_another_site(login_page: str, next_: str) -> None:
    session, token = visit(login_page)
    form = {**CREDENTIALS, "next": next_, "csrfmiddlewaretoken": token}
    reply = session.post(login_page, data=form, allow_redirects=False)
    assert "evil.example" not in reply.headers.get("Location", "")
    assert reply.status_code in (302, 400)


def test_a_machine_logs_in_without_a_token_and_gets_one(playground: Playground) -> None:
    credentials = {"username": "joe", "password": "bloggs"}
    reply = requests.post(f"{playground.voss}/noninteractivelogin/", json=credentials)
    assert reply.status_code == 200
    assert reply.cookies["csrftoken"] == reply.headers["X-CSRFToken"]
    assert reply.cookies["sessionid"]


@pytest.fixture
def phones(playground: Playground) -> str:
    return f"{playground.voss}/api/data/Phone/"


@pytest.fixture
def joe(playground: Playground) -> requests.Session:
    """Joe's session, whose requests carry the token."""
    session = requests.Session()
    session.headers.update(JSON)
    credentials = {"username": "joe", "password": "bloggs"}
    reply = session.post(f"{playground.voss}/noninteractivelogin/", json=credentials)
    assert reply.status_code == 200, reply.text
    session.headers["X-CSRFToken"] = reply.headers["X-CSRFToken"]
    return session


def phone_names(session: requests.Session, phones: str) -> list[str]:
    return [phone["name"] for phone in session.get(phones).json()["resources"]]


def test_changes_pass_with_a_token_that_stays_the_same(joe: requests.Session, phones: str) -> None:
    made = joe.post(phones, json={"name": "SEP000000000001"})
    assert made.status_code == 201, made.text
    phone = f"{phones}{made.json()['pkid']}/"
    assert joe.patch(phone, json={"description": "Reception"}).json()["description"] == "Reception"
    assert joe.get(phone).headers["X-CSRFToken"] == joe.headers["X-CSRFToken"]
    assert joe.delete(phone).status_code == 204
    assert "SEP000000000001" not in phone_names(joe, phones)


@pytest.mark.parametrize("flaw", ["no token", "another session's pair", "planted pair", "no csrf cookie"])
def test_a_change_is_refused_and_changes_nothing(
    login_page: str, joe: requests.Session, phones: str, flaw: str
) -> None:
    before = phone_names(joe, phones)
    headers = dict(joe.headers)
    cookies = joe.cookies.get_dict()
    if flaw == "no token":
        del headers["X-CSRFToken"]
    elif flaw == "no csrf cookie":
        del cookies["csrftoken"]
    else:
        other = visit(login_page)[1] if flaw == "another session's pair" else "A" * 32
        headers["X-CSRFToken"] = cookies["csrftoken"] = other
    assert_refused(requests.post(phones, json={"name": "SEPEVIL"}, headers=headers, cookies=cookies))
    assert phone_names(joe, phones) == before
