"""How a tenant is connected to Notion: saves the settings and checks them against the workspace (SPEC 2.2, 2.3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import mirror, notion_links, setup_check
from accounts.services import mapping
from accounts.setup_check import Check, FieldState, Step, StepState
from csm_portal.core import audit, secrets
from csm_portal.core.models import NotionConnection, User
from csm_portal.ports.errors import ChoiceNeeded, PortError
from csm_portal.ports.workspace import Workspace

TOKEN = "notion_token"  # noqa: S105 (the name of a secret, not a secret)

_SETTINGS = "Settings"
_TITLES = _TOKEN, _ACCOUNTS, _PROPERTIES, _QBRS = "Token", "Accounts database", "Properties", "QBR database"
_NO_QBRS = Step(
    title=_QBRS,
    state=StepState.WARNING,
    text="No QBR database is set. QBRs can be drafted and approved, and cannot be published to Notion.",
)
# No QBR has this key: the question is asked for the sake of its refusal.
_NO_KEY = "set-up check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The settings as a person wants them. An empty ``token`` keeps the one that is stored."""

    token: str
    accounts_database: str
    accounts_data_source: str
    qbr_database: str
    requests_per_minute: int


def current() -> NotionConnection:
    """Return the scope's tenant's connection, making an empty one the first time."""
    connection, _ = NotionConnection.objects.get_or_create()
    return connection


@transaction.atomic
def save(wanted: Wanted, *, actor: User, now: datetime) -> list[str]:
    """Keep the settings; return what changed (``token``, or names of NotionConnection's columns)."""
    connection = current()
    values: dict[str, Any] = {
        "accounts_database_id": wanted.accounts_database,
        "accounts_data_source_id": wanted.accounts_data_source,
        "qbr_database_id": wanted.qbr_database,
        "requests_per_minute": wanted.requests_per_minute,
    }
    changed = [name for name, value in values.items() if getattr(connection, name) != value]
    if wanted.token:
        secrets.store(TOKEN, wanted.token, now=now)
        changed.insert(0, "token")
    if not changed:
        return []
    for name, value in values.items():
        setattr(connection, name, value)
    connection.updated_at = now
    # What was found with other settings is no answer about these.
    connection.last_check, connection.checked_at = {}, None
    connection.save(update_fields=[*values, "updated_at", "last_check", "checked_at"])
    audit.record("notion.connection_changed", connection, actor=actor, at=now, data={"changed": changed})
    return changed


def check(*, workspace: Workspace, has_qbr_database: bool, now: datetime) -> Check:
    """Ask the workspace whether everything is in order, and keep the answer with the connection.

    Never raises a PortError: what is wrong is what the answer says. About six requests.
    """
    return _keep(_check(workspace, has_qbr_database=has_qbr_database), now)


def note_unready(error: PortError, *, now: datetime) -> Check:
    """Keep that there is nothing to check yet, and why."""
    first = Step(title=_SETTINGS, state=StepState.ERROR, text=str(error))
    return _keep(Check(steps=(first, *map(_skipped, _TITLES))), now)


def _keep(found: Check, now: datetime) -> Check:
    connection = current()
    NotionConnection.objects.filter(pk=connection.pk).update(last_check=found.as_json(), checked_at=now)
    return found


def _check(workspace: Workspace, *, has_qbr_database: bool) -> Check:
    try:
        name = workspace.check_access()
    except PortError as error:
        first = Step(title=_TOKEN, state=StepState.ERROR, text=str(error))
        return Check(steps=(first, *map(_skipped, _TITLES[1:])))
    token = Step(
        title=_TOKEN,
        state=StepState.OK,
        text=f"Notion accepts the token. It is that of the integration “{name}”.",
    )
    try:
        mapped = mapping.refresh(workspace=workspace)
    except PortError as error:
        steps = (
            token,
            Step(title=_ACCOUNTS, state=StepState.ERROR, text=str(error)),
            _skipped(_PROPERTIES),
            _check_qbrs(workspace, has_accounts=False) if has_qbr_database else _NO_QBRS,
        )
        return Check(steps=steps, choices=error.choices if isinstance(error, ChoiceNeeded) else ())
    accounts = Step(
        title=_ACCOUNTS, state=StepState.OK, text=f"The accounts are read from “{mapped.source.title}”."
    )
    fields = setup_check.fields(
        mapped.source.properties,
        mapped.properties,
        names=mapped.names,
        problems={problem.field: problem.message for problem in mapped.problems},
    )
    return Check(
        steps=(
            token,
            accounts,
            _about_properties(fields),
            _check_qbrs(workspace, has_accounts=True) if has_qbr_database else _NO_QBRS,
        ),
        fields=fields,
        properties=mapped.source.properties,
        source_title=mapped.source.title,
        source_url=notion_links.web_address(mapped.source.url),
    )


def _about_properties(fields: tuple[setup_check.FieldCheck, ...]) -> Step:
    fine = sum(field.state == FieldState.OK for field in fields)
    broken = [field.field for field in fields if field.is_broken]
    if broken:
        return Step(
            title=_PROPERTIES,
            state=StepState.ERROR,
            text=f"{mirror.labels(broken)} cannot be read: the property is gone or of a type that cannot carry it. "
            "What was last known stands; see below what to do.",
        )
    if fine == len(fields):
        return Step(
            title=_PROPERTIES,
            state=StepState.OK,
            text=f"All {fine} fields have a property that can carry them.",
        )
    return Step(
        title=_PROPERTIES,
        state=StepState.WARNING,
        text=f"{fine} of {len(fields)} fields have a property. The others stay unknown for every account until you "
        "choose a property for them below, or leave them so if you do not keep them in Notion.",
    )


def _check_qbrs(workspace: Workspace, *, has_accounts: bool) -> Step:
    try:
        title = workspace.describe_qbrs().title
        if not has_accounts:
            # Notion hides a relation into a database that is not shared: what is said of it would mislead.
            text = (
                f"“{title}” can be read. Its properties are checked once the accounts database is in order."
            )
            return Step(title=_QBRS, state=StepState.SKIPPED, text=text)
        workspace.find_qbr_pages(_NO_KEY)
    except PortError as error:
        return Step(title=_QBRS, state=StepState.ERROR, text=str(error))
    return Step(title=_QBRS, state=StepState.OK, text=f"QBRs are published to “{title}”.")


def _skipped(title: str) -> Step:
    return Step(title=title, state=StepState.SKIPPED, text="Not checked: what stands above comes first.")
