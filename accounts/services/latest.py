"""Keeps the one row of each account that lists read: its latest score, and what goes with it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from accounts.models import Account, AccountHealth, ChurnAssessment, HealthScore
from accounts.scoring import explain
from accounts.selectors import earlier
from accounts.services import churn
from csm_portal.core import bulk

_COPIED = (
    "score",
    "computed_band",
    "effective_band",
    "is_last_known",
    "band_reason",
    "coverage",
    "previous_score",
    "previous_band",
    "should_alert",
    "scored_on",
    "scored_at",
)


def show(scores: Sequence[HealthScore], assessments: Sequence[ChurnAssessment], *, as_of: date) -> None:
    """Let the lists show these scores, which are written already and all of the day ``as_of``.

    A score of a day before the one that is shown only mends the sparkline. At most five queries.
    """
    found = AccountHealth.objects.filter(account_id__among=[score.account_id for score in scores])
    shown = {
        account_id: (scored_on, line, counted_by)
        for account_id, scored_on, line, *counted_by in found.values_list(
            "account_id", "scored_on", "sparkline", "effective_band", "churn_level"
        )
    }
    rows, older, moved = [], [], []
    for score, assessment in zip(scores, assessments, strict=True):
        shown_on, line, counted_by = shown.get(score.account_id, (as_of, [], []))
        if shown_on > as_of:
            older.append(AccountHealth(account_id=score.account_id, scored_on=shown_on))
        else:
            line = earlier.advanced(line, last_on=shown_on, as_of=as_of, score=score.score)
            rows.append(_row(score, assessment, line))
            if counted_by != [score.effective_band, assessment.level]:
                moved.append(score.account_id)
    bulk.write(rows, over=["account"], fields=[*_COPIED, *_MADE])
    _count_by_what_is_shown(moved)
    _mend_sparklines(older)


_MADE = ("latest", "drivers", "sparkline", "churn_level", "churn_rank", "churn_trigger", "churn_until")


def _row(score: HealthScore, assessment: ChurnAssessment, line: list[int | None]) -> AccountHealth:
    known = score.__dict__
    copied: dict[str, Any] = {name: known[name] for name in _COPIED}
    return bulk.new(
        AccountHealth,
        account_id=score.account_id,
        latest_id=score.pk,
        **copied,
        drivers=[
            {"signal": driver.input, "label": driver.label, "points": driver.points}
            for driver in explain.top_drivers(score.points)
        ],
        sparkline=line,
        churn_level=assessment.level,
        churn_rank=churn.RANK[assessment.level],
        churn_trigger=assessment.trigger,
        churn_until=assessment.until,
    )


def _count_by_what_is_shown(account_ids: Sequence[UUID]) -> None:
    """Copy the band and the level to the accounts, whose figures lists count and sum by them."""
    if not account_ids:
        return
    health = AccountHealth.objects.filter(account=OuterRef("pk"))
    Account.objects.filter(pk__among=account_ids).update(
        shown_band=Subquery(health.values("effective_band")),
        shown_risk=Subquery(health.values("churn_level")),
    )


def _mend_sparklines(rows: Sequence[AccountHealth]) -> None:
    by_day: dict[date, list[AccountHealth]] = {}
    for row in rows:
        by_day.setdefault(row.scored_on, []).append(row)
    for day, of_day in by_day.items():
        lines = earlier.weekly([row.account_id for row in of_day], as_of=day)
        for row in of_day:
            row.sparkline = lines[row.account_id]
        AccountHealth.objects.bulk_update(of_day, ["sparkline"])
