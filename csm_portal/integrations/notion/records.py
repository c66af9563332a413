"""A page of the accounts data source as an ``AccountRecord``, its cut lists fetched whole (SPEC 2.3, 2.4)."""

import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from csm_portal.integrations.notion import atoms, fields, figures, paging, properties
from csm_portal.integrations.notion.answers import DataSourceAnswer, PageAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import (
    AccountRecord,
    FieldIssue,
    FieldSpec,
    FieldValue,
    PropertyMapping,
    ValueKind,
)

_LISTS = frozenset({"relation", "rollup", "people", "title", "rich_text"})
# What a page object carries of a list at most. Only a relation says that there is more (`has_more`).
REFERENCES_A_PAGE = 25


class Reader:
    """Reads pages of one data source under one mapping.

    Asks Notion only for what a page leaves out: a list that was cut, the titles behind a relation. With
    ``is_scan`` the titles of a related data source are read all at once, 100 a request.
    """

    def __init__(
        self, client: NotionClient, source: DataSourceAnswer, chosen: PropertyMapping, *, is_scan: bool
    ) -> None:
        self._client = client
        self._figures = figures.property_ids(source)
        by_id = {_key(schema.get("id")): (name, schema) for name, schema in source.properties.items()}
        self._columns: list[tuple[FieldSpec, str, str]] = []
        self._percents: set[str] = set()
        self._titles: dict[str, Titles] = {}
        for field, property_id in chosen.items():
            spec = fields.spec_of(field)
            if spec is None:
                continue
            name, schema = by_id.get(_key(property_id), (spec.property_names[0], {}))
            self._columns.append((spec, _key(property_id), name))
            if schema.get("type") == "number" and schema.get("number", {}).get("format") == "percent":
                self._percents.add(_key(property_id))
            if schema.get("type") == "relation":
                related = schema.get("relation", {}).get("data_source_id") if is_scan else None
                self._titles[_key(property_id)] = Titles(client, related)

    def record(self, page: PageAnswer) -> AccountRecord:
        """Return the account on a page. Raises PortError only where Notion cannot be reached."""
        held = {_key(value.get("id")): value for value in page.properties.values()}
        values: dict[str, FieldValue | None] = {}
        issues: list[FieldIssue] = []
        for spec, property_id, name in self._columns:
            value = self._value(page.id, held.get(property_id), spec, property_id, name)
            if isinstance(value, FieldIssue):
                issues.append(value)
            else:
                values[spec.name] = value
        return AccountRecord(
            id=page.id,
            url=page.url,
            created_at=page.created_time,
            last_edited_at=page.last_edited_time,
            is_archived=page.is_archived,
            values=values,
            issues=tuple(issues),
            figures=figures.held(held, self._figures),
        )

    def _value(
        self, page_id: str, value: Mapping[str, Any] | None, spec: FieldSpec, property_id: str, name: str
    ) -> FieldValue | FieldIssue | None:
        if value is None:
            message = f"The property “{name}” is no longer in Notion. Choose another for {spec.label}."
            return FieldIssue(field=spec.name, property_name=name, message=message)
        whole = value
        if value.get("type") in _LISTS:
            try:
                whole = self._whole(page_id, value, property_id, name)
            except PortError as error:
                if not error.permanent:
                    raise
                return FieldIssue(field=spec.name, property_name=name, message=str(error))
        read = properties.read(whole, spec, property_name=name)
        if spec.kind is ValueKind.FACT and property_id in self._percents and isinstance(read, Decimal):
            # An ROI fact says what the page shows there: 45, with the unit %.
            return read * 100
        return read

    def _whole(
        self, page_id: str, value: Mapping[str, Any], property_id: str, name: str
    ) -> Mapping[str, Any]:
        """Return a list with what the page leaves out of it: the items that were cut, the titles behind a relation."""
        held = self._uncut(page_id, value, property_id, name) if _may_be_cut(value) else value
        if held["type"] == "relation" and property_id in self._titles:
            return self._titles[property_id].in_place_of(held)
        return held

    def _uncut(
        self, page_id: str, value: Mapping[str, Any], property_id: str, name: str
    ) -> Mapping[str, Any]:
        path = f"pages/{page_id}/properties/{quote(property_id, safe='')}"
        items = list(paging.results(self._client, path, what=f"the property “{name}” of an account"))
        if value["type"] == "rollup":
            array = [_as_page_property(item) for item in items]
            return {**value, "rollup": {**value["rollup"], "array": array}}
        kind = value["type"]
        return {**value, kind: [item.get(kind) for item in items]}


class Titles:
    """The titles of the pages that a relation links to, each asked for once, whichever thread is first."""

    def __init__(self, client: NotionClient, data_source_id: object) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}
        self._unread = data_source_id if isinstance(data_source_id, str) else None

    def in_place_of(self, relation: Mapping[str, Any]) -> dict[str, Any]:
        """Return a rollup of titles for a relation.

        A link to a page that is not shared with the integration stays the link that it is.
        """
        links = relation.get("relation")
        array = [self._title(link) for link in (links if isinstance(links, list) else ())]
        return {"type": "rollup", "rollup": {"type": "array", "function": "show_original", "array": array}}

    def _title(self, link: Any) -> dict[str, Any]:
        identifier = link.get("id") if isinstance(link, dict) else None
        words = self._of(identifier) if isinstance(identifier, str) else None
        if words is None:
            return {"type": "relation", "relation": [link]}
        return {"type": "title", "title": [{"plain_text": words}]}

    def _of(self, page_id: str) -> str | None:
        if page_id in self._known and self._unread is None:
            return self._known[page_id]
        with self._lock:
            if page_id not in self._known and self._unread is not None:
                self._read_all(self._unread)
                self._unread = None
            if page_id not in self._known:
                self._known[page_id] = self._ask(page_id)
            return self._known[page_id]

    def _read_all(self, data_source_id: str) -> None:
        path = f"data_sources/{data_source_id}/query"
        try:
            for page in paging.results(self._client, path, what="a related database", body={}):
                if isinstance(page.get("id"), str) and isinstance(page.get("properties"), dict):
                    self._known[page["id"]] = _title_in(page["properties"])
        except PortError as error:
            # What could not be listed is asked for page by page, where a refusal concerns one field.
            if not error.permanent:
                raise

    def _ask(self, page_id: str) -> str | None:
        try:
            page = self._client.read(f"pages/{page_id}", what="a related page")
        except PortError as error:
            if not error.permanent:
                raise
            return None
        held = page.get("properties")
        return _title_in(held) if isinstance(held, dict) else None


def _may_be_cut(value: Mapping[str, Any]) -> bool:
    kind = value["type"]
    held = value.get(kind)
    if kind == "relation":
        return value.get("has_more") is True
    if kind == "rollup":
        array = held.get("array") if isinstance(held, dict) else None
        return isinstance(array, list) and len(array) >= REFERENCES_A_PAGE
    if not isinstance(held, list):
        return False
    if kind == "people":
        return len(held) >= REFERENCES_A_PAGE
    if kind in ("title", "rich_text"):
        mentions = [item for item in held if isinstance(item, dict) and item.get("type") == "mention"]
        return len(mentions) >= REFERENCES_A_PAGE
    return False


def _as_page_property(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn a property item, which holds one of a list, into a property, which holds the list."""
    kind = item.get("type")
    if kind in ("title", "rich_text", "people", "relation"):
        return {**item, kind: [item.get(kind)]}
    return item


def _title_in(held: Mapping[str, Any]) -> str | None:
    for value in held.values():
        if isinstance(value, dict) and value.get("type") == "title":
            try:
                return atoms.plain_text(value.get("title")).strip()
            except atoms.Unreadable:
                return None
    return None


def _key(property_id: object) -> str:
    return _plain(property_id) if isinstance(property_id, str) else ""


# The same few ids come with every page.
_plain = lru_cache(maxsize=4096)(unquote)
