// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "couchdb",
    "protect": {
        "methods": "unsafe",
        "require": "provenance"
    },
    "session_cookie": "AuthSession",
    "refusal": {
        "status": 403,
        "contains": "\"error\":\"forbidden\""
    },
    "login": {
        "request": "POST /_session",
        "form": {
            "name": "{user}",
            "password": "{password}"
        }
    },
    "logout": {
        "request": "DELETE /_session"
    }
};
