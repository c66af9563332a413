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

    ``band_since`` is the first day of the present band; ``reaches_back`` says that it may be longer.
    """

    points: tuple[TrendPoint, ...]
    marks: tuple[TrendMark, ...]
    band_since: date | None
    reaches_back: bool


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
        .values_list("scored_on", "score", "effective_band", "policy_id")
    )
    weekly: dict[date, TrendPoint] = {}
    for on, score, band, _ in days:
        weekly[earlier.monday_of(on)] = TrendPoint(on=on, score=score, band=band)
    since = latest.scored_on
    for on, _, band, _ in reversed(days):
        if band != latest.effective_band:
            break
        since = on
    return History(
        points=tuple(weekly.values()),
        marks=_marks([(on, policy_id) for on, _, _, policy_id in days]),
        band_since=since,
        reaches_back=bool(days) and since == days[0][0] and latest.scored_on - since > timedelta(weeks=50),
    )


def _marks(days: Sequence[tuple[date, UUID]]) -> tuple[TrendMark, ...]:
    changed = [
        (on, policy_id) for (_, before), (on, policy_id) in itertools.pairwise(days) if policy_id != before
    ]
    if not changed:
        return ()
    versions = {
        version.pk: version
        for version in PolicyVersion.objects.filter(pk__in={policy_id for _, policy_id in changed})
    }
    return tuple(
        TrendMark(on=on, label=_mark_words(versions[policy_id]))
        for on, policy_id in changed
        if policy_id in versions
    )


def _mark_words(version: PolicyVersion) -> str:
    told = f"Thresholds version {version.number}"
    return f"{told}: {version.reason}" if version.reason else told
