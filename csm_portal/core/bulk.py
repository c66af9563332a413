"""Writes many rows of one model by one prepared statement, for scans of ten thousand accounts.

``bulk_create`` spends most of its time preparing values one by one and writing the same SQL again for each
batch. Here a statement is written once, plain values go in as they are and repeated ones are prepared once.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict

from csm_portal.core.scope import TenantModel, claim, written

# What both drivers take as it is, unless the field gives it another form.
_PLAIN = frozenset({str, int, bool, type(None)})
_FORMED = (models.JSONField, models.UUIDField)
# Types whose few values come again and again in a batch: the day, the moment, an ARR, a band, an owner.
_REPEATED = (date, Decimal, Enum, UUID)

_Row = TypeVar("_Row", bound=TenantModel)


def new(model: type[_Row], **values: Any) -> _Row:
    """Return a row that is not written yet, its columns by ``attname`` (``account_id``); others have their defaults.

    It is what ``model(**values)`` gives, in a tenth of the time: no signal is sent and nothing is resolved, which for
    ten thousand rows of thirty columns costs more than all else about them. ``write`` checks it as any other.
    """
    fixed, made = _defaults(model)
    row = model.__new__(model)
    row._state = ModelState()
    known = row.__dict__
    known.update(fixed)
    known.update(values)
    for name, make in made:
        if name not in values:
            known[name] = make()
    return row


@cache
def _defaults(
    model: type[TenantModel],
) -> tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...]]:
    """Return the columns that begin with the same value in every row, and what makes those of the others."""
    fixed: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    for field in model._meta.concrete_fields:
        if field.has_default() and callable(field.default):
            made.append((field.attname, field.default))
        elif not field.generated:
            fixed[field.attname] = field.get_default()
    return fixed, tuple(made)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector still for a block that makes many rows and no cycle among them.

    It would go through all rows made so far, over and over, and find nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
    stored = [field for field in meta.concrete_fields if not field.generated]
    column = {field.name: field.column for field in stored}
    quote = connection.ops.quote_name
    conflict = connection.ops.on_conflict_suffix_sql(
        stored,
        OnConflict.UPDATE if over else None,
        [column[name] for name in fields],
        [column[name] for name in over],
    )
    columns = ", ".join(quote(field.column) for field in stored)
    # Only names of our own models' tables and columns go into the text; every value is a parameter.
    statement = (
        f"INSERT INTO {quote(meta.db_table)} ({columns}) "  # noqa: S608
        f"VALUES ({', '.join(['%s'] * len(stored))}) {conflict}"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, _prepared(rows, stored, connection))
    if not over:
        written(rows)


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
    changed = [meta.get_field(name) for name in fields]
    told = [field for field in (*changed, meta.get_field("tenant"), key) if isinstance(field, models.Field)]
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
    held = [row.__dict__ for row in rows]
    columns = [_column(field, _values(field.attname, rows, held), connection) for field in fields]
    return list(zip(*columns, strict=True))


def _values(name: str, rows: Sequence[TenantModel], held: list[dict[str, Any]]) -> list[Any]:
    try:
        return [values[name] for values in held]
    except KeyError:  # a row that was read without this column
        return [getattr(row, name) for row in rows]


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
        if isinstance(value, _REPEATED):
            key: Any = value
        elif not value and isinstance(value, dict | list):
            key = value.__class__  # one empty object is as good as another
        else:
            return form(value, connection)
        try:
            return formed[key]
        except KeyError:
            ready = formed[key] = form(value, connection)
            return ready

    return prepare
