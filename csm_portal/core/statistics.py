"""What SQLite must know of a table's size to plan well; PostgreSQL finds it out by itself.

Without it SQLite takes a tenant for ten rows: asked for five hundred accounts by their keys, it reads all of the tenant's
rows instead and throws most of them away, for each batch of a scan and more slowly the longer the history grows.
"""

from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, models

_SMALL: Final = 1_000
"""A table with fewer rows is read at once, whatever the plan."""
_SAMPLE: Final = 100_000
"""So many entries of an index are looked at: enough to tell a tenant from an account, and half a second at most."""


def keep_current(*tables: type[models.Model]) -> None:
    """Let SQLite count the tables that have doubled since it last did. Does nothing on other databases.

    Call it after much was written, outside the transactions of the writing.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        was_counted = bool(cursor.fetchone()[0])
        for table in tables:
            name = table._meta.db_table
            quoted = connection.ops.quote_name(name)
            # The highest row number is read at once, and no table here loses many rows.
            cursor.execute(f"SELECT max(rowid) FROM {quoted}")  # noqa: S608 (a table's own name)
            rows = cursor.fetchone()[0] or 0
            counted = 0
            if was_counted:
                cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = %s", [name])
                counted = max((int(stat.split()[0]) for (stat,) in cursor.fetchall()), default=0)
            if rows >= max(_SMALL, 2 * counted):
                cursor.execute(f"PRAGMA analysis_limit = {_SAMPLE}")
                cursor.execute(f"ANALYZE {quoted}")
