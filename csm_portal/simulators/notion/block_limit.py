"""The number of blocks that a free workspace may ever hold; no limit until a test sets one."""

from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node


class BlockLimit:
    """Counts down what may still be created. Deleting gives nothing back. Threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: int | None = None

    def set(self, node: Node) -> None:
        """Let so many more pages and blocks be created: ``left``."""
        node.object({"left"})
        left = node["left"]
        if not 0 <= left.number() <= 1_000_000:
            raise left.should("from `0` to `1000000`")
        with self._lock:
            self._left = int(left.value)

    def lift(self) -> None:
        with self._lock:
            self._left = None

    def check(self) -> None:
        """Raise ApiError (403) where nothing more may be created. The write that reaches the limit still succeeds."""
        if self._left == 0:
            raise errors.block_limit()

    def count(self, created: int) -> None:
        with self._lock:
            if self._left is not None:
                self._left = max(0, self._left - created)

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {"left": self._left}
