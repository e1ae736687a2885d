// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "drupal",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "routes": [
        {
            "path": "/user/login",
            "methods": [
                "POST"
            ],
            "require": "provenance"
        }
    ],
    "session_cookie": "SESS",
    "token": {
        "header": "X-CSRF-Token"
    },
    "obtain": [
        {
            "request": "GET /session/token",
            "from": "text"
        },
        {
            "request": "POST /user/login?_format=json",
            "from": {
                "json": "/csrf_token"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "X-CSRF-Token request header is "
    },
    "login": {
        "request": "POST /user/login?_format=json",
        "json": {
            "name": "{user}",
            "pass": "{password}"
        }
    }
};
