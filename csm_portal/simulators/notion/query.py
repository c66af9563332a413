"""Query a data source: filter, sort and cut into pages, quick at 10,000 rows.

Without sorts (the newest rows come first) and with a single sort by time, the file's indexes lead from page to page.
Other sorts need every row once; their order is remembered until something is written.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from csm_portal.simulators.notion import call as calls
from csm_portal.simulators.notion import (
    errors,
    filters,
    given,
    identifiers,
    pages,
    schema,
    sorting,
    sources,
    store,
)
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import Directory

MAX_RESULTS = 10_000
"""A query gives no more rows than this, and says that it is incomplete (SPEC 2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    where: str
    parameters: tuple[Any, ...]
    filter: filters.Filter | None
    sorts: list[sorting.Sort]
    number: int
    version: tuple[Any, ...]

    @property
    def cells(self) -> frozenset[str]:
        return self.filter.property_ids if self.filter else frozenset()


def query(call: Call) -> dict[str, Any]:
    """Answer POST /v1/data_sources/{data_source_id}/query.

    ``is_archived`` and ``in_trash`` choose the partition: by default rows that are neither; ``in_trash`` gives all
    rows in the trash, ``is_archived`` the archived ones outside it.
    """
    source = sources.data_source_row(call, call.path_id("data_source_id"))
    properties = sources.properties_of(source)
    question = _read(call, source, properties)
    size = min(calls.page_size(call.body["page_size"]), call.rows_at_most)
    cursor = _read_cursor(call.body["start_cursor"], question)
    before = cursor.given if cursor else 0
    size = min(size, MAX_RESULTS - before)
    numbers = [row for _, row in zip(range(size + 1), _matches(call, question, cursor), strict=False)]
    is_capped = before + len(numbers) > MAX_RESULTS
    following = None
    if len(numbers) > size and not is_capped:
        following = str(identifiers.Cursor(row=numbers[size], given=before + size, question=question.number))
    call.results = _objects(call, source, properties, numbers[:size])
    answer = calls.listing("page_or_data_source", [], next_cursor=following)
    if is_capped:
        answer["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    else:
        answer["request_status"] = {"type": "complete"}
    return answer


def _read(call: Call, source: sqlite3.Row, properties: schema.Schema) -> _Question:
    body, source_id = call.body, source["id"]
    body.object({"filter", "sorts", "start_cursor", "page_size", "is_archived", "in_trash", "result_type"})
    archived, trashed = (body[key].boolean() if body[key] else False for key in ("is_archived", "in_trash"))
    where, parameters = ["parent_id = ?"], [source_id]
    if trashed:
        where.append("in_trash = 1")
    else:
        where.append(f"in_trash = 0 AND is_archived = {int(archived)}")
    if body["result_type"] and body["result_type"].one_of(("page", "data_source")) == "data_source":
        where.append("0")
    found = None
    if body["filter"] and not body["filter"].is_null:
        reader = filters.Reader(properties=properties, today=call.now.date(), me=call.bot.id, seen=set())
        found = reader.read(body["filter"])
        for column, comparison, moment in found.bounds:
            where.append(f"{column} {comparison} ?")
            parameters.append(moment)
    sent = {key: value for key, value in body.object().items() if key not in ("start_cursor", "page_size")}
    cursor = body["start_cursor"]
    name = call.sessions.asked(source_id + store.pack(sent), with_cursor=bool(cursor) and not cursor.is_null)
    number = identifiers.question_of(name)
    return _Question(
        where=" AND ".join(where),
        parameters=tuple(parameters),
        filter=found,
        sorts=sorting.read(body["sorts"], properties) if body["sorts"] else [],
        number=number,
        # Relative conditions count from the day; another user is another "me".
        version=(
            source_id,
            source["revision"],
            source["properties"],
            store.pack(sent),
            call.now.date(),
            call.bot.id,
        ),
    )


def _read_cursor(node: Node, question: _Question) -> identifiers.Cursor | None:
    if not node or node.is_null:
        return None
    cursor = identifiers.read_cursor(node.text(), question=question.number)
    if cursor is None:
        raise calls.invalid_cursor(node.text())
    return cursor


def _matches(call: Call, question: _Question, cursor: identifiers.Cursor | None) -> Iterator[int]:
    """Yield the numbers of the rows that fit, in order, from the cursor on."""
    sorts = question.sorts or [sorting.Sort(is_descending=True, column="created_time")]
    if len(sorts) == 1 and sorts[0].column:
        return _walk(
            call,
            question,
            sorts[0].column,
            is_descending=sorts[0].is_descending,
            start=cursor.row if cursor else None,
        )
    order = call.orders.get(question.version, lambda: _order(call, question))
    if cursor is None:
        return iter(order)
    # A row that no longer fits leaves the others where they were.
    start = order.index(cursor.row) if cursor.row in order else cursor.given
    return iter(order[start:])


def _walk(
    call: Call, question: _Question, column: str, *, is_descending: bool, start: int | None
) -> Iterator[int]:
    where, parameters = question.where, list(question.parameters)
    direction, reached = ("DESC", "<=") if is_descending else ("ASC", ">=")
    if start is not None:
        row = call.db.execute(f"SELECT {column} FROM pages WHERE seq = ?", (start,)).fetchone()  # noqa: S608
        if row is None:
            raise errors.validation("The start_cursor provided is invalid: its page no longer exists.")
        where, parameters = f"{where} AND ({column}, seq) {reached} (?, ?)", [*parameters, row[0], start]
    order = f"{column} {direction}, seq {direction}"
    cells = sorted(question.cells)
    rows = call.db.execute(
        f"SELECT {_columns(cells)} FROM pages WHERE {where} ORDER BY {order}",  # noqa: S608 - names of our own
        parameters,
    )
    test = question.filter.test if question.filter else None
    return (row["seq"] for row in rows if test is None or test(_seen(row, cells)))


_PAGE_COLUMNS = ("created_time", "last_edited_time", "created_by", "last_edited_by", "number")


def _columns(cells: Collection[str]) -> str:
    """Return the columns that a test or a sort looks at. The cells come as one JSON list, the rest stays unread."""
    columns = ", ".join(("seq", *_PAGE_COLUMNS))
    if not cells:
        return columns
    # With two paths or more SQLite answers a list, whatever the values are; the last one is there for that.
    paths = ", ".join(f"'$.\"{property_id}\"'" for property_id in (*cells, "title"))
    return f"{columns}, json_extract(cells, {paths}) AS looked_at"


def _seen(row: sqlite3.Row, cells: Collection[str]) -> dict[str, Any]:
    seen = {column: row[column] for column in _PAGE_COLUMNS}
    if cells:
        seen.update(zip((*cells, "title"), json.loads(row["looked_at"]), strict=True))
    return seen


def _order(call: Call, question: _Question) -> list[int]:
    """Return the numbers of all rows that fit, sorted. Reads every row of the partition once."""
    cells = sorted(question.cells | {sort.property_id for sort in question.sorts if sort.property_id})
    rows = call.db.execute(
        f"SELECT {_columns(cells)} FROM pages WHERE {question.where}",  # noqa: S608 - names of our own
        question.parameters,
    )
    seen = ((row["seq"], _seen(row, cells)) for row in rows)
    fitting = ((number, row) for number, row in seen if question.filter is None or question.filter.test(row))
    return sorting.order(fitting, question.sorts, directory=Directory(call.db))


def _objects(call: Call, source: sqlite3.Row, properties: schema.Schema, numbers: list[int]) -> list[bytes]:
    """Return the rows as JSON; those that have not changed since they were last asked for are not written again."""
    marks = ",".join("?" * len(numbers))
    rows = call.db.execute(f"SELECT * FROM pages WHERE seq IN ({marks})", numbers).fetchall()  # noqa: S608
    by_number = {row["seq"]: row for row in rows}
    writer = given.Writer(properties, call=call, only=call.query.get("filter_properties"))
    parent = {"type": "data_source_id", "data_source_id": source["id"], "database_id": source["database_id"]}
    style = writer.style
    if style is not None:
        style = (style, source["id"], source["properties"], call.public_url)

    def written(row: sqlite3.Row) -> bytes:
        return store.pack_bytes(pages.page_object(call, row, writer, parent=parent))

    if style is None:
        return [written(by_number[number]) for number in numbers]
    return [
        call.pages.get(style, number, hash(tuple(row)), partial(written, row))
        for number in numbers
        for row in (by_number[number],)
    ]
