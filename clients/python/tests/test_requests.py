"""What is particular to `requests`."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Iterator

import pytest
import requests
from apps import App, document
from recorder import Recorder, Reply, Seen
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

import countersign
import countersign.requests
from countersign.requests import CsrfAuth, Session

BASIC = "Basic " + base64.b64encode(b"user:word").decode()


@pytest.fixture
def app(recorder: Recorder) -> App:
    return App(recorder)


@pytest.fixture(params=["Session", "CsrfAuth"])
def session(request: pytest.FixtureRequest, recorder: Recorder, app: App) -> requests.Session:
    if request.param == "Session":
        return Session(recorder.url, document())
    plain = requests.Session()
    plain.auth = CsrfAuth(recorder.url, document(), session=plain)
    return plain


def refused_next(session: requests.Session, app: App) -> str:
    """A URL whose next request is refused for its token; the token after that is good."""
    url = f"{app.server.url}/x"
    assert session.post(url).text == "done"
    app.change_tokens()
    app.server.seen.clear()
    return url


def test_the_easiest_line(app: App, recorder: Recorder) -> None:
    login = {"request": "POST /login", "form": {"name": "{user}", "word": "{password}"}, "failed": "wrong"}
    app.replies["/login"] = Reply(headers=[("Set-Cookie", "sid=mine; Path=/")])
    app.tokens["mine"] = "token-of-mine"
    session = countersign.requests.Session(recorder.url, document(login=login), user="{password}", password="w&rd")
    assert recorder.seen[-1].body == b"name=%7Bpassword%7D&word=w%26rd"
    assert session.post("/x").text == "done"
    assert session.cookies.get_dict() == {"sid": "mine"}
    assert "w&rd" not in str(vars(session)) + str(vars(session._keeper))


@pytest.mark.parametrize("given", [{"user": "u"}, {"password": "p"}])
def test_half_of_the_credentials_are_a_mistake(recorder: Recorder, given: Any) -> None:
    with pytest.raises(countersign.LoginError, match="together"):
        Session(recorder.url, document(), **given)


def test_urls_of_a_session_are_read_against_its_origin(app: App, recorder: Recorder, elsewhere: Recorder) -> None:
    session = Session(f"{recorder.url}/app/", document())
    assert session.post("/x").text == "done"
    prepared = session.prepare_request(requests.Request("POST", "/y"))
    assert session.send(prepared).text == "done"
    # Two slashes begin another host, here as in a page.
    session.post(f"//127.0.0.1:{elsewhere.port}/x")
    assert elsewhere.seen[0].header("X-Token") is None


def test_a_file_is_sent_again_from_where_it_was(session: requests.Session, app: App, tmp_path: Path) -> None:
    url = refused_next(session, app)
    path = tmp_path / "upload"
    path.write_bytes(b"skipped, sent")
    with path.open("rb") as file:
        file.seek(9)
        assert session.post(url, data=file).text == "done"
    assert [seen.body for seen in app.server.seen if seen.method == "POST"] == [b"sent", b"sent"]


def test_a_form_with_a_file_is_sent_again(session: requests.Session, app: App) -> None:
    url = refused_next(session, app)
    assert session.post(url, data={"a": "1"}, files={"f": io.BytesIO(b"content")}).text == "done"
    first, second = (seen.body for seen in app.server.seen if seen.method == "POST")
    assert first == second
    assert b"content" in first


def test_a_stream_that_is_gone_is_not_sent_again(session: requests.Session, app: App) -> None:
    url = refused_next(session, app)

    def parts() -> Iterator[bytes]:
        yield b"once"

    answer = session.post(url, data=parts())
    assert (answer.status_code, answer.content) == (403, b"there is no token of yours here")
    assert [seen.body for seen in app.server.seen] == [b"once"]
    # And the next request is as if nothing had been.
    assert session.post(url).text == "done"


def test_an_answer_can_still_be_streamed(session: requests.Session, app: App) -> None:
    app.replies["/big"] = Reply(body=b"x" * 1_000_000)
    with session.post(f"{app.server.url}/big", stream=True) as answer:
        assert sum(len(part) for part in answer.iter_content(1000)) == 1_000_000
    # And one that had to be looked at can still be read.
    app.replies["/token"] = Reply(body=b"seen")
    with session.get(f"{app.server.url}/token", stream=True) as answer:
        assert b"".join(answer.iter_content(2)) == b"seen"


def test_basic_credentials_beside_a_session(app: App, recorder: Recorder) -> None:
    session = Session(recorder.url, document())
    assert session.post("/x", auth=("user", "word")).text == "done"
    assert [seen.header("Authorization") for seen in recorder.seen] == [BASIC, BASIC]


@pytest.mark.parametrize("basic", [("user", "word"), HTTPBasicAuth("user", "word")])
def test_basic_credentials_beside_an_auth(app: App, recorder: Recorder, elsewhere: Recorder, basic: Any) -> None:
    session = requests.Session()
    session.auth = CsrfAuth(recorder.url, document(), basic=basic, session=session)
    assert session.post(f"{recorder.url}/x").text == "done"
    app.change_tokens()
    assert session.post(f"{recorder.url}/x").text == "done"
    assert {seen.header("Authorization") for seen in recorder.seen} == {BASIC}


def test_basic_credentials_of_an_auth_are_for_its_origin_alone(
    app: App, recorder: Recorder, elsewhere: Recorder
) -> None:
    session = requests.Session()
    session.auth = CsrfAuth(recorder.url, document(), basic=("user", "word"), session=session)
    session.post(f"{elsewhere.url}/x")
    assert elsewhere.seen[0].header("Authorization") is None


def test_an_auth_for_single_calls(app: App, recorder: Recorder) -> None:
    auth = CsrfAuth(recorder.url, document())
    for _ in range(3):
        assert requests.post(f"{recorder.url}/x", auth=auth).text == "done"
    # It keeps what a fetch was given where no session does.
    assert recorder.paths() == ["/token", "/x", "/x", "/x"]
    own = {"sid": "elsewhere"}
    app.tokens["elsewhere"] = "token-of-elsewhere"
    assert requests.post(f"{recorder.url}/x", auth=auth, cookies=own).text == "done"
    assert recorder.seen[-1].cookies == own


def test_an_auth_tells_the_session_of_the_cookies_of_its_fetches(app: App, recorder: Recorder) -> None:
    session = requests.Session()
    session.auth = CsrfAuth(recorder.url, document())
    session.post(f"{recorder.url}/x")
    assert session.cookies.get_dict() == {"sid": "session1"}
    # From then on the session's word counts.
    session.post(f"{recorder.url}/x")
    session.cookies.clear()
    assert session.post(f"{recorder.url}/x").text == "done"
    assert recorder.seen[-1].cookies == {"sid": "session2"}


def test_an_auth_that_finds_no_server_gives_the_ticket_back(recorder: Recorder) -> None:
    from apps import TICKETS, TicketApp

    TicketApp(recorder)
    auth = CsrfAuth(recorder.url, TICKETS)
    request = requests.Request("POST", f"{recorder.url}/x", auth=auth).prepare()
    assert len(auth._keeper._pool) == 2
    # It is never sent.
    del request
    assert len(auth._keeper._pool) == 3


def test_hooks_of_the_caller_see_the_last_answer_without_its_token(session: requests.Session, app: App) -> None:
    url = refused_next(session, app)
    seen = []
    hooks = {"response": lambda answer, **_: seen.append((answer.text, "X-Token" in answer.request.headers))}
    assert session.post(url, hooks=hooks).text == "done"
    assert seen == [("done", False)]


def test_a_request_that_is_prepared_once_can_be_sent_twice(app: App, recorder: Recorder) -> None:
    session = Session(recorder.url, document())
    prepared = session.prepare_request(requests.Request("POST", "/x", data=b"body"))
    assert [session.send(prepared).text for _ in range(2)] == ["done", "done"]
    assert "X-Token" not in prepared.headers


class Counting(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def send(self, *args: Any, **options: Any) -> requests.Response:
        self.count += 1
        return super().send(*args, **options)


def test_adapters_of_the_callers_own_are_used(app: App, recorder: Recorder) -> None:
    adapter = Counting()
    session = Session(recorder.url, document())
    session.mount("http://", adapter)
    assert session.post("/x").text == "done"
    assert adapter.count == 2
    plain = requests.Session()
    plain.mount("http://", Counting())
    countersign.protect(plain, recorder.url, document())
    assert plain.post(f"{recorder.url}/x").text == "done"
    assert plain.get_adapter(recorder.url).count == 2  # type: ignore[attr-defined]


def test_the_settings_of_a_call_are_those_of_its_fetch(app: App, recorder: Recorder) -> None:
    given = []

    class Noting(HTTPAdapter):
        def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
            given.append((request.method, options["timeout"], options["verify"]))
            return super().send(request, **options)

    session = Session(recorder.url, document())
    session.mount("http://", Noting())
    session.post("/x", timeout=7, verify=False)
    assert given == [("GET", 7, False), ("POST", 7, False)]


def test_verify_of_a_session_counts_whatever_the_environment_says(
    app: App, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, playground: Any
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    session = Session(playground.vmanage, verify=False, user="admin", password="admin")
    assert session.csrf.document.dialect == "vmanage"
    assert session.get("/dataservice/device").status_code == 200


def test_a_fetch_that_takes_too_long_fails_the_call(app: App, recorder: Recorder) -> None:
    import threading

    wait = threading.Event()

    def slow(seen: Seen) -> Reply:
        wait.wait(30)
        return Reply()

    app.token = slow  # type: ignore[method-assign]
    session = Session(recorder.url, document())
    with pytest.raises(requests.ReadTimeout):
        session.post("/x", timeout=0.2)
    wait.set()
    assert recorder.paths() == ["/token"]


@pytest.mark.parametrize("url", ["", "host", "ftp://host", "https://", "https:host", "https://ho st", "//host"])
def test_a_base_url_without_an_origin_is_a_mistake(url: str) -> None:
    with pytest.raises(countersign.CountersignError, match="is no base URL"):
        Session(url, "vmanage")


def test_a_dialect_that_nobody_knows(recorder: Recorder) -> None:
    with pytest.raises(countersign.DocumentError, match="there is no dialect `vmange`: take one of .*`vmanage`"):
        Session(recorder.url, "vmange")
