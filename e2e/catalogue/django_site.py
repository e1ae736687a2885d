"""A Django site in one file: notes as a REST API (Django REST framework) and as a form.

    python django_site.py FOLDER PORT
"""

import sys
from pathlib import Path

import django
from django.conf import settings

folder, port = Path(sys.argv[1]), sys.argv[2]
settings.configure(
    DEBUG=False,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    LOGIN_REDIRECT_URL="/",
    # Its passwords are no secret, and a test has no time.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "rest_framework"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "registration/login.html": (
                                '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>'
                            )
                        },
                    )
                ]
            },
        }
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.SessionAuthentication",
            "rest_framework.authentication.BasicAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView, LogoutView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import WSGIServer, run  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

notes = []


class Notes(APIView):
    def get(self, request):
        return Response(notes)

    def post(self, request):
        notes.append(request.data["text"])
        return Response({"text": notes[-1]}, status=201)


def form(request):
    """No REST framework: the middleware alone."""
    if request.method == "POST":
        notes.append(request.POST["text"])
    return HttpResponse("saved")


urlpatterns = [
    path("accounts/login/", LoginView.as_view()),
    path("accounts/logout/", LogoutView.as_view(next_page="/accounts/login/")),
    path("api/notes/", Notes.as_view()),
    path("form/", form),
]

if __name__ == "__main__":
    sys.modules.setdefault("django_site", sys.modules[__name__])
    call_command("migrate", verbosity=0)
    User.objects.create_user("joe", password="bloggs")
    run("127.0.0.1", int(port), get_wsgi_application(), threading=True, server_cls=WSGIServer)
