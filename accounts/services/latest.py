"""Keeps the one row of each account that lists read: its latest score, and what goes with it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from accounts.models import AccountHealth, ChurnAssessment, HealthScore
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

    A score of a day before the one that is shown only mends the sparkline. At most four queries.
    """
    shown = {
        row.account_id: row
        for row in AccountHealth.objects.filter(account_id__in=[score.account_id for score in scores]).only(
            "account_id", "scored_on", "sparkline"
        )
    }
    rows, older = [], []
    for score, assessment in zip(scores, assessments, strict=True):
        present = shown.get(score.account_id)
        if present is not None and present.scored_on > as_of:
            older.append(present)
        else:
            rows.append(_row(score, assessment, present))
    bulk.write(rows, over=["account"], fields=[*_COPIED, *_MADE])
    _mend_sparklines(older)


_MADE = ("latest", "drivers", "sparkline", "churn_level", "churn_rank", "churn_trigger", "churn_until")


def _row(score: HealthScore, assessment: ChurnAssessment, present: AccountHealth | None) -> AccountHealth:
    copied: dict[str, Any] = {name: getattr(score, name) for name in _COPIED}
    line = present.sparkline if present is not None else []
    return AccountHealth(
        account_id=score.account_id,
        latest=score,
        **copied,
        drivers=[
            {"signal": driver.input, "label": driver.label, "points": driver.points}
            for driver in explain.top_drivers(score.points)
        ],
        sparkline=earlier.advanced(
            line,
            last_on=present.scored_on if present is not None else score.scored_on,
            as_of=score.scored_on,
            score=score.score,
        ),
        churn_level=assessment.level,
        churn_rank=churn.RANK[assessment.level],
        churn_trigger=assessment.trigger,
        churn_until=assessment.until,
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
