"""What an expansion would be worth a year, with the arithmetic that gives it (SPEC 4.3). Pure.

By the tenant's price list, in the account's own currency; seats else by what the account pays for a seat now. Where
neither is known it is unsized: never nought, never a guess.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from accounts.scoring import expansion
from accounts.scoring.expansion import Lead, OpportunityType


class PriceKind(StrEnum):
    SEAT = "seat"
    MODULE = "module"
    INTEGRATION = "integration"


class Period(StrEnum):
    YEAR = "year"
    MONTH = "month"


class Basis(StrEnum):
    """What a price is for."""

    ACCOUNT = "account"
    SEAT = "seat"


LONGEST_NAME: Final = 200
A_YEAR: Final = {Period.YEAR: 1, Period.MONTH: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One line of a price list. ``name`` is empty for seats, else of ``LONGEST_NAME`` letters at most; ``amount`` is more than nought."""

    kind: PriceKind
    name: str
    amount: Decimal
    currency: str
    period: Period
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What it is worth a year in the account's currency, or None; ``arithmetic`` says how, or why it is not sized."""

    amount: Decimal | None
    currency: str
    arithmetic: str


def size(
    found: Lead,
    *,
    prices: Iterable[Price],
    arr: Decimal | None,
    currency: str,
    seats_purchased: int | None,
) -> Size:
    """Size one opportunity. Amounts in other currencies are not looked at."""
    if not currency:
        return Size(
            amount=None, currency="", arithmetic="Not sized: the currency of the account is not known."
        )
    if found.kind is OpportunityType.SEATS:
        return _seats(found.seats, prices, arr=arr, currency=currency, bought=seats_purchased)
    return _product(found, prices, currency=currency, bought=seats_purchased)


def _seats(
    seats: int, prices: Iterable[Price], *, arr: Decimal | None, currency: str, bought: int | None
) -> Size:
    price = next((one for one in prices if one.kind is PriceKind.SEAT and one.currency == currency), None)
    many = f"{seats:,} {'seat' if seats == 1 else 'seats'}"
    if price is not None:
        amount = _cents(price.amount * A_YEAR[price.period] * seats)
        return Size(
            amount=amount,
            currency=currency,
            arithmetic=f"{many} × {money(price.amount, currency)} a seat and {price.period}{_months(price)} = "
            f"{money(amount, currency)} a year (price list)",
        )
    if arr is None or arr <= 0 or not bought:
        missing = "its ARR" if bought else "how many seats were bought"
        return Size(
            amount=None,
            currency=currency,
            arithmetic=f"Not sized: the price list has no seat price in {currency}, and {missing} is not known.",
        )
    amount = _cents(arr * seats / bought)
    return Size(
        amount=amount,
        currency=currency,
        arithmetic=f"ARR {money(arr, currency)} ÷ {bought:,} seats × {many} = {money(amount, currency)} a year",
    )


def _product(found: Lead, prices: Iterable[Price], *, currency: str, bought: int | None) -> Size:
    kind = PriceKind.INTEGRATION if found.kind is OpportunityType.INTEGRATION else PriceKind.MODULE
    wanted = expansion.key(found.subject)
    named = [one for one in prices if one.kind is kind and expansion.key(one.name) == wanted]
    price = next((one for one in named if one.currency == currency), None)
    if price is None:
        return Size(
            amount=None,
            currency=currency,
            arithmetic=f"Not sized: the price list has no price of {found.subject} in {currency}.",
        )
    if price.basis is Basis.ACCOUNT:
        amount = _cents(price.amount * A_YEAR[price.period])
        of = f"{money(price.amount, currency)} a {price.period}{_months(price)}"
    elif bought:
        amount = _cents(price.amount * A_YEAR[price.period] * bought)
        of = f"{bought:,} seats × {money(price.amount, currency)} a seat and {price.period}{_months(price)}"
    else:
        return Size(
            amount=None,
            currency=currency,
            arithmetic=f"Not sized: {found.subject} is priced by the seat, and how many seats were bought is not known.",
        )
    return Size(
        amount=amount,
        currency=currency,
        arithmetic=f"{found.subject}: {of} = {money(amount, currency)} a year (price list)",
    )


def _months(price: Price) -> str:
    return " × 12 months" if price.period is Period.MONTH else ""


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def kept_apart(won: str, own: str) -> str:
    """Say that a deal was won in another currency than the account's; empty where it was not, or the own is not known.

    Amounts of two currencies are never added up (SPEC 1).
    """
    if not own or won == own:
        return ""
    return f"The account's other amounts are in {own}: this one stays in {won} and is summed on its own."


def money(amount: Decimal, currency: str) -> str:
    """``EUR 6,240`` or ``EUR 369.23``: whole amounts without cents."""
    whole = amount == amount.to_integral_value()
    return f"{currency} {amount:,.0f}" if whole else f"{currency} {amount:,.2f}"
