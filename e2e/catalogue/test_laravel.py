"""Laravel, as Debian has it."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from servers import needs, serving

APP = Path(__file__).with_name("laravel_app.php")
AUTOLOAD = Path("/usr/share/php/Illuminate/autoload.php")
PACKAGES = "php-cli php-laravel-framework"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laravel")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[str]:
    php = needs("php", PACKAGES)
    if not AUTOLOAD.exists():
        pytest.skip(f"Laravel is missing (`apt-get install --no-install-recommends {PACKAGES}`)")
    with serving([php, "-S", "127.0.0.1:{port}", APP], folder, {"APP_FOLDER": str(folder)}) as url:
        yield url


@pytest.fixture
def session(app: str) -> countersign.requests.Session:
    return countersign.requests.Session(app, "laravel")


@pytest.mark.parametrize("accept, says", [("application/json", '"CSRF token mismatch."'), ("text/html", "Page Expired")])
def test_without_the_client_a_change_is_refused(app: str, accept: str, says: str) -> None:
    session = requests.Session()
    session.get(app)
    reply = session.post(f"{app}/notes", data={"text": "bare"}, headers={"Accept": accept})
    assert reply.status_code == 419
    assert says in reply.text
    assert "bare" not in requests.get(f"{app}/notes").json()


def test_one_line_gets_through(app: str, session: countersign.requests.Session) -> None:
    assert session.post("/notes", data={"text": "a form's"}).status_code == 201
    assert session.post("/notes", json={"text": "JSON's"}).status_code == 201
    assert {"a form's", "JSON's"} <= set(requests.get(f"{app}/notes").json())


def test_the_cookie_is_percent_encoded_and_the_header_is_not(app: str) -> None:
    """What makes it a case of its own: the value is base64 with `=` at its end."""
    by_hand = requests.Session()
    by_hand.get(app)
    value = by_hand.cookies["XSRF-TOKEN"]
    assert value.endswith("%3D")
    as_it_is = by_hand.post(f"{app}/notes", data={"text": "encoded"}, headers={"X-XSRF-TOKEN": value})
    assert as_it_is.status_code == 419


def test_a_new_token_is_followed(session: countersign.requests.Session) -> None:
    assert session.post("/token").status_code == 204
    assert session.post("/notes", json={"text": "with the new one"}).status_code == 201


@pytest.mark.parametrize("lost", ["XSRF-TOKEN", "laravel_session"])
def test_what_got_lost_is_fetched_again(session: countersign.requests.Session, lost: str) -> None:
    assert session.post("/notes", json={"text": "before"}).status_code == 201
    for cookie in [cookie for cookie in session.cookies if cookie.name == lost]:
        session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    assert session.post("/notes", json={"text": "after"}).status_code == 201


def test_the_command_line_gets_through_too(app: str, command: Callable[..., str]) -> None:
    for text in ("by the command", "once more"):
        assert text in command("laravel", "POST", f"{app}/notes", "--form", f"text={text}")


def forget_all_sessions(folder: Path) -> None:
    kept = list((folder / "sessions").iterdir())
    assert kept
    for session in kept:
        session.unlink()


def test_a_server_that_has_forgotten_its_sessions(
    app: str, folder: Path, session: countersign.requests.Session, command: Callable[..., str]
) -> None:
    """The cookies are all still there, and worth nothing."""
    assert session.post("/notes", json={"text": "before"}).status_code == 201
    command("laravel", "POST", f"{app}/notes", "--form", "text=before")
    forget_all_sessions(folder)
    assert session.post("/notes", json={"text": "after"}).status_code == 201
    forget_all_sessions(folder)
    assert "after" in command("laravel", "POST", f"{app}/notes", "--form", "text=after")
