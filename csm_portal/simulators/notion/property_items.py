"""One property of a page by itself: lists whole, in pages of their own, everything else as one value."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from csm_portal.simulators.notion import errors, given, identifiers, schema
from csm_portal.simulators.notion.accepted import Cells
from csm_portal.simulators.notion.call import Call, cut, listing
from csm_portal.simulators.notion.users import Directory

_LISTS = ("title", "rich_text", "people", "relation")


def answer(call: Call, row: sqlite3.Row, properties: schema.Schema, cells: Cells) -> dict[str, Any]:
    """Answer GET /v1/pages/{page_id}/properties/{property_id}.

    Titles, texts, people, relations and rollups that show what they look at come as a list, 100 at most a page.
    """
    key = call.path["property_id"]
    property_id = next((i for i in properties if identifiers.same_property(i, key)), None)
    if property_id is None:
        raise errors.validation(f"Could not find property with name or id: {key}")
    prop = properties[property_id]
    kind, stored = prop["type"], cells.get(property_id)
    writer = given.Writer(properties, call=call, only=(property_id,))
    if kind in ("title", "rich_text"):
        return _paged(call, row, property_id, kind, [{kind: run} for run in writer.runs(stored or [])])
    if kind == "people":
        directory = Directory(call.db)
        return _paged(call, row, property_id, kind, [{kind: directory[i]} for i in stored or ()])
    if kind == "relation":
        seen = call.sees(prop["config"]["data_source_id"])
        return _paged(call, row, property_id, kind, [{kind: {"id": i}} for i in (stored or ()) if seen])
    (value,) = writer.properties(row, cells).values()
    if kind == "rollup" and value[kind]["type"] == "array":
        shown = value[kind]
        items = [item for member in shown["array"] for item in _flat(member)]
        return _paged(call, row, property_id, kind, items, about={**shown, "array": []})
    return {"object": "property_item", "id": property_id, "type": kind, kind: value[kind]}


def _flat(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one rolled-up value, or each part of it where it is a list itself."""
    kind = value["type"]
    for inner in value[kind] if kind in _LISTS else [value[kind]]:
        yield {kind: inner}


def _paged(
    call: Call,
    row: sqlite3.Row,
    property_id: str,
    kind: str,
    values: list[dict[str, Any]],
    *,
    about: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one page of a property; each value is held under its type. ``about`` tells what a rollup is."""
    # Each place in the list needs a cursor of its own; the question ties it to this page and property.
    question = identifiers.question_of(f"{row['id']}/{property_id}")
    cursors = [str(identifiers.Cursor(row=i, given=i, question=question)) for i in range(len(values))]
    found, following = cut(
        values, start=call.query_text("start_cursor"), size=call.query_page_size(), cursors=cursors
    )
    items = [
        {"object": "property_item", "id": property_id, "type": next(iter(value)), **value} for value in found
    ]
    whole = listing("property_item", items, next_cursor=following)
    path = f"{call.public_url or 'https://api.notion.com'}/v1/pages/{row['id']}/properties/{property_id}"
    next_url = f"{path}?start_cursor={following}" if following else None
    whole["property_item"] = {"id": property_id, "next_url": next_url, "type": kind, kind: about or {}}
    return whole
