"""A page for addresses that were asked in a way they do not answer; Django's own refusal is an empty one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import Resolver404, resolve

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def told(get_response: GetResponse) -> GetResponse:
    """Say what an address takes, and where the page is that sends it. What else has a body, or no reader, stays."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if (
            not isinstance(response, HttpResponseNotAllowed)
            or response.content
            or not request.accepts("text/html")
        ):
            return response
        is_form = "GET" not in response.headers["Allow"]
        context = {"is_form": is_form, "page": _page_above(request.path) if is_form else request.path}
        page: HttpResponse = render(request, "405.html", context, status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page

    return middleware


def _page_above(path: str) -> str:
    """Return the nearest address above: an action stands under the page that has its button."""
    while path := path.rstrip("/").rpartition("/")[0]:
        try:
            resolve(f"{path}/")
        except Resolver404:
            continue
        return f"{path}/"
    return "/"
