"""The thresholds page and the help page: settings in force, segments, drafts, past versions and what each changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.models import AccountHealth, DraftSource, PolicyDraft, PolicyVersion
from accounts.scoring.policy import POLICY_FIELD, POLICY_FIELDS, HealthPolicy, PolicyField
from accounts.scoring.segments import STANDARD, AccountFacts, PolicyBook

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
class SegmentChange:
    """What became of one segment: a sentence about its rule or place, and the settings that changed."""

    name: str
    sentence: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version in the history. ``changes`` is None for the oldest one, which changed nothing."""

    number: int
    who: str
    at: datetime
    reason: str
    changes: tuple[Change, ...] | None
    segments: tuple[SegmentChange, ...]
    is_in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment in its place of the order; ``accounts`` show a score by it. The standard comes last, without a rule."""

    place: int
    name: str
    rule: str
    differs: int
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """One draft that is still open."""

    draft_id: UUID
    name: str
    who: str
    at: datetime
    reason: str
    finding: str
    differs: int
    based_on: int


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
class InForce:
    """The version in force and its policies; 1 and the defaults where none was ever saved."""

    number: int
    book: PolicyBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The policies that a form begins with: those in force, an earlier version's or a draft's.

    ``query`` is what the address says of it, without a question mark.
    """

    book: PolicyBook
    version: PolicyVersion | None = None
    draft: PolicyDraft | None = None

    @property
    def query(self) -> str:
        if self.draft is not None:
            return f"draft={self.draft.pk}"
        return f"version={self.version.number}" if self.version is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdsPage:
    """Everything that the thresholds page shows beside its form.

    ``scored`` accounts show a score, ``outdated`` of them one that was made under an earlier version.
    """

    in_force: InForce
    sections: tuple[Section, ...]
    segments: tuple[SegmentRow, ...]
    drafts: tuple[DraftRow, ...]
    versions: tuple[Version, ...]
    older_before: int | None
    scored: int
    outdated: int

    @property
    def number(self) -> int:
        return self.in_force.number


def page(force: InForce, *, segment: str = STANDARD, before: int | None = None) -> ThresholdsPage:
    """Return the page; ``before`` lists the versions under that number. Three queries, however many there are.

    ``sections`` are the settings in force of ``segment``. Raises NoSuchSegment.
    """
    listed = PolicyVersion.objects.select_related("created_by").order_by("-number")
    if before is not None:
        listed = listed.filter(number__lt=before)
    # One more than is shown: the last one's changes are told against it.
    rows = list(listed[: PER_PAGE + 1])
    counts = _counts()
    return ThresholdsPage(
        in_force=force,
        sections=sections(force.book.policy(segment).to_mapping()),
        segments=_segments(force, counts),
        drafts=tuple(_draft(row, force) for row in open_drafts()),
        versions=tuple(
            _version(row, rows[place + 1] if place + 1 < len(rows) else None, force.number)
            for place, row in enumerate(rows[:PER_PAGE])
        ),
        older_before=rows[PER_PAGE - 1].number if len(rows) > PER_PAGE else None,
        scored=sum(counts.values()),
        outdated=sum(count for (number, _), count in counts.items() if number != force.number),
    )


def in_force() -> InForce:
    """Return the version in force, without making one where there is none. One query."""
    newest = PolicyVersion.objects.first()
    if newest is None:
        return InForce(number=1, book=PolicyBook(standard=HealthPolicy()))
    return InForce(number=newest.number, book=newest.book())


def start(force: InForce, *, version: int | None = None, draft: UUID | None = None) -> Start:
    """Return what a form begins with. At most one query. Raises LookupError where there is no such thing."""
    if draft is not None:
        found = open_drafts().filter(pk=draft).first()
        if found is None:
            raise LookupError("This draft became a version or was thrown away.")
        return Start(book=found.book(), draft=found)
    if version is not None:
        chosen = PolicyVersion.objects.filter(number=version).first()
        if chosen is None:
            raise LookupError("There is no version of that number.")
        return Start(book=chosen.book(), version=chosen)
    return Start(book=force.book)


def lost_segments(force: InForce, start: Start) -> tuple[str, ...]:
    """Name the segments in force that saving what a form begins with would delete, in their order."""
    kept = {one.name for one in start.book.segments}
    return tuple(one.name for one in force.book.segments if one.name not in kept)


def open_drafts() -> QuerySet[PolicyDraft]:
    """Return the drafts that are neither in force nor thrown away, the one that was changed last first."""
    return PolicyDraft.objects.filter(became=None, discarded_at=None).select_related("created_by")


def _counts() -> dict[tuple[int, str], int]:
    """Count the scores that are shown by the version and the segment that they were made under."""
    rows = _shown().values_list("latest__policy__number", "latest__policy_segment").annotate(Count("pk"))
    return {(number, segment): count for number, segment, count in rows}


def _shown() -> QuerySet[AccountHealth]:
    return AccountHealth.objects.filter(account__is_archived=False, account__removed_at=None).order_by()


def _by_rule(force: InForce) -> dict[tuple[int, str], int]:
    """Count the same accounts by the segment that the rules choose for them today. One query."""
    facts = _shown().values_list(
        "account__segment",
        "account__lifecycle_stage",
        "account__owner_email",
        "account__owner_name",
        "account__arr",
        "account__currency",
    )
    chosen = Counter(
        force.book.chosen(
            AccountFacts(
                segment=segment, lifecycle_stage=stage, owner=email or name, arr=arr, currency=currency
            )
        )
        for segment, stage, email, name, arr, currency in facts.iterator(chunk_size=2000)
    )
    return {(force.number, segment): count for segment, count in chosen.items()}


def _segments(force: InForce, counts: Mapping[tuple[int, str], int]) -> tuple[SegmentRow, ...]:
    if force.book.segments and any(number != force.number for number, _ in counts):
        # Some scores are older than the version: until the next scan only the rules say who is where.
        counts = _by_rule(force)
    rows = [
        SegmentRow(
            place=place,
            name=segment.name,
            rule=segment.rule.words,
            differs=len(segment.changes),
            accounts=counts.get((force.number, segment.name), 0),
        )
        for place, segment in enumerate(force.book.segments, start=1)
    ]
    standard = counts.get((force.number, STANDARD), 0)
    return (*rows, SegmentRow(place=len(rows) + 1, name=STANDARD, rule="", differs=0, accounts=standard))


def _draft(row: PolicyDraft, force: InForce) -> DraftRow:
    book = row.book()
    in_segments = told_of_segments(force.book, book)
    differs = len(told(force.book.standard.to_mapping(), book.standard.to_mapping()))
    return DraftRow(
        draft_id=row.pk,
        name=row.name,
        who=_wrote(row),
        at=row.changed_at,
        reason=row.reason,
        finding=str(row.evidence.get("summary", "")),
        differs=differs + sum(len(one.changes) or 1 for one in in_segments),
        based_on=row.based_on,
    )


def _wrote(row: PolicyDraft) -> str:
    person = str(row.created_by) if row.created_by else "The portal"
    if row.source != DraftSource.CALIBRATION:
        return person
    return f"Calibration, asked for by {person}" if row.created_by else "Calibration"


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
        segments=() if older is None else told_of_segments(older.book(), row.book()),
        is_in_force=row.number == in_force_number,
    )


def told(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Name what differs between two sets of settings, in the order of the policy's table."""
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


def told_of_segments(before: PolicyBook, after: PolicyBook) -> tuple[SegmentChange, ...]:
    """Name the segments that differ between two books: new, gone, another rule, another place, other settings.

    What a segment differs by from its standard counts as its own; what follows the standard is told there.
    """
    places_before = {one.name: place for place, one in enumerate(before.segments, start=1)}
    places_after = {one.name: place for place, one in enumerate(after.segments, start=1)}
    found = [
        SegmentChange(name=one.name, sentence="Deleted.", changes=())
        for one in before.segments
        if one.name not in places_after
    ]
    for one in after.segments:
        if one.name not in places_before:
            changes = told(after.standard.to_mapping(), after.policy(one.name).to_mapping())
            found.append(
                SegmentChange(name=one.name, sentence=f"New, where {one.rule.words}.", changes=changes)
            )
            continue
        old = before.segment(one.name)
        said = [f"Now where {one.rule.words}."] if one.rule != old.rule else []
        if places_before[one.name] != places_after[one.name] and set(places_before) == set(places_after):
            said.append(f"Tried as number {places_after[one.name]}.")
        differing = [name for name in POLICY_FIELD if one.changes.get(name) != old.changes.get(name)]
        values = {name: after.policy(one.name).to_mapping()[name] for name in differing}
        changes = told(before.policy(one.name).to_mapping(), values)
        if said or changes:
            found.append(SegmentChange(name=one.name, sentence=" ".join(said), changes=changes))
    return tuple(found)


def _counted(value: int, unit: str) -> str:
    return f"{value} {unit.removesuffix('s')}" if value == 1 else f"{value} {unit}"
