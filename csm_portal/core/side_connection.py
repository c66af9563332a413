"""A database connection beside the caller's: its short transactions neither join nor follow the caller's own."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


class SideConnection:
    """One connection to the default database, opened by its first use. Threads share it, one after the other.

    On SQLite, which has one writer at a time, a caller that writes here from inside a transaction of its own would
    wait for itself.
    """

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._process = 0
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, is_writing: bool = True) -> Iterator[CursorWrapper]:
        """Run the block as one transaction, or each statement as one of its own where nothing is written."""
        with self._lock:
            try:
                connection = self._open()
                with connection.cursor() as cursor:
                    if is_writing:
                        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
                    yield cursor
                    if is_writing:
                        cursor.execute("COMMIT")
            except BaseException:
                # Its transaction goes with it, whatever state a time-out in the middle of a statement left it in.
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back. The next use opens another."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _open(self) -> BaseDatabaseWrapper:
        # A forked process must not speak over its parent's connection, and not close it either.
        if self._connection is None or self._process != os.getpid():
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self._connection.inc_thread_sharing()
            self._process = os.getpid()
        return self._connection
