"""A script of the kind that an integrator writes against Genesys Web Services with `httplib2`.

It knows nothing of cookies: what `Set-Cookie` said goes back whole, attributes and all. It follows the
header's name and value that the service hands out, and it stops at the first reply that is not 200.
"""

import base64
import json
import sys

import httplib2

ADMIN = ("mikeb@redwings.com", "password")

AGENTS = [
    {
        "userName": "bobp@redwings.com",
        "password": "password",
        "firstName": "Bob",
        "lastName": "Probert",
        "role": "ROLE_AGENT",
        "phoneNumber": "5019",
    },
]


class Script:
    def __init__(self, base_uri, cache):
        self.base_uri = base_uri
        self.http = httplib2.Http(cache)
        self.cookie = None
        self.csrf_header = None
        self.csrf_token = None

    def headers(self):
        credentials = base64.b64encode(":".join(ADMIN).encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if self.csrf_header and self.csrf_token:
            headers[self.csrf_header] = self.csrf_token
        return headers

    def get_token(self):
        reply, _ = self.http.request(
            f"{self.base_uri}/diagnostics/version", "GET", headers=self.headers()
        )
        self.check(reply)
        self.cookie = reply["set-cookie"]
        self.csrf_header = reply["x-csrf-header"]
        self.csrf_token = reply["x-csrf-token"]

    def post(self, path, content):
        reply, body = self.http.request(
            self.base_uri + path, "POST", body=json.dumps(content, indent=4), headers=self.headers()
        )
        print(f"POST {path}: {reply['status']} {body.decode()}")
        self.check(reply)
        return json.loads(body)

    def check(self, reply):
        if reply["status"] != "200":
            sys.exit("the request failed")

    def create_agent(self, agent):
        user = {name: agent[name] for name in ("userName", "password", "firstName", "lastName")}
        return self.post("/users", {**user, "roles": [agent["role"]]})["id"]

    def assign_device(self, user_id, phone_number):
        return self.post(f"/users/{user_id}/devices", {"phoneNumber": phone_number})["id"]


def main(base_uri, cache):
    script = Script(base_uri, cache)
    script.get_token()
    for agent in AGENTS:
        user_id = script.create_agent(agent)
        device_id = script.assign_device(user_id, agent["phoneNumber"])
        print(f"agent {agent['userName']}: user {user_id}, device {device_id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
