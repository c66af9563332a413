"""The price list: one price by a form, many by a file, each change written down (SPEC 4.3)."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import price_files
from accounts.models import PriceItem
from accounts.scoring.expansion_sizing import Basis, Period, PriceKind
from csm_portal.core.models import AuditEvent, User
from tests.conftest import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

HEADER = "type,name,price,currency,period,per\n"


def given(**fields: str) -> dict[str, str]:
    usual = {
        "kind": "module",
        "name": "Forecasting",
        "amount": "4800",
        "currency": "eur",
        "period": "year",
        "basis": "account",
    }
    return {**usual, **fields}


def audited() -> int:
    return AuditEvent.objects.filter(verb__in=["prices.changed", "price.removed"]).count()


def test_a_price_is_added_changed_and_removed_each_with_one_audit_row(ada: User) -> None:
    client = signed_in(ada)

    client.post(reverse("price-list"), given())
    client.post(reverse("price-list"), given(name="  forecasting", amount="5000"))
    client.post(reverse("price-list"), given(name="forecasting", amount="5000"))

    item = PriceItem.objects.get()
    assert (item.amount, item.currency, item.changed_by) == (Decimal(5000), "EUR", ada)
    assert audited() == 2
    client.post(reverse("price-remove", args=[item.pk]))
    assert not PriceItem.objects.exists()
    assert audited() == 3


def test_a_seat_has_no_name_and_is_priced_by_the_seat(ada: User) -> None:
    signed_in(ada).post(
        reverse("price-list"), given(kind="seat", name="ignored", amount="40", period="month")
    )

    item = PriceItem.objects.get()
    assert (item.kind, item.name, item.basis) == ("seat", "", "seat")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"amount": "0"}, "more than 0"),
        ({"amount": "-4"}, "more than 0"),
        ({"amount": "lots"}, "no amount"),
        ({"currency": "E1"}, "three letters"),
        ({"name": " "}, "exactly as Notion lists it"),
        ({"kind": "plane"}, "valid choice"),
    ],
)
def test_what_cannot_be_a_price_is_refused_with_a_sentence(
    ada: User, fields: dict[str, str], says: str
) -> None:
    answer = signed_in(ada).post(reverse("price-list"), given(**fields))

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not PriceItem.objects.exists()


def upload(ada: User, text: str) -> tuple[int, str]:
    file = SimpleUploadedFile("prices.csv", text.encode(), content_type="text/csv")
    answer = signed_in(ada).post(reverse("price-file"), {"file": file}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_file_is_taken_in_whole_with_one_audit_row(ada: User) -> None:
    status, told = upload(
        ada,
        HEADER
        + 'seat,,40,EUR,month,\nmodule,Forecasting,"4,800",EUR,year,account\nintegration,API,1.50,usd,month,seat\n',
    )

    assert status == 200
    assert "3 prices added, 0 changed, 0 as they were." in told
    assert PriceItem.objects.count() == 3
    assert audited() == 1


def test_a_file_with_a_wrong_row_is_not_taken_in_at_all(ada: User) -> None:
    status, told = upload(ada, HEADER + "module,A,10,EUR,year,\nmodule,B,0,EUR,year,\nplane,C,1,EUR,year,\n")

    assert status == 422
    assert "Row 3 has the price “0”." in told
    assert "Row 4 says “plane” as the type." in told
    assert not PriceItem.objects.exists()


@pytest.mark.parametrize("text", ["", "name,price\nA,1\n", "\0\0"])
def test_what_is_no_price_file_says_what_it_needs(ada: User, text: str) -> None:
    status, _ = upload(ada, text)

    assert status == 422
    assert not PriceItem.objects.exists()


def test_a_file_is_read_as_people_write_it() -> None:
    read = price_files.parse(
        (
            HEADER.replace(",", ";")
            + "Add-on; Reports ;1'200.50;chf;Annual;per user\nUsers;any;9;EUR;monthly;\n"
        ).encode()
    )

    reports, seat = read.prices
    assert (reports.kind, reports.name, reports.amount, reports.currency, reports.period, reports.basis) == (
        PriceKind.MODULE, "Reports", Decimal("1200.50"), "CHF", Period.YEAR, Basis.SEAT,
    )  # fmt: skip
    assert (seat.kind, seat.name, seat.basis) == (PriceKind.SEAT, "", Basis.SEAT)
    assert read.problems == ()
