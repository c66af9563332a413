"""Serves the simulated Google under a path of another simulator's server, so that a demo needs one port for both."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from csm_portal.simulators.google.app import App
from csm_portal.simulators.notion import server

PREFIX = "/google"


class Beside:
    """``main`` answers everything but what is below /google."""

    def __init__(self, main: server.App, google: App) -> None:
        self._main = main
        self._google = google

    @property
    def public_url(self) -> str | None:
        return self._main.public_url

    @public_url.setter
    def public_url(self, url: str | None) -> None:
        self._main.public_url = url

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return self._main(environ, start_response)
        return self._google({**environ, "PATH_INFO": path[len(PREFIX) :] or "/"}, start_response)

    def close(self) -> None:
        self._main.close()
        self._google.close()
