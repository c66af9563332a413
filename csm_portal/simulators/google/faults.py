"""Failures on request, in the form that the Notion simulator takes them.

A fault is laid by POST /_sim/faults and meets the next ``times`` requests whose ``METHOD /path`` holds ``match``.
``status`` is answered (with ``retry_after``), ``drop`` ends the connection; with ``after_commit`` the work is done
first. ``kill_pid`` ends that process for good: ``when`` is before_commit, after_commit or after_answer.
"""

import json
import os
import signal
import sqlite3
from contextlib import suppress
from typing import Any

from csm_portal.simulators.google.answers import ApiError

_KEYS = {
    "match",
    "times",
    "status",
    "reason",
    "retry_after",
    "drop",
    "hang",
    "after_commit",
    "kill_pid",
    "when",
}


def lay(db: sqlite3.Connection, sent: dict[str, Any]) -> None:
    """Keep a fault that a request asks for."""
    unknown = set(sent) - _KEYS
    if unknown or not {"status", "drop", "hang", "kill_pid"} & set(sent):
        raise ApiError(400, f"This is no fault: {sorted(unknown) or 'it does nothing'}.")
    pid = sent.get("kill_pid")
    # 0, 1 and what is below speak to whole groups of processes, or to the machine's first.
    if pid is not None and not (isinstance(pid, int) and pid > 1):
        raise ApiError(400, "`kill_pid` should be the id of one process.")
    db.execute(
        "INSERT INTO faults (detail, times_left) VALUES (?, ?)", (json.dumps(sent), sent.get("times", 1))
    )


def lift(db: sqlite3.Connection) -> None:
    """Forget every fault."""
    db.execute("DELETE FROM faults")


def take(db: sqlite3.Connection, method: str, path: str) -> dict[str, Any] | None:
    """Return the fault that meets a request, counted down."""
    for row in db.execute("SELECT id, detail FROM faults WHERE times_left > 0 ORDER BY id").fetchall():
        fault: dict[str, Any] = json.loads(row["detail"])
        if fault.get("match", "") in f"{method} {path}":
            db.execute("UPDATE faults SET times_left = times_left - 1 WHERE id = ?", (row["id"],))
            return fault
    return None


def comes_after(fault: dict[str, Any]) -> bool:
    """Tell whether the work is done before the fault strikes."""
    return bool(fault.get("after_commit")) or fault.get("when", "before_commit") != "before_commit"


def kill(fault: dict[str, Any]) -> None:
    """End the process that the fault names, as the operating system ends one: without a word to it."""
    if fault.get("kill_pid"):
        # One that has ended by itself is where it should be.
        with suppress(ProcessLookupError):
            os.kill(fault["kill_pid"], signal.SIGKILL)
