"""Requests through the whole portal in this process, what they ask the database, and how long things take."""

import gc
import io
import statistics
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

Statement = tuple[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: bytes


class Visitor:
    """A browser with a session; every request runs through the handler that a web server would call."""

    def __init__(self, session: str) -> None:
        self._handler = WSGIHandler()
        self._session = session

    def get(self, address: str, *, is_swap: bool = False) -> Answer:
        """Ask for a page, or for its fragment as htmx does. Raises RuntimeError unless the answer is 200."""
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={self._session}",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **({"HTTP_HX_REQUEST": "true"} if is_swap else {}),
        }
        told: list[str] = []
        response = self._handler(environ, lambda status, headers, exc_info=None: told.append(status))
        body = b"".join(response)
        response.close()
        answer = Answer(status=int(told[0].split()[0]), body=body)
        if answer.status != 200:
            raise RuntimeError(f"{address} answered {told[0]}, so there is nothing to measure.")
        return answer

    def statements(self, address: str, *, is_swap: bool = False) -> list[Statement]:
        """Return every statement that the request sends to the database, with its parameters."""
        found: list[Statement] = []

        def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            found.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            self.get(address, is_swap=is_swap)
        return found


def replay(statements: list[Statement]) -> None:
    """Send the statements once more through a cursor of the driver, and fetch what they return."""
    # The wrapper around it would count and time each statement, which is the framework's part.
    connection.ensure_connection()
    with closing(connection.create_cursor()) as cursor:
        for sql, params in statements:
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()


def medians(works: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Time each work once a round, all of them in turn, and return the median of each in seconds.

    In turn, so that whatever else the machine does in the meantime falls on all of them alike.
    """
    for work in works.values():
        work()
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {name: [] for name in works}
    try:
        for _ in range(rounds):
            for name, work in works.items():
                started = perf_counter()
                work()
                times[name].append(perf_counter() - started)
    finally:
        gc.unfreeze()
    return {name: statistics.median(taken) for name, taken in times.items()}
