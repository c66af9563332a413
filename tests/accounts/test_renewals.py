"""The renewal calendar, the ARR that comes up by month and band, GRR and NRR."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.selectors import renewals
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.renewals import RenewalsPage
from accounts.services import health
from csm_portal.core.models import Membership, User
from tests.accounts.health_rows import make_health
from tests.conftest import signed_in
from tests.factories import TODAY, make_account, make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def page(user: User, month: str = "", scope: Scope = Scope.ALL) -> RenewalsPage:
    membership = Membership.objects.get(user=user)
    return renewals.page(membership, filters=Filters(scope=scope), month=month, today=TODAY)


def a_year_ago(accounts: list[Account]) -> None:
    on = TODAY - renewals.YEAR
    health.score_accounts(
        as_of=on,
        now=datetime.combine(on, datetime.min.time(), UTC),
        account_ids=[account.pk for account in accounts],
        announce=False,
    )


def test_contracts_stand_in_the_month_of_their_renewal_by_band(bob: User) -> None:
    for name, on, band in (
        ("This month", date(2026, 5, 31), "Red"),
        ("Next", date(2026, 6, 1), "Amber"),
        ("Last", date(2027, 4, 30), "Green"),
        ("Beyond", date(2027, 5, 1), "Green"),
        ("Gone by", date(2026, 5, 13), "Green"),
    ):
        account = make_account(name=name, renewal_on=on)
        make_health(account, band=band, risk="high" if band == "Red" else "low")
    make_account(renewal_on=None)

    found = page(bob)

    assert [month.count for month in found.months] == [1, 1, *[0] * 9, 1]
    assert found.months[0].bands == [("Red", 1, {"EUR": Decimal(48_000)})]
    assert found.months[0].at_risk == found.arr_at_risk == {"EUR": Decimal(48_000)}
    assert (found.overdue.count, found.no_date) == (1, 1)
    assert (found.shown, [row.name for row in found.rows]) == ("overdue", ["Gone by"])
    assert [row.name for row in page(bob, "2026-06").rows] == ["Next"]
    assert page(bob, "1999-01").shown == "overdue"


def test_a_contract_is_decided_by_its_notice_date_where_one_lies_ahead(bob: User) -> None:
    make_account(name="Ahead", renewal_on=date(2026, 6, 30), notice_on=date(2026, 5, 20))
    make_account(name="Passed", renewal_on=date(2026, 6, 10), notice_on=date(2026, 5, 1))

    rows = page(bob, "2026-06").rows

    assert [(row.name, row.decide_by, row.is_notice) for row in rows] == [
        ("Ahead", date(2026, 5, 20), True),
        ("Passed", date(2026, 6, 10), False),
    ]


def test_currencies_are_never_added_up(bob: User) -> None:
    make_account(renewal_on=TODAY, arr=Decimal(10), currency="EUR")
    make_account(renewal_on=TODAY, arr=Decimal(20), currency="USD")
    make_account(renewal_on=TODAY, arr=None)

    month = page(bob).months[0]

    assert month.arr == {"EUR": Decimal(10), "USD": Decimal(20)}
    assert (month.count, month.unknown) == (3, 1)


def test_grr_counts_what_was_kept_and_nrr_what_was_added_too(bob: User) -> None:
    accounts = make_accounts(10, arr=Decimal(100))
    a_year_ago(accounts)
    grown, shrunk, archived, removed, unknown, other = accounts[:6]
    for account, fields in (
        (grown, {"arr": 150}),
        (shrunk, {"arr": 40}),
        (archived, {"is_archived": True}),
        (removed, {"removed_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (unknown, {"arr": None}),
        (other, {"currency": "USD"}),
    ):
        Account.objects.filter(pk=account.pk).update(**fields)
    late = make_accounts(2, arr=Decimal(100))
    a_year_ago(late)
    make_account(arr=Decimal(5000))

    (kept,) = page(bob).retention

    # Twelve then; two cannot be compared. 100 + 40 + 0 + 0 + 6 × 100 of 1,000 are kept, and 50 were added.
    assert (kept.accounts, kept.started, kept.kept, kept.now) == (10, 1000, 740, 790)
    assert (kept.lost, kept.unknown, kept.is_enough) == (2, 2, True)
    assert (kept.grr, kept.nrr) == (Decimal("0.74"), Decimal("0.79"))
    told = text(signed_in(bob).get("/renewals/"))
    assert "How these are counted" in told


def test_under_ten_accounts_there_is_no_share(bob: User) -> None:
    a_year_ago(make_accounts(9))

    (kept,) = page(bob).retention

    assert not kept.is_enough


def test_a_csm_sees_their_own(alice: User, bob: User) -> None:
    make_account(name="Hers", owner=alice, renewal_on=TODAY)
    make_account(name="His", owner=bob, renewal_on=TODAY)

    assert [row.name for row in page(alice, scope=Scope.MINE).rows] == ["Hers"]
    assert len(page(bob).rows) == 2


def test_the_page_costs_the_same_at_one_account_and_at_fifty(bob: User) -> None:
    client = signed_in(bob)
    make_account(renewal_on=TODAY + timedelta(days=200))
    with CaptureQueriesContext(connection) as one:
        client.get("/renewals/")
    make_accounts(49, renewal_on=TODAY + timedelta(days=200))
    with CaptureQueriesContext(connection) as many:
        client.get("/renewals/")

    assert len(many) == len(one) <= 8


def test_an_empty_book_says_so(bob: User, sam: User) -> None:
    assert "No contract of these accounts renews" in text(signed_in(bob).get("/renewals/"))
    assert "not yours to read" in text(signed_in(sam).get("/renewals/"))
