"""The properties that a QBR needs in the QBR data source: held against the live schema, and created (SPEC 2.5, 2.6)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from csm_portal.integrations.notion import fields, notion_id
from csm_portal.integrations.notion.answers import DataSourceAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.workspace import PropertyCheck, PropertyState

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
STATUSES: Mapping[str, str] = {"Draft": "yellow", "Ready": "green"}
"""What *Status* says of a QBR, and the colour that a new property gives it."""


def names_in(source: DataSourceAnswer) -> dict[str, str]:
    """Return needed property -> what it is called there: names are compared without case, as a person would."""
    by_name = {name.strip().casefold(): name for name in source.properties}
    return {needed: by_name.get(needed.casefold(), needed) for needed in NEEDED}


def checks(source: DataSourceAnswer, *, accounts: Iterable[str]) -> tuple[PropertyCheck, ...]:
    """Say of each property that a QBR needs whether it is there and can hold what it has to.

    ``accounts`` are ids of the accounts database or data source: the relation has to lead there.
    """
    ends = {notion_id.compact(account) for account in accounts}
    return tuple(
        _check(needed, source.properties.get(name), name, ends) for needed, name in names_in(source).items()
    )


def complaint(found: Collection[PropertyCheck]) -> str:
    """Return what is wrong as the middle of a sentence, ``""`` where nothing is."""
    missing = [
        f"“{check.name}” ({check.type_word})" for check in found if check.state == PropertyState.MISSING
    ]
    clauses = [f"it has no property {_listed(missing)}"] if missing else []
    clauses += [check.clause for check in found if check.state == PropertyState.WRONG]
    return "; ".join(clauses)


def create(
    client: NotionClient,
    source: DataSourceAnswer,
    names: Collection[str],
    *,
    accounts_source_id: str,
    what: str,
) -> tuple[str, ...]:
    """Add those of ``names`` that the data source lacks, in one request; return what was added.

    A property that is there, whatever its type, is not named in the request and so not touched. Raises
    PortError.
    """
    wanted = {
        check.name: _definition(check.name, accounts_source_id)
        for check in checks(source, accounts=[accounts_source_id])
        if check.state == PropertyState.MISSING and check.name in names
    }
    if wanted:
        client.write("PATCH", f"data_sources/{source.id}", what=what, body={"properties": wanted})
    return tuple(wanted)


def _check(needed: str, schema: Mapping[str, Any] | None, name: str, accounts: set[str]) -> PropertyCheck:
    word = fields.type_word(NEEDED[needed][0])
    if not schema:
        return PropertyCheck(name=needed, type_word=word, state=PropertyState.MISSING)
    clause = _wrong(needed, schema, name, accounts)
    state = PropertyState.WRONG if clause else PropertyState.OK
    return PropertyCheck(name=needed, type_word=word, state=state, clause=clause)


def _wrong(needed: str, schema: Mapping[str, Any], name: str, accounts: set[str]) -> str:
    kind = schema.get("type")
    if kind not in NEEDED[needed]:
        wanted = fields.type_word(NEEDED[needed][0])
        return f"its property “{name}” is of type {fields.type_word(str(kind))} where {wanted} is needed"
    config = schema.get(kind)
    if not isinstance(config, dict):
        return ""
    if kind == "relation":
        ends = {notion_id.compact(str(config.get(key))) for key in ("database_id", "data_source_id")}
        return "" if ends & accounts else f"its relation “{name}” does not lead to the accounts database"
    if kind == "status":
        # A select takes a new option with the first entry that has it; a status refuses one that it does not know.
        known = {option.get("name") for option in config.get("options") or () if isinstance(option, dict)}
        if lacking := [f"“{status}”" for status in STATUSES if status not in known]:
            options = "option" if len(lacking) == 1 else "options"
            return f"its status “{name}” lacks the {options} {_listed(lacking)}"
    return ""


def _definition(needed: str, accounts_source_id: str) -> dict[str, Any]:
    match needed:
        case "Account":
            return {
                "relation": {
                    "data_source_id": accounts_source_id,
                    "type": "single_property",
                    "single_property": {},
                }
            }
        case "Status":
            return {
                "select": {"options": [{"name": name, "color": color} for name, color in STATUSES.items()]}
            }
        case "Health Score":
            return {"number": {"format": "number"}}
        case _:
            # The quarters join the select one by one, each with the first QBR of it.
            return {NEEDED[needed][0]: {}}


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
