"""The products' real clients, written by others, against the server side of the dialects."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import jenkins
import pytest
import requests
import transmission_rpc
from gateway import App, gateway


def test_transmission_rpc(tmp_path: Path) -> None:
    session = {
        "rpc-version": 17, "rpc-version-minimum": 14, "version": "3.00 (bb6b5a062e)", "download-dir": "/tmp",
    }  # fmt: skip
    stats = {"activeTorrentCount": 0, "downloadSpeed": 0, "uploadSpeed": 0, "torrentCount": 0, **session}
    app = App(answers={"/transmission/rpc": {"result": "success", "arguments": stats}})
    with gateway(app, "transmission", tmp_path, pages=False) as url:
        call = {"method": "session-stats"}
        assert requests.post(f"{url}/transmission/rpc", json=call).status_code == 409
        assert app.changes == []
        port = urlsplit(url).port
        client = transmission_rpc.Client(host="127.0.0.1", port=port)
        for _ in range(2):
            assert client.session_stats().torrent_count == 0
        assert set(app.changes) == {"POST /transmission/rpc"}
        # With a name and a password, as most daemons have it.
        before = len(app.changes)
        transmission_rpc.Client(host="127.0.0.1", port=port, username="admin", password="secret").session_stats()
        assert len(app.changes) > before


@pytest.mark.parametrize("cookie", ["JSESSIONID", ""], ids=["with a session", "with the gateway's own"])
def test_python_jenkins(tmp_path: Path, cookie: str) -> None:
    app = App(session_cookie=cookie)
    with gateway(app, "jenkins", tmp_path, pages=False) as url:
        assert requests.post(f"{url}/quietDown", auth=("admin", "admin")).status_code == 403
        assert app.changes == []
        server = jenkins.Jenkins(url, "admin", "admin")
        for _ in range(2):
            server.jenkins_request(requests.Request("POST", f"{url}/quietDown"))
        server.cancel_queue(7)
        assert app.changes == ["POST /quietDown"] * 2 + ["POST /queue/cancelItem"]
        assert server.crumb["crumbRequestField"] == "Jenkins-Crumb"


def test_a_jenkins_crumb_by_hand(tmp_path: Path) -> None:
    """As Jenkins' documentation has it with curl: the crumb, and the cookie that came with it."""
    app = App()
    with gateway(app, "jenkins", tmp_path, pages=False) as url:
        session = requests.Session()
        issued = session.get(f"{url}/crumbIssuer/api/json", auth=("admin", "admin")).json()
        assert issued["_class"] == "hudson.security.csrf.DefaultCrumbIssuer"
        headers = {issued["crumbRequestField"]: issued["crumb"]}
        assert session.post(f"{url}/job/a/build", headers=headers).status_code == 200
        without_cookie = requests.post(f"{url}/job/a/build", headers=headers, auth=("admin", "admin"))
        assert without_cookie.status_code == 403
        assert app.changes == ["POST /job/a/build"]
