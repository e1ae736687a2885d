// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "sap-odata",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": "SAP_SESSIONID",
    "token": {
        "header": "X-CSRF-Token"
    },
    "deliver": {
        "X-CSRF-Token": "{token}"
    },
    "obtain": [
        {
            "request": "HEAD *",
            "headers": {
                "X-CSRF-Token": "Fetch"
            },
            "from": {
                "header": "X-CSRF-Token"
            }
        },
        {
            "request": "GET *",
            "headers": {
                "X-CSRF-Token": "Fetch"
            },
            "from": {
                "header": "X-CSRF-Token"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "headers": {
            "X-CSRF-Token": "Required"
        }
    }
};
