// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "jenkins",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "routes": [
        {
            "path": "/j_spring_security_check",
            "methods": [
                "POST"
            ],
            "require": "provenance"
        }
    ],
    "session_cookie": "JSESSIONID",
    "token": {
        "header": "Jenkins-Crumb",
        "field": "Jenkins-Crumb"
    },
    "obtain": [
        {
            "request": "GET /crumbIssuer/api/json",
            "from": {
                "json": "/crumb"
            }
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "No valid crumb was included in the request"
    },
    "login": {
        "request": "POST /j_spring_security_check",
        "form": {
            "from": "/",
            "j_password": "{password}",
            "j_username": "{user}"
        }
    },
    "logout": {
        "request": "POST /logout"
    }
};
