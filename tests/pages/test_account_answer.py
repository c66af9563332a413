"""The first thing that an account's page says: why it has its band, since when, and what would lift it."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Account
from accounts.scoring import wording
from accounts.scoring.policy import HealthPolicy
from accounts.services import health, policies
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import make_account

pytestmark = pytest.mark.django_db

NOW: datetime = timezone.now()
TODAY: date = NOW.astimezone(ZoneInfo("Europe/Berlin")).date()

_NOTHING = dict.fromkeys(
    (
        "feature_adoption_rate",
        "login_frequency_score",
        "payment_current",
        "stakeholder_engagement_score",
        "escalation_history_count",
    )
)


@pytest.fixture
def account(tenant: Tenant, alice: User) -> Account:
    with tenant_scope(tenant):
        return make_account(
            name="Halden Logistics", owner=alice, renewal_on=None, last_interaction_on=TODAY, arr=60_000
        )


def score(tenant: Tenant, days_ago: int, **changes: Any) -> None:
    with tenant_scope(tenant):
        if changes:
            Account.objects.update(**changes)
        health.score_accounts(
            as_of=TODAY - timedelta(days=days_ago), now=NOW - timedelta(days=days_ago), announce=False
        )


def said(account: Account, user: User) -> str:
    """Return the health card as it is read, up to the chart."""
    page = signed_in(user).get(f"/accounts/{account.pk}/").content.decode()
    card = page.split('id="health-title"', 1)[1].split('class="trend', 1)[0]
    told = unescape(re.sub(r"<[^>]+>", " ", card))
    return re.sub(r" ([.,])", r"\1", re.sub(r"\s+", " ", told.replace("\xa0", " ")))


def test_an_amber_account_says_why_since_when_and_what_would_make_it_green(
    tenant: Tenant, account: Account, alice: User
) -> None:
    score(tenant, 9)
    score(tenant, 5, payment_current=False)
    score(tenant, 2, feature_adoption_rate=Decimal("0.3"))
    score(tenant, 0)

    told = said(account, alice)

    assert "Why Amber The score of 64 lies between 40 and 69, which is Amber." in told
    assert "Payment is in arrears: costs 30 points." in told
    since = TODAY - timedelta(days=2)
    assert f"Amber since {wording.day(since)}, 2 days; Green before." in told
    assert "What took it there: feature adoption from 80 % to 30 % (−6)." in told
    assert "What would make it Green" in told
    assert "Green begins at 70: 6 points to go." in told


def test_a_change_of_the_thresholds_is_named_as_what_took_it_there(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    score(tenant, 3, payment_current=False)
    with tenant_scope(tenant):
        policies.save(
            {**HealthPolicy().to_mapping(), "payment_penalty": 50},
            actor=ada,
            reason="Harder.",
            now=NOW,
            expected_number=1,
        )
    score(tenant, 0)

    assert "payment (−20, because the thresholds changed)" in said(account, alice)


def test_causes_that_are_left_out_are_others(tenant: Tenant, account: Account, alice: User) -> None:
    score(tenant, 3)
    score(
        tenant,
        0,
        payment_current=False,
        feature_adoption_rate=Decimal("0.3"),
        stakeholder_engagement_score=Decimal("0.3"),
    )

    assert (
        "What took it there: payment from paid up to in arrears (−30), feature adoption from 80 % to 30 % (−6) and others."
    ) in said(account, alice)


def limited(tenant: Tenant, ada: User, **changes: int) -> None:
    """Save thresholds with other limits, as version 2."""
    with tenant_scope(tenant):
        values = {**HealthPolicy().to_mapping(), **changes}
        policies.save(values, actor=ada, reason="Harder.", now=NOW, expected_number=1)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (
            {"red_threshold": 65, "amber_threshold": 75},
            "Red since {}, today; Amber before. Thresholds version 2 calls Red under 65 (before: 40).",
        ),
        (
            {"amber_threshold": 60},
            "Green since {}, today; Amber before. Thresholds version 2 calls Green from 60 (before: 70).",
        ),
        (
            {"red_threshold": 80, "amber_threshold": 90},
            "Red since {}, today; Amber before. Thresholds version 2 calls Red under 80 (before: 40).",
        ),
    ],
)
def test_a_limit_that_moved_the_band_is_named(
    tenant: Tenant, account: Account, alice: User, ada: User, limits: dict[str, int], told: str
) -> None:
    score(tenant, 3, payment_current=False, feature_adoption_rate=Decimal("0.3"))
    limited(tenant, ada, **limits)
    score(tenant, 0)

    page = said(account, alice)

    assert told.format(wording.day(TODAY)) in page
    assert "What took it there" not in page
    assert "What lifted it" not in page


def test_a_limit_that_the_points_did_not_need_is_not_named(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    score(tenant, 3)
    limited(tenant, ada, amber_threshold=75)
    score(tenant, 0, payment_current=False, feature_adoption_rate=Decimal("0.3"))

    page = said(account, alice)

    assert "What took it there: payment" in page
    assert "Thresholds version 2 calls" not in page


def test_points_and_a_limit_that_moved_the_band_together_are_both_named(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    score(tenant, 3, payment_current=False)
    limited(tenant, ada, red_threshold=65)
    score(tenant, 0, feature_adoption_rate=Decimal("0.3"))

    assert (
        "What took it there: feature adoption from 80 % to 30 % (−6). "
        "Thresholds version 2 calls Red under 65 (before: 40)."
    ) in said(account, alice)


def test_a_band_that_a_lower_minimum_coverage_gave_says_so(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    score(tenant, 3, **_NOTHING, support_sentiment="", usage_trend="")
    limited(tenant, ada, minimum_coverage=5)
    score(tenant, 0)

    page = said(account, alice)

    assert "Unknown before. Thresholds version 2 asks for 5 % of the weight (before: 40 %)." in page


def test_the_first_score_has_nothing_before_it(tenant: Tenant, account: Account, alice: User) -> None:
    score(tenant, 0)

    told = said(account, alice)

    assert f"Green since its first score on {wording.day(TODAY)}, today." in told
    assert "If it lost 31 points, it would be Amber." in told


def test_an_unknown_account_says_which_inputs_would_give_it_a_band(
    tenant: Tenant, account: Account, alice: User
) -> None:
    score(tenant, 0, **_NOTHING, support_sentiment="", usage_trend="")

    told = said(account, alice)

    assert "Why no band Too little is known to call a band" in told
    assert "and 40 % is asked. Fill in Payment and Login frequency in Notion" in told


def test_lost_data_says_what_must_be_read_again(tenant: Tenant, account: Account, alice: User) -> None:
    score(tenant, 1, payment_current=False, tam_health_rag="Amber")
    score(tenant, 0, payment_current=None)

    told = said(account, alice)

    assert "Why Amber" in told
    assert "Payment (in arrears when last seen) must be read from Notion again." in told


def test_the_rule_that_chose_the_settings_is_said(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    big = {"name": "Big", "rule": {"arr_from": 50_000, "currency": "EUR"}, "changes": {}}
    with tenant_scope(tenant):
        policies.save({}, segments=[big], actor=ada, reason="By size.", now=NOW, expected_number=1)
    score(tenant, 0)

    assert (
        "Scored by the settings of the segment Big, thresholds version 2, because its ARR is at least 50,000 EUR."
        in said(account, alice)
    )
