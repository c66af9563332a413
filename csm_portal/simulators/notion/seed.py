"""Fill a simulated workspace: people, an accounts database, a QBR database, and their rows."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, Person, ValueKind
from csm_portal.simulators.notion import filling, schema, sources, users
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.store import Store

LIFECYCLE_STAGES = ("Onboarding", "Adoption", "Expansion", "Renewal", "Churned")
_PERCENT = {"number": {"format": "percent"}}
_PLAIN_NUMBER = {"number": {"format": "number"}}
_FIGURES: dict[str, Any] = {"CSM Health Score": _PLAIN_NUMBER, "Churn Risk": {"select": {}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What a program needs to know to talk to the workspace."""

    id: str
    token: str
    bot_id: str
    accounts_database_id: str
    accounts_data_source_id: str
    qbr_database_id: str
    qbr_data_source_id: str


def create_workspace(
    target: Store,
    *,
    name: str = "Workspace",
    integration: str = "CSM Portal",
    token: str | None = None,
    fields: Container[str] | None = None,
    kinds: Mapping[str, Any] | None = None,
    figures: bool = False,
) -> Workspace:
    """Create a workspace with an accounts and a QBR database, both shared with a new integration.

    The accounts database has a property for each field of ACCOUNT_FIELDS, or for those of ``fields``, under its
    first name and of a fitting type, or of the one that ``kinds`` gives for it, and with ``figures`` those two that the
    portal writes itself; the QBR database has those of
    SPEC 2.6. One file can hold several workspaces; no token sees into another's.
    """
    with target.writing() as db:
        workspace_id, bot_id = target.mint.uuid(), target.mint.uuid()
        token = token or target.mint.token()
        db.execute("INSERT INTO workspaces (id, name) VALUES (?, ?)", (workspace_id, name))
        filling.insert_user(
            db, user_id=bot_id, workspace_id=workspace_id, kind="bot", name=integration, token=token
        )
        call = _call(target, db, bot_id)
        shown = _FIGURES if figures else {}
        accounts = _create(call, "Accounts", _account_properties(fields, kinds or {}) | shown)
        qbrs = _create(call, "QBRs", _qbr_properties(accounts[1]))
    return Workspace(
        id=workspace_id,
        token=token,
        bot_id=bot_id,
        accounts_database_id=accounts[0],
        accounts_data_source_id=accounts[1],
        qbr_database_id=qbrs[0],
        qbr_data_source_id=qbrs[1],
    )


def add_account_rows(
    target: Store,
    data_source_id: str,
    rows: Iterable[Mapping[str, filling.Value]],
    *,
    created_at: datetime | None = None,
    is_archived: bool = False,
) -> list[str]:
    """Add rows keyed by the portal's field names (``feature_adoption_rate``) and return their page ids.

    A key that is no field name is taken as a property name. Errors are those of ``filling.add_rows``.
    """
    names = {spec.name: spec.property_names[0] for spec in ACCOUNT_FIELDS}
    named = ({names.get(key, key): value for key, value in row.items()} for row in rows)
    return filling.add_rows(target, data_source_id, named, created_at=created_at, is_archived=is_archived)


def add_person(target: Store, name: str, email: str | None = None, *, workspace_id: str | None = None) -> str:
    """Return the id of a person, who is added where nobody of this name and address is there yet.

    Raises ValueError where the file holds several workspaces and none is named.
    """
    with target.writing() as db:
        ids = [row["id"] for row in db.execute("SELECT id FROM workspaces")]
        if workspace_id is None and len(ids) != 1:
            raise ValueError(f"The file holds {len(ids)} workspaces. Name one with workspace_id.")
        return filling.person_id(
            db, target.mint.uuid(), workspace_id or ids[0], Person(name=name, email=email)
        )


def add_integration(target: Store, *, workspace_id: str, name: str, shares: Iterable[str] = ()) -> str:
    """Add an integration that sees the given databases and pages only; return its token."""
    with target.writing() as db:
        bot_id, token = target.mint.uuid(), target.mint.token()
        filling.insert_user(db, user_id=bot_id, workspace_id=workspace_id, kind="bot", name=name, token=token)
        for object_id in shares:
            sources.share(db, bot_id=bot_id, object_id=object_id)
    return token


def unshare(target: Store, object_id: str) -> None:
    """Take a database or page away from every integration, as a person does in Notion under Connections."""
    with target.writing() as db:
        db.execute("DELETE FROM shares WHERE object_id = ?", (object_id,))


def create_database(
    target: Store, bot_id: str, *, title: str, properties: Mapping[str, Any], icon: str | None = None
) -> tuple[str, str]:
    """Create a database shared with an integration; return its id and that of its data source.

    ``properties`` is what the API takes: ``{"Name": {"title": {}}, "Score": {"number": {"format": "number"}}}``.
    """
    with target.writing() as db:
        return _create(_call(target, db, bot_id), title, properties, icon=icon)


def _call(target: Store, db: Any, bot_id: str) -> Call:
    row = db.execute("SELECT * FROM users WHERE id = ?", (bot_id,)).fetchone()
    return Call(db=db, bot=users.bot_of(row), now=target.now(), mint=target.mint)


def _create(
    call: Call, title: str, properties: Mapping[str, Any], *, icon: str | None = None
) -> tuple[str, str]:
    database_id, source_id = call.mint.uuid(), call.mint.uuid()
    decoration = {"type": "emoji", "emoji": icon} if icon else None
    detail = {"title": [title], "description": [], "icon": decoration, "cover": None, "is_inline": False}
    parent = {"type": "workspace", "workspace": True}
    sources.insert_database(call, database_id=database_id, parent=parent, detail=detail)
    sources.share(call.db, bot_id=call.bot.id, object_id=database_id)
    found = schema.read_new(Node(dict(properties), "properties"), call=call)
    sources.insert_data_source(
        call, source_id=source_id, database_id=database_id, detail=detail, properties=found
    )
    return database_id, source_id


def _account_properties(fields: Container[str] | None, kinds: Mapping[str, Any]) -> dict[str, Any]:
    return {
        spec.property_names[0]: kinds.get(spec.name) or _property_for(spec)
        for spec in ACCOUNT_FIELDS
        if fields is None or spec.name in fields
    }


def _property_for(spec: FieldSpec) -> dict[str, Any]:
    """Return the property that a careful person would set up for a field."""
    match spec.name:
        case "name":
            return {"title": {}}
        case "arr":
            return {"number": {"format": "number_with_commas"}}
        case "segment" | "currency":
            return {"select": {}}
        case "lifecycle_stage":
            return {"status": {"options": [{"name": stage} for stage in LIFECYCLE_STAGES]}}
        case "primary_contacts":
            # Names are too many for options; one a line.
            return {"rich_text": {}}
    match spec.kind:
        case ValueKind.NUMBER | ValueKind.COUNT:
            return _PLAIN_NUMBER
        case ValueKind.RATIO:
            return _PERCENT
        case ValueKind.DATE:
            return {"date": {}}
        case ValueKind.BOOL:
            return {"checkbox": {}}
        case ValueKind.CHOICE:
            colors = filling.CHOICE_COLORS
            return {
                "select": {"options": [{"name": n, "color": colors.get(n, "default")} for n in spec.choices]}
            }
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
        "Health Score": _PLAIN_NUMBER,
        "Created Date": {"date": {}},
        "QBR Key": {"rich_text": {}},
    }
