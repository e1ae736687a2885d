// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "laravel",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "laravel_session",
    "token": {
        "header": "X-XSRF-TOKEN",
        "cookie": "XSRF-TOKEN"
    },
    "obtain": [
        {
            "request": "GET /sanctum/csrf-cookie",
            "from": {
                "cookie": "XSRF-TOKEN"
            }
        },
        {
            "request": "GET /",
            "from": {
                "cookie": "XSRF-TOKEN"
            }
        }
    ],
    "refusal": {
        "status": 419,
        "contains": ""
    }
};
