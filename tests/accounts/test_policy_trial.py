"""Trying thresholds: what it shows is what a scan would make of them, and nothing is kept."""

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, AccountHealth, Alert, HealthScore, PolicyVersion, PropertyMapping
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import policy_trial
from accounts.services import health, policies
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import make_account, make_accounts

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
DEFAULTS = HealthPolicy().to_mapping()


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def score(moment: datetime = NOW) -> None:
    health.score_accounts(as_of=moment.date(), now=moment, announce=False)


def a_book(count: int) -> None:
    """Accounts of every band, some of which lose data on the second day."""
    draw = random.Random(4)
    for number in range(count):
        make_account(
            name=f"Account {number}",
            arr=1000 * number,
            payment_current=draw.random() > 0.3,
            feature_adoption_rate=Decimal(draw.randrange(100)) / 100,
            login_frequency_score=Decimal(draw.randrange(100)) / 100,
            usage_trend=draw.choice(["growing", "stable", "declining"]),
            support_sentiment=draw.choice(["positive", "negative", ""]),
            stakeholder_engagement_score=Decimal(draw.randrange(100)) / 100,
        )
    score(NOW - timedelta(days=1))
    for account in Account.objects.filter(name__endswith="3"):
        account.payment_current = None
        account.usage_trend = ""
        account.save()
    Account.objects.filter(name__endswith="7").update(
        payment_current=None,
        usage_trend="",
        feature_adoption_rate=None,
        login_frequency_score=None,
        stakeholder_engagement_score=None,
        support_sentiment="",
    )
    score()


@pytest.mark.parametrize(
    "changed",
    [
        {"amber_threshold": 85},
        {"red_threshold": 60},
        {"payment_penalty": 5, "adoption_threshold": 90},
        {"minimum_coverage": 90},
        {"minimum_coverage": 0},
    ],
)
def test_what_is_tried_is_what_the_next_scan_shows(
    scoped: Tenant, ada: User, changed: dict[str, int]
) -> None:
    a_book(40)
    policy = HealthPolicy.from_mapping({**DEFAULTS, **changed})

    trial = policy_trial.try_out(policy)
    before = dict(AccountHealth.objects.values_list("account_id", "effective_band"))
    policies.save(policy.to_mapping(), actor=ada, reason="Tried first", now=NOW, expected_number=1)
    score(NOW + timedelta(days=0, hours=1))

    after = dict(AccountHealth.objects.values_list("account_id", "effective_band"))
    assert {shift.band: shift.after for shift in trial.shifts} == {
        band: list(after.values()).count(band) for band in ("Red", "Amber", "Unknown", "Green")
    }
    crossed = {key for key in after if after[key] != before[key]}
    assert trial.worse + trial.better == len(crossed)
    assert {one.account_id for one in trial.crossings} <= crossed
    assert len(trial.crossings) == min(len(crossed), policy_trial.SHOWN)


def test_the_settings_in_force_change_nothing(scoped: Tenant) -> None:
    a_book(12)

    trial = policy_trial.try_out(HealthPolicy())

    assert trial.moved == trial.worse == trial.better == trial.alerts_more == trial.alerts_fewer == 0


def test_arr_is_summed_by_currency_and_the_dearest_that_turn_worse_come_first(scoped: Tenant) -> None:
    for name, arr, currency in [
        ("Small", 10, "EUR"),
        ("Large", 500, "EUR"),
        ("Pound", 70, "GBP"),
        ("None", None, "EUR"),
    ]:
        make_account(name=name, arr=arr, currency=currency, payment_current=False)
    score()

    trial = policy_trial.try_out(HealthPolicy.from_mapping({**DEFAULTS, "amber_threshold": 90}))

    assert [one.name for one in trial.crossings] == ["Large", "Pound", "Small", "None"]
    assert trial.arr_worse == {"EUR": Decimal(510), "GBP": Decimal(70)}


def test_scores_that_are_frozen_stand_whatever_is_tried(scoped: Tenant, ada: User) -> None:
    make_account(name="Halden", payment_current=False)
    make_account(name="Birch", payment_current=None)
    score()
    PropertyMapping.objects.create(
        field="payment_current",
        property_id="x",
        property_name="Paid",
        property_type="checkbox",
        frozen_since=NOW,
        frozen_because="“Paid” was removed in Notion",
    )
    dearer = HealthPolicy.from_mapping({**DEFAULTS, "payment_penalty": 90, "amber_threshold": 100})

    trial = policy_trial.try_out(dearer)
    page = signed_in(ada).post("/settings/thresholds/try/", {**dearer.to_mapping(), "account": "Halden"})
    put = policies.save(dearer.to_mapping(), expected_number=1, reason="Trial", actor=ada, now=NOW)
    assert put.number == 2
    score(NOW + timedelta(days=1))

    halden = AccountHealth.objects.get(account__name="Halden")
    assert (trial.frozen, trial.scored) == (1, 2)
    assert {shift.band: shift.after for shift in trial.shifts}[halden.effective_band] >= 1
    assert halden.account.name not in {crossing.name for crossing in trial.crossings}
    assert (
        HealthScore.objects.filter(account=halden.account, is_of_day=True).values("score").distinct().count()
        == 1
    )
    assert "1 score would stand as it is until the property" in text(page)
    assert "Its score stands as it is" in text(page)


def test_trying_writes_nothing_and_costs_three_queries(scoped: Tenant, ada: User) -> None:
    make_accounts(30)
    score()
    with CaptureQueriesContext(connection) as queries:
        policy_trial.try_out(HealthPolicy.from_mapping({**DEFAULTS, "red_threshold": 50}))
    assert len(queries) == 3

    answer = signed_in(ada).post("/settings/thresholds/try/", {**DEFAULTS, "red_threshold": 50})

    assert answer.status_code == 200
    with tenant_scope(scoped):
        assert PolicyVersion.objects.count() == 1
        assert HealthScore.objects.count() == 30


def test_the_page_shows_who_would_change_band_and_keeps_what_was_typed(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        make_account(name="Halden Logistics", payment_current=False)
        score()

    answer = signed_in(ada).post("/settings/thresholds/try/", {**DEFAULTS, "amber_threshold": 90})

    told = text(answer)
    assert "1 account would change band" in told
    assert "Halden Logistics" in told
    assert 'value="90"' in answer.content.decode()
    assert "Please mend" not in told


def test_htmx_gets_the_trial_alone_and_a_bad_setting_a_sentence(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)

    part = client.post(
        "/settings/thresholds/try/", {**DEFAULTS, "amber_threshold": "many"}, headers={"HX-Request": "true"}
    )
    whole = client.post("/settings/thresholds/try/", {**DEFAULTS, "amber_threshold": "many"})

    assert part.status_code == 200
    assert "One of the settings cannot be used" in text(part)
    assert "<html" not in part.content.decode()
    assert whole.status_code == 422
    assert "Amber below must be a whole number" in text(whole)


@pytest.mark.parametrize("changed", [{"red_threshold": 60}, {"red_threshold": 20, "amber_threshold": 50}])
def test_the_alerts_that_appear_and_close_are_those_of_the_next_scan(
    scoped: Tenant, ada: User, changed: dict[str, int]
) -> None:
    a_book(30)
    health.score_accounts(as_of=NOW.date(), now=NOW)
    about_the_band = Alert.objects.filter(reason__in=["health_red", "health_amber"])
    before = set(about_the_band.filter(ended_at=None).values_list("account_id", "reason"))
    assert before

    trial = policy_trial.try_out(HealthPolicy.from_mapping({**DEFAULTS, **changed}))
    policies.save({**DEFAULTS, **changed}, actor=ada, reason="Tried first", now=NOW, expected_number=1)
    health.score_accounts(as_of=NOW.date(), now=NOW + timedelta(hours=1))

    after = set(about_the_band.filter(ended_at=None).values_list("account_id", "reason"))
    assert sum(shift.count for shift in trial.appearing) == len(after - before)
    assert sum(shift.count for shift in trial.closing) == len(before - after)
    assert after != before
