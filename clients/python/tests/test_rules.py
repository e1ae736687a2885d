"""What every kind of client does on the wire, seen by the server. Numbers are those of the rules."""

from __future__ import annotations

import gc
import json
import logging
from typing import Any, Iterator

import httpx
import pytest
import requests
from apps import TICKETS, App, TicketApp, document
from conftest import Make
from recorder import Recorder, Reply

import countersign

LOST = (requests.ConnectionError, httpx.TransportError)


@pytest.fixture
def app(recorder: Recorder) -> App:
    return App(recorder)


# 1. Scope


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_1_a_redirect_takes_no_token_to_another_origin(
    client: Make, recorder: Recorder, app: App, elsewhere: Recorder, status: int, method: str
) -> None:
    face = client(recorder.url, document(protect={"methods": "all", "require": "token"}, origin="always"))
    app.replies["/leave"] = Reply(status, [("Location", f"{elsewhere.url}/arrive")])
    assert face.call(method, f"{recorder.url}/leave", redirects=True).text == "ok"
    [left] = [seen for seen in recorder.seen if seen.path == "/leave"]
    assert left.header("X-Token") == "token-of-session1"
    [arrived] = elsewhere.seen
    assert arrived.header("X-Token") is None
    assert arrived.header("Origin") is None
    assert "token-of" not in str(arrived)


def test_1_nor_does_a_redirect_of_what_was_sent_again(
    client: Make, recorder: Recorder, app: App, elsewhere: Recorder
) -> None:
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    face.spoil()
    away = Reply(307, [("Location", f"{elsewhere.url}/arrive")])
    judge = app.judge
    app.judge = lambda seen: judge(seen) if judge(seen).status == 403 else away  # type: ignore[method-assign]
    assert face.post(f"{recorder.url}/x", redirects=True, json="body").text == "ok"
    assert app.sent()[-2:] == ["00000000000000000", "token-of-session1"]
    [arrived] = elsewhere.seen
    assert "token-of" not in str(arrived) and "0000" not in str(arrived)


def test_1_a_redirect_within_the_origin_gets_a_token_of_its_own(client: Make, recorder: Recorder) -> None:
    app = TicketApp(recorder)
    face = client(recorder.url, TICKETS)
    app.replies["/old"] = Reply(307, [("Location", "/new")])
    assert face.post(f"{recorder.url}/old", redirects=True).text == "done"
    new = [seen.header("X-Token") for seen in recorder.seen if seen.path == "/new"]
    assert new[-1] in app.spent


def test_1_other_origins_are_not_touched(client: Make, recorder: Recorder, app: App, elsewhere: Recorder) -> None:
    face = client(recorder.url, document(origin="always"))
    face.post(f"{recorder.url}/x")
    localhost = elsewhere.url.replace("127.0.0.1", "localhost")
    for url in (elsewhere.url, localhost, f"http://127.0.0.1:{recorder.port}@localhost:{elsewhere.port}"):
        face.post(f"{url}/x")
    assert len(elsewhere.seen) == 3
    for seen in elsewhere.seen:
        assert (seen.header("X-Token"), seen.header("Origin")) == (None, None)


def test_1_the_own_origin_is_known_with_a_user_name_before_it(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    assert face.post(f"http://user:word@127.0.0.1:{recorder.port}/x").text == "done"


# 2. Need


def test_2_what_needs_no_token_gets_none(client: Make, recorder: Recorder, app: App) -> None:
    routes = [{"path": "/open/**", "require": "nothing"}, {"path": "/shown", "require": "provenance"}]
    face = client(recorder.url, document(routes=routes))
    app.replies.update({"/open/x": Reply(), "/shown": Reply()})
    for path in ("/open/x", "/shown"):
        face.post(recorder.url + path)
    face.get(f"{recorder.url}/x")
    assert recorder.paths() == ["/open/x", "/shown", "/x"]
    assert {seen.header("X-Token") for seen in recorder.seen} == {None}


@pytest.mark.parametrize("require", ["token", "both", "either"])
def test_2_what_needs_one_gets_it_at_once(client: Make, recorder: Recorder, app: App, require: str) -> None:
    face = client(recorder.url, document(protect={"methods": "unsafe", "require": require}))
    assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths() == ["/token", "/x"]


# 3. Not twice


@pytest.mark.parametrize("name", ["X-Token", "x-token"])
def test_3_a_token_of_the_callers_own_is_left_alone(client: Make, recorder: Recorder, app: App, name: str) -> None:
    face = client(recorder.url, document())
    assert face.post(f"{recorder.url}/x", headers={name: "mine"}).status_code == 403
    assert app.sent() == ["mine"]


# 4. Take


def test_4_one_fetch_is_enough(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    for _ in range(5):
        assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths("GET") == ["/token"]


def test_4_the_cookies_of_a_fetch_go_with_the_request_and_into_the_jar(
    client: Make, recorder: Recorder, app: App
) -> None:
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    assert recorder.seen[-1].cookies == {"sid": "session1"}
    assert face.cookies() == {"sid": "session1"}
    # There it stays the caller's: who takes it out has a new session.
    face.post(f"{recorder.url}/x")
    face.clear_cookies()
    assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.seen[-1].cookies == {"sid": "session2"}


def test_4_a_fetch_goes_with_what_the_request_shows_of_its_caller(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    face.call(
        "PUT",
        f"{recorder.url}/x",
        headers={"Cookie": "a=1; b=2", "X-Api-Key": "k", "If-Match": "e", "X-HTTP-Method-Override": "DELETE"},
        json=12345,
    )
    fetch = recorder.seen[0]
    assert fetch.path == "/token"
    assert fetch.cookies == {"a": "1", "b": "2"}
    assert fetch.header("X-Api-Key") == "k"
    for name in ("If-Match", "X-HTTP-Method-Override", "Content-Length", "Content-Type"):
        assert fetch.header(name) is None, name


def test_4_the_first_that_works_is_taken(client: Make, recorder: Recorder, app: App) -> None:
    obtain = [
        {"request": "POST /login", "from": "text"},
        {"request": "GET /missing", "from": "text"},
        {"request": "GET /page", "from": {"meta": "csrf"}},
        {"request": "GET /token", "headers": {"X-Ask": "yes"}, "from": "text"},
    ]
    app.replies["/missing"] = Reply(404, body=b"nothing")
    app.replies["/page"] = Reply(body=b"<meta name=other content=x>")
    face = client(recorder.url, document(obtain=obtain))
    assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths() == ["/missing", "/page", "/token", "/x"]
    assert recorder.seen[2].header("X-Ask") == "yes"


def test_4_without_a_token_to_be_had_the_refusal_is_the_answer(client: Make, recorder: Recorder, app: App) -> None:
    app.replies["/token"] = Reply(404)
    face = client(recorder.url, document())
    assert face.post(f"{recorder.url}/x").status_code == 403
    assert app.sent() == [None]


def test_4_an_old_token_is_not_sent(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document(token={"header": "X-Token", "lifetime": 100}))
    now = [1000.0]
    face.keeper._clock = lambda: now[0]
    for seconds, fetches in ((0, 1), (94, 1), (1, 2), (94, 2)):
        now[0] += seconds
        assert face.post(f"{recorder.url}/x").text == "done"
        assert len(recorder.paths("GET")) == fetches


def test_4_a_token_in_a_cookie_is_read_from_the_jar(client: Make, recorder: Recorder) -> None:
    obtain = [{"request": "GET /home", "from": {"cookie": "XSRF-TOKEN"}}]

    def answer(seen: Any) -> Reply:
        # The cookie changes with each answer.
        given = f"XSRF-TOKEN=t%3D{len(recorder.seen)}; Path=/"
        good = seen.header("X-Token") == seen.cookies.get("XSRF-TOKEN", "").replace("%3D", "=")
        return Reply(200 if seen.method == "GET" or good else 403, [("Set-Cookie", given)], b"no token")

    recorder.answer = answer
    face = client(recorder.url, document(obtain=obtain))
    for _ in range(3):
        assert face.post(f"{recorder.url}/x").status_code == 200
    assert recorder.paths() == ["/home", "/x", "/x", "/x"]
    assert [seen.header("X-Token") for seen in recorder.seen[1:]] == ["t=1", "t=2", "t=3"]


def test_4_a_token_in_a_cookie_that_is_refused_is_fetched_anew(client: Make, recorder: Recorder) -> None:
    obtain = [{"request": "GET /home", "from": {"cookie": "XSRF-TOKEN"}}]
    good = ["one"]

    def answer(seen: Any) -> Reply:
        if seen.method == "GET":
            return Reply(headers=[("Set-Cookie", f"XSRF-TOKEN={good[0]}; Path=/")])
        is_good = seen.header("X-Token") == seen.cookies.get("XSRF-TOKEN") == good[0]
        return Reply() if is_good else Reply(403, body=b"no token")

    recorder.answer = answer
    face = client(recorder.url, document(obtain=obtain))
    assert face.post(f"{recorder.url}/x").status_code == 200
    good[0] = "two"
    assert face.post(f"{recorder.url}/x").status_code == 200
    assert [seen.header("X-Token") for seen in recorder.seen] == [None, "one", "one", None, "two"]
    assert face.cookies() == {"XSRF-TOKEN": "two"}


def test_6_a_download_is_not_read_for_a_token_that_any_page_may_have(client: Make, recorder: Recorder) -> None:
    page = b"<input name=t value=in-a-page>"
    recorder.answer = lambda seen: Reply(body=page)
    face = client(recorder.url, document(obtain=[{"request": "GET *", "from": {"input": "t"}}]))
    assert face.get(f"{recorder.url}/download").content == page
    assert len(face.keeper._pool) == 0
    face.post(f"{recorder.url}/x")
    assert recorder.paths() == ["/download", "/x", "/x"]
    assert recorder.seen[-1].header("X-Token") == "in-a-page"


def test_4_a_target_may_be_that_of_the_request(client: Make, recorder: Recorder) -> None:
    """As SAP has it; the word by which it asks for a token is none."""

    def answer(seen: Any) -> Reply:
        if seen.header("X-Token") == "Fetch":
            return Reply(headers=[("X-Token", "fetched")])
        if seen.method == "GET" or seen.header("X-Token") == "fetched":
            return Reply()
        return Reply(403, [("X-Token", "Required")])

    recorder.answer = answer
    asking = {"request": "HEAD *", "headers": {"X-Token": "Fetch"}, "from": {"header": "X-Token"}}
    refusal = {"status": 403, "headers": {"X-Token": "Required"}}
    face = client(recorder.url, document(obtain=[asking], refusal=refusal))
    assert face.post(f"{recorder.url}/service/Set?$top=1").status_code == 200
    assert [(seen.method, seen.path) for seen in recorder.seen] == [
        ("HEAD", "/service/Set?$top=1"),
        ("POST", "/service/Set?$top=1"),
    ]
    face.spoil()
    assert face.post(f"{recorder.url}/service/Set").status_code == 200
    assert [seen.method for seen in recorder.seen[2:]] == ["POST", "HEAD", "POST"]


# 5. Carry


def test_5_the_header_is_the_one_that_the_server_names(client: Make, recorder: Recorder, app: App) -> None:
    app.header = "X-Renamed"
    app.replies["/me"] = Reply(headers=[("X-Name", "X-Renamed"), ("X-Renamed", "told"), ("Set-Cookie", "sid=s")])
    app.tokens["s"] = "told"
    face = client(
        recorder.url,
        document(
            deliver={"X-Name": "{header}", "X-Token": "{token}"},
            obtain=[{"request": "GET /me", "from": {"header": "X-Token"}}],
        ),
    )
    assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.seen[-1].header("X-Renamed") == "told"
    assert recorder.seen[-1].header("X-Token") is None


@pytest.mark.parametrize("name", ["Cookie", "Authorization", "Host", "content-length", "a b", ""])
def test_5_a_server_cannot_name_any_header(client: Make, recorder: Recorder, name: str) -> None:
    recorder.answer = lambda seen: Reply(headers=[("X-Name", name), ("X-Token", "told")], body=b"no token")
    face = client(recorder.url, document(deliver={"X-Name": "{header}", "X-Token": "{token}"}))
    face.get(f"{recorder.url}/x")
    face.post(f"{recorder.url}/x")
    assert recorder.seen[-1].header("X-Token") == "told"


# 6. Learn


def test_6_what_the_caller_asked_for_himself_is_learned(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    answer = face.get(f"{recorder.url}/token")
    assert answer.text == "token-of-session1"
    assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths() == ["/token", "/x"]


def test_6_a_delivered_ticket_is_used_after_those_that_are_held(client: Make, recorder: Recorder) -> None:
    app = TicketApp(recorder, fresh=True)
    face = client(recorder.url, TICKETS)
    for _ in range(7):
        assert face.post(f"{recorder.url}/x").text == "done"
    assert app.sent() == [f"ticket{number}" for number in (2, 3, 4, 5, 6, 7, 8)]
    assert recorder.paths("GET") == ["/token"]


def test_6_two_values_of_one_header_are_none(client: Make, recorder: Recorder) -> None:
    recorder.answer = lambda seen: Reply(headers=[("X-Token", "one"), ("X-Token", "two")])
    face = client(recorder.url, document(deliver={"X-Token": "{token}"}, obtain=[]))
    face.get(f"{recorder.url}/x")
    face.post(f"{recorder.url}/x")
    assert recorder.seen[-1].header("X-Token") is None


# 7. Retry once


def test_7_after_the_typed_refusal_once_more_with_a_new_token(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    app.change_tokens()
    assert face.post(f"{recorder.url}/x", json={"a": 1}).text == "done"
    assert recorder.paths() == ["/token", "/x", "/x", "/token", "/x"]
    assert recorder.seen[-1].body == recorder.seen[-3].body != b""


def test_7_once_and_no_more(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    app.change_tokens()
    app.judge = lambda seen: Reply(403, body=b"no token, whatever")  # type: ignore[method-assign]
    assert face.post(f"{recorder.url}/x").text == "no token, whatever"
    assert recorder.paths("POST") == ["/x"] * 3


def test_7_not_with_the_same_token(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    app.replies["/x"] = Reply(403, body=b"no token")
    assert face.post(f"{recorder.url}/x").status_code == 403
    assert recorder.paths() == ["/token", "/x", "/token"]


@pytest.mark.parametrize(
    "other", [Reply(403, body=b"you may not"), Reply(401, body=b"no token"), Reply(500, body=b"no token")]
)
def test_7_other_answers_are_not_refusals(client: Make, recorder: Recorder, app: App, other: Reply) -> None:
    face = client(recorder.url, document())
    app.replies["/x"] = other
    assert face.post(f"{recorder.url}/x").content == other.body
    assert recorder.paths() == ["/token", "/x"]


def test_7_a_server_that_demands_more_than_its_document_says(client: Make, recorder: Recorder, app: App) -> None:
    judge = app.judge
    app.judge = lambda seen: judge(  # type: ignore[method-assign]
        seen if seen.path != "/strict" else type(seen)("POST", seen.path, seen.headers, seen.body)
    )
    face = client(recorder.url, document())
    assert face.get(f"{recorder.url}/strict").text == "done"


def test_7_an_empty_403_to_what_needs_no_token_is_the_apps_own(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document(refusal={"status": 403}))
    app.replies["/hidden"] = Reply(403)
    assert face.get(f"{recorder.url}/hidden").status_code == 403
    assert recorder.paths() == ["/hidden"]


def test_7_a_refusal_may_bring_the_token(client: Make, recorder: Recorder) -> None:
    """As Transmission has it."""

    def answer(seen: Any) -> Reply:
        return Reply() if seen.header("X-Token") == "told" else Reply(409, [("X-Token", "told")], b"conflict")

    recorder.answer = answer
    refusal = {"status": 409, "headers": {}, "contains": "conflict", "token": {"header": "X-Token"}}
    face = client(recorder.url, document(obtain=[], refusal=refusal))
    assert [face.post(f"{recorder.url}/rpc").status_code for _ in range(2)] == [200, 200]
    assert len(recorder.seen) == 3


def test_7_a_refusal_that_moves_the_session_is_followed(client: Make, recorder: Recorder, app: App) -> None:
    """A session that has ended on the server: the refusal begins another one."""
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    ended = app.tokens.pop("session1")
    app.tokens["begun"] = "token-of-begun"
    judge = app.judge

    def refuse(seen: Any) -> Reply:
        reply = judge(seen)
        if seen.cookies.get("sid") == "session1":
            reply.headers.append(("Set-Cookie", "sid=begun; Path=/"))
        return reply

    app.judge = refuse  # type: ignore[method-assign]
    assert face.post(f"{recorder.url}/x").text == "done"
    assert app.sent() == [ended, ended, "token-of-begun"]
    assert face.cookies() == {"sid": "begun"}


# 8. Session


def test_8_a_token_is_dropped_when_the_session_cookie_changes(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document())
    face.post(f"{recorder.url}/x")
    app.tokens["other"] = "token-of-other"
    app.replies["/switch"] = Reply(headers=[("Set-Cookie", "sid=other; Path=/")])
    face.get(f"{recorder.url}/switch")
    assert face.post(f"{recorder.url}/x").text == "done"
    assert app.sent() == ["token-of-session1", "token-of-other"]


@pytest.mark.parametrize("turn", ["login", "logout"])
def test_8_logging_in_or_out_drops_all(client: Make, recorder: Recorder, app: App, turn: str) -> None:
    face = client(recorder.url, document(**{turn: {"request": "POST /turn"}}))
    face.post(f"{recorder.url}/x")
    app.replies["/turn"] = Reply()
    face.post(f"{recorder.url}/turn")
    face.post(f"{recorder.url}/x")
    assert recorder.paths() == ["/token", "/x", "/turn", "/token", "/x"]


# 9. Give back


def test_9_a_ticket_without_an_answer_is_the_next_one(client: Make, recorder: Recorder) -> None:
    app = TicketApp(recorder)
    face = client(recorder.url, TICKETS)
    assert face.post(f"{recorder.url}/x").text == "done"
    app.replies["/x"] = Reply(hang_up=True)
    with pytest.raises(LOST):
        face.post(f"{recorder.url}/x")
    # An auth of requests does not hear of a failure; the ticket is back when the request is forgotten.
    gc.collect()
    del app.replies["/x"]
    for _ in range(2):
        assert face.post(f"{recorder.url}/x").text == "done"
    assert app.sent() == ["ticket2", "ticket3", "ticket3", "ticket4"]
    assert recorder.paths("GET") == ["/token"]


def test_9_a_ticket_that_was_answered_is_spent(client: Make, recorder: Recorder) -> None:
    app = TicketApp(recorder)
    face = client(recorder.url, TICKETS)
    app.replies["/x"] = Reply(500)
    face.post(f"{recorder.url}/x")
    gc.collect()
    face.post(f"{recorder.url}/x")
    assert app.sent() == ["ticket2", "ticket3"]


# 10. Secrets


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        # httpcore writes all response headers there, those of any client. The README says so.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        yield caplog
        logging.getLogger("httpcore").setLevel(logging.NOTSET)


def test_10_no_token_in_logs_representations_or_requests(
    client: Make, recorder: Recorder, app: App, logged: pytest.LogCaptureFixture
) -> None:
    face = client(recorder.url, document())
    answers = [face.post(f"{recorder.url}/x")]
    app.change_tokens()
    answers.append(face.post(f"{recorder.url}/x"))
    app.replies["/x"] = Reply(403, body=b"no token")
    answers.append(face.post(f"{recorder.url}/x"))
    app.replies["/x"] = Reply(hang_up=True)
    with pytest.raises(LOST) as error:
        face.post(f"{recorder.url}/x")

    assert "brought a token" in logged.text and "sent again" in logged.text
    shown = [logged.text, repr(error.value), str(vars(error.value)), str(getattr(error.value.request, "headers", ""))]
    for answer in answers:
        shown += [repr(answer), str(answer.request.headers), str(answer.request.url)]
    for thing in (face, face.keeper, getattr(face, "guard", None), getattr(face, "auth", None)):
        shown += [repr(thing), str(thing)]
    assert app.tokens["session1"] == "token-of-session1-changed"
    # The auth of requests leaves it on a request that had no answer.
    kind = type(face).__name__
    if kind in ("AuthFace", "FreeAuthFace"):
        del shown[3]
    assert "token-of" not in "\n".join(shown)


# The document


def test_a_document_is_fetched_once_from_the_server(client: Make, recorder: Recorder, app: App) -> None:
    app.replies["/.well-known/csrf"] = Reply(body=json.dumps(document()).encode())
    face = client(recorder.url)
    for _ in range(3):
        assert face.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths() == ["/.well-known/csrf", "/token", "/x", "/x", "/x"]
    assert recorder.seen[0].header("Cookie") is None


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (Reply(404), "so name it"),
        (Reply(body=b"<html>"), "is not JSON"),
        (Reply(body=b'{"version": 2}'), "install a newer"),
        (Reply(body=b'{"version": 1, "dialect": "x"}'), "cannot be used"),
    ],
)
def test_a_server_without_a_document_is_told_apart(
    client: Make, recorder: Recorder, app: App, reply: Reply, advice: str
) -> None:
    app.replies["/.well-known/csrf"] = reply
    face = client(recorder.url)
    with pytest.raises(countersign.DocumentError, match=advice):
        face.post(f"{recorder.url}/x")
    assert recorder.paths() == ["/.well-known/csrf"]


# Origin


def test_a_client_says_where_it_comes_from_if_the_dialect_wants_it(client: Make, recorder: Recorder, app: App) -> None:
    face = client(recorder.url, document(origin="always"))
    face.get(f"{recorder.url}/x")
    face.post(f"{recorder.url}/x")
    assert {seen.header("Origin") for seen in recorder.seen} == {recorder.url}
    face.get(f"{recorder.url}/x", headers={"Origin": "https://own.example"})
    assert recorder.seen[-1].header("Origin") == "https://own.example"


@pytest.mark.parametrize("origin", ["https", None])
def test_and_otherwise_not(client: Make, recorder: Recorder, app: App, origin: Any) -> None:
    face = client(recorder.url, document(origin=origin))
    face.post(f"{recorder.url}/x")
    assert {seen.header("Origin") for seen in recorder.seen} == {None}
