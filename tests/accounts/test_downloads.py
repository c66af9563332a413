"""Lists as CSV: as they stand, safe to open in a spreadsheet, and written down (SPEC 10.6, CHECK 6)."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts import spreadsheets
from accounts.models import Account
from accounts.selectors import messages
from accounts.services import health
from csm_portal.core import outbox
from csm_portal.core.models import AuditEvent, ChannelName, Delivery, Membership, Tenant, User
from tests.access.things import make_things
from tests.accounts.health_rows import fact, make_health
from tests.conftest import signed_in
from tests.factories import make_account, make_accounts, make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

LISTS = ["/accounts/", "/alerts/", "/churn-risk/", "/renewals/"]


def rows(response: HttpResponse) -> list[dict[str, str]]:
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠A1"],
)
def test_text_that_a_spreadsheet_would_run_is_only_shown(text: str) -> None:
    assert spreadsheets.cell(text) == f"'{text}"


def test_numbers_dates_and_gaps_stay_what_they_are() -> None:
    told = [Decimal("-12.50"), -3, date(2026, 5, 14), None, True, "a, “b”\nc", "5 - 3"]

    (line,) = csv.reader(io.StringIO(spreadsheets.as_csv(["a"], [told]).split("\r\n", 1)[1]))

    assert line == ["-12.50", "-3", "2026-05-14", "", "yes", "a, “b”\nc", "5 - 3"]


@pytest.mark.parametrize("address", LISTS)
def test_every_row_of_a_list_is_in_its_file_and_the_taking_is_written_down(address: str, alice: User) -> None:
    for account in [
        *make_accounts(59, owner=alice, renewal_on=date(2026, 1, 1)),
        make_account(name="=HYPERLINK()", owner=alice, renewal_on=date(2026, 1, 1)),
    ]:
        make_health(account, band="Red", score=20, risk="high", facts=[fact("They are silent.")])
        make_alert(account)

    answer = signed_in(alice).get(address, {"as": "csv"})

    told = rows(answer)
    assert len(told) == 60
    assert "'=HYPERLINK()" in {row["Account"] for row in told}
    assert all(row["ARR"] == "48000.00" for row in told)
    assert "attachment" in answer.headers["Content-Disposition"]
    event = AuditEvent.objects.get(verb="list.downloaded")
    assert (event.actor, event.data["rows"]) == (alice, 60)


def test_the_file_is_narrowed_as_the_list_is(alice: User, bob: User) -> None:
    make_alert(make_account(name="Mine", owner=alice))
    make_alert(make_account(name="Mine too", owner=alice), severity="critical")
    make_alert(make_account(name="His", owner=bob))
    client = signed_in(alice)

    assert {row["Account"] for row in rows(client.get("/alerts/?as=csv"))} == {"Mine", "Mine too"}
    assert [row["Account"] for row in rows(client.get("/alerts/?as=csv&severity=critical"))] == ["Mine too"]
    assert len(rows(client.get("/alerts/?as=csv&scope=all"))) == 3


@pytest.mark.parametrize("address", LISTS)
def test_the_page_leads_to_its_file(address: str, alice: User) -> None:
    account = make_account(owner=alice)
    make_health(account, risk="high")
    make_alert(account)

    assert "as=csv" in signed_in(alice).get(address).content.decode()


@pytest.mark.parametrize("address", LISTS)
def test_sales_take_nothing_along(address: str, alice: User, sam: User) -> None:
    make_alert(make_account(owner=alice))

    assert rows(signed_in(sam).get(address, {"as": "csv"})) == []


def test_the_movers_go_into_a_file_all_of_them(alice: User, bob: User) -> None:
    today = timezone.localdate()
    accounts = make_accounts(60, owner=alice, payment_current=True)
    moment = timezone.now()
    for day in (today - timedelta(days=8), today):
        health.score_accounts(as_of=day, now=moment, announce=False)
        Account.objects.update(payment_current=False)

    told = rows(signed_in(bob).get("/movers/?as=csv"))

    assert len(told) == len(accounts)
    assert {row["Moved"] for row in told} == {"-30"}
    assert told[0]["Why"].startswith("Payment")
    assert "as=csv" in signed_in(bob).get("/movers/").content.decode()
    assert rows(signed_in(bob).get("/movers/?as=csv&scope=mine")) == []


def test_reviews_and_messages_go_into_files_as_they_are_shown(scoped: Tenant, alice: User, bob: User) -> None:
    things = make_things(scoped, owner=alice)
    client = signed_in(alice)

    (review,) = rows(client.get("/qbrs/?as=csv"))
    assert (review["Account"], review["State"]) == (things.account.name, "Draft")
    assert rows(client.get("/qbrs/?as=csv&state=published")) == []
    (message,) = rows(client.get("/messages/?as=csv"))
    assert message["State"] == "failed"
    assert rows(client.get("/messages/?as=csv&channel=chat")) == []
    taken = AuditEvent.objects.filter(verb="list.downloaded").values_list("data__list", flat=True)
    assert sorted(set(taken)) == ["messages-chat", "messages-mail", "qbrs"]


def test_no_message_is_left_out_between_two_pages(scoped: Tenant, bob: User) -> None:
    account, now = make_account(), timezone.now()
    event = outbox.announce("alert.raised", account, payload={}, now=now)
    for channel in ChannelName:
        assert Delivery.objects.create(event=event, channel=channel, created_at=now)
    others = [outbox.announce("alert.raised", account, payload={}, now=now) for _ in range(70)]
    Delivery.objects.bulk_create(
        [Delivery(event=one, channel=ChannelName.CHAT, created_at=now) for one in others]
    )
    membership, seen, mark = Membership.objects.get(user=bob), set(), ""

    for _ in range(3):
        page = messages.page(membership, channel=ChannelName.CHAT, before=mark)
        seen |= {row.pk for row in page.rows}
        mark = page.older

    assert len(seen) == 71
    assert mark == ""
