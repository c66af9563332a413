"""The movers: who is among them, what they are compared with, and that the reasons sum to the move."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.scoring.changes import Cause
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import account_detail, movers
from accounts.selectors.portfolio_filters import Filters
from accounts.services import health, policies
from csm_portal.core.models import Membership, Tenant, User
from tests.conftest import signed_in
from tests.factories import make_account, make_accounts

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
FIT = {"payment_current": True, "login_frequency_score": "0.90", "usage_trend": "growing"}


def score(*, days_ago: int = 0) -> None:
    moment = NOW - timedelta(days=days_ago)
    health.score_accounts(as_of=moment.date(), now=moment, announce=False)


def page(user: User, **asked: Any) -> movers.MoversPage:
    return movers.page(Membership.objects.get(user=user), filters=Filters(), today=NOW.date(), **asked)


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


@pytest.fixture
def moved(scoped: Tenant, alice: User) -> dict[str, Account]:
    """One account that stopped paying and lost use, one that paid, one that stayed."""
    made = {
        "fell": make_account(name="Fell", owner=alice, login_frequency_score="0.90", payment_current=True),
        "rose": make_account(name="Rose", owner=alice, payment_current=False),
        "stayed": make_account(name="Stayed", owner=alice),
    }
    score(days_ago=8)
    Account.objects.filter(name="Fell").update(payment_current=False, login_frequency_score="0.30")
    Account.objects.filter(name="Rose").update(payment_current=True)
    score()
    return made


def test_falls_and_gains_are_told_apart_with_what_caused_them(moved: dict[str, Account], bob: User) -> None:
    shown = page(bob)

    assert [mover.name for mover in shown.falls] == ["Fell"]
    assert [mover.name for mover in shown.gains] == ["Rose"]
    fell = shown.falls[0]
    assert fell.since == date(2026, 5, 6)
    assert fell.points == fell.score - fell.earlier_score < -30
    assert [change.input for change in fell.causes] == ["payment_current", "login_frequency_score"]
    assert sum(points for _, points in fell.by_cause) == fell.points


def test_a_shorter_look_back_sees_only_what_moved_since(moved: dict[str, Account], bob: User) -> None:
    score(days_ago=1)

    assert page(bob, span="1d").falls == ()


def test_a_policy_that_changed_is_named_as_the_cause(
    scoped: Tenant, alice: User, bob: User, ada: User
) -> None:
    make_account(name="In arrears", owner=alice, payment_current=False)
    score(days_ago=8)
    values = {**HealthPolicy().to_mapping(), "payment_penalty": 40}
    policies.save(values, actor=ada, reason="Arrears have meant more", now=NOW, expected_number=1)
    score()

    fell = page(bob).falls[0]

    assert fell.points == -10
    assert fell.by_cause == ((Cause.POLICY_CHANGED, -10),)
    assert "(−10, policy changed)" in text(signed_in(bob).get("/movers/"))


def test_small_moves_are_shown_when_asked_for(scoped: Tenant, alice: User, bob: User) -> None:
    make_account(name="A little", owner=alice, nps_score=7)
    score(days_ago=8)
    Account.objects.update(nps_score=5)
    score()

    assert page(bob).falls == ()
    little = page(bob, least="any").falls
    assert [mover.name for mover in little] == ["A little"]


def test_an_account_without_an_earlier_score_has_not_moved(scoped: Tenant, alice: User, bob: User) -> None:
    make_account(name="New", owner=alice, payment_current=False)
    score()

    shown = page(bob, least="any")

    assert shown.falls == shown.gains == ()


def test_a_csm_sees_their_own_first_and_sales_none(
    tenant: Tenant, moved: dict[str, Account], alice: User, sam: User
) -> None:
    told = text(signed_in(alice).get("/movers/"))
    assert "Fell" in told
    assert "Payment: paid up → in arrears (−30)" in told

    assert "Fell" not in text(signed_in(sam).get("/movers/"))


def test_no_more_than_25_of_a_direction_and_as_many_queries_for_one_as_for_all(
    scoped: Tenant, alice: User, bob: User
) -> None:
    make_accounts(1, owner=alice)
    score(days_ago=8)
    Account.objects.update(payment_current=False)
    score()
    with CaptureQueriesContext(connection) as one:
        page(bob)
    make_accounts(39, owner=alice, payment_current=True)
    score(days_ago=8)
    Account.objects.update(payment_current=False)
    score()
    with CaptureQueriesContext(connection) as many:
        shown = page(bob)

    assert len(shown.falls) == 25
    assert shown.has_more
    assert len(many) == len(one)


def test_an_address_with_strange_values_shows_the_usual_page(
    tenant: Tenant, moved: dict[str, Account], bob: User
) -> None:
    answer = signed_in(bob).get("/movers/", {"since": "forever", "least": "lots", "scope": "moon"})

    assert answer.status_code == 200
    assert "no part of the book of business" in text(answer)


@pytest.mark.parametrize(
    ("since", "on_account"),
    [("1d", "#moved"), ("", "?since=1w#moved"), ("4w", "?since=4w#moved"), ("12w", "?since=12w#moved")],
)
def test_an_account_opens_on_what_moved_it_over_the_same_span(
    scoped: Tenant, alice: User, bob: User, since: str, on_account: str
) -> None:
    account = make_account(name="Fell", owner=alice, **FIT)
    score(days_ago=90)
    Account.objects.update(payment_current=False, login_frequency_score="0.30", usage_trend="declining")
    score()

    listed = signed_in(bob).get("/movers/", {"since": since}).content.decode()

    address = f'href="/accounts/{account.pk}/{on_account}">'
    assert f"{address}Fell<" in listed
    assert f"{address}see the account<" in listed


def test_each_span_is_one_of_the_accounts_page() -> None:
    for key, (_, days) in movers.SPANS.items():
        assert account_detail.SPANS[movers.ON_ACCOUNT[key]][1] == timedelta(days=days)
