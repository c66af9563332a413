"""What happened, in the words of Notion's webhooks: each write tells its events, the webhooks carry them out.

An event says that something changed and where, never what it is now: whoever hears it asks again.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from csm_portal.simulators.notion.call import Call

TYPES = (
    "page.created", "page.properties_updated", "page.content_updated", "page.deleted", "page.undeleted", "page.moved",
    "page.locked", "page.unlocked", "database.created", "database.deleted", "database.undeleted", "database.moved",
    "data_source.created", "data_source.content_updated", "data_source.schema_updated", "data_source.deleted",
    "data_source.undeleted",
)  # fmt: skip


def page_created(call: Call, row: sqlite3.Row) -> None:
    _of_page(call, row, "page.created")
    _content_of_source(call, row)


def page_moved(call: Call, row: sqlite3.Row) -> None:
    _of_page(call, row, "page.moved")
    _content_of_source(call, row)


def page_updated(
    call: Call, before: sqlite3.Row, after: sqlite3.Row, *, properties: Iterable[str], is_erased: bool
) -> None:
    """Tell what a change of a page comes to; ``properties`` are the ids of those with another value."""
    changed = list(properties)
    if changed:
        _of_page(call, after, "page.properties_updated", updated_properties=changed)
    if "title" in changed or is_erased:
        # The title is a property and counts as content as well.
        _of_page(call, after, "page.content_updated", updated_blocks=[_block(after["id"])])
    for column, on, off in (
        ("in_trash", "page.deleted", "page.undeleted"),
        ("is_locked", "page.locked", "page.unlocked"),
    ):
        if bool(before[column]) != bool(after[column]):
            _of_page(call, after, on if after[column] else off)
            if column == "in_trash":
                _content_of_source(call, after)


def content_updated(call: Call, page_id: str, block_ids: Iterable[str]) -> None:
    """Tell that blocks of a page were added, changed or removed."""
    row = call.db.execute("SELECT * FROM pages WHERE id = ?", (page_id,)).fetchone()
    _of_page(call, row, "page.content_updated", updated_blocks=[_block(block_id) for block_id in block_ids])


def page_trashed(call: Call, page_id: str, *, in_trash: bool) -> None:
    """Tell that a sub-page went to the trash or came back as a block of its parent."""
    row = call.db.execute("SELECT * FROM pages WHERE id = ?", (page_id,)).fetchone()
    _of_page(call, row, "page.deleted" if in_trash else "page.undeleted")


def of_database(call: Call, row: sqlite3.Row, kind: str) -> None:
    call.tell(
        f"database.{kind}",
        entity={"id": row["id"], "type": "database"},
        data={"parent": _parent_of_database(call, row)},
    )


def of_data_source(call: Call, row: sqlite3.Row, kind: str, **data: Any) -> None:
    database = call.db.execute("SELECT * FROM databases WHERE id = ?", (row["database_id"],)).fetchone()
    call.tell(
        f"data_source.{kind}",
        entity={"id": row["id"], "type": "data_source"},
        data={"parent": _parent_of_database(call, database), **data},
    )


def schema_updated(
    call: Call, row: sqlite3.Row, *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Tell which properties of a data source were created, changed or deleted."""
    changes = []
    for property_id in {**before, **after}:
        old, new = before.get(property_id), after.get(property_id)
        if old != new:
            action = "created" if old is None else "deleted" if new is None else "updated"
            changes.append({"id": property_id, "name": (new or old or {})["name"], "action": action})
    if changes:
        of_data_source(call, row, "schema_updated", updated_properties=changes)


def _of_page(call: Call, row: sqlite3.Row, kind: str, **data: Any) -> None:
    call.tell(
        kind, entity={"id": row["id"], "type": "page"}, data={"parent": _parent_of_page(call, row), **data}
    )


def _content_of_source(call: Call, row: sqlite3.Row) -> None:
    if row["parent_type"] != "data_source_id":
        return
    source = call.db.execute("SELECT * FROM data_sources WHERE id = ?", (row["parent_id"],)).fetchone()
    of_data_source(call, source, "content_updated", updated_blocks=[_block(row["id"])])


def _block(object_id: str) -> dict[str, str]:
    return {"id": object_id, "type": "block"}


def _parent_of_page(call: Call, row: sqlite3.Row) -> dict[str, str]:
    match row["parent_type"]:
        case "data_source_id":
            source = call.db.execute(
                "SELECT database_id FROM data_sources WHERE id = ?", (row["parent_id"],)
            ).fetchone()
            return {"id": source["database_id"], "type": "database", "data_source_id": row["parent_id"]}
        case "page_id":
            return {"id": row["parent_id"], "type": "page"}
        case _:
            return {"id": call.bot.workspace_id, "type": "space"}


def _parent_of_database(call: Call, row: sqlite3.Row) -> dict[str, str]:
    parent = json.loads(row["parent"])
    if parent["type"] == "page_id":
        return {"id": parent["page_id"], "type": "page"}
    return {"id": call.bot.workspace_id, "type": "space"}
