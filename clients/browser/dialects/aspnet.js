// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "aspnet",
    "protect": {
        "methods": "unsafe",
        "require": "token"
    },
    "session_cookie": ".AspNetCore.Session",
    "token": {
        "header": "RequestVerificationToken",
        "field": "__RequestVerificationToken"
    },
    "obtain": [
        {
            "request": "GET *",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "input": "__RequestVerificationToken"
            }
        },
        {
            "request": "GET /",
            "headers": {
                "Accept": "text/html"
            },
            "from": {
                "input": "__RequestVerificationToken"
            }
        }
    ],
    "refusal": {
        "status": 400
    },
    "login": {
        "request": "POST /Identity/Account/Login",
        "form": {
            "Input.Email": "{user}",
            "Input.Password": "{password}",
            "Input.RememberMe": "false"
        },
        "failed": "name=\"Input.Password\""
    },
    "logout": {
        "request": "POST /Identity/Account/Logout"
    }
};
