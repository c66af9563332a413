"""A QBR's entry in the QBR database: its properties by name, and what is wrong with the database (SPEC 2.6)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from csm_portal.integrations.notion import answers, atoms, blocks, errors, fields, notion_id
from csm_portal.integrations.notion.answers import DataSourceAnswer, PageAnswer
from csm_portal.ports.workspace import QBREntry, QBRPageRef

ACCOUNT, QUARTER, STATUS = "Account", "Quarter", "Status"
HEALTH_SCORE, CREATED_DATE, KEY = "Health Score", "Created Date", "QBR Key"

# The first type is the one that the portal would create; a status property can say Draft and Ready as well.
NEEDED: Mapping[str, tuple[str, ...]] = {
    ACCOUNT: ("relation",),
    QUARTER: ("select",),
    STATUS: ("select", "status"),
    HEALTH_SCORE: ("number",),
    CREATED_DATE: ("date",),
    KEY: ("rich_text",),
}


class Columns:
    """The properties of one QBR data source under the names they have there.

    Raises PortError with one sentence for everything that is missing or mistyped. ``accounts`` are ids
    of the accounts database or data source: the relation has to lead there.
    """

    def __init__(self, source: DataSourceAnswer, *, accounts: Iterable[str]) -> None:
        by_name = {name.strip().casefold(): name for name in source.properties}
        self._names = {needed: by_name.get(needed.casefold(), needed) for needed in NEEDED}
        self._schemas = {needed: source.properties.get(name, {}) for needed, name in self._names.items()}
        self._title = next(
            (n for n, schema in source.properties.items() if schema.get("type") == "title"), None
        )
        complaints = list(self._complaints(accounts))
        if complaints:
            raise errors.not_configured(
                f"The QBR database “{fields.title_of(source)}” cannot take a QBR: {'; '.join(complaints)}. "
                "Put this right in Notion and try again."
            )

    def for_entry(self, entry: QBREntry, *, status: str) -> dict[str, Any]:
        """Return the properties of an entry as a request holds them."""
        values = {
            ACCOUNT: [{"id": entry.account_id}],
            QUARTER: {"name": entry.quarter},
            STATUS: {"name": status},
            HEALTH_SCORE: entry.health_score,
            CREATED_DATE: {"start": entry.created_on.isoformat()},
            KEY: blocks.rich_text(entry.key),
        }
        written = {self._names[name]: {self._schemas[name]["type"]: value} for name, value in values.items()}
        return {str(self._title): {"title": blocks.rich_text(entry.title)}, **written}

    def with_key(self, key: str) -> dict[str, Any]:
        """Return the filter for the entries of one QBR."""
        return {"property": self._names[KEY], "rich_text": {"equals": key}}

    def reference(self, answer: Mapping[str, Any]) -> QBRPageRef | None:
        """Return the page of an entry, or None where an answer is no page of this database or is in the trash."""
        if answer.get("object") != "page" or "properties" not in answer:
            return None
        page = answers.parse(PageAnswer, answer, what="the QBR's page")
        if page.in_trash or page.is_archived:
            return None
        return QBRPageRef(
            id=page.id, url=page.url, key=self._text(page, KEY) or "", status=self._text(page, STATUS)
        )

    def _text(self, page: PageAnswer, name: str) -> str | None:
        try:
            held = atoms.of(page.properties.get(self._names[name]))
        except atoms.Unreadable:
            return None
        return held[0] if held and isinstance(held[0], str) else None

    def _complaints(self, accounts: Iterable[str]) -> Iterator[str]:
        missing = [name for name, schema in self._schemas.items() if not schema]
        if missing:
            words = [f"“{name}” ({fields.type_word(NEEDED[name][0])})" for name in missing]
            yield f"it has no property {_listed(words)}"
        for name, schema in self._schemas.items():
            kind = schema.get("type")
            if schema and kind not in NEEDED[name]:
                wanted = fields.type_word(NEEDED[name][0])
                yield f"its property “{name}” is of type {fields.type_word(str(kind))} where {wanted} is needed"
        related = self._schemas[ACCOUNT].get("relation")
        if isinstance(related, dict):
            ends = {notion_id.compact(str(related.get(key))) for key in ("database_id", "data_source_id")}
            if not ends & {notion_id.compact(account) for account in accounts}:
                yield f"its relation “{ACCOUNT}” does not lead to the accounts database"
        if self._title is None:
            yield "it has no title"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
