"""Writes many rows of one model by one prepared statement, for scans of ten thousand accounts.

``bulk_create`` spends most of its time preparing values one by one and writing the same SQL again for each
batch. Here a statement is written once, plain values go in as they are and repeated ones are prepared once.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict

from csm_portal.core.scope import TenantModel, claim

# What both drivers take as it is, unless the field gives it another form.
_PLAIN = frozenset({str, int, bool, type(None)})
_FORMED = (models.JSONField, models.UUIDField)
# Types whose few values come again and again in a batch: the day, the moment, an ARR, a band, an owner.
_REPEATED = (date, Decimal, Enum, UUID)


def write(rows: Sequence[TenantModel], *, over: Sequence[str] = (), fields: Sequence[str] = ()) -> None:
    """Insert rows, all of one model that brings its own keys, into the scope's tenant.

    ``over`` names the fields of a unique constraint: a row that is there already has its ``fields`` written
    over, and keeps its key. Call it in a transaction. No signal is sent and nothing is read back. Raises
    ForeignTenant as ``save`` does.
    """
    if not rows:
        return
    claim(rows)
    connection = connections[DEFAULT_DB_ALIAS]
    meta = type(rows[0])._meta
    written = [field for field in meta.concrete_fields if not field.generated]
    column = {field.name: field.column for field in written}
    quote = connection.ops.quote_name
    conflict = connection.ops.on_conflict_suffix_sql(
        written,
        OnConflict.UPDATE if over else None,
        [column[name] for name in fields],
        [column[name] for name in over],
    )
    columns = ", ".join(quote(field.column) for field in written)
    # Only names of our own models' tables and columns go into the text; every value is a parameter.
    statement = (
        f"INSERT INTO {quote(meta.db_table)} ({columns}) "  # noqa: S608
        f"VALUES ({', '.join(['%s'] * len(written))}) {conflict}"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, _prepared(rows, written, connection))


def update(rows: Sequence[TenantModel], *, fields: Sequence[str]) -> None:
    """Write these fields of rows that are there already, all of one model, by key within the scope's tenant.

    Call it in a transaction that holds the rows. Raises ForeignTenant as ``save`` does.
    """
    if not rows:
        return
    claim(rows, only=fields)
    connection = connections[DEFAULT_DB_ALIAS]
    meta = type(rows[0])._meta
    quote = connection.ops.quote_name
    key = meta.pk
    written = [meta.get_field(name) for name in fields]
    told = [field for field in (*written, meta.get_field("tenant"), key) if isinstance(field, models.Field)]
    columns = ", ".join(f"{quote(field.column)} = %s" for field in told[:-2])
    # Only names of our own models' tables and columns go into the text; every value is a parameter.
    statement = (
        f"UPDATE {quote(meta.db_table)} SET {columns} "  # noqa: S608
        f"WHERE {quote(told[-2].column)} = %s AND {quote(told[-1].column)} = %s"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, _prepared(rows, told, connection))


def _prepared(
    rows: Sequence[TenantModel],
    fields: Sequence["models.Field[Any, Any]"],
    connection: BaseDatabaseWrapper,
) -> list[tuple[Any, ...]]:
    """Return each row's values as the driver takes them: column by column, most of which need no look at each value."""
    read = [attrgetter(field.attname) for field in fields]
    columns = [
        _column(field, [one(row) for row in rows], connection)
        for field, one in zip(fields, read, strict=True)
    ]
    return list(zip(*columns, strict=True))


def _column(field: "models.Field[Any, Any]", values: list[Any], connection: BaseDatabaseWrapper) -> list[Any]:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if not isinstance(target, _FORMED) and _PLAIN.issuperset(map(type, values)):
        return values
    prepare = _preparer(target, connection)
    return [prepare(value) for value in values]


def _preparer(target: "models.Field[Any, Any]", connection: BaseDatabaseWrapper) -> Callable[[Any], Any]:
    form = target.get_db_prep_save
    takes_plain = not isinstance(target, _FORMED)
    formed: dict[Any, Any] = {}

    def prepare(value: Any) -> Any:
        if value.__class__ in _PLAIN and takes_plain:
            return value
        if not isinstance(value, _REPEATED):
            return form(value, connection)
        try:
            return formed[value]
        except KeyError:
            ready = formed[value] = form(value, connection)
            return ready

    return prepare
