"""Scores with exactly the figures that a test wants. Call them inside a tenant's scope."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Account, AccountHealth, ChurnAssessment, HealthScore, PolicyVersion
from accounts.scoring.policy import HealthPolicy
from accounts.services.churn import RANK
from tests.factories import NOW, TODAY


def policy() -> PolicyVersion:
    """Return the first version of the scope's tenant."""
    version, _ = PolicyVersion.objects.get_or_create(
        number=1, defaults={"values": HealthPolicy().to_mapping()}
    )
    return version


def make_health(
    account: Account,
    *,
    score: int = 80,
    band: str = "Green",
    previous: int | None = None,
    coverage: str = "1",
    is_last_known: bool = False,
    risk: str = "low",
    trigger: str = "",
    until: date | None = None,
    facts: Iterable[dict[str, str] | str] = (),
    drivers: Iterable[tuple[str, int]] = (),
    sparkline: Iterable[int | None] = (),
    on: date = TODAY,
) -> AccountHealth:
    """Give the account this score as its latest, with the assessment that goes with it."""
    told: dict[str, Any] = {
        "score": score,
        "computed_band": band,
        "effective_band": band,
        "is_last_known": is_last_known,
        "coverage": Decimal(coverage),
        "previous_score": previous,
        "scored_on": on,
        "scored_at": NOW + (datetime.combine(on, NOW.time(), UTC) - NOW),
    }
    latest = HealthScore.objects.create(
        account=account, inputs={}, points={}, policy=policy(), engine_version="1", **told
    )
    ChurnAssessment.objects.create(
        account=account,
        score=latest,
        assessed_on=on,
        assessed_at=told["scored_at"],
        level=risk,
        trigger=trigger,
        facts=list(facts),
        until=until,
    )
    Account.objects.filter(pk=account.pk).update(shown_band=band, shown_risk=risk)
    return AccountHealth.objects.create(
        account=account,
        latest=latest,
        drivers=[{"signal": label, "label": label, "points": points} for label, points in drivers],
        sparkline=list(sparkline),
        churn_level=risk,
        churn_rank=RANK[risk],
        churn_trigger=trigger,
        churn_until=until,
        **told,
    )


def fact(
    sentence: str, *, code: str = "silence", kind: str = "behaviour", on: date = TODAY
) -> dict[str, str]:
    """Return a fact as an assessment stores it."""
    return {"code": code, "kind": kind, "sentence": sentence, "on": on.isoformat()}


def days(number: int) -> date:
    """Return the day so many days after today."""
    return TODAY + timedelta(days=number)
