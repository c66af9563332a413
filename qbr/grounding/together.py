"""What figures and days told beside each other say together: a sum, a difference, a share, the days between two."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from qbr.facts import Fact, FactKind, FactSheet
from qbr.grounding.context import Surroundings, says
from qbr.grounding.figures import Figure
from qbr.grounding.matching import DAYS_IN, equals
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity
from qbr.grounding.wording import THAT_IS, is_beside_others, is_told_as_change

_SUM = re.compile(
    r"\b(?:sum\w*|total\w*|together|plus|add\w*|combined|altogether|in all|all in|all told|both|makes?|made|making|amounts?|comes? to|came to|come to|hence|gives?|giving|overall)\b|[+=]",
    re.IGNORECASE,
)
_PLAIN_SUM = re.compile(
    r"\b(?:sum\w*|total\w*|together|plus|combined|altogether|in all|all told|both)\b|[+=]", re.IGNORECASE
)
_DIFFERENCE = re.compile(
    r"\b(?:gap|differ\w*|between|leav\w+|left|remain\w*|rest|minus|short|apart|lie|lies|more|fewer|less|higher|lower|up|down|gain\w*|loss|lost|points?|pts?|spread|distance|swing|by|better|worse|ahead|behind"
    r"|move[ds]?|change[ds]?|open|outstanding|carried|added|shed|cut|delta|above|below|over|under)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:gap|differ\w*|between|apart|spread|distance|than|ahead|behind|lead\w*|trail\w*|above|below|respectively)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"\b(?:of|alone|share|equals?|good for|represents?|worth|makes?|against|compared|or|i\.e|that is|means?|cover\w*|earn\w*|back)\b|[(=]",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:more|fewer|less|higher|lower|up|down|change\w*|rise|rose|risen|fall|fell|fallen|drop\w*|grew|grown|growth|increas\w*|decreas\w*|reduc\w*|improv\w*|gain\w*|lost|loss|declin\w*|cut|shrank|shrunk"
    r"|jump\w*|climb\w*|better|worse|move[ds]?|swing|relative\w*|amounts?|eased|slid|slipp\w*|expand\w*|contract(?:ed|ion))\b",
    re.IGNORECASE,
)
# Where days are counted to or from without naming the day: the quarter's end, today.
_TODAY = re.compile(
    r"\b(?:quarter|period|today|now|from here|away|left|to go|remain\w*|closed?|reporting day|as of)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What was traced in a sentence or the one before it: figures and days, each with its facts."""

    figures: Sequence[tuple[Quantity, tuple[str, ...]]]
    days: Sequence[tuple[str, ...]]


def follows(found: Quantity, beside: Beside, around: Surroundings, facts: FactSheet) -> tuple[str, ...]:
    """Return the facts of two figures or days told nearby that a further figure follows from; empty where it does not."""
    if not found.numeral.readings or found.unit in (SHARE, FOLD):
        return ()
    unit = found.unit or found.elided_unit
    if unit == "day" or unit in DAYS_IN:
        between = next((ids for figure, ids in _spans(beside, around, facts) if _is(found, figure)), ())
        if between:
            return between
    for figure, ids in _worked_out(found, beside, around, facts):
        if _is(found, figure):
            return ids
    return ()


def _is(found: Quantity, figure: Figure) -> bool:
    return figure.value > 0 and equals(found, figure)


def _spans(
    beside: Beside, around: Surroundings, facts: FactSheet
) -> Iterator[tuple[Figure, tuple[str, ...]]]:
    """Yield the days between two days that are told, or between one and the end of the quarter where that is told."""
    told = {ids[0]: facts[ids[0]].value for ids in beside.days if len(ids) >= 1 and ids[0] in facts}
    days = [(fact_id, value) for fact_id, value in told.items() if isinstance(value, date)]
    pairs = list(combinations(days, 2))
    today = facts.known("quarter.as_of")
    if today is not None and isinstance(today.value, date) and says(_TODAY, around.sentence):
        pairs += [((today.id, today.value), day) for day in days]
    for (one, a), (other, b) in pairs:
        if one != other:
            value = Decimal(abs((b - a).days))
            yield _figure((one, other), value, "day"), (one, other)


def _worked_out(
    found: Quantity, beside: Beside, around: Surroundings, facts: FactSheet
) -> Iterator[tuple[Figure, tuple[str, ...]]]:
    told = [
        (quantity, ids, value)
        for quantity, ids in beside.figures
        if quantity.unit not in (SHARE, FOLD) and (value := _value(quantity, ids, facts)) is not None
    ]
    told_in = around.sentence if THAT_IS.match(around.clause) else around.clause
    is_sum, is_difference = says(_SUM, around.sentence), says(_DIFFERENCE, told_in)
    is_share, is_change = says(_SHARE, around.sentence), says(_CHANGE, around.clause)
    unit = found.unit or found.elided_unit
    for (one, first, a), (two, second, b) in combinations(told, 2):
        of, other = _unit(one), _unit(two)
        if set(first) & set(second) or of != other or one.currency != two.currency:
            continue
        ids = (*first, *second)
        is_alike = unit == of and found.currency == one.currency
        is_points = of == PERCENT and unit in (PERCENT_POINTS, POINTS, "")
        is_bare = not found.unit and of not in (MONEY, PERCENT)
        if is_alike and of != PERCENT and (is_sum if of == MONEY else says(_PLAIN_SUM, around.sentence)):
            yield _figure(ids, a + b, found.unit, found.currency), ids
        if is_points and not _are_ends(first, second) and not says(_APART, around.sentence):
            # Two signals that stand apart are told as such.
            continue
        is_of_others = is_beside_others(found, around) and not any(
            id_.startswith("benchmark.") for id_ in ids
        )
        if is_difference and not is_of_others and (is_points or ((is_alike or is_bare) and of != PERCENT)):
            yield _figure(ids, abs(a - b), found.unit, found.currency), ids
        if unit == PERCENT and of != PERCENT and a > 0 and b > 0:
            low, high = min(a, b), max(a, b)
            if is_share and not is_told_as_change(found, around):
                yield _figure(ids, low / high * 100, PERCENT), ids
                if b > a or a > b:
                    yield _figure(ids, high / low * 100, PERCENT), ids
            if is_change and not _are_parts(first, second):
                # A change is told of where it began.
                if not second[0].endswith("at_start"):
                    yield _figure(ids, abs(b / a - 1) * 100, PERCENT), ids
                if not first[0].endswith("at_start"):
                    yield _figure(ids, abs(a / b - 1) * 100, PERCENT), ids


def _are_ends(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Say whether two figures are both ends of one signal, or a rate and its benchmark."""
    ids = {fact.removesuffix("now").removesuffix("at_start") for fact in (*first, *second)}
    return len(ids) == 1 or any(fact.startswith("benchmark.") for fact in ids)


def _are_parts(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Say whether one figure is part of the other: nothing moved from the one to the other."""
    kinds = {fact_id.partition(".")[0] for fact_id in (*first, *second)}
    return bool(kinds & {"seats", "features", "commitments", "roi"})


def _figure(ids: tuple[str, ...], value: Decimal, unit: str, currency: str = "") -> Figure:
    return Figure(facts=ids, value=value, units=frozenset({unit}), topics=frozenset(), currency=currency)


def _unit(quantity: Quantity) -> str:
    return quantity.unit or quantity.elided_unit


def _value(quantity: Quantity, ids: tuple[str, ...], facts: FactSheet) -> Decimal | None:
    """Return what a traced figure really is: its one fact's value, or else what is said."""
    fact: Fact | None = facts.known(ids[0]) if len(ids) == 1 else None
    said = quantity.numeral.readings[0][0] if quantity.numeral.readings else None
    if fact is None or not isinstance(fact.value, Decimal) or said is None:
        return said
    value = fact.value * 100 if fact.kind in (FactKind.PERCENT, FactKind.PERCENT_POINTS) else fact.value
    # A rest is told of the same fact as its whole: 28 % idle of 72 % in use.
    return value if abs(value - said) <= max(value / 10, Decimal(1)) else said
