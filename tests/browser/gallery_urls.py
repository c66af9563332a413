"""The component gallery and the frameless pages, at addresses of their own: no page of the portal needs to exist."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.browser import gallery


def _theme(request: HttpRequest) -> str:
    return request.GET.get("theme", "")


def show(request: HttpRequest) -> HttpResponse:
    return render(request, "components/gallery.html", {**gallery.context(), "theme": _theme(request)})


def sign_in(request: HttpRequest) -> HttpResponse:
    form = gallery.SignIn(request.GET if "login" in request.GET else None)
    return render(request, "account/login.html", {"form": form, "theme": _theme(request)})


def error(request: HttpRequest, page: str) -> HttpResponse:
    return render(request, f"{page}.html", {"theme": _theme(request)})


def rows(request: HttpRequest) -> HttpResponse:
    """Answer as a list does to a filter: the part of the page, and how many there are."""
    response = HttpResponse(
        '<section id="accounts"><p>Nothing but <a href="#one">one account</a> is left.</p></section>'
    )
    response["HX-Trigger"] = '{"announce": "1 account matches."}'
    return response


def refused(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        '<form id="swap"><label for="why">Why</label><input id="why" aria-invalid="true"></form>', status=422
    )


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no page anybody should see", status=500)


def swaps(request: HttpRequest) -> HttpResponse:
    return render(request, "swaps.html", {"theme": ""})


urlpatterns = [
    path("", show, name="home"),
    path("theme/", show, name="theme"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-out/", sign_in, name="account_logout"),
    path("rows/", rows),
    path("refused/", refused),
    path("broken/", broken),
    path("swaps/", swaps),
    path("<str:page>/", error),
]
