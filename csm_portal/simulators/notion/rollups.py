"""Rollups: what the pages that a page relates to come to, worked out whenever the page is given.

So a rollup changes when a related page does, and nothing about its own page tells of it.
"""

import json
import statistics
from collections.abc import Callable
from typing import Any

from csm_portal.simulators.notion import schema
from csm_portal.simulators.notion.accepted import Cells
from csm_portal.simulators.notion.call import Call

Value = dict[str, Any]
GivePage = Callable[[str, str], Value | None]
"""Return the value of a property (by name or id) of a related page, as a page gives it; None for a page that is gone."""

_NUMBERS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "average": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "range": lambda found: max(found) - min(found),
}


def related_ids(call: Call, properties: schema.Schema, prop: schema.Property, cells: Cells) -> list[str]:
    """Return the pages that a rollup looks at: all that its relation names, none where the token sees none."""
    relation = properties.get(prop["config"]["relation_property_id"])
    if relation is None or not call.sees(relation["config"]["data_source_id"]):
        return []
    return list(cells.get(prop["config"]["relation_property_id"]) or ())


def result(function: str, values: list[Value]) -> Value:
    """Return a rollup over the property values of related pages."""
    match function:
        case "show_original" | "show_unique":
            kept = values if function == "show_original" else _unique(values)
            return {"type": "array", "array": [_plain(value) for value in kept], "function": function}
        case "earliest_date" | "latest_date" | "date_range":
            return {"type": "date", "date": _date(function, values), "function": function}
        case _:
            return {"type": "number", "number": _number(function, values), "function": function}


def _number(function: str, values: list[Value]) -> float | int | None:
    if function in _NUMBERS:
        numbers = [each for value in values if isinstance(each := _inner(value), int | float)]
        # Sums of nothing are nothing, as the app shows them.
        return _NUMBERS[function](numbers) if numbers else None
    filled = [value for value in values if not _is_empty(value)]
    checked = sum(_inner(value) is True for value in values)
    counts: dict[str, float] = {
        "count": len(values),
        "count_values": len(filled),
        "not_empty": len(filled),
        "empty": len(values) - len(filled),
        "unique": len(_unique(filled)),
        "checked": checked,
        "unchecked": len(values) - checked,
    }
    if function in counts:
        return counts[function]
    whole = function.removeprefix("percent_")
    return counts[whole] / len(values) if whole in counts and values else None


def _date(function: str, values: list[Value]) -> Value | None:
    dates = [each for value in values if isinstance(each := _inner(value), dict) and "start" in each]
    if not dates:
        return None
    first = min(dates, key=lambda each: str(each["start"]))
    last = max(dates, key=lambda each: str(each["end"] or each["start"]))
    if function == "date_range":
        return {"start": first["start"], "end": last["end"] or last["start"], "time_zone": None}
    return first if function == "earliest_date" else last


def _inner(value: Value) -> Any:
    """Return what stands under the type of a value, through formulas and rollups."""
    inner = value[value["type"]]
    return _inner(inner) if value["type"] in ("formula", "rollup") else inner


def _is_empty(value: Value) -> bool:
    return _inner(value) in (None, "", [], {})


def _plain(value: Value) -> Value:
    return {"type": value["type"], value["type"]: value[value["type"]]}


def _unique(values: list[Value]) -> list[Value]:
    return list({json.dumps(_plain(value), sort_keys=True): value for value in values}.values())
