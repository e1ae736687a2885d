"""Every kind of client against the five services: logging in, reading, writing, losing tokens, logging out."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import Make
from faces import Face
from processes import Playground

import countersign

JSON = {"Accept": "application/json"}
EMAIL = "/dataservice/settings/configuration/emailNotificationSettings"
SETTINGS = {
    "enabled": True,
    "from_address": "test@mydomain.com",
    "protocol": "smtp",
    "smtp_server": "a.com",
    "smtp_port": 25,
    "reply_to_address": "test@test.com",
    "notification_use_smtp_authentication": False,
}
REST = "/restServices/redbackServices"


@pytest.fixture(params=["by name", "auto"])
def dialect(request: pytest.FixtureRequest) -> Any:
    """The built-in document of a dialect, or what the service says itself."""
    return lambda name: name if request.param == "by name" else "auto"


def rounds(face: Face) -> Any:
    """Once as it is, once with all tokens lost, once with tokens that the server does not know."""
    yield "as it is"
    face.lose()
    yield "lost"
    face.spoil()
    yield "spoilt"


def test_vmanage(client: Make, dialect: Any, playground: Playground) -> None:
    face = client(playground.vmanage, dialect("vmanage"))
    face.login("admin", "admin")
    for kept in rounds(face):
        info = face.get(f"{playground.vmanage}/dataservice/server/info")
        assert info.json()["Achitecture"] == "amd64", kept
        assert face.post(playground.vmanage + EMAIL, json=SETTINGS).json() == {"data": [SETTINGS]}, kept
    cookies = face.cookies()
    assert face.logout().status_code == 302
    face.clear_cookies()
    # The server has forgotten the session.
    headers = {"Cookie": f"JSESSIONID={cookies['JSESSIONID']}"}
    info = face.get(f"{playground.vmanage}/dataservice/server/info", headers=headers)
    assert "Achitecture" not in info.text


def test_vmanage_over_plain_http(client: Make, playground: Playground) -> None:
    face = client(playground.vmanage_http, "vmanage")
    face.login("admin", "admin")
    assert face.get(f"{playground.vmanage_http}/dataservice/device").status_code == 200


def test_vmanage_tells_a_wrong_password(client: Make, playground: Playground) -> None:
    face = client(playground.vmanage, "vmanage")
    with pytest.raises(countersign.LoginError, match="did not accept") as error:
        face.login("admin", "nimda-secret")
    assert "nimda-secret" not in str(error.value)
    assert error.value.status == 200


def test_genesys(client: Make, dialect: Any, playground: Playground) -> None:
    url = f"{playground.genesys}/api/v2/me"
    face = client(playground.genesys, dialect("genesys"))
    assert face.login("paveld@redwings.com", "password").json()["user"]["userName"] == "paveld@redwings.com"
    for kept in rounds(face):
        for operation in ("StartContactCenterSession", "EndContactCenterSession"):
            done = face.post(url, json={"operationName": operation, "channels": ["voice"]})
            assert (done.status_code, done.json()) == (200, {"statusCode": 0}), kept
            face.get(url)
    with pytest.raises(countersign.LoginError, match="does not say how to log out"):
        face.logout()


def test_voss(client: Make, dialect: Any, playground: Playground) -> None:
    phones = f"{playground.voss}/api/data/Phone/"
    face = client(playground.voss, dialect("voss"))
    assert face.login("joe", "bloggs").status_code == 302
    for kept in rounds(face):
        made = face.post(phones, json={"name": f"SEP{uuid.uuid4().hex[:8]}"}, headers=JSON)
        assert made.status_code == 201, (kept, made.text)
        assert face.call("DELETE", f"{phones}{made.json()['pkid']}/", headers=JSON).status_code == 204
    assert face.logout().status_code == 302


def test_voss_tells_a_wrong_password(client: Make, playground: Playground) -> None:
    face = client(playground.voss, "voss")
    with pytest.raises(countersign.LoginError):
        face.login("joe", "blogs")


def test_redback(client: Make, dialect: Any, playground: Playground) -> None:
    rest = playground.redback + REST
    face = client(playground.redback, dialect("redback"))
    assert face.login("admin", "admin1").json()["validationToken"]
    name = f"passer-by-{uuid.uuid4().hex[:8]}"
    user = {
        "username": name,
        "password": "a long passphrase 1",
        "confirmPassword": "a long passphrase 1",
        "fullName": "A. Passer-by",
        "email": "passer-by@example.org",
    }
    assert face.post(f"{rest}/userService/createUser", json=user, headers=JSON).status_code == 200
    names = [user["username"] for user in face.get(f"{rest}/userService/getUsers", headers=JSON).json()]
    assert {"admin", name} <= set(names)
    # A deletion is a GET there.
    assert face.get(f"{rest}/userService/deleteUser/{name}", headers=JSON).status_code == 200

    # The token comes with the login alone: without it the refusal is handed back.
    face.lose()
    refused = face.get(f"{rest}/userService/getUsers", headers=JSON)
    assert (refused.status_code, refused.text) == (403, "")
    face.login("admin", "admin1")
    assert face.get(f"{rest}/userService/getUsers", headers=JSON).status_code == 200
    assert face.logout().status_code == 200


def test_redback_a_right_that_one_has_not_costs_no_token(client: Make, playground: Playground) -> None:
    rest = playground.redback + REST
    face = client(playground.redback, "redback")
    face.login("guest-user", "guest1")
    # An empty 403 as well, and another token is not to be had.
    assert face.get(f"{rest}/userService/getUsers", headers=JSON).status_code == 403
    assert len(face.keeper._pool) == 1


def test_redback_tells_a_wrong_password(client: Make, playground: Playground) -> None:
    face = client(playground.redback, "redback")
    with pytest.raises(countersign.LoginError) as error:
        face.login("admin", "admin2")
    assert error.value.status == 403


def test_tao(client: Make, dialect: Any, playground: Playground) -> None:
    items = f"{playground.tao}/tao/items"
    face = client(playground.tao, dialect("tao"))
    for kept in rounds(face):
        made = face.post(items, json={"label": "Fractions"})
        assert made.json()["success"] is True, kept
        assert made.json()["data"]["uri"] in [item["uri"] for item in face.get(items).json()["data"]], kept
        assert face.call("DELETE", playground.tao + made.json()["data"]["uri"]).status_code == 204, kept
        # A ticket is spent even then.
        assert face.post(f"{items}/fail").json()["success"] is False, kept
    # More calls than the pool has tickets: each answer brings a fresh one.
    for _ in range(25):
        assert face.get(items).status_code == 200


@pytest.mark.parametrize("kind", ["requests.Session", "requests.protect", "requests.CsrfAuth", "httpx.Client"])
def test_fifty_threads_share_a_pool_of_ten(kind: str, playground: Playground) -> None:
    from faces import FACES

    face = FACES[kind](playground.tao, "tao")
    with ThreadPoolExecutor(50) as pool:
        replies = pool.map(lambda number: face.get(f"{playground.tao}/tao/items?n={number}"), range(50))
        assert [reply.status_code for reply in replies] == [200] * 50
    face.close()


def test_a_session_that_begins_anew_gets_its_own_token(client: Make, playground: Playground) -> None:
    face = client(playground.vmanage_http, "vmanage")
    url = f"{playground.vmanage_http}/dataservice/device"
    face.login("admin", "admin")
    assert face.get(url).status_code == 200
    face.clear_cookies()
    face.login("admin", "admin")
    assert face.get(url).status_code == 200
