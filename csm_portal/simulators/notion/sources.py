"""Databases and data sources: kept, given, created, changed."""

import json
import sqlite3
from typing import Any

from csm_portal.simulators.notion import errors, events, relations, retyping, richtext, schema, store
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import Directory, partial

_DECORATION = ("title", "description", "icon", "cover")
_ICONS = ("emoji", "custom_emoji", "icon", "external")
_ICON_COLORS = (
    "gray", "lightgray", "brown", "yellow", "orange", "green", "blue", "purple", "pink", "red",
)  # fmt: skip


def data_source_row(call: Call, source_id: str) -> sqlite3.Row:
    """Return a data source that the token sees, or say that it cannot be found."""
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM data_sources WHERE id = ?", (source_id,)
    ).fetchone()
    if row is None or not call.sees(source_id):
        raise call.not_found("data_source", source_id)
    return row


def properties_of(row: sqlite3.Row) -> schema.Schema:
    found: schema.Schema = json.loads(row["properties"])
    return found


def keep_properties(call: Call, source_id: str, properties: schema.Schema) -> None:
    call.db.execute(
        "UPDATE data_sources SET properties = ? WHERE id = ?", (store.pack(properties), source_id)
    )


def _database_row(call: Call, database_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM databases WHERE id = ?", (database_id,)
    ).fetchone()
    if row is None or not call.sees(database_id):
        raise call.not_found("database", database_id)
    return row


def retrieve_database(call: Call) -> dict[str, Any]:
    """Answer GET /v1/databases/{database_id}."""
    return database_object(call, _database_row(call, call.path_id("database_id")))


def create_database(call: Call) -> dict[str, Any]:
    """Answer POST /v1/databases: a database with its first data source, under a page or the workspace."""
    body = call.body
    body.object({"parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover"})
    parent = _read_parent(call, body["parent"])
    database_id, source_id = call.mint.uuid(), call.mint.uuid()
    detail = _read_detail(body, {"title": [], "description": [], "icon": None, "cover": None}, call)
    detail["is_inline"] = body["is_inline"].boolean() if body["is_inline"] else False
    initial = body["initial_data_source"]
    wanted = initial["properties"] if initial else Node(errors.MISSING, "body.initial_data_source.properties")
    if initial:
        initial.object({"properties"})
    insert_database(call, database_id=database_id, parent=parent, detail=detail)
    insert_data_source(
        call,
        source_id=source_id,
        database_id=database_id,
        detail=detail,
        properties=schema.read_new(wanted, call=call),
    )
    if parent["type"] == "workspace":
        # Nothing above it is shared: what a token creates it sees.
        share(call.db, bot_id=call.bot.id, object_id=database_id)
    call.committed_id = database_id
    row = _database_row(call, database_id)
    events.of_database(call, row, "created")
    return database_object(call, row)


def update_database(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/databases/{database_id}: title, description, decoration, trash."""
    row = _database_row(call, call.path_id("database_id"))
    body = call.body
    body.object({*_DECORATION, "is_inline", "in_trash", "is_locked", "parent"})
    detail = _read_detail(body, json.loads(row["detail"]), call)
    for key in ("is_inline", "is_locked"):
        if body[key]:
            detail[key] = body[key].boolean()
    in_trash = body["in_trash"].boolean() if body["in_trash"] else bool(row["in_trash"])
    parent = store.pack(_read_parent(call, body["parent"])) if body["parent"] else row["parent"]
    call.db.execute(
        "UPDATE databases SET detail = ?, parent = ?, in_trash = ?, last_edited_time = ?, last_edited_by = ? WHERE id = ?",
        (store.pack(detail), parent, in_trash, store.instant(call.now), call.author_id, row["id"]),
    )
    after = _database_row(call, row["id"])
    if bool(row["in_trash"]) != in_trash:
        events.of_database(call, after, "deleted" if in_trash else "undeleted")
    if row["parent"] != parent:
        events.of_database(call, after, "moved")
    return database_object(call, after)


def retrieve_data_source(call: Call) -> dict[str, Any]:
    """Answer GET /v1/data_sources/{data_source_id}."""
    return data_source_object(call, data_source_row(call, call.path_id("data_source_id")))


def create_data_source(call: Call) -> dict[str, Any]:
    """Answer POST /v1/data_sources: another data source in a database."""
    body = call.body
    body.object({"parent", "properties", "title", "icon"})
    body["parent"].object({"type", "database_id"})
    database = _database_row(call, body["parent"]["database_id"].uuid())
    detail = _read_detail(
        body, {"title": [], "description": [], "icon": None, "cover": None, "is_inline": False}, call
    )
    source_id = call.mint.uuid()
    properties = schema.read_new(body["properties"].defined(), call=call)
    insert_data_source(
        call, source_id=source_id, database_id=database["id"], detail=detail, properties=properties
    )
    call.committed_id = source_id
    row = data_source_row(call, source_id)
    events.of_data_source(call, row, "created")
    return data_source_object(call, row)


def update_data_source(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/data_sources/{data_source_id}: title, icon, trash, and its properties (schema.patch)."""
    row = data_source_row(call, call.path_id("data_source_id"))
    body = call.body
    body.object({"title", "icon", "properties", "in_trash", "parent"})
    detail = _read_detail(body, json.loads(row["detail"]), call)
    properties = properties_of(row)
    if body["properties"]:
        properties = schema.patch(properties, body["properties"], call=call)
        retyping.apply(call, row["id"], before=properties_of(row), after=properties)
    in_trash = body["in_trash"].boolean() if body["in_trash"] else bool(row["in_trash"])
    call.db.execute(
        "UPDATE data_sources SET detail = ?, properties = ?, in_trash = ?, last_edited_time = ?, last_edited_by = ?"
        " WHERE id = ?",
        (
            store.pack(detail),
            store.pack(properties),
            in_trash,
            store.minute(call.now),
            call.author_id,
            row["id"],
        ),
    )
    relations.part(call, row["id"], before=properties_of(row), after=properties)
    relations.pair(call, row["id"])
    after = data_source_row(call, row["id"])
    if bool(row["in_trash"]) != in_trash:
        events.of_data_source(call, after, "deleted" if in_trash else "undeleted")
    events.schema_updated(call, after, before=properties_of(row), after=properties_of(after))
    return data_source_object(call, after)


def touch(call: Call, source_id: str) -> None:
    """Let a data source know that its rows have changed in a way that no row of it shows: one has left."""
    call.db.execute("UPDATE data_sources SET revision = revision + 1 WHERE id = ?", (source_id,))


def insert_database(call: Call, *, database_id: str, parent: dict[str, Any], detail: dict[str, Any]) -> None:
    # A database tells its times in full; a page and a data source floor them to the minute.
    moment = store.instant(call.now)
    call.db.execute(
        "INSERT INTO databases (id, parent, detail, created_time, last_edited_time, created_by, last_edited_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (database_id, store.pack(parent), store.pack(detail), moment, moment, call.author_id, call.author_id),
    )


def insert_data_source(
    call: Call, *, source_id: str, database_id: str, detail: dict[str, Any], properties: schema.Schema
) -> None:
    moment = store.minute(call.now)
    call.db.execute(
        "INSERT INTO data_sources (id, database_id, rank, detail, properties, created_time, last_edited_time,"
        " created_by, last_edited_by)"
        " VALUES (:id, :database, (SELECT count(*) FROM data_sources WHERE database_id = :database), :detail,"
        " :properties, :moment, :moment, :bot, :bot)",
        {
            "id": source_id,
            "database": database_id,
            "detail": store.pack(detail),
            "properties": store.pack(properties),
            "moment": moment,
            "bot": call.author_id,
        },
    )
    relations.pair(call, source_id)


def share(db: sqlite3.Connection, *, bot_id: str, object_id: str) -> None:
    db.execute("INSERT OR IGNORE INTO shares (bot_id, object_id) VALUES (?, ?)", (bot_id, object_id))


def _read_parent(call: Call, node: Node) -> dict[str, Any]:
    sent = node.object({"type", "page_id", "workspace"})
    if "page_id" not in sent:
        if node["workspace"].boolean():
            return {"type": "workspace", "workspace": True}
        raise node["page_id"].should("defined")
    page_id = node["page_id"].uuid()
    if not call.db.execute("SELECT 1 FROM pages WHERE id = ?", (page_id,)).fetchone() or not call.sees(
        page_id
    ):
        raise call.not_found("page", page_id)
    return {"type": "page_id", "page_id": page_id}


def _read_detail(body: Node, detail: dict[str, Any], call: Call) -> dict[str, Any]:
    directory = Directory(call.db)
    for key in ("title", "description"):
        if body[key]:
            detail[key] = richtext.read(body[key], directory=directory)
    for key in ("icon", "cover"):
        if body[key]:
            detail[key] = read_decoration(body[key], is_icon=key == "icon")
    return detail


def read_decoration(node: Node, *, is_icon: bool) -> dict[str, Any] | None:
    """Return an icon or cover: null, a file elsewhere, and for an icon an emoji or one of Notion's own."""
    if node.is_null:
        return None
    kinds = _ICONS if is_icon else ("external",)
    sent = node.object({"type", *kinds})
    kind = next((kind for kind in kinds if kind in sent), "external")
    inner = node[kind].defined()
    match kind:
        case "emoji":
            # Real answers list every emoji there is; a letter is what people mistake for one.
            if not inner.text() or inner.text().isascii():
                raise inner.should("an emoji")
            content: Any = inner.text()
        case "custom_emoji":
            inner.object({"id", "name", "url"})
            given = {key: inner[key].text() if inner[key] else "" for key in ("name", "url")}
            content = {"id": inner["id"].uuid(), **given}
        case "icon":
            inner.object({"name", "color"})
            color = inner["color"].one_of(_ICON_COLORS) if inner["color"] else "gray"
            content = {"name": inner["name"].text(), "color": color}
        case _:
            inner.object({"url"})
            content = {"url": inner["url"].text(at_most=2000)}
    return {"type": kind, kind: content}


def database_object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    detail = json.loads(row["detail"])
    directory = Directory(call.db)
    sources = call.db.execute(
        "SELECT id, detail FROM data_sources WHERE database_id = ? AND in_trash = 0 ORDER BY rank",
        (row["id"],),
    )
    return {
        "object": "database",
        "id": row["id"],
        "title": richtext.write(detail["title"], directory=directory),
        "description": richtext.write(detail["description"], directory=directory),
        "parent": json.loads(row["parent"]),
        "is_inline": detail["is_inline"],
        "in_trash": bool(row["in_trash"]),
        "is_locked": detail.get("is_locked", False),
        "created_time": row["created_time"],
        "last_edited_time": row["last_edited_time"],
        "created_by": partial(row["created_by"]),
        "last_edited_by": partial(row["last_edited_by"]),
        "data_sources": [
            {"id": source["id"], "name": richtext.plain(json.loads(source["detail"])["title"])}
            for source in sources
        ],
        "icon": detail["icon"],
        "cover": detail["cover"],
        "url": call.address_of(row["id"]),
        "public_url": None,
    }


def data_source_object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    detail = json.loads(row["detail"])
    directory = Directory(call.db)
    database = call.db.execute("SELECT parent FROM databases WHERE id = ?", (row["database_id"],)).fetchone()
    return {
        "object": "data_source",
        "id": row["id"],
        "title": richtext.write(detail["title"], directory=directory),
        "description": richtext.write(detail["description"], directory=directory),
        "parent": {"type": "database_id", "database_id": row["database_id"]},
        "database_parent": json.loads(database["parent"]),
        "is_inline": detail["is_inline"],
        "in_trash": bool(row["in_trash"]),
        "created_time": row["created_time"],
        "last_edited_time": row["last_edited_time"],
        "created_by": partial(row["created_by"]),
        "last_edited_by": partial(row["last_edited_by"]),
        "properties": schema.write(properties_of(row), call=call),
        "icon": detail["icon"],
        "cover": detail["cover"],
        "url": call.address_of(row["database_id"]),
        "public_url": None,
    }
