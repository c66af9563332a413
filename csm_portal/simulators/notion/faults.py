"""Failures on request: what the real API does on a bad day, when a test or a demo asks for it.

A fault is laid by POST /_sim/faults and answers the next ``times`` requests whose ``METHOD /path`` holds ``match``.
"""

import json
import sqlite3
from dataclasses import dataclass
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
_TEXTS = frozenset({"match", "method", "code", "message", "raw", "content_type"})
_FLAGS = frozenset({"after_commit", "drop"})
_KEYS = _TEXTS | _FLAGS | {"status", "retry_after", "times", "delay_seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail.

    ``raw`` is answered as it stands (an answer that is not JSON). ``after_commit`` does the work first and then
    fails, naming what it saved in ``additional_data.committed_resource_id``. ``drop`` ends the connection without an
    answer. ``delay_seconds`` waits first; alone, it only slows the answer down.
    """

    status: int | None
    retry_after: int | str | None
    match: str
    method: str | None
    code: str | None
    message: str | None
    raw: str | None
    content_type: str
    after_commit: bool
    delay_seconds: float
    drop: bool

    def fits(self, method: str, path: str) -> bool:
        return self.match in f"{method} {path}" and self.method in (None, method)

    def error(self, *, committed_id: str | None) -> errors.ApiError:
        status = self.status or 500
        code, message = _CODES.get(status, ("internal_server_error", "Unexpected error occurred."))
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        data = {"committed_resource_id": committed_id} if committed_id else None
        return errors.ApiError(
            status, self.code or code, self.message or message, headers=headers, additional_data=data
        )


def lay(db: sqlite3.Connection, node: Node) -> int:
    """Keep a fault that a request asks for; return its number."""
    sent = node.object(_KEYS)
    if not {"status", "raw", "drop", "delay_seconds"} & set(sent):
        raise node["status"].should("defined")
    if node["status"] and not 400 <= node["status"].number() <= 599:
        raise node["status"].should("a status from `400` to `599`")
    if node["delay_seconds"] and not 0 <= node["delay_seconds"].number() <= 120:
        raise node["delay_seconds"].should("from `0` to `120`")
    for key in _TEXTS & set(sent):
        node[key].text()
    for key in _FLAGS & set(sent):
        node[key].boolean()
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


def take(db: sqlite3.Connection, method: str, path: str) -> Fault | None:
    """Return the oldest fault that fits a request and count it down."""
    for row in db.execute("SELECT * FROM faults WHERE times_left > 0 ORDER BY id").fetchall():
        fault = _read(json.loads(row["detail"]))
        if fault.fits(method, path):
            db.execute("UPDATE faults SET times_left = times_left - 1 WHERE id = ?", (row["id"],))
            return fault
    return None


def _read(detail: dict[str, Any]) -> Fault:
    return Fault(
        status=detail.get("status"),
        retry_after=detail.get("retry_after"),
        match=detail.get("match", ""),
        method=detail.get("method"),
        code=detail.get("code"),
        message=detail.get("message"),
        raw=detail.get("raw"),
        content_type=detail.get("content_type", "text/html; charset=utf-8"),
        after_commit=detail.get("after_commit", False),
        delay_seconds=detail.get("delay_seconds", 0),
        drop=detail.get("drop", False),
    )
