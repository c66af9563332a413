"""Plants one error at a time into true text: another number, another day, another name."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from csm_portal.ports.documents import Span
from qbr.document import TextBlock
from qbr.facts import grouped, shown_date
from qbr.grounding import check, dates, names, quantities, spelling
from qbr.grounding.check import Knowledge

_STRANGERS = (
    "Olga Petrenko", "Globex", "Northwind Traders", "Tom Becker", "Acme", "Lin Zhao", "Contoso", "Hooli",
    "Vandelay Industries", "Maria Rossi", "Bergmann", "Initech", "Mark Stone", "Grace Hill", "Дмитрий Орлов", "東京電子",
)  # fmt: skip
_SHIFTS = (-365, -31, -30, -9, -7, -3, -1, 1, 2, 5, 10, 31, 60, 365)


@dataclass(frozen=True, slots=True)
class Planted:
    """A text with one error in it, from ``start`` to ``end``."""

    kind: str
    text: str
    start: int
    end: int


def block(text: str) -> TextBlock:
    return TextBlock(spans=(Span(text=text),))


def is_marked(planted: Planted, known: Knowledge) -> bool:
    """Say whether the check marks the planted error, or something that it is part of."""
    untraced = check.read(block(planted.text), known).untraced
    return any(start < planted.end and planted.start < end for start, end, _, _ in untraced)


def plant(text: str, known: Knowledge, *, chance: random.Random) -> Iterator[Planted]:
    """Yield the text with each of its figures, days and names made wrong in turn."""
    level = spelling.levelled(text)
    whens = dates.find(level)
    for when in whens:
        if len(when.readings) == 1:
            wrong = when.readings[0] + timedelta(days=chance.choice(_SHIFTS))
            yield _put(text, when.start, when.end, shown_date(wrong), "date")
    dateless = level
    for when in whens:
        dateless = dateless[: when.start] + "x" * (when.end - when.start) + dateless[when.end :]
    whole = [name for name in names.find(dateless, known.names) if name.is_whole]
    for name in whole:
        yield _put(text, name.start, name.end, chance.choice(_STRANGERS), "name")
    for found in quantities.find(names.masked(dateless, whole), nouns=known.evidence.units):
        numeral = found.numeral
        if numeral.readings and not numeral.is_share and not numeral.is_fold:
            value = numeral.readings[0][0]
            wrong = _another(value, chance)
            # Rounding cents or tenths away is no error.
            if abs(wrong - value) > Decimal("0.5"):
                yield _put(text, numeral.start, numeral.end, grouped(wrong, places=1), "number")


def _another(value: Decimal, chance: random.Random) -> Decimal:
    digits = str(int(value))
    swapped = Decimal(digits[1] + digits[0] + digits[2:]) if len(digits) > 1 else value + 3
    choices = [value + 1, value - 1, value * 2, value + 10, value * Decimal("1.1"), value * 10, swapped]
    choices += [value + chance.randint(2, 9), value - chance.randint(2, 9)]
    whole = [choice.quantize(Decimal(1)) for choice in choices]
    return chance.choice([choice for choice in whole if choice > 0 and choice != value] or [value + 7])


def _put(text: str, start: int, end: int, wrong: str, kind: str) -> Planted:
    return Planted(kind, text[:start] + wrong + text[end:], start, start + len(wrong))
