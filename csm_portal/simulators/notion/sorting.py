"""Sorts of a query: read from a request, and the key that each gives a row."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from csm_portal.simulators.notion import conditions, errors, richtext, schema
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.filters import Row
from csm_portal.simulators.notion.users import Directory

_COLUMNS = ("created_time", "last_edited_time")
_DIRECTIONS = ("ascending", "descending")
MAX_SORTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """``column`` is a time column of the page, ``property_id`` a cell; one of the two."""

    is_descending: bool
    column: str | None = None
    property_id: str | None = None
    prop: schema.Property | None = None


def read(node: Node, properties: schema.Schema) -> list[Sort]:
    sorts = []
    for item in node.items(at_most=MAX_SORTS):
        sent = item.object({"property", "timestamp", "direction"})
        is_descending = item["direction"].one_of(_DIRECTIONS) == "descending"
        if "timestamp" in sent:
            sorts.append(Sort(is_descending=is_descending, column=item["timestamp"].one_of(_COLUMNS)))
            continue
        key = item["property"].text()
        property_id = schema.find(properties, key)
        if property_id is None:
            raise errors.validation(f"Could not find sort property with name or id: {key}")
        prop = properties[property_id]
        if prop["type"] in _COLUMNS:
            sorts.append(Sort(is_descending=is_descending, column=prop["type"]))
        else:
            sorts.append(Sort(is_descending=is_descending, property_id=property_id, prop=prop))
    return sorts


def order(rows: Iterable[tuple[int, Row]], sorts: list[Sort], *, directory: Directory) -> list[int]:
    """Return the rows' numbers in order. Empty values come last either way; newer rows first among equals."""
    found = sorted(rows, key=lambda pair: -pair[0])
    for sort in reversed(sorts):
        key = _key_of(sort, directory)
        keyed = [(key(row), (number, row)) for number, row in found]
        filled = [pair for pair in keyed if pair[0] is not None]
        filled.sort(key=lambda pair: pair[0], reverse=sort.is_descending)
        found = [pair for _, pair in filled] + [pair for value, pair in keyed if value is None]
    return [number for number, _ in found]


def _key_of(sort: Sort, directory: Directory) -> Callable[[Row], Any]:
    if sort.prop is None or sort.property_id is None:
        column = sort.column or "created_time"
        return lambda row: row[column]
    property_id, kind = sort.property_id, sort.prop["type"]
    if kind in ("created_by", "last_edited_by"):
        return lambda row: (directory[row[kind]].get("name") or "").casefold()
    if kind == "unique_id":
        return lambda row: row["number"]
    key = _cell_key(kind, sort.prop["config"], directory)
    return lambda row: key(row.get(property_id))


def _cell_key(kind: str, config: dict[str, Any], directory: Directory) -> Callable[[Any], Any]:
    match kind:
        case "title" | "rich_text":
            return lambda stored: richtext.plain(stored).casefold() if stored else None
        case "checkbox":
            return bool
        case "select" | "status" | "multi_select":
            ranks = {option["id"]: rank for rank, option in enumerate(config["options"])}
            return lambda stored: (
                ranks.get(stored[0] if kind == "multi_select" else stored) if stored else None
            )
        case "date":
            return lambda stored: conditions.start_of(stored) if stored else None
        case "people":
            return lambda stored: (directory[stored[0]].get("name") or "").casefold() if stored else None
        case "url" | "email" | "phone_number":
            return lambda stored: stored.casefold() if stored else None
        case "formula" | "rollup":
            return _computed_key
        case "number":
            return lambda stored: stored
        case _:
            # A relation or a file has no order of its own.
            return lambda stored: None


def _computed_key(stored: dict[str, Any] | None) -> Any:
    """Return (rank of the kind, value), so that results of different kinds can stand in one list."""
    if not stored:
        return None
    kind = stored["type"]
    value = stored.get(kind)
    match kind:
        case "number":
            return None if value is None else (0, value)
        case "string":
            return (1, value.casefold()) if value else None
        case "date":
            return (2, conditions.start_of(value)) if value else None
        case "boolean":
            return (3, bool(value))
        case _:
            return None
