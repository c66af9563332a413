"""A year of one account's scores, thinned to weeks, with the days on which the policy changed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from accounts.models import HealthScore, PolicyVersion
from accounts.selectors import earlier

HISTORY_WEEKS: Final = 52


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    on: date
    score: int
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendMark:
    on: date
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLimits:
    """The thresholds from a day on."""

    on: date
    red: int
    amber: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last score of each week of a year, oldest first, and the days on which the policy changed.

    ``band_since`` is the first day of the present band; ``reaches_back`` says that it may be longer. ``band_before``
    is the band of ``day_before``, the last day that was scored before it; empty and None where there is none.
    ``limits`` are the thresholds that each score was held against, by the day from which they held; none where
    they were the same all year.
    """

    points: tuple[TrendPoint, ...]
    marks: tuple[TrendMark, ...]
    band_since: date | None
    reaches_back: bool
    band_before: str = ""
    day_before: date | None = None
    limits: tuple[TrendLimits, ...] = ()


def year(latest: HealthScore) -> History:
    """Read a year of scores. Two queries, one where the policy never changed."""
    begins = latest.scored_on - timedelta(weeks=HISTORY_WEEKS)
    days = list(
        HealthScore.objects.filter(
            account_id=latest.account_id,
            is_of_day=True,
            scored_on__gt=begins,
            scored_on__lte=latest.scored_on,
        )
        .order_by("scored_on")
        .values_list("scored_on", "score", "effective_band", "policy_id", "policy_segment")
    )
    weekly: dict[date, TrendPoint] = {}
    for on, score, band, _, _ in days:
        weekly[earlier.monday_of(on)] = TrendPoint(on=on, score=score, band=band)
    since, band_before, day_before = latest.scored_on, "", None
    for on, _, band, _, _ in reversed(days):
        if band != latest.effective_band:
            band_before, day_before = band, on
            break
        since = on
    changed = _changes([(on, policy_id, segment) for on, _, _, policy_id, segment in days])
    return History(
        points=tuple(weekly.values()),
        marks=tuple(
            TrendMark(
                on=one.on, label=_mark_words(one.version, one.segment if one.is_other_segment else None)
            )
            for one in changed[1:]
        ),
        band_since=since,
        reaches_back=bool(days) and since == days[0][0] and latest.scored_on - since > timedelta(weeks=50),
        band_before=band_before,
        day_before=day_before,
        limits=_limits(changed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A day from which other settings held: another version, or another segment of the same one."""

    on: date
    version: PolicyVersion
    segment: str
    is_other_segment: bool


def _changes(days: Sequence[tuple[date, UUID, str]]) -> list[_Change]:
    """Return what held first and every change since; nothing where the settings never changed. At most one query."""
    if len({(policy_id, segment) for _, policy_id, segment in days}) < 2:
        return []
    begins = [(*days[0], False)] + [
        (on, policy_id, segment, segment != segment_before or policy_id == before)
        for (_, before, segment_before), (on, policy_id, segment) in itertools.pairwise(days)
        if (policy_id, segment) != (before, segment_before)
    ]
    versions = PolicyVersion.objects.in_bulk({policy_id for _, policy_id, _, _ in begins})
    return [
        _Change(on=on, version=versions[policy_id], segment=segment, is_other_segment=is_other)
        for on, policy_id, segment, is_other in begins
        if policy_id in versions
    ]


def _limits(changed: Sequence[_Change]) -> tuple[TrendLimits, ...]:
    limits: list[TrendLimits] = []
    for one in changed:
        policy = one.version.book().policy(one.segment)
        found = TrendLimits(on=one.on, red=policy.red_threshold, amber=policy.amber_threshold)
        if not limits or (limits[-1].red, limits[-1].amber) != (found.red, found.amber):
            limits.append(found)
    return tuple(limits) if len(limits) > 1 else ()


def _mark_words(version: PolicyVersion, segment: str | None) -> str:
    """Name the version; and the segment, where the account came to it on that day."""
    told = f"Thresholds version {version.number}"
    if segment is not None:
        told += f", {f'segment {segment}' if segment else 'standard settings'}"
    return f"{told}: {version.reason}" if version.reason else told
