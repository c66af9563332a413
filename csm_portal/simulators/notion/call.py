"""One request as the endpoints see it: who asks, what they sent, and what they may see."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.identifiers import Mint, bare, parse_uuid
from csm_portal.simulators.notion.remembered import Orders, Pages
from csm_portal.simulators.notion.sessions import Sessions

MAX_PAGE_SIZE = 100
_ANCESTORS = 50
_NO_SLUG = re.compile(r"[^A-Za-z0-9]+")
_NOTION_ADDRESS = "https://www.notion.so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The integration that a token belongs to."""

    id: str
    name: str
    workspace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that webhooks tell: its type (``page.created``), whom it befell, and what belongs to it."""

    type: str
    entity: Mapping[str, str]
    data: Mapping[str, Any]
    author: Mapping[str, str]
    at: datetime


@dataclass(slots=True, kw_only=True)
class Call:
    """``path`` holds the ids of the address, ``query`` its parameters (a list each), ``sent`` the JSON body.

    ``person_id`` is who edits in the app while the token only looks: the author of what is written. The lists that
    an answer gives are no longer than ``rows_at_most``. ``created`` counts the pages and blocks that it adds.
    ``results`` are those of a list as JSON, where an endpoint has them so.
    """

    db: sqlite3.Connection
    bot: Bot
    now: datetime
    mint: Mint
    orders: Orders = field(default_factory=Orders)
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    sent: Any = None
    public_url: str | None = None
    person_id: str | None = None
    rows_at_most: int = MAX_PAGE_SIZE
    pages: Pages = field(default_factory=Pages)
    results: list[bytes] | None = None
    sessions: Sessions = field(default_factory=Sessions)
    created: int = 0
    committed_id: str | None = None
    committed_child_ids: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _visible: dict[str, bool] = field(default_factory=dict)

    @property
    def body(self) -> Node:
        return Node({} if self.sent is None else self.sent, "body")

    @property
    def author_id(self) -> str:
        """Who is named as the editor of what this request writes."""
        return self.person_id or self.bot.id

    def tell(self, kind: str, *, entity: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """Write down an event for the webhooks; it is sent when what it tells of is kept."""
        author = {"id": self.author_id, "type": "person" if self.person_id else "bot"}
        self.events.append(Event(type=kind, entity=entity, data=data, author=author, at=self.now))

    def path_id(self, name: str) -> str:
        """Return an id of the address as a UUID with dashes."""
        found = parse_uuid(self.path[name])
        if found is None:
            raise errors.should(f"path.{name}", "a valid uuid", self.path[name])
        return found

    def query_text(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else None

    def query_page_size(self) -> int:
        """Return ``page_size`` of the address; 100 where it is not given."""
        text = self.query_text("page_size")
        if text is None:
            return self.rows_at_most
        try:
            size = Node(int(text), "query.page_size")
        except ValueError:
            raise errors.should("query.page_size", "a number", text) from None
        return min(page_size(size), self.rows_at_most)

    def address_of(self, object_id: str, title: str = "") -> str:
        """Return the link to a page or database: on the simulator where it has a public address."""
        slug = _NO_SLUG.sub("-", title).strip("-")
        tail = f"{slug}-{bare(object_id)}" if slug else bare(object_id)
        return f"{self.public_url or _NOTION_ADDRESS}/{tail}"

    def not_found(self, kind: str, object_id: str) -> errors.ApiError:
        return errors.not_found(kind, object_id, integration=self.bot.name)

    def sees(self, object_id: str) -> bool:
        """Tell whether a database, data source or page, or something that holds it, is shared with this token."""
        known = self._visible.get(object_id)
        if known is None:
            known = self._visible[object_id] = self._is_shared(object_id)
        return known

    def forget_what_is_seen(self) -> None:
        """Ask again who sees what: something has moved."""
        self._visible.clear()

    def _is_shared(self, object_id: str) -> bool:
        current: str | None = object_id
        for _ in range(_ANCESTORS):
            if current is None:
                return False
            shared = self.db.execute(
                "SELECT 1 FROM shares WHERE bot_id = ? AND object_id = ?", (self.bot.id, current)
            ).fetchone()
            if shared:
                return True
            holder = self.db.execute(
                "SELECT parent_id AS id FROM pages WHERE id = :id"
                " UNION ALL SELECT database_id FROM data_sources WHERE id = :id"
                " UNION ALL SELECT json_extract(parent, '$.page_id') FROM databases WHERE id = :id"
                " UNION ALL SELECT page_id FROM blocks WHERE id = :id",
                {"id": current},
            ).fetchone()
            current = holder["id"] if holder else None
        return False


def page_size(node: Node) -> int:
    """Return a page size between 1 and 100; 100 where it is not given."""
    if not node:
        return MAX_PAGE_SIZE
    size = node.number()
    if size > MAX_PAGE_SIZE:
        raise node.should(f"≤ `{MAX_PAGE_SIZE}`")
    if size < 1:
        raise node.should("≥ `1`")
    return int(size)


def listing(kind: str, results: list[dict[str, Any]], *, next_cursor: str | None) -> dict[str, Any]:
    """Return one page of a list as every endpoint gives it."""
    return {
        "object": "list",
        "results": results,
        "next_cursor": next_cursor,
        "has_more": next_cursor is not None,
        "type": kind,
        kind: {},
    }


def cut(
    items: list[Any], *, start: str | None, size: int, cursors: list[str]
) -> tuple[list[Any], str | None]:
    """Return one page of a short list and the cursor of the next. ``cursors`` names each item."""
    first = 0
    if start is not None:
        dashed = parse_uuid(start)
        if dashed is None or dashed not in cursors:
            raise invalid_cursor(start)
        first = cursors.index(dashed)
    end = first + size
    return items[first:end], cursors[end] if end < len(items) else None


def invalid_cursor(text: str) -> errors.ApiError:
    return errors.validation(f"The start_cursor provided is invalid: {text}")
