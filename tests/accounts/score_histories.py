"""A history of scores with renewals that were decided, made so that what foretells a loss is known: few logins."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from accounts.models import Account, HealthScore, Outcome, OutcomeImport
from accounts.scoring import health
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from csm_portal.core.models import User
from tests.accounts.health_rows import policy
from tests.factories import NOW, TODAY, make_accounts

BEFORE = (100, 95, 65, 62, 40, 31)


def make_history(count: int, *, actor: User, seed: int = 7, days: int = 400) -> list[Account]:
    """Make accounts whose renewal was decided on one of the last days, a third of them lost.

    Whoever leaves logs in less, and is in arrears as often as whoever stays. Each has scores from before, and one
    from the day after, when those who left have nothing any more.
    """
    dice = Random(seed)
    accounts = make_accounts(count)
    source = OutcomeImport.objects.create(
        file_name="made.csv", created=count, imported_at=NOW, imported_by=actor
    )
    outcomes, scores = [], []
    for number, account in enumerate(accounts):
        has_left = number % 3 == 0
        on = TODAY - timedelta(days=1 + number * (days - 110) // count)
        level = min(1.0, max(0.0, dice.gauss(0.3 if has_left else 0.6, 0.15)))
        inputs = {
            "login_frequency_score": round(level, 2),
            "payment_current": dice.random() < 0.7,
            "feature_adoption_rate": round(dice.random(), 2),
            "renewal_days_out": 60,
        }
        kind = "churned" if has_left else "renewed"
        reason = "Budget cut" if has_left else ""
        outcomes.append(Outcome(account=account, kind=kind, happened_on=on, reason=reason, source=source))
        scores += [score(account, on - timedelta(days=before), inputs) for before in BEFORE]
        after = {**inputs, "login_frequency_score": 0.0 if has_left else 1.0}
        scores.append(score(account, on + timedelta(days=1), after))
    Outcome.objects.bulk_create(outcomes)
    HealthScore.objects.bulk_create(scores, batch_size=500)
    return accounts


def score(account: Account, on: date, inputs: dict[str, Any], **fields: Any) -> HealthScore:
    """Return the score of one day under the default policy, not stored."""
    evaluation = health.evaluate(HealthSignals.from_mapping(inputs), HealthPolicy())
    filled = {
        "scored_at": datetime.combine(on, time(7), tzinfo=UTC),
        "score": evaluation.score,
        "computed_band": str(evaluation.rag),
        "effective_band": str(evaluation.rag),
        "coverage": Decimal("0.5"),
        "inputs": evaluation.signals.to_mapping(),
        "points": {},
        "policy": policy(),
        "engine_version": "1",
        "arr": account.arr,
        "currency": account.currency,
        **fields,
    }
    return HealthScore(account=account, scored_on=on, **filled)


def lines(*rows: str) -> bytes:
    """Return a file of outcomes with these rows."""
    return "\n".join(["account,outcome,date,reason", *rows]).encode()
