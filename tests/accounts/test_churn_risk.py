"""The churn risk: who, why and until when, the most urgent first."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.selectors import churn_risk
from accounts.selectors.churn_risk import RiskPage
from accounts.selectors.portfolio_filters import Filters, Scope
from csm_portal.core.models import Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.accounts.health_rows import days, fact, make_health
from tests.conftest import signed_in
from tests.factories import TODAY, make_account, make_accounts

pytestmark = pytest.mark.django_db

URL = "/churn-risk/"
HTMX = {"HX-Request": "true"}


def text(response: HttpResponse) -> str:
    """Return what a reader reads."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def at_risk(tenant: Tenant, name: str, risk: str, until: int | None = None, **fields: Any) -> Account:
    """Make an account with this level of risk, its contract date so many days away."""
    health = {
        key: fields.pop(key)
        for key in ("facts", "trigger", "score", "band", "is_last_known")
        if key in fields
    }
    with tenant_scope(tenant):
        on = None if until is None else days(until)
        account = make_account(name=name, **{"renewal_on": on, **fields})
        make_health(account, risk=risk, until=on, **health)
    return account


def read(
    tenant: Tenant, user: User, *, level: str = "", mark: str = "", size: int = 50, **filters: Any
) -> RiskPage:
    with tenant_scope(tenant):
        membership = Membership.objects.get(user=user)
        return churn_risk.page(
            membership, filters=Filters(**filters), level=level, mark=mark, today=TODAY, size=size
        )


def names(page: RiskPage) -> list[str]:
    return [row.name for row in page.rows]


def test_the_level_comes_first_then_the_date_and_overdue_ones_are_not_dropped(
    tenant: Tenant, bob: User
) -> None:
    at_risk(tenant, "high, in 10 days", "high", 10)
    at_risk(tenant, "critical, no date", "critical", None)
    at_risk(tenant, "critical, in 30 days", "critical", 30)
    at_risk(tenant, "critical, overdue", "critical", -14)
    at_risk(tenant, "high, overdue", "high", -1)
    at_risk(tenant, "medium, in 5 days", "medium", 5)

    assert names(read(tenant, bob)) == [
        "critical, overdue",
        "critical, in 30 days",
        "critical, no date",
        "high, overdue",
        "high, in 10 days",
        "medium, in 5 days",
    ]


def test_low_risk_is_shown_only_when_it_is_asked_for(tenant: Tenant, bob: User) -> None:
    at_risk(tenant, "calm", "low", 200)
    at_risk(tenant, "worrying", "medium", 100)

    assert names(read(tenant, bob)) == ["worrying"]
    assert names(read(tenant, bob, level="low")) == ["calm"]
    assert read(tenant, bob).summary == "1 account at risk, the most urgent first"


def test_pages_hold_each_account_once(tenant: Tenant, bob: User) -> None:
    for number in range(17):
        at_risk(
            tenant,
            f"A{number}",
            ["medium", "high", "critical"][number % 3],
            None if number % 4 == 0 else number % 2,
        )
    whole = read(tenant, bob)

    page, seen = read(tenant, bob, size=4), []
    while True:
        seen += names(page)
        if not page.next:
            break
        page = read(tenant, bob, size=4, mark=page.next)

    assert seen == names(whole)
    assert len(set(seen)) == 17


def test_arr_at_risk_counts_each_account_once_and_keeps_currencies_apart(tenant: Tenant, bob: User) -> None:
    reasons = [fact("Payment is in arrears."), fact("Usage is declining.")]
    at_risk(tenant, "a", "critical", 3, arr=Decimal(100), facts=reasons)
    at_risk(tenant, "b", "critical", 3, arr=Decimal(50), currency="USD")
    at_risk(tenant, "c", "high", 3, arr=None)

    critical, high, medium, low = read(tenant, bob, level="high").figures

    assert (critical.count, critical.arr) == (2, {"EUR": Decimal(100), "USD": Decimal(50)})
    assert (high.count, high.arr) == (1, {})
    assert (medium.count, low.count) == (0, 0)


def test_the_reasons_are_the_heaviest_that_no_column_tells(tenant: Tenant, bob: User) -> None:
    facts = [
        fact("The contract renews on 1 June 2026, in 18 days.", code="renewal", kind="contract"),
        fact("The account is Red with a score of 20.", code="band"),
        fact("Payment is in arrears.", code="arrears"),
        fact("There was no meaningful interaction since 1 March 2026."),
        fact("Usage is declining.", code="usage"),
    ]
    at_risk(tenant, "talkative", "critical", 18, facts=facts)
    at_risk(tenant, "terse", "critical", 19, facts=facts[:1])

    talkative, terse = read(tenant, bob).rows

    assert [one.sentence for one in talkative.facts] == [facts[2]["sentence"], facts[3]["sentence"]]
    assert [one.sentence for one in terse.facts] == [facts[0]["sentence"]]


def test_the_date_says_whether_it_is_for_notice_or_renewal(tenant: Tenant, bob: User) -> None:
    at_risk(tenant, "notice", "high", 5, renewal_on=days(95), notice_on=days(5))
    at_risk(tenant, "renewal", "high", 6)
    at_risk(tenant, "moved since", "high", 7, renewal_on=days(400))

    assert [row.until_is for row in read(tenant, bob).rows] == ["Notice", "Renewal", "Contract"]


def test_only_the_assessment_of_the_latest_score_is_told(tenant: Tenant, bob: User) -> None:
    account = at_risk(tenant, "a", "high", 5, facts=[fact("Today's reason.")])
    with tenant_scope(tenant):
        stale = account.churn_assessments.get()
        stale.pk, stale.assessed_on, stale.facts = None, days(-7), [fact("Last week's reason.")]
        stale._state.adding = True
        stale.pk = stale._meta.pk.get_default()
        stale.save()

    assert [one.sentence for one in read(tenant, bob).rows[0].facts] == ["Today's reason."]


def test_mine_and_an_owner_narrow_the_list(tenant: Tenant, alice: User, bob: User) -> None:
    at_risk(tenant, "hers", "high", 5, owner=alice)
    at_risk(tenant, "his", "high", 5, owner=bob)
    at_risk(tenant, "nobody's", "high", 5)

    assert names(read(tenant, alice, scope=Scope.MINE)) == ["hers"]
    assert names(read(tenant, bob, owner=str(bob.pk))) == ["his"]
    assert names(read(tenant, bob, owner="none")) == ["nobody's"]


def test_the_page_says_who_why_and_until_when(tenant: Tenant, alice: User) -> None:
    account = at_risk(
        tenant,
        "Halden Logistics",
        "critical",
        owner=alice,
        trigger="combined",
        score=31,
        band="Red",
        facts=[fact("Payment is in arrears.")],
    )

    page = signed_in(alice).get(URL)

    assert f'href="/accounts/{account.pk}/"' in page.content.decode()
    for said in (
        "Halden Logistics",
        "Critical",
        "Payment is in arrears.",
        "Called by the behaviour and the contract",
        "No date",
        "31 of 100",
        "1 account at risk, the most urgent first",
    ):
        assert said in text(page), said


def test_what_comes_from_outside_is_text(tenant: Tenant, bob: User) -> None:
    evil = "<script>alert(1)</script>\"'><b>"
    at_risk(tenant, evil, "high", 3, segment=evil, owner_name=evil, facts=[fact(evil)])

    for query in ({}, {"q": "nothing " + evil}, {"level": evil}, {"cursor": evil}, {"owner": evil}):
        page = signed_in(bob).get(URL, query).content.decode()
        assert "<script>alert" not in page
        assert "'><b>" not in page


def test_htmx_gets_the_table_alone(tenant: Tenant, bob: User) -> None:
    at_risk(tenant, "a", "high", 5)

    part = signed_in(bob).get(URL, {"level": "high", "q": ""}, headers=HTMX)

    assert part.content.decode().strip().startswith('<section id="risk-table"')
    assert part.headers["HX-Push-Url"] == "?level=high"
    assert 'data-announce="1 account at risk' in part.content.decode()


def test_bad_values_get_a_sentence_and_a_list(tenant: Tenant, bob: User) -> None:
    at_risk(tenant, "a", "high", 5)

    page = signed_in(bob).get(URL, {"level": "dire", "cursor": "nowhere", "scope": "x", "band": "Purple"})

    assert len(page.context["page"].rows) == 1
    assert "“dire” is no level of risk" in text(page)
    assert "Purple" not in text(page)


def test_empty_states_tell_apart_why_there_is_nothing(
    tenant: Tenant, bob: User, sam: User, ada: User
) -> None:
    assert "Ask an admin to connect your workspace" in text(signed_in(bob).get(URL))
    assert "Connect Notion" in text(signed_in(ada).get(URL))
    at_risk(tenant, "calm", "low", 200)

    assert "No account is at risk here" in text(signed_in(bob).get(URL))
    assert "No account matches" in text(signed_in(bob).get(URL, {"level": "high"}))
    assert "not yours to read" in text(signed_in(sam).get(URL))


def test_another_tenants_risks_stay_theirs(tenant: Tenant, other_tenant: Tenant, bob: User) -> None:
    at_risk(other_tenant, "theirs", "critical", 1)
    at_risk(tenant, "ours", "high", 1)

    page = read(tenant, bob)

    assert names(page) == ["ours"]
    assert page.figures[0].count == 0


def test_the_page_costs_as_many_queries_at_one_row_as_at_fifty(tenant: Tenant, bob: User) -> None:
    client = signed_in(bob)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        return len(queries)

    at_risk(tenant, "a", "high", 5)
    alone = cost()
    with tenant_scope(tenant):
        for account in make_accounts(59):
            make_health(account, risk="medium", until=days(9), facts=[fact("Usage is declining.")])

    assert cost() == alone <= 6
