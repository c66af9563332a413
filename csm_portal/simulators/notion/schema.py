"""The properties of a data source: what a request may define, how they are kept and given back.

A kept schema is ``{property id: {"name", "type", "config", "description"}}`` in the order of creation.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.identifiers import same_property
from csm_portal.simulators.notion.richtext import OPTION_COLORS

Property: TypeAlias = dict[str, Any]
Schema: TypeAlias = dict[str, Property]

MAX_OPTIONS = 100
_PLAIN = (
    "title", "rich_text", "date", "people", "files", "checkbox", "url", "email", "phone_number",
    "created_time", "created_by", "last_edited_time", "last_edited_by", "button",
    "place", "verification",
)  # fmt: skip
TYPES = (*_PLAIN, "number", "select", "multi_select", "status", "relation", "rollup", "formula", "unique_id")
ROLLUP_FUNCTIONS = (
    "count", "count_values", "empty", "not_empty", "unique", "show_unique", "percent_empty", "percent_not_empty",
    "sum", "average", "median", "min", "max", "range", "earliest_date", "latest_date", "date_range", "checked",
    "unchecked", "percent_checked", "percent_unchecked", "count_per_group", "percent_per_group", "show_original",
)  # fmt: skip
_NUMBER_FORMATS = (
    "number", "number_with_commas", "percent", "dollar", "euro", "pound", "yen", "ruble", "rupee", "won", "yuan", "real",
    "lira", "franc", "australian_dollar", "canadian_dollar", "singapore_dollar", "hong_kong_dollar", "krona",
    "norwegian_krone", "danish_krone", "zloty", "mexican_peso", "new_zealand_dollar", "rand", "shekel", "dirham",
)  # fmt: skip
_STATUS_GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))
_STATUS_DEFAULTS = (("Not started", "default"), ("In progress", "blue"), ("Done", "green"))


def read_new(node: Node, *, call: Call) -> Schema:
    """Return the schema that ``initial_data_source.properties`` or ``properties`` asks for.

    Exactly one title is needed; a title called *Name* is added where none is named.
    """
    schema: Schema = {}
    if node:
        for name, wanted in node.pairs():
            add(schema, name, wanted, call=call)
    if not any(prop["type"] == "title" for prop in schema.values()):
        schema = {"title": {"name": "Name", "type": "title", "config": {}, "description": None}, **schema}
    return schema


def add(schema: Schema, name: str, node: Node, *, call: Call) -> str:
    """Add a property that a request defines and return its id."""
    kind = _kind_of(node)
    if kind == "title" and "title" in schema:
        raise errors.validation("Cannot have more than one title property.")
    if any(prop["name"] == name for prop in schema.values()):
        raise errors.validation(f"Cannot create a property with a name that already exists: {name}")
    property_id = "title" if kind == "title" else call.mint.property_id(set(schema))
    description = node["description"]
    schema[property_id] = {
        "name": name,
        "type": kind,
        "config": _read_config(kind, node[kind], schema, call),
        "description": description.text() if description and not description.is_null else None,
    }
    return property_id


def patch(schema: Schema, node: Node, *, call: Call) -> Schema:
    """Return the schema with properties added, renamed, retyped, given options, or (null) removed.

    A property is named by its name or its id.
    """
    changed = {property_id: dict(prop) for property_id, prop in schema.items()}
    for key, wanted in node.pairs():
        property_id = find(changed, key)
        if wanted.is_null:
            _remove(changed, property_id, key)
        elif property_id is None:
            add(changed, key, wanted, call=call)
        else:
            _change(changed, property_id, wanted, call=call)
    return changed


def _remove(schema: Schema, property_id: str | None, key: str) -> None:
    if property_id is None:
        raise errors.validation(f"Could not find property with name or id: {key}")
    if property_id == "title":
        raise errors.validation("Cannot delete the title property.")
    del schema[property_id]


def _change(schema: Schema, property_id: str, node: Node, *, call: Call) -> None:
    prop = schema[property_id]
    name = node["name"]
    if name:
        if any(p["name"] == name.text() for i, p in schema.items() if i != property_id):
            raise errors.validation(
                f"Cannot create a property with a name that already exists: {name.text()}"
            )
        prop["name"] = name.text()
    if node["description"]:
        prop["description"] = None if node["description"].is_null else node["description"].text()
    if set(node.object()) <= {"name", "description", "type"} and "type" not in node.object():
        return
    kind = _kind_of(node)
    if (kind == "title") != (prop["type"] == "title"):
        raise errors.validation(
            "Cannot change the type of the title property, or make another property the title."
        )
    config = _read_config(kind, node[kind], schema, call)
    if kind == prop["type"] and "options" in config:
        config = _merge_options(prop["config"], config)
    prop["type"], prop["config"] = kind, config


def _merge_options(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    # A request lists the options that shall remain; those already there keep their id and color.
    by_name = {option["name"]: option for option in old["options"]}
    options = [by_name.get(option["name"], option) for option in new["options"]]
    return {**new, "options": options} if "groups" not in new else {**_grouped(options), "options": options}


def find(schema: Schema, key: str) -> str | None:
    """Return the id of the property that a name or id names."""
    for property_id, prop in schema.items():
        if prop["name"] == key:
            return property_id
    return next((property_id for property_id in schema if same_property(property_id, key)), None)


def _kind_of(node: Node) -> str:
    sent = node.object()
    if "type" in sent:
        kind = node["type"].one_of(TYPES)
        node[kind].defined()
        return kind
    found = [kind for kind in TYPES if kind in sent]
    if len(found) != 1:
        lines = "\n".join(f"{node.path}.{kind} should be defined, instead was `undefined`." for kind in TYPES)
        raise errors.validation(f"body failed validation. Fix one:\n{lines}")
    return found[0]


def _read_config(kind: str, node: Node, schema: Schema, call: Call) -> dict[str, Any]:
    reader: Callable[[Node, Schema, Call], dict[str, Any]] | None = _READERS.get(kind)
    if reader:
        return reader(node, schema, call)
    node.object(())
    return {}


def _read_number(node: Node, _schema: Schema, _call: Call) -> dict[str, Any]:
    node.object({"format"})
    return {"format": node["format"].one_of(_NUMBER_FORMATS) if node["format"] else "number"}


def _read_options(node: Node, _schema: Schema, call: Call) -> dict[str, Any]:
    node.object({"options"})
    options: list[dict[str, Any]] = []
    for wanted in node["options"].items(at_most=MAX_OPTIONS) if node["options"] else []:
        wanted.object({"name", "color", "id", "description"})
        color = wanted["color"].one_of(OPTION_COLORS) if wanted["color"] else None
        options.append(option(wanted["name"].text(at_most=100), taken=options, call=call, color=color))
    return {"options": options}


def option(name: str, *, taken: list[dict[str, Any]], call: Call, color: str | None = None) -> dict[str, Any]:
    """Return a new option of a select. Commas are refused, as in Notion: they part the names there."""
    if "," in name:
        raise errors.validation(f"Invalid select option, commas not allowed: {name}")
    if any(known["name"] == name for known in taken):
        raise errors.validation(f"Invalid select option, duplicate name: {name}")
    color = color or OPTION_COLORS[1 + len(taken) % (len(OPTION_COLORS) - 1)]
    return {"id": call.mint.uuid(), "name": name, "color": color, "description": None}


def _read_status(node: Node, schema: Schema, call: Call) -> dict[str, Any]:
    options = _read_options(node, schema, call)["options"]
    if not options:
        for name, color in _STATUS_DEFAULTS:
            options.append(option(name, taken=options, call=call, color=color))
    return {"options": options, **_grouped(options)}


def _grouped(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the three groups of a status: the first option is to do, the last one complete."""
    ids = [known["id"] for known in options]
    members = (ids[:1], ids[1:-1], ids[1:][-1:])
    return {
        "groups": [
            {
                "id": f"{name.lower().replace(' ', '-')}-status-group",
                "name": name,
                "color": color,
                "option_ids": inside,
            }
            for (name, color), inside in zip(_STATUS_GROUPS, members, strict=True)
        ]
    }


def _read_relation(node: Node, _schema: Schema, call: Call) -> dict[str, Any]:
    node.object({"data_source_id", "database_id", "type", "single_property", "dual_property"})
    source_id = node["data_source_id"].uuid()
    source = call.db.execute("SELECT database_id FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    if source is None or not call.sees(source_id):
        raise call.not_found("data_source", source_id)
    config = {"data_source_id": source_id, "database_id": source["database_id"]}
    if "dual_property" in node.object():
        dual = node["dual_property"]
        dual.object({"synced_property_name", "synced_property_id"})
        name = dual["synced_property_name"]
        # The counterpart is made once this side is kept (relations.pair).
        config |= {"synced_property_id": None, "wanted_name": name.text() if name else None}
    return config


def _read_rollup(node: Node, schema: Schema, call: Call) -> dict[str, Any]:
    node.object(
        {
            "function",
            "relation_property_name",
            "relation_property_id",
            "rollup_property_name",
            "rollup_property_id",
        }
    )
    key = node["relation_property_id"] or node["relation_property_name"]
    relation_id = find(schema, key.text())
    if relation_id is None or schema[relation_id]["type"] != "relation":
        raise errors.validation(f"Could not find relation property with name or id: {key.text()}")
    rolled = (node["rollup_property_id"] or node["rollup_property_name"]).text()
    beyond = _properties_of(call, schema[relation_id]["config"]["data_source_id"])
    # A name that is not there yet is kept; it may come.
    rolled_id = find(beyond, rolled)
    return {
        "function": node["function"].one_of(ROLLUP_FUNCTIONS),
        "relation_property_id": relation_id,
        "relation_property_name": schema[relation_id]["name"],
        "rollup_property_name": beyond[rolled_id]["name"] if rolled_id else rolled,
        "rollup_property_id": rolled_id or rolled,
    }


def _read_formula(node: Node, _schema: Schema, _call: Call) -> dict[str, Any]:
    node.object({"expression"})
    return {"expression": node["expression"].text()}


def _read_unique_id(node: Node, _schema: Schema, _call: Call) -> dict[str, Any]:
    node.object({"prefix"})
    prefix = node["prefix"]
    return {"prefix": prefix.text() if prefix and not prefix.is_null else None}


_READERS: dict[str, Callable[[Node, Schema, Call], dict[str, Any]]] = {
    "number": _read_number,
    "select": _read_options,
    "multi_select": _read_options,
    "status": _read_status,
    "relation": _read_relation,
    "rollup": _read_rollup,
    "formula": _read_formula,
    "unique_id": _read_unique_id,
}


def write(schema: Schema, *, call: Call) -> dict[str, Any]:
    """Return a schema as Notion gives it, by name. A relation to what the token does not see is left out."""
    return {
        prop["name"]: _write_property(i, prop, call) for i, prop in schema.items() if _is_visible(prop, call)
    }


def _is_visible(prop: Property, call: Call) -> bool:
    return prop["type"] != "relation" or call.sees(prop["config"]["data_source_id"])


def _write_property(property_id: str, prop: Property, call: Call) -> dict[str, Any]:
    kind, config = prop["type"], prop["config"]
    if kind == "relation":
        place = {key: config[key] for key in ("data_source_id", "database_id")}
        synced_id = config.get("synced_property_id")
        if synced_id is None:
            config = {**place, "type": "single_property", "single_property": {}}
        else:
            synced = {
                "synced_property_name": _name_there(call, config["data_source_id"], synced_id),
                "synced_property_id": synced_id,
            }
            config = {**place, "type": "dual_property", "dual_property": synced}
    return {
        "id": property_id,
        "name": prop["name"],
        "description": prop["description"],
        "type": kind,
        kind: config,
    }


def _name_there(call: Call, source_id: str, property_id: str) -> str:
    """Return what the other side of a two-way relation is called now."""
    return str(_properties_of(call, source_id).get(property_id, {}).get("name", ""))


def _properties_of(call: Call, source_id: str) -> Schema:
    row = call.db.execute("SELECT properties FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    found: Schema = json.loads(row["properties"]) if row else {}
    return found
