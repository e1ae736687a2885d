// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "redback",
    "protect": {
        "methods": "all",
        "require": "both"
    },
    "session_cookie": "JSESSIONID",
    "token": {
        "header": "X-XSRF-TOKEN",
        "lifetime": 10800
    },
    "origin": "always",
    "obtain": [
        {
            "request": "POST /restServices/redbackServices/loginService/logIn",
            "from": {
                "json": "/validationToken"
            }
        },
        {
            "request": "POST /services/redbackServices/loginService/logIn",
            "from": {
                "json": "/validationToken"
            }
        }
    ],
    "refusal": {
        "status": 403
    },
    "login": {
        "request": "POST /restServices/redbackServices/loginService/logIn",
        "json": {
            "password": "{password}",
            "username": "{user}"
        }
    },
    "logout": {
        "request": "GET /restServices/redbackServices/loginService/logout"
    }
};
