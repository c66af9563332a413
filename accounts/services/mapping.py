"""Keeps which Notion property feeds which field: by id, found by name once (SPEC 2.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import mirror, setup_check
from accounts.models import PropertyMapping
from csm_portal.core import audit
from csm_portal.core.models import NotionConnection, User
from csm_portal.ports.workspace import (
    ACCOUNT_FIELDS,
    DataSourceInfo,
    MappingProblem,
    PropertyInfo,
    Workspace,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The mapping held against the live schema of the accounts data source.

    ``properties`` is field -> property id, ``names`` field -> what the property is called today,
    ``problems`` the mapped properties that are gone or mistyped, ``left_out`` the fields that an admin chose
    nothing for.
    """

    source: DataSourceInfo
    properties: Mapping[str, str]
    names: Mapping[str, str]
    problems: tuple[MappingProblem, ...]
    left_out: frozenset[str] = frozenset()

    @property
    def frozen(self) -> frozenset[str]:
        """Fields that cannot be read for any account today: they keep what was last known."""
        return frozenset(problem.field for problem in self.problems)

    @property
    def readable(self) -> dict[str, str]:
        return {field: key for field, key in self.properties.items() if field not in self.frozen}

    @property
    def unmapped(self) -> list[str]:
        """Fields of the score and the book of business that no property feeds."""
        told = (spec.name for spec in ACCOUNT_FIELDS if spec.name not in setup_check.OPTIONAL_FIELDS)
        settled = self.properties.keys() | self.frozen | self.left_out
        return [field for field in told if field not in settled]

    def sentences(self) -> list[str]:
        """Say what is wrong with the mapping, one whole sentence or two for each thing."""
        told = [
            f"{problem.message} Until then {mirror.labels([problem.field])} keeps its last known values."
            for problem in self.problems
        ]
        if self.unmapped:
            told.append(
                f"No property of “{self.source.title}” feeds {mirror.labels(self.unmapped)}: these stay unknown for "
                "every account. Choose their properties on the Notion page."
            )
        return told


def refresh(*, workspace: Workspace) -> Mapped:
    """Bring the stored mapping up to the live schema, and return both.

    A field without a row gets its default property, where there is one; a rename changes the name that is
    shown and nothing else; another data source is mapped anew. Asks the workspace before the transaction. Raises PortError.
    """
    source = workspace.describe_accounts()
    defaults = workspace.default_mapping(source)
    by_id = {info.id: info for info in source.properties}
    with transaction.atomic():
        _forget_other(source.id)
        rows = {row.field: row for row in PropertyMapping.objects.all()}
        _follow_renames(rows.values(), by_id)
        added = [
            _row(field, by_id[property_id])
            for field, property_id in defaults.items()
            if field not in rows and property_id in by_id
        ]
        # Two that start at once may both find no rows: the first one's stand.
        PropertyMapping.objects.bulk_create(added, ignore_conflicts=True)
    chosen = {**{row.field: row for row in added}, **rows}
    properties = {field: row.property_id for field, row in chosen.items() if row.property_id}
    return Mapped(
        source=source,
        properties=properties,
        names={field: chosen[field].property_name for field in properties},
        problems=tuple(workspace.check_mapping(source, properties)),
        left_out=frozenset(field for field, row in chosen.items() if not row.property_id),
    )


@transaction.atomic
def choose(
    chosen: Mapping[str, PropertyInfo | None],
    *,
    connection: NotionConnection,
    actor: User,
    now: datetime,
) -> list[str]:
    """Let these properties feed these fields, None for a field that nothing is to feed; return what changed.

    A field that is not in ``chosen`` stays as it is. None is written down too, so that no default fills it.
    """
    rows = {row.field: row for row in PropertyMapping.objects.all()}
    changed = []
    for field, info in chosen.items():
        before = rows[field].property_id if field in rows else ""
        if before == (info.id if info else "") and (field in rows or info is None):
            continue
        wanted = _row(field, info)
        PropertyMapping.objects.update_or_create(
            field=field,
            defaults={
                "property_id": wanted.property_id,
                "property_name": wanted.property_name,
                "property_type": wanted.property_type,
            },
        )
        changed.append(field)
    if changed:
        data = {"fields": {field: getattr(chosen[field], "name", None) for field in changed}}
        audit.record("notion.mapping_changed", connection, actor=actor, at=now, data=data)
    return changed


def _forget_other(source_id: str) -> None:
    """Drop the mapping of another data source: its property ids mean nothing in this one."""
    connection, _ = NotionConnection.objects.get_or_create()
    if connection.mapped_data_source_id == source_id:
        return
    if connection.mapped_data_source_id:
        PropertyMapping.objects.all().delete()
    connection.mapped_data_source_id = source_id
    connection.save(update_fields=["mapped_data_source_id"])


def _follow_renames(rows: Iterable[PropertyMapping], by_id: Mapping[str, PropertyInfo]) -> None:
    for row in rows:
        info = by_id.get(row.property_id)
        if info is not None and (info.name, info.type) != (row.property_name, row.property_type):
            row.property_name, row.property_type = info.name[:300], info.type[:40]
            row.save(update_fields=["property_name", "property_type"])


def _row(field: str, info: PropertyInfo | None) -> PropertyMapping:
    if info is None:
        return PropertyMapping(field=field, property_id="", property_name="", property_type="")
    return PropertyMapping(
        field=field, property_id=info.id, property_name=info.name[:300], property_type=info.type[:40]
    )
