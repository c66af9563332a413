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
        ({"currency": "ZZZ"}, "is no currency in use"),
        ({"amount": "1.234"}, "write 1234, or 1.23 with a point"),
        ({"name": "n" * 201}, "at most 200 characters"),
        ({"name": "ß" * 150}, "The name has 300 characters; 200 are the most."),
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


@pytest.mark.parametrize(("typed", "amount"), [("1.234,50", "1234.50"), ("12,5", "12.50"), ("4,800", "4800")])
def test_a_price_may_be_written_with_a_comma(ada: User, typed: str, amount: str) -> None:
    signed_in(ada).post(reverse("price-list"), given(amount=typed, name="Fore\u202ecasting"))

    item = PriceItem.objects.get()
    assert (item.amount, item.name) == (Decimal(amount), "Forecasting")


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


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            "module,QQ,5,EUR,year,\nmodule,Other,5,EUR,year,\nmodule, qq ,6,eur,year,\n",
            "Row 4 gives the price of “qq” in EUR, and row 2 gives one too. Leave one of them.",
        ),
        ("seat,,5,EUR,year,\nseat,any,5,EUR,year,\n", "Row 3 gives the price of a seat in EUR, and row 2 gives one too."),
        ("module," + "n" * 10_000 + ",5,EUR,year,\n", "Row 2 has a name of 10,000 characters; 200 are the most."),
        ("module,A,NaN,EUR,year,\n", "Row 2 has the price “NaN”. Write a number such as 480 or 480.50."),
        ("module,A,1e30,EUR,year,\n", "Row 2 has the price “1e30”. Write a number"),
        ("module,A,99999999999,EUR,year,\n", "A price is 9,999,999,999.99 at the most."),
        ("module,A,1.5055,EUR,year,\n", "Write two decimals at the most"),
        ("module,A,1.505,EUR,year,\n", "write 1505, or 1.50 with a point"),
        ("module,A,5,XXX,year,\n", "Row 2 says “XXX” as the currency. Write the three letters of one in use, as in EUR."),
        ("module,A,5,EUR,year,,,x\n", "Row 2 has 8 cells, and there are 6 column names."),
        ("", "The file holds no prices: it has column names and no line below them."),
    ],
)  # fmt: skip
def test_a_file_that_could_be_misread_is_refused_with_its_row(ada: User, rows: str, says: str) -> None:
    status, told = upload(ada, HEADER + rows)

    assert status == 422
    assert says in told
    assert not PriceItem.objects.exists()
    assert audited() == 0


def test_a_column_that_is_there_twice_is_asked_about(ada: User) -> None:
    status, told = upload(ada, "type,name,price,type,currency,period\nmodule,A,5,seat,EUR,year\n")

    assert status == 422
    assert "The file has the column type more than once. Leave the one that is meant." in told


def test_one_price_is_told_as_one(ada: User) -> None:
    row = HEADER + "module,A,5,EUR,year,\n"

    assert "1 price added, 0 changed, 0 as they were." in upload(ada, row)[1]
    assert "0 prices added, 0 changed, 1 as it was." in upload(ada, row)[1]


def test_the_rest_of_many_bad_rows_is_counted(ada: User) -> None:
    assert "And 1 more row." in upload(ada, HEADER + "plane,C,1,EUR,year,\n" * 11)[1]


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
