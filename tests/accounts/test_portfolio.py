"""The selector of the portfolio: what it shows, in which order, with which figures."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, BandOverride
from accounts.selectors import portfolio, portfolio_filters
from accounts.selectors.portfolio import PortfolioPage
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.services import health
from accounts.services import rates as services_rates
from accounts.templatetags import account_rows
from csm_portal.core.models import Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.accounts.health_rows import days, make_health
from tests.factories import NOW, TODAY, make_account, make_accounts, make_outcome

pytestmark = pytest.mark.django_db


def read(user: User, *, sort: str = "band", mark: str = "", size: int = 50, **filters: Any) -> PortfolioPage:
    with tenant_scope(user.membership_tenant):  # type: ignore[attr-defined]
        membership = Membership.objects.get(user=user)
        return portfolio.page(
            membership, filters=Filters(**filters), sort=sort, mark=mark, today=TODAY, size=size
        )


@pytest.fixture(autouse=True)
def _within(scoped: Tenant, alice: User, bob: User, sam: User) -> None:
    for user in (alice, bob, sam):
        user.membership_tenant = scoped  # type: ignore[attr-defined]


def names(page: PortfolioPage) -> list[str]:
    return [row.name for row in page.rows]


def scored(name: str, score: int, band: str, **fields: Any) -> Account:
    health = {key: fields.pop(key) for key in ("previous", "is_last_known", "coverage") if key in fields}
    account = make_account(name=name, **fields)
    make_health(account, score=score, band=band, **health)
    return account


def test_the_worst_band_comes_first_and_the_lowest_score_within_it(bob: User) -> None:
    scored("green", 72, "Green")
    scored("unknown", 95, "Unknown")
    scored("amber", 45, "Amber")
    scored("red", 30, "Red")
    scored("lost its data", 88, "Red", is_last_known=True)
    make_account(name="never scored")

    page = read(bob)

    assert names(page) == ["red", "lost its data", "amber", "unknown", "green", "never scored"]
    assert page.rows[1].is_last_known
    assert page.rows[5].score is None
    assert page.rows[5].band == ""


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("score", ["b", "a", "c", "d"]),
        ("-score", ["c", "a", "b", "d"]),
        ("change", ["a", "c", "b", "d"]),
        ("-change", ["c", "a", "b", "d"]),
        ("arr", ["c", "a", "b", "d"]),
        ("-arr", ["a", "c", "b", "d"]),
        ("renewal", ["b", "a", "c", "d"]),
        ("-renewal", ["a", "b", "c", "d"]),
        ("name", ["a", "b", "c", "d"]),
        ("-name", ["d", "c", "b", "a"]),
    ],
)
def test_each_column_sorts_both_ways_and_what_is_not_known_comes_last(
    bob: User, sort: str, expected: list[str]
) -> None:
    scored("a", 50, "Amber", previous=60, arr=Decimal(300), renewal_on=days(20))
    scored("b", 30, "Red", previous=None, arr=None, renewal_on=days(-3))
    scored("c", 90, "Green", previous=80, arr=Decimal(100), renewal_on=None)
    make_account(name="d", arr=None, renewal_on=None)

    assert names(read(bob, sort=sort)) == expected


def put_rates(actor: User, **rates: str) -> None:
    for currency, rate in rates.items():
        services_rates.put(
            currency, Decimal(rate), as_of=TODAY, source="ECB", actor=actor, today=TODAY, now=NOW
        )


def test_arr_is_sorted_by_what_it_is_worth_where_an_admin_set_rates(bob: User, ada: User) -> None:
    put_rates(ada, USD="0.92", JPY="0.006")
    for name, arr, currency in (
        ("yen", 5_000_000, "JPY"),  # 30,000
        ("dollars", 40_000, "USD"),  # 36,800
        ("euros", 36_000, "EUR"),
        ("no currency", 10, ""),
        ("pounds", 1, "GBP"),
        ("crowns", 9_000_000, "SEK"),
        ("unknown", None, "EUR"),
    ):
        make_account(name=name, arr=None if arr is None else Decimal(arr), currency=currency)

    largest, smallest = read(bob, sort="-arr"), read(bob, sort="arr")

    assert names(largest) == ["dollars", "euros", "yen", "no currency", "pounds", "crowns", "unknown"]
    assert names(smallest) == ["no currency", "yen", "euros", "dollars", "pounds", "crowns", "unknown"]
    assert largest.summary == "7 accounts, largest ARR first, in EUR; GBP and SEK without a rate at the end"


def test_amounts_that_differ_by_a_fraction_of_a_cent_are_walked_once(bob: User, ada: User) -> None:
    put_rates(ada, USD="0.92170003", JPY="999999999")
    for number in range(12):
        currency = ("USD", "EUR", "SEK")[number % 3]
        make_account(name=str(number), arr=Decimal(33) + Decimal(number % 4) / 100, currency=currency)
    make_account(name="beyond any book", arr=Decimal("999999999999.99"), currency="JPY")
    for sort in ("arr", "-arr"):
        whole = names(read(bob, sort=sort))

        page, seen, pages = read(bob, sort=sort, size=2), [], []
        while True:
            seen += names(page)
            pages.append(page)
            if not page.next:
                break
            page = read(bob, sort=sort, size=2, mark=page.next)

        assert seen == whole
        assert len(set(seen)) == 13
        # And back again.
        assert names(read(bob, sort=sort, size=2, mark=pages[3].previous)) == names(pages[2])


def test_a_place_in_another_order_of_amounts_leads_to_the_first_page(bob: User, ada: User) -> None:
    for number in range(4):
        make_account(name=str(number), arr=Decimal(number))
    alone = read(bob, sort="arr", size=2)
    make_account(name="dollars", arr=Decimal(1), currency="USD")

    mixed = read(bob, sort="arr", size=2, mark=alone.next)

    assert names(mixed) == ["0", "1"]
    assert "is not there any more" in mixed.notes[0]


def test_a_name_is_sorted_without_regard_to_its_case(bob: User) -> None:
    for name in ("zebra", "Apple", "banana"):
        make_account(name=name)

    assert names(read(bob, sort="name")) == ["Apple", "banana", "zebra"]


@pytest.mark.parametrize("sort", [*portfolio.ORDERS, *(f"-{name}" for name in portfolio.ORDERS)])
def test_the_pages_of_every_order_hold_each_account_once(bob: User, sort: str) -> None:
    for number in range(13):
        account = make_account(
            arr=None if number % 5 == 0 else Decimal(number % 3),
            renewal_on=None if number % 4 == 0 else days(number % 3),
        )
        if number % 6:
            make_health(account, score=number % 3, previous=None if number % 2 else 1)
    whole = read(bob, sort=sort)

    page, seen = read(bob, sort=sort, size=3), []
    while True:
        seen += page.rows
        if not page.next:
            break
        page = read(bob, sort=sort, size=3, mark=page.next)

    assert [row.account_id for row in seen] == [row.account_id for row in whole.rows]
    assert len(seen) == 13


def test_the_figures_count_by_band_and_never_add_currencies_up(bob: User) -> None:
    scored("a", 20, "Red", arr=Decimal(100), currency="EUR")
    scored("b", 30, "Red", arr=Decimal(250), currency="EUR")
    scored("c", 10, "Red", arr=Decimal(70), currency="USD")
    scored("d", 10, "Red", arr=None, currency="USD")
    scored("e", 80, "Green", arr=Decimal(5), currency="EUR")

    red, amber, unknown, green = read(bob).figures

    assert (red.band, red.count, red.arr) == ("Red", 4, {"EUR": Decimal(350), "USD": Decimal(70)})
    assert (amber.count, amber.arr, unknown.count) == (0, {}, 0)
    assert (green.count, green.arr) == (1, {"EUR": Decimal(5)})


def test_the_figures_of_all_bands_stay_when_one_is_chosen(bob: User) -> None:
    scored("a", 20, "Red")
    scored("b", 80, "Green")

    page = read(bob, band="Red")

    assert names(page) == ["a"]
    assert [one.count for one in page.figures] == [1, 0, 0, 1]
    assert page.matching == 1
    assert page.summary == "1 account, worst first"


def test_a_persons_word_and_a_loss_are_marked(alice: User, bob: User) -> None:
    spoken, left, back = (scored(name, 50, "Amber") for name in ("Spoken", "Left", "Back"))
    word = {
        "reason": "They pay.",
        "score_then": 50,
        "band_then": "Amber",
        "created_at": NOW,
        "created_by": alice,
    }
    BandOverride.objects.create(account=spoken, band="Green", until=TODAY, **word)
    BandOverride.objects.create(account=left, band="Green", until=TODAY - timedelta(days=1), **word)
    make_outcome(left, actor=bob, on=date(2026, 3, 31))
    make_outcome(back, actor=bob, on=date(2025, 3, 31))
    make_outcome(back, actor=bob, kind="renewed", on=date(2026, 3, 31))

    page = read(bob)

    assert {row.name: (row.word, row.left_on) for row in page.rows} == {
        "Spoken": ("Green", None),
        "Left": ("", date(2026, 3, 31)),
        "Back": ("", None),
    }
    drawn = account_rows.portfolio_rows(page, with_owner=True)
    assert drawn.count("A person says Green") == 1
    assert drawn.count("Left on 31") == 1


def test_archived_and_removed_accounts_are_left_out(bob: User) -> None:
    make_account(name="archived", is_archived=True)
    make_account(name="gone", removed_at=NOW)
    make_account(name="here")

    page = read(bob)

    assert names(page) == ["here"]
    assert page.choices is not None
    assert page.choices.visible == 1


def test_mine_are_those_that_name_me_as_their_owner(alice: User, bob: User) -> None:
    make_account(name="mine", owner=alice)
    make_account(name="his", owner=bob)
    make_account(name="nobody's", owner_name="Priya Raman")

    assert names(read(alice, scope=Scope.MINE)) == ["mine"]
    assert set(names(read(alice))) == {"mine", "his", "nobody's"}
    assert names(read(bob, owner=str(alice.pk))) == ["mine"]
    assert names(read(bob, owner="none")) == ["nobody's"]


def test_a_search_finds_every_word_in_names_owners_and_contacts(bob: User) -> None:
    make_account(name="Halden Logistics", search_text="halden logistics\nalice brandt\njonas weber")
    make_account(name="Halden Foods", search_text="halden foods\ncarla jensen")
    make_account(name="Кузнецов", search_text="кузнецов и сыновья")

    assert names(read(bob, words=("halden", "weber"))) == ["Halden Logistics"]
    assert names(read(bob, words=("кузнец",))) == ["Кузнецов"]
    assert names(read(bob, words=("100%",))) == []


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("overdue", {"overdue"}),
        ("30", {"today", "in thirty"}),
        ("90", {"today", "in thirty", "in ninety"}),
        ("none", {"no date"}),
    ],
)
def test_a_renewal_window_begins_today(bob: User, window: str, expected: set[str]) -> None:
    for name, on in {
        "overdue": days(-1),
        "today": days(0),
        "in thirty": days(30),
        "in ninety": days(90),
        "in a year": days(365),
        "no date": None,
    }.items():
        make_account(name=name, renewal_on=on)

    assert set(names(read(bob, renewal=window))) == expected


def test_gaps_are_bands_that_are_unknown_or_last_known_and_accounts_without_a_score(bob: User) -> None:
    scored("well known", 80, "Green")
    scored("unknown", 90, "Unknown")
    scored("last known", 90, "Green", is_last_known=True)
    make_account(name="never scored")

    assert set(names(read(bob, only_gaps=True))) == {"unknown", "last known", "never scored"}


def test_the_choices_hold_what_there_is_with_its_number(alice: User, bob: User) -> None:
    make_account(owner=alice, segment="SMB", lifecycle_stage="Live")
    make_account(owner=alice, segment="Enterprise", lifecycle_stage="")
    make_account(owner_name="Priya", segment="SMB", lifecycle_stage="Live")

    choices = read(bob, segment="SMB").choices

    assert choices is not None
    assert [(one.label, one.count) for one in choices.owners] == [("Alice", 2), ("No matching user", 1)]
    assert choices.owners[0].value == str(alice.pk)
    assert [(one.value, one.count) for one in choices.segments] == [("Enterprise", 1), ("SMB", 2)]
    assert [(one.value, one.count) for one in choices.stages] == [("Live", 2)]
    assert choices.visible == 3


def test_sales_people_see_no_account(sam: User) -> None:
    make_accounts(3)

    page = read(sam)

    assert page.rows == ()
    assert page.matching == 0


def test_another_tenants_accounts_are_not_counted(bob: User, other_tenant: Tenant) -> None:
    make_account(name="ours")
    with tenant_scope(other_tenant):
        make_health(make_account(name="theirs", arr=Decimal(999)), score=5, band="Red")

    page = read(bob)

    assert names(page) == ["ours"]
    assert page.figures[0].count == 0
    assert page.matching == 1


def test_a_column_that_is_none_and_a_mark_that_is_none_are_told_and_cost_nothing(bob: User) -> None:
    make_account()

    page = read(bob, sort="-owner'; drop", mark="bm90IGEgbWFyaw")

    assert page.sort == "band"
    assert len(page.rows) == 1
    assert "no column to sort by" in page.notes[0]
    assert "page that is not there" in read(bob, mark="bm90IGEgbWFyaw").notes[0]


def test_the_list_costs_two_queries_at_one_row_and_at_fifty(bob: User) -> None:
    membership = Membership.objects.get(user=bob)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            portfolio.page(membership, filters=Filters(), today=TODAY)
        return len(queries)

    make_health(make_account())
    alone = cost()
    for account in make_accounts(48):
        make_health(account)

    # The figures and the scored; only where somebody was never scored, and the page has room for them, those too.
    assert alone == cost() == 2
    make_account(name="Never scored")
    assert cost() == 3


class TestReading:
    """An address that says nonsense still shows a list, and says so."""

    def read(self, **given: str) -> tuple[Filters, tuple[str, ...]]:
        return portfolio_filters.read(given, default_scope=Scope.MINE)

    def test_an_empty_address_asks_for_the_usual_scope(self) -> None:
        filters, notes = self.read()

        assert filters == Filters(scope=Scope.MINE)
        assert not filters.narrows
        assert notes == ()

    def test_each_bad_value_is_left_out_and_told(self) -> None:
        filters, notes = self.read(band="Purple", renewal="soon", scope="hers", owner="bob")

        assert filters == Filters(scope=Scope.MINE)
        assert len(notes) == 4
        assert notes[1].startswith("“Purple” is no band")
        assert all(note.endswith(".") for note in notes)

    def test_words_are_lower_case_and_hold_no_nul(self) -> None:
        filters, _ = self.read(q="  Halden\0 \t WEBER ", segment="S\0MB")

        assert filters.words == ("halden", "weber")
        assert filters.segment == "SMB"


def test_the_figures_follow_the_scan(bob: User) -> None:
    account = make_account(name="a")
    health.score_accounts(as_of=days(-1), now=NOW, announce=False)
    assert [one.count for one in read(bob).figures] == [0, 0, 0, 1]

    Account.objects.filter(pk=account.pk).update(
        payment_current=False, usage_trend="declining", login_frequency_score=0, support_sentiment="negative"
    )
    health.score_accounts(as_of=TODAY, now=NOW, announce=False)

    row = Account.objects.select_related("health").get()
    assert (row.shown_band, row.shown_risk) == (row.health.effective_band, row.health.churn_level)
    assert row.shown_band != "Green"
    assert read(bob).figures[3].count == 0
    assert read(bob, band=row.shown_band).matching == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan of SQLite is looked at")
def test_the_figures_are_counted_from_indexes_alone(bob: User) -> None:
    make_accounts(3)
    with CaptureQueriesContext(connection) as queries:
        read(bob)
    figures = next(query["sql"] for query in queries if "UNION ALL" in query["sql"])

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {figures}")
        steps = [row[3] for row in cursor.fetchall() if "accounts_account" in row[3]]

    assert len(steps) == 4
    assert all("USING COVERING INDEX" in step for step in steps), steps
