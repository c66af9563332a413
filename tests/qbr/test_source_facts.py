"""The facts of a review: where each comes from, how old it is, and that none is invented."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, HealthScore, SyncRun
from csm_portal.core.models import Tenant
from qbr.models import QBR, Commitment
from qbr.quarters import Quarter
from qbr.selectors import source_facts
from tests.factories import make_account
from tests.qbr.conftest import NOW

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
QUARTER = Quarter(year=2026, number=2)


def test_each_fact_names_its_notion_property_its_day_and_its_page(harbour: Account) -> None:
    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    seats = facts["seats.used"]
    assert (seats.value, seats.source, seats.as_of) == (Decimal(62), "Notion: Seats Used", TODAY)
    assert seats.source_url == harbour.url
    assert facts["input.seats_utilization.now"].source == "Notion: Seats Used, Seats Purchased"
    assert facts["features.unused"].value == ("Forecasts", "Alerts")
    assert facts["contract.arr"].currency == "EUR"


def test_the_score_stands_at_both_ends_of_the_quarter(harbour: Account) -> None:
    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    now, start = facts["health.score_now"], facts["health.score_at_start"]
    newest = HealthScore.objects.get(account=harbour, scored_on=TODAY)
    assert now.value == newest.score
    assert start.as_of == date(2026, 3, 26)
    assert facts["health.score_change"].value == now.value - start.value
    assert now.source == "Health score, thresholds version 1"
    weeks = [facts[f"health.weeks_{band}"].value for band in ("green", "amber", "red", "unknown")]
    assert sum(weeks) == 7


def test_the_median_needs_ten_accounts(harbour: Account) -> None:
    known = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)
    Account.objects.filter(name__startswith="Account").exclude(
        name__in=["Account 001", "Account 002"]
    ).update(segment="Enterprise")
    unknown = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    assert known["benchmark.accounts"].value == 12
    assert known["benchmark.adoption_median"].value == Decimal("0.61")
    assert not unknown["benchmark.adoption_median"].is_known


def test_a_quarter_that_is_over_is_looked_at_as_of_its_last_day(harbour: Account) -> None:
    later = date(2026, 7, 1)
    HealthScore.objects.filter(account=harbour, scored_on=TODAY).update(scored_on=date(2026, 6, 29))
    Account.objects.filter(pk=harbour.pk).update(support_ticket_volume=3)
    harbour.refresh_from_db()

    facts = source_facts.collect(harbour, quarter=QUARTER, today=later)

    assert facts["quarter.as_of"].value == date(2026, 6, 30)
    tickets = facts["input.support_ticket_volume.now"]
    assert (tickets.value, tickets.as_of) == (17, date(2026, 6, 29)), "the mirror's 3 is the next quarter's"
    assert facts["input.last_interaction_on"].value == date(2026, 6, 25)


def test_what_is_not_known_has_no_value_and_what_is_old_says_so(scoped: Tenant) -> None:
    bare = make_account(
        name="Bare", segment="", seats_used=None, arr=None, renewal_on=None, nps_score=None, synced_at=NOW
    )

    facts = source_facts.collect(bare, quarter=QUARTER, today=TODAY + timedelta(days=9))

    for fact_id in ("seats.used", "seats.unused", "contract.arr", "health.score_now", "benchmark.accounts"):
        assert not facts[fact_id].is_known, fact_id
    assert facts["seats.purchased"].is_stale
    assert not any(fact.id.startswith("history.") for fact in facts.values())


def test_a_sync_that_read_the_page_unchanged_makes_it_fresh(scoped: Tenant) -> None:
    account = make_account(name="Quiet", synced_at=NOW - timedelta(days=60))
    SyncRun.objects.create(started_at=NOW, finished_at=NOW, pages_read=1)

    facts = source_facts.collect(account, quarter=QUARTER, today=TODAY)

    assert (facts["seats.used"].as_of, facts["seats.used"].is_stale) == (TODAY, False)


def test_the_last_published_review_gives_its_commitments(harbour: Account) -> None:
    for label, start, text in (("Q4 2025", date(2025, 10, 1), "Old"), ("Q1 2026", date(2026, 1, 1), "Train")):
        qbr = QBR.objects.create(
            account=harbour,
            quarter_start=start,
            quarter_end=start + timedelta(days=90),
            quarter_label=label,
            state="published",
        )
        Commitment.objects.create(qbr=qbr, position=1, text=text, owner_name="Alice", outcome="kept")
        Commitment.objects.create(qbr=qbr, position=2, text=f"{text} more", due_on=date(2026, 4, 30))

    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    assert facts["commitment.1.text"].value == "Train"
    assert facts["commitment.1.outcome"].value == "kept"
    assert not facts["commitment.2.outcome"].is_known
    assert (facts["commitments.total"].value, facts["commitments.kept"].value) == (2, 1)
    assert facts["commitment.1.text"].source == "QBR of Q1 2026"


def test_no_proposed_day_falls_on_a_weekend(scoped: Tenant) -> None:
    account = make_account()

    for days in range(40):
        facts = source_facts.collect(account, quarter=QUARTER, today=date(2026, 4, 1) + timedelta(days=days))
        for fact_id in ("plan.first_step_by", "plan.second_step_by", "plan.next_review_on"):
            day: Any = facts[fact_id].value
            assert day.weekday() < 5


def test_the_queries_do_not_grow_with_the_history(harbour: Account, django_assert_num_queries: Any) -> None:
    source_facts.collect(harbour, quarter=QUARTER, today=TODAY)
    harbour = Account.objects.select_related("tenant", "owner").get(pk=harbour.pk)

    with django_assert_num_queries(7):
        source_facts.collect(harbour, quarter=QUARTER, today=TODAY)
