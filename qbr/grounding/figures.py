"""What a text may state: a figure, what it may be called, and the words that it asks for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from qbr import catalogue
from qbr.catalogue import Moment
from qbr.facts import Fact, FactKind
from qbr.grounding.quantities import MONEY, PERCENT, PERCENT_POINTS, POINTS, noun_of


class Needs(StrEnum):
    """A word that the sentence must hold before a figure that nobody stored may be read into it."""

    NOTHING = "nothing"
    CHANGE = "change"  # up, fell by, more than, gap
    REST = "rest"  # unused, left, without
    PART = "part"  # of
    TOTAL = "total"  # together, in all
    PER_SEAT = "per seat"
    PER_MONTH = "per month"
    BETWEEN = "between"  # before, apart
    BORDER = "border"  # threshold, below
    COMPARED = "compared"  # median, peers
    FULL = "full"  # of 100, a perfect score
    LOWEST = "lowest"
    HIGHEST = "highest"
    QUOTED = "quoted"  # two words of the goal or commitment that the number stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that the text may state. ``units`` are what it may be called, "" meaning no unit at all.

    A percentage counts 72 for 72 %. ``is_signed`` says that its sign means a direction. ``on`` is the day
    that the sentence must name, as one of many points of a history. ``own_name`` is what it belongs to, among
    ``names``; ``quote`` is the text, in lower case, that holds it.
    """

    facts: tuple[str, ...]
    value: Decimal
    units: frozenset[str]
    topics: frozenset[str]
    currency: str = ""
    moment: Moment | None = None
    needs: Needs = Needs.NOTHING
    also: Needs = Needs.NOTHING
    is_signed: bool = False
    on: date | None = None
    out_of: int = 0
    own_name: str = ""
    names: frozenset[str] = frozenset()
    quote: str = ""


def topics_of(fact: Fact) -> frozenset[str]:
    """Return the word stems that speak of a fact: the catalogue's, or those of its label."""
    entry = catalogue.entry(fact.id)
    if entry is not None and entry.topics == catalogue.ANY_TOPIC:
        return frozenset()
    if entry is not None and entry.topics:
        return frozenset(entry.topics)
    return frozenset(stem(word) for word in fact.label.casefold().split() if len(word) > 3)


def stem(word: str) -> str:
    """Return what the forms of a word begin with."""
    return word[: max(4, len(word) - 2)].strip(".,:;()")


def units_of(fact: Fact) -> frozenset[str]:
    """Return what the value of a numeric fact may be called, "" meaning no unit at all."""
    match fact.kind:
        case FactKind.PERCENT:
            return frozenset({PERCENT})
        case FactKind.PERCENT_POINTS:
            return frozenset({PERCENT_POINTS, POINTS})
        case FactKind.MONEY:
            return frozenset({MONEY, ""})
        case FactKind.DAYS:
            return frozenset({"day"})
        case FactKind.WEEKS:
            return frozenset({"week"})
        case FactKind.SCORE:
            return frozenset({"", POINTS})
        case FactKind.POINTS:
            return frozenset({POINTS, ""})
        case _:
            noun = noun_of(fact.unit) if fact.unit else POINTS
            # Seats are told as people, escalations as tickets that were escalated so many times.
            called = {"seat": {"people"}, "escalation": {"time", "ticket"}, "commitment": {"action"}}.get(
                noun, set()
            )
            return frozenset({noun, "", *called})
