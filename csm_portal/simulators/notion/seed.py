"""Fill a simulated workspace: people, an accounts database, a QBR database, and rows in bulk."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, Person, ValueKind
from csm_portal.simulators.notion import accepted, richtext, schema, sources, store
from csm_portal.simulators.notion.body import Node, normal_date
from csm_portal.simulators.notion.call import Bot, Call
from csm_portal.simulators.notion.store import Store

Value: TypeAlias = Any
"""A value of a row: str, a number, bool, date, datetime, Person, a sequence of str or Person, or None.

A dict is kept as it stands: the stored result of a formula or a rollup.
"""

LIFECYCLE_STAGES = ("Onboarding", "Adoption", "Expansion", "Renewal", "Churned")
_RAG_COLORS = {"Red": "red", "Amber": "orange", "Green": "green"}
_CHOICE_COLORS = {"positive": "green", "neutral": "gray", "negative": "red",
                  "growing": "green", "stable": "gray", "declining": "red"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What a program needs to know to talk to the workspace."""

    token: str
    bot_id: str
    accounts_database_id: str
    accounts_data_source_id: str
    qbr_database_id: str
    qbr_data_source_id: str


def create_workspace(
    target: Store, *, name: str = "Workspace", integration: str = "CSM Portal", token: str | None = None
) -> Workspace:
    """Create an accounts database and a QBR database, shared with a new integration.

    The accounts database has a property for each field of ACCOUNT_FIELDS under its first name; the QBR database has
    those of SPEC 2.6. Called twice on one file it makes a second workspace beside the first, with a token of its own.
    """
    with target.writing() as db:
        bot_id = target.mint.uuid()
        token = token or target.mint.token()
        _insert_user(db, user_id=bot_id, kind="bot", name=integration, email=None, token=token)
        if store.get_setting(db, "workspace_id") is None:
            store.put_setting(db, "workspace_id", target.mint.uuid())
            store.put_setting(db, "workspace_name", name)
        call = Call(db=db, bot=Bot(id=bot_id, name=integration), now=target.now(), mint=target.mint)
        accounts = _create(call, "Accounts", _account_properties(), icon="🏢")
        qbrs = _create(call, "QBRs", _qbr_properties(accounts[1]), icon="📈")
    return Workspace(
        token=token,
        bot_id=bot_id,
        accounts_database_id=accounts[0],
        accounts_data_source_id=accounts[1],
        qbr_database_id=qbrs[0],
        qbr_data_source_id=qbrs[1],
    )


def add_integration(target: Store, *, name: str, token: str | None = None, shares: Iterable[str] = ()) -> str:
    """Add an integration that sees the given databases and pages only; return its token."""
    with target.writing() as db:
        bot_id, token = target.mint.uuid(), token or target.mint.token()
        _insert_user(db, user_id=bot_id, kind="bot", name=name, email=None, token=token)
        for object_id in shares:
            sources.share(db, bot_id=bot_id, object_id=object_id)
    return token


def unshare(target: Store, object_id: str) -> None:
    """Take a database or page away from every integration, as a person does in Notion under Connections."""
    with target.writing() as db:
        db.execute("DELETE FROM shares WHERE object_id = ?", (object_id,))


def add_person(target: Store, name: str, email: str | None = None) -> str:
    """Add a person to the workspace and return their id; somebody with this name and address is not added twice."""
    with target.writing() as db:
        return _person_id(db, target, Person(name=name, email=email))


def create_database(
    target: Store, bot_id: str, *, title: str, properties: Mapping[str, Any], icon: str | None = None
) -> tuple[str, str]:
    """Create a database shared with an integration; return its id and that of its data source.

    ``properties`` is what the API takes: ``{"Name": {"title": {}}, "Score": {"number": {"format": "number"}}}``.
    """
    with target.writing() as db:
        bot = db.execute("SELECT name FROM users WHERE id = ?", (bot_id,)).fetchone()
        call = Call(db=db, bot=Bot(id=bot_id, name=bot["name"]), now=target.now(), mint=target.mint)
        return _create(call, title, properties, icon=icon)


def add_account_rows(
    target: Store,
    data_source_id: str,
    rows: Iterable[Mapping[str, Value]],
    *,
    created_at: datetime | None = None,
) -> list[str]:
    """Add rows keyed by the portal's field names (``feature_adoption_rate``); return their page ids.

    A key that is no field name is taken as a property name.
    """
    names = {spec.name: spec.property_names[0] for spec in ACCOUNT_FIELDS}
    named = ({names.get(key, key): value for key, value in row.items()} for row in rows)
    return add_rows(target, data_source_id, named, created_at=created_at)


def add_rows(
    target: Store,
    data_source_id: str,
    rows: Iterable[Mapping[str, Value]],
    *,
    created_at: datetime | None = None,
    is_archived: bool = False,
) -> list[str]:
    """Add rows keyed by property name, in one transaction; return their page ids in the same order.

    People and options that are new are added. Raises ValueError naming the row and property for a value of the wrong
    type, KeyError never: a property that does not exist is a ValueError as well. Then nothing is kept.
    """
    ids: list[str] = []
    with target.writing() as db:
        source = db.execute("SELECT * FROM data_sources WHERE id = ?", (data_source_id,)).fetchone()
        if source is None:
            raise ValueError(f"The workspace has no data source {data_source_id}.")
        bot = Bot(id=source["created_by"], name="")
        call = Call(db=db, bot=bot, now=created_at or target.now(), mint=target.mint)
        properties = sources.properties_of(source)
        filler = _Filler(target=target, call=call, properties=properties)
        moment, number = store.minute(call.now), int(source["last_number"])

        def records() -> Iterable[tuple[Any, ...]]:
            nonlocal number
            for index, row in enumerate(rows, start=1):
                cells = filler.cells(row, index)
                number += 1
                ids.append(target.mint.uuid())
                yield (
                    ids[-1], "data_source_id", data_source_id, accepted.title_of(cells), store.pack(cells),
                    '{"icon":null,"cover":null}', number, moment, moment, bot.id, bot.id, is_archived,
                )  # fmt: skip

        db.executemany(
            "INSERT INTO pages (id, parent_type, parent_id, title, cells, detail, number, created_time,"
            " last_edited_time, created_by, last_edited_by, is_archived) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            records(),
        )
        sources.keep_properties(call, data_source_id, properties)
        db.execute("UPDATE data_sources SET last_number = ? WHERE id = ?", (number, data_source_id))
    return ids


class _Filler:
    """Turns values of Python into kept cells of one data source."""

    def __init__(self, *, target: Store, call: Call, properties: schema.Schema) -> None:
        self._target = target
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
            if value is None or value in ("", ()):
                continue
            kind = self._properties[property_id]["type"]
            try:
                cells[property_id] = self._cell(kind, property_id, value)
            except (TypeError, AttributeError, ArithmeticError):
                raise ValueError(f"Row {index}: {name} is a {kind} and cannot hold {value!r}.") from None
        return cells

    def _cell(self, kind: str, property_id: str, value: Value) -> Any:
        match kind:
            case "title" | "rich_text":
                return _runs("\n".join(value) if isinstance(value, list | tuple) else str(value))
            case "number":
                return _number(value)
            case "checkbox":
                return bool(value)
            case "select" | "status":
                return self._option(property_id, str(value))
            case "multi_select":
                return [
                    self._option(property_id, name) for name in ([value] if isinstance(value, str) else value)
                ]
            case "date":
                return {"start": _date(value), "end": None, "time_zone": None}
            case "people":
                return [
                    self._person(each) for each in (value if isinstance(value, list | tuple) else [value])
                ]
            case "relation":
                return [value] if isinstance(value, str) else list(value)
            case "formula" | "rollup":
                return dict(value)
            case _:
                return str(value)

    def _option(self, property_id: str, name: str) -> str:
        # Notion parts option names by commas and refuses them inside.
        name = name.replace(",", ";")[:100]
        known = self._options[property_id]
        if name not in known:
            options = self._properties[property_id]["config"]["options"]
            new = schema.option(name, taken=options, call=self._call, color=_CHOICE_COLORS.get(name))
            options.append(new)
            known[name] = new["id"]
            if self._properties[property_id]["type"] == "status":
                self._properties[property_id]["config"]["groups"][1]["option_ids"].append(new["id"])
        return str(known[name])

    def _person(self, value: Person | str) -> str:
        person = value if isinstance(value, Person) else Person(name=value)
        if person not in self._people:
            self._people[person] = _person_id(self._call.db, self._target, person)
        return self._people[person]


def _runs(text: str) -> list[richtext.Run]:
    """Return a text in runs of at most 2,000 UTF-16 units, none of them ending inside a character."""
    size = richtext.MAX_CONTENT_UNITS // 2
    if len(text) <= size:
        return [text]
    return [text[start : start + size] for start in range(0, len(text), size)]


def _number(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return value if isinstance(value, int) else int(value) if value == int(value) else float(value)


def _date(value: Value) -> str:
    text = normal_date(value.isoformat() if isinstance(value, date) else str(value))
    if text is None:
        raise TypeError
    return text


def _insert_user(
    db: Any, *, user_id: str, kind: str, name: str, email: str | None, token: str | None
) -> None:
    db.execute(
        "INSERT INTO users (id, kind, name, email, token, rank) VALUES (?, ?, ?, ?, ?, (SELECT count(*) FROM users))",
        (user_id, kind, name, email, token),
    )


def _person_id(db: Any, target: Store, person: Person) -> str:
    row = db.execute(
        "SELECT id FROM users WHERE kind = 'person' AND name = ? AND email IS ?", (person.name, person.email)
    ).fetchone()
    if row is not None:
        return str(row["id"])
    user_id = target.mint.uuid()
    _insert_user(db, user_id=user_id, kind="person", name=person.name, email=person.email, token=None)
    return user_id


def _create(call: Call, title: str, properties: Mapping[str, Any], *, icon: str | None) -> tuple[str, str]:
    database_id, source_id = call.mint.uuid(), call.mint.uuid()
    decoration = {"type": "emoji", "emoji": icon} if icon else None
    detail = {"title": [title], "description": [], "icon": decoration, "cover": None, "is_inline": False}
    sources.insert_database(
        call, database_id=database_id, parent={"type": "workspace", "workspace": True}, detail=detail
    )
    sources.share(call.db, bot_id=call.bot.id, object_id=database_id)
    found = schema.read_new(Node(dict(properties), "properties"), call=call)
    sources.insert_data_source(
        call, source_id=source_id, database_id=database_id, detail=detail, properties=found
    )
    return database_id, source_id


def _account_properties() -> dict[str, Any]:
    return {spec.property_names[0]: _property_for(spec) for spec in ACCOUNT_FIELDS}


_SPECIAL: dict[str, Callable[[], dict[str, Any]]] = {
    "name": lambda: {"title": {}},
    "arr": lambda: {"number": {"format": "number_with_commas"}},
    "segment": lambda: {"select": {}},
    "currency": lambda: {"select": {}},
    "lifecycle_stage": lambda: {"status": {"options": [{"name": stage} for stage in LIFECYCLE_STAGES]}},
    "primary_contacts": lambda: {"rich_text": {}},
    "tam_health_rag": lambda: {
        "select": {"options": [{"name": n, "color": c} for n, c in _RAG_COLORS.items()]}
    },
}


def _property_for(spec: FieldSpec) -> dict[str, Any]:
    """Return the property that a careful person would set up for a field."""
    if spec.name in _SPECIAL:
        return _SPECIAL[spec.name]()
    match spec.kind:
        case ValueKind.NUMBER | ValueKind.COUNT:
            return {"number": {"format": "number"}}
        case ValueKind.RATIO:
            return {"number": {"format": "percent"}}
        case ValueKind.DATE:
            return {"date": {}}
        case ValueKind.BOOL:
            return {"checkbox": {}}
        case ValueKind.CHOICE:
            options = [{"name": name, "color": _CHOICE_COLORS.get(name, "default")} for name in spec.choices]
            return {"select": {"options": options}}
        case ValueKind.PERSON:
            return {"people": {}}
        case ValueKind.TEXTS:
            return {"multi_select": {}}
        case _:
            return {"rich_text": {}}


def _qbr_properties(accounts_source_id: str) -> dict[str, Any]:
    relation = {"data_source_id": accounts_source_id, "type": "single_property", "single_property": {}}
    statuses = [{"name": "Draft", "color": "yellow"}, {"name": "Ready", "color": "green"}]
    return {
        "Name": {"title": {}},
        "Account": {"relation": relation},
        "Quarter": {"select": {}},
        "Status": {"select": {"options": statuses}},
        "Health Score": {"number": {"format": "number"}},
        "Created Date": {"date": {}},
        "QBR Key": {"rich_text": {}},
    }
