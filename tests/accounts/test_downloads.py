"""Lists as CSV: as they stand, safe to open in a spreadsheet, and written down (SPEC 10.6, CHECK 6)."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.http import HttpResponse

from accounts import spreadsheets
from csm_portal.core.models import AuditEvent, User
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
