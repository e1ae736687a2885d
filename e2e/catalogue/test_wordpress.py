"""WordPress' REST API, as Debian has it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Iterator

import countersign.requests
import pytest
import requests
from countersign.errors import LoginError
from servers import free_port, needs, serving

SETUP = Path(__file__).with_name("wordpress_setup.php")
WORDPRESS = Path("/usr/share/wordpress")
PACKAGES = "wordpress php-cli php-mysql mariadb-server"
POSTS = "/wp-json/wp/v2/posts"
NONCE = "/wp-admin/admin-ajax.php?action=rest-nonce"

CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', getenv('WP_DATABASE'));
define('WP_HOME', getenv('WP_URL'));
define('WP_SITEURL', getenv('WP_URL'));
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', "the key of $name in a test");
    define($name . '_SALT', "the salt of $name in a test");
}
$table_prefix = 'wp_';
define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-settings.php';
"""

# What a web server is told to do for addresses by name.
ROUTER = """<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file(__DIR__ . $path)) {
    return false;
}
require __DIR__ . '/index.php';
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    php, server = needs("php", PACKAGES), needs("mariadbd", PACKAGES)
    install, client = needs("mariadb-install-db", PACKAGES), needs("mariadb", PACKAGES)
    if not WORDPRESS.exists():
        pytest.skip(f"WordPress is missing (`apt-get install --no-install-recommends {PACKAGES}`)")
    folder = tmp_path_factory.mktemp("wordpress")
    data, pages, sock = folder / "data", folder / "site", folder / "s"
    whoever = ["--user=root"] if os.geteuid() == 0 else []
    quiet = {"check": True, "capture_output": True}
    plain = ["--no-defaults", *whoever, f"--datadir={data}"]
    subprocess.run([install, *plain, "--auth-root-authentication-method=normal", "--skip-test-db"], **quiet)
    shutil.copytree(WORDPRESS, pages, ignore=shutil.ignore_patterns("wp-config.php"), ignore_dangling_symlinks=True)
    (pages / "wp-config.php").write_text(CONFIG)
    (pages / "router.php").write_text(ROUTER)
    with ExitStack() as stack:
        tcp = [server, *plain, f"--socket={sock}", "--bind-address=127.0.0.1", "--port={port}"]
        database = stack.enter_context(serving(tcp, folder)).partition("//")[2]
        create = [client, "--no-defaults", f"--socket={sock}", "--user=root", "--execute=CREATE DATABASE wordpress"]
        subprocess.run(create, **quiet)
        port = free_port()
        told = {"WP_DATABASE": database, "WP_URL": f"http://127.0.0.1:{port}"}
        subprocess.run([php, SETUP, pages], env={**os.environ, **told}, **quiet)
        command = [php, "-S", "127.0.0.1:{port}", "router.php"]
        yield stack.enter_context(serving(command, pages, told, port=port))


@pytest.fixture
def session(site: str, document: Callable[..., dict]) -> countersign.requests.Session:
    cookie = f"wordpress_logged_in_{hashlib.md5(site.encode()).hexdigest()}"
    wordpress = document("wordpress", session_cookie=cookie)
    return countersign.requests.Session(site, wordpress, user="admin", password="secret")


def logged_in_by_hand(site: str) -> requests.Session:
    session = requests.Session()
    form = {"log": "admin", "pwd": "secret"}
    assert session.post(f"{site}/wp-login.php", data=form, allow_redirects=False).status_code == 302
    return session


def test_without_the_client_a_change_is_refused(site: str) -> None:
    bare = logged_in_by_hand(site)
    stranger = bare.post(site + POSTS, json={"title": "bare"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "rest_cannot_create")
    refused = bare.post(site + POSTS, json={"title": "bare"}, headers={"X-WP-Nonce": "0123456789"})
    assert (refused.status_code, refused.json()["code"]) == (403, "rest_cookie_invalid_nonce")


def test_one_line_logs_in_and_changes(session: countersign.requests.Session) -> None:
    made = session.post(POSTS, json={"title": "by the client", "status": "publish"})
    assert made.status_code == 201
    post = f"{POSTS}/{made.json()['id']}"
    assert session.post(post, json={"title": "changed"}).json()["title"]["raw"] == "changed"
    assert session.delete(post).json()["status"] == "trash"


def test_reads_of_a_user_carry_it_too(site: str, session: countersign.requests.Session) -> None:
    assert logged_in_by_hand(site).get(f"{site}/wp-json/wp/v2/users/me").status_code == 401
    assert session.get("/wp-json/wp/v2/users/me").json()["name"] == "admin"


def test_a_wrong_password_is_told(site: str) -> None:
    with pytest.raises(LoginError):
        countersign.requests.Session(site, "wordpress", user="admin", password="wrong")


def test_who_is_not_logged_in_gets_no_nonce(site: str) -> None:
    assert requests.get(site + NONCE).status_code == 400
    stranger = countersign.requests.Session(site, "wordpress")
    assert stranger.post(POSTS, json={"title": "a stranger's"}).status_code == 401


def test_a_nonce_of_an_earlier_login_is_replaced(site: str, session: countersign.requests.Session) -> None:
    """Nonces belong to the login, whose cookie has another value after the next."""
    assert session.post(POSTS, json={"title": "before"}).status_code == 201
    stale = session.get(NONCE).text
    session.cookies.clear()
    # By hand, so that nobody tells the client.
    session.cookies.update(logged_in_by_hand(site).cookies)
    by_hand = requests.post(site + POSTS, json={}, cookies=session.cookies, headers={"X-WP-Nonce": stale})
    assert by_hand.json()["code"] == "rest_cookie_invalid_nonce"
    assert session.post(POSTS, json={"title": "after"}).status_code == 201


def test_where_the_cookies_name_is_unknown_the_refusal_tells(site: str) -> None:
    session = countersign.requests.Session(site, "wordpress", user="admin", password="secret")
    assert session.post(POSTS, json={"title": "before"}).status_code == 201
    session.cookies.clear()
    session.cookies.update(logged_in_by_hand(site).cookies)
    assert session.post(POSTS, json={"title": "after"}).status_code == 201


def test_the_command_line_gets_through_too(site: str, command: Callable[..., str]) -> None:
    made = command("wordpress", "POST", site + POSTS, "--login", "admin:secret", "--json", '{"title": "by the command"}')
    assert json.loads(made)["title"]["raw"] == "by the command"
    post = f"{site}{POSTS}/{json.loads(made)['id']}"
    assert json.loads(command("wordpress", "DELETE", post))["status"] == "trash"
