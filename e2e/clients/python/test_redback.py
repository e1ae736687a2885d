"""`requests`, unmodified, against the redback service."""

from __future__ import annotations

import pytest
import requests
from conftest import Playground

ADMIN = {"username": "admin", "password": "admin1"}
GUEST = {"username": "guest-user", "password": "guest1"}


class Client:
    """What a script does: it names its origin and sends the token of its login."""

    def __init__(self, playground: Playground, base: str = "/restServices/redbackServices") -> None:
        self.base = playground.redback + base
        self.session = requests.Session()
        self.session.headers["Origin"] = playground.redback
        # For a list or a true, never for a page.
        self.session.headers["Accept"] = "application/json"

    def log_in(self, credentials: dict[str, str]) -> str:
        reply = self.session.post(f"{self.base}/loginService/logIn", json=credentials)
        assert reply.status_code == 200, reply.text
        token = reply.json()["validationToken"]
        assert token
        self.session.headers["X-XSRF-TOKEN"] = token
        return token

    def get(self, path: str, headers: dict[str, str | None] | None = None) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", headers=headers)

    def user_names(self) -> list[str]:
        reply = self.get("userService/getUsers")
        assert reply.status_code == 200
        return [user["username"] for user in reply.json()]

    def create_user(self, name: str) -> requests.Response:
        user = {
            "username": name,
            "password": "a long passphrase 1",
            "confirmPassword": "a long passphrase 1",
            "fullName": "A. Passer-by",
            "email": "passer-by@example.org",
        }
        return self.session.post(f"{self.base}/userService/createUser", json=user)


@pytest.fixture
def admin(playground: Playground) -> Client:
    client = Client(playground)
    client.log_in(ADMIN)
    return client


def assert_refused(reply: requests.Response) -> None:
    assert (reply.status_code, reply.content) == (403, b"")


@pytest.mark.parametrize("base", ["/restServices/redbackServices", "/services/redbackServices"])
def test_the_token_of_the_login_opens_what_the_user_may_do(playground: Playground, base: str) -> None:
    client = Client(playground, base)
    client.log_in(ADMIN)
    assert {"admin", "guest-user"} <= set(client.user_names())


def test_a_user_is_made_and_deleted_with_the_token(admin: Client) -> None:
    assert admin.create_user("passer-by").status_code == 200
    assert "passer-by" in admin.user_names()
    assert admin.get("userService/deleteUser/passer-by").status_code == 200
    assert "passer-by" not in admin.user_names()


def test_basic_credentials_need_the_token_too(playground: Playground, admin: Client) -> None:
    token = admin.session.headers["X-XSRF-TOKEN"]
    url = f"{admin.base}/userService/getUsers"
    basic = {"auth": tuple(ADMIN.values())}
    origin = {"Origin": playground.redback}
    assert_refused(requests.get(url, headers=origin, **basic))
    assert requests.get(url, headers={**origin, "X-XSRF-TOKEN": token}, **basic).status_code == 200


def test_bad_credentials_are_refused_with_their_own_key(playground: Playground) -> None:
    client = Client(playground)
    reply = client.session.post(
        f"{client.base}/loginService/logIn", json={**ADMIN, "password": "admin2"}
    )
    assert reply.status_code == 403
    [error] = reply.json()["errorMessages"]
    assert error["errorKey"] == "incorrect.username.password"


@pytest.mark.parametrize("token", ["none", "wrong", "another user's"])
def test_without_its_own_token_a_session_deletes_nobody(
    playground: Playground, admin: Client, token: str
) -> None:
    headers = {
        "none": {"X-XSRF-TOKEN": None},
        "wrong": {"X-XSRF-TOKEN": "c2VjcmV0"},
        "another user's": {"X-XSRF-TOKEN": Client(playground).log_in(GUEST)},
    }[token]
    assert_refused(admin.get("userService/deleteUser/guest-user", headers))
    assert "guest-user" in admin.user_names()


def test_a_user_without_the_permission_is_refused_despite_a_good_token(playground: Playground) -> None:
    guest = Client(playground)
    guest.log_in(GUEST)
    assert_refused(guest.get("userService/getUsers"))
    assert_refused(guest.create_user("guest-made"))


ORIGINS = [
    ("no origin and no referer", {"Origin": None}, False),
    ("the own origin", {}, True),
    ("the own referer alone", {"Origin": None, "Referer": "{own}/page"}, True),
    ("the own origin and the own referer", {"Referer": "{own}/page"}, True),
    ("the own origin and a foreign referer", {"Referer": "http://evil.example/"}, False),
    ("a foreign origin", {"Origin": "http://evil.example"}, False),
    ("a foreign origin and the own referer", {"Origin": "http://evil.example", "Referer": "{own}/"}, False),
    ("another port", {"Origin": "http://127.0.0.1:1"}, False),
    ("another scheme", {"Origin": "https{own_without_scheme}"}, False),
    ("an origin that cannot be read counts as absent", {"Origin": "null", "Referer": "{own}/"}, True),
    ("an origin that cannot be read, alone", {"Origin": "null"}, False),
]


@pytest.mark.parametrize("path", ["loginService/ping", "userService/getUsers"])
@pytest.mark.parametrize("name, headers, passes", ORIGINS, ids=[row[0] for row in ORIGINS])
def test_every_call_must_come_from_the_own_origin(
    playground: Playground,
    admin: Client,
    path: str,
    name: str,
    headers: dict[str, str | None],
    passes: bool,
) -> None:
    own = playground.redback
    fill = {"own": own, "own_without_scheme": own.removeprefix("http")}
    reply = admin.get(path, {key: value and value.format(**fill) for key, value in headers.items()})
    if passes:
        assert reply.status_code == 200, reply.text
    else:
        assert_refused(reply)


def test_a_login_from_another_site_is_refused(playground: Playground) -> None:
    client = Client(playground)
    client.session.headers["Origin"] = "http://evil.example"
    assert_refused(client.session.post(f"{client.base}/loginService/logIn", json=ADMIN))


def test_an_operation_that_declares_no_access_is_shut_to_the_admin_too(admin: Client) -> None:
    assert_refused(admin.get("userService/exportUsers"))
