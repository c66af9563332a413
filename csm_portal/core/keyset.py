"""Pages of a list by the place of their last row, not by their number.

A page costs the same at the end of a list as at its start, and rows that come or go meanwhile shift nothing. A
list is walked in parts, one after the other: a column that may be empty makes two, the rows with a value in its
order and then those without, so that "unknown last" holds on both databases and each part can walk an index.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

_LARGEST_EXPONENT = 15


class UnknownPlace(ValueError):
    """The mark in the address names no place of this list: it was cut short, or belongs to another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an order: never empty within its part. ``read`` rebuilds a value from its text."""

    by: str
    read: Callable[[str], Any]
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows in the order of their columns, of which the last is unique among them.

    ``is_empty``: it is known already that there are none, and nobody need ask.
    """

    rows: QuerySet[Any]
    columns: tuple[Column, ...]
    is_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One page: the asked fields of each row, and the marks of its neighbours ("" where there is none)."""

    rows: tuple[tuple[Any, ...], ...]
    previous: str
    next: str


def integer(text: str) -> int:
    """Read a whole number that a column can hold."""
    value = int(text)
    if abs(value) >= 2**31:
        raise ValueError(text)
    return value


def large(text: str) -> int:
    """Read a whole number of up to 18 digits."""
    value = int(text)
    if abs(value) >= 10**18:
        raise ValueError(text)
    return value


def decimal(text: str) -> Decimal:
    """Read an amount that a column can hold."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
        raise ValueError(text)
    return value


def day(text: str) -> date:
    """Read a date."""
    return date.fromisoformat(text)


def words(text: str) -> str:
    """Read a text; PostgreSQL takes none with a NUL in it."""
    if "\0" in text:
        raise ValueError(text)
    return text


def key(text: str) -> UUID:
    """Read a row's id."""
    return UUID(text)


def page(parts: Sequence[Part], *, order: str, mark: str, fields: Sequence[str], size: int) -> Slice:
    """Return the page at ``mark``, the first one where it is empty.

    ``order`` names the order, so that a mark made under another one is refused. At most one query for each
    part, and none for a part that the page does not reach or that is empty. Raises UnknownPlace.
    """
    if not mark:
        rows, more = _walk(parts, fields=fields, size=size)
        return _slice(rows, order=order, has_previous=False, has_next=more)
    is_backwards, part, place = _read(mark, order=order, parts=parts)
    if is_backwards:
        rows, more = _walk_back(parts, part, place, fields=fields, size=size)
        if not more and len(rows) < size:
            # Rows have gone, or come before the first: a full first page says more than a cut one.
            return page(parts, order=order, mark="", fields=fields, size=size)
        return _slice(rows, order=order, has_previous=more, has_next=True)
    rows, more = _walk(parts, fields=fields, size=size, start=part, after=place)
    return _slice(rows, order=order, has_previous=True, has_next=more)


_Found = tuple[int, tuple[Any, ...], tuple[Any, ...]]
"""The part of a row, the values of its columns, its fields."""


def _walk(
    parts: Sequence[Part],
    *,
    fields: Sequence[str],
    size: int,
    start: int = 0,
    after: tuple[Any, ...] | None = None,
) -> tuple[list[_Found], bool]:
    found: list[_Found] = []
    for number in range(start, len(parts)):
        part = parts[number]
        rows = part.rows
        if after is not None and number == start:
            rows = rows.filter(_beyond(part.columns, after, is_backwards=False))
        found += _fetch(rows, number, part, fields=fields, limit=size + 1 - len(found), is_backwards=False)
        if len(found) > size:
            return found[:size], True
    return found, False


def _walk_back(
    parts: Sequence[Part], start: int, before: tuple[Any, ...], *, fields: Sequence[str], size: int
) -> tuple[list[_Found], bool]:
    found: list[_Found] = []
    for number in range(start, -1, -1):
        part = parts[number]
        rows = part.rows
        if number == start:
            rows = rows.filter(_beyond(part.columns, before, is_backwards=True))
        found += _fetch(rows, number, part, fields=fields, limit=size + 1 - len(found), is_backwards=True)
        if len(found) > size:
            return found[size - 1 :: -1], True
    return found[::-1], False


def _fetch(
    rows: QuerySet[Any],
    number: int,
    part: Part,
    *,
    fields: Sequence[str],
    limit: int,
    is_backwards: bool,
) -> list[_Found]:
    if part.is_empty:
        return []
    ordering = [
        F(column.by).desc() if column.is_descending != is_backwards else F(column.by).asc()
        for column in part.columns
    ]
    width = len(part.columns)
    # As expressions, because a column of the order may be asked for as a field too, under the same name.
    place = [F(column.by) for column in part.columns]
    asked = rows.order_by(*ordering).values_list(*place, *fields)[:limit]
    return [(number, row[:width], row[width:]) for row in asked]


def _beyond(columns: Sequence[Column], place: tuple[Any, ...], *, is_backwards: bool) -> Q:
    """Return the condition for the rows after a place, or before it."""
    sides = ["lt" if column.is_descending != is_backwards else "gt" for column in columns]
    beyond = Q()
    equal: dict[str, Any] = {}
    for column, side, value in zip(columns, sides, place, strict=True):
        beyond |= Q(**equal, **{f"{column.by}__{side}": value})
        equal[column.by] = value
    # Says nothing new, and lets the database begin its walk at the right place of the index.
    return Q(**{f"{columns[0].by}__{sides[0]}e": place[0]}) & beyond


def _slice(rows: list[_Found], *, order: str, has_previous: bool, has_next: bool) -> Slice:
    return Slice(
        rows=tuple(fields for _, _, fields in rows),
        previous=_mark("p", order, rows[0]) if has_previous and rows else "",
        next=_mark("n", order, rows[-1]) if has_next and rows else "",
    )


def _mark(direction: str, order: str, row: _Found) -> str:
    part, place, _ = row
    text = json.dumps([direction, order, part, *map(_text, place)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(mark: str, *, order: str, parts: Sequence[Part]) -> tuple[bool, int, tuple[Any, ...]]:
    try:
        text = base64.b64decode(mark + "=" * (-len(mark) % 4), altchars=b"-_", validate=True)
        direction, ordered_by, number, *values = json.loads(text)
        if direction not in ("n", "p") or ordered_by != order or number not in range(len(parts)):
            raise UnknownPlace(mark)
        if not all(isinstance(value, str) for value in values):
            raise UnknownPlace(mark)
        place = tuple(column.read(value) for column, value in zip(parts[number].columns, values, strict=True))
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnknownPlace(mark) from error
    return direction == "p", number, place
