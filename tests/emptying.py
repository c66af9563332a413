"""Empties the database after a test that commits: the tables that hold rows, and no other.

Django empties all of them and makes content types and permissions anew, which takes longer than most of these tests.
"""

import functools
from typing import Any

from django.db import connection, transaction

from csm_portal.core import audit

# What the migrations put into tables, by table.
_made: dict[str, list[str]] = {}


def remember() -> None:
    """Note what the tables hold before the first test."""
    _made.clear()
    _made.update({table: _rows(table) for table in _filled()})


def empty() -> bool:
    """Delete what a test has left; False, and nothing done, if it changed what the migrations had made."""
    filled = _filled()
    if not _made.keys() <= set(filled) or any(_rows(table) != rows for table, rows in _made.items()):
        return False
    left = [table for table in filled if table not in _made]
    if audit.TABLE in left:
        audit.unguard(connection)
    try:
        # Foreign keys are looked at when all is gone: Django makes them DEFERRABLE INITIALLY DEFERRED.
        with transaction.atomic(), connection.cursor() as cursor:
            for table in left:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
    finally:
        if audit.TABLE in left:
            audit.guard(connection)
    return True


def _filled() -> list[str]:
    """Return the tables of models that hold a row, asked for in one query."""
    quoted = connection.ops.quote_name
    asked = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in _tables()]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


@functools.cache
def _tables() -> list[str]:
    found: list[str] = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return found


def _rows(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
        found: list[Any] = cursor.fetchall()
    return sorted(map(repr, found))
