// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "genesys",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "JSESSIONID",
    "token": {
        "header": "X-CSRF-TOKEN"
    },
    "deliver": {
        "X-CSRF-HEADER": "{header}",
        "X-CSRF-TOKEN": "{token}"
    },
    "obtain": [
        {
            "request": "GET /api/v2/me",
            "from": {
                "header": "X-CSRF-TOKEN"
            }
        },
        {
            "request": "GET /api/v2/diagnostics/version",
            "from": {
                "header": "X-CSRF-TOKEN"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "Missing or invalid Csrf token"
    },
    "login": {
        "request": "GET /api/v2/me",
        "basic": true
    }
};
