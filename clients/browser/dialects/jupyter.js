// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "jupyter",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "username-localhost-8888",
    "token": {
        "header": "X-XSRFToken",
        "field": "_xsrf",
        "cookie": "_xsrf"
    },
    "obtain": [
        {
            "request": "GET /login",
            "from": {
                "cookie": "_xsrf"
            }
        },
        {
            "request": "GET /lab",
            "from": {
                "cookie": "_xsrf"
            }
        },
        {
            "request": "GET /",
            "from": {
                "cookie": "_xsrf"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": " argument"
    },
    "login": {
        "request": "POST /login",
        "form": {
            "password": "{password}"
        }
    },
    "logout": {
        "request": "GET /logout"
    }
};
