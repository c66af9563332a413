"""What becomes of values when the type of their property changes: kept where words can carry them, else emptied."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from csm_portal.simulators.notion import richtext, schema, store
from csm_portal.simulators.notion.body import normal_date
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import Directory


def apply(call: Call, source_id: str, *, before: schema.Schema, after: schema.Schema) -> None:
    """Turn the values of every row to the types that their properties have now. ``after`` gains new options."""
    changed = {
        property_id: (prop, after[property_id])
        for property_id, prop in before.items()
        if property_id in after and after[property_id]["type"] != prop["type"]
    }
    if not changed:
        return
    directory = Directory(call.db)
    for row in call.db.execute("SELECT seq, cells FROM pages WHERE parent_id = ?", (source_id,)).fetchall():
        cells = json.loads(row["cells"])
        for property_id, (old, new) in changed.items():
            if property_id in cells:
                words = _words(cells.pop(property_id), old, directory)
                value = _value(words, new, call) if words else None
                if value is not None:
                    cells[property_id] = value
        call.db.execute("UPDATE pages SET cells = ? WHERE seq = ?", (store.pack(cells), row["seq"]))


def _words(stored: Any, prop: Mapping[str, Any], directory: Directory) -> list[str]:
    match prop["type"]:
        case "rich_text":
            return [richtext.plain(stored)]
        case "number" | "url" | "email" | "phone_number":
            return [str(stored)]
        case "checkbox":
            return ["Yes" if stored else "No"]
        case "date":
            return [stored["start"]]
        case "people":
            return [directory[user_id].get("name") or "" for user_id in stored]
        case "select" | "status" | "multi_select":
            names = {option["id"]: option["name"] for option in prop["config"]["options"]}
            return [names[i] for i in (stored if isinstance(stored, list) else [stored]) if i in names]
        case _:
            return []


def _value(words: list[str], prop: schema.Property, call: Call) -> Any:
    first = words[0]
    match prop["type"]:
        case "rich_text":
            return [", ".join(words)]
        case "url" | "email" | "phone_number":
            return first
        case "number":
            try:
                number = float(first.replace(",", ""))
            except ValueError:
                return None
            if not isfinite(number):
                return None
            return int(number) if number.is_integer() else number
        case "checkbox":
            return first.casefold() in ("yes", "true")
        case "date":
            return (
                {"start": normal_date(first), "end": None, "time_zone": None} if normal_date(first) else None
            )
        case "select":
            return _option(first, prop, call)
        case "multi_select":
            return [_option(word, prop, call) for word in dict.fromkeys(words)]
        case "status":
            return next((o["id"] for o in prop["config"]["options"] if o["name"] == first), None)
        case _:
            return None


def _option(name: str, prop: schema.Property, call: Call) -> str:
    name = name.replace(",", ";")[:100]
    options = prop["config"]["options"]
    for known in options:
        if known["name"] == name:
            return str(known["id"])
    options.append(schema.option(name, taken=options, call=call))
    return str(options[-1]["id"])
