"""How figures read in the sentences of this package: points, percentages, days and dates."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal


def points(count: int) -> str:
    """``1 point``, ``8 points``."""
    return counted(count, "point")


def counted(count: float, noun: str) -> str:
    """``1 ticket``, ``2.5 tickets``: the plural ends in s."""
    return f"{plain(count)} {noun}" if count == 1 else f"{plain(count)} {noun}s"


def percent(share: float) -> str:
    """``38.5 %`` for 0.385: at most one decimal, a half rounded up."""
    return f"{plain(share * 100)} %"


def plain(number: float) -> str:
    """A number with at most one decimal and no trailing zero, thousands set apart: ``1,240``, ``7.5``."""
    rounded = Decimal(repr(number)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{rounded:,.0f}" if rounded == rounded.to_integral_value() else f"{rounded:,}"


def day(value: date) -> str:
    """``14 May 2026``, whatever the locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def away(days: int) -> str:
    """``today``, ``in 14 days``, ``3 days ago``."""
    if days == 0:
        return "today"
    return f"in {counted(days, 'day')}" if days > 0 else f"{counted(-days, 'day')} ago"


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
