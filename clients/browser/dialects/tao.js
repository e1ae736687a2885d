// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "tao",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "routes": [
        {
            "path": "/tao/items/**",
            "methods": [
                "*"
            ],
            "require": "token"
        }
    ],
    "session_cookie": "tao_session",
    "token": {
        "header": "X-CSRF-Token",
        "field": "X-CSRF-Token",
        "once": true,
        "lifetime": 1440,
        "pool": 10
    },
    "deliver": {
        "X-CSRF-Token": "{token}"
    },
    "obtain": [
        {
            "request": "GET /tao/ClientConfig/config",
            "from": {
                "require-config": "/config/core~1tokenHandler/tokens"
            }
        }
    ],
    "refusal": {
        "status": 403
    }
};
