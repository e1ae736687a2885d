"""What is particular to `httpx`."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, AsyncIterator, Iterator, List

import anyio
import httpx
import pytest
from apps import App, document
from recorder import Recorder, Reply

import countersign
import countersign.httpx
from countersign.httpx import AsyncClient, Client, CsrfTransport

BASIC = "Basic " + base64.b64encode(b"user:word").decode()


@pytest.fixture
def app(recorder: Recorder) -> App:
    return App(recorder)


@pytest.fixture
def client(recorder: Recorder, app: App) -> Iterator[Client]:
    with Client(recorder.url, document()) as own:
        yield own


def refused_next(client: Client, app: App) -> None:
    """The next request is refused for its token; the token after that is good."""
    assert client.post("/x").text == "done"
    app.change_tokens()
    app.server.seen.clear()


def bodies(app: App) -> List[bytes]:
    return [seen.body for seen in app.server.seen if seen.method == "POST"]


def test_a_client_logs_in(app: App, recorder: Recorder) -> None:
    login = {"request": "POST /login", "json": {"name": "{user}", "word": "{password}"}}
    app.replies["/login"] = Reply(headers=[("Set-Cookie", "sid=mine; Path=/")])
    app.tokens["mine"] = "token-of-mine"
    with Client(recorder.url, document(login=login), user="u", password="w") as client:
        assert recorder.seen[-1].body.replace(b" ", b"") == b'{"name":"u","word":"w"}'
        assert client.post("/x").text == "done"


def test_an_async_client_logs_in_when_it_is_entered(app: App, recorder: Recorder) -> None:
    login = {"request": "GET /login", "basic": True}
    app.replies["/login"] = Reply(headers=[("Set-Cookie", "sid=mine; Path=/")])
    app.tokens["mine"] = "token-of-mine"

    async def main() -> str:
        async with AsyncClient(recorder.url, document(login=login), user="user", password="word") as client:
            assert recorder.seen[-1].header("Authorization") == BASIC
            assert client._credentials is None
            return (await client.post("/x")).text

    assert asyncio.run(main()) == "done"


def test_a_client_that_has_not_logged_in_says_so(app: App, recorder: Recorder) -> None:
    login = {"request": "GET /login", "basic": True}
    app.replies["/login"] = Reply()
    client = Client(recorder.url, document(login=login), user="user", password="word")
    with pytest.raises(countersign.LoginError, match="enter it by `with`"):
        client.get("/x")
    client.login("user", "word")
    assert client.post("/x").text == "done"
    client.close()


def test_an_async_client_that_is_not_let_in_is_closed(app: App, recorder: Recorder) -> None:
    app.replies["/login"] = Reply(401)
    client = AsyncClient(recorder.url, document(login={"request": "GET /login", "basic": True}), user="u", password="w")

    async def main() -> None:
        async with client:
            raise AssertionError("it was let in")

    with pytest.raises(countersign.LoginError, match="401"):
        asyncio.run(main())
    assert client.is_closed


def test_an_async_client_runs_on_trio_too(app: App, recorder: Recorder) -> None:
    async def main() -> List[str]:
        answers: List[str] = []

        async def post(client: AsyncClient) -> None:
            answers.append((await client.post("/x")).text)

        async with AsyncClient(recorder.url, document()) as client, anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(post, client)
        return answers

    assert anyio.run(main, backend="trio") == ["done"] * 20
    assert recorder.paths("GET") == ["/token"]


def test_a_file_is_sent_again_from_where_it_was(client: Client, app: App, tmp_path: Path) -> None:
    refused_next(client, app)
    path = tmp_path / "upload"
    path.write_bytes(b"skipped, sent")
    with path.open("rb") as file:
        file.seek(9)
        # httpx says that a file is as long as it is, wherever one stands in it.
        assert client.post("/x", content=file, headers={"Content-Length": "4"}).text == "done"
    assert bodies(app) == [b"sent", b"sent"]


def test_a_form_with_a_file_is_sent_again(client: Client, app: App) -> None:
    refused_next(client, app)
    assert client.post("/x", data={"a": "1"}, files={"f": io.BytesIO(b"content")}).text == "done"
    first, second = bodies(app)
    assert first == second
    assert b"content" in first


class Pipe(io.RawIOBase):
    """What can be read once."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part, self.content = self.content[: len(buffer)], self.content[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def one() -> Iterator[bytes]:
    yield b"once"


@pytest.mark.parametrize(
    "body",
    [lambda: {"content": one()}, lambda: {"content": Pipe(b"once")}, lambda: {"files": {"f": Pipe(b"once")}}],
    ids=["generator", "pipe", "form with a pipe"],
)
def test_a_stream_that_is_gone_is_not_sent_again(client: Client, app: App, body: Any) -> None:
    refused_next(client, app)
    assert client.post("/x", **body()).content == b"there is no token of yours here"
    assert len(app.server.seen) == 1
    assert b"once" in app.server.seen[0].body
    assert client.post("/x").text == "done"


def test_an_async_stream_is_not_sent_again(app: App, recorder: Recorder) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"once"

    async def main() -> httpx.Response:
        async with AsyncClient(recorder.url, document()) as client:
            await client.post("/x")
            app.change_tokens()
            recorder.seen.clear()
            return await client.post("/x", content=parts())

    assert asyncio.run(main()).status_code == 403
    assert bodies(app) == [b"once"]


def test_an_answer_can_still_be_streamed(client: Client, app: App) -> None:
    app.replies["/big"] = Reply(body=b"x" * 1_000_000)
    with client.stream("POST", "/big") as answer:
        assert not answer.is_stream_consumed
        assert sum(len(part) for part in answer.iter_bytes(1000)) == 1_000_000
    # And one that had to be looked at can still be read, decoded once.
    packed = gzip.compress(b"seen")
    app.replies["/token"] = Reply(headers=[("Content-Encoding", "gzip")], body=packed)
    with client.stream("GET", "/token") as answer:
        assert b"".join(answer.iter_raw()) == packed
    answer = client.get("/token")
    assert answer.text == "seen"
    assert answer.elapsed.total_seconds() > 0
    client.post("/y")
    assert app.sent()[-1] == "seen"


def test_basic_credentials_beside_it(app: App, recorder: Recorder) -> None:
    with Client(recorder.url, document(), auth=("user", "word")) as client:
        assert client.post("/x").text == "done"
    assert [seen.header("Authorization") for seen in recorder.seen] == [BASIC, BASIC]


def test_event_hooks_see_no_token_and_no_fetch(app: App, recorder: Recorder) -> None:
    seen = []
    hooks = {
        "request": [lambda request: seen.append(str(request.headers))],
        "response": [lambda answer: seen.append(str(answer.request.headers))],
    }
    with Client(recorder.url, document(), event_hooks=hooks) as client:
        assert client.post("/x").text == "done"
    assert len(seen) == 2
    assert "token-of" not in str(seen)


def test_a_transport_without_a_client_of_ours(app: App, recorder: Recorder) -> None:
    jar = CookieJar()
    transport = CsrfTransport(recorder.url, document(), cookies=jar)
    with httpx.Client(transport=transport, cookies=jar) as client:
        assert client.post(f"{recorder.url}/x").text == "done"
        assert dict(client.cookies) == {"sid": "session1"}
    with pytest.raises(RuntimeError, match="closed"):
        client.post(f"{recorder.url}/x")


def test_a_proxy_of_the_client_is_used(app: App, recorder: Recorder) -> None:
    """Its transport is another one."""
    with httpx.Client(proxy=recorder.url) as client:
        countersign.protect(client, "http://api.example", document())
        # What a proxy is asked for is a whole URL; the app knows paths.
        judge = app.judge
        app.judge = lambda seen: app.token(seen) if seen.path.endswith("/token") else judge(seen)  # type: ignore[method-assign]
        assert client.post("http://api.example/x").text == "done"
    assert recorder.paths() == ["http://api.example/token", "http://api.example/x"]


def test_protect_takes_what_it_knows() -> None:
    with pytest.raises(countersign.CountersignError, match="neither a session of `requests` nor a client of `httpx`"):
        countersign.protect(object(), "https://host", "vmanage")


def test_the_limits_of_a_call_are_those_of_its_fetch(app: App, recorder: Recorder) -> None:
    given = []

    class Noting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            given.append((request.method, request.extensions["timeout"]["read"]))
            return super().handle_request(request)

    with Client(recorder.url, document(), transport=Noting()) as client:
        client.post("/x", timeout=7)
    assert given == [("GET", 7), ("POST", 7)]
