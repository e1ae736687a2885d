// Generated from clients/dialects.json by build.mjs.
export default {
    "version": 1,
    "dialect": "wordpress",
    "protect": {
        "methods": "unsafe",
        "require": "provenance"
    },
    "routes": [
        {
            "path": "/wp-json/wp/v2/users/me",
            "methods": [
                "*"
            ],
            "require": "token"
        },
        {
            "path": "/wp-json/wp/v2/settings",
            "methods": [
                "*"
            ],
            "require": "token"
        },
        {
            "path": "/wp-json/**",
            "require": "token"
        }
    ],
    "session_cookie": "wordpress_logged_in",
    "token": {
        "header": "X-WP-Nonce",
        "field": "_wpnonce"
    },
    "obtain": [
        {
            "request": "GET /wp-admin/admin-ajax.php?action=rest-nonce",
            "from": "text"
        }
    ],
    "refusal": {
        "status": 403,
        "contains": "rest_cookie_invalid_nonce"
    },
    "login": {
        "request": "POST /wp-login.php",
        "form": {
            "log": "{user}",
            "pwd": "{password}"
        },
        "failed": "id=\"login_error\""
    }
};
