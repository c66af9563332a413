"""The simulator as a plain WSGI application: tokens, versions, faults, and answers.

>>> app = create_app("/tmp/workspace.sqlite3")  # doctest: +SKIP
"""

import re
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from csm_portal.simulators.notion import (
    answers,
    arrivals,
    collisions,
    errors,
    faults,
    routes,
    store,
    users,
    view,
    webhooks,
)
from csm_portal.simulators.notion.answers import Answer, Body
from csm_portal.simulators.notion.call import MAX_PAGE_SIZE, Bot, Call
from csm_portal.simulators.notion.control import Control
from csm_portal.simulators.notion.received import Request
from csm_portal.simulators.notion.store import Store

AS_PERSON = "X-Sim-As"
"""A header of the simulator's own: the id of the person who makes this edit in the app."""

_PAGE = re.compile(r"/(?:p/)?(?:[^/]*-)?(?P<id>[0-9a-f]{32})")


class ConnectionDropped(ConnectionError):
    """A fault asked to end the connection without an answer."""


class AnswerNeverComes(TimeoutError):
    """A fault asked to keep the connection open without an answer, until the client gives up."""


class App:
    """Answers requests from one store. Threads share it."""

    def __init__(
        self, store: Store, *, public_url: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.store = store
        self.public_url = public_url.rstrip("/") if public_url else None
        self.control = Control(store, sleep=sleep)
        self._sleep = sleep

    @property
    def webhooks(self) -> webhooks.Webhooks:
        return self.control.webhooks

    @property
    def arrivals(self) -> arrivals.Arrivals:
        return self.control.arrivals

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        came_at = time.monotonic()
        request = Request(environ)
        if request.path.startswith("/v1/"):
            answer = self._received(request, came_at=came_at)
        else:
            answer = _told(request, lambda: self._beside(request))
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
        return Body(answer)

    def close(self) -> None:
        self.control.close()
        self.store.close()

    def _received(self, request: Request, *, came_at: float) -> Answer:
        """Answer a request of the API, no sooner than the latency says, and write down that it came."""
        at = self.store.now()
        bot = self._bot(request)
        route = routes.find(request.method, request.path)
        log = self.control.arrivals
        arrival = log.note(
            at=at,
            monotonic=came_at,
            method=request.method,
            path=request.path,
            endpoint=f"{route[0].method} {route[0].template}" if route else "",
            bot_id=bot.id if bot else None,
            integration=bot.name if bot else None,
        )
        try:
            answer = _told(request, lambda: self._held(request, bot, route, at=at, came_at=came_at))
        except ConnectionError:
            log.end(arrival, at=self.store.now(), outcome="dropped")
            raise
        except TimeoutError:
            log.end(arrival, at=self.store.now(), outcome="hung")
            raise
        except Exception:
            log.end(arrival, at=self.store.now(), outcome="broke")
            raise
        self.control.latency.hold(since=came_at)
        wait = answer.headers.get("Retry-After", "")
        now = self.store.now()
        log.end(
            arrival,
            at=now,
            outcome=answer.outcome,
            status=answer.status,
            reason=answer.reason,
            retry_after=int(wait) if wait.isdigit() else None,
            closed_until=now + timedelta(seconds=int(wait)) if wait.isdigit() else None,
        )
        return answer

    def _held(
        self,
        request: Request,
        bot: Bot | None,
        route: tuple[routes.Route, dict[str, str]] | None,
        *,
        at: datetime,
        came_at: float,
    ) -> Answer:
        """Answer, and hold the parent of a write until the answer leaves where writes may collide."""
        parent_id = None
        if self.control.collisions.is_on and route and route[0].writes:
            with self.store.reading() as db:
                parent_id = collisions.parent_of(db, route[1], request.json())
        with self.control.collisions.holding(parent_id):
            answer = self._answer(request, bot, route, at=at)
            if parent_id is not None:
                self.control.latency.hold(since=came_at)
        return answer

    def _answer(
        self,
        request: Request,
        bot: Bot | None,
        route: tuple[routes.Route, dict[str, str]] | None,
        *,
        at: datetime,
    ) -> Answer:
        if route is None:
            raise errors.invalid_url()
        found, ids = route
        self.control.count(f"{found.method} {found.template}")
        if bot is not None:
            self.control.budget.take(bot, now=at)
        fault = self.control.fault_for(request.method, request.path, writes=found.writes)
        if fault is not None:
            if fault.delay_seconds:
                self._sleep(fault.delay_seconds)
            if not fault.after_commit and fault.fails:
                return _failed(fault, call=None)
        if bot is None:
            raise errors.unauthorized()
        call, answer = self._dispatch(request, bot, found, ids)
        if fault is not None and fault.after_commit:
            return _failed(fault, call=call)
        answer["request_id"] = request.id
        is_last = fault is not None and fault.kill_after_answer
        return Answer(
            status=200,
            body=answers.with_results(store.pack_bytes(answer), call.results),
            afterwards=fault.kill if fault and is_last else None,
        )

    def _dispatch(
        self, request: Request, bot: Bot, route: routes.Route, ids: dict[str, str]
    ) -> tuple[Call, dict[str, Any]]:
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
                pages=self.store.pages,
                path=ids,
                query=request.parameters,
                sent=sent,
                public_url=self.public_url,
                rows_at_most=self.control.short_pages.rows_at_most() if route.lists else MAX_PAGE_SIZE,
                sessions=self.control.sessions,
                person_id=users.person_of(db, request.header(AS_PERSON), bot),
            )
            if route.creates:
                self.control.block_limit.check()
            answer = route.handler(call)
            heard = self.control.webhooks.heard_by(call)
        # Only what is kept is told.
        self.control.webhooks.publish(heard)
        self.control.block_limit.count(call.created)
        return call, answer

    def _bot(self, request: Request) -> Bot | None:
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        with self.store.reading() as db:
            return users.of_token(db, token.strip())

    def _beside(self, request: Request) -> Answer:
        """Answer what is no part of the API: the simulator's own addresses, and pages for a browser."""
        if request.path.startswith("/_sim/"):
            # A browser names where a page's request comes from. No page anywhere shall steer this, or end a process.
            if request.header("Origin") is not None:
                raise errors.not_from_a_page()
            told = self.control.answer(request.method, request.path, request.json(), request.parameters)
            return Answer(status=200, body=store.pack_bytes(told))
        found = _PAGE.fullmatch(request.path)
        if request.method not in ("GET", "HEAD") or not (found or request.path == "/"):
            raise errors.invalid_url()
        with self.store.reading() as db:
            status, text = view.render(db, str(uuid.UUID(found["id"])) if found else None)
        headers = {"Content-Security-Policy": view.POLICY, "X-Content-Type-Options": "nosniff"}
        return Answer(
            status=status, body=text.encode(), content_type="text/html; charset=utf-8", headers=headers
        )


def create_app(
    path: str | Path,
    *,
    public_url: str | None = None,
    store: Store | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> App:
    """Return the simulator on a state file, made where it is missing.

    ``public_url`` is the address that the links of pages lead to; without it they lead to notion.so.
    ``store`` is used instead of opening ``path`` where the caller has one (with a clock or seed of its own),
    ``sleep`` where latency and delays shall not take real time.
    """
    return App(store or Store(path), public_url=public_url, sleep=sleep)


def _told(request: Request, answer: Callable[[], Answer]) -> Answer:
    """Return an answer, or the error that keeps it from being one."""
    try:
        return answer()
    except errors.ApiError as error:
        data = error.additional_data or {}
        return Answer(
            status=error.status,
            body=store.pack_bytes(error.body(request.id)),
            headers=error.headers,
            outcome="refused" if error.status == HTTPStatus.TOO_MANY_REQUESTS else "failed",
            reason=data.get("rate_limit_reason"),
        )


def _failed(fault: faults.Fault, *, call: Call | None) -> Answer:
    """Fail as a fault asks for; ``call`` is what was done before."""
    fault.kill()
    if fault.drop or fault.kill_pid is not None:
        raise ConnectionDropped("The simulator was asked to drop this connection.")
    if fault.hang:
        raise AnswerNeverComes("The simulator was asked to leave this request without an answer.")
    if fault.raw is not None:
        return Answer(
            status=fault.status or 200,
            body=fault.raw.encode(),
            content_type=fault.content_type,
            headers={} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)},
            outcome="failed",
        )
    raise fault.error(
        committed_id=call.committed_id if call else None,
        child_ids=call.committed_child_ids if call else (),
    )
