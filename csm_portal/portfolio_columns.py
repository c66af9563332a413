"""The columns of a portfolio file, and what their cells hold (``portfolio_csv`` reads the file)."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeAlias

Cell: TypeAlias = str | int | bool | Decimal | None


class Kind(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    RATIO = "ratio"
    COUNT = "count"
    DAYS = "days"
    DAYS_AHEAD = "days_ahead"
    NPS = "nps"
    WORD = "word"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its header, the other header it may have, and what its cells hold."""

    name: str
    kind: Kind
    alias: str | None = None
    words: tuple[str, ...] = ()


COLUMNS: Final[tuple[Column, ...]] = (
    Column(name="account_id", kind=Kind.TEXT),
    Column(name="account_name", kind=Kind.TEXT, alias="name"),
    Column(name="as_of", kind=Kind.TEXT),
    Column(name="feature_adoption_rate", kind=Kind.RATIO),
    Column(name="open_tickets", kind=Kind.COUNT, alias="support_ticket_volume"),
    Column(
        name="ticket_sentiment",
        kind=Kind.WORD,
        alias="support_sentiment",
        words=("positive", "neutral", "negative"),
    ),
    Column(name="days_since_last_interaction", kind=Kind.DAYS, alias="last_interaction_days"),
    Column(name="login_frequency", kind=Kind.RATIO, alias="login_frequency_score"),
    Column(name="usage_trend", kind=Kind.WORD, words=("growing", "stable", "declining")),
    Column(name="payment_current", kind=Kind.FLAG),
    Column(name="stakeholder_engagement", kind=Kind.RATIO, alias="stakeholder_engagement_score"),
    Column(name="nps", kind=Kind.NPS, alias="nps_score"),
    Column(name="days_to_renewal", kind=Kind.DAYS_AHEAD, alias="renewal_days_out"),
    Column(name="seats_purchased", kind=Kind.COUNT),
    Column(name="seats_used", kind=Kind.COUNT),
    Column(name="escalation_count", kind=Kind.COUNT, alias="escalation_history_count"),
    Column(name="tam_health", kind=Kind.WORD, alias="tam_health_rag", words=("Red", "Amber", "Green")),
)
# How spreadsheets, databases and pandas write that there is nothing.
_NOTHING: Final = frozenset({"", "-", "n/a", "na", "nan", "none", "null", "nat", "#n/a"})
_YES: Final = frozenset({"true", "yes", "y", "1", "1.0", "t"})
_NO: Final = frozenset({"false", "no", "n", "0", "0.0", "f"})
_CENTURY_DAYS: Final = 36_500
_MOST: Final = 10**9


def read(column: Column, cell: str, *, has_decimal_comma: bool = False) -> Cell:
    """Return what a cell holds, None for nothing. Raises ValueError saying what it is not."""
    cell = cell.strip()
    if cell.casefold() in _NOTHING:
        return None
    if has_decimal_comma and column.kind not in (Kind.WORD, Kind.FLAG):
        cell = cell.replace(",", ".")
    match column.kind:
        case Kind.TEXT:
            return cell
        case Kind.RATIO:
            return _within(_decimal(cell), 0, 1)
        case Kind.NPS:
            return _within(_decimal(cell), 0, 10)
        case Kind.COUNT:
            return _whole(_within(_decimal(cell), 0, _MOST))
        case Kind.DAYS:
            return int(_within(_decimal(cell), 0, _CENTURY_DAYS))
        case Kind.DAYS_AHEAD:
            return int(_within(_decimal(cell), -_CENTURY_DAYS, _CENTURY_DAYS))
        case Kind.WORD:
            return _word(cell, column.words)
        case Kind.FLAG:
            return _flag(cell)


def _decimal(cell: str) -> Decimal:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    return number


def _within(number: Decimal, low: int, high: int) -> Decimal:
    if not low <= number <= high:
        raise ValueError(f"is not between {low} and {high}")
    return number


def _whole(number: Decimal) -> int:
    # A column of counts with a gap leaves pandas as floats: 74 is written "74.0".
    if number != int(number):
        raise ValueError("is not a whole number")
    return int(number)


def _word(cell: str, words: tuple[str, ...]) -> str:
    for word in words:
        if word.casefold() == cell.casefold():
            return word
    raise ValueError(f"is none of {', '.join(words)}")


def _flag(cell: str) -> bool:
    if cell.casefold() in _YES:
        return True
    if cell.casefold() in _NO:
        return False
    raise ValueError("is neither true nor false")
