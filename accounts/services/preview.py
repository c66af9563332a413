"""Reads the first rows of the accounts database through a mapping, stored or only tried, for the set-up page."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts import mirror, setup_preview
from accounts.roi_facts import ROIFact
from accounts.services import connection, owners, roi_mapping
from accounts.setup_preview import Preview
from csm_portal.core import audit
from csm_portal.core.models import NotionConnection, Tenant, User
from csm_portal.core.scope import current_tenant_id
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import DataSourceInfo, Workspace

_SAVED, _TRIED = "saved", "tried"
# What the form sends for a field that nothing feeds, or that nobody decided on.
_NO_PROPERTY = ("", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A mapping held against the live schema: what is needed to read rows through it."""

    source: DataSourceInfo
    properties: Mapping[str, str]
    names: Mapping[str, str]
    problems: Mapping[str, str]
    roi: tuple[ROIFact, ...] = ()


@transaction.atomic
def propose(chosen: Mapping[str, str], *, actor: User, now: datetime) -> str:
    """Note a mapping (field -> property id, "" for none) that is to be tried; return the number of the trial."""
    row = connection.locked()
    number = uuid.uuid4().hex
    tried = {"number": number, "mapping": dict(chosen), "at": now.isoformat(), "preview": {}}
    _keep(row, {**row.preview, _TRIED: tried})
    audit.record("notion.mapping_tried", row, actor=actor, at=now)
    return number


@transaction.atomic
def discard(*, actor: User, now: datetime) -> bool:
    """Forget the mapping that was tried; False where there was none."""
    row = connection.locked()
    if _TRIED not in row.preview:
        return False
    forget_trial(row)
    audit.record("notion.mapping_trial_discarded", row, actor=actor, at=now)
    return True


def forget_trial(row: NotionConnection) -> None:
    """Drop the mapping that was tried: it is saved now, or nobody wants it."""
    _keep(row, {name: value for name, value in row.preview.items() if name != _TRIED})


def tried_mapping(number: str) -> dict[str, str] | None:
    """Return the mapping of a trial, None where another one has taken its place."""
    tried = connection.current().preview.get(_TRIED, {})
    return dict(tried["mapping"]) if tried.get("number") == number else None


def keep_tried(number: str, found: Preview, *, now: datetime) -> None:
    """Keep what a trial showed, unless another one has taken its place."""
    with transaction.atomic():
        row = connection.locked()
        tried = row.preview.get(_TRIED, {})
        if tried.get("number") == number:
            shown = {**tried, "preview": found.as_json(), "read_at": now.isoformat()}
            _keep(row, {**row.preview, _TRIED: shown})


def keep_saved(found: Preview, *, now: datetime) -> None:
    """Keep what the stored mapping shows."""
    with transaction.atomic():
        row = connection.locked()
        saved = {"preview": found.as_json(), "read_at": now.isoformat()}
        _keep(row, {**row.preview, _SAVED: saved})


def of_trial(mapping: Mapping[str, str], *, workspace: Workspace, as_of: date) -> Preview:
    """Return the first rows as a mapping that nobody saved reads them. Never raises a PortError."""
    chosen = {field: key for field, key in mapping.items() if key not in _NO_PROPERTY}
    try:
        source = workspace.describe_accounts()
    except PortError as error:
        return Preview(error=str(error))
    by_id = {info.id: info.name for info in source.properties}
    problems = {found.field: found.message for found in workspace.check_mapping(source, chosen)}
    names = {field: by_id[key] for field, key in chosen.items() if key in by_id}
    return read(
        Read(
            source=source,
            properties=chosen,
            names=names,
            problems=problems,
            roi=roi_mapping.live(source).facts,
        ),
        workspace=workspace,
        as_of=as_of,
    )


def read(mapped: Read, *, workspace: Workspace, as_of: date) -> Preview:
    """Return the first rows as a mapping reads them, as the mirror would hold them. Two requests.

    Never raises a PortError: why there is nothing to see is what the preview says.
    """
    readable = {field: key for field, key in mapped.properties.items() if field not in mapped.problems}
    try:
        wanted = {**readable, **{fact.key: fact.property_id for fact in mapped.roi}}
        records = workspace.preview_accounts(wanted, count=setup_preview.ROWS)
    except PortError as error:
        return Preview(error=str(error))
    around = mirror.Surroundings(
        owners=owners.Owners().ids,
        currency=Tenant.objects.get(pk=current_tenant_id()).currency,
        property_names=mapped.names,
        frozen=frozenset(mapped.problems),
        roi=mapped.roi,
    )
    rows = [mirror.row(record, around, kept={}) for record in records]
    return setup_preview.of_rows(
        rows, names=mapped.names, problems=mapped.problems, roi=mapped.roi, as_of=as_of
    )


def _keep(row: NotionConnection, value: dict[str, Any]) -> None:
    row.preview = value
    row.save(update_fields=["preview"])
