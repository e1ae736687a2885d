// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "standard",
    "protect": {
        "methods": "unsafe",
        "require": "either"
    },
    "session_cookie": "session",
    "token": {
        "header": "X-CSRF-Token",
        "field": "csrf_token"
    },
    "obtain": [
        {
            "request": "GET /.countersign/token",
            "from": {
                "json": "/token"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "csrf"
    }
};
