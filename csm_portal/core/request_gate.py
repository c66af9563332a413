"""One request gate for all processes of an installation (SPEC 2.4), kept in the database.

A caller reserves the moment at which its request may leave and sleeps until then: first come, first served, one short
transaction each and no polling. The window slides and is exact: a moment is given only where fewer requests than the
budget stand in the window that ends with it, and those that still wait count too. A caller that asks often takes a few
places at once while there is room, for the next fraction of a second: SQLite has one writer at a time, and whoever
stores a page of accounts is one too.
"""

import hashlib
import hmac
import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

from csm_portal.core.side_connection import SideConnection
from csm_portal.ports import gates
from csm_portal.ports.errors import PortError, Trouble

WINDOW_SECONDS = 60.0
# The service counts when a request arrives, the gate when it leaves: the way may take one of them this much longer.
MARGIN_SECONDS = 1.0
# A clock that stands further back than this was set; less is two hosts' SQLite or a rounding.
_SET_BACK_SECONDS = 5.0
# Rows that are older than the window count for nothing; they go once a second.
_TIDY_SECONDS = 1.0
_FORGOTTEN_AFTER_SECONDS = 86_400.0
# A twentieth of the budget at most is ever taken ahead.
_AHEAD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A reserved moment: the row that holds it, and the stopwatch's reading at which it comes."""

    id: int
    leaves: float


class DatabaseGate:
    """A token's gate: at most ``budget`` requests in any window, of all processes together.

    Threads share it. It has a connection of its own, opened by the first call, so that it neither joins nor waits for
    the caller's transaction; ``close`` or the end of the gate gives it back. ``window`` and ``margin`` are seconds.
    """

    def __init__(
        self,
        fingerprint: str,
        *,
        budget: int,
        window: float = WINDOW_SECONDS,
        margin: float = MARGIN_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if budget < 1:
            raise ValueError("A request budget is at least one request a minute.")
        self._fingerprint = fingerprint
        self._budget = budget
        self._span = window + margin
        self._late = 0.75 * margin
        # Places that were taken ahead are good for half of what a place may be late.
        self._fresh = self._late / 2
        self._ahead: deque[_Place] = deque()
        self._process = os.getpid()
        self._asked: deque[float] = deque(maxlen=max(1, budget // _AHEAD))
        self._sleep = sleep
        self._side = SideConnection()
        weakref.finalize(self, self._side.close)

    def admit(self, *, patience: float = inf) -> float:
        """Block until one more request fits the budget; return the seconds that took.

        Raises PortError at once where it would take more than ``patience`` seconds, and where the database fails.
        """
        waited = 0.0
        place = self._taken_ahead() or self._reserve(patience)
        try:
            while True:
                missing = place.leaves - time.monotonic()
                if missing > 0:
                    self._sleep(missing)
                    waited += missing
                    place = self._look_again(place)
                elif -missing > self._late:
                    # The machine was busy elsewhere: the moment has passed, and the window may be full again.
                    place = self._reserve(inf, instead_of=place)
                else:
                    return waited
        except BaseException:
            self._give_back(place)
            raise

    def hold(self, seconds: float) -> None:
        """Let nobody pass for this long, those who already wait included. Never shortens an earlier hold."""
        with self._transaction() as cursor:
            now, held_until = self._enter(cursor)
            until = max(held_until, now + seconds)
            cursor.execute(
                "UPDATE core_requestgate SET held_until = %s WHERE fingerprint = %s",
                [until, self._fingerprint],
            )
            cursor.execute(
                "SELECT MIN(leaves_at) FROM core_requestadmission WHERE gate_id = %s AND leaves_at > %s",
                [self._fingerprint, now],
            )
            (earliest,) = cursor.fetchone()
            if earliest is not None and earliest < until:
                # All who wait move by the same: the distances between them are what keeps the budget.
                cursor.execute(
                    "UPDATE core_requestadmission SET leaves_at = leaves_at + %s WHERE gate_id = %s AND leaves_at > %s",
                    [until - earliest, self._fingerprint, now],
                )

    def close(self) -> None:
        """Give the connection back, and places that nobody used. The next call opens another."""
        if self._ahead:
            with suppress(PortError), self._transaction() as cursor:
                self._drop_ahead(cursor)
        self._side.close()

    def _taken_ahead(self) -> _Place | None:
        """Return a place that an earlier call took for this one, if it is still good: no write, no waiting for a lock."""
        self._asked.append(time.monotonic())
        if self._process != os.getpid():
            # A forked process has its parent's places in memory, and they are its parent's.
            self._ahead.clear()
            self._process = os.getpid()
        if not self._ahead:
            return None
        with self._transaction(is_writing=False) as cursor:
            cursor.execute(
                "SELECT held_until FROM core_requestgate WHERE fingerprint = %s", [self._fingerprint]
            )
            row = cursor.fetchone()
            is_open = row is not None and row[0] <= _now(cursor)
            # Another thread may have been faster.
            if is_open and self._ahead and time.monotonic() - self._ahead[-1].leaves <= self._fresh:
                return self._ahead.pop()
        return None

    def _reserve(self, patience: float, *, instead_of: _Place | None = None) -> _Place:
        with self._transaction() as cursor:
            now, held_until = self._enter(cursor)
            if instead_of is not None:
                cursor.execute("DELETE FROM core_requestadmission WHERE id = %s", [instead_of.id])
            self._drop_ahead(cursor)
            number = self._wanted()
            moment = max(now, held_until, self._free_from(cursor, now, number=number))
            if number > 1 and moment > now:
                number = 1
                moment = max(now, held_until, self._free_from(cursor, now))
            is_too_long = moment - now > patience
            if not is_too_long:
                first, *others = self._insert(cursor, moment, now, number=number)
                self._ahead.extend(others)
        if is_too_long:
            raise gates.closed(moment - now)
        return first

    def _drop_ahead(self, cursor: CursorWrapper) -> None:
        """Leave to others what was taken ahead and never used."""
        while self._ahead:
            cursor.execute("DELETE FROM core_requestadmission WHERE id = %s", [self._ahead.pop().id])

    def _wanted(self) -> int:
        """Return how many places to take: as many as were asked for in the time for which a place stays good."""
        since = time.monotonic() - self._fresh
        return max(1, sum(moment >= since for moment in list(self._asked)))

    def _free_from(self, cursor: CursorWrapper, now: float, *, number: int = 1) -> float:
        """Return when the window has room for so many: one span after the last of those who leave none."""
        budget, last = self._window(cursor, now, leaving=self._budget - number)
        if budget is not None and budget < self._budget:
            _, last = self._window(cursor, now, leaving=budget - number)
        return now if last is None else last + self._span

    def _window(self, cursor: CursorWrapper, now: float, *, leaving: int) -> tuple[int | None, float | None]:
        """Return the smallest budget in the window that ends now, and who is the last when so many are left out."""
        since = now - self._span
        cursor.execute(
            "SELECT (SELECT MIN(budget) FROM core_requestadmission WHERE gate_id = %s AND leaves_at > %s),"
            " (SELECT leaves_at FROM core_requestadmission WHERE gate_id = %s AND leaves_at > %s"
            " ORDER BY leaves_at DESC LIMIT 1 OFFSET %s)",
            [self._fingerprint, since, self._fingerprint, since, max(0, leaving)],
        )
        smallest, last = cursor.fetchone()
        return smallest, last

    def _insert(self, cursor: CursorWrapper, moment: float, now: float, *, number: int) -> list[_Place]:
        is_postgres = cursor.db.vendor == "postgresql"
        rows = ", ".join(["(%s, %s, %s)"] * number)
        cursor.execute(
            f"INSERT INTO core_requestadmission (gate_id, leaves_at, budget) VALUES {rows}"  # noqa: S608
            f"{' RETURNING id' if is_postgres else ''}",
            [self._fingerprint, moment, self._budget] * number,
        )
        if is_postgres:
            ids = [row[0] for row in cursor.fetchall()]
        else:
            # SQLite numbers the rows of one statement one after the other, and nobody else writes meanwhile.
            ids = list(range(cursor.lastrowid - number + 1, cursor.lastrowid + 1))
        leaves = time.monotonic() + moment - now
        return [_Place(id=identifier, leaves=leaves) for identifier in ids]

    def _look_again(self, place: _Place) -> _Place:
        """Return the place as it is after a wait: somebody may have been told meanwhile to hold all."""
        with self._transaction(is_writing=False) as cursor:
            cursor.execute("SELECT leaves_at FROM core_requestadmission WHERE id = %s", [place.id])
            row = cursor.fetchone()
            now = _now(cursor)
        # A row that is gone was older than the window: then this is too late, and a new place is taken.
        leaves = row[0] - now if row else -self._span
        return _Place(id=place.id, leaves=time.monotonic() + leaves)

    @contextmanager
    def _transaction(self, *, is_writing: bool = True) -> Iterator[CursorWrapper]:
        """Open a short transaction; one thread at a time. Raises PortError where the database fails."""
        try:
            with self._side.transaction(is_writing=is_writing) as cursor:
                yield cursor
        except DatabaseError as error:
            raise PortError(
                "The portal's own database did not say when the next request to Notion may leave. "
                "The portal tries again later; nothing needs to be done unless this lasts.",
                trouble=Trouble.UNAVAILABLE,
                permanent=False,
            ) from error

    def _give_back(self, place: _Place) -> None:
        """Leave the place of a request that will not be made to others. What fails here costs one place."""
        with suppress(PortError), self._transaction() as cursor:
            now, _ = self._enter(cursor)
            cursor.execute(
                "DELETE FROM core_requestadmission WHERE id = %s AND leaves_at > %s", [place.id, now]
            )

    def _enter(self, cursor: CursorWrapper) -> tuple[float, float]:
        """Take the gate's row until the end of the transaction; return the time and until when it is held."""
        lock = " FOR UPDATE" if cursor.db.vendor == "postgresql" else ""
        ask = f"SELECT held_until, seen_at FROM core_requestgate WHERE fingerprint = %s{lock}"  # noqa: S608
        cursor.execute(ask, [self._fingerprint])
        row = cursor.fetchone()
        if row is None:
            self._install(cursor)
            cursor.execute(ask, [self._fingerprint])
            row = cursor.fetchone()
        held_until, seen_at = row
        # Asked for only now: whoever stood in front has moved on meanwhile.
        now = _now(cursor)
        if now < seen_at - _SET_BACK_SECONDS:
            held_until -= seen_at - now
            cursor.execute(
                "UPDATE core_requestadmission SET leaves_at = leaves_at - %s WHERE gate_id = %s",
                [seen_at - now, self._fingerprint],
            )
        if abs(now - seen_at) >= _TIDY_SECONDS:
            cursor.execute(
                "UPDATE core_requestgate SET seen_at = %s, held_until = %s WHERE fingerprint = %s",
                [now, held_until, self._fingerprint],
            )
            cursor.execute(
                "DELETE FROM core_requestadmission WHERE gate_id = %s AND leaves_at <= %s",
                [self._fingerprint, now - self._span],
            )
        return now, held_until

    def _install(self, cursor: CursorWrapper) -> None:
        """Make the gate of a token that was never seen, and forget those of tokens that are no longer used."""
        before = _now(cursor) - _FORGOTTEN_AFTER_SECONDS
        forgotten = "SELECT fingerprint FROM core_requestgate WHERE seen_at < %s AND held_until < %s"
        cursor.execute(
            f"DELETE FROM core_requestadmission WHERE gate_id IN ({forgotten})",  # noqa: S608
            [before, before],
        )
        cursor.execute(
            "DELETE FROM core_requestgate WHERE seen_at < %s AND held_until < %s", [before, before]
        )
        cursor.execute(
            "INSERT INTO core_requestgate (fingerprint, held_until, seen_at) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING",
            [self._fingerprint],
        )


def for_token(token: str, *, budget: int) -> DatabaseGate:
    """Return the gate of a token; nothing is asked of the database yet."""
    return DatabaseGate(fingerprint(token), budget=budget)


def fingerprint(token: str) -> str:
    """Return what a token is known by where it must not stand itself: 64 hex digits that only this portal can make."""
    # The oldest key: it is the same before and after a new one is put in front of it.
    key = settings.CSM_SECRET_KEYS[-1] if settings.CSM_SECRET_KEYS else settings.SECRET_KEY
    return hmac.new(
        f"request gate {key}".encode(), token.strip().encode(), digestmod=hashlib.sha256
    ).hexdigest()


def _now(cursor: CursorWrapper) -> float:
    """Return the database's clock: all hosts that share a gate read the same one."""
    if cursor.db.vendor == "postgresql":
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8")
        return float(cursor.fetchone()[0])
    return time.time()
