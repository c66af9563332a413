"""Failures on request: what the real API does on a bad day, when a test or a demo asks for it.

A fault is laid by POST /_sim/faults and meets the next ``times`` requests whose ``METHOD /path`` holds ``match``, or
those from the ``nth`` such request on.
"""

import json
import os
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from csm_portal.simulators.notion import errors, store
from csm_portal.simulators.notion.body import Node

_CODES = {
    400: ("validation_error", "The request is not valid."),
    401: ("unauthorized", "API token is invalid."),
    403: ("restricted_resource", "Insufficient permissions for this endpoint."),
    404: ("object_not_found", "Could not find the object."),
    409: ("conflict_error", "Conflict occurred while saving. Please try again."),
    429: ("rate_limited", "You have been rate limited. Please try again in a few minutes."),
    500: ("internal_server_error", "Unexpected error occurred."),
    502: ("bad_gateway", "Bad gateway."),
    503: ("service_unavailable", "Notion is unavailable. Please try again later."),
    504: ("gateway_timeout", "The request timed out. Please try again later."),
    529: ("service_overload", "Notion is overloaded. Please try again later."),
}
_TEXTS = frozenset({"match", "method", "code", "message", "raw", "content_type", "rate_limit_reason"})
_FLAGS = frozenset({"after_commit", "drop", "hang", "html", "writes"})
_WHENS = ("before_commit", "after_commit", "after_answer")
_ACTS = frozenset({"status", "raw", "drop", "hang", "kill_pid", "delay_seconds"})
_KEYS = _TEXTS | _FLAGS | _ACTS | {"retry_after", "times", "nth", "when"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail.

    ``raw`` is answered as it stands (an answer that is not JSON). ``after_commit`` does the work first and then
    fails, naming what it saved in ``additional_data.committed_resource_id``. ``drop`` ends the connection without an
    answer, ``hang`` keeps it open without one. ``kill_pid`` ends that process for good: before the work, after it, or
    after its answer has left. ``delay_seconds`` waits first; alone, it only slows the answer down.
    """

    status: int | None
    retry_after: int | str | None
    match: str
    method: str | None
    writes: bool
    code: str | None
    message: str | None
    rate_limit_reason: str | None
    raw: str | None
    content_type: str
    after_commit: bool
    delay_seconds: float
    drop: bool
    hang: bool
    kill_pid: int | None
    kill_after_answer: bool

    @property
    def fails(self) -> bool:
        """Tell whether the client gets no proper answer; otherwise the answer is only late, or the last one."""
        is_kill = self.kill_pid is not None and not self.kill_after_answer
        return self.drop or self.hang or is_kill or self.raw is not None or self.status is not None

    def fits(self, method: str, path: str, *, writes: bool) -> bool:
        return (
            self.match in f"{method} {path}" and self.method in (None, method) and (writes or not self.writes)
        )

    def error(self, *, committed_id: str | None, child_ids: Sequence[str] = ()) -> errors.ApiError:
        status = self.status or 500
        code, message = _CODES.get(status, ("internal_server_error", "Unexpected error occurred."))
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        data: dict[str, Any] = {}
        if committed_id:
            data["committed_resource_id"] = committed_id
        if child_ids:
            data["committed_child_ids"] = list(child_ids)
        if status == 429:
            data["rate_limit_reason"] = self.rate_limit_reason or "connection"
        return errors.ApiError(
            status, self.code or code, self.message or message, headers=headers, additional_data=data
        )

    def kill(self) -> None:
        """End the process that the fault names, as the operating system ends one: without a word to it."""
        if self.kill_pid is not None:
            # One that has ended by itself is where it should be.
            with suppress(ProcessLookupError):
                os.kill(self.kill_pid, signal.SIGKILL)


def lay(db: sqlite3.Connection, node: Node) -> int:
    """Keep a fault that a request asks for; return its number."""
    sent = node.object(_KEYS)
    if not _ACTS & set(sent):
        raise node["status"].should("defined")
    if node["status"] and not 400 <= node["status"].number() <= 599:
        raise node["status"].should("a status from `400` to `599`")
    if node["delay_seconds"] and not 0 <= node["delay_seconds"].number() <= 120:
        raise node["delay_seconds"].should("from `0` to `120`")
    if node["html"]:
        node["status"].defined()
    for key in _TEXTS & set(sent):
        node[key].text()
    for key in _FLAGS & set(sent):
        node[key].boolean()
    if node["nth"] and not 1 <= node["nth"].number() <= 1_000_000:
        raise node["nth"].should("from `1` to `1000000`")
    if node["when"]:
        node["kill_pid"].defined()
        node["when"].one_of(_WHENS)
    # 0, 1 and what is below speak to whole groups of processes, or to the machine's first.
    if node["kill_pid"] and not 1 < node["kill_pid"].number() < 2**31:
        raise node["kill_pid"].should("the id of one process")
    times = int(node["times"].number()) if node["times"] else 1
    cursor = db.execute("INSERT INTO faults (detail, times_left) VALUES (?, ?)", (store.pack(sent), times))
    return int(cursor.lastrowid or 0)


def lift(db: sqlite3.Connection) -> None:
    """Forget every fault."""
    db.execute("DELETE FROM faults")


def waiting(db: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = db.execute("SELECT * FROM faults WHERE times_left > 0 ORDER BY id")
    return [{"id": row["id"], "times_left": row["times_left"], **json.loads(row["detail"])} for row in rows]


def is_any_waiting(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM faults WHERE times_left > 0 LIMIT 1").fetchone() is not None


def take(db: sqlite3.Connection, method: str, path: str, *, writes: bool) -> Fault | None:
    """Return the oldest fault that fits a request and count it down.

    A fault for the nth request that fits lets those before it through, each counted once.
    """
    for row in db.execute("SELECT * FROM faults WHERE times_left > 0 ORDER BY id").fetchall():
        detail = json.loads(row["detail"])
        fault = _read(detail)
        if not fault.fits(method, path, writes=writes):
            continue
        if detail.get("nth", 1) > 1:
            detail["nth"] -= 1
            db.execute("UPDATE faults SET detail = ? WHERE id = ?", (store.pack(detail), row["id"]))
            continue
        db.execute("UPDATE faults SET times_left = times_left - 1 WHERE id = ?", (row["id"],))
        return fault
    return None


def _read(detail: dict[str, Any]) -> Fault:
    kill_pid, when = detail.get("kill_pid"), detail.get("when", "after_commit")
    is_kill = kill_pid is not None
    return Fault(
        status=detail.get("status"),
        retry_after=detail.get("retry_after"),
        match=detail.get("match", ""),
        method=detail.get("method"),
        writes=detail.get("writes", is_kill),
        code=detail.get("code"),
        message=detail.get("message"),
        rate_limit_reason=detail.get("rate_limit_reason"),
        raw=_page(detail["status"]) if detail.get("html") else detail.get("raw"),
        content_type=detail.get("content_type", "text/html; charset=utf-8"),
        after_commit=detail.get("after_commit", is_kill and when == "after_commit"),
        delay_seconds=detail.get("delay_seconds", 0),
        drop=detail.get("drop", False),
        hang=detail.get("hang", False),
        kill_pid=None if kill_pid is None else int(kill_pid),
        kill_after_answer=is_kill and when == "after_answer",
    )


def _page(status: int) -> str:
    """Return the error page of a proxy that stands in between."""
    try:
        title = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        title = f"{status} Error"
    return f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\n"
