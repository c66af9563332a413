"""The simulator as a plain WSGI application: routes, tokens, versions, and answers.

>>> app = create_app("/tmp/workspace.sqlite3")  # doctest: +SKIP
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from csm_portal.simulators.notion import blocks, errors, faults, pages, query, search, sources, users, view
from csm_portal.simulators.notion.call import Bot, Call
from csm_portal.simulators.notion.control import Control
from csm_portal.simulators.notion.store import Store

MAX_BODY_BYTES = 500_000

Handler: TypeAlias = Callable[[Call], dict[str, Any]]
_JSON = "application/json; charset=utf-8"
_PAGE = re.compile(r"/(?:p/)?(?:[^/]*-)?(?P<id>[0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    writes: bool


def _route(method: str, template: str, handler: Handler, *, writes: bool = False) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
    return Route(
        method=method, template=template, pattern=re.compile(pattern), handler=handler, writes=writes
    )


ROUTES = (
    _route("GET", "/v1/users/me", users.me),
    _route("GET", "/v1/users", users.index),
    _route("GET", "/v1/users/{user_id}", users.retrieve),
    _route("POST", "/v1/search", search.search),
    _route("POST", "/v1/databases", sources.create_database, writes=True),
    _route("GET", "/v1/databases/{database_id}", sources.retrieve_database),
    _route("PATCH", "/v1/databases/{database_id}", sources.update_database, writes=True),
    _route("POST", "/v1/data_sources", sources.create_data_source, writes=True),
    _route("GET", "/v1/data_sources/{data_source_id}", sources.retrieve_data_source),
    _route("PATCH", "/v1/data_sources/{data_source_id}", sources.update_data_source, writes=True),
    _route("POST", "/v1/data_sources/{data_source_id}/query", query.query),
    _route("POST", "/v1/pages", pages.create, writes=True),
    _route("GET", "/v1/pages/{page_id}", pages.retrieve),
    _route("PATCH", "/v1/pages/{page_id}", pages.update, writes=True),
    _route("GET", "/v1/pages/{page_id}/properties/{property_id}", pages.retrieve_property),
    _route("GET", "/v1/blocks/{block_id}", blocks.retrieve),
    _route("PATCH", "/v1/blocks/{block_id}", blocks.update, writes=True),
    _route("DELETE", "/v1/blocks/{block_id}", blocks.delete, writes=True),
    _route("GET", "/v1/blocks/{block_id}/children", blocks.children),
    _route("PATCH", "/v1/blocks/{block_id}/children", blocks.append, writes=True),
)


class ConnectionDropped(ConnectionError):
    """A fault asked to end the connection without an answer."""


class _Request:
    """One request; its body is read at once, since a socket closed over unread bytes loses the answer."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        # WSGI hands the path over as Latin-1; what the client meant is UTF-8.
        self.path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        self.method: str = environ["REQUEST_METHOD"]
        self.id = str(uuid.uuid4())
        self.parameters = parse_qs(environ.get("QUERY_STRING", ""))
        self._environ = environ
        length = environ.get("CONTENT_LENGTH") or "0"
        self._data: bytes = environ["wsgi.input"].read(int(length) if length.isdigit() else 0)

    def header(self, name: str) -> str | None:
        return self._environ.get(f"HTTP_{name.upper().replace('-', '_')}")

    def json(self) -> Any:
        """Return the body. A number that JSON does not know (NaN) is refused, as is half a character."""
        if len(self._data) > MAX_BODY_BYTES:
            raise errors.too_large(MAX_BODY_BYTES)
        if not self._data:
            return None
        try:
            text = self._data.decode()
            sent = json.loads(text, parse_constant=_refuse)
            # A lone surrogate escapes UTF-8 by the back door of JSON's \u notation; nothing could keep it.
            json.dumps(sent, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise errors.invalid_json() from None
        return sent


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    body: bytes
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class App:
    """Answers requests from one store. Threads share it."""

    def __init__(self, store: Store, *, public_url: str | None = None) -> None:
        self.store = store
        self.public_url = public_url.rstrip("/") if public_url else None
        self._control = Control(store)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = _Request(environ)
        try:
            answer = self._answer(request)
        except errors.ApiError as error:
            answer = _Answer(
                status=error.status, body=_as_json(error.body(request.id)), headers=error.headers
            )
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Error"
        headers = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "x-notion-request-id": request.id,
            **answer.headers,
        }
        start_response(f"{answer.status} {phrase}", list(headers.items()))
        return [answer.body]

    def close(self) -> None:
        self.store.close()

    def _answer(self, request: _Request) -> _Answer:
        if request.path.startswith("/_sim/"):
            return _Answer(
                status=200, body=_as_json(self._control.answer(request.method, request.path, request.json()))
            )
        if not request.path.startswith("/v1/"):
            return self._show(request)
        route, ids = _find(request)
        self._control.count(f"{route.method} {route.template}")
        fault = self._control.fault_for(request.method, request.path)
        if fault is not None:
            if fault.delay_seconds:
                time.sleep(fault.delay_seconds)
            if not fault.after_commit and _fails(fault):
                return _failed(fault, committed_id=None)
        call, answer = self._dispatch(request, route, ids)
        if fault is not None and fault.after_commit:
            return _failed(fault, committed_id=call.committed_id)
        answer["request_id"] = request.id
        return _Answer(status=200, body=_as_json(answer))

    def _dispatch(self, request: _Request, route: Route, ids: dict[str, str]) -> tuple[Call, dict[str, Any]]:
        bot = self._bot(request)
        self._control.budget.take(bot.id, now=self.store.now())
        version = request.header("Notion-Version")
        if version is None:
            raise errors.missing_version()
        if version != errors.VERSION:
            raise errors.unsupported_version(version)
        sent = request.json()
        with self.store.writing() if route.writes else self.store.reading() as db:
            call = Call(
                db=db,
                bot=bot,
                now=self.store.now(),
                mint=self.store.mint,
                orders=self.store.orders,
                path=ids,
                query=request.parameters,
                sent=sent,
                public_url=self.public_url,
            )
            return call, route.handler(call)

    def _bot(self, request: _Request) -> Bot:
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        with self.store.reading() as db:
            bot = users.of_token(db, token.strip()) if scheme.lower() == "bearer" else None
        if bot is None:
            raise errors.unauthorized()
        return bot

    def _show(self, request: _Request) -> _Answer:
        """Answer a browser: a page's link, or the list of databases."""
        found = _PAGE.fullmatch(request.path)
        if request.method not in ("GET", "HEAD") or not (found or request.path == "/"):
            raise errors.invalid_url()
        with self.store.reading() as db:
            status, text = view.render(db, str(uuid.UUID(found["id"])) if found else None)
        headers = {"Content-Security-Policy": view.POLICY, "X-Content-Type-Options": "nosniff"}
        return _Answer(
            status=status, body=text.encode(), content_type="text/html; charset=utf-8", headers=headers
        )


def create_app(path: str | Path, *, public_url: str | None = None, store: Store | None = None) -> App:
    """Return the simulator on a state file, made where it is missing.

    ``public_url`` is the address that the links of pages lead to; without it they lead to notion.so.
    ``store`` is used instead of opening ``path`` where the caller has one (with a clock or seed of its own).
    """
    return App(store or Store(path), public_url=public_url)


def _find(request: _Request) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        if route.method == request.method:
            found = route.pattern.fullmatch(request.path)
            if found:
                return route, found.groupdict()
    raise errors.invalid_url()


def _fails(fault: faults.Fault) -> bool:
    return fault.drop or fault.raw is not None or fault.status is not None


def _failed(fault: faults.Fault, *, committed_id: str | None) -> _Answer:
    if fault.drop:
        raise ConnectionDropped("The simulator was asked to drop this connection.")
    if fault.raw is not None:
        return _Answer(status=fault.status or 200, body=fault.raw.encode(), content_type=fault.content_type)
    raise fault.error(committed_id=committed_id)


def _as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
