"""The time that an answer takes: as long as a test asks for, whatever else goes on at the same time."""

from collections.abc import Callable
from typing import Any

from csm_portal.simulators.notion.body import Node

MAX_MILLISECONDS = 120_000


class Latency:
    """Holds every answer back until so many milliseconds after its request came; none by default.

    The work that the simulator itself needs is part of that time, so that a check can count with it. No lock is
    held meanwhile: requests in parallel wait in parallel.
    """

    def __init__(self, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._seconds = 0.0

    def set(self, node: Node) -> None:
        """Set the latency that a request asks for: ``milliseconds``."""
        node.object({"milliseconds"})
        asked = node["milliseconds"]
        if not 0 <= asked.number() <= MAX_MILLISECONDS:
            raise asked.should(f"from `0` to `{MAX_MILLISECONDS}`")
        self._seconds = asked.number() / 1000

    def lift(self) -> None:
        self._seconds = 0.0

    def hold(self, *, since: float) -> None:
        """Wait until an answer to a request that came at ``since`` may leave."""
        left = since + self._seconds - self._clock()
        if self._seconds and left > 0:
            self._sleep(left)

    def state(self) -> dict[str, Any]:
        return {"milliseconds": round(self._seconds * 1000, 3)}
