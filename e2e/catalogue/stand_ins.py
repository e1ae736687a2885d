"""Stand-ins for products that no package registry of this project has.

Each does what the product's own source does about tokens, and no more; the names in the comments are those of the
source. They are no proof, but the nearest to one that can be had.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Iterator
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_safe(self) -> bool:
        return self.method in ("GET", "HEAD")

    def cookie(self, name: str) -> str:
        found = SimpleCookie(self.headers.get("cookie", "")).get(name)
        return found.value if found else ""

    def form(self, name: str) -> str:
        return parse_qs(self.body.decode(errors="replace")).get(name, [""])[0]

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass
class Reply:
    status: int = 200
    body: str = ""
    content_type: str = "text/plain"
    cookies: list[str] = field(default_factory=list)
    location: str = ""


def as_json(status: int, value: object, *cookies: str) -> Reply:
    return Reply(status, json.dumps(value), "application/json", list(cookies))


Product = Callable[[Asked], Reply]


@contextmanager
def standing_in(product: Product) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = product(Asked(self.command, target.path, target.query, headers, body))
            text = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(text)))
            if text:
                self.send_header("Content-Type", reply.content_type)
            for cookie in reply.cookies:
                self.send_header("Set-Cookie", f"{cookie}; Path=/; HttpOnly")
            if reply.location:
                self.send_header("Location", reply.location)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Session:
    token: str
    user: str = ""


class Sessions(dict[str, Session]):
    def begin(self, user: str = "") -> str:
        name = secrets.token_hex(16)
        self[name] = Session(secrets.token_hex(18), user)
        return name


def spring() -> Product:
    """`CsrfFilter`, `HttpSessionCsrfTokenRepository`, `XorCsrfTokenRequestAttributeHandler`,
    `CsrfAuthenticationStrategy`, `DefaultLoginPageGeneratingFilter`; the error as Spring Boot words it."""
    sessions = Sessions()

    def masked(token: str) -> str:
        mask = secrets.token_bytes(len(token))
        mixed = bytes(a ^ b for a, b in zip(mask, token.encode()))
        return base64.urlsafe_b64encode(mask + mixed).decode()

    def unmasked(text: str) -> str:
        try:
            both = base64.urlsafe_b64decode(text)
        except ValueError:
            return ""
        half = len(both) // 2
        return bytes(a ^ b for a, b in zip(both[:half], both[half:])).decode(errors="replace")

    def answer(asked: Asked) -> Reply:
        name = asked.cookie("JSESSIONID")
        cookies = []
        if name not in sessions:
            name = sessions.begin()
            cookies = [f"JSESSIONID={name}"]
        session = sessions[name]
        if not asked.is_safe:
            sent = asked.header("X-CSRF-TOKEN") or asked.form("_csrf")
            if unmasked(sent) != session.token:
                error = {"timestamp": "2026-11-22T12:00:00Z", "status": 403, "error": "Forbidden", "path": asked.path}
                return as_json(403, error, *cookies)
        if asked.path == "/login" and asked.is_safe:
            field = f'<input name="_csrf" type="hidden" value="{masked(session.token)}" />'
            return Reply(200, f"<form method=post action=/login>{field}</form>", "text/html", cookies)
        if asked.path == "/login":
            if (asked.form("username"), asked.form("password")) != ("user", "secret"):
                return Reply(302, location="/login?error")
            del sessions[name]
            return Reply(302, cookies=[f"JSESSIONID={sessions.begin('user')}"], location="/")
        if not session.user:
            return Reply(302, cookies=cookies, location="/login")
        if asked.path == "/logout":
            del sessions[name]
            return Reply(302, location="/login?logout")
        return as_json(200, {"user": session.user})

    return answer


def aspnet() -> Product:
    """`DefaultAntiforgery`: a cookie token and a request token that belong together, and the user whom the request
    token names; `AntiforgeryValidationFailedResult` is an empty 400."""
    users: dict[str, str] = {}
    pairs: dict[str, tuple[str, str]] = {}
    own, login = ".AspNetCore.Antiforgery.9TtSrW0hzOs", ".AspNetCore.Identity.Application"

    def answer(asked: Asked) -> Reply:
        user = users.get(asked.cookie(login), "")
        if asked.is_safe:
            cookie_token = asked.cookie(own) or secrets.token_urlsafe(32)
            request_token = secrets.token_urlsafe(96)
            pairs[request_token] = (cookie_token, user)
            field = f'<input name="__RequestVerificationToken" type="hidden" value="{request_token}" />'
            page = f'<form method="post"><input name="Input.Password" />{field}</form>'
            return Reply(200, page, "text/html", [f"{own}={cookie_token}"])
        sent = asked.header("RequestVerificationToken") or asked.form("__RequestVerificationToken")
        if not asked.cookie(own) or pairs.get(sent) != (asked.cookie(own), user):
            return Reply(400)
        if asked.path == "/Identity/Account/Login":
            if (asked.form("Input.Email"), asked.form("Input.Password")) != ("user", "secret"):
                return Reply(200, '<form method="post"><input name="Input.Password" /></form>', "text/html")
            name = secrets.token_urlsafe(32)
            users[name] = "user"
            return Reply(302, cookies=[f"{login}={name}"], location="/")
        return as_json(200, {"user": user})

    return answer


def drupal() -> Product:
    """`CsrfRequestHeaderAccessCheck`, `CsrfTokenController`, `UserAuthenticationController`."""
    sessions = Sessions()
    cookie = "SESS49960de5880e8c687434170f6476605b"

    def answer(asked: Asked) -> Reply:
        session = sessions.get(asked.cookie(cookie))
        if asked.path == "/session/token":
            return Reply(200, session.token if session else secrets.token_urlsafe(32))
        if asked.path == "/user/login":
            given = json.loads(asked.body)
            if (given.get("name"), given.get("pass")) != ("user", "secret"):
                return as_json(400, {"message": "Sorry, unrecognized username or password."})
            name = sessions.begin("user")
            current = {"uid": "1", "roles": ["authenticated"], "name": "user"}
            said = {"current_user": current, "csrf_token": sessions[name].token, "logout_token": "x"}
            return as_json(200, said, f"{cookie}={name}")
        if session and not asked.is_safe:
            if not asked.header("X-CSRF-Token"):
                return as_json(403, {"message": "X-CSRF-Token request header is missing"})
            if asked.header("X-CSRF-Token") != session.token:
                return as_json(403, {"message": "X-CSRF-Token request header is invalid"})
        return as_json(200, {"user": session.user if session else ""})

    return answer


def jenkins() -> Product:
    """`CrumbFilter`, `DefaultCrumbIssuer`; the session cookie's name as `SecurityRealm` knows it; the error as
    Jetty words it. Logging in comes before the filter."""
    sessions = Sessions()
    cookie = f"JSESSIONID.{secrets.token_hex(4)}"

    def answer(asked: Asked) -> Reply:
        name, cookies = asked.cookie(cookie), []
        if name not in sessions:
            name = sessions.begin("anonymous")
            cookies = [f"{cookie}={name}"]
        session = sessions[name]
        crumb = hashlib.sha256(f"{session.user};{name}".encode() + b"the salt").hexdigest()
        if asked.path == "/crumbIssuer/api/json":
            issued = {"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": crumb}
            return as_json(200, {**issued, "crumbRequestField": "Jenkins-Crumb"}, *cookies)
        if asked.path == "/j_spring_security_check":
            if (asked.form("j_username"), asked.form("j_password")) != ("user", "secret"):
                return Reply(302, cookies=cookies, location="/loginError")
            return Reply(302, cookies=[f"{cookie}={sessions.begin('user')}"], location="/")
        if asked.method == "POST" and (asked.header("Jenkins-Crumb") or asked.form("Jenkins-Crumb")) != crumb:
            says = "No valid crumb was included in the request"
            return Reply(403, f"<html><title>Error 403 {says}</title></html>", "text/html", cookies)
        return as_json(200, {"user": session.user}, *cookies)

    return answer


def couchdb() -> Product:
    """`couch_httpd_auth` for the session, `couch_httpd:validate_ctype` for what posts."""
    users: dict[str, str] = {}

    def answer(asked: Asked) -> Reply:
        user = users.get(asked.cookie("AuthSession"), "")
        if asked.path == "/_session" and asked.method == "POST":
            if (asked.form("name"), asked.form("password")) != ("user", "secret"):
                return as_json(401, {"error": "unauthorized", "reason": "Name or password is incorrect."})
            name = secrets.token_urlsafe(16)
            users[name] = "user"
            return as_json(200, {"ok": True, "name": "user", "roles": []}, f"AuthSession={name}")
        if asked.path == "/_session" and asked.method == "DELETE":
            users.pop(asked.cookie("AuthSession"), None)
            return as_json(200, {"ok": True}, "AuthSession=")
        if not user:
            return as_json(401, {"error": "unauthorized", "reason": "You are not authorized to access this db."})
        if asked.method == "POST" and asked.header("Content-Type").partition(";")[0] != "application/json":
            return as_json(415, {"error": "bad_content_type", "reason": "Content-Type must be application/json"})
        return as_json(200, {"user": user})

    return answer
