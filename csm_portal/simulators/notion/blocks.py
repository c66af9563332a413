"""Blocks: appended, listed, given, changed and deleted, within the limits of one request."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from csm_portal.simulators.notion import accepted_blocks, contents, errors, events, store
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call, cut, listing
from csm_portal.simulators.notion.users import Directory, partial


def in_trash(kind: str) -> errors.ApiError:
    return errors.validation(
        f"Can't edit {kind} that is in the trash. You must restore it from the trash before editing it."
    )


def insert(
    call: Call, found: list[accepted_blocks.Block], *, page_id: str, parent_id: str, place: int = 0
) -> list[str]:
    """Keep blocks under a parent from a place on, and return the ids of the upper ones."""
    moment, ids = store.minute(call.now), []
    for offset, block in enumerate(found):
        block_id = call.mint.uuid()
        ids.append(block_id)
        call.created += 1
        call.db.execute(
            "INSERT INTO blocks (id, page_id, parent_id, place, type, content, created_time, last_edited_time,"
            " created_by, last_edited_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                block_id, page_id, parent_id, place + offset, block.kind, store.pack(block.content),
                moment, moment, call.author_id, call.author_id,
            ),
        )  # fmt: skip
        insert(call, block.children, page_id=page_id, parent_id=block_id)
    return ids


def insert_child_page(call: Call, *, page_id: str, parent_id: str) -> None:
    """Let a sub-page stand as a block at the end of its parent."""
    moment = store.minute(call.now)
    call.db.execute(
        "INSERT INTO blocks (id, page_id, parent_id, place, type, content, created_time, last_edited_time, created_by,"
        " last_edited_by) VALUES (?, ?, ?, ?, 'child_page', '{}', ?, ?, ?, ?)",
        (
            page_id,
            parent_id,
            parent_id,
            _end(call, parent_id),
            moment,
            moment,
            call.author_id,
            call.author_id,
        ),
    )


def append(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/blocks/{block_id}/children; ``position`` says where, by default at the end."""
    body = call.body
    body.object({"children", "position"})
    holder = _holder(call, call.path_id("block_id"))
    found = accepted_blocks.read(body["children"].defined(), call=call)
    _check_holder(holder, found)
    place = _place(call, body["position"], holder)
    call.db.execute(
        "UPDATE blocks SET place = place + ? WHERE parent_id = ? AND place >= ?",
        (len(found), holder.id, place),
    )
    ids = insert(call, found, page_id=holder.page_id, parent_id=holder.id, place=place)
    _touch(call, holder.page_id)
    call.committed_id, call.committed_child_ids = holder.id, ids
    events.content_updated(call, holder.page_id, ids)
    marks = ",".join("?" * len(ids))
    rows = call.db.execute(f"{_SELECT} WHERE b.id IN ({marks}) ORDER BY b.place", ids).fetchall()
    return listing("block", [block_object(call, row) for row in rows], next_cursor=None)


def children(call: Call) -> dict[str, Any]:
    """Answer GET /v1/blocks/{block_id}/children: those not in the trash, in order."""
    holder = _holder(call, call.path_id("block_id"), for_reading=True)
    rows = call.db.execute(
        f"{_SELECT} WHERE b.parent_id = ? AND b.in_trash = 0 ORDER BY b.place", (holder.id,)
    ).fetchall()
    found, following = cut(
        rows,
        start=call.query_text("start_cursor"),
        size=call.query_page_size(),
        cursors=[row["id"] for row in rows],
    )
    return listing("block", [block_object(call, row) for row in found], next_cursor=following)


def retrieve(call: Call) -> dict[str, Any]:
    """Answer GET /v1/blocks/{block_id}; a page is a block as well."""
    return block_object(call, _block_row(call, call.path_id("block_id")))


def update(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/blocks/{block_id}: its content, or its way to and from the trash."""
    row = _block_row(call, call.path_id("block_id"))
    body = call.body
    body.object({"in_trash", "type", "object", row["type"]})
    if body["in_trash"]:
        _move(call, row, in_trash=body["in_trash"].boolean())
    wanted = body[row["type"]]
    if wanted:
        if row["in_trash"] and not body["in_trash"]:
            raise in_trash("block")
        if row["type"] not in contents.READERS:
            raise errors.validation(
                f"Updating {row['type']} blocks is not supported here. Update the page instead."
            )
        content = _updated(call, row, wanted)
        call.db.execute("UPDATE blocks SET content = ? WHERE id = ?", (store.pack(content), row["id"]))
    _touch(call, row["page_id"], block_id=row["id"])
    events.content_updated(call, row["page_id"], [row["id"]])
    return block_object(call, _block_row(call, row["id"]))


def delete(call: Call) -> dict[str, Any]:
    """Answer DELETE /v1/blocks/{block_id}: to the trash, with all it holds."""
    row = _block_row(call, call.path_id("block_id"))
    _move(call, row, in_trash=True)
    _touch(call, row["page_id"], block_id=row["id"])
    events.content_updated(call, row["page_id"], [row["id"]])
    return block_object(call, _block_row(call, row["id"]))


def erase(call: Call, page_id: str) -> None:
    """Put all of a page's content into the trash; sub-pages stay."""
    call.db.execute("UPDATE blocks SET in_trash = 1 WHERE parent_id = ? AND type != 'child_page'", (page_id,))


def _updated(call: Call, row: sqlite3.Row, wanted: Node) -> contents.Content:
    old: contents.Content = json.loads(row["content"])
    sent = wanted.object()
    if "children" in sent:
        raise wanted["children"].should("not present")
    directory = Directory(call.db)
    if row["type"] == "table":
        wanted = Node({"table_width": old["table_width"], **sent}, wanted.path)
    elif "rich_text" in old and "rich_text" not in sent:
        wanted = Node({"rich_text": [], **sent}, wanted.path)
    new = contents.read(row["type"], wanted, directory=directory)
    if row["type"] == "table_row":
        table = call.db.execute("SELECT content FROM blocks WHERE id = ?", (row["parent_id"],)).fetchone()
        accepted_blocks.check_width(new, json.loads(table["content"])["table_width"])
    # A key that was not sent keeps its value.
    return old | {key: value for key, value in new.items() if key in sent}


def _move(call: Call, row: sqlite3.Row, *, in_trash: bool) -> None:
    call.db.execute("UPDATE blocks SET in_trash = ? WHERE id = ?", (in_trash, row["id"]))
    if row["type"] == "child_page":
        call.db.execute("UPDATE pages SET in_trash = ? WHERE id = ?", (in_trash, row["id"]))
        if bool(row["in_trash"]) != in_trash:
            events.page_trashed(call, row["id"], in_trash=in_trash)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """A page or block that blocks stand in."""

    id: str
    page_id: str
    kind: str
    content: contents.Content


def _holder(call: Call, block_id: str, *, for_reading: bool = False) -> _Holder:
    row = _block_row(call, block_id)
    page_id = row["id"] if row["type"] == "child_page" else row["page_id"]
    page = call.db.execute("SELECT in_trash FROM pages WHERE id = ?", (page_id,)).fetchone()
    if not for_reading and (row["in_trash"] or (page and page["in_trash"])):
        raise in_trash("block")
    return _Holder(id=block_id, page_id=page_id, kind=row["type"], content=json.loads(row["content"]))


def _check_holder(holder: _Holder, found: list[accepted_blocks.Block]) -> None:
    closed = holder.kind in contents.HEADINGS and not holder.content["is_toggleable"]
    if holder.kind not in contents.PARENTS or closed:
        raise errors.validation("Block does not support children.")
    for block in found:
        if (block.kind == "table_row") != (holder.kind == "table"):
            raise errors.validation(
                f"Content creation Failed. A {block.kind} cannot stand in a {holder.kind}."
            )
        if holder.kind == "table":
            accepted_blocks.check_width(block.content, holder.content["table_width"])


def _place(call: Call, node: Node, holder: _Holder) -> int:
    if not node:
        return _end(call, holder.id)
    node.object({"type", "after_block"})
    match node["type"].one_of(("after_block", "start", "end")):
        case "start":
            return 0
        case "end":
            return _end(call, holder.id)
        case _:
            before = node["after_block"].defined()["id"].uuid()
            row = call.db.execute(
                "SELECT place FROM blocks WHERE id = ? AND parent_id = ?", (before, holder.id)
            ).fetchone()
            if row is None:
                raise errors.validation(
                    f"Block to append children after: {before} is not parented by {holder.id}."
                )
            return int(row["place"]) + 1


def _end(call: Call, parent_id: str) -> int:
    row = call.db.execute(
        "SELECT max(place) AS last FROM blocks WHERE parent_id = ?", (parent_id,)
    ).fetchone()
    return 0 if row["last"] is None else int(row["last"]) + 1


def _touch(call: Call, page_id: str, *, block_id: str | None = None) -> None:
    moment = store.minute(call.now)
    call.db.execute(
        "UPDATE pages SET last_edited_time = ?, last_edited_by = ? WHERE id = ?",
        (moment, call.author_id, page_id),
    )
    if block_id is not None:
        call.db.execute(
            "UPDATE blocks SET last_edited_time = ?, last_edited_by = ? WHERE id = ?",
            (moment, call.author_id, block_id),
        )


_SELECT = (
    "SELECT b.*, EXISTS (SELECT 1 FROM blocks c WHERE c.parent_id = b.id AND c.in_trash = 0) AS has_children,"
    " (SELECT title FROM pages p WHERE p.id = b.id) AS page_title FROM blocks b"
)
_SELECT_PAGE = (
    "SELECT p.id, p.id AS page_id, p.parent_id, 'child_page' AS type, '{}' AS content, p.created_time,"
    " p.last_edited_time, p.created_by, p.last_edited_by, p.in_trash, p.title AS page_title, p.parent_type,"
    " EXISTS (SELECT 1 FROM blocks c WHERE c.parent_id = p.id AND c.in_trash = 0) AS has_children"
    " FROM pages p WHERE p.id = ?"
)


def _block_row(call: Call, block_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = call.db.execute(f"{_SELECT} WHERE b.id = ?", (block_id,)).fetchone()
    if row is None:
        row = call.db.execute(_SELECT_PAGE, (block_id,)).fetchone()
    if row is None or not call.sees(block_id):
        raise call.not_found("block", block_id)
    return row


def block_object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    kind = row["type"]
    if kind == "child_page":
        content: dict[str, Any] = {"title": row["page_title"]}
    else:
        content = contents.write(kind, json.loads(row["content"]), directory=Directory(call.db))
    return {
        "object": "block",
        "id": row["id"],
        "parent": _parent_object(call, row),
        "created_time": row["created_time"],
        "last_edited_time": row["last_edited_time"],
        "created_by": partial(row["created_by"]),
        "last_edited_by": partial(row["last_edited_by"]),
        "has_children": bool(row["has_children"]),
        "in_trash": bool(row["in_trash"]),
        "type": kind,
        kind: content,
    }


def _parent_object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    parent_id = row["parent_id"]
    if "parent_type" in row.keys():  # noqa: SIM118 - a row's "in" looks at its values
        kind = row["parent_type"]
        if kind == "data_source_id":
            source = call.db.execute(
                "SELECT database_id FROM data_sources WHERE id = ?", (parent_id,)
            ).fetchone()
            return {"type": kind, kind: parent_id, "database_id": source["database_id"]}
        return (
            {"type": "workspace", "workspace": True}
            if kind == "workspace"
            else {"type": kind, kind: parent_id}
        )
    kind = "page_id" if parent_id == row["page_id"] else "block_id"
    return {"type": kind, kind: parent_id}
