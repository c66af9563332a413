"""One request gate for all processes of an installation (SPEC 2.4), kept in the database.

A caller reserves the moment at which its request may leave and sleeps until then: first come, first served, one short
transaction each and no polling. The window slides and is exact: a moment is given only where fewer requests than the
budget stand in the window that ends with it, and those that still wait count too.
"""

import hashlib
import hmac
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from csm_portal.ports import gates
from csm_portal.ports.errors import PortError, Trouble

WINDOW_SECONDS = 60.0
# The service counts when a request arrives, the gate when it leaves: the way may take one of them this much longer.
MARGIN_SECONDS = 1.0
# A clock that stands further back than this was set; less is two hosts' SQLite or a rounding.
_SET_BACK_SECONDS = 5.0
_FORGOTTEN_AFTER_SECONDS = 86_400.0


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
        self._sleep = sleep
        self._lock = threading.Lock()
        self._held = _Held()
        weakref.finalize(self, self._held.close)

    def admit(self, *, patience: float = inf) -> float:
        """Block until one more request fits the budget; return the seconds that took.

        Raises PortError at once where it would take more than ``patience`` seconds, and where the database fails.
        """
        waited = 0.0
        place = self._reserve(patience)
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
        """Give the connection back. The next call opens another."""
        with self._lock:
            self._held.close()

    def _reserve(self, patience: float, *, instead_of: _Place | None = None) -> _Place:
        with self._transaction() as cursor:
            now, held_until = self._enter(cursor)
            if instead_of is not None:
                cursor.execute("DELETE FROM core_requestadmission WHERE id = %s", [instead_of.id])
            moment = max(now, held_until, self._free_from(cursor, now))
            is_too_long = moment - now > patience
            if not is_too_long:
                place = self._insert(cursor, moment, now)
        if is_too_long:
            raise gates.closed(moment - now)
        return place

    def _free_from(self, cursor: CursorWrapper, now: float) -> float:
        """Return when the window has room: one span after the last but ``budget`` of those who left or will."""
        since = now - self._span
        cursor.execute(
            "DELETE FROM core_requestadmission WHERE gate_id = %s AND leaves_at <= %s",
            [self._fingerprint, since],
        )
        cursor.execute(
            "SELECT MIN(budget) FROM core_requestadmission WHERE gate_id = %s", [self._fingerprint]
        )
        (smallest,) = cursor.fetchone()
        budget = self._budget if smallest is None else min(self._budget, smallest)
        cursor.execute(
            "SELECT leaves_at FROM core_requestadmission WHERE gate_id = %s ORDER BY leaves_at DESC LIMIT 1 OFFSET %s",
            [self._fingerprint, budget - 1],
        )
        last = cursor.fetchone()
        return now if last is None else float(last[0]) + self._span

    def _insert(self, cursor: CursorWrapper, moment: float, now: float) -> _Place:
        returning = " RETURNING id" if cursor.db.vendor == "postgresql" else ""
        cursor.execute(
            f"INSERT INTO core_requestadmission (gate_id, leaves_at, budget) VALUES (%s, %s, %s){returning}",  # noqa: S608
            [self._fingerprint, moment, self._budget],
        )
        identifier = cursor.fetchone()[0] if returning else cursor.lastrowid
        return _Place(id=identifier, leaves=time.monotonic() + moment - now)

    def _look_again(self, place: _Place) -> _Place:
        """Return the place as it is after a wait: somebody may have been told meanwhile to hold all."""
        with self._transaction(is_writing=False) as cursor:
            cursor.execute("SELECT leaves_at FROM core_requestadmission WHERE id = %s", [place.id])
            row = cursor.fetchone()
            now = _now(cursor)
        # A row that is gone was older than the window: then this is too late, and a new place is taken.
        leaves = row[0] - now if row else -self._span
        return _Place(id=place.id, leaves=time.monotonic() + leaves)

    def _give_back(self, place: _Place) -> None:
        """Leave the place of a request that will not be made to others. What fails here costs one place."""
        try:
            with self._transaction() as cursor:
                now, _ = self._enter(cursor)
                cursor.execute(
                    "DELETE FROM core_requestadmission WHERE id = %s AND leaves_at > %s", [place.id, now]
                )
        except PortError:
            pass

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
        cursor.execute(
            "UPDATE core_requestgate SET seen_at = %s, held_until = %s WHERE fingerprint = %s",
            [now, held_until, self._fingerprint],
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

    @contextmanager
    def _transaction(self, *, is_writing: bool = True) -> Iterator[CursorWrapper]:
        with self._lock:
            try:
                connection = self._held.connection()
                with connection.cursor() as cursor:
                    if is_writing:
                        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
                    yield cursor
                    if is_writing:
                        cursor.execute("COMMIT")
            except BaseException as error:
                # Its transaction goes with it, whatever state a time-out in the middle of a statement left it in.
                self._held.close()
                if isinstance(error, DatabaseError):
                    raise PortError(
                        "The portal's own database did not say when the next request to Notion may leave. "
                        "The portal tries again later; nothing needs to be done unless this lasts.",
                        trouble=Trouble.UNAVAILABLE,
                        permanent=False,
                    ) from error
                raise


class _Held:
    """The gate's connection, apart from the gate so that it can be closed when the gate is gone."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._process = 0

    def connection(self) -> BaseDatabaseWrapper:
        # A forked process must not speak over its parent's connection, and not close it either.
        if self._connection is None or self._process != os.getpid():
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self._connection.inc_thread_sharing()
            self._process = os.getpid()
        return self._connection

    def close(self) -> None:
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None


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
