"""Keeps which Notion property feeds which field: by id, found by name once (SPEC 2.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from accounts import mirror, setup_check
from accounts.models import PropertyMapping
from accounts.services import roi_mapping
from accounts.services.roi_mapping import Live
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
    nothing for, ``followed`` a sentence about each property that was renamed or made anew since the last look,
    ``roi`` the properties that are read as figures of the customers' return.
    """

    source: DataSourceInfo
    properties: Mapping[str, str]
    names: Mapping[str, str]
    problems: tuple[MappingProblem, ...]
    left_out: frozenset[str] = frozenset()
    followed: tuple[str, ...] = ()
    roi: Live = Live(facts=(), problems=())  # noqa: RUF009  frozen

    @property
    def frozen(self) -> frozenset[str]:
        """Fields that cannot be read for any account today: they keep what was last known."""
        return frozenset(problem.field for problem in self.problems)

    @property
    def readable(self) -> dict[str, str]:
        fields = {field: key for field, key in self.properties.items() if field not in self.frozen}
        return {**fields, **self.roi.properties}

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
        return [*told, *self.roi.problems, *self.followed]


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
        made_anew = _made_anew(rows, source, workspace)
        followed = [*_follow_new(made_anew), *_follow_renames(rows.values(), by_id)]
        added = [
            _row(field, by_id[property_id])
            for field, property_id in defaults.items()
            if field not in rows and property_id in by_id
        ]
        # Two that start at once may both find no rows: the first one's stand.
        PropertyMapping.objects.bulk_create(added, ignore_conflicts=True)
    chosen = {**{row.field: row for row in added}, **rows}
    properties = {field: row.property_id for field, row in chosen.items() if row.property_id}
    names = {field: chosen[field].property_name for field in properties}
    return Mapped(
        source=source,
        properties=properties,
        names=names,
        problems=tuple(
            _by_name(problem, properties, names, source)
            for problem in workspace.check_mapping(source, properties)
        ),
        left_out=frozenset(field for field, row in chosen.items() if not row.property_id),
        followed=tuple(followed),
        roi=roi_mapping.live(source),
    )


@transaction.atomic
def freeze(mapped: Mapped, *, now: datetime) -> None:
    """Keep with each field since when, and why, its property cannot be read; forget it where it can again."""
    by_id = {info.id: info for info in mapped.source.properties}
    for row in PropertyMapping.objects.all():
        if row.field not in mapped.frozen:
            if row.frozen_since is not None:
                row.frozen_since, row.frozen_because = None, ""
                row.save(update_fields=["frozen_since", "frozen_because"])
            continue
        because = _because(row, by_id.get(row.property_id), mapped.source)
        if row.frozen_since is None or row.frozen_because != because:
            row.frozen_since, row.frozen_because = row.frozen_since or now, because
            row.save(update_fields=["frozen_since", "frozen_because"])


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
        if field in rows and rows[field].property_id == (info.id if info else ""):
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


def _follow_renames(rows: Iterable[PropertyMapping], by_id: Mapping[str, PropertyInfo]) -> list[str]:
    told = []
    for row in rows:
        info = by_id.get(row.property_id)
        if info is None or (info.name, info.type) == (row.property_name, row.property_type):
            continue
        if info.name[:300] != row.property_name:
            told.append(
                f"The property “{row.property_name}” is called “{info.name}” in Notion now. It goes on feeding "
                f"{mirror.labels([row.field])}."
            )
        row.property_name, row.property_type = info.name[:300], info.type[:40]
        row.save(update_fields=["property_name", "property_type"])
    return told


def _made_anew(
    rows: Mapping[str, PropertyMapping], source: DataSourceInfo, workspace: Workspace
) -> list[tuple[PropertyMapping, PropertyInfo]]:
    """Find properties of the same name and a fitting type in place of mapped ones that are gone."""
    present = {info.id for info in source.properties}
    by_name = {info.name.strip().casefold(): info for info in source.properties}
    found = []
    for row in rows.values():
        info = by_name.get(row.property_name.strip().casefold())
        if not row.property_id or row.property_id in present or info is None:
            continue
        is_fit = all(p.field != row.field for p in workspace.check_mapping(source, {row.field: info.id}))
        if is_fit:
            found.append((row, info))
    return found


def _follow_new(made_anew: Iterable[tuple[PropertyMapping, PropertyInfo]]) -> list[str]:
    told = []
    for row, info in made_anew:
        row.property_id, row.property_name, row.property_type = info.id, info.name[:300], info.type[:40]
        row.save(update_fields=["property_id", "property_name", "property_type"])
        told.append(
            f"The property “{info.name}” was made anew in Notion. It feeds {mirror.labels([row.field])} again."
        )
    return told


def _by_name(
    problem: MappingProblem, properties: Mapping[str, str], names: Mapping[str, str], source: DataSourceInfo
) -> MappingProblem:
    """Call a property that is gone what it was called last; the schema does not know it any more."""
    name, key = names.get(problem.field, ""), properties.get(problem.field)
    if not name or key is None or any(info.id == key for info in source.properties):
        return problem
    return replace(
        problem,
        property_name=name,
        message=f"The property “{name}”, which feeds {mirror.labels([problem.field])}, is no longer in “{source.title}”. "
        "Restore it in Notion, add one of that name, or choose another on the Notion page.",
    )


def _because(row: PropertyMapping, info: PropertyInfo | None, source: DataSourceInfo) -> str:
    if info is None:
        return f"the property “{row.property_name}” is no longer in “{source.title}”"[:500]
    return f"the property “{info.name}” is of type {info.type.replace('_', ' ')} now, which cannot be read into this field"[
        :500
    ]


def _row(field: str, info: PropertyInfo | None) -> PropertyMapping:
    if info is None:
        return PropertyMapping(field=field, property_id="", property_name="", property_type="")
    return PropertyMapping(
        field=field, property_id=info.id, property_name=info.name[:300], property_type=info.type[:40]
    )
