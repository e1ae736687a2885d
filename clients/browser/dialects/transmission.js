// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "transmission",
    "protect": {
        "methods": "unsafe",
        "require": "provenance"
    },
    "routes": [
        {
            "path": "/transmission/rpc",
            "methods": [
                "*"
            ],
            "require": "token"
        }
    ],
    "session_cookie": "transmission_session",
    "token": {
        "header": "X-Transmission-Session-Id",
        "lifetime": 3600
    },
    "refusal": {
        "status": 409,
        "contains": "X-Transmission-Session-Id",
        "token": {
            "header": "X-Transmission-Session-Id"
        }
    }
};
