"""The churn risk that follows from a score: rows for the history and for the lists (SPEC 4.1)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from accounts.models import ChurnAssessment, HealthScore
from accounts.scoring import churn
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.churn_facts import Fact
from accounts.scoring.policy import HealthPolicy
from accounts.selectors.earlier import Earlier
from accounts.selectors.inputs import Snapshot
from csm_portal.core import bulk

RANK: Final[Mapping[str, int]] = {level: rank for rank, level in enumerate(RiskLevel)}


def assess(
    snapshot: Snapshot, score: HealthScore, *, policy: HealthPolicy, earlier: Earlier
) -> ChurnAssessment:
    """Return the assessment that goes with a score, not yet written; its words come from the templates."""
    assessed = churn.assess(
        snapshot.signals,
        score=score.score,
        band=Band(score.effective_band),
        policy=policy,
        as_of=score.scored_on,
        history=earlier.trend,
        notice_on=snapshot.notice_on,
        renewal_on=snapshot.renewal_on,
    )
    return bulk.new(
        ChurnAssessment,
        account_id=snapshot.account_id,
        score_id=score.pk,
        assessed_on=score.scored_on,
        assessed_at=score.scored_at,
        level=assessed.level,
        trigger=assessed.trigger or "",
        facts=[_fact(fact) for fact in assessed.facts],
        narrative=assessed.narrative,
        actions=list(assessed.actions),
        until=assessed.until,
    )


def _fact(fact: Fact) -> dict[str, Any]:
    return {"code": fact.code, "kind": fact.kind, "sentence": fact.sentence, "on": fact.on.isoformat()}


def write(assessments: Sequence[ChurnAssessment]) -> None:
    """Write the day's assessments; one of an earlier run of the same local day is written over."""
    bulk.write(assessments, over=["account", "assessed_on"], fields=_ASSESSED)


_ASSESSED: Final = (
    "score",
    "assessed_at",
    "level",
    "trigger",
    "facts",
    "narrative",
    "actions",
    "written_by",
    "until",
)
