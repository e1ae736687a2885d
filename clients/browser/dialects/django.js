// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "django",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "sessionid",
    "token": {
        "header": "X-CSRFToken",
        "field": "csrfmiddlewaretoken",
        "cookie": "csrftoken"
    },
    "origin": "https",
    "obtain": [
        {
            "request": "GET /accounts/login/",
            "from": {
                "cookie": "csrftoken"
            }
        },
        {
            "request": "GET /accounts/login/",
            "from": {
                "input": "csrfmiddlewaretoken"
            }
        },
        {
            "request": "GET /admin/login/",
            "from": {
                "cookie": "csrftoken"
            }
        },
        {
            "request": "GET /api-auth/login/",
            "from": {
                "cookie": "csrftoken"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "CSRF "
    },
    "login": {
        "request": "POST /accounts/login/",
        "form": {
            "password": "{password}",
            "username": "{user}"
        },
        "failed": "name=\"password\""
    },
    "logout": {
        "request": "POST /accounts/logout/"
    }
};
