"""SAP's application router, unmodified, which hands tokens out as SAP Gateway does.

Behind it is an app that knows nothing of tokens, and in place of the authorization service something that gives a
token of its own to whoever has the right password: the router does not look further into it.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Iterator
from urllib.parse import parse_qs

import countersign.requests
import pytest
import requests
from conftest import ROOT
from gateway import App, handler
from requests.auth import HTTPBasicAuth
from servers import needs, serving

ROUTER = ROOT / "e2e/catalogue/node_modules/@sap/approuter/approuter.js"
JOE = ("joe", "bloggs")
NOTES = "/notes/Notes"


class Authorization(BaseHTTPRequestHandler):
    """The password grant of OAuth 2 (RFC 6749, section 4.3)."""

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = (asked.get("username"), asked.get("password")) == ([JOE[0]], [JOE[1]])
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        claims = {"user_name": JOE[0], "jti": "1", "zid": "z", "exp": 4102444800, "ext_attr": {"zdn": "test"}}
        granted = {
            "access_token": f"{part({'alg': 'none'})}.{part(claims)}.",
            "token_type": "bearer",
            "expires_in": 43199,
            "scope": "openid",
        }
        body = json.dumps(granted if known else {"error": "unauthorized"}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def listening(stack: ExitStack, handler_class: type[BaseHTTPRequestHandler]) -> str:
    server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler_class))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, App]]:
    node = needs("node", "nodejs")
    if not ROUTER.exists():
        pytest.skip("`@sap/approuter` is missing (`npm ci` in e2e/catalogue)")
    folder: Path = tmp_path_factory.mktemp("approuter")
    route = {"source": "^/notes/(.*)$", "destination": "notes", "authenticationType": "basic"}
    (folder / "xs-app.json").write_text(json.dumps({"authenticationMethod": "route", "routes": [route]}))
    (folder / "package.json").write_text('{"name": "router", "version": "1.0.0"}')
    app = App()
    with ExitStack() as stack:
        upstream, authority = listening(stack, handler(app)), listening(stack, Authorization)
        credentials = {
            "clientid": "router", "clientsecret": "secret", "url": authority, "xsappname": "router",
            "identityzone": "test", "tenantmode": "dedicated", "uaadomain": "localhost",
        }  # fmt: skip
        uaa = {"name": "uaa", "label": "xsuaa", "tags": ["xsuaa"], "credentials": credentials}
        environment = {
            "PORT": "{port}",
            "XS_BIND_ADDRESS": "127.0.0.1",
            "VCAP_SERVICES": json.dumps({"xsuaa": [uaa]}),
            "destinations": json.dumps([{"name": "notes", "url": upstream}]),
        }
        yield stack.enter_context(serving([node, ROUTER], folder, environment)), app


@pytest.fixture
def session(router: tuple[str, App], document) -> countersign.requests.Session:
    session = countersign.requests.Session(router[0], document("sap-odata", session_cookie="JSESSIONID"))
    session.auth = HTTPBasicAuth(*JOE)
    return session


def test_without_the_client_a_change_is_refused(router: tuple[str, App]) -> None:
    url, app = router
    app.changes.clear()
    assert requests.post(url + NOTES, json={}).status_code == 401
    refused = requests.post(url + NOTES, json={}, auth=JOE)
    assert (refused.status_code, refused.headers["X-CSRF-Token"]) == (403, "Required")
    assert app.changes == []


def test_one_line_gets_through(router: tuple[str, App], session: countersign.requests.Session) -> None:
    _, app = router
    app.changes.clear()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert session.request(method, NOTES, json={}).status_code == 200, method
    assert app.changes == [f"{method} {NOTES}" for method in ("POST", "PUT", "PATCH", "DELETE")]


@pytest.mark.parametrize("cookie", ["JSESSIONID", "SAP_SESSIONID"], ids=["the session's cookie known", "unknown"])
def test_a_session_that_got_lost_is_begun_again(router: tuple[str, App], document, cookie: str) -> None:
    session = countersign.requests.Session(router[0], document("sap-odata", session_cookie=cookie))
    session.auth = HTTPBasicAuth(*JOE)
    assert session.post(NOTES, json={}).status_code == 200
    session.cookies.clear()
    assert session.post(NOTES, json={}).status_code == 200


def test_the_command_line_gets_through_too(router: tuple[str, App], command: Callable[..., str]) -> None:
    url, app = router
    app.changes.clear()
    for _ in range(2):
        command("sap-odata", "POST", url + NOTES, "--json", "{}", "-u", ":".join(JOE))
    assert app.changes == [f"POST {NOTES}"] * 2
