// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "spring",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "JSESSIONID",
    "token": {
        "header": "X-CSRF-TOKEN",
        "field": "_csrf"
    },
    "obtain": [
        {
            "request": "GET /login",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "input": "_csrf"
            }
        },
        {
            "request": "GET /",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "meta": "_csrf"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "Forbidden"
    },
    "login": {
        "request": "POST /login",
        "form": {
            "password": "{password}",
            "username": "{user}"
        }
    },
    "logout": {
        "request": "POST /logout"
    }
};
