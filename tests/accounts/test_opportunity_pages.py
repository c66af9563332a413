"""The pages of opportunities and the inbox of Sales: what each reader sees, does, and is told when somebody was faster."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Opportunity
from accounts.scoring import expansion
from accounts.scoring.expansion_states import OpportunityState
from accounts.selectors import opportunities as selector
from accounts.selectors.portfolio_filters import Scope
from accounts.services import health, rates
from csm_portal.core.models import AuditEvent, Membership, Tenant, User
from tests.conftest import signed_in
from tests.factories import NOW, TODAY, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

SPARE: dict[str, Any] = {"seats_used": 50, "seats_purchased": 100}


@pytest.fixture
def account(alice: User) -> Account:
    made = make_account(name="Acme", owner=alice, **SPARE)
    health.score_accounts(as_of=TODAY, now=NOW)
    return made


@pytest.fixture
def opportunity(account: Account) -> Opportunity:
    return make_opportunity(account)


def page(client: Client, name: str, **query: str) -> str:
    return client.get(reverse(name), query).content.decode()


def post(client: Client, name: str, opportunity: Opportunity, **data: Any) -> Any:
    given = {"version": str(opportunity.version), **data}
    return client.post(reverse(name, args=[opportunity.pk]), given)


def test_the_list_shows_what_it_is_worth_and_hands_it_over_by_a_click(
    opportunity: Opportunity, alice: User, tenant: Tenant
) -> None:
    client = signed_in(alice)

    shown = page(client, "opportunities")
    answer = post(client, "opportunity-dispatch", opportunity, next="/opportunities/?kind=expansion_seats")

    assert "Acme" in shown
    assert "13 more seats" in shown
    assert "€\u00a06,240" in shown
    assert answer.headers["Location"] == "/opportunities/?kind=expansion_seats"
    opportunity.refresh_from_db()
    assert opportunity.state == OpportunityState.DISPATCHED
    assert "With Sales" in page(client, "opportunities", state="dispatched")


def test_a_page_elsewhere_is_not_gone_to(opportunity: Opportunity, alice: User) -> None:
    answer = post(signed_in(alice), "opportunity-dispatch", opportunity, next="https://evil.example/")

    assert answer.headers["Location"] == reverse("opportunities")


def test_a_barred_one_offers_no_button_and_refuses_the_act(opportunity: Opportunity, alice: User) -> None:
    Opportunity.objects.update(barred_because="The account is in arrears.")
    Account.objects.update(payment_current=False)
    client = signed_in(alice)

    shown = client.get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    answer = post(client, "opportunity-dispatch", opportunity)

    assert "Hand over to Sales" not in shown
    assert answer.status_code == 422
    assert "The account is in arrears." in answer.content.decode()
    assert Opportunity.objects.get().state == OpportunityState.FOUND


def test_dismissing_asks_for_a_reason_and_keeps_it(opportunity: Opportunity, alice: User) -> None:
    client = signed_in(alice)

    asked = post(client, "opportunity-dismiss", opportunity, note="")
    done = post(client, "opportunity-dismiss", opportunity, note="They hire nobody before summer.")

    assert asked.status_code == 422
    assert "Say why" in asked.content.decode()
    assert done.status_code == 302
    assert "They hire nobody before summer." in page(client, "opportunities", state="over")


def test_who_comes_second_gets_409_with_who_did_what_and_their_own_words(
    opportunity: Opportunity, alice: User, bob: User, sam: User
) -> None:
    stale = Opportunity.objects.get()
    post(signed_in(bob), "opportunity-dispatch", opportunity)

    answer = post(signed_in(alice), "opportunity-dismiss", stale, note="Not before summer.")

    assert answer.status_code == 409
    told = answer.content.decode()
    assert "Bob handed it over to Sales meanwhile." in told
    assert "You had written: “Not before summer.”" in told


def test_sales_sees_what_was_handed_over_and_nothing_before_that(
    opportunity: Opportunity, alice: User, sam: User
) -> None:
    client = signed_in(sam)
    assert "Everything is answered" in page(client, "sales-inbox")
    assert client.get(reverse("sales-item", args=[opportunity.pk])).status_code == 404

    post(signed_in(alice), "opportunity-dispatch", opportunity)

    assert "Acme" in page(client, "sales-inbox")
    item = client.get(reverse("sales-item", args=[opportunity.pk])).content.decode()
    assert "Which teams do you expect to add" in item
    assert "96 of 100 seats are in use (96 %)." in item


def test_sales_takes_it_to_a_won_deal_and_the_account_shows_it(
    opportunity: Opportunity, account: Account, alice: User, sam: User
) -> None:
    post(signed_in(alice), "opportunity-dispatch", opportunity)
    client = signed_in(sam)
    opportunity.refresh_from_db()
    accepted = post(client, "sales-answer", opportunity, step="accept")
    opportunity.refresh_from_db()
    without = post(client, "sales-answer", opportunity, step="win", currency="EUR")
    nothing = post(client, "sales-answer", opportunity, step="win", amount="5900", currency="XXX")
    unclear = post(client, "sales-answer", opportunity, step="win", amount="5.900", currency="EUR")
    won = post(client, "sales-answer", opportunity, step="win", amount="5.900,00", currency="eur")

    assert (nothing.status_code, unclear.status_code) == (422, 422)
    assert "“XXX” is no currency in use" in nothing.content.decode()
    assert "write 5900, or 5.90 with a point" in unclear.content.decode()
    assert (accepted.status_code, without.status_code, won.status_code) == (302, 422, 302)
    assert "it is more than 0" in without.content.decode()
    shown = signed_in(alice).get(reverse("account", args=[account.pk])).content.decode()
    assert "€\u00a05,900" in shown
    assert "Sam won it." in shown
    assert AuditEvent.objects.filter(verb="expansion.won").count() == 1


def test_a_deal_in_another_currency_is_kept_apart_and_says_so(
    opportunity: Opportunity, account: Account, alice: User, sam: User
) -> None:
    post(signed_in(alice), "opportunity-dispatch", opportunity)
    client = signed_in(sam)
    for step in ({"step": "accept"}, {"step": "win", "amount": "7000", "currency": "usd"}):
        opportunity.refresh_from_db()
        answer = post(client, "sales-answer", opportunity, **step)
    other = Opportunity.objects.get(pk=opportunity.pk)
    other.pk, other.won_amount, other.won_currency, other.subject = None, Decimal(500), "EUR", "Another"
    other.save(force_insert=True)

    apart = "The account&#x27;s other amounts are in EUR: this one stays in USD and is summed on its own."
    said = client.get(answer.url).content.decode()
    assert said.count(apart) == 2, "once as the answer, once beside the amount"
    assert apart in signed_in(alice).get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    won = selector.inbox(Membership.objects.get(user=sam), state="won")
    assert won.sums == {"EUR": Decimal(500), "USD": Decimal(7000)}
    assert apart not in client.get(reverse("sales-item", args=[other.pk])).content.decode()


def test_a_second_answer_gets_409(opportunity: Opportunity, alice: User, sam: User) -> None:
    post(signed_in(alice), "opportunity-dispatch", opportunity)
    opportunity.refresh_from_db()
    client = signed_in(sam)
    post(client, "sales-answer", opportunity, step="accept")

    answer = post(client, "sales-answer", opportunity, step="decline", note="No budget.")

    assert answer.status_code == 409
    assert "Sam accepted it meanwhile." in answer.content.decode()


@pytest.mark.parametrize(
    "data", [{"step": "dispatch"}, {"step": "nonsense"}, {"step": "accept", "version": "x"}, {}]
)
def test_an_answer_that_is_none_changes_nothing(
    opportunity: Opportunity, alice: User, sam: User, data: dict[str, str]
) -> None:
    post(signed_in(alice), "opportunity-dispatch", opportunity)
    opportunity.refresh_from_db()

    answer = post(signed_in(sam), "sales-answer", opportunity, **data)

    assert answer.status_code == 422
    assert Opportunity.objects.get().state == OpportunityState.DISPATCHED


def test_the_file_is_the_list_as_it_stands_and_safe(account: Account, bob: User) -> None:
    make_opportunity(account, headline="=1+1")
    make_opportunity(
        account, kind="expansion_module", subject="Reports", amount=None, arithmetic="Not sized: why."
    )

    answer = signed_in(bob).get(reverse("opportunities"), {"as": "csv", "kind": "expansion_seats"})

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["Account"], row["Why"], row["Worth a year"]) for row in rows] == [
        ("Acme", "'=1+1", "6240.00")
    ]
    assert AuditEvent.objects.filter(verb="list.downloaded").count() == 1


def test_currencies_are_never_added_up_and_what_is_not_sized_is_counted(account: Account, bob: User) -> None:
    make_opportunity(account)
    make_opportunity(account, kind="expansion_module", subject="A", amount=Decimal(100), currency="USD")
    make_opportunity(account, kind="expansion_integration", subject="B", amount=None)
    membership = Membership.objects.get(user=bob)

    shown = selector.page(membership, filters=selector.Filters())

    assert shown.sums == {"EUR": Decimal("6240.00"), "USD": Decimal("100.00")}
    assert shown.unsized == 1


def test_today_is_told_what_sales_answered_since(account: Account, alice: User, bob: User, sam: User) -> None:
    make_opportunity(account, state="declined", state_at=NOW, state_by=sam, note="No budget.", ended_at=NOW)
    make_opportunity(account, state="found", kind="expansion_module", subject="A")
    alices, bobs = (Membership.objects.get(user=user) for user in (alice, bob))

    assert [row.what_happened for row in selector.answered(alices, scope=Scope.MINE, since=NOW)] == [
        "Sam declined it: “No budget.”"
    ]
    assert len(selector.answered(bobs, scope=Scope.ALL, since=NOW)) == 1
    assert selector.answered(bobs, scope=Scope.MINE, since=NOW) == ()
    assert selector.answered(bobs, scope=Scope.ALL, since=timezone.now()) == ()


def test_a_page_of_the_list_goes_on_where_the_last_one_ended(alice: User, bob: User) -> None:
    for number in range(7):
        make_opportunity(make_account(owner=alice), confidence="high" if number % 2 else "medium")
    membership = Membership.objects.get(user=bob)

    first = selector.page(membership, filters=selector.Filters(), size=4)
    second = selector.page(membership, filters=selector.Filters(), size=4, mark=first.next)

    shown = [row.opportunity_id for row in (*first.rows, *second.rows)]
    assert len(shown) == len(set(shown)) == 7
    assert [row.confidence for row in first.rows] == ["high", "high", "high", "medium"]


def test_the_surest_come_first_and_of_these_the_largest(alice: User, bob: User, ada: User) -> None:
    rates.put("USD", Decimal("0.92"), as_of=TODAY, source="ECB", actor=ada, today=TODAY, now=NOW)
    for name, confidence, amount, currency in (
        ("small", "high", "306", "EUR"),
        ("large", "high", "21081.60", "EUR"),
        ("dollars", "high", "22000", "USD"),  # 20,240
        ("unsized", "high", None, "EUR"),
        ("crowns", "high", "9000000", "SEK"),
        ("unsure", "medium", "900000", "EUR"),
    ):
        make_opportunity(
            make_account(name=name, owner=alice),
            confidence=confidence,
            amount=None if amount is None else Decimal(amount),
            currency=currency,
        )
    membership = Membership.objects.get(user=bob)

    whole = selector.page(membership, filters=selector.Filters())
    walked, mark = [], ""
    for _ in range(3):
        page = selector.page(membership, filters=selector.Filters(), size=2, mark=mark)
        walked, mark = [*walked, *page.rows], page.next

    things = [row.account for row in whole.rows]
    assert things[:3] == ["large", "dollars", "small"]
    assert set(things[3:5]) == {"unsized", "crowns"}
    assert things[5] == "unsure"
    assert [row.account for row in walked] == things
    assert whole.summary == "6 opportunities, the surest first, then the largest; without a rate for SEK"


def test_lists_cost_the_same_number_of_queries_for_one_and_for_many(
    alice: User, bob: User, sam: User
) -> None:
    membership, sales = Membership.objects.get(user=bob), Membership.objects.get(user=sam)

    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as listed:
            selector.page(membership, filters=selector.Filters())
        with CaptureQueriesContext(connection) as handed:
            selector.inbox(sales, state="dispatched")
        return len(listed), len(handed)

    def make() -> None:
        make_opportunity(make_account(owner=alice))
        make_opportunity(make_account(owner=alice), state="dispatched", dispatched_at=NOW)

    make()
    one = count()
    for _ in range(12):
        make()

    assert count() == one == (6, 3)


def test_the_help_page_holds_every_rule(sam: User) -> None:
    shown = page(signed_in(sam), "expansion-help")

    assert all(rule.when.split(",")[0] in shown for rule in expansion.RULES)


def test_sales_begins_the_day_at_the_inbox(sam: User) -> None:
    assert signed_in(sam).get("/", follow=True).redirect_chain[-1][0] == reverse("sales-inbox")
