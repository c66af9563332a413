"""The many ways in which people write the same figure, day or name. All of them are right."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

from qbr.facts import MONTHS

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_NOUNS = {"EUR": "euros", "USD": "dollars", "GBP": "pounds", "JPY": "yen", "CHF": "francs"}
FRACTIONS: tuple[tuple[Fraction, tuple[str, ...]], ...] = (
    (Fraction(1, 4), ("a quarter", "one quarter", "one in four")),
    (Fraction(1, 3), ("a third", "one third", "one in three")),
    (Fraction(1, 2), ("half", "one half")),
    (Fraction(2, 3), ("two thirds", "two out of three", "two-thirds")),
    (Fraction(3, 4), ("three quarters", "three in four", "three-quarters")),
    (Fraction(4, 5), ("four fifths", "four out of five")),
    (Fraction(9, 10), ("nine tenths", "nine out of ten")),
)
FOLDS = {
    Fraction(2): ("doubled",),
    Fraction(1, 2): ("halved",),
    Fraction(3): ("tripled",),
    Fraction(4): ("quadrupled",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a spelling leaves open: a value from ``low`` to ``high`` is written the same."""

    low: Decimal
    high: Decimal

    def holds(self, value: Decimal) -> bool:
        return self.low <= value <= self.high


def words(number: int) -> str:
    """Return 0 to 999,999 in words: one thousand two hundred and forty."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {words(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    joint = " and " if 0 < rest < 100 else " "
    return f"{words(thousands)} thousand" + (f"{joint}{words(rest)}" if rest else "")


Spell = Callable[[Decimal], str]


def count(value: Decimal, chance: random.Random) -> Spell:
    """Choose how a whole number is written; the choice holds for other values of about its size."""
    size = int(value)
    ways: list[tuple[int, Spell]] = [(6, lambda v: f"{v:,f}"), (2, lambda v: f"{v:f}")]
    if size <= 100:
        ways.append((3, lambda v: words(int(v))))
    elif size <= 9999:
        ways.append((1, lambda v: words(int(v))))
    if size >= 1000:
        ways.append((1, lambda v: f"{v:,f}".replace(",", "\u202f")))
        ways.append((1, lambda v: f"{v:,f}".replace(",", "'")))
        ways.append((1, lambda v: f"{v:,f}".replace(",", ".")))
        ways.append((2, lambda v: f"{_rounded(v / 1000, 1)}k"))
        if size % 10 == 0:
            ways.append((1, lambda v: f"{(v / 1000).normalize():f}k"))
        if size % 100 == 0 and size < 10_000 and size % 1000:
            ways.append((3, lambda v: f"{words(int(v) // 100)} hundred"))
    return _chosen(ways, chance)


def plain(value: Decimal, chance: random.Random) -> Spell:
    """Choose a spelling with all digits."""
    return _chosen([(5, lambda v: f"{v.normalize():,f}"), (1, lambda v: f"{v.normalize():f}")], chance)


def figure(value: Decimal, chance: random.Random) -> Spell:
    """Choose how a small figure without a unit of its own is written: points, scores, days."""
    ways: list[tuple[int, Spell]] = [(6, lambda v: f"{v.normalize():,f}")]
    if value == value.to_integral_value() and value <= 30:
        ways.append((2, lambda v: words(int(v)) if v == v.to_integral_value() else f"{v.normalize():f}"))
    return _chosen(ways, chance)


def percent(value: Decimal, chance: random.Random) -> Spell:
    """Choose how a share of 100 is written."""
    ways: list[tuple[int, Spell]] = [
        (5, lambda v: f"{_rounded(v, 1)} %"),
        (5, lambda v: f"{_rounded(v, 1)}%"),
        (2, lambda v: f"{_rounded(v, 1)} percent"),
        (1, lambda v: f"{_rounded(v, 1)} per cent"),
        (1, lambda v: f"{_rounded(v, 1)}\u00a0%"),
    ]
    if value == value.to_integral_value():
        ways.append((2, lambda v: f"{words(int(v))} percent"))
    else:
        ways.append((2, lambda v: f"{_rounded(v, 0)}%"))
        ways.append((1, lambda v: f"{_rounded(v, 1).replace('.', ',')} %"))
    return _chosen(ways, chance)


def rounded_percent(value: Decimal, chance: random.Random) -> Spell:
    """Choose how a worked-out share is written: nobody writes its tenths."""
    ways: list[tuple[int, Spell]] = [
        (3, lambda v: f"{_rounded(v, 0)} %"),
        (3, lambda v: f"{_rounded(v, 0)}%"),
        (1, lambda v: f"{_rounded(v, 0)} percent"),
        (1, lambda v: f"{_rounded(v, 1)} %"),
    ]
    return _chosen(ways, chance)


def money(value: Decimal, currency: str, chance: random.Random) -> Spell:
    """Choose how an amount is written in its currency."""
    sign, noun = _SIGNS.get(currency, currency), _NOUNS[currency]
    tight = sign if len(sign) == 1 else f"{sign} "
    ways: list[tuple[int, Spell]] = [
        (4, lambda v: f"{tight}{_cents(v)}"),
        (3, lambda v: f"{sign} {_cents(v)}"),
        (3, lambda v: f"{currency} {_cents(v)}"),
        (2, lambda v: f"{_cents(v)} {currency}"),
        (1, lambda v: f"{_cents(v)} {noun}"),
    ]
    if value >= 1000:
        ways.append((1, lambda v: f"{_swapped(_cents(v))} {currency}"))
        ways.append((1, lambda v: f"{_swapped(f'{v:,.2f}')} {sign}"))
        ways.append((1, lambda v: f"{currency} {_cents(v)}".replace(",", " ")))
        ways.append((2, lambda v: f"{tight}{_rounded(v / 1000, 1)}k"))
    if value >= 1_000_000:
        ways.append((2, lambda v: f"{tight}{_rounded(v / 1_000_000, 2)} million"))
        ways.append((1, lambda v: f"{tight}{_rounded(v / 1_000_000, 2)}m"))
    return _chosen(ways, chance)


def day(value: date, chance: random.Random) -> Callable[[date], str]:
    """Choose how a full day is written."""
    return chance.choice(
        (
            lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
            lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
            lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
            lambda d: f"{MONTHS[d.month - 1]} {_nth(d.day)}, {d.year}",
            lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
            lambda d: f"the {_nth(d.day)} of {MONTHS[d.month - 1]} {d.year}",
            lambda d: d.isoformat(),
            lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
            lambda d: f"{d.day:02}/{d.month:02}/{d.year}",
            lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
            lambda d: f"{d:%A}, {d.day} {MONTHS[d.month - 1]} {d.year}",
            lambda d: f"{d.day} {MONTHS[d.month - 1]}",
            lambda d: f"{MONTHS[d.month - 1]} {_nth(d.day)}",
            lambda d: f"the {spoken_nth(d.day)} of {MONTHS[d.month - 1]}",
        )
    )


def day_and_month(value: date, chance: random.Random) -> Callable[[date], str]:
    """Choose how a day of this year is written: without the year."""
    return chance.choice(
        (
            lambda d: f"{d.day} {MONTHS[d.month - 1]}",
            lambda d: f"{MONTHS[d.month - 1]} {d.day}",
            lambda d: f"the {spoken_nth(d.day)} of {MONTHS[d.month - 1]}",
            lambda d: f"{d.day}.{d.month}.{d.year}",
        )
    )


def quarter(label: str, chance: random.Random) -> Callable[[str], str]:
    """Choose how a quarter such as Q2 2026 is written."""
    return chance.choice(
        (
            lambda q: q,
            lambda q: q,
            lambda q: q.replace(" ", "/"),
            lambda q: q[:2],
            lambda q: f"{q[3:]}-{q[:2]}",
            lambda q: f"{q[:2]} '{q[-2:]}",
            lambda q: f"the {_ORDINALS[int(q[1])]} quarter of {q[3:]}",
        )
    )


def about(value: Decimal, chance: random.Random, *, grain: Decimal) -> tuple[str, Decimal, Range]:
    """Choose a round figure and its hedge; return the hedge, the figure, and what it may be said of."""
    near = _to(value, grain, ROUND_HALF_UP)
    low, high = _to(value, grain, ROUND_FLOOR), _to(value, grain, ROUND_CEILING)
    ways = []
    if near and abs(near - value) <= near / 40:
        ways += [
            ("about", near),
            ("around", near),
            ("roughly", near),
            ("some", near),
            ("approximately", near),
        ]
    if 0 < value - low <= low / 20:
        ways += [
            ("just over", low),
            ("more than", low),
            ("over", low),
            ("a little over", low),
            ("slightly more than", low),
        ]
    if 0 < high - value <= high / 20:
        ways += [
            ("nearly", high),
            ("just under", high),
            ("almost", high),
            ("not quite", high),
            ("close to", high),
        ]
    if not ways:
        return "", value, Range(low=value, high=value)
    hedge, said = chance.choice(ways)
    reach = said / 13
    if said == low and low != value:
        return hedge, said, Range(low=said, high=said + reach)
    if said == high and high != value:
        return hedge, said, Range(low=said - reach, high=said)
    return hedge, said, Range(low=said - reach, high=said + reach)


def share(value: Decimal, chance: random.Random) -> tuple[str, Fraction] | None:
    """Return a fraction that says a percentage, with its hedge; None where no fraction is near."""
    fraction, ways = min(FRACTIONS, key=lambda pair: abs(pair[0] * 100 - Fraction(value)))
    over = Fraction(value) - fraction * 100
    said = chance.choice(ways)
    if over == 0:
        return said, fraction
    if abs(over) <= 1:
        return chance.choice((said, f"about {said}", f"roughly {said}")), fraction
    if abs(over) > 5:
        return None
    hedge = chance.choice(
        ("more than", "just over", "over") if over > 0 else ("nearly", "almost", "just under")
    )
    return f"{hedge} {said}", fraction


def other_share(fraction: Fraction, chance: random.Random) -> str:
    """Return a fraction that is clearly another one."""
    far = [ways for other, ways in FRACTIONS if abs(other - fraction) > Fraction(14, 100)]
    return chance.choice(chance.choice(far))


def between(value: Decimal, chance: random.Random) -> tuple[str, tuple[int, int]]:
    """Return a range of percentages around a value."""
    low = int(value) // 5 * 5
    return _spelled_range(low, low + 5, chance), (low, low + 5)


def other_range(said: tuple[int, int], chance: random.Random) -> str:
    low = said[0] + chance.choice((-20, -15, -10, 10, 15))
    low = low if 5 <= low <= 90 else 5 if said[0] > 30 else 60
    return _spelled_range(low, low + 5, chance)


def _spelled_range(low: int, high: int, chance: random.Random) -> str:
    return chance.choice(
        (
            f"between {low} and {high} %",
            f"between {low} % and {high} %",
            f"at {low}–{high} %",
            f"at {low} to {high} percent",
        )
    )


def spoken_nth(number: int) -> str:
    if number <= 20:
        return _ORDINALS[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_ORDINALS[ones]}" if ones else f"{_TENS[tens][:-1]}ieth"


def _nth(number: int) -> str:
    ending = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _chosen(ways: list[tuple[int, Spell]], chance: random.Random) -> Spell:
    return chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]


def _rounded(value: Decimal, places: int) -> str:
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cents(value: Decimal) -> str:
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def _swapped(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def _to(value: Decimal, grain: Decimal, rounding: str) -> Decimal:
    return (value / grain).to_integral_value(rounding) * grain


def shifted(value: date, days: int) -> date:
    return value + timedelta(days=days)
