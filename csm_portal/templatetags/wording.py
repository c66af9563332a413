"""How amounts, dates and ages are said on a page. Pure: what day it is comes as an argument."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final, Literal, TypeAlias

NBSP: Final = "\u00a0"
MINUS: Final = "−"
NOT_KNOWN: Final = "Not known"
_SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_WORTH_COUNTING: Final = 120
_MONTH_DAYS: Final = Decimal("30.4375")

Amount: TypeAlias = Decimal | int | float | str


def money(amount: Amount | None, currency: str, *, short: bool = False) -> str:
    """Say an amount with its currency: ``€ 48,000``, ``CHF 1,250.50``, short ``$ 1.2M``.

    None, and what is no number, is ``Not known``: a missing amount never reads as nought.
    """
    value = _decimal(amount)
    if value is None:
        return NOT_KNOWN
    sign = MINUS if value < 0 else ""
    figure = _short(abs(value)) if short else _grouped(abs(value))
    unit = _SYMBOLS.get(currency.upper(), currency.upper())
    return f"{sign}{unit}{NBSP}{figure}" if unit else f"{sign}{figure}"


def money_sums(
    sums: Mapping[str, Amount | None] | Iterable[tuple[str, Amount | None]], *, short: bool = False
) -> list[str]:
    """Say one amount a currency, largest first; currencies are never added up without rates (SPEC 1)."""
    pairs = sums.items() if isinstance(sums, Mapping) else sums
    known = [(currency, value) for currency, amount in pairs if (value := _decimal(amount)) is not None]
    return [
        money(value, currency, short=short)
        for currency, value in sorted(known, key=lambda pair: (-pair[1], pair[0]))
    ]


def signed(points: Amount | None) -> str:
    """Say a change in points with a true minus sign: ``+4``, ``−20``, ``±0``."""
    value = _decimal(points)
    if value is None:
        return NOT_KNOWN
    if value == 0:
        return "±0"
    return f"{'+' if value > 0 else MINUS}{_grouped(abs(value))}"


def percent(ratio: Amount | None) -> str:
    """Say a ratio as a whole percentage, halves rounded up: 0.725 is ``73 %``."""
    value = _decimal(ratio)
    if value is None:
        return NOT_KNOWN
    whole = (value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return f"{MINUS if whole < 0 else ''}{abs(whole):,}{NBSP}%"


def day(value: date) -> str:
    """Say a date in full: ``14 May 2026``."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """How far off a day is, in words, and how near that is felt to be."""

    text: str
    tone: Literal["overdue", "soon", "later"]


def countdown(on: date, *, today: date, soon_days: int = 30) -> Countdown:
    """Say when a deadline falls: ``in 14 days``, ``tomorrow``, ``3 days overdue``, ``in 7 months``.

    Days are counted up to 120, which is as far as a renewal is worked on; beyond that months tell more.
    """
    days = (on - today).days
    if days < 0:
        return Countdown(text=f"{_count(-days, 'day')} overdue", tone="overdue")
    tone: Literal["soon", "later"] = "soon" if days <= soon_days else "later"
    if days == 0:
        return Countdown(text="today", tone=tone)
    if days == 1:
        return Countdown(text="tomorrow", tone=tone)
    if days <= _DAYS_WORTH_COUNTING:
        return Countdown(text=f"in {_count(days, 'day')}", tone=tone)
    months = int((Decimal(days) / _MONTH_DAYS).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    text = f"in {_count(months, 'month')}" if months < 24 else f"in {_count(months // 12, 'year')}"
    return Countdown(text=text, tone=tone)


def ago(moment: datetime | date, *, now: datetime) -> str:
    """Say how long ago something was, up to a week; then its date. Times to come read ``in 3 hours``.

    ``now`` and a datetime are aware; days are those of the zone of ``now``.
    """
    if not isinstance(moment, datetime):
        return _days_ago((now.date() - moment).days, moment)
    gap = now - moment
    seconds = abs(gap).total_seconds()
    days = (now.date() - moment.astimezone(now.tzinfo).date()).days
    if seconds < 45:
        return "just now"
    if seconds < 45 * 60:
        return _either_way(_count(max(1, round(seconds / 60)), "minute"), is_past=gap > timedelta(0))
    if seconds < 12 * 3600 or days == 0:
        return _either_way(_count(max(1, round(seconds / 3600)), "hour"), is_past=gap > timedelta(0))
    return _days_ago(days, moment.astimezone(now.tzinfo).date())


def _days_ago(days: int, on: date) -> str:
    if days == 0:
        return "today"
    if abs(days) == 1:
        return "yesterday" if days == 1 else "tomorrow"
    if abs(days) <= 7:
        return _either_way(_count(abs(days), "day"), is_past=days > 0)
    return day(on)


def _either_way(span: str, *, is_past: bool) -> str:
    return f"{span} ago" if is_past else f"in {span}"


def _count(number: int, noun: str) -> str:
    return f"{number:,}{NBSP}{noun}" if number == 1 else f"{number:,}{NBSP}{noun}s"


def _decimal(amount: Amount | None) -> Decimal | None:
    if amount is None or amount == "":
        return None
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _grouped(value: Decimal) -> str:
    cents = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{cents:,.0f}" if cents == cents.to_integral_value() else f"{cents:,.2f}"


def _short(value: Decimal) -> str:
    for size, letter in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K")):
        # 999,950 would round to “1000.0K”: it belongs to the next letter.
        if value >= size * Decimal("0.9995") and value >= 1000 * Decimal("0.9995"):
            scaled = (value / size).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
            return f"{scaled:,.0f}{letter}" if scaled >= 100 or scaled == int(scaled) else f"{scaled}{letter}"
    return _grouped(value)
