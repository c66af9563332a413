"""The state of the simulated workspace, in one SQLite file."""

import json
import os
import queue
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csm_portal.simulators.notion import identifiers
from csm_portal.simulators.notion.remembered import Orders, Pages

_LAYOUT = 1
"""The number of the table layout below; a file of another layout is refused."""

_TABLES = """
CREATE TABLE IF NOT EXISTS workspaces (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id), kind TEXT NOT NULL, name TEXT,
    email TEXT, token TEXT UNIQUE, rank INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS shares (
    bot_id TEXT NOT NULL, object_id TEXT NOT NULL, PRIMARY KEY (bot_id, object_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS databases (
    id TEXT PRIMARY KEY, parent TEXT NOT NULL, detail TEXT NOT NULL, created_time TEXT NOT NULL,
    last_edited_time TEXT NOT NULL, created_by TEXT NOT NULL, last_edited_by TEXT NOT NULL,
    in_trash INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS data_sources (
    id TEXT PRIMARY KEY, database_id TEXT NOT NULL REFERENCES databases (id), rank INTEGER NOT NULL,
    detail TEXT NOT NULL, properties TEXT NOT NULL, created_time TEXT NOT NULL, last_edited_time TEXT NOT NULL,
    created_by TEXT NOT NULL, last_edited_by TEXT NOT NULL, in_trash INTEGER NOT NULL DEFAULT 0,
    last_number INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS pages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, parent_type TEXT NOT NULL, parent_id TEXT,
    title TEXT NOT NULL, cells TEXT NOT NULL, detail TEXT NOT NULL, number INTEGER,
    created_time TEXT NOT NULL, last_edited_time TEXT NOT NULL,
    created_by TEXT NOT NULL, last_edited_by TEXT NOT NULL,
    is_archived INTEGER NOT NULL DEFAULT 0, in_trash INTEGER NOT NULL DEFAULT 0, is_locked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS pages_by_place ON pages (parent_id, seq);
DROP INDEX IF EXISTS pages_by_creation;
DROP INDEX IF EXISTS pages_by_edit;
CREATE INDEX IF NOT EXISTS pages_in_partition_by_creation
    ON pages (parent_id, in_trash, is_archived, created_time, seq);
CREATE INDEX IF NOT EXISTS pages_in_partition_by_edit
    ON pages (parent_id, in_trash, is_archived, last_edited_time, seq);
CREATE TRIGGER IF NOT EXISTS page_added AFTER INSERT ON pages BEGIN
    UPDATE data_sources SET revision = revision + 1 WHERE id = NEW.parent_id;
END;
CREATE TRIGGER IF NOT EXISTS page_changed AFTER UPDATE ON pages BEGIN
    UPDATE data_sources SET revision = revision + 1 WHERE id = NEW.parent_id;
END;
CREATE TABLE IF NOT EXISTS blocks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, page_id TEXT NOT NULL, parent_id TEXT NOT NULL,
    place INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL, created_time TEXT NOT NULL,
    last_edited_time TEXT NOT NULL, created_by TEXT NOT NULL, last_edited_by TEXT NOT NULL,
    in_trash INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS blocks_by_place ON blocks (parent_id, place);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, detail TEXT NOT NULL, times_left INTEGER NOT NULL
);
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


_open_stores: "weakref.WeakSet[Store]" = weakref.WeakSet()
_inherited: list[Any] = []


def _after_fork() -> None:
    for each in list(_open_stores):
        each.begin_anew()


os.register_at_fork(after_in_child=_after_fork)


class CannotOpen(Exception):
    """The state file is no file of this simulator, or cannot be reached."""


class Store:
    """Owns the file. Threads share it; another process may write to it at the same time.

    What a request has answered is committed, so that killing the process loses nothing that was answered.
    ``clock`` and ``seed`` make times and ids repeatable.
    """

    def __init__(
        self, path: str | Path, *, clock: Callable[[], datetime] = utc_now, seed: int | None = None
    ) -> None:
        _open_stores.add(self)
        self.path = str(path)
        self.mint = identifiers.Mint(seed)
        self.orders = Orders()
        self.pages = Pages()
        self._clock = clock
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writer = threading.Lock()
        try:
            self._prepare()
        except sqlite3.Error as error:
            raise CannotOpen(
                f"The state file {path} cannot be opened: {error}. Choose another file."
            ) from error

    def _prepare(self) -> None:
        with self._connection() as connection:
            layout = connection.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, _LAYOUT):
                raise CannotOpen(
                    f"The state file {self.path} was written by another version of the simulator. "
                    "Delete it, or choose another file."
                )
            connection.executescript(f"{_TABLES} PRAGMA user_version = {_LAYOUT};")

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the file throughout."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are kept if the block ends well, and undone if it raises."""
        # The lock spares the threads of one process SQLite's polling for its own lock.
        with self._writer, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Close every idle connection; the write-ahead log is folded into the file."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def begin_anew(self) -> None:
        """Forget the connections of the process that this one was forked from: SQLite's survive no fork.

        They are not closed either, as that would let go of locks that the parent holds.
        """
        _inherited.append(self._idle)
        self._idle = queue.LifoQueue()
        self._writer = threading.Lock()
        self.orders = Orders()
        self.pages = Pages()
        self.mint.part(os.getpid())

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=20, check_same_thread=False, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection


def pack(value: Any) -> str:
    """Return a value as the JSON that the file holds."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def minute(moment: datetime) -> str:
    """Return a time as Notion gives it: UTC, floored to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def instant(moment: datetime) -> str:
    """Return a time as Notion gives it in full: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pack_bytes(value: Any) -> bytes:
    """Return a value as the JSON of an answer: UTF-8 without blanks, as the real API sends it."""
    return pack(value).encode()
