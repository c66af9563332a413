"""The simulator as a plain WSGI application.

/gmail, /upload/gmail: Gmail; /v1/spaces: Chat; /token: Google's tokens; /receiver: takes webhooks; /_sim: steers it.
"""

import json
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from csm_portal.simulators.google import chat, faults, gmail, tokens, view
from csm_portal.simulators.google.answers import Answer, ApiError, GrantError
from csm_portal.simulators.google.store import Store
from csm_portal.simulators.notion.app import AnswerNeverComes, ConnectionDropped

_LOOKED_AT = ("drafts", "sent", "messages", "events", "requests")


class App:
    """Answers requests from one store. Threads and processes share it."""

    def __init__(self, store: Store, *, public_url: str | None = None) -> None:
        self.store = store
        self.public_url = public_url

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], urllib.parse.unquote(environ.get("PATH_INFO", ""))
        query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if method == "GET" and path in ("/", "/o/oauth2/v2/auth"):
            status, headers, text = view.page(self.store, path, query)
            return _sent(start_response, status, headers, text.encode())
        told = self._told(method, path, query, body, environ)
        return _sent(
            start_response,
            told.status,
            {"Content-Type": "application/json; charset=UTF-8", **told.headers},
            told.to_bytes(),
            afterwards=told.afterwards,
        )

    def close(self) -> None:
        """Nothing is kept open."""

    def _told(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: WSGIEnvironment
    ) -> Answer:
        if path.startswith("/_sim/"):
            return self._steered(method, path, body)
        with self.store.writing() as db:
            number = db.execute(
                "INSERT INTO requests (method, path, query) VALUES (?, ?, ?)",
                (method, path, urllib.parse.urlencode(query)),
            ).lastrowid
            fault = faults.take(db, method, path)
        if fault is not None and not faults.comes_after(fault):
            return self._failed(fault, number)
        try:
            with self.store.writing() as db:
                answer = self._answer(db, method, path, query, body, environ)
        except (ApiError, GrantError) as error:
            answer = error.answer
        self._note(number, answer.status)
        if fault is None:
            return answer
        if fault.get("when") == "after_answer":
            return replace(answer, afterwards=lambda: faults.kill(fault))
        return self._failed(fault, number)

    def _answer(
        self, db: Any, method: str, path: str, query: dict[str, str], body: bytes, environ: WSGIEnvironment
    ) -> Answer:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if path == "/token" and method == "POST":
            return tokens.grant(db, dict(urllib.parse.parse_qsl(body.decode())))
        if "/gmail/v1/" in path:
            return gmail.answer(db, method, path, query, _json(body), tokens.bearer(authorization))
        if path.startswith("/v1/spaces/"):
            return chat.answer(db, method, path, query, _json(body), authorization)
        if path.startswith("/receiver") and method == "POST":
            given = {
                name[5:].replace("_", "-").lower(): value
                for name, value in environ.items()
                if name.startswith("HTTP_")
            }
            db.execute(
                "INSERT INTO events (id, path, headers, body) VALUES (?, ?, ?, ?)",
                (given.get("webhook-id", ""), path, json.dumps(given), body),
            )
            return Answer(status=202)
        raise ApiError(404, "Not Found")

    def _failed(self, fault: dict[str, Any], number: int | None) -> Answer:
        faults.kill(fault)
        if fault.get("drop") or fault.get("kill_pid"):
            raise ConnectionDropped("The simulator was asked to drop this connection.")
        if fault.get("hang"):
            raise AnswerNeverComes("The simulator was asked to leave this request without an answer.")
        headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
        self._note(number, fault["status"])
        return ApiError(
            fault["status"],
            "The simulator was asked to fail.",
            reason=fault.get("reason", ""),
            headers=headers,
        ).answer

    def _note(self, number: int | None, status: int) -> None:
        with self.store.writing() as db:
            db.execute("UPDATE requests SET status = ? WHERE seq = ?", (status, number))

    def _steered(self, method: str, path: str, body: bytes) -> Answer:
        name = path.removeprefix("/_sim/")
        with self.store.writing() as db:
            try:
                match method, name:
                    case "POST", "faults":
                        faults.lay(db, _json(body))
                    case "DELETE", "faults":
                        faults.lift(db)
                    case "POST", "keys":
                        sent = _json(body)
                        db.execute(
                            "INSERT OR REPLACE INTO keys VALUES (?, ?)", (sent["issuer"], sent["public_key"])
                        )
                    case "GET", table if table in _LOOKED_AT:
                        rows = db.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()  # noqa: S608
                        return Answer(body={table: [_plain(row) for row in rows]})
                    case _:
                        raise ApiError(404, "Not Found")
            except ApiError as error:
                return error.answer
        return Answer()


def create_app(path: str | Path, *, public_url: str | None = None) -> App:
    """Return the simulator on a state file, made where it is missing."""
    return App(Store(path), public_url=public_url)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError(400, "Invalid JSON payload received.") from error


def _plain(row: Any) -> dict[str, Any]:
    return {key: row[key].decode() if isinstance(row[key], bytes) else row[key] for key in row.keys()}  # noqa: SIM118


def _sent(
    start_response: StartResponse,
    status: int,
    headers: dict[str, str],
    body: bytes,
    *,
    afterwards: Callable[[], None] | None = None,
) -> Iterable[bytes]:
    head = {**headers, "Content-Length": str(len(body))}
    start_response(f"{status} {HTTPStatus(status).phrase}", list(head.items()))
    return _Body([body], afterwards)


class _Body(list[bytes]):
    """What a server closes once it has sent it; something may wait for that."""

    def __init__(self, parts: Iterable[bytes], afterwards: Callable[[], None] | None) -> None:
        super().__init__(parts)
        self._afterwards = afterwards

    def close(self) -> None:
        if self._afterwards is not None:
            self._afterwards()
