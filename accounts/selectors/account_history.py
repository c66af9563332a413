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
class History:
    """The last score of each week of a year, oldest first, and the days on which the policy changed.

    ``band_since`` is the first day of the present band; ``reaches_back`` says that it may be longer. ``band_before``
    is the band of ``day_before``, the last day that was scored before it; empty and None where there is none.
    """

    points: tuple[TrendPoint, ...]
    marks: tuple[TrendMark, ...]
    band_since: date | None
    reaches_back: bool
    band_before: str = ""
    day_before: date | None = None


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
    return History(
        points=tuple(weekly.values()),
        marks=_marks([(on, policy_id, segment) for on, _, _, policy_id, segment in days]),
        band_since=since,
        reaches_back=bool(days) and since == days[0][0] and latest.scored_on - since > timedelta(weeks=50),
        band_before=band_before,
        day_before=day_before,
    )


def _marks(days: Sequence[tuple[date, UUID, str]]) -> tuple[TrendMark, ...]:
    """Mark the days on which other settings began: another version, or another segment of the same one."""
    changed = [
        (on, policy_id, segment if segment != segment_before or policy_id == before else None)
        for (_, before, segment_before), (on, policy_id, segment) in itertools.pairwise(days)
        if (policy_id, segment) != (before, segment_before)
    ]
    if not changed:
        return ()
    versions = {
        version.pk: version
        for version in PolicyVersion.objects.filter(pk__in={policy_id for _, policy_id, _ in changed})
    }
    return tuple(
        TrendMark(on=on, label=_mark_words(versions[policy_id], segment))
        for on, policy_id, segment in changed
        if policy_id in versions
    )


def _mark_words(version: PolicyVersion, segment: str | None) -> str:
    """Name the version; and the segment, where the account came to it on that day."""
    told = f"Thresholds version {version.number}"
    if segment is not None:
        told += f", {f'segment {segment}' if segment else 'standard settings'}"
    return f"{told}: {version.reason}" if version.reason else told
