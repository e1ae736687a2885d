"""Many requests at the same time, and many processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List

import httpx
import pytest
import requests
from apps import TICKETS, App, TicketApp, document
from faces import FACES, AsyncFace, Face
from recorder import Recorder, Reply

import countersign.httpx
import countersign.requests

SYNC = [kind for kind in FACES if kind != "httpx.AsyncClient"]


def at_once(face: Face, url: str, count: int) -> List[Any]:
    """So many requests, from as many threads, that all begin together."""
    ready = threading.Barrier(count)

    def call(_: int) -> Any:
        ready.wait()
        return face.post(url)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


async def gathered(client: Any, url: str, count: int) -> List[Any]:
    return list(await asyncio.gather(*(client.post(url) for _ in range(count))))


@pytest.mark.parametrize("kind", SYNC)
def test_fifty_threads_fetch_one_token(kind: str, recorder: Recorder) -> None:
    app = App(recorder)
    face = FACES[kind](recorder.url, document())
    assert [answer.text for answer in at_once(face, f"{recorder.url}/x", 50)] == ["done"] * 50
    assert recorder.paths("GET") == ["/token"]
    assert app.sent() == ["token-of-session1"] * 50
    face.close()


@pytest.mark.parametrize("kind", SYNC)
def test_fifty_threads_that_are_refused_fetch_one_new_token(kind: str, recorder: Recorder) -> None:
    app = App(recorder)
    face = FACES[kind](recorder.url, document())
    face.post(f"{recorder.url}/x")
    app.change_tokens()
    assert [answer.text for answer in at_once(face, f"{recorder.url}/x", 50)] == ["done"] * 50
    assert recorder.paths("GET") == ["/token"] * 2
    face.close()


@pytest.mark.parametrize("kind", SYNC)
def test_fifty_threads_share_tickets_of_three(kind: str, recorder: Recorder) -> None:
    app = TicketApp(recorder)
    face = FACES[kind](recorder.url, TICKETS)
    assert [answer.text for answer in at_once(face, f"{recorder.url}/x", 50)] == ["done"] * 50
    # No ticket twice, and no request in vain.
    assert len(app.sent()) == len(set(app.sent())) == 50
    assert len(recorder.paths("GET")) <= 50
    face.close()


def test_a_hundred_tasks_fetch_one_token(recorder: Recorder) -> None:
    App(recorder)
    face = AsyncFace(recorder.url, document())
    answers = face.run(gathered(face.client, f"{recorder.url}/x", 100))
    assert [answer.text for answer in answers] == ["done"] * 100
    assert recorder.paths("GET") == ["/token"]
    face.close()


def test_fifty_tasks_share_tickets_of_three(recorder: Recorder) -> None:
    app = TicketApp(recorder)
    face = AsyncFace(recorder.url, TICKETS)
    answers = face.run(gathered(face.client, f"{recorder.url}/x", 50))
    assert [answer.text for answer in answers] == ["done"] * 50
    assert len(app.sent()) == len(set(app.sent())) == 50
    # All wait for each fetch: three tickets are three answers.
    assert len(recorder.paths("GET")) == 17
    face.close()


def test_a_task_that_is_cancelled_while_it_fetches_leaves_the_fetch_to_another(recorder: Recorder) -> None:
    app = App(recorder)
    asked, go_on = threading.Event(), threading.Event()
    token = app.token

    def slow(seen: Any) -> Reply:
        asked.set()
        assert go_on.wait(30)
        return token(seen)

    app.token = slow  # type: ignore[method-assign]
    face = AsyncFace(recorder.url, document())

    async def main() -> List[str]:
        first = asyncio.ensure_future(face.client.post(f"{recorder.url}/x"))
        others = [asyncio.ensure_future(face.client.post(f"{recorder.url}/x")) for _ in range(9)]
        await asyncio.get_running_loop().run_in_executor(None, asked.wait, 30)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        go_on.set()
        return [answer.text for answer in await asyncio.gather(*others)]

    assert face.run(main()) == ["done"] * 9
    assert recorder.paths("GET") == ["/token"] * 2
    face.close()


def test_a_fetch_that_fails_is_not_repeated_by_all_who_wait(recorder: Recorder) -> None:
    app = App(recorder)
    app.replies["/token"] = Reply(404)
    face = AsyncFace(recorder.url, document())
    answers = face.run(gathered(face.client, f"{recorder.url}/x", 20))
    assert {answer.status_code for answer in answers} == {403}
    # One for all before they are sent, one for all after they were refused.
    assert len(recorder.paths("GET")) <= 4
    face.close()


def test_a_fetch_that_breaks_off_is_not_repeated_by_all_who_wait(recorder: Recorder) -> None:
    app = App(recorder)
    app.replies["/token"] = Reply(hang_up=True)
    face = AsyncFace(recorder.url, document())

    async def main() -> List[Any]:
        calls = (face.client.post(f"{recorder.url}/x") for _ in range(20))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    answers = face.run(main())
    # The one that fetched says why it could not; the others went without.
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(error) for error in failed] == [httpx.RemoteProtocolError]
    assert {answer.status_code for answer in answers if answer not in failed} == {403}
    # Each fetch is tried twice, for a connection that was closed long ago; before and after the refusals.
    assert len(recorder.paths("GET")) <= 8
    face.close()


# Processes


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def sessions(url: str, dialect: Any) -> Dict[str, requests.Session]:
    """All ways in which a session of requests can go to another process."""
    protected = requests.Session()
    countersign.requests.protect(protected, url, dialect)
    bound, free = requests.Session(), requests.Session()
    bound.auth = countersign.requests.CsrfAuth(url, dialect, session=bound)
    free.auth = countersign.requests.CsrfAuth(url, dialect)
    return {
        "Session": countersign.requests.Session(url, dialect),
        "protect": protected,
        "CsrfAuth": bound,
        "CsrfAuth without session": free,
    }


def keeper_of(session: requests.Session) -> Any:
    if isinstance(session, countersign.requests.Session):
        return session._keeper
    return getattr(session.auth or session.get_adapter("https://x"), "_keeper")  # noqa: B009


KINDS = ("Session", "protect", "CsrfAuth", "CsrfAuth without session")


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_session_takes_its_cookies_and_its_token_along(kind: str, recorder: Recorder) -> None:
    App(recorder)
    session = sessions(recorder.url, document())[kind]
    assert session.post(f"{recorder.url}/x").text == "done"
    other = pickled(session)
    for own in (other, session):
        assert own.post(f"{recorder.url}/x").text == "done"
    assert recorder.paths() == ["/token", "/x", "/x", "/x"]
    assert keeper_of(other) is not keeper_of(session)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_session_takes_no_tickets_along(kind: str, recorder: Recorder) -> None:
    app = TicketApp(recorder)
    session = sessions(recorder.url, TICKETS)[kind]
    assert session.post(f"{recorder.url}/x").text == "done"
    data = pickle.dumps(session)
    assert b"ticket3" not in data
    other = pickle.loads(data)
    for own in (other, session, other, session):
        assert own.post(f"{recorder.url}/x").text == "done"
    assert len(app.sent()) == len(set(app.sent())) == 5
    assert len(keeper_of(session)._pool) == 0


def test_a_pickled_token_is_as_old_as_it_was(recorder: Recorder) -> None:
    App(recorder)
    session = countersign.requests.Session(recorder.url, document(token={"header": "X-Token", "lifetime": 100}))
    session.post("/x")
    begin = session._keeper._clock()
    session._keeper._clock = Later(begin, 94)
    assert pickled(session).post("/x").text == "done"
    assert len(recorder.paths("GET")) == 1
    session._keeper._clock = Later(begin, 96)
    assert pickled(session).post("/x").text == "done"
    assert len(recorder.paths("GET")) == 2


class Later:
    """A clock that stands."""

    def __init__(self, begin: float, seconds: float) -> None:
        self.now = begin + seconds

    def __call__(self) -> float:
        return self.now


def test_a_response_can_be_pickled(recorder: Recorder) -> None:
    App(recorder)
    for session in sessions(recorder.url, document()).values():
        assert pickled(session.post(f"{recorder.url}/x")).text == "done"


def post_five(session: requests.Session, url: str) -> List[int]:
    return [session.post(url).status_code for _ in range(5)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_never_spend_the_same_ticket(method: str, recorder: Recorder) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.fail(f"this machine cannot `{method}`")
    app = TicketApp(recorder)
    session = countersign.requests.Session(recorder.url, TICKETS)
    url = f"{recorder.url}/x"
    assert session.post(url).status_code == 200
    with multiprocessing.get_context(method).Pool(2) as pool:
        jobs = [pool.apply_async(post_five, (session, url)) for _ in range(4)]
        own = post_five(session, url)
        assert own + [status for job in jobs for status in job.get(30)] == [200] * 25
    assert len(app.sent()) == len(set(app.sent())) == 26
    assert None not in app.sent()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_leaves_the_tickets_with_the_parent(recorder: Recorder) -> None:
    """Even where nothing is pickled, and while another thread holds the lock."""
    app = TicketApp(recorder)
    session = countersign.requests.Session(recorder.url, TICKETS)
    assert session.post("/x").status_code == 200
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with session._keeper._lock:
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    child = os.fork()
    if child == 0:
        # No assertion here: the child must not run the parent's tests.
        own = countersign.requests.Session(recorder.url, TICKETS)
        own.cookies, own._keeper = session.cookies, session._keeper
        os._exit(0 if own.post("/x").status_code == 200 else 1)
    release.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session.post("/x").status_code == 200
    assert len(app.sent()) == len(set(app.sent())) == 3
