"""Opportunities from the scan that finds them to the one that finds them gone: five a day, one of a type (SPEC 4.3)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, BandOverride, Opportunity, OpportunityPlace, PropertyMapping
from accounts.scoring.expansion import OpportunityType
from accounts.scoring.expansion_states import OpportunityState
from accounts.services import expansion, health, rates
from accounts.services.health import ScanCounts
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.factories import (
    NOW,
    TODAY,
    account_fields,
    make_account,
    make_accounts,
    make_opportunity,
    make_price,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

BERLIN = ZoneInfo("Europe/Berlin")
FULL: dict[str, Any] = {"seats_used": 104, "seats_purchased": 100}
SPARE: dict[str, Any] = {"seats_used": 50, "seats_purchased": 100}
RED: dict[str, Any] = {
    "login_frequency_score": Decimal("0.1"),
    "usage_trend": "declining",
    "support_sentiment": "negative",
    "stakeholder_engagement_score": Decimal("0.1"),
    "escalation_history_count": 3,
    "feature_adoption_rate": Decimal("0.1"),
}


def scan(day: int = 0, *, hour: int = 7, only: list[Account] | None = None) -> ScanCounts:
    on = TODAY + timedelta(days=day)
    return health.score_accounts(
        as_of=on,
        now=datetime.combine(on, time(hour, 0), tzinfo=BERLIN),
        account_ids=None if only is None else [account.pk for account in only],
    )


def change(account: Account, **fields: Any) -> None:
    Account.objects.filter(pk=account.pk).update(**fields)


def only() -> Opportunity:
    return Opportunity.objects.get()


def test_a_scan_finds_an_account_that_ran_out_of_seats_and_says_what_it_is_worth() -> None:
    make_account(**FULL)
    make_account(**SPARE)

    counts = scan()

    one = only()
    assert counts.expansions_found == 1
    assert (one.kind, one.state, one.confidence) == (
        OpportunityType.SEATS,
        OpportunityState.FOUND,
        "high",
    )
    assert one.seats == 23
    assert one.amount == Decimal("11040.00")
    assert one.arithmetic == "ARR EUR 48,000 ÷ 100 seats × 23 seats = EUR 11,040 a year"
    assert one.evidence[0]["on"] == TODAY.isoformat()
    assert one.found_on == TODAY


def test_the_same_findings_a_second_time_change_nothing() -> None:
    make_account(**FULL)
    scan()
    before = Opportunity.objects.values().get()

    counts = scan(hour=9)

    assert counts.expansions_found == 0
    assert Opportunity.objects.values().get() == before


def test_five_are_found_a_day_whatever_is_run_again_and_the_others_on_the_next() -> None:
    accounts = make_accounts(8, **FULL)

    first = scan()
    again = scan(hour=9)
    single = scan(hour=10, only=accounts)
    next_day = scan(1)

    assert (first.expansions_found, first.expansions_waiting) == (5, 3)
    assert (again.expansions_found, single.expansions_found) == (0, 0)
    assert next_day.expansions_found == 3
    assert OpportunityPlace.objects.filter(local_date=TODAY).count() == 5


def test_the_surest_and_largest_come_first() -> None:
    for number in range(6):
        make_account(name=f"Large {number}", arr=Decimal(100_000 + number), **FULL)
    make_account(name="Small", arr=Decimal(1_000), **FULL)
    make_account(name="Less sure", arr=Decimal(9_000_000), seats_used=91, seats_purchased=100)

    scan()

    found = set(Opportunity.objects.values_list("account__name", flat=True))
    assert found == {f"Large {number}" for number in range(1, 6)}


def test_where_currencies_differ_the_admins_rates_decide(ada: User) -> None:
    rates.put("JPY", Decimal("0.006"), as_of=TODAY, source="ECB", actor=ada, today=TODAY, now=NOW)
    make_accounts(4, arr=Decimal(100_000_000), currency="JPY", seats_used=101, seats_purchased=100)
    make_accounts(4, arr=Decimal(10_000), currency="EUR", seats_used=101, seats_purchased=100)

    scan()

    assert Opportunity.objects.filter(currency="JPY").count() == 4


def test_where_a_rate_is_missing_the_share_of_the_arr_decides() -> None:
    make_accounts(4, arr=Decimal(1_000_000), currency="JPY", seats_used=101, seats_purchased=100)
    make_accounts(4, arr=Decimal(10_000), currency="EUR", seats_used=140, seats_purchased=100)

    scan()

    assert Opportunity.objects.filter(currency="EUR").count() == 4


@pytest.mark.parametrize(
    ("fields", "says"),
    [(RED, "Red"), ({"payment_current": False}, "arrears"), ({"support_sentiment": "negative"}, "complaint")],
)
def test_nothing_is_found_at_an_account_that_must_not_be_called(fields: dict[str, Any], says: str) -> None:
    account = make_account(**{**FULL, **fields})

    counts = scan()

    assert counts.expansions_found == 0
    change(account, **{name: account_fields()[name] for name in fields})
    assert scan(1).expansions_found == 1


def test_what_was_found_waits_with_the_reason_while_the_account_is_in_arrears() -> None:
    account = make_account(**FULL)
    scan()
    change(account, payment_current=False)

    scan(1)

    assert (only().state, only().barred_because) == (
        OpportunityState.FOUND,
        "The account is in arrears.",
    )
    change(account, payment_current=True)
    scan(2)
    assert only().barred_because == ""


def test_a_colleague_who_says_red_keeps_it_back(bob: User) -> None:
    account = make_account(**FULL)
    BandOverride.objects.create(
        account=account,
        band="Red",
        reason="They are looking around.",
        until=TODAY + timedelta(days=5),
        score_then=90,
        band_then="Green",
        created_at=NOW,
        created_by=bob,
    )

    assert scan().expansions_found == 0
    assert scan(6).expansions_found == 1


def test_it_is_withdrawn_when_the_cause_is_gone() -> None:
    account = make_account(**FULL)
    scan()
    change(account, **SPARE)

    counts = scan(1)

    assert counts.expansions_withdrawn == 1
    assert only().state == OpportunityState.WITHDRAWN
    assert only().note == "The seats are not near their limit any more, or they do not fill further."


def test_it_is_withdrawn_when_the_account_is_gone() -> None:
    account = make_account(**FULL)
    scan()
    change(account, is_archived=True)

    scan(1)

    assert only().state == OpportunityState.WITHDRAWN
    assert "archived" in only().note


def test_what_sales_has_not_answered_is_withdrawn_from_a_red_account_and_what_they_are_at_is_marked() -> None:
    account = make_account(**FULL)
    waiting = make_opportunity(
        account, kind=OpportunityType.MODULE, subject="API", state=OpportunityState.DISPATCHED
    )
    at_it = make_opportunity(account, state=OpportunityState.ACCEPTED)
    change(account, **RED)

    scan()

    waiting.refresh_from_db()
    at_it.refresh_from_db()
    assert waiting.state == OpportunityState.WITHDRAWN
    assert waiting.note.startswith("Health is Red")
    assert at_it.state == OpportunityState.ACCEPTED
    assert at_it.barred_because.startswith("Health is Red")


def test_what_was_handed_over_stays_word_for_word_while_the_cause_lasts() -> None:
    account = make_account(**FULL)
    handed = make_opportunity(account, state=OpportunityState.DISPATCHED)
    before = Opportunity.objects.values().get(pk=handed.pk)

    scan()

    assert Opportunity.objects.values().get(pk=handed.pk) == before


@pytest.mark.parametrize(
    "state",
    [OpportunityState.DECLINED, OpportunityState.LOST, OpportunityState.DISMISSED, OpportunityState.WON],
)
def test_what_was_answered_comes_back_only_when_the_facts_change(state: OpportunityState) -> None:
    account = make_account(**FULL)
    make_opportunity(
        account,
        state=state,
        ended_at=NOW,
        note="Not now.",
        seen={"confidence": "high", "measure": {"purchased": 100, "used_tenths": 10}},
        **({"won_amount": Decimal(1), "won_currency": "EUR"} if state == OpportunityState.WON else {}),
    )

    assert scan().expansions_found == 0
    change(account, seats_used=121)
    assert scan(1).expansions_found == 1
    assert Opportunity.objects.get(ended_at=None).news == "More seats are in use than at the last answer."


def test_a_module_is_proposed_that_most_of_the_segment_has_and_sized_by_the_price_list(ada: User) -> None:
    make_price(name="Forecasting", actor=ada, amount="2", period="month", basis="seat")
    make_price(name="Reports", actor=ada)
    make_accounts(12, features_licensed=["Scheduling", "forecasting"], **SPARE)
    make_account(
        name="Ripe",
        features_licensed=["Scheduling"],
        features_used=["Scheduling"],
        feature_adoption_rate=Decimal("0.9"),
        **SPARE,
    )
    Account.objects.exclude(name="Ripe").update(feature_adoption_rate=Decimal("0.3"))

    scan()

    one = only()
    assert (one.account.name, one.kind, one.subject) == ("Ripe", OpportunityType.MODULE, "Forecasting")
    assert one.amount == Decimal("2400.00")
    assert "12 of 13 accounts in Mid-Market have licensed Forecasting." in [
        fact["sentence"] for fact in one.evidence
    ]


def test_while_a_property_cannot_be_read_nothing_that_stands_on_it_is_found_or_withdrawn() -> None:
    account = make_account(features_licensed=["Scheduling"], **SPARE)
    kept = make_opportunity(account, kind=OpportunityType.MODULE, subject="Reports")
    PropertyMapping.objects.create(
        field="features_licensed",
        property_id="x",
        property_name="Licensed",
        property_type="multi_select",
        frozen_since=NOW,
        frozen_because="“Licensed” was removed.",
    )

    scan()

    kept.refresh_from_db()
    assert kept.state == OpportunityState.FOUND
    assert "cannot be read" in kept.barred_because


def test_another_tenants_accounts_and_places_are_not_touched(tenant: Tenant, other_tenant: Tenant) -> None:
    make_accounts(6, **FULL)
    with tenant_scope(other_tenant):
        make_accounts(6, **FULL)

    counts = scan()

    assert counts.expansions_found == 5
    with tenant_scope(other_tenant):
        assert not Opportunity.objects.exists()
        assert scan().expansions_found == 5


def test_the_database_holds_one_open_opportunity_of_a_type_at_an_account() -> None:
    account = make_account()
    make_opportunity(account)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_opportunity(account)


def test_a_pass_costs_the_same_number_of_queries_for_one_account_and_for_many() -> None:
    make_account(**FULL)
    scan()
    with CaptureQueriesContext(connection) as one:
        expansion.keep_in_step(as_of=TODAY, now=NOW)
    make_accounts(20, **FULL)
    scan(only=[])
    health.score_accounts(as_of=TODAY, now=NOW, announce=False)
    with CaptureQueriesContext(connection) as many:
        expansion.keep_in_step(as_of=TODAY, now=NOW)

    assert Opportunity.objects.count() == 5
    assert len(many) <= len(one) + 3 <= 19


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_scans_at_the_same_moment_find_five_and_each_once(tenant: Tenant) -> None:
    make_accounts(9, **FULL)
    start = threading.Barrier(4)

    def at_once(_: int) -> int:
        try:
            with tenant_scope(tenant):
                start.wait()
                return scan().expansions_found
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        told = list(pool.map(at_once, range(4)))

    assert sum(told) == Opportunity.objects.count() == OpportunityPlace.objects.count() == 5
