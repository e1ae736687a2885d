// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "voss",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "routes": [
        {
            "path": "/noninteractivelogin/",
            "methods": [
                "POST"
            ],
            "require": "provenance"
        }
    ],
    "session_cookie": "sessionid",
    "token": {
        "header": "X-CSRFToken",
        "field": "csrfmiddlewaretoken",
        "cookie": "csrftoken"
    },
    "origin": "https",
    "deliver": {
        "X-CSRFToken": "{token}"
    },
    "obtain": [
        {
            "request": "GET /login/",
            "from": {
                "header": "X-CSRFToken"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "CSRF "
    },
    "login": {
        "request": "POST /login/",
        "form": {
            "next": "/",
            "password": "{password}",
            "username": "{user}"
        },
        "failed": "name=\"password\""
    },
    "logout": {
        "request": "POST /logout/"
    }
};
