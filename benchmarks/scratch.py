"""Databases that live as long as a measurement, several of them side by side in one process."""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.services import health
from csm_portal.core import statistics


@contextmanager
def database(name: str, *, folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """Make an empty, migrated database and remove it after; the one that DATABASE_URL names is never written to.

    On SQLite it is a file of the folder, elsewhere a database of its own on the same server.
    """
    given = connections[DEFAULT_DB_ALIAS]
    named_in_settings = settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"]
    scratch = given.copy()
    is_file = scratch.vendor == "sqlite"
    scratch.settings_dict["TEST"]["NAME"] = (
        str(folder / f"{name}.sqlite3") if is_file else f"portal_bench_{name}"
    )
    with using(scratch):
        # One of its steps says something whatever it is told.
        with redirect_stdout(StringIO()):
            scratch.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield scratch
        finally:
            scratch.creation.destroy_test_db(named_in_settings, verbosity=0)


@contextmanager
def using(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let everything in the block run on this database."""
    before = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connection
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = before


def settle(connection: BaseDatabaseWrapper) -> None:
    """Bring a database that was just filled to the state of one that has run for a day.

    PostgreSQL gathers its statistics by itself, only later; SQLite is told of its tables by each scan.
    """
    statistics.keep_current(*health.COUNTED)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
