"""Writes that get in each other's way: a second one under the same parent while the first is under way."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.identifiers import parse_uuid

_PARENTS = ("data_source_id", "database_id", "page_id")


class Collisions:
    """Refuses with 409 what writes under a parent that another write holds; off until a test asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_on = False
        self._held: set[str] = set()
        self._refused = 0

    @property
    def is_on(self) -> bool:
        return self._is_on

    def set(self, node: Node) -> None:
        """Switch on or off as a request asks for: ``parallel_writes`` true lets them collide."""
        node.object({"parallel_writes"})
        self._is_on = node["parallel_writes"].boolean()

    def lift(self) -> None:
        self._is_on = False

    @contextmanager
    def holding(self, parent_id: str | None) -> Iterator[None]:
        """Hold a parent while the block runs, latency included. Raises ApiError where another write holds it."""
        if parent_id is None:
            yield
            return
        with self._lock:
            if parent_id in self._held:
                self._refused += 1
                raise errors.conflict()
            self._held.add(parent_id)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(parent_id)

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {"parallel_writes": self._is_on, "refused": self._refused}


def parent_of(db: sqlite3.Connection, ids: Mapping[str, str], sent: Any) -> str | None:
    """Return what a write holds: the page whose content it changes, or the parent of what it creates."""
    given = next((parse_uuid(text) for text in ids.values()), None)
    if given is not None:
        row = db.execute("SELECT page_id FROM blocks WHERE id = ?", (given,)).fetchone()
        return str(row["page_id"]) if row else given
    parent = sent.get("parent") if isinstance(sent, dict) else None
    if not isinstance(parent, dict):
        return None
    return next(
        (parse_uuid(parent[key]) for key in _PARENTS if isinstance(parent.get(key), str)),
        None,
    )
