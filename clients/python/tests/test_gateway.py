"""Every kind of client through `countersign serve`, in front of an app that knows sessions and nothing of CSRF.

The configurations are those of `examples/gateway`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest
from conftest import Make
from processes import countersign
from recorder import Recorder, Reply, Seen

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "gateway"


class App:
    """Logs anybody in, wherever the dialect's login is, and counts what reaches it."""

    def __init__(self, server: Recorder, cookie: str) -> None:
        self.server = server
        self.cookie = cookie
        self.sessions = 0
        server.answer = self.answer

    def answer(self, seen: Seen) -> Reply:
        headers = [("Cache-Control", "no-store"), ("Content-Type", "application/json")]
        is_login = any(word in seen.path.lower() for word in ("login", "j_security_check", "config", "api/v2/me"))
        if self.cookie not in seen.cookies or (is_login and seen.method == "POST"):
            self.sessions += 1
            headers.append(("Set-Cookie", f"{self.cookie}=s{self.sessions}; Path=/; HttpOnly"))
        body = b"" if "j_security_check" in seen.path else b'{"user":"joe"}'
        if seen.path.endswith("/config"):
            headers[1] = ("Content-Type", "application/javascript")
            body = b'require.config({"config":{"context":{"root_url":"/"}}});'
        return Reply(headers=headers, body=body)

    def reached(self, path: str) -> List[str]:
        return [seen.method for seen in self.server.seen if seen.path == path]


@contextmanager
def gateway(name: str, app: Recorder, folder: Path) -> Iterator[str]:
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    text = text.replace('"127.0.0.1:9080"', '"127.0.0.1:0"').replace("http://127.0.0.1:9000", app.url)
    # Which port it will have is not known yet; then `Host` says what the own origin is.
    text = re.sub(r"^public_origins = .*\n", "", text, flags=re.MULTILINE)
    config = folder / "gateway.toml"
    config.write_text(text, encoding="utf-8")
    with countersign("serve", "--json", "--config", str(config)) as said:
        yield f"http://{said['listen'][0]}"


@pytest.fixture(params=["genesys", "redback", "standard", "tao", "vmanage", "voss"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


COOKIES = {"tao": "tao_session", "voss": "sessionid", "standard": "session"}
# One write and one read that the dialect guards, or none.
CALLS: Dict[str, Tuple[str, str]] = {
    "genesys": ("/api/v2/users", ""),
    "redback": ("/restServices/redbackServices/userService/createUser", "/restServices/redbackServices/userService/x"),
    "standard": ("/transfer", ""),
    "tao": ("/tao/items", "/tao/items"),
    "vmanage": ("/dataservice/settings", "/dataservice/device"),
    "voss": ("/api/devices/", ""),
}


@pytest.mark.parametrize("named", [True, False], ids=["by name", "auto"])
def test_through_the_gateway(client: Make, recorder: Recorder, dialect: str, named: bool, tmp_path: Path) -> None:
    app = App(recorder, COOKIES.get(dialect, "JSESSIONID"))
    with gateway(dialect, recorder, tmp_path) as url:
        face = client(url, dialect if named else "auto")
        if dialect not in ("tao", "standard"):
            face.login("joe", "bloggs")
        write, read = CALLS[dialect]
        # Behind the gateway of this dialect where a request comes from would be enough. Nothing says it here.
        for lost in (False, True):
            if lost and dialect != "redback":
                face.lose()
            assert face.post(url + write, json={"a": 1}).status_code == 200
            if read:
                assert face.get(url + read).status_code == 200
        if dialect != "redback":
            face.spoil()
            assert face.post(url + write, json={"a": 1}).status_code == 200
        assert app.reached(write).count("POST") == (2 if dialect == "redback" else 3)

        # A plain client gets through none of them.
        before = len(recorder.seen)
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in face.cookies().items())}
        plain = face.post(url + write, headers={**cookies, face.keeper.header: "made-up"}, json={})
        assert plain.status_code == 403
        assert len(recorder.seen) == before


def test_the_gateway_says_what_its_policy_changes(client: Make, recorder: Recorder, tmp_path: Path) -> None:
    """A route that the dialect does not have is in the document, so nobody has to be refused first."""
    App(recorder, "session")
    config = tmp_path / "gateway.toml"
    config.write_text(
        f"""
        [[listen]]
        address = "127.0.0.1:0"

        [[site]]
        name = "app"
        upstream = "{recorder.url}"

        [site.policy]
        dialect = "standard"
        session_cookie = "session"

        [[site.policy.route]]
        path = "/reports/**"
        methods = ["GET"]
        require = "token"
        """,
        encoding="utf-8",
    )
    with countersign("serve", "--json", "--config", str(config)) as said:
        url = f"http://{said['listen'][0]}"
        face = client(url)
        assert face.get(f"{url}/reports/1").json() == {"user": "joe"}
        assert [seen.path for seen in recorder.seen if seen.path.startswith("/reports")] == ["/reports/1"]
        assert face.keeper.document is not None
        assert [route.path.written for route in face.keeper.document.routes] == ["/reports/**"]
