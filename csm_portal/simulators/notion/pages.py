"""Pages: created, given, changed. A row of a data source and a sub-page are both pages."""

import json
import sqlite3
from collections.abc import Collection
from typing import Any

from csm_portal.simulators.notion import (
    accepted,
    accepted_blocks,
    blocks,
    errors,
    events,
    given,
    property_items,
    relations,
    schema,
    sources,
    store,
)
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import partial

PLAIN_PAGE: schema.Schema = {"title": {"name": "title", "type": "title", "config": {}, "description": None}}
"""What a page outside a data source has."""


def page_row(call: Call, page_id: str) -> sqlite3.Row:
    """Return a page that the token sees, or say that it cannot be found."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM pages WHERE id = ?", (page_id,)).fetchone()
    if row is None or not call.sees(page_id):
        raise call.not_found("page", page_id)
    return row


def properties_of(call: Call, row: sqlite3.Row) -> schema.Schema:
    if row["parent_type"] != "data_source_id":
        return PLAIN_PAGE
    source = call.db.execute(
        "SELECT properties FROM data_sources WHERE id = ?", (row["parent_id"],)
    ).fetchone()
    return sources.properties_of(source)


def retrieve(call: Call) -> dict[str, Any]:
    """Answer GET /v1/pages/{page_id}; ``filter_properties`` names the properties to give, by id."""
    return _answer(call, page_row(call, call.path_id("page_id")))


def retrieve_property(call: Call) -> dict[str, Any]:
    """Answer GET /v1/pages/{page_id}/properties/{property_id} (property_items.answer)."""
    row = page_row(call, call.path_id("page_id"))
    return property_items.answer(call, row, properties_of(call, row), json.loads(row["cells"]))


def create(call: Call) -> dict[str, Any]:
    """Answer POST /v1/pages: a row of a data source, or a page under a page, with up to 100 blocks."""
    body = call.body
    body.object({"parent", "properties", "icon", "cover", "children"})
    parent_type, parent_id = _read_parent(call, body["parent"])
    properties = _parent_schema(call, parent_type, parent_id)
    wanted = accepted.read(body["properties"], properties, call=call)
    children = accepted_blocks.read(body["children"], call=call) if body["children"] else []
    if wanted.has_new_options:
        sources.keep_properties(call, parent_id, properties)
    page_id, moment = call.mint.uuid(), store.minute(call.now)
    cells = {key: value for key, value in wanted.cells.items() if value is not None}
    detail = _read_detail(body, {"icon": None, "cover": None})
    call.db.execute(
        "INSERT INTO pages (id, parent_type, parent_id, title, cells, detail, number, created_time, last_edited_time,"
        " created_by, last_edited_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            page_id,
            parent_type,
            parent_id,
            accepted.title_of(cells),
            store.pack(cells),
            store.pack(detail),
            _next_number(call, parent_id) if parent_type == "data_source_id" else None,
            moment,
            moment,
            call.author_id,
            call.author_id,
        ),
    )
    relations.follow(call, page_id, properties, before={}, after=cells)
    if parent_type == "page_id":
        blocks.insert_child_page(call, page_id=page_id, parent_id=parent_id)
    blocks.insert(call, children, page_id=page_id, parent_id=page_id)
    call.committed_id = page_id
    call.created += 1
    row = page_row(call, page_id)
    events.page_created(call, row)
    return _answer(call, row, is_echo=True)


def update(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/pages/{page_id}: properties, decoration, lock, archive, trash, or erase the content."""
    row = page_row(call, call.path_id("page_id"))
    body = call.body
    body.object({"properties", "icon", "cover", "is_locked", "in_trash", "is_archived", "erase_content"})
    flags = {
        key: body[key].boolean() if body[key] else bool(row[key])
        for key in ("is_locked", "in_trash", "is_archived")
    }
    if row["in_trash"] and flags["in_trash"]:
        raise blocks.in_trash("page")
    properties = properties_of(call, row)
    wanted = accepted.read(body["properties"], properties, call=call)
    if wanted.has_new_options:
        sources.keep_properties(call, row["parent_id"], properties)
    merged = json.loads(row["cells"]) | wanted.cells
    cells = {key: value for key, value in merged.items() if value is not None}
    is_erased = bool(body["erase_content"]) and body["erase_content"].boolean()
    if is_erased:
        blocks.erase(call, row["id"])
    call.db.execute(
        "UPDATE pages SET title = ?, cells = ?, detail = ?, is_locked = ?, in_trash = ?, is_archived = ?,"
        " last_edited_time = ?, last_edited_by = ? WHERE id = ?",
        (
            accepted.title_of(cells),
            store.pack(cells),
            store.pack(_read_detail(body, json.loads(row["detail"]))),
            flags["is_locked"],
            flags["in_trash"],
            flags["is_archived"],
            store.minute(call.now),
            call.author_id,
            row["id"],
        ),
    )
    # A sub-page is a block of its parent as well; both go to the trash together.
    call.db.execute("UPDATE blocks SET in_trash = ? WHERE id = ?", (flags["in_trash"], row["id"]))
    relations.follow(call, row["id"], properties, before=json.loads(row["cells"]), after=cells)
    after, kept = page_row(call, row["id"]), json.loads(row["cells"])
    changed = [key for key, value in wanted.cells.items() if kept.get(key) != value]
    events.page_updated(call, row, after, properties=changed, is_erased=is_erased)
    return _answer(call, after, is_echo=True)


def move(call: Call) -> dict[str, Any]:
    """Answer POST /v1/pages/{page_id}/move: the page under another page, or as a row of another data source.

    A row that leaves its data source keeps its title; its other values belong to properties that it no longer has.
    """
    row = page_row(call, call.path_id("page_id"))
    body = call.body
    body.object({"parent"})
    if row["in_trash"]:
        raise blocks.in_trash("page")
    parent_type, parent_id = _read_parent(call, body["parent"])
    if parent_id == row["id"]:
        raise errors.validation("A page cannot be moved into itself.")
    cells = json.loads(row["cells"])
    if parent_id != row["parent_id"]:
        cells = {key: value for key, value in cells.items() if key == "title"}
    number = row["number"]
    if parent_type == "data_source_id" and parent_id != row["parent_id"]:
        number = _next_number(call, parent_id)
    call.db.execute("DELETE FROM blocks WHERE id = ?", (row["id"],))
    call.db.execute(
        "UPDATE pages SET parent_type = ?, parent_id = ?, cells = ?, number = ?, last_edited_time = ?, last_edited_by = ?"
        " WHERE id = ?",
        (
            parent_type,
            parent_id,
            store.pack(cells),
            number,
            store.minute(call.now),
            call.author_id,
            row["id"],
        ),
    )
    if row["parent_type"] == "data_source_id":
        sources.touch(call, row["parent_id"])
    if parent_type == "page_id":
        blocks.insert_child_page(call, page_id=row["id"], parent_id=parent_id)
    call.forget_what_is_seen()
    after = page_row(call, row["id"])
    events.page_moved(call, after)
    return _answer(call, after, is_echo=True)


def _answer(call: Call, row: sqlite3.Row, *, is_echo: bool = False) -> dict[str, Any]:
    only = call.query.get("filter_properties")
    writer = given.Writer(properties_of(call, row), call=call, only=only, is_echo=is_echo)
    return page_object(call, row, writer)


def _read_parent(call: Call, node: Node) -> tuple[str, str]:
    kinds: Collection[str] = ("data_source_id", "database_id", "page_id")
    sent = node.object({"type", "workspace", *kinds})
    kind = next((kind for kind in kinds if kind in sent), None)
    if kind is None:
        lines = "\n".join(f"{node.path}.{each} should be defined, instead was `undefined`." for each in kinds)
        raise errors.validation(f"body failed validation. Fix one:\n{lines}")
    parent_id = node[kind].uuid()
    if kind == "page_id":
        row = page_row(call, parent_id)
        if row["in_trash"]:
            raise blocks.in_trash("page")
        return kind, parent_id
    if kind == "database_id":
        parent_id = _only_source(call, parent_id)
    source = sources.data_source_row(call, parent_id)
    if source["in_trash"]:
        raise blocks.in_trash("data source")
    return "data_source_id", parent_id


def _only_source(call: Call, database_id: str) -> str:
    rows = call.db.execute(
        "SELECT id FROM data_sources WHERE database_id = ? AND in_trash = 0", (database_id,)
    ).fetchall()
    if not rows or not call.sees(database_id):
        raise call.not_found("database", database_id)
    if len(rows) > 1:
        raise errors.validation(
            "Databases with multiple data sources are not supported for this request. Use a data_source_id parent."
        )
    return str(rows[0]["id"])


def _parent_schema(call: Call, parent_type: str, parent_id: str) -> schema.Schema:
    if parent_type == "page_id":
        return PLAIN_PAGE
    return sources.properties_of(sources.data_source_row(call, parent_id))


def _next_number(call: Call, source_id: str) -> int:
    """Return the number of a new row; a unique id counts from 1 and never gives a number twice."""
    call.db.execute("UPDATE data_sources SET last_number = last_number + 1 WHERE id = ?", (source_id,))
    row = call.db.execute("SELECT last_number FROM data_sources WHERE id = ?", (source_id,)).fetchone()
    return int(row["last_number"])


def _read_detail(body: Node, detail: dict[str, Any]) -> dict[str, Any]:
    for key in ("icon", "cover"):
        if body[key]:
            detail[key] = sources.read_decoration(body[key], is_icon=key == "icon")
    return detail


def parent_object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    match row["parent_type"]:
        case "data_source_id":
            source = call.db.execute(
                "SELECT database_id FROM data_sources WHERE id = ?", (row["parent_id"],)
            ).fetchone()
            return {
                "type": "data_source_id",
                "data_source_id": row["parent_id"],
                "database_id": source["database_id"],
            }
        case "page_id":
            return {"type": "page_id", "page_id": row["parent_id"]}
        case _:
            return {"type": "workspace", "workspace": True}


def page_object(
    call: Call, row: sqlite3.Row, writer: given.Writer, *, parent: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a page as Notion gives it; ``parent`` spares a query where the caller knows it."""
    detail = json.loads(row["detail"])
    return {
        "object": "page",
        "id": row["id"],
        "created_time": row["created_time"],
        "last_edited_time": row["last_edited_time"],
        "created_by": partial(row["created_by"]),
        "last_edited_by": partial(row["last_edited_by"]),
        "cover": detail["cover"],
        "icon": detail["icon"],
        "parent": parent or parent_object(call, row),
        "in_trash": bool(row["in_trash"]),
        "is_archived": bool(row["is_archived"]),
        "is_locked": bool(row["is_locked"]),
        "properties": writer.properties(row, json.loads(row["cells"])),
        "url": call.address_of(row["id"], row["title"]),
        "public_url": None,
    }
