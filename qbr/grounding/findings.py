"""What the check says of a stretch of text: the facts that it follows from, or why it is marked."""

from dataclasses import dataclass
from enum import StrEnum

from qbr.facts import FactSheet, shown, shown_with_unit
from qbr.grounding.quantities import MONEY, PERCENT, PERCENT_POINTS, SHARE, Quantity

ADVICE = "Correct it, or vouch for it."


class FindingKind(StrEnum):
    NUMBER = "number"
    PERCENTAGE = "percentage"
    AMOUNT = "amount"
    DATE = "date"
    NAME = "name"
    CITATION = "citation"
    LINK = "link"
    WORDING = "wording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A stretch of a block that follows from facts, the closest first. ``is_part`` marks half of a name."""

    start: int
    end: int
    facts: tuple[str, ...]
    is_part: bool = False


def kind_of(found: Quantity) -> FindingKind:
    if found.unit == MONEY:
        return FindingKind.AMOUNT
    return FindingKind.PERCENTAGE if found.unit in (PERCENT, PERCENT_POINTS, SHARE) else FindingKind.NUMBER


def about_figure(text: str, hint: str | None, facts: FactSheet) -> str:
    if hint and hint in facts:
        fact = facts[hint]
        return f"“{text}” follows from no fact; {fact.label} is {shown_with_unit(fact)}. {ADVICE}"
    return f"“{text}” follows from no fact. {ADVICE}"


def about_date(text: str, hint: str | None, facts: FactSheet) -> str:
    if hint and hint in facts:
        fact = facts[hint]
        return f"“{text}” is the date of no fact that this sentence speaks of; {fact.label} is {shown(fact)}. {ADVICE}"
    return f"“{text}” is the date of no fact that this sentence speaks of. {ADVICE}"


def about_name(text: str, nearest: str | None) -> str:
    if nearest:
        return f"“{text}” is named in no fact; the nearest name is {nearest}. {ADVICE}"
    return f"“{text}” is named in no fact. {ADVICE}"


def too_many(text: str) -> str:
    return f"“{text}” stands in a paragraph with more figures than can be checked. Make paragraphs of it."


def no_such_fact(text: str) -> str:
    return f"“{text}” cites a fact that does not exist. Write what you mean instead."


def about_link(text: str) -> str:
    return f"“{text}” is an address. Remove it, or vouch for it."
