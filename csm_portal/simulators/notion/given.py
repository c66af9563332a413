"""Property values as Notion gives them in a page."""

import json
import sqlite3
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, TypeAlias

from csm_portal.simulators.notion import formulas, identifiers, richtext, rollups, schema
from csm_portal.simulators.notion.accepted import Cells
from csm_portal.simulators.notion.call import Call
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
        depth: int = 0,
    ) -> None:
        self._call = call
        self._properties = properties
        self._others: dict[str, tuple[Writer, str] | None] = {}
        self._parts: dict[str, Writer] = {}
        self._depth = depth
        # What answers a write names every mention that was written; a later look at the page does not.
        self._cut = (lambda runs: runs) if is_echo else richtext.cut_references
        self._directory = Directory(call.db)
        self._page_address = call.address_of("").rstrip("/")
        self._plan = [
            (property_id, prop["name"], prop["type"], self._value_of(prop))
            for property_id, prop in properties.items()
            if only is None or any(identifiers.same_property(property_id, key) for key in only)
        ]

    @property
    def style(self) -> Hashable | None:
        """What decides how a row is written, besides the row; None where other rows decide as well."""
        if any(prop["type"] == "rollup" for prop in self._properties.values()):
            return None
        unseen = [
            property_id
            for property_id, prop in self._properties.items()
            if prop["type"] == "relation" and not self._call.sees(prop["config"]["data_source_id"])
        ]
        return tuple(unseen), tuple(property_id for property_id, *_ in self._plan), self._page_address

    def properties(self, row: sqlite3.Row, cells: Cells) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for property_id, name, kind, value_of in self._plan:
            if kind in _SYSTEM:
                value = self.system(kind, row)
            elif kind in _COMPUTED and property_id not in cells:
                value = self._computed(self._properties[property_id], row, cells)
            else:
                value = value_of(cells.get(property_id))
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
            case _:
                return lambda stored: stored

    def _computed(self, prop: schema.Property, row: sqlite3.Row, cells: Cells) -> dict[str, Any]:
        """Return the result of a formula or rollup, through at most so many others."""
        if self._depth >= _MOST_STEPS:
            return {"type": "string", "string": None} if prop["type"] == "formula" else _no_number(prop)
        if prop["type"] == "formula":
            return formulas.result(
                prop["config"]["expression"], lambda name: self._plain_value(name, row, cells)
            )
        return self._rollup(prop, cells)

    def _plain_value(self, name: str, row: sqlite3.Row, cells: Cells) -> Any:
        """Return what a formula works with: a number, text, truth or date, or None for what is empty."""
        property_id = schema.find(self._properties, name)
        if property_id is None:
            raise formulas.Unknown
        if property_id not in self._parts:
            self._parts[property_id] = Writer(
                self._properties, call=self._call, only=(property_id,), is_echo=True, depth=self._depth + 1
            )
        (value,) = self._parts[property_id].properties(row, cells).values()
        while value["type"] in _COMPUTED:
            value = value[value["type"]]
        inner = value[value["type"]]
        match value["type"]:
            case "title" | "rich_text":
                return "".join(run["plain_text"] for run in inner)
            case "select" | "status":
                return inner["name"] if inner else None
            case "number" | "checkbox" | "boolean" | "date" | "string" | "url" | "email" | "phone_number":
                return inner
            case "created_time" | "last_edited_time":
                return {"start": inner, "end": None, "time_zone": None}
            case _:
                raise formulas.Unknown

    def _rollup(self, prop: schema.Property, cells: Cells) -> dict[str, Any]:
        config = prop["config"]
        other = self._writer_beyond(prop)
        if other is None:
            return _no_number(prop)
        writer, name = other
        ids = rollups.related_ids(self._call, self._properties, prop, cells)
        values = []
        for page_id in ids:
            row = self._call.db.execute(
                "SELECT * FROM pages WHERE id = ? AND in_trash = 0", (page_id,)
            ).fetchone()
            if row is not None:
                values.append(writer.properties(row, json.loads(row["cells"]))[name])
        return rollups.result(config["function"], values)

    def _writer_beyond(self, prop: schema.Property) -> "tuple[Writer, str] | None":
        """Return what writes the rolled-up property of related pages, and its name; prepared once."""
        config = prop["config"]
        key = f"{config['relation_property_id']}/{config['rollup_property_id']}"
        if key not in self._others:
            self._others[key] = None
            relation = self._properties.get(config["relation_property_id"])
            source = (
                self._call.db.execute(
                    "SELECT properties FROM data_sources WHERE id = ?",
                    (relation["config"]["data_source_id"],),
                ).fetchone()
                if relation
                else None
            )
            beyond: schema.Schema = json.loads(source["properties"]) if source else {}
            found = schema.find(beyond, config["rollup_property_id"]) or schema.find(
                beyond, config["rollup_property_name"]
            )
            if found is not None:
                writer = Writer(beyond, call=self._call, only=(found,), is_echo=True, depth=self._depth + 1)
                self._others[key] = writer, beyond[found]["name"]
        return self._others[key]


def _no_number(prop: schema.Property) -> dict[str, Any]:
    return {"type": "number", "number": None, "function": prop["config"]["function"]}


_COMPUTED = frozenset({"formula", "rollup"})
# A rollup of a formula of a rollup is as far as Notion goes.
_MOST_STEPS = 4
_SYSTEM = frozenset({"created_time", "created_by", "last_edited_time", "last_edited_by"})


def short_options(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options of a select by id, as a page names them (without description)."""
    return {o["id"]: {"id": o["id"], "name": o["name"], "color": o["color"]} for o in config["options"]}
