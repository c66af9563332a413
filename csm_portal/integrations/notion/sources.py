"""From what a person pasted to the data source that rows are queried from (SPEC 2.1, 2.2)."""

from csm_portal.integrations.notion import answers, errors, notion_id
from csm_portal.integrations.notion.answers import DatabaseAnswer, DataSourceAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.errors import ChoiceNeeded, PortError, Trouble


def parsed(text: str | None, *, what: str) -> str:
    """Return the id in a setting. Raises PortError where there is none, or nothing that could be one."""
    if not (text or "").strip():
        raise errors.not_configured(f"No id of {what} is set. An admin enters its link on the Notion page.")
    try:
        return notion_id.parse(text or "")
    except ValueError as error:
        raise errors.not_configured(f"The setting for {what} cannot be used. {error}") from error


def data_source_id(client: NotionClient, identifier: str, *, named: str | None, what: str) -> str:
    """Return the id of the data source to use. One request, two where ``identifier`` is a data source's.

    A database with several data sources needs one to be ``named``; the error names them all.
    """
    chosen = parsed(named, what=f"the data source of {what}") if named else None
    try:
        answer = client.read(f"databases/{identifier}", what=what)
    except PortError as error:
        if error.trouble not in (Trouble.NOT_FOUND, Trouble.INVALID):
            raise
        # What was pasted may be a data source already; if it is not, the first answer is the one to show.
        if not _is_data_source(client, identifier, what=what):
            raise
        return identifier
    database = answers.parse(DatabaseAnswer, answer, what=what)
    if database.in_trash:
        raise errors.not_configured(
            f"{_capital(what)} is in Notion's trash. Restore it there, or choose another."
        )
    held = {notion_id.compact(source.id): source for source in database.data_sources}
    choices = [(source.id, source.name or "Untitled") for source in database.data_sources]
    if chosen is not None:
        if notion_id.compact(chosen) not in held:
            raise ChoiceNeeded(
                f"The data source that is chosen is not one of {what}. Choose it again.", choices=choices
            )
        return chosen
    if len(held) == 1:
        return database.data_sources[0].id
    if not held:
        raise errors.not_configured(
            f"The integration sees no data source in {what}. Share the original in Notion, not a linked view of it."
        )
    names = ", ".join(f"“{name}”" for _, name in choices)
    raise ChoiceNeeded(
        f"{_capital(what)} holds several data sources: {names}. Choose one of them.", choices=choices
    )


def fetch(client: NotionClient, identifier: str, *, what: str) -> DataSourceAnswer:
    """Return a data source with its live schema. Raises PortError."""
    source = answers.parse(DataSourceAnswer, client.read(f"data_sources/{identifier}", what=what), what=what)
    if source.in_trash:
        raise errors.not_configured(
            f"{_capital(what)} is in Notion's trash. Restore it there, or choose another."
        )
    return source


def _is_data_source(client: NotionClient, identifier: str, *, what: str) -> bool:
    try:
        client.read(f"data_sources/{identifier}", what=what)
    except PortError as error:
        if error.trouble not in (Trouble.NOT_FOUND, Trouble.INVALID):
            raise
        return False
    return True


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
