"""Numbers as people write them: with a point, with a comma, with thousands set apart; and what could be two numbers."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal import amounts, currency_codes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("480", "480"), ("480.50", "480.50"), ("480,50", "480.50"), ("12,5", "12.5"), ("0,92", "0.92"), (".5", "0.5"), (",5", "0.5"),
        ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("1,234", "1234"), ("1.234.567", "1234567"), ("1,234,567", "1234567"),
        ("1.234.567,8", "1234567.8"), ("1 234,50", "1234.50"), ("1\u202f234,50", "1234.50"), ("1'200.50", "1200.50"),
        (" -4 ", "-4"), ("−4,5", "-4.5"), ("+7", "7"), ("7.", "7"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_read(text: str, number: str) -> None:
    assert amounts.read(text, decimals=2) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "decimals", "told"),
    [
        ("1.234", 2, "“1.234” can be read in two ways: write 1234, or 1.23 with a point."),
        ("1,085", 8, "“1,085” can be read in two ways: write 1085, or 1.085 with a point."),
        ("1.234", 0, "“1.234” can be read in two ways: write 1234, or 1."),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked_back(text: str, decimals: int, told: str) -> None:
    with pytest.raises(amounts.TwoWays, match=f"^{re.escape(told)}$"):
        amounts.read(text, decimals=decimals)


@pytest.mark.parametrize("text", ["1.085", "0,125", "0.125"])
def test_three_digits_behind_the_point_are_decimals_where_so_many_are_taken(text: str) -> None:
    assert amounts.read(text, decimals=8) == Decimal(text.replace(",", "."))


@pytest.mark.parametrize(
    "text", ["", " ", "lots", "NaN", "Infinity", "1e30", "1_000", "1,23,456", "1.23.4", "1,2.3", "1.234,567,8", "--4", "4-", "€4", "0x4", "1,,2", ".", ",", "12,34.5.6"],
)  # fmt: skip
def test_what_is_no_number_is_none(text: str) -> None:
    with pytest.raises(amounts.NoNumber):
        amounts.read(text, decimals=2)


@given(
    amount=st.decimals(min_value=0, max_value=10**12, places=2),
    style=st.sampled_from([(",", "."), (".", ","), ("", "."), ("", ","), ("\u202f", ","), ("’", ".")]),
)
def test_an_amount_with_its_cents_is_read_back_however_it_is_written(
    amount: Decimal, style: tuple[str, str]
) -> None:
    thousands, point = style
    written = f"{amount:,.2f}".translate({ord(","): thousands, ord("."): point})

    assert amounts.read(written, decimals=2) == amount


@given(text=st.text(alphabet="0123456789.,' -", max_size=12), decimals=st.integers(0, 9))
def test_whatever_is_typed_is_a_number_or_refused(text: str, decimals: int) -> None:
    try:
        number = amounts.read(text, decimals=decimals)
    except (amounts.NoNumber, amounts.TwoWays):
        return
    assert re.sub(r"\D", "", text).lstrip("0") in re.sub(r"\D", "", f"{number:f}")


def test_people_pay_with_currencies_and_with_nothing_else() -> None:
    assert len(currency_codes.IN_USE) > 150
    assert all(re.fullmatch("[A-Z]{3}", code) for code in currency_codes.IN_USE)
    for code in ("EUR", "USD", "JPY", "XOF", "ZWG"):
        assert currency_codes.refusal(code) == ""
    # None, a test, gold, a unit of account, a fund, and one that was withdrawn.
    for code in ("XXX", "XTS", "XAU", "XDR", "CLF", "HRK", "ZZZ", "eur", "E1", ""):
        assert "is no currency in use: write its three letters, as in EUR." in currency_codes.refusal(code)
