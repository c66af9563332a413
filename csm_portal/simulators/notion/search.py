"""Search: the pages and data sources that a token sees, by their title."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from csm_portal.simulators.notion import call as calls
from csm_portal.simulators.notion import given, identifiers, pages, richtext, sources
from csm_portal.simulators.notion.call import Call

_FOUND = (
    "SELECT seq, 'page' AS kind, id, title, last_edited_time FROM pages WHERE in_trash = 0"
    " UNION ALL SELECT -rowid, 'data_source', id, json_extract(detail, '$.title'), last_edited_time"
    " FROM data_sources WHERE in_trash = 0"
)


def search(call: Call) -> dict[str, Any]:
    """Answer POST /v1/search: newest edits first unless the sort asks otherwise."""
    body = call.body
    body.object({"query", "filter", "sort", "start_cursor", "page_size"})
    words = body["query"].text().casefold() if body["query"] else ""
    wanted, is_descending = _read_filter(call), _read_direction(call)
    size = min(calls.page_size(body["page_size"]), call.rows_at_most)
    has_cursor = bool(body["start_cursor"]) and not body["start_cursor"].is_null
    name = call.sessions.asked(f"search/{words}/{wanted}/{is_descending}", with_cursor=has_cursor)
    question = identifiers.question_of(name)
    start = None
    if has_cursor:
        cursor = identifiers.read_cursor(body["start_cursor"].text(), question=question)
        if cursor is None:
            raise calls.invalid_cursor(body["start_cursor"].text())
        start = cursor.given
    direction = "DESC" if is_descending else "ASC"
    rows = call.db.execute(f"{_FOUND} ORDER BY last_edited_time {direction}, seq {direction}")
    # One more than asked for tells whether there is more.
    hits = _window(_visible(call, rows, words, wanted), first=start or 0, count=size + 1)
    following = None
    if len(hits) > size:
        following = str(identifiers.Cursor(row=0, given=(start or 0) + size, question=question))
    return calls.listing(
        "page_or_data_source", [_object(call, row) for row in hits[:size]], next_cursor=following
    )


def _read_filter(call: Call) -> str | None:
    node = call.body["filter"]
    if not node:
        return None
    node.object({"property", "value"})
    node["property"].one_of(("object",))
    return node["value"].one_of(("page", "data_source"))


def _read_direction(call: Call) -> bool:
    node = call.body["sort"]
    if not node:
        return True
    node.object({"timestamp", "direction"})
    node["timestamp"].one_of(("last_edited_time",))
    return node["direction"].one_of(("ascending", "descending")) == "descending"


def _visible(call: Call, rows: sqlite3.Cursor, words: str, wanted: str | None) -> Iterator[sqlite3.Row]:
    for row in rows:
        if wanted is not None and row["kind"] != wanted:
            continue
        title = row["title"] if row["kind"] == "page" else richtext.plain(json.loads(row["title"]))
        if words in title.casefold() and call.sees(row["id"]):
            yield row


def _window(rows: Iterator[sqlite3.Row], *, first: int, count: int) -> list[sqlite3.Row]:
    return [row for index, row in zip(range(first + count), rows, strict=False) if index >= first]


def _object(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    if row["kind"] == "data_source":
        return sources.data_source_object(call, sources.data_source_row(call, row["id"]))
    page = pages.page_row(call, row["id"])
    return pages.page_object(call, page, given.Writer(pages.properties_of(call, page), call=call))
