"""Two-way relations: the property on the other side, and its values, follow by themselves."""

import json
from collections.abc import Mapping
from typing import Any

from csm_portal.simulators.notion import richtext, schema, store
from csm_portal.simulators.notion.call import Call

SYNCED = "synced_property_id"


def pair(call: Call, source_id: str) -> None:
    """Give each new two-way relation of a data source its counterpart on the other side."""
    properties = _properties(call, source_id)
    for property_id, prop in list(properties.items()):
        config = prop["config"]
        if prop["type"] != "relation" or config.get(SYNCED, "") is not None:
            continue
        other_id = config["data_source_id"]
        others = properties if other_id == source_id else _properties(call, other_id)
        synced_id = call.mint.property_id(set(others))
        others[synced_id] = {
            "name": _free_name(config.pop("wanted_name", None) or _name(call, source_id, prop), others),
            "type": "relation",
            "config": {
                "data_source_id": source_id,
                "database_id": _database(call, source_id),
                SYNCED: property_id,
            },
            "description": None,
        }
        config[SYNCED] = synced_id
        if others is not properties:
            _keep(call, other_id, others)
        _keep(call, source_id, properties)


def part(call: Call, source_id: str, *, before: schema.Schema, after: schema.Schema) -> None:
    """Take away the counterparts of two-way relations that a data source no longer has."""
    for property_id, prop in before.items():
        synced_id, now = prop["config"].get(SYNCED), after.get(property_id)
        if synced_id is None or (now is not None and now["config"].get(SYNCED) == synced_id):
            continue
        other_id = prop["config"]["data_source_id"]
        others = _properties(call, other_id)
        if others.pop(synced_id, None) is not None:
            _keep(call, other_id, others)


def follow(
    call: Call,
    page_id: str,
    properties: schema.Schema,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Let the pages that a page now relates to relate back, and those that it no longer names forget it."""
    for property_id, prop in properties.items():
        synced_id = prop["config"].get(SYNCED) if prop["type"] == "relation" else None
        if synced_id is None:
            continue
        old, new = before.get(property_id) or [], after.get(property_id) or []
        for other_id in {*old, *new}:
            if (other_id in old) != (other_id in new):
                _set(call, other_id, synced_id, page_id, is_there=other_id in new)


def _set(call: Call, page_id: str, property_id: str, related_id: str, *, is_there: bool) -> None:
    row = call.db.execute("SELECT cells FROM pages WHERE id = ?", (page_id,)).fetchone()
    if row is None:
        return
    cells = json.loads(row["cells"])
    related = [known for known in cells.get(property_id, ()) if known != related_id]
    cells[property_id] = [*related, related_id] if is_there else related
    if not cells[property_id]:
        del cells[property_id]
    call.db.execute("UPDATE pages SET cells = ? WHERE id = ?", (store.pack(cells), page_id))


def _name(call: Call, source_id: str, prop: schema.Property) -> str:
    row = call.db.execute("SELECT detail FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    return f"Related to {richtext.plain(json.loads(row['detail'])['title'])} ({prop['name']})"


def _free_name(name: str, properties: schema.Schema) -> str:
    taken = {prop["name"] for prop in properties.values()}
    number, found = 1, name
    while found in taken:
        found, number = f"{name} {number}", number + 1
    return found


def _database(call: Call, source_id: str) -> str:
    row = call.db.execute("SELECT database_id FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    return str(row["database_id"])


def _properties(call: Call, source_id: str) -> schema.Schema:
    row = call.db.execute("SELECT properties FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    found: schema.Schema = json.loads(row["properties"])
    return found


def _keep(call: Call, source_id: str, properties: schema.Schema) -> None:
    call.db.execute(
        "UPDATE data_sources SET properties = ? WHERE id = ?", (store.pack(properties), source_id)
    )
