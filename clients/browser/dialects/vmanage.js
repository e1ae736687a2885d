// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "vmanage",
    "protect": {
        "methods": "unsafe",
        "require": "provenance"
    },
    "routes": [
        {
            "path": "/dataservice/client/token",
            "methods": [
                "GET"
            ],
            "require": "nothing"
        },
        {
            "path": "/dataservice/client/server",
            "methods": [
                "GET"
            ],
            "require": "nothing"
        },
        {
            "path": "/dataservice/client/about",
            "methods": [
                "GET"
            ],
            "require": "nothing"
        },
        {
            "path": "/dataservice/j_security_check",
            "require": "provenance"
        },
        {
            "path": "/dataservice/**",
            "methods": [
                "*"
            ],
            "require": "token"
        },
        {
            "path": "/logout",
            "methods": [
                "*"
            ],
            "require": "token"
        }
    ],
    "session_cookie": "JSESSIONID",
    "token": {
        "header": "X-XSRF-TOKEN"
    },
    "obtain": [
        {
            "request": "GET /dataservice/client/token",
            "from": "text"
        },
        {
            "request": "GET /dataservice/client/token?json=true",
            "from": {
                "json": "/token"
            }
        },
        {
            "request": "GET /dataservice/client/server",
            "from": {
                "json": "/data/CSRFToken"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "SessionTokenFilter"
    },
    "login": {
        "request": "POST /j_security_check",
        "form": {
            "j_password": "{password}",
            "j_username": "{user}"
        },
        "failed": "<html"
    },
    "logout": {
        "request": "GET /logout"
    }
};
