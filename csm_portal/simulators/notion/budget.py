"""A request budget for each token, off until a test asks for it: so many requests in so many seconds."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node


@dataclass(slots=True, kw_only=True)
class _Window:
    taken: deque[datetime] = field(default_factory=deque)
    closed_until: datetime | None = None
    refused: int = 0
    too_early: int = 0


class Budget:
    """Counts requests of each token in a sliding window. Threads share it; a restart forgets it."""

    def __init__(self) -> None:
        self._requests: int | None = None
        self._span = timedelta()
        self._windows: dict[str, _Window] = {}
        self._lock = Lock()

    def set(self, node: Node) -> None:
        """Set the budget that a request asks for: ``requests`` in ``seconds``."""
        node.object({"requests", "seconds"})
        requests, seconds = node["requests"], node["seconds"]
        if not 1 <= requests.number() <= 1_000_000:
            raise requests.should("from `1` to `1000000`")
        if not 0 < seconds.number() <= 3600:
            raise seconds.should("above `0` and at most `3600`")
        with self._lock:
            self._requests, self._span = int(requests.value), timedelta(seconds=seconds.value)
            self._windows.clear()

    def lift(self) -> None:
        with self._lock:
            self._requests = None
            self._windows.clear()

    def take(self, token: str, *, now: datetime) -> None:
        """Count a request, or raise 429 with the whole seconds until one will be let through.

        A request that comes before that is counted as too early: a client that obeys has none.
        """
        with self._lock:
            if self._requests is None:
                return
            window = self._windows.setdefault(token, _Window())
            while window.taken and window.taken[0] <= now - self._span:
                window.taken.popleft()
            if len(window.taken) < self._requests:
                window.taken.append(now)
                return
            window.refused += 1
            if window.closed_until is not None and now < window.closed_until:
                window.too_early += 1
            wait = max(1, ceil((window.taken[0] + self._span - now).total_seconds()))
            window.closed_until = now + timedelta(seconds=wait)
        raise errors.rate_limited(wait)

    def state(self) -> dict[str, Any]:
        """Return the budget and what was refused so far, all tokens together."""
        with self._lock:
            windows = self._windows.values()
            return {
                "requests": self._requests,
                "seconds": self._span.total_seconds() if self._requests else None,
                "refused": sum(window.refused for window in windows),
                "too_early": sum(window.too_early for window in windows),
            }
