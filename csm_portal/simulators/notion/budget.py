"""Request budgets, off until a test asks for them: one for each token, and one that a whole workspace shares."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Bot

_MAX_REQUESTS = 1_000_000
_MAX_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """So many requests in a span. ``reason`` is what a refusal calls it."""

    requests: int
    span: timedelta
    reason: str
    key: Callable[[Bot], str]


@dataclass(slots=True, kw_only=True)
class _Window:
    taken: deque[datetime] = field(default_factory=deque)
    closed_until: datetime | None = None
    refused: int = 0
    too_early: int = 0


class Budget:
    """Counts requests in sliding windows. Threads share it; a restart forgets it."""

    def __init__(self) -> None:
        self._limits: list[_Limit] = []
        self._windows: dict[tuple[str, str], _Window] = {}
        self._has_header = True
        self._lock = Lock()

    def set(self, node: Node) -> None:
        """Set the budgets that a request asks for.

        ``requests`` in ``seconds`` for each token, ``workspace_requests`` in ``workspace_seconds`` (those of the token
        unless given) for all tokens of a workspace together. ``retry_after: false`` leaves the header out.
        """
        node.object({"requests", "seconds", "workspace_requests", "workspace_seconds", "retry_after"})
        limits = []
        if node["requests"] or not node["workspace_requests"]:
            limits.append(_limit(node, "requests", "seconds", reason="connection", key=lambda bot: bot.id))
        if node["workspace_requests"]:
            seconds = "workspace_seconds" if node["workspace_seconds"] else "seconds"
            limits.append(
                _limit(
                    node, "workspace_requests", seconds, reason="workspace", key=lambda bot: bot.workspace_id
                )
            )
        has_header = node["retry_after"].boolean() if node["retry_after"] else True
        with self._lock:
            self._limits, self._has_header = limits, has_header
            self._windows.clear()

    def lift(self) -> None:
        with self._lock:
            self._limits = []
            self._windows.clear()

    def take(self, bot: Bot, *, now: datetime) -> None:
        """Count a request, or raise 429 with the whole seconds until one will be let through.

        A request that comes before that is counted as too early: a client that obeys has none. A refused request
        takes nothing from any budget.
        """
        with self._lock:
            windows = [
                (limit, self._windows.setdefault((limit.reason, limit.key(bot)), _Window()))
                for limit in self._limits
            ]
            for limit, window in windows:
                while window.taken and window.taken[0] <= now - limit.span:
                    window.taken.popleft()
            full = [(limit, window) for limit, window in windows if len(window.taken) >= limit.requests]
            if not full:
                for _, window in windows:
                    window.taken.append(now)
                return
            waits = {}
            for limit, window in full:
                window.refused += 1
                if window.closed_until is not None and now < window.closed_until:
                    window.too_early += 1
                wait = max(1, ceil((window.taken[0] + limit.span - now).total_seconds()))
                window.closed_until = now + timedelta(seconds=wait)
                waits[wait] = limit.reason
        longest = max(waits)
        raise errors.rate_limited(longest, reason=waits[longest], has_header=self._has_header)

    def state(self) -> dict[str, Any]:
        """Return the budgets and what was refused so far, all tokens together."""
        with self._lock:
            windows = self._windows.values()
            found = {limit.reason: limit for limit in self._limits}
            own, shared = found.get("connection"), found.get("workspace")
            state: dict[str, Any] = {
                "requests": own.requests if own else None,
                "seconds": own.span.total_seconds() if own else None,
                "refused": sum(window.refused for window in windows),
                "too_early": sum(window.too_early for window in windows),
            }
            if shared:
                state["workspace_requests"] = shared.requests
                state["workspace_seconds"] = shared.span.total_seconds()
            return state


def _limit(node: Node, requests: str, seconds: str, *, reason: str, key: Callable[[Bot], str]) -> _Limit:
    if not 1 <= node[requests].number() <= _MAX_REQUESTS:
        raise node[requests].should(f"from `1` to `{_MAX_REQUESTS}`")
    if not 0 < node[seconds].number() <= _MAX_SECONDS:
        raise node[seconds].should(f"above `0` and at most `{_MAX_SECONDS}`")
    return _Limit(
        requests=int(node[requests].value),
        span=timedelta(seconds=node[seconds].value),
        reason=reason,
        key=key,
    )
