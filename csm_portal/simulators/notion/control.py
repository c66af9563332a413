"""The simulator's own addresses, outside /v1: lay and lift faults, set a budget, look at the state."""

from collections import Counter
from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors, faults
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.budget import Budget
from csm_portal.simulators.notion.store import Store

_TABLES = ("workspaces", "users", "databases", "data_sources", "pages", "blocks")


class Control:
    """What tests and demos steer the simulator with. Faults outlive a restart; counts and budget do not."""

    def __init__(self, store: Store) -> None:
        self.budget = Budget()
        self._store = store
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, endpoint: str) -> None:
        with self._lock:
            self._counts[endpoint] += 1

    def answer(self, method: str, path: str, sent: Any) -> dict[str, Any]:
        match method, path:
            case "POST", "/_sim/faults":
                with self._store.writing() as db:
                    return {"fault": faults.lay(db, Node(sent, "body"))}
            case "DELETE", "/_sim/faults":
                with self._store.writing() as db:
                    faults.lift(db)
                return {"faults": []}
            case "POST", "/_sim/budget":
                self.budget.set(Node(sent, "body"))
                return self.budget.state()
            case "DELETE", "/_sim/budget":
                self.budget.lift()
                return self.budget.state()
            case "GET", "/_sim/state":
                return self._state()
        raise errors.invalid_url()

    def fault_for(self, method: str, path: str) -> faults.Fault | None:
        """Return the fault that meets a request, counted down; most requests cost one small read."""
        with self._store.reading() as db:
            if not faults.is_any_waiting(db):
                return None
        with self._store.writing() as db:
            return faults.take(db, method, path)

    def _state(self) -> dict[str, Any]:
        with self._store.reading() as db:
            rows = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES}  # noqa: S608
            waiting = faults.waiting(db)
        with self._lock:
            counts = dict(self._counts)
        return {
            "file": self._store.path,
            **rows,
            "faults": waiting,
            "budget": self.budget.state(),
            "requests": counts,
        }
