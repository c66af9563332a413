"""Property values of a request: checked against the schema and turned into what is kept (``cells``).

A kept page has ``{property id: value}``: text as runs, a choice as the id of its option, people and relations as
ids. An empty property has no entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from csm_portal.simulators.notion import errors, richtext, schema
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import Directory

Cells: TypeAlias = dict[str, Any]

MAX_REFERENCES = 100
_URL_UNITS = 2000
_CONTACT_UNITS = 200


@dataclass(slots=True, kw_only=True)
class Accepted:
    """``cells`` holds what was sent, None for a property that was emptied. ``has_new_options``: keep the schema too."""

    cells: Cells = field(default_factory=dict)
    has_new_options: bool = False


def read(node: Node, properties: schema.Schema, *, call: Call) -> Accepted:
    """Return the values that a request sets. ``properties`` gains the options that a select did not know yet."""
    accepted = Accepted()
    if not node:
        return accepted
    unfit: list[str] = []
    directory = Directory(call.db)
    for key, wanted in node.pairs():
        property_id = schema.find(properties, key)
        if property_id is None:
            unfit.append(f"{key} is not a property that exists.")
            continue
        prop = properties[property_id]
        kind = prop["type"]
        value = _value_node(wanted, kind)
        if value is None:
            unfit.append(f"{prop['name']} is expected to be {kind}.")
            continue
        reader = _READERS.get(kind)
        if reader is None:
            unfit.append(f"{prop['name']} is computed by Notion and cannot be set.")
            continue
        options_before = len(prop["config"].get("options", ()))
        stored = None if value.is_null else reader(value, prop, call, directory)
        accepted.cells[property_id] = None if stored in ([], "") else stored
        accepted.has_new_options |= len(prop["config"].get("options", ())) > options_before
    if unfit:
        raise errors.validation(" ".join(unfit))
    return accepted


def _value_node(node: Node, kind: str) -> Node | None:
    """Return the value under its type, or None where another type was sent."""
    if kind == "title" and isinstance(node.value, list):
        return node
    sent = node.object()
    if kind in sent and sent.get("type", kind) == kind:
        return node[kind]
    return None


def title_of(cells: Cells) -> str:
    return richtext.plain(cells.get("title") or [])


Reader: TypeAlias = Callable[[Node, schema.Property, Call, Directory], Any]


def _read_runs(node: Node, _prop: schema.Property, _call: Call, directory: Directory) -> list[richtext.Run]:
    return richtext.read(node, directory=directory)


def _read_number(node: Node, *_: Any) -> int | float:
    return node.number()


def _read_checkbox(node: Node, *_: Any) -> bool:
    return node.boolean()


def _read_date(node: Node, *_: Any) -> dict[str, Any]:
    return richtext.read_date(node)


def _read_url(node: Node, *_: Any) -> str:
    return _filled(node, _URL_UNITS)


def _read_contact(node: Node, *_: Any) -> str:
    return _filled(node, _CONTACT_UNITS)


def _filled(node: Node, at_most: int) -> str:
    if not node.text(at_most=at_most):
        raise node.should("a non-empty string or `null`")
    return node.text()


def _read_choice(node: Node, prop: schema.Property, call: Call, _directory: Directory) -> str:
    """Return the id of the option; a name that no option has becomes a new one."""
    node.object({"id", "name", "color", "description"})
    options = prop["config"]["options"]
    if node["id"]:
        for known in options:
            if known["id"] == node["id"].text():
                return str(known["id"])
        raise errors.validation(f'Select option with ID "{node["id"].text()}" does not exist.')
    name = node["name"].text(at_most=100)
    for known in options:
        if known["name"] == name:
            return str(known["id"])
    if not name:
        raise node["name"].should("a non-empty string")
    if prop["type"] == "status":
        raise errors.validation(f'Invalid status option. Status option "{name}" does not exist.')
    color = node["color"].one_of(richtext.OPTION_COLORS) if node["color"] else None
    new = schema.option(name, taken=options, call=call, color=color)
    options.append(new)
    return str(new["id"])


def _read_choices(node: Node, prop: schema.Property, call: Call, directory: Directory) -> list[str]:
    chosen = [_read_choice(item, prop, call, directory) for item in node.items(at_most=MAX_REFERENCES)]
    return list(dict.fromkeys(chosen))


def _read_people(node: Node, _prop: schema.Property, _call: Call, directory: Directory) -> list[str]:
    people = []
    for item in node.items(at_most=MAX_REFERENCES):
        item.object()
        user_id = item["id"].uuid()
        if user_id not in directory:
            raise errors.validation(f"Could not find user with ID: {user_id}.")
        people.append(user_id)
    return people


def _read_relation(node: Node, prop: schema.Property, call: Call, _directory: Directory) -> list[str]:
    related = []
    for item in node.items(at_most=MAX_REFERENCES):
        item.object({"id"})
        page_id = item["id"].uuid()
        row = call.db.execute("SELECT parent_id FROM pages WHERE id = ?", (page_id,)).fetchone()
        if row is None or not call.sees(page_id):
            raise call.not_found("page", page_id)
        if row["parent_id"] != prop["config"]["data_source_id"]:
            raise errors.validation(
                f"Page with ID {page_id} is not in the data source that {prop['name']} relates to."
            )
        related.append(page_id)
    return related


def _read_files(node: Node, *_: Any) -> list[dict[str, Any]]:
    files = []
    for item in node.items():
        item.object({"name", "type", "external", "file"})
        kind = "external" if item["external"] else "file"
        url = item[kind].defined()["url"].text(at_most=_URL_UNITS)
        name = item["name"].text(at_most=100)
        if kind == "external":
            files.append({"name": name, "type": kind, kind: {"url": url}})
        else:
            expiry = item[kind]["expiry_time"]
            expires = expiry.text() if expiry else "2100-01-01T00:00:00.000Z"
            files.append({"name": name, "type": kind, kind: {"url": url, "expiry_time": expires}})
    return files


_READERS: dict[str, Reader] = {
    "title": _read_runs,
    "rich_text": _read_runs,
    "number": _read_number,
    "checkbox": _read_checkbox,
    "date": _read_date,
    "url": _read_url,
    "email": _read_contact,
    "phone_number": _read_contact,
    "select": _read_choice,
    "status": _read_choice,
    "multi_select": _read_choices,
    "people": _read_people,
    "relation": _read_relation,
    "files": _read_files,
}
