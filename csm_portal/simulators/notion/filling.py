"""Rows in bulk: values of Python turned into what a page keeps, thousands in a second."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import accepted, richtext, schema, sources, store, users
from csm_portal.simulators.notion.body import normal_date
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.store import Store

Value: TypeAlias = Any
"""str, a number, bool, date or datetime, Person, a sequence of str or Person, or None for an empty property.

A mapping is kept as it stands: the stored result of a formula or rollup.
"""

CHOICE_COLORS = {
    "positive": "green", "neutral": "gray", "negative": "red",
    "growing": "green", "stable": "gray", "declining": "red",
    "Red": "red", "Amber": "orange", "Green": "green",
}  # fmt: skip
"""Colors of options whose name speaks of one."""

_INSERT = (
    "INSERT INTO pages (id, parent_type, parent_id, title, cells, detail, number, created_time, last_edited_time,"
    " created_by, last_edited_by, is_archived) VALUES (?, 'data_source_id', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PLAIN_DETAIL = store.pack({"icon": None, "cover": None})


def add_rows(
    target: Store,
    data_source_id: str,
    rows: Iterable[Mapping[str, Value]],
    *,
    created_at: datetime | None = None,
    is_archived: bool = False,
) -> list[str]:
    """Add rows keyed by property name, all or none; return their page ids in the same order.

    People and options that are new are added. Raises ValueError naming row and property for a property that does
    not exist and for a value that it cannot hold.
    """
    ids: list[str] = []
    with target.writing() as db:
        source = db.execute("SELECT * FROM data_sources WHERE id = ?", (data_source_id,)).fetchone()
        if source is None:
            raise ValueError(f"The workspace has no data source {data_source_id}.")
        creator = db.execute("SELECT * FROM users WHERE id = ?", (source["created_by"],)).fetchone()
        bot = users.bot_of(creator)
        call = Call(db=db, bot=bot, now=created_at or target.now(), mint=target.mint)
        properties = sources.properties_of(source)
        filler = Filler(call=call, properties=properties)
        moment, before = store.minute(call.now), int(source["last_number"])

        def records() -> Iterator[tuple[Any, ...]]:
            for index, row in enumerate(rows, start=1):
                cells = filler.cells(row, index)
                ids.append(target.mint.uuid())
                yield (
                    ids[-1], data_source_id, accepted.title_of(cells), store.pack(cells), _PLAIN_DETAIL,
                    before + index, moment, moment, bot.id, bot.id, is_archived,
                )  # fmt: skip

        db.executemany(_INSERT, records())
        sources.keep_properties(call, data_source_id, properties)
        db.execute(
            "UPDATE data_sources SET last_number = ? WHERE id = ?", (before + len(ids), data_source_id)
        )
    return ids


class Filler:
    """Turns values of Python into the cells of one data source. ``properties`` gains the options that are new."""

    def __init__(self, *, call: Call, properties: schema.Schema) -> None:
        self._call = call
        self._properties = properties
        self._ids = {prop["name"]: property_id for property_id, prop in properties.items()}
        self._people: dict[Person, str] = {}
        self._options = {
            property_id: {option["name"]: option["id"] for option in prop["config"]["options"]}
            for property_id, prop in properties.items()
            if "options" in prop["config"]
        }

    def cells(self, row: Mapping[str, Value], index: int) -> accepted.Cells:
        cells = {}
        for name, value in row.items():
            property_id = self._ids.get(name)
            if property_id is None:
                raise ValueError(f"Row {index}: the data source has no property called {name!r}.")
            if value is None or value in ("", (), []):
                continue
            kind = self._properties[property_id]["type"]
            try:
                cells[property_id] = self._cell(kind, property_id, value)
            except (TypeError, ValueError, ArithmeticError):
                raise ValueError(f"Row {index}: {name} is a {kind} and cannot hold {value!r}.") from None
        return cells

    def _cell(self, kind: str, property_id: str, value: Value) -> Any:
        match kind:
            case "title" | "rich_text":
                return _runs("\n".join(_several(value)))
            case "number":
                return _number(value)
            case "checkbox":
                return _is(bool, value)
            case "select" | "status":
                return self._option(property_id, _is(str, value))
            case "multi_select":
                return [self._option(property_id, name) for name in _several(value)]
            case "date":
                return {"start": _date(value), "end": None, "time_zone": None}
            case "people":
                return [self._person(each) for each in _several(value)]
            case "relation":
                return _several(value)
            case "formula" | "rollup":
                return dict(value)
            case "url" | "email" | "phone_number":
                return _is(str, value)
            case _:
                raise TypeError(f"A {kind} is computed.")

    def _option(self, property_id: str, name: str) -> str:
        # Notion parts the names of options by commas and refuses one inside.
        name = name.replace(",", ";")[:100]
        known = self._options[property_id]
        if name not in known:
            config = self._properties[property_id]["config"]
            new = schema.option(name, taken=config["options"], call=self._call, color=CHOICE_COLORS.get(name))
            config["options"].append(new)
            known[name] = new["id"]
            if "groups" in config:
                in_progress = config["groups"][1]
                in_progress["option_ids"].append(new["id"])
        return str(known[name])

    def _person(self, value: Person | str) -> str:
        person = value if isinstance(value, Person) else Person(name=_is(str, value))
        if person not in self._people:
            self._people[person] = person_id(
                self._call.db, self._call.mint.uuid(), self._call.bot.workspace_id, person
            )
        return self._people[person]


def person_id(db: sqlite3.Connection, fresh_id: str, workspace_id: str, person: Person) -> str:
    """Return the id of a person of a workspace, who is added under ``fresh_id`` where nobody fits."""
    row = db.execute(
        "SELECT id FROM users WHERE workspace_id = ? AND kind = 'person' AND name = ? AND email IS ?",
        (workspace_id, person.name, person.email),
    ).fetchone()
    if row is not None:
        return str(row["id"])
    insert_user(
        db, user_id=fresh_id, workspace_id=workspace_id, kind="person", name=person.name, email=person.email
    )
    return fresh_id


def insert_user(
    db: sqlite3.Connection,
    *,
    user_id: str,
    workspace_id: str,
    kind: str,
    name: str,
    email: str | None = None,
    token: str | None = None,
) -> None:
    db.execute(
        "INSERT INTO users (id, workspace_id, kind, name, email, token, rank)"
        " VALUES (?, ?, ?, ?, ?, ?, (SELECT count(*) FROM users))",
        (user_id, workspace_id, kind, name, email, token),
    )


def _several(value: Value) -> list[Any]:
    return (
        list(value)
        if isinstance(value, list | tuple)
        else [value if isinstance(value, Person) else str(value)]
    )


def _is(kind: type, value: Value) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _runs(text: str) -> list[richtext.Run]:
    """Return a text in runs that stay below the limit however many units its characters take."""
    size = richtext.MAX_CONTENT_UNITS // 2
    return [text[start : start + size] for start in range(0, len(text), size)]


def _number(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    whole = int(value)
    return whole if whole == value else float(value)


def _date(value: Value) -> str:
    text = normal_date(value.isoformat() if isinstance(value, date) else _is(str, value))
    if text is None:
        raise TypeError
    return text
