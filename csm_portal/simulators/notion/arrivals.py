"""The log of arrivals: which request came when, under which token, and what became of it.

A check proves with it that a client keeps a budget in every window and comes back in time, not a moment before.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

_KEPT = 200_000


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One request.

    ``at`` is the simulator's clock, ``monotonic`` the machine's: seconds that other processes can compare with theirs.
    ``early_seconds`` tells how long before the end of a ``Retry-After`` it came, ``refused_ago_seconds`` how long after
    the answer that asked to wait: a few milliseconds only say that both were under way at the same time.
    """

    number: int
    at: datetime
    monotonic: float
    method: str
    path: str
    endpoint: str
    bot_id: str | None
    integration: str | None
    outcome: str = "under way"
    status: int | None = None
    reason: str | None = None
    retry_after: int | None = None
    answered_at: datetime | None = None
    early_seconds: float | None = None
    refused_ago_seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": _text(self.at),
            "monotonic": self.monotonic,
            "method": self.method,
            "path": self.path,
            "endpoint": self.endpoint,
            "bot_id": self.bot_id,
            "integration": self.integration,
            "outcome": self.outcome,
            "status": self.status,
            "reason": self.reason,
            "retry_after": self.retry_after,
            "answered_at": _text(self.answered_at) if self.answered_at else None,
            "early_seconds": self.early_seconds,
            "refused_ago_seconds": self.refused_ago_seconds,
        }


@dataclass(slots=True, kw_only=True)
class _Closed:
    until: datetime
    since: datetime


@dataclass(slots=True)
class Arrivals:
    """Keeps the last 200,000 arrivals. Threads share it; a restart forgets them."""

    _kept: deque[Arrival] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _closed: dict[str, _Closed] = field(default_factory=dict)
    _next: int = 1
    _lock: Lock = field(default_factory=Lock)

    def note(
        self,
        *,
        at: datetime,
        monotonic: float,
        method: str,
        path: str,
        endpoint: str,
        bot_id: str | None,
        integration: str | None,
    ) -> Arrival:
        """Write down a request that has just come."""
        with self._lock:
            arrival = Arrival(
                number=self._next,
                at=at,
                monotonic=monotonic,
                method=method,
                path=path,
                endpoint=endpoint,
                bot_id=bot_id,
                integration=integration,
            )
            self._next += 1
            closed = self._closed.get(bot_id or "")
            if closed is not None and closed.since <= at < closed.until:
                arrival.early_seconds = (closed.until - at).total_seconds()
                arrival.refused_ago_seconds = (at - closed.since).total_seconds()
            self._kept.append(arrival)
        return arrival

    def end(
        self,
        arrival: Arrival,
        *,
        at: datetime,
        outcome: str,
        status: int | None = None,
        reason: str | None = None,
        closed_until: datetime | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Write down what became of a request. ``closed_until`` is when the token may come back."""
        with self._lock:
            arrival.outcome, arrival.status, arrival.reason = outcome, status, reason
            arrival.answered_at, arrival.retry_after = at, retry_after
            if closed_until is not None and arrival.bot_id is not None:
                known = self._closed.get(arrival.bot_id)
                # Two refusals under way at once: the later end counts, told since the first of them.
                if known is None or known.until <= at:
                    self._closed[arrival.bot_id] = _Closed(until=closed_until, since=at)
                else:
                    known.until = max(known.until, closed_until)

    def kept(self, *, after: int = 0) -> list[Arrival]:
        """Return the arrivals whose number is above ``after``, oldest first."""
        with self._lock:
            return [arrival for arrival in self._kept if arrival.number > after]

    def clear(self) -> None:
        """Forget the arrivals; numbers go on, and a token that was asked to wait is still asked to."""
        with self._lock:
            self._kept.clear()


def busiest(arrivals: Iterable[Arrival], *, seconds: float) -> int:
    """Return the most requests of one token in any window of so many seconds, refused ones among them."""
    windows: dict[str | None, deque[datetime]] = {}
    most = 0
    for arrival in sorted(arrivals, key=lambda each: each.at):
        window = windows.setdefault(arrival.bot_id, deque())
        window.append(arrival.at)
        while (arrival.at - window[0]).total_seconds() >= seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
