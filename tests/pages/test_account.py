"""The page of one account: why its score is what it is, where each figure comes from, what threatens it."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, PropertyMapping
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import account_detail
from accounts.services import health, policies
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr import quarters
from qbr.models import QBR
from tests.conftest import make_member, signed_in
from tests.factories import make_account, make_sync_run

pytestmark = pytest.mark.django_db

# The page counts from the clock, so these days do too.
NOW = timezone.now()
TODAY = NOW.astimezone(ZoneInfo("Europe/Berlin")).date()


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def text(response: HttpResponse) -> str:
    """Return what a reader reads."""
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def score(*, days_ago: int = 0, **changes: Any) -> None:
    """Score every account as of a day, with these columns changed before."""
    if changes:
        Account.objects.update(**changes)
    health.score_accounts(as_of=day(days_ago), now=NOW - timedelta(days=days_ago), announce=False)


def page_of(account: Account, user: User, **query: str) -> HttpResponse:
    return signed_in(user).get(f"/accounts/{account.pk}/", query)


@pytest.fixture
def account(tenant: Tenant, alice: User) -> Account:
    with tenant_scope(tenant):
        return make_account(
            name="Halden Logistics",
            owner=alice,
            renewal_on=day(-40),
            notice_on=day(-10),
            last_interaction_on=day(3),
            notes="Wants SSO.\nAsked twice.",
            customer_goals="Ship on time",
            primary_contacts=["Jonas Weber", "Maria Rossi"],
        )


def test_the_head_says_who_it_is_and_how_they_fare(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        score(days_ago=1)
        score(usage_trend="declining", payment_current=False, login_frequency_score=Decimal("0.2"))

    page = page_of(account, alice)

    for said in (
        "Halden Logistics", "Mid-Market · Live", "of 100", "€ 48,000", "in 40 days", "in 10 days",
        "Alice (you)", "90 of 100 in use", "Jonas Weber", "Maria Rossi", "Wants SSO.", "Ship on time",
        "Since when",
    ):  # fmt: skip
        assert said in text(page), said
    assert f'href="{account.url}"' in page.content.decode()
    assert f'action="/accounts/{account.pk}/qbrs/"' in page.content.decode()


def test_the_costs_visibly_come_to_a_hundred_minus_the_score(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        score(usage_trend="declining", login_frequency_score=Decimal("0.2"), nps_score=Decimal(3))

    page = page_of(account, alice)

    detail = page.context["detail"]
    penalties = [row.penalty for row in detail.breakdown.rows]
    assert len(penalties) == 13
    assert penalties == sorted(penalties, reverse=True)
    assert sum(penalties) == 100 - detail.score.score == detail.breakdown.total > 0
    assert f"100 − {sum(penalties)} points = {detail.score.score}" in text(page)
    for row in detail.breakdown.rows:
        assert row.sentence in text(page), row.sentence


def test_a_score_that_would_fall_under_nought_shows_the_limit_as_its_own_row(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        score(
            feature_adoption_rate=0, support_sentiment="negative", support_ticket_volume=90, usage_trend="declining",
            login_frequency_score=0, payment_current=False, escalation_history_count=9, tam_health_rag="Red",
            stakeholder_engagement_score=0, nps_score=0, last_interaction_on=day(300),
        )  # fmt: skip

    page = page_of(account, alice)

    breakdown = page.context["detail"].breakdown
    assert breakdown.clamp.penalty < 0
    assert sum(row.penalty for row in breakdown.rows) + breakdown.clamp.penalty == 100
    assert "Limit at 0" in text(page)
    assert f"+{-breakdown.clamp.penalty}" in text(page)
    assert "100 − 100 points = 0" in text(page)


def test_each_input_names_its_source_its_age_and_what_could_not_be_read(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        for field, name in {
            "login_frequency_score": "Logins",
            "seats_used": "Used",
            "seats_purchased": "Bought",
        }.items():
            PropertyMapping.objects.create(
                field=field, property_id=field, property_name=name, property_type="number"
            )
        issue = {"field": "nps_score", "property": "NPS", "message": "The property “NPS” holds “n/a”."}
        other = {"field": "arr", "property": "ARR", "message": "The property “ARR” holds “lots”."}
        Account.objects.update(
            changed_at={
                "login_frequency_score": (NOW - timedelta(days=120)).isoformat(),
                "payment_current": (NOW - timedelta(days=400)).isoformat(),
                "seats_used": (NOW - timedelta(days=2)).isoformat(),
                "seats_purchased": (NOW - timedelta(days=200)).isoformat(),
            },
            nps_score=None,
            field_issues=[issue, other],
        )
        score()

    page = page_of(account, alice)

    rows = {row.name: row for row in page.context["detail"].breakdown.rows}
    assert rows["login_frequency_score"].sources == ("Logins",)
    assert rows["login_frequency_score"].is_stale
    assert not rows["payment_current"].is_stale, "a flag may well stand for a year"
    assert rows["seats_utilization"].sources == ("Used", "Bought")
    assert not rows["seats_utilization"].is_stale, "its newest half counts"
    assert rows["nps_score"].issues == (issue["message"],)
    assert not rows["nps_score"].is_known
    for said in (
        issue["message"],
        other["message"],
        "Stale: unchanged since",
        "Not mapped",
        "1 of 13 inputs is not known",
    ):
        assert said in text(page), said


def test_what_notion_says_newer_than_the_score_is_told(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        score()
        Account.objects.update(usage_trend="declining")

    page = page_of(account, alice)

    rows = {row.name: row for row in page.context["detail"].breakdown.rows}
    assert (rows["usage_trend"].value, rows["usage_trend"].newer) == ("growing", "declining")
    assert [name for name, row in rows.items() if row.newer] == ["usage_trend"]
    assert "now declining in Notion, counts from the next scan" in text(page)


def test_what_moved_the_score_is_told_point_by_point(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        score(days_ago=35, login_frequency_score=Decimal("0.9"))
        score(days_ago=1, login_frequency_score=Decimal("0.4"))
        score(payment_current=False)

    recently, in_weeks = page_of(account, alice), page_of(account, alice, since="4w")
    in_a_week = page_of(account, alice, since="1w")

    now = recently.context["detail"].score.score
    for page in (recently, in_weeks):
        comparison = page.context["detail"].comparison
        assert comparison.score_after == now
        assert sum(change.points for change in comparison.changes) == comparison.points < 0
    assert {change.input for change in recently.context["detail"].comparison.changes} == {"payment_current"}
    assert "login_frequency_score" in {
        change.input for change in in_weeks.context["detail"].comparison.changes
    }
    assert recently.context["detail"].compared_on == day(1)
    assert in_weeks.context["detail"].compared_on == day(35)
    assert in_a_week.context["detail"].compared_on == day(35)
    assert '<a href="?since=1w#moved" aria-current="page">1 week</a>' in in_a_week.content.decode()
    assert "paid up in arrears Data changed −30" in text(recently)


def test_a_change_of_the_thresholds_is_told_as_such_and_marked_on_the_chart(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    with tenant_scope(tenant):
        score(days_ago=8, payment_current=False)
        policies.save(
            {**HealthPolicy().to_mapping(), "payment_penalty": 40},
            actor=ada, reason="Arrears foretell churn", now=NOW, expected_number=1,
        )  # fmt: skip
        score()

    page = page_of(account, alice)

    detail = page.context["detail"]
    assert [
        (change.cause, change.points)
        for change in detail.comparison.changes
        if change.input == "payment_current"
    ] == [("policy changed", -10)]
    assert [(mark.on, mark.label) for mark in detail.history.marks] == [
        (TODAY, "Thresholds version 2: Arrears foretell churn")
    ]
    assert "Thresholds version 2" in text(page)


def test_the_chart_has_one_point_a_week_and_a_table(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        for days_ago in range(400, -1, -5):
            score(days_ago=days_ago)

    page = page_of(account, alice)

    points = page.context["detail"].history.points
    assert 50 <= len(points) <= 53
    assert points[-1].on == TODAY
    assert points[0].on > day(371)
    assert [point.on for point in points] == sorted({point.on for point in points})
    assert len({(point.on - timedelta(days=point.on.weekday())) for point in points}) == len(points)
    assert "Show as a table" in text(page)
    assert page.context["detail"].history.reaches_back


def test_the_band_is_dated_from_its_first_day(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        score(days_ago=21, payment_current=True)
        score(
            days_ago=14, payment_current=False, usage_trend="declining", login_frequency_score=Decimal("0.2")
        )
        score(days_ago=7)
        score()

    history = page_of(account, alice).context["detail"].history

    assert history.band_since == day(14)
    assert not history.reaches_back


def test_a_band_that_stands_for_want_of_data_says_so(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        score(
            days_ago=7, payment_current=False, usage_trend="declining", login_frequency_score=Decimal("0.1")
        )
        before = Account.objects.get().health.effective_band
        score(payment_current=None, usage_trend="", login_frequency_score=None)

    page = page_of(account, alice)

    assert page.context["detail"].score.effective_band == before != page.context["detail"].score.computed_band
    assert "last known" in text(page)
    assert "no longer known" in text(page)


def test_the_churn_risk_is_told_with_facts_date_and_actions(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        score(payment_current=False)

    page = page_of(account, alice)

    risk = page.context["detail"].risk
    assert risk.facts
    assert risk.actions
    for said in (
        risk.narrative,
        *(fact.sentence for fact in risk.facts),
        *risk.actions,
        "Level, facts and text come from rules",
    ):
        assert said in text(page), said


def test_the_reviews_of_the_account_are_listed_newest_first(
    tenant: Tenant, account: Account, alice: User, other_tenant: Tenant
) -> None:
    with tenant_scope(tenant):
        for label, start, state in (
            ("Q1 2026", date(2026, 1, 1), "published"),
            ("Q2 2026", date(2026, 4, 1), "in_review"),
        ):
            QBR.objects.create(
                account=account,
                quarter_start=start,
                quarter_end=start + timedelta(days=91),
                quarter_label=label,
                state=state,
            )

    page = page_of(account, alice)

    assert [review.label for review in page.context["reviews"]] == ["Q2 2026", "Q1 2026"]
    for review in page.context["reviews"]:
        assert f'href="/qbrs/{review.qbr_id}/"' in page.content.decode()
    assert "In review" in text(page)


def test_only_the_owner_and_managers_are_offered_to_draft(
    tenant: Tenant, account: Account, alice: User, bob: User, ada: User
) -> None:
    carol = make_member(tenant, "Carol", is_csm=True)

    offered = {user.name: "Draft QBR" in text(page_of(account, user)) for user in (alice, bob, carol, ada)}

    assert offered == {"Alice": True, "Bob": True, "Carol": False, "Ada": False}


def test_where_the_quarters_review_is_begun_the_way_leads_to_it(
    tenant: Tenant, account: Account, alice: User
) -> None:
    running = quarters.quarter_of(timezone.localdate(timezone=tenant.zone))
    with tenant_scope(tenant):
        for quarter in (running.previous, running):
            before = text(page_of(account, alice))
            review = QBR.objects.create(
                account=account,
                quarter_start=quarter.start,
                quarter_end=quarter.end,
                quarter_label=quarter.label,
                state="draft",
            )
            assert "Draft QBR" in before, "the one before says nothing of this quarter"

    page = page_of(account, alice)

    assert "Draft QBR" not in text(page)
    assert f"Open the {running.label} QBR" in text(page)
    assert f'<a class="button primary" href="/qbrs/{review.pk}/">' in page.content.decode()


def test_sales_people_and_strangers_find_nothing(
    tenant: Tenant, account: Account, sam: User, charlie: User
) -> None:
    assert page_of(account, sam).status_code == 404
    assert page_of(account, charlie).status_code == 404


def test_an_account_that_was_never_scored_shows_its_inputs(
    tenant: Tenant, account: Account, alice: User
) -> None:
    page = page_of(account, alice)

    assert page.status_code == 200
    assert "has not been scored yet" in text(page)
    assert "The thirteen inputs" in text(page)
    assert [row.value for row in page.context["detail"].breakdown.rows if row.name == "usage_trend"] == [
        "growing"
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"is_archived": True}, "Archived in Notion"), ({"removed_at": NOW}, "Gone from Notion")],
)
def test_an_account_that_is_gone_keeps_its_page_and_offers_no_draft(
    tenant: Tenant, account: Account, alice: User, fields: dict[str, Any], said: str
) -> None:
    with tenant_scope(tenant):
        score()
        Account.objects.update(**fields)

    page = page_of(account, alice)

    assert said in text(page)
    assert "Draft QBR" not in text(page)
    assert page.context["detail"].score is not None


def test_a_passed_notice_date_is_not_called_overdue(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        Account.objects.update(notice_on=day(5))

    assert re.search(r"Notice by passed \d", text(page_of(account, alice)))


def test_the_age_of_the_mirror_is_that_of_the_last_scan_that_read_anything(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        read = make_sync_run(started_at=NOW - timedelta(days=4), finished_at=NOW - timedelta(days=4))
        make_sync_run(started_at=NOW, finished_at=NOW, state="failed", pages_read=0)

    page = page_of(account, alice)

    assert page.context["detail"].read_at == read.finished_at
    assert "Stale: Notion read, 4 days ago" in text(page)


def test_what_comes_from_outside_is_text(tenant: Tenant, account: Account, alice: User) -> None:
    evil = "<script>alert(1)</script>\"'><b>"
    with tenant_scope(tenant):
        PropertyMapping.objects.create(
            field="usage_trend", property_id="x", property_name=evil, property_type="select"
        )
        Account.objects.update(
            name=evil, segment=evil, lifecycle_stage=evil, notes=f"a\n{evil}", customer_goals=evil,
            primary_contacts=[evil], owner_name=evil, owner=None,
            field_issues=[{"field": "nps_score", "property": "p", "message": evil}, {"field": "arr", "property": "p", "message": evil}],
        )  # fmt: skip
        score()

    for query in ({}, {"since": evil}):
        page = page_of(account, alice, **query).content.decode()
        assert "<script>alert" not in page
        assert "'><b>" not in page


def test_the_page_costs_the_same_with_a_short_and_a_long_history(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    client = signed_in(alice)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/accounts/{account.pk}/")
        return len(queries)

    with tenant_scope(tenant):
        score(days_ago=20)
        score(days_ago=13)
    short = cost()
    with tenant_scope(tenant):
        for days_ago in range(12, -1, -1):
            score(days_ago=days_ago)
        for number in range(8):
            QBR.objects.create(
                account=account, quarter_start=date(2020 + number, 1, 1), quarter_end=date(2020 + number, 4, 1),
                quarter_label=f"Q1 {2020 + number}", state="draft",
            )  # fmt: skip

    assert cost() == short <= 12


def test_a_change_of_policy_costs_one_query_more_and_no_second(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    with tenant_scope(tenant):
        for number in range(1, 4):
            score(days_ago=30 - 7 * number)
            policies.save(
                {**HealthPolicy().to_mapping(), "payment_penalty": 30 + number},
                actor=ada, reason="Tuned", now=NOW, expected_number=number,
            )  # fmt: skip
        score()
    client = signed_in(alice)

    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"/accounts/{account.pk}/")

    assert len(page.context["detail"].history.marks) == 3
    assert len(queries) <= 13


def test_an_engine_that_is_not_known_here_leaves_the_score_and_says_so(
    tenant: Tenant, account: Account, alice: User
) -> None:
    with tenant_scope(tenant):
        score()
        latest = Account.objects.get().health.latest
        type(latest).objects.filter(pk=latest.pk).update(engine_version="99")

    page = page_of(account, alice)

    assert page.status_code == 200
    assert str(page.context["detail"].score.score) in text(page)
    assert "engine 99, which this installation does not have" in text(page)
    assert "None" not in text(page)


def test_facts_of_older_assessments_that_are_plain_sentences_are_read() -> None:
    assert account_detail.fact("Payment is in arrears.").sentence == "Payment is in arrears."
    assert (
        account_detail.fact({"sentence": "It fell.", "on": "2026-05-14"}).on
        == datetime(2026, 5, 14, tzinfo=UTC).date()
    )
