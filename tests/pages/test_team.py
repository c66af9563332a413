"""The team: each CSM's book, who needs help first, what nobody owns, and that it stays quick."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import rates
from csm_portal.core.models import Tenant, User
from qbr.models import QBR
from qbr.quarters import quarter_of
from qbr.workflow import State
from tests.conftest import make_member, signed_in
from tests.factories import make_account, make_accounts, make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def rows(user: User) -> list[dict[str, str]]:
    answer = signed_in(user).get("/team/?as=csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_each_book_is_counted_and_who_has_most_late_stands_first(
    tenant: Tenant, alice: User, bob: User
) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    zoe = make_member(tenant, "Zoe", is_csm=True)
    for band in ("Red", "Amber", "Green"):
        make_account(owner=zoe, shown_band=band, arr=Decimal(10_000))
    late = make_account(owner=zoe, arr=Decimal(20_000))
    make_alert(late, due_on=today - timedelta(days=1), raised_on=today - timedelta(days=9))
    make_alert(late, reason="health_red", severity="critical", due_on=today, raised_on=today)
    make_alert(make_account(owner=alice), due_on=today, state="acknowledged")

    first, second, nobody = rows(bob)

    assert first == {
        "CSM": "Zoe", "Accounts": "4", "ARR in EUR": "50000.00", "Red": "1", "Amber": "1", "Unknown": "0",
        "Open alerts": "2", "Critical": "1", "Late alerts": "1",
        "Oldest alert": (today - timedelta(days=9)).isoformat(), "QBRs under way": "0", "QBRs late": "0",
    }  # fmt: skip
    assert (second["CSM"], second["Accounts"], second["Open alerts"]) == ("Alice", "1", "0")
    assert (nobody["CSM"], nobody["Accounts"]) == ("Nobody", "0")
    told = text(signed_in(bob).get("/team/"))
    assert "5 accounts , € 98K ARR: 1 Red, 1 Amber. 2 open alerts, 1 late ." in told


def test_what_nobody_owns_is_named_with_whom_notion_names(bob: User, alice: User) -> None:
    for number in range(7):
        make_account(owner_name=f"Person {number}", owner_email=f"p{number}@gone.example")
    make_alert(make_account(owner_name="Person 0", owner_email="p0@gone.example"))

    told = text(signed_in(bob).get("/team/"))

    assert "8 accounts , € 384K ARR: 0 Red, 0 Amber, 1 open alert that nobody is told of" in told
    assert re.search(r"Person 0 \(2\), Person 1 \(1\).* and 2 more\.", told)


def test_reviews_are_late_thirty_days_after_their_quarter(tenant: Tenant, alice: User, bob: User) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    quarter = quarter_of(today - timedelta(days=200))
    for state in (State.DRAFT, State.APPROVED, State.PUBLISHED):
        QBR.objects.create(
            account=make_account(owner=alice), quarter_start=quarter.start, quarter_end=quarter.end,
            quarter_label=quarter.label, state=state,
        )  # fmt: skip
    current = quarter_of(today)
    QBR.objects.create(
        account=make_account(owner=alice), quarter_start=current.start, quarter_end=current.end,
        quarter_label=current.label, state=State.DRAFT,
    )  # fmt: skip

    assert [(row["QBRs under way"], row["QBRs late"]) for row in rows(bob)] == [("3", "2"), ("0", "0")]
    assert "2 QBRs late" in text(signed_in(bob).get("/team/"))


def test_currencies_are_summed_by_the_admins_rates_alone(
    tenant: Tenant, alice: User, bob: User, ada: User
) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    make_account(owner=alice, arr=Decimal(1000), currency="USD")
    make_account(owner=alice, arr=Decimal(1000))
    told = text(signed_in(bob).get("/team/"))
    assert "No rate for USD is set" in told
    assert "€ 1K and $ 1K" in told
    assert rows(bob)[0]["ARR in EUR"] == ""

    rates.put(
        "USD", Decimal("0.5"), as_of=today, source="ECB", actor=ada, today=today, now=timezone.now()
    )  # fmt: skip

    assert Decimal(rows(bob)[0]["ARR in EUR"]) == 1500
    assert "No rate" not in text(signed_in(bob).get("/team/"))


def test_who_owns_accounts_and_is_a_csm_no_more_is_not_lost(bob: User) -> None:
    make_account(owner=bob)

    assert [row["CSM"] for row in rows(bob)] == ["Bob (no CSM)", "Nobody"]


def test_it_costs_the_same_at_one_account_and_at_ninety(bob: User, alice: User) -> None:
    make_alert(make_account(owner=alice))
    client = signed_in(bob)
    with CaptureQueriesContext(connection) as one:
        client.get("/team/")
    for account in make_accounts(89, owner=alice):
        make_alert(account)
    with CaptureQueriesContext(connection) as many:
        client.get("/team/")

    assert len(many) == len(one) <= 12
