"""The time line of a long scan: which part of it is read, by whom, and what is still to be read (SPEC 2.4).

A query ends at 10,000 rows, so a long scan is cut by ``created_time``, which never changes. A *gap* is a stretch of
minutes that one reader walks through, oldest row first. Whoever is idle takes the upper half of the longest gap
that is left, and its owner stops earlier. Where to cut is known from the rows of the last scan; on a first scan one
answer from the gap's end tells how far it goes. Times are floored to the minute, so a gap begins and ends with one.

Pure but for its lock: the threads of a scan share one line.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MINUTE = timedelta(minutes=1)
ONE_CHAIN = 12_000
"""Up to so many rows one reader is quick enough: as many as one query gives, and some that a first scan guesses wrong."""
WORTH_HELPING = 400
"""Fewer rows than these are read sooner than shared."""
SURPRISE = 500
"""So many rows that nobody expected, and there may be any number more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows made from ``since`` on and ``before`` a time, that pass all ``conditions``, as the body of a query."""

    since: datetime | None = None
    before: datetime | None = None
    conditions: tuple[Mapping[str, Any], ...] = ()

    def body(self, *, is_descending: bool = False) -> dict[str, Any]:
        direction = "descending" if is_descending else "ascending"
        parts = [*_bounds("created_time", self.since, self.before), *self.conditions]
        found: dict[str, Any] = {"sorts": [{"timestamp": "created_time", "direction": direction}]}
        if parts:
            found["filter"] = parts[0] if len(parts) == 1 else {"and": parts}
        return found


def _bounds(timestamp: str, since: datetime | None, before: datetime | None) -> list[dict[str, Any]]:
    ends = (("on_or_after", since), ("before", before))
    return [
        {"timestamp": timestamp, timestamp: {word: moment.astimezone(UTC).isoformat(timespec="seconds")}}
        for word, moment in ends
        if moment is not None
    ]


@dataclass(slots=True, kw_only=True, eq=False)
class Gap:
    """A stretch of the line and how far its reader is.

    Every row made before ``at`` has been read, and nothing from ``before`` on is this reader's. ``is_tight``: rows are
    known to reach up to ``before``.
    """

    since: datetime | None = None
    before: datetime | None = None
    at: datetime | None = None
    rows: int = 0
    expected: int = 0
    is_tight: bool = False
    is_being_measured: bool = False
    is_read: bool = False

    @property
    def start(self) -> datetime | None:
        return self.at if self.at is not None else self.since

    @property
    def is_over(self) -> bool:
        return self.is_read or (
            self.before is not None and self.start is not None and self.start >= self.before
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an idle reader does next: read a gap, or ask first where the rows of one end (``is_measuring``)."""

    gap: Gap
    is_measuring: bool = False


@dataclass(slots=True)
class Line:
    """The line of one query. ``known`` are the times of the rows that are expected, in order."""

    known: Sequence[datetime] = ()
    _gaps: list[Gap] = field(default_factory=list)
    _given: set[str] = field(default_factory=set)
    _first: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Task | None:
        """Return what an idle reader should do, or None where nothing is worth another reader."""
        with self._lock:
            if not self._gaps:
                self._gaps.append(Gap(expected=len(self.known)))
                return Task(gap=self._gaps[0])
            gap = self._longest()
            if gap is None:
                return None
            if self._is_marked(gap):
                middle = self._median(gap)
            elif not gap.is_tight:
                gap.is_being_measured = True
                return Task(gap=gap, is_measuring=True)
            else:
                middle = _middle(gap)
            if middle is None:
                return None
            upper = Gap(since=middle, before=gap.before, is_tight=gap.is_tight, expected=self._left(gap) // 2)
            gap.before, gap.is_tight = middle, False
            self._gaps.append(upper)
            return Task(gap=upper)

    def is_worth_helping(self) -> bool:
        """Tell whether one more reader would find something to do."""
        with self._lock:
            return self._longest() is not None

    def window(self, gap: Gap) -> Window:
        """Return what is left of a gap."""
        with self._lock:
            return Window(since=gap.start, before=gap.before)

    def note(self, gap: Gap, results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Move a gap on by an answer; return those rows of it that nobody has read before."""
        with self._lock:
            fresh = self._fresh(results)
            gap.rows += len(results)
            for result in results:
                made = created(result)
                if made is not None and (gap.at is None or made > gap.at):
                    gap.at = made
                if made is not None and (self._first is None or made < self._first):
                    self._first = made
            return fresh

    def measured(
        self, gap: Gap, results: Sequence[Mapping[str, Any]], *, is_all: bool
    ) -> list[Mapping[str, Any]]:
        """Take the last rows of a gap, newest first, for read; return the new ones. ``is_all``: it has no others."""
        with self._lock:
            fresh = self._fresh(results)
            gap.is_being_measured = False
            gap.is_tight = True
            times = [made for result in results if (made := created(result)) is not None]
            if is_all:
                gap.is_read = True
            elif times and (gap.before is None or min(times) + MINUTE < gap.before):
                # The oldest of them may share its minute with rows that did not come.
                gap.before = min(times) + MINUTE
            return fresh

    def once(self, results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return those rows that nobody has read before."""
        with self._lock:
            return self._fresh(results)

    def pass_by(self, gap: Gap, minute: datetime) -> None:
        """Let a gap go on after a minute that was read by other means."""
        with self._lock:
            gap.at = minute + MINUTE

    def close(self, gap: Gap) -> None:
        """Take a gap off the line: all of it has been read."""
        with self._lock:
            gap.is_read = True
            self._gaps.remove(gap)
            if not self._gaps:
                # Keeps ``take`` from beginning again.
                self._gaps.append(gap)

    def _fresh(self, results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        fresh = []
        for result in results:
            key = str(result.get("id"))
            if key not in self._given:
                self._given.add(key)
                fresh.append(result)
        return fresh

    def _longest(self) -> Gap | None:
        is_long = max(len(self.known), len(self._given)) > ONE_CHAIN
        best: tuple[int, Gap] | None = None
        for gap in self._gaps:
            if gap.is_over or gap.is_being_measured:
                continue
            left = self._left(gap)
            if not self._is_marked(gap):
                if not gap.is_tight:
                    left = max(left, WORTH_HELPING) if self._is_surprising(gap) else 0
                elif (
                    not is_long and len(self._given) + sum(map(self._left, self._gaps)) <= ONE_CHAIN
                ) or _middle(gap) is None:
                    left = 0
            elif not is_long or self._median(gap) is None:
                left = 0
            if left >= WORTH_HELPING and (best is None or left > best[0]):
                best = left, gap
        return best[1] if best else None

    def _is_marked(self, gap: Gap) -> bool:
        return self._marks(gap.start, gap.before) > 0

    def _is_surprising(self, gap: Gap) -> bool:
        # A gap that was shared out keeps what its first reader knew: there are more than one chain's rows.
        promised = self._marks(gap.since, gap.at + MINUTE) if gap.at is not None else 0
        return gap.rows - promised >= SURPRISE or (not promised and gap.expected >= WORTH_HELPING)

    def _left(self, gap: Gap) -> int:
        """Return about how many rows of a gap are still to be read."""
        if gap.is_over:
            return 0
        if marks := self._marks(gap.start, gap.before):
            return marks
        began = gap.since or self._first
        if gap.rows < WORTH_HELPING or gap.at is None or gap.before is None or began is None:
            return max(gap.expected - gap.rows, 0)
        spent, ahead = (gap.at - began) / MINUTE + 1, (gap.before - gap.at) / MINUTE
        return int(gap.rows * ahead / spent)

    def _marks(self, since: datetime | None, before: datetime | None) -> int:
        low, high = self._between(since, before)
        return high - low

    def _between(self, since: datetime | None, before: datetime | None) -> tuple[int, int]:
        low = 0 if since is None else bisect_left(self.known, since)
        high = len(self.known) if before is None else bisect_left(self.known, before)
        return low, max(low, high)

    def _median(self, gap: Gap) -> datetime | None:
        """Return the minute that halves the known rows of a gap, or the first that cuts it at all."""
        low, high = self._between(gap.start, gap.before)
        halves = self.known[(low + high) // 2]
        if gap.start is None or halves > gap.start:
            first = self.known[low]
            if gap.start is not None or halves > first:
                return halves
        # Half of the rows or more were made in the first minute.
        after = bisect_left(self.known, halves + MINUTE)
        return self.known[after] if after < high else None


def created(result: Mapping[str, Any]) -> datetime | None:
    """Return the minute in which a result was made, or None where it does not say."""
    try:
        made = datetime.fromisoformat(str(result.get("created_time")))
    except ValueError:
        return None
    made = made.replace(tzinfo=UTC) if made.tzinfo is None else made
    return made.replace(second=0, microsecond=0)


def _middle(gap: Gap) -> datetime | None:
    """Return the minute in the middle of what is left of a gap; None where there is less than two minutes."""
    if gap.at is None or gap.before is None:
        middle = None if gap.since is None or gap.before is None else gap.since + (gap.before - gap.since) / 2
    else:
        middle = gap.at + (gap.before - gap.at) / 2
    if middle is None:
        return None
    middle = middle.replace(second=0, microsecond=0)
    low = gap.at if gap.at is not None else gap.since
    return middle if low is None or middle > low else None
