"""Property values as Notion gives them: in a page, and one by one from the property endpoint."""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from csm_portal.simulators.notion import errors, identifiers, richtext, schema
from csm_portal.simulators.notion.accepted import Cells
from csm_portal.simulators.notion.call import Call, cut, listing
from csm_portal.simulators.notion.users import Directory

MAX_REFERENCES = 25
"""A page object names no more people or related pages; only a relation says that there are more."""

_Value: TypeAlias = Callable[[Any], Any]


class Writer:
    """Writes the properties of many pages of one data source; the schema is prepared once."""

    def __init__(
        self,
        properties: schema.Schema,
        *,
        call: Call,
        only: Collection[str] | None = None,
        is_echo: bool = False,
    ) -> None:
        self._call = call
        # What answers a write names every mention that was written; a later look at the page does not.
        self._cut = (lambda runs: runs) if is_echo else richtext.cut_references
        self._directory = Directory(call.db)
        self._page_address = call.address_of("").rstrip("/")
        self._plan = [
            (property_id, prop["name"], prop["type"], self._value_of(prop))
            for property_id, prop in properties.items()
            if only is None or any(identifiers.same_property(property_id, key) for key in only)
        ]

    def properties(self, row: sqlite3.Row, cells: Cells) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for property_id, name, kind, value_of in self._plan:
            value = self.system(kind, row) if kind in _SYSTEM else value_of(cells.get(property_id))
            if kind == "unique_id":
                value = value | {"number": row["number"]}
            answer[name] = {"id": property_id, "type": kind, kind: value}
            if kind == "relation":
                stored = cells.get(property_id) or ()
                answer[name]["has_more"] = bool(value) and len(stored) > MAX_REFERENCES
        return answer

    def system(self, kind: str, row: sqlite3.Row) -> Any:
        return self._directory[row[kind]] if kind.endswith("_by") else row[kind]

    def runs(self, stored: list[richtext.Run]) -> list[dict[str, Any]]:
        return richtext.write(stored, directory=self._directory, page_address=self._page_address)

    def _value_of(self, prop: schema.Property) -> _Value:
        config = prop["config"]
        match prop["type"]:
            case "title" | "rich_text":
                return lambda stored: self.runs(self._cut(stored)) if stored else []
            case "select" | "status":
                options = short_options(config)
                return lambda stored: options.get(stored)
            case "multi_select":
                options = short_options(config)
                return lambda stored: [options[i] for i in stored or () if i in options]
            case "people":
                return lambda stored: [self._directory[i] for i in (stored or ())[:MAX_REFERENCES]]
            case "relation":
                # What a token does not see it cannot name: such a relation reads as empty.
                if not self._call.sees(config["data_source_id"]):
                    return lambda stored: []
                return lambda stored: [{"id": i} for i in (stored or ())[:MAX_REFERENCES]]
            case "checkbox":
                return bool
            case "files":
                return lambda stored: stored or []
            case "button":
                return lambda stored: {}
            case "verification":
                unverified = {"state": "unverified", "verified_by": None, "date": None}
                return lambda stored: stored or unverified
            case "unique_id":
                return lambda stored: {"prefix": config["prefix"]}
            case "formula":
                return lambda stored: stored or {"type": "string", "string": None}
            case "rollup":
                empty = {"type": "number", "number": None, "function": config["function"]}
                return lambda stored: stored or empty
            case _:
                return lambda stored: stored


_SYSTEM = frozenset({"created_time", "created_by", "last_edited_time", "last_edited_by"})


def short_options(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options of a select by id, as a page names them (without description)."""
    return {o["id"]: {"id": o["id"], "name": o["name"], "color": o["color"]} for o in config["options"]}


def property_item(call: Call, row: sqlite3.Row, properties: schema.Schema, cells: Cells) -> dict[str, Any]:
    """Answer GET /v1/pages/{page_id}/properties/{property_id}.

    Titles, texts, people and relations come as a list, whole, 100 at most a page; everything else as one value.
    """
    key = call.path["property_id"]
    property_id = next((i for i in properties if identifiers.same_property(i, key)), None)
    if property_id is None:
        raise errors.validation(f"Could not find property with name or id: {key}")
    prop = properties[property_id]
    kind, stored = prop["type"], cells.get(property_id)
    writer = Writer({property_id: prop}, call=call)
    if kind in ("title", "rich_text"):
        return _paged(call, row, property_id, kind, writer.runs(stored or []))
    if kind == "people":
        directory = Directory(call.db)
        return _paged(call, row, property_id, kind, [directory[i] for i in stored or ()])
    if kind == "relation":
        seen = call.sees(prop["config"]["data_source_id"])
        return _paged(call, row, property_id, kind, [{"id": i} for i in (stored or ()) if seen])
    (value,) = writer.properties(row, cells).values()
    return {"object": "property_item", "id": property_id, "type": kind, kind: value[kind]}


def _paged(call: Call, row: sqlite3.Row, property_id: str, kind: str, values: list[Any]) -> dict[str, Any]:
    # Each place in the list needs a cursor of its own; the question ties it to this page and property.
    question = identifiers.question_of(f"{row['id']}/{property_id}")
    cursors = [str(identifiers.Cursor(row=i, given=i, question=question)) for i in range(len(values))]
    found, following = cut(
        values, start=call.query_text("start_cursor"), size=call.query_page_size(), cursors=cursors
    )
    items = [{"object": "property_item", "id": property_id, "type": kind, kind: value} for value in found]
    answer = listing("property_item", items, next_cursor=following)
    path = f"{call.public_url or 'https://api.notion.com'}/v1/pages/{row['id']}/properties/{property_id}"
    next_url = f"{path}?start_cursor={following}" if following else None
    answer["property_item"] = {"id": property_id, "next_url": next_url, "type": kind, kind: {}}
    return answer
