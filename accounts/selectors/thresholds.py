"""The thresholds page and the help page: settings in force, past versions and what each changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.db.models import Count, Q

from accounts.models import AccountHealth, PolicyVersion
from accounts.scoring.policy import POLICY_FIELD, POLICY_FIELDS, HealthPolicy, PolicyField

PER_PAGE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that a version changed; ``before`` is None where the setting was not there yet."""

    label: str
    unit: str
    before: int | None
    after: int

    @property
    def after_words(self) -> str:
        return _counted(self.after, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version in the history. ``changes`` is None for the oldest one, which changed nothing."""

    number: int
    who: str
    at: datetime
    reason: str
    changes: tuple[Change, ...] | None
    is_in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting with its value in force."""

    field: PolicyField
    value: int

    @property
    def is_default(self) -> bool:
        return self.value == self.field.default

    @property
    def words(self) -> str:
        return _counted(self.value, self.field.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The settings under one heading."""

    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdsPage:
    """Everything that the thresholds page shows.

    ``number`` is the version in force; 1 and the defaults where none was ever saved. ``scored`` accounts show a
    score, ``outdated`` of them one that was made under an earlier version.
    """

    number: int
    values: Mapping[str, int]
    sections: tuple[Section, ...]
    versions: tuple[Version, ...]
    older_before: int | None
    scored: int
    outdated: int


def page(*, before: int | None = None) -> ThresholdsPage:
    """Return the page; ``before`` lists the versions under that number. Three queries, however many there are."""
    number, values = in_force()
    listed = PolicyVersion.objects.select_related("created_by").order_by("-number")
    if before is not None:
        listed = listed.filter(number__lt=before)
    # One more than is shown: the last one's changes are told against it.
    rows = list(listed[: PER_PAGE + 1])
    counts = AccountHealth.objects.filter(account__is_archived=False, account__removed_at=None).aggregate(
        scored=Count("pk"), outdated=Count("pk", filter=~Q(latest__policy__number=number))
    )
    return ThresholdsPage(
        number=number,
        values=values,
        sections=sections(values),
        versions=tuple(
            _version(row, rows[place + 1] if place + 1 < len(rows) else None, number)
            for place, row in enumerate(rows[:PER_PAGE])
        ),
        older_before=rows[PER_PAGE - 1].number if len(rows) > PER_PAGE else None,
        scored=counts["scored"],
        outdated=counts["outdated"],
    )


def in_force() -> tuple[int, Mapping[str, int]]:
    """Return the version in force and its settings, without making one where there is none. One query."""
    newest = PolicyVersion.objects.first()
    if newest is None:
        return 1, HealthPolicy().to_mapping()
    return newest.number, {**HealthPolicy().to_mapping(), **newest.values}


def sections(values: Mapping[str, int]) -> tuple[Section, ...]:
    """Put settings under the headings of the policy's table."""
    return tuple(
        Section(
            title=str(group),
            settings=tuple(Setting(field=field, value=values[field.name]) for field in fields),
        )
        for group, fields in groupby(POLICY_FIELDS, key=lambda field: field.group)
    )


def _version(row: PolicyVersion, older: PolicyVersion | None, in_force_number: int) -> Version:
    return Version(
        number=row.number,
        who=str(row.created_by) if row.created_by else "The portal",
        at=row.created_at,
        reason=row.reason,
        changes=None if older is None else told(older.values, row.values),
        is_in_force=row.number == in_force_number,
    )


def told(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Name what differs between two versions, in the order of the policy's table."""
    return tuple(
        Change(
            label=POLICY_FIELD[name].label,
            unit=POLICY_FIELD[name].unit,
            before=before.get(name),
            after=after[name],
        )
        for name in POLICY_FIELD
        if name in after and before.get(name) != after[name]
    )


def _counted(value: int, unit: str) -> str:
    return f"{value} {unit.removesuffix('s')}" if value == 1 else f"{value} {unit}"
