"""Health score and churn risk on an account's page: where they go, what stands there, and writing them (SPEC 2.5a)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from csm_portal.integrations.notion import answers, errors, fields, sources
from csm_portal.integrations.notion.answers import Answer, DataSourceAnswer, PageAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.figures import Figure, FigureProperties, FiguresHeld, PageEdit

ACCOUNT_PAGE = "the account's page"

NEEDED: Mapping[Figure, tuple[str, str]] = {
    Figure.SCORE: ("CSM Health Score", "number"),
    Figure.RISK: ("Churn Risk", "select"),
}
"""Figure -> the name and type of its property."""


class _Editor(Answer):
    id: str = ""


class _Written(PageAnswer):
    last_edited_by: _Editor = _Editor()


def describe(source: DataSourceAnswer) -> FigureProperties:
    """Return where the figures go in the accounts data source, and a sentence for each that has no place there."""
    names, problems = {}, []
    for figure, (wanted, kind) in NEEDED.items():
        name, schema = _found(source, wanted)
        if schema.get("type") == kind:
            names[figure.value] = name
        else:
            problems.append(_problem(source, name, kind, found=schema.get("type")))
    risk = source.properties.get(names.get(Figure.RISK, ""), {})
    options = [str(option.get("name")) for option in risk.get("select", {}).get("options", ())]
    return FigureProperties(
        names=names, options={option.casefold(): option for option in options}, problems=tuple(problems)
    )


def property_ids(source: DataSourceAnswer) -> dict[str, str]:
    """Return figure -> property id, for reading the figures off the pages of a scan."""
    found = {figure: _found(source, wanted)[1] for figure, (wanted, _) in NEEDED.items()}
    return {
        figure.value: unquote(str(schema.get("id")))
        for figure, schema in found.items()
        if schema.get("type") == NEEDED[figure][1]
    }


def held(by_id: Mapping[str, Mapping[str, Any]], ids: Mapping[str, str]) -> FiguresHeld:
    """Return what the figures of a page say, given its values by plain property id; what cannot be read is left out."""
    return {figure: _words(by_id[key]) for figure, key in ids.items() if key in by_id}


def write(
    client: NotionClient, account_id: str, values: Mapping[str, int | str], properties: FigureProperties
) -> PageEdit:
    """Set the given figures of one account's page, leaving all else on it alone; return what it says then.

    Safe to be made again: the same values twice are the same page. One request.
    """
    identifier = sources.parsed(account_id, what="the account")
    body = {
        "properties": {
            properties.names[name]: _sent(name, value, properties) for name, value in values.items()
        }
    }
    answer = client.write("PATCH", f"pages/{identifier}", what=ACCOUNT_PAGE, body=body, is_repeatable=True)
    page = answers.parse(_Written, answer, what=ACCOUNT_PAGE)
    ids = {
        figure: unquote(str(page.properties[name].get("id")))
        for figure, name in properties.names.items()
        if name in page.properties
    }
    if missing := set(values) - set(ids):
        raise errors.bad_answer(f"{', '.join(sorted(missing))} on {ACCOUNT_PAGE}")
    by_id = {unquote(str(value.get("id"))): value for value in page.properties.values()}
    return PageEdit(at=page.last_edited_time, by=page.last_edited_by.id, held=held(by_id, ids))


def _sent(name: str, value: int | str, properties: FigureProperties) -> dict[str, Any]:
    if name == Figure.SCORE:
        return {"number": value}
    # An admin's “High” is used where there is one; an option that nobody has made yet is made by this write.
    return {"select": {"name": properties.options.get(str(value).casefold(), value)}}


def _words(value: Mapping[str, Any]) -> str | None:
    content = value.get(str(value.get("type")))
    if isinstance(content, dict):
        return str(content.get("name"))
    if content is None:
        return None
    number = Decimal(str(content))
    return str(int(number)) if number == number.to_integral_value() else str(number)


def _found(source: DataSourceAnswer, wanted: str) -> tuple[str, Mapping[str, Any]]:
    """Return the live name and the schema of a property; names are compared without case, as a person would."""
    for name, schema in source.properties.items():
        if name.strip().casefold() == wanted.casefold():
            return name, schema
    return wanted, {}


def _problem(source: DataSourceAnswer, name: str, kind: str, *, found: object) -> str:
    database = fields.title_of(source)
    if not found:
        return (
            f"The accounts database “{database}” has no property “{name}”, so the portal cannot keep it on the account "
            f"pages. Add it in Notion: a new property of type {kind.capitalize()} with exactly this name."
        )
    return (
        f"The property “{name}” of the accounts database “{database}” is of type {fields.type_word(str(found))} where "
        f"{kind} is needed, so the portal leaves it alone. Change its type in Notion, or give it another name and add "
        f"“{name}” of type {kind.capitalize()}."
    )
