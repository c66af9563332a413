"""A QBR's entry in the QBR database: its properties by name, and what is wrong with the database (SPEC 2.6)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from csm_portal.integrations.notion import answers, atoms, blocks, errors, fields, notion_id, qbr_schema
from csm_portal.integrations.notion.answers import DataSourceAnswer, PageAnswer
from csm_portal.integrations.notion.qbr_schema import (
    ACCOUNT,
    CREATED_DATE,
    HEALTH_SCORE,
    KEY,
    QUARTER,
    STATUS,
)
from csm_portal.ports.qbr_pages import QBRPageState
from csm_portal.ports.workspace import QBREntry, QBRPageRef

TITLE = "Title"


class Columns:
    """The properties of one QBR data source under the names they have there.

    Raises PortError with one sentence for everything that is missing or mistyped. ``accounts`` are ids
    of the accounts database or data source: the relation has to lead there.
    """

    def __init__(self, source: DataSourceAnswer, *, accounts: Iterable[str]) -> None:
        self._names = qbr_schema.names_in(source)
        self._schemas = {needed: source.properties.get(name, {}) for needed, name in self._names.items()}
        self._title = next(
            (n for n, schema in source.properties.items() if schema.get("type") == "title"), None
        )
        complaint = qbr_schema.complaint(qbr_schema.checks(source, accounts=accounts))
        if self._title is None:
            complaint = f"{complaint}; it has no title" if complaint else "it has no title"
        if complaint:
            raise errors.not_configured(
                f"The QBR database “{fields.title_of(source)}” cannot take a QBR: {complaint}. "
                "An admin puts this right on the portal's Notion page."
            )

    def for_entry(self, entry: QBREntry, *, status: str, leave: Collection[str] = ()) -> dict[str, Any]:
        """Return the properties of an entry as a request holds them, but those named in ``leave``."""
        values = {
            ACCOUNT: [{"id": entry.account_id}],
            QUARTER: {"name": entry.quarter},
            STATUS: {"name": status},
            HEALTH_SCORE: entry.health_score,
            CREATED_DATE: {"start": entry.created_on.isoformat()},
            KEY: blocks.rich_text(entry.key),
        }
        written = {
            self._names[name]: {self._schemas[name]["type"]: value}
            for name, value in values.items()
            if name not in leave
        }
        if TITLE in leave:
            return written
        return {str(self._title): {"title": blocks.rich_text(entry.title)}, **written}

    def with_key(self, key: str) -> dict[str, Any]:
        """Return the filter for the entries of one QBR."""
        return {"property": self._names[KEY], "rich_text": {"equals": key}}

    def reference(self, answer: Mapping[str, Any]) -> QBRPageRef | None:
        """Return the page of an entry, or None where an answer is no page of this database or is in the trash."""
        if answer.get("object") != "page" or "properties" not in answer:
            return None
        page = answers.parse(PageAnswer, answer, what="the QBR's page")
        if page.in_trash:
            return None
        return QBRPageRef(
            id=page.id,
            url=page.url,
            key=self._text(page, KEY) or "",
            status=self._text(page, STATUS),
            title=_words(page.properties.get(str(self._title))),
            is_archived=page.is_archived,
        )

    def state(self, page: PageAnswer, *, source_id: str) -> QBRPageState:
        """Return a page with its title and properties as a person reads them, wherever it is now."""
        names = {TITLE: str(self._title), **self._names}
        values = {needed: _words(page.properties.get(name)) for needed, name in names.items()}
        parent = page.parent.data_source_id
        return QBRPageState(
            id=page.id,
            url=page.url,
            title=values[TITLE],
            status=values[STATUS],
            values=values,
            is_in_trash=page.in_trash,
            is_archived=page.is_archived,
            is_in_database=parent is not None and notion_id.compact(parent) == notion_id.compact(source_id),
        )

    def _text(self, page: PageAnswer, name: str) -> str | None:
        try:
            held = atoms.of(page.properties.get(self._names[name]))
        except atoms.Unreadable:
            return None
        return held[0] if held and isinstance(held[0], str) else None


def _words(value: object) -> str:
    """Return what a property says; of a relation, the ids of the pages."""
    try:
        held = atoms.of(value)
    except atoms.Unreadable:
        return ""
    return ", ".join(atom.id if isinstance(atom, atoms.PageLink) else str(atom) for atom in held)
