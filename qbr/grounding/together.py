"""What figures of one sentence say together: a range around a fact, the sum of two, the difference of two."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from qbr.grounding.context import Surroundings
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity

_SUM = re.compile(
    r"\b(?:sum\w*|total\w*|together|plus|add\w*|combined|altogether|in all|all in|makes?|made|amounts?|comes? to|came to)\b",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"\b(?:gap|differ\w+|between|leav\w+|left|remain\w*|rest|minus|short|apart|lie|lies|more|fewer|less|up|down|gain\w*|loss|lost|points?|spread|distance|swing|by)\b",
    re.IGNORECASE,
)
_Told = Sequence[tuple[Quantity, tuple[str, ...]]]


def follows(found: Quantity, beside: _Told, around: Surroundings, text: str) -> tuple[str, ...]:
    """Return the facts of two traced figures of the sentence that a third follows from; empty where it does not."""
    if not found.numeral.readings or found.unit in (SHARE, FOLD):
        return ()
    values = [(other, facts, _value(other)) for other, facts in beside if other.unit not in (SHARE, FOLD)]
    for (one, first, a), (two, second, b) in combinations(values, 2):
        if (
            a is None
            or b is None
            or set(first) & set(second)
            or one.unit != two.unit
            or one.currency != two.currency
        ):
            continue
        same_unit = found.unit == one.unit and found.currency == one.currency
        is_points = one.unit == PERCENT and found.unit in (PERCENT_POINTS, POINTS, "")
        if same_unit and found.unit == MONEY and _SUM.search(around.sentence) and _is(found, a + b):
            return (*first, *second)
        if (
            ((same_unit and found.unit == MONEY) or is_points)
            and _DIFFERENCE.search(around.sentence)
            and _is(found, abs(a - b))
        ):
            return (*first, *second)
    return ()


def _value(quantity: Quantity) -> Decimal | None:
    return quantity.numeral.readings[0][0] if quantity.numeral.readings else None


def _is(found: Quantity, value: Decimal) -> bool:
    return value > 0 and any(abs(said - value) <= step / 2 for said, step in found.numeral.readings)
