"""The database that a subject stands on, and the processes that it starts."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_forking = multiprocessing.get_context("fork")


@contextmanager
def own_database(name: str, *, folder: Path) -> Iterator[None]:
    """Let the block, with the threads and processes that it starts, run on a copy of the database at hand.

    The copy is a file of the folder on SQLite, where a test's database in memory would be one of each process
    alone, and a database of its own on PostgreSQL. Call it outside a transaction; the copy is gone afterwards.
    """
    original = connections[DEFAULT_DB_ALIAS]
    configured = connections.settings[DEFAULT_DB_ALIAS]
    named = configured["NAME"]
    is_file = original.vendor == "sqlite"
    # Tests run in several processes on one server, each with a database at hand of its own.
    copy = str(folder / f"{name}.sqlite3") if is_file else f"portal_soak_{name}_{os.getpid()}"
    quoted = original.ops.quote_name
    with original.cursor() as cursor:
        if is_file:
            cursor.execute("VACUUM INTO %s", [copy])
        else:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(copy)} WITH (FORCE)")
            # A thread of an earlier test may have left its connection behind, and PostgreSQL copies nothing in use.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.execute(f"CREATE DATABASE {quoted(copy)} TEMPLATE {quoted(named)}")
    # Every thread makes its connection from this dictionary.
    configured["NAME"] = copy
    connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS].close()
        configured["NAME"] = named
        connections[DEFAULT_DB_ALIAS] = original
        if is_file:
            for path in folder.glob(f"{name}.sqlite3*"):
                path.unlink()
        else:
            # A subject may have ended the server and started it again.
            original.close()
            with original.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {quoted(copy)} WITH (FORCE)")


def start(function: Callable[..., object], *arguments: Any) -> ForkProcess:
    """Run a function in a process of its own, which needs no Django started anew. Whoever starts it ends it."""
    # A connection that two processes hold is closed by the first of them that ends.
    connections.close_all()
    process = _forking.Process(target=function, args=arguments)
    process.start()
    return process
