"""Short pages: lists that end early and say that there is more, as the real API may answer at any time."""

from threading import Lock
from typing import Any

from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import MAX_PAGE_SIZE


class ShortPages:
    """Cuts every nth page of a list to so many rows. Threads share it; a restart forgets it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._every = 0
        self._rows = MAX_PAGE_SIZE
        self._asked = 0

    def set(self, node: Node) -> None:
        """Cut pages as a request asks for: each ``every``th (1 for all of them) to at most ``rows`` rows."""
        node.object({"every", "rows"})
        every, rows = node["every"], node["rows"]
        if not 1 <= every.number() <= 1000:
            raise every.should("from `1` to `1000`")
        if not 1 <= rows.number() <= MAX_PAGE_SIZE:
            raise rows.should(f"from `1` to `{MAX_PAGE_SIZE}`")
        with self._lock:
            self._every, self._rows, self._asked = int(every.value), int(rows.value), 0

    def lift(self) -> None:
        with self._lock:
            self._every = 0

    def rows_at_most(self) -> int:
        """Return how many rows the page that is asked for now may have."""
        with self._lock:
            if not self._every:
                return MAX_PAGE_SIZE
            self._asked += 1
            return self._rows if self._asked % self._every == 0 else MAX_PAGE_SIZE

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {"every": self._every or None, "rows": self._rows if self._every else None}
