"""Ruby on Rails, as Debian has it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from servers import needs, serving

APP = Path(__file__).with_name("rails_app.ru")
PACKAGES = "ruby-railties puma"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    puma, ruby = needs("puma", PACKAGES), needs("ruby", PACKAGES)
    found = subprocess.run(
        [ruby, "-e", "puts Gem::Specification.find_by_name('railties').gem_dir"], capture_output=True, text=True
    )
    if found.returncode != 0:
        pytest.skip(f"Rails is missing (`apt-get install --no-install-recommends {PACKAGES}`)")
    folder = tmp_path_factory.mktemp("rails")
    (folder / "public").mkdir()
    # The page that a new app is given.
    templates = Path(found.stdout.strip()) / "lib/rails/generators/rails/app/templates"
    shutil.copy(templates / "public/422.html", folder / "public")
    command = [puma, "--threads", "1:4", "--bind", "tcp://127.0.0.1:{port}", APP]
    with serving(command, folder, {"APP_FOLDER": str(folder), "RAILS_ENV": "production"}) as url:
        yield url


@pytest.fixture
def session(app: str) -> countersign.requests.Session:
    return countersign.requests.Session(app, "rails")


@pytest.mark.parametrize(
    "accept, says", [("application/json", '"status":422'), ("text/html", "The change you wanted was rejected")]
)
def test_without_the_client_a_change_is_refused(app: str, accept: str, says: str) -> None:
    session = requests.Session()
    session.get(app)
    reply = session.post(f"{app}/articles", data={"title": "bare"}, headers={"Accept": accept})
    assert reply.status_code == 422
    assert says in reply.text
    assert "bare" not in requests.get(f"{app}/articles.json").json()


def test_one_line_gets_through(app: str, session: countersign.requests.Session) -> None:
    assert session.post("/articles", data={"title": "a form's"}).status_code == 201
    assert session.post("/articles", json={"title": "JSON's"}).status_code == 201
    assert {"a form's", "JSON's"} <= set(requests.get(f"{app}/articles.json").json())


def test_the_page_of_the_resource_has_it_too(app: str, document) -> None:
    rails = document("rails")
    without_front_page = {**rails, "obtain": [own for own in rails["obtain"] if own["request"] != "GET /"]}
    assert len(without_front_page["obtain"]) == len(rails["obtain"]) - 1
    session = countersign.requests.Session(app, without_front_page)
    assert session.post("/articles", data={"title": "by its own page"}).status_code == 201


def test_a_token_of_another_session_is_replaced(session: countersign.requests.Session) -> None:
    assert session.delete("/session").status_code == 204
    # What the client holds belongs to the session that has just ended.
    assert session.post("/articles", json={"title": "after all"}).status_code == 201
    session.cookies.clear()
    assert session.post("/articles", json={"title": "without cookies"}).status_code == 201


def test_the_command_line_gets_through_too(app: str, command: Callable[..., str]) -> None:
    for title in ("by the command", "once more"):
        assert title in command("rails", "POST", f"{app}/articles", "--form", f"title={title}")
