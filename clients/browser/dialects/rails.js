// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "rails",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "_session_id",
    "token": {
        "header": "X-CSRF-Token",
        "field": "authenticity_token"
    },
    "obtain": [
        {
            "request": "GET /",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "meta": "csrf-token"
            }
        },
        {
            "request": "GET *",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "meta": "csrf-token"
            }
        }
    ],
    "refusal": {
        "status": 422,
        "contains": "422"
    }
};
