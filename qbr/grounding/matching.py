"""Has a quantity of a text the value and the unit of a figure? Rounding, hedges, signs and turned units."""

from decimal import Decimal

from qbr.grounding.figures import Figure, Needs
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, SHARE, Hedge, Quantity

DAYS_IN = {
    "week": Decimal(7),
    "month": Decimal("30.44"),
    "year": Decimal("365.25"),
    "quarter": Decimal("91.3"),
}
_SHARE_SLACK = Decimal(3)
_ROUNDING = Decimal("0.075")
_ROUND_SHARE = Decimal(35)
_ABOUT = 25
"""What is told as "about" may be off by this part of it."""
_TELLING_DIGITS = 3
_TELLING_AMOUNT = 1000
_FOLD_SLACK = Decimal("0.05")


def equals(found: Quantity, figure: Figure) -> bool:
    return any(_same(found, figure, value, step) for value, step in found.numeral.readings)


def _same(found: Quantity, figure: Figure, value: Decimal, step: Decimal) -> bool:
    target = figure.value
    if found.numeral.sign:
        if figure.own_name:
            # What a signal costs may be told as minus 9.
            value = value * found.numeral.sign
        elif not figure.is_signed and found.numeral.sign * target <= 0:
            return False
        value = value * found.numeral.sign
    elif figure.is_signed:
        target = abs(target)
    is_turned = found.unit in DAYS_IN and found.unit not in figure.units
    if found.unit == SHARE:
        value, slack = value * 100, _SHARE_SLACK
    elif found.unit == FOLD:
        slack = target * _FOLD_SLACK if target != 1 else Decimal(0)
    elif is_turned:
        target = target / DAYS_IN[found.unit]
        slack = Decimal("0.5") if found.unit == "week" else Decimal("0.25")
    else:
        slack = step / 2 if target != target.to_integral_value() or step > 1 else Decimal(0)
    over = target - value
    if abs(over) <= slack and not _is_hedged_wrongly(found.hedge, over):
        return True
    if figure.needs is Needs.BORDER:
        # What is under a threshold is not about a figure under it.
        return False
    # "About 1,200" is round to the hundred, "about 1,192" is not round at all; "more than half" is very round.
    grain = _ROUND_SHARE if found.unit == SHARE else min(_grain(value), value * _ROUNDING)
    match found.hedge:
        case Hedge.ABOUT:
            near = min(_grain(value) / 2, abs(target) / 20)
            if digits(value) < _TELLING_DIGITS and _grain(value) > 1:
                # "About 48" is 48 when rounded; "about 50" is any number near it.
                near = max(near, value / _ABOUT)
            return found.unit != SHARE and abs(over) <= near
        case Hedge.OVER:
            return _is_just_past(over, grain) and found.unit != FOLD
        case Hedge.UNDER:
            return _is_just_past(-over, grain) and found.unit != FOLD
    return False


def _is_just_past(distance: Decimal, grain: Decimal) -> bool:
    """Say whether a figure lies on the side that a hedge tells, and near: "more than 47" is not said of 48."""
    return 0 <= distance < grain if grain <= 1 else 0 <= distance <= grain


def _is_hedged_wrongly(hedge: Hedge | None, over: Decimal) -> bool:
    return (hedge is Hedge.OVER and over < 0) or (hedge is Hedge.UNDER and over > 0)


def _grain(value: Decimal) -> Decimal:
    """Return the largest of 1, 5, 10, 50, 100 … that a value is a multiple of."""
    grain = Decimal(1)
    for step in (
        Decimal(5) * 10**power if is_five else Decimal(10) ** (power + 1)
        for power in range(9)
        for is_five in (True, False)
    ):
        if value % step == 0:
            grain = step
    return grain


def digits(value: Decimal) -> int:
    """Return how many digits of a number say something: 2 of 1,200."""
    return len(value.normalize().as_tuple().digits)


def is_telling(found: Quantity) -> bool:
    """Say whether a figure is so exact that hardly anything but its own fact has that value: 1,240 or € 48,000."""
    for value, step in found.numeral.readings:
        count = digits(value)
        if found.unit == MONEY and (count >= _TELLING_DIGITS - 1 and value >= _TELLING_AMOUNT):
            return True
        if found.unit not in (SHARE, FOLD) and count >= _TELLING_DIGITS and step <= value / 100:
            return True
    return False


def speaks_of(found: Quantity, figure: Figure) -> bool:
    """Say whether a quantity could be this figure by its unit alone."""
    if found.out_of:
        return figure.out_of == found.out_of
    if found.unit == SHARE:
        return PERCENT in figure.units
    if found.unit == MONEY:
        if figure.needs is Needs.PER_SEAT or figure.needs is Needs.PER_MONTH:
            return found.currency == figure.currency and MONEY in figure.units
        return MONEY in figure.units and found.currency == figure.currency
    if found.unit in DAYS_IN and "day" in figure.units:
        return True
    return found.unit in figure.units
