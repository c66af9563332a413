"""Every score of a history can be computed again from what was stored with it (SPEC 3.5)."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, HealthScore
from accounts.scoring.health import UnknownEngine
from accounts.scoring.signals import Rag, Sentiment, Trend
from accounts.services import health, policies
from csm_portal.core.models import User
from tests.factories import make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

START = date(2026, 1, 5)


def shuffle(accounts: list[Account], chance: random.Random, day: date) -> None:
    """Give each account another life, with a third of everything not known."""

    def maybe(value: object, nothing: object = None) -> object:
        return nothing if chance.random() < 0.33 else value

    for account in accounts:
        account.feature_adoption_rate = maybe(Decimal(chance.randrange(10_001)) / 10_000)
        account.support_ticket_volume = maybe(chance.randrange(30))
        account.support_sentiment = maybe(chance.choice(list(Sentiment)), "")
        account.last_interaction_on = maybe(day - timedelta(days=chance.randrange(-2, 200)))
        account.login_frequency_score = maybe(Decimal(chance.randrange(10_001)) / 10_000)
        account.usage_trend = maybe(chance.choice(list(Trend)), "")
        account.payment_current = maybe(chance.random() < 0.8)
        account.stakeholder_engagement_score = maybe(Decimal(chance.randrange(10_001)) / 10_000)
        account.nps_score = maybe(Decimal(chance.randrange(101)) / 10)
        account.renewal_on = maybe(day + timedelta(days=chance.randrange(-30, 400)))
        account.seats_used = maybe(chance.randrange(150))
        account.seats_purchased = maybe(chance.choice([0, 7, 100]))
        account.escalation_history_count = maybe(chance.randrange(6))
        account.tam_health_rag = maybe(chance.choice(list(Rag)), "")
    fields = [field.name for field in Account._meta.concrete_fields if field.name not in ("id", "tenant")]
    Account.objects.bulk_update(accounts, fields)


def test_a_whole_history_replays_to_the_same_scores(ada: User) -> None:
    chance = random.Random(20260514)
    accounts = make_accounts(40)
    policy = {"payment_penalty": 30}
    for step in range(12):
        day = START + timedelta(days=5 * step)
        now = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
        shuffle(accounts, chance, day)
        if step % 4 == 3:
            policy["payment_penalty"] += 7
            version = policies.current(now=now)
            policies.save(
                policy, actor=ada, reason="Arrears matter.", now=now, expected_number=version.number
            )
        health.score_accounts(as_of=day, now=now)

    replayed = 0
    for score in HealthScore.objects.select_related("policy").order_by("scored_on", "pk"):
        again = health.replay(score)
        assert (again.score, again.rag) == (score.score, score.computed_band)
        assert {name: points for name, points in again.points.items() if points} == score.points
        assert abs(float(score.coverage) - again.coverage) < 0.001
        replayed += 1
    assert replayed == 480
    assert HealthScore.objects.values("policy").distinct().count() == 4
    assert set(HealthScore.objects.values_list("computed_band", flat=True)) == {"Green", "Amber", "Red"}
    assert HealthScore.objects.filter(is_last_known=True).count() > 20


def test_a_score_of_an_engine_that_is_not_here_says_so_and_is_not_guessed() -> None:
    [account] = make_accounts(1)
    health.score_accounts(as_of=START, now=datetime(2026, 1, 5, 7, tzinfo=UTC))
    HealthScore.objects.update(engine_version="99")

    with pytest.raises(UnknownEngine, match="Engine version 99"):
        health.replay(HealthScore.objects.select_related("policy").get(account=account))
