"""Amounts of other currencies are ranked by an admin's rates, and by nothing else (SPEC 1, 4.2)."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Alert, ExchangeRate
from accounts.scoring.currencies import Rates
from accounts.selectors import currencies
from accounts.services import rates
from csm_portal.core.models import AuditEvent, Job, User
from tests.accounts.test_alerts import scan
from tests.conftest import signed_in
from tests.factories import NOW, TODAY, make_account

pytestmark = pytest.mark.django_db

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def put(actor: User, currency: str, rate: str, **fields: object) -> ExchangeRate:
    filled: dict[str, object] = {"as_of": TODAY, "source": "ECB", "today": TODAY, "now": NOW, **fields}
    return rates.put(currency, Decimal(rate), actor=actor, **filled)  # type: ignore[arg-type]


def in_arrears(**fields: object) -> Alert:
    account = make_account(payment_current=False, renewal_on=None, **fields)
    scan()
    return Alert.objects.get(account=account)


@given(amount=AMOUNTS, rate=st.decimals(min_value="0.0001", max_value=1000, places=4))
def test_nothing_is_compared_without_a_rate(amount: Decimal, rate: Decimal) -> None:
    known = Rates(base="EUR", per_unit={"USD": rate})

    assert known.in_base(amount, "EUR") == known.in_base(amount, "") == amount
    assert known.in_base(amount, "USD") == amount * rate
    assert known.in_base(amount, "GBP") is None
    assert known.total({"EUR": amount, "USD": amount}) == amount + amount * rate
    assert known.total({"EUR": amount, "GBP": amount}) is None
    assert known.missing(["GBP", "EUR", "CHF", "USD", "GBP"]) == ("CHF", "GBP")


@pytest.mark.usefixtures("scoped")
def test_an_amount_without_a_rate_counts_as_the_median_and_says_so(alice: User) -> None:
    for arr in (10_000, 20_000, 30_000):
        make_account(arr=Decimal(arr), owner=alice)
    alert = in_arrears(arr=Decimal(9_000_000), currency="JPY", owner=alice)

    assert (alert.arr, alert.urgency, alert.has_no_rate) == (Decimal(20_000), Decimal(80_000), True)
    told = text(signed_in(alice).get("/alerts/"))
    assert "¥ 9,000,000" in told
    assert "counted as the median of 20,000, because no rate for JPY is set" in told


@pytest.mark.usefixtures("scoped")
def test_a_rate_is_what_the_rank_is_counted_by(alice: User, ada: User) -> None:
    put(ada, "JPY", "0.006")
    alert = in_arrears(arr=Decimal(9_000_000), currency="JPY", owner=alice)

    assert (alert.arr, alert.rate) == (Decimal(9_000_000), Decimal("0.006"))
    assert alert.urgency == Decimal(54_000 * 4)
    assert "¥ 9,000,000 at 0.006 × 4 (high) × 1 (no contract date)" in text(signed_in(alice).get("/today/"))


@pytest.mark.usefixtures("scoped")
def test_a_rate_says_who_set_it_and_what_stood_before_is_kept(ada: User) -> None:
    put(ada, "USD", "0.9")
    put(ada, "USD", "0.92", as_of=TODAY - timedelta(days=1), now=NOW + timedelta(hours=1))

    old, new = ExchangeRate.objects.order_by("set_at")
    assert (old.ended_at, new.ended_at) == (NOW + timedelta(hours=1), None)
    assert AuditEvent.objects.filter(verb="rate.set", actor=ada).count() == 2
    assert currencies.rates().per_unit == {"USD": Decimal("0.92")}
    assert rates.remove("USD", actor=ada, now=NOW)
    assert not rates.remove("USD", actor=ada, now=NOW)
    assert currencies.rates().per_unit == {}


@pytest.mark.usefixtures("scoped")
def test_an_admin_sets_a_rate_on_the_page_and_the_book_is_ranked_anew(ada: User, bob: User) -> None:
    make_account(arr=Decimal(1000), currency="EUR")
    make_account(arr=Decimal(1000), currency="USD")
    client = signed_in(ada)
    page = client.get("/settings/currencies/")
    assert "No rate yet USD: accounts in this currency count as the median" in text(page)
    assert 'value="USD"' in page.content.decode()
    given = {"currency": "usd ", "rate": "0.92", "as_of": "2026-05-14", "source": "ECB"}

    answer = client.post("/settings/currencies/", given, follow=True)

    told = text(answer)
    assert "The rate of USD is set." in told
    assert "0.92 EUR, of 14 May 2026 ECB; set by Ada" in told
    assert "€ 1,920 in all, at these rates" in told
    assert Job.objects.filter(task="accounts.tasks.score_all").count() == 1
    assert signed_in(bob).post("/settings/currencies/", given).status_code == 403
    assert "Set a rate" not in text(signed_in(bob).get("/settings/currencies/"))


@pytest.mark.usefixtures("scoped")
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"currency": "EUR"}, "EUR is the company's own currency"),
        ({"currency": "dollars"}, "“DOLLARS” is no currency in use: write its three letters, as in EUR."),
        ({"currency": "U$D"}, "three letters"),
        ({"currency": "XXX"}, "“XXX” is no currency in use"),
        ({"rate": "0"}, "A rate is more than nought."),
        ({"rate": "NaN"}, "This is no number: write it as in 0.92."),
        ({"rate": "1,085"}, "write 1085, or 1.085 with a point"),
        ({"rate": "-1"}, "A rate is more than nought."),
        ({"rate": "9999999999"}, "A rate is 1,000,000,000 at the most"),
        ({"as_of": "2999-01-01"}, "lies ahead"),
        ({"as_of": "0001-01-01"}, "The rate is of 1 January 1, which is too old to rank by. Give one of"),
        ({"as_of": "1999-12-31"}, "which is too old to rank by"),
        ({"source": ""}, "Say where the rate comes from"),
    ],
)
def test_what_is_no_rate_gets_a_sentence(changed: dict[str, str], sentence: str, ada: User) -> None:
    given = {"currency": "USD", "rate": "0.92", "as_of": "2026-05-14", "source": "ECB", **changed}

    answer = signed_in(ada).post("/settings/currencies/", given)

    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not ExchangeRate.objects.exists()


@pytest.mark.usefixtures("scoped")
def test_a_rate_may_be_written_with_a_comma(ada: User) -> None:
    given = {"currency": "USD", "rate": "0,92", "as_of": "2026-05-14", "source": "ECB\u202e rates"}

    assert signed_in(ada).post("/settings/currencies/", given).status_code == 302

    rate = ExchangeRate.objects.get()
    assert (rate.rate, rate.source) == (Decimal("0.92"), "ECB rates")


@pytest.mark.usefixtures("scoped")
def test_the_page_costs_the_same_at_one_currency_and_at_ten(ada: User) -> None:
    client = signed_in(ada)
    make_account(currency="AAA")
    with CaptureQueriesContext(connection) as one:
        client.get("/settings/currencies/")
    for code in ("CHF", "DKK", "GBP", "JPY", "NOK", "PLN", "SEK", "USD", "ZAR"):
        make_account(currency=code)
        put(ada, code, "2", today=timezone.localdate(), as_of=date(2026, 1, 1))
    with CaptureQueriesContext(connection) as many:
        client.get("/settings/currencies/")

    assert len(many) == len(one)
