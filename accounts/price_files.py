"""A CSV file of prices, read into typed rows. Pure. What cannot be right is told with its row, and nothing is taken in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.scoring import expansion, wording
from accounts.scoring.expansion_sizing import LONGEST_NAME, Basis, Period, Price, PriceKind
from csm_portal import amounts, currency_codes, portfolio_csv
from csm_portal.portfolio_csv import PortfolioError
from csm_portal.ports import untrusted

MOST_BYTES: Final = 200_000
MOST_ROWS: Final = 2_000
LARGEST: Final = Decimal("9999999999.99")
_KINDS: Final[Mapping[str, PriceKind]] = {
    **dict.fromkeys(("seat", "seats", "user", "users", "licence", "license"), PriceKind.SEAT),
    **dict.fromkeys(("module", "feature", "add-on", "addon"), PriceKind.MODULE),
    **dict.fromkeys(("integration", "connector"), PriceKind.INTEGRATION),
}
_PERIODS: Final[Mapping[str, Period]] = {
    **dict.fromkeys(("year", "yearly", "annual", "annually", "a year", "per year"), Period.YEAR),
    **dict.fromkeys(("month", "monthly", "a month", "per month"), Period.MONTH),
}
_BASES: Final[Mapping[str, Basis]] = {
    **dict.fromkeys(("", "account", "customer", "flat"), Basis.ACCOUNT),
    **dict.fromkeys(("seat", "user", "per seat", "per user"), Basis.SEAT),
}
_NEEDED: Final = ("type", "name", "price", "currency", "period")
_READ: Final = (*_NEEDED, "per")


class Unreadable(ValueError):
    """The file cannot be taken in; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """The prices of a file, and a sentence for each row that cannot be one."""

    prices: tuple[Price, ...]
    problems: tuple[str, ...]


def parse(content: bytes) -> PriceFile:
    """Read the bytes of a CSV file. Raises Unreadable where the file as a whole is none."""
    try:
        rows = list(portfolio_csv.table(content))
    except PortfolioError as error:
        raise Unreadable(str(error)) from error
    if not rows:
        raise Unreadable("The file is empty. It needs a line of column names and a line for each price.")
    (_, header), *body = rows
    names = [re.sub(r"[\s\-]+", "_", title.strip().casefold()) for title in header]
    if missing := [name for name in _NEEDED if name not in names]:
        raise Unreadable(
            f"The file has no column {', '.join(missing)}. Its first line must name type, name, price, currency, period, and "
            "per where a price is by the seat."
        )
    if twice := [name for name in _READ if names.count(name) > 1]:
        raise Unreadable(f"The file has the column {twice[0]} more than once. Leave the one that is meant.")
    if not body:
        raise Unreadable("The file holds no prices: it has column names and no line below them.")
    if len(body) > MOST_ROWS:
        raise Unreadable(f"The file has {len(body):,} rows; {MOST_ROWS:,} at a time can be read.")
    prices, problems = [], []
    rows_of: dict[tuple[PriceKind, str, str], int] = {}
    for number, cells in body:
        try:
            price = _price(_values(names, cells))
            place = (price.kind, expansion.key(price.name), price.currency)
            if (before := rows_of.setdefault(place, number)) != number:
                thing = f"“{price.name[:40]}”" if price.name else "a seat"
                raise ValueError(
                    f"gives the price of {thing} in {price.currency}, and row {before} gives one too. Leave one of them."
                )
        except ValueError as wrong:
            problems.append(f"Row {number} {wrong}")
        else:
            prices.append(price)
    return PriceFile(prices=tuple(prices), problems=tuple(problems))


def _values(names: list[str], cells: list[str]) -> dict[str, str]:
    if any(cell.strip() for cell in cells[len(names) :]):
        raise ValueError(
            f"has {wording.counted(len(cells), 'cell')}, and there are {wording.counted(len(names), 'column name')}. "
            "Put quotes around a text or a price that holds what separates the cells."
        )
    return dict(zip(names, map(untrusted.clean_line, cells), strict=False))


def _price(values: Mapping[str, str]) -> Price:
    """Read one row. Raises ValueError with what follows ``Row 7 …``."""
    kind = _KINDS.get(values.get("type", "").casefold())
    if kind is None:
        raise ValueError(
            f"says “{values.get('type', '')[:40]}” as the type. Write seat, module or integration."
        )
    name = values.get("name", "")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"has a name of {len(name):,} characters; {LONGEST_NAME} are the most.")
    if kind is not PriceKind.SEAT and not name:
        raise ValueError("has no name. Write the module's or integration's name as Notion lists it.")
    period = _PERIODS.get(values.get("period", "").casefold())
    if period is None:
        raise ValueError(f"says “{values.get('period', '')[:40]}” as the period. Write year or month.")
    basis = Basis.SEAT if kind is PriceKind.SEAT else _BASES.get(values.get("per", "").casefold())
    if basis is None:
        raise ValueError(f"says “{values.get('per', '')[:40]}” under per. Write account or seat.")
    currency = values.get("currency", "").upper()
    if currency_codes.refusal(currency):
        raise ValueError(
            f"says “{currency[:20]}” as the currency. Write the three letters of one in use, as in EUR."
        )
    return Price(
        kind=kind,
        name="" if kind is PriceKind.SEAT else name,
        amount=_amount(values.get("price", "")),
        currency=currency,
        period=period,
        basis=basis,
    )


def _amount(text: str) -> Decimal:
    try:
        amount = amounts.read(text, decimals=2)
    except amounts.TwoWays as unclear:
        raise ValueError(f"has the price {unclear}") from None
    except amounts.NoNumber:
        raise ValueError(f"has the price “{text[:40]}”. Write a number such as 480 or 480.50.") from None
    if amount <= 0:
        raise ValueError(f"has the price “{text[:40]}”. A price is more than 0.")
    if amount > LARGEST:
        raise ValueError(f"has the price “{text[:40]}”. A price is {LARGEST:,} at the most.")
    if amount != (rounded := amount.quantize(Decimal("0.01"))):
        raise ValueError(f"has the price “{text[:40]}”. Write two decimals at the most, as in 480.50.")
    return rounded
