"""Does a quantity or a date in a text follow from the facts? The sentence around it decides which facts may answer.

A figure is accepted where a fact, or the arithmetic of two, gives that value in that unit, and the clause is
about that fact: among the facts of the same unit, one whose topic words stand in the clause, else in the
sentence, else in the block. Words of change, of rest and of direction have to be there, and to agree.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from qbr.catalogue import Moment
from qbr.grounding import cues
from qbr.grounding.context import Surroundings, days_named, present, says
from qbr.grounding.dates import When
from qbr.grounding.evidence import Evidence
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, SHARE, Hedge, Quantity

_PARTS = frozenset({"seats.used", "seats.unused", "features.used_count", "commitments.kept"})
_WHOLES = frozenset({"seats.purchased", "features.licensed_count", "commitments.total"})
_DAYS_IN = {
    "week": Decimal(7),
    "month": Decimal("30.44"),
    "year": Decimal("365.25"),
    "quarter": Decimal("91.3"),
}
_SHARE_SLACK = Decimal(3)
_ROUNDING = Decimal("0.075")
_ROUND_SHARE = Decimal(35)
_FOLD_SLACK = Decimal("0.05")


class _HasTopics(Protocol):
    @property
    def topics(self) -> frozenset[str]: ...


_Topical = TypeVar("_Topical", bound=_HasTopics)


def quantity(found: Quantity, around: Surroundings, known: Evidence) -> tuple[str, ...]:
    """Return the ids of the facts that a quantity follows from, the closest first; empty where there are none."""
    rivals = [figure for figure in known.figures if _speaks_of(found, figure)]
    exact = [figure for figure in rivals if found.unit in figure.units]
    if found.unit in _DAYS_IN and present(
        _topics(exact), around.text[found.end : min(found.end + 30, around.clause_end)]
    ):
        # Where weeks are counted, days turned into weeks prove nothing.
        rivals = exact
    hits = [
        figure
        for figure in rivals
        if _equals(found, figure)
        and _is_worded(found, figure, around)
        and _is_timely(found, figure, around, known)
    ]
    chosen = _on_topic(hits, rivals, around)
    if not chosen and not present(_topics(rivals), around.clause):
        # A day of the history that is named says by itself what is told of it.
        chosen = [figure for figure in hits if figure.on is not None]
    if not chosen and (found.unit or found.out_of) and not present(_topics(rivals), around.text):
        # Nothing around it says what it is about: then the unit has to, and arithmetic would prove anything.
        chosen = [figure for figure in hits if _is_proven_by_unit(figure)]
    return tuple(dict.fromkeys(fact for figure in chosen for fact in figure.facts))


def _is_proven_by_unit(figure: Figure) -> bool:
    if figure.on is not None or figure.own_name:
        return False
    is_told_change = figure.needs is Needs.CHANGE and len(figure.facts) == 1
    return is_told_change or figure.needs in (Needs.NOTHING, Needs.PER_SEAT, Needs.PER_MONTH)


def day(found: When, around: Surroundings, known: Evidence) -> tuple[str, ...]:
    """Return the ids of the facts that a date follows from; empty where there are none."""
    if found.is_impossible:
        return ()
    quarters = _quarters(found, known)
    if quarters:
        return quarters
    is_day = bool(found.readings or found.day)
    hits = [item for item in known.days if found.agrees_with(item.value)]
    # A bare year or month is loose talk: any date within it will do.
    if (found.year is None) != (found.month is None) and not (found.quarter or found.half or found.day):
        return tuple(dict.fromkeys(item.fact for item in hits))
    if not is_day:
        # Proposed dates fit any sentence, so only the day itself proves that one is meant.
        hits = [item for item in hits if item.topics]
    chosen = _on_topic(hits, known.days, around)
    if not chosen and not present(_topics(known.days), around.text):
        chosen = hits
    return tuple(dict.fromkeys(item.fact for item in chosen))


def _quarters(found: When, known: Evidence) -> tuple[str, ...]:
    if found.quarter is None:
        return ()
    return tuple(
        fact_id
        for fact_id, label, _ in known.quarters
        if int(label[1]) == found.quarter and found.year in (None, int(label[3:]))
    )


def _speaks_of(found: Quantity, figure: Figure) -> bool:
    """Say whether a quantity could be this figure by its unit alone."""
    if found.out_of:
        return figure.out_of == found.out_of
    if found.unit == SHARE:
        return PERCENT in figure.units
    if found.unit == MONEY:
        if figure.needs is Needs.PER_SEAT or figure.needs is Needs.PER_MONTH:
            return found.currency == figure.currency and MONEY in figure.units
        return MONEY in figure.units and found.currency == figure.currency
    if found.unit in _DAYS_IN and "day" in figure.units:
        return True
    return found.unit in figure.units


def _equals(found: Quantity, figure: Figure) -> bool:
    return any(_same(found, figure, value, step) for value, step in found.numeral.readings)


def _same(found: Quantity, figure: Figure, value: Decimal, step: Decimal) -> bool:
    target = figure.value
    if found.numeral.sign:
        if not figure.is_signed and found.numeral.sign * target <= 0:
            return False
        value = value * found.numeral.sign
    elif figure.is_signed:
        target = abs(target)
    is_turned = found.unit in _DAYS_IN and found.unit not in figure.units
    if found.unit == SHARE:
        value, slack = value * 100, _SHARE_SLACK
    elif found.unit == FOLD:
        slack = target * _FOLD_SLACK if target != 1 else Decimal(0)
    elif is_turned:
        target = target / _DAYS_IN[found.unit]
        slack = Decimal("0.5") if found.unit == "week" else Decimal("0.25")
    else:
        slack = step / 2 if target != target.to_integral_value() or step > 1 else Decimal(0)
    over = target - value
    if abs(over) <= slack and not (is_turned and _is_hedged_wrongly(found.hedge, over)):
        return True
    # "About 1,200" is round to the hundred, "about 1,192" is not round at all; "more than half" is very round.
    grain = _ROUND_SHARE if found.unit == SHARE else min(_grain(value), value * _ROUNDING)
    match found.hedge:
        case Hedge.ABOUT:
            return found.unit != SHARE and abs(over) <= min(_grain(value) / 2, abs(target) / 20)
        case Hedge.OVER:
            return 0 <= over <= grain and found.unit != FOLD
        case Hedge.UNDER:
            return 0 <= -over <= grain and found.unit != FOLD
    return False


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


def _is_worded(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Say whether the sentence holds the words that a derived figure needs, and none that contradict it."""
    if figure.on is not None and figure.needs is not Needs.EXTREME:
        named = days_named(around.sentence)
        return any(when.agrees_with(figure.on) and (when.readings or when.month) for when in named)
    if not _is_on_its_side(found, figure, around) or not _is_by_its_name(found, figure, around):
        return False
    match figure.needs:
        case Needs.PER_SEAT:
            return found.is_per_seat
        case Needs.PER_MONTH:
            return found.is_per_month
        case Needs.CHANGE:
            before = around.text[max(around.sentence_start, found.start - 24) : found.start]
            stands = cues.ENDS_BEFORE if found.unit else cues.STANDS_BEFORE
            if found.unit not in (POINTS, PERCENT_POINTS) and stands.search(before):
                return False
            # Beside a benchmark, a gap is the gap to it.
            if says(cues.COMPARED, around.clause) and figure.moment is not None:
                return False
            if not any(says(cue, around.clause) for cue in (cues.RISE, cues.FALL, cues.MOVED)):
                return False
        case Needs.NOTHING:
            if (found.is_per_seat or found.is_per_month) and figure.currency and figure.value > 1000:
                return False
        case needed:
            if not says(cues.NEEDED[needed], around.sentence):
                return False
    return not (figure.is_signed and _contradicts(figure, around))


def _is_on_its_side(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Tell what is in use from what is not, both from what was bought, and a part from its whole."""
    clause, fact_id = around.clause, figure.facts[0]
    if figure.moment is not None and figure.needs is Needs.NOTHING and _is_a_move(found, around):
        return False
    before = around.text[around.sentence_start : found.start]
    after = around.text[found.end : around.sentence_end]
    in_use, is_idle = says(cues.IN_USE, clause), says(cues.IDLE, clause)
    if fact_id in _PARTS and cues.OF_BEFORE.search(before):
        return False
    if fact_id in _WHOLES and len(figure.facts) == 1:
        is_the_whole = bool(cues.OF_RIGHT_BEFORE.search(before))
        is_a_part = bool(cues.OF_AFTER.match(after)) or (is_idle and not in_use)
        if not is_the_whole and (is_a_part or cues.SEATS_IN_USE.match(after)):
            return False
    if figure.facts == ("seats.used",):
        return in_use or not (is_idle or says(cues.BOUGHT, clause))
    is_share_in_use = figure.needs is Needs.PART or (
        PERCENT in figure.units and figure.needs is Needs.NOTHING
    )
    return in_use or not (is_idle and is_share_in_use)


def _is_a_move(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number is how far something moved, or what it cost, and so not where it stands."""
    before = around.text[max(around.sentence_start, found.start - 24) : found.start]
    return bool(cues.BY_BEFORE.search(before)) or (found.unit == POINTS and says(cues.COSTS, around.clause))


def _is_by_its_name(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Of several signals, each with its points, only the one named before the points may have them."""
    if not figure.names:
        return True
    before = around.text[around.sentence_start : found.start]
    since_last = re.split(r"\d", before)[-1].casefold()
    return figure.own_name in since_last or not any(name in since_last for name in figure.names)


def _contradicts(figure: Figure, around: Surroundings) -> bool:
    rises, falls = bool(says(cues.RISE, around.clause)), bool(says(cues.FALL, around.clause))
    if rises == falls or figure.value == 0:
        return False
    return rises != (figure.value > 0)


def _is_timely(found: Quantity, figure: Figure, around: Surroundings, known: Evidence) -> bool:
    """Say whether a value of the start or of the end stands where the sentence speaks of that time."""
    if figure.moment is None or figure.needs is Needs.CHANGE:
        return True
    before = around.text[max(around.sentence_start, found.start - 12) : found.start].casefold()
    if re.search(r"\bfrom\s+(?:a |an |about |the )*$", before):
        return figure.moment is Moment.START
    if re.search(r"\bto\s+(?:a |an |about |the )*$", before) and re.search(
        r"\bfrom\b", around.text[around.sentence_start : found.start], re.IGNORECASE
    ):
        return figure.moment is Moment.NOW
    if figure.moment is Moment.START:
        return bool(says(cues.PAST, around.clause)) or any(
            known.starts_on is not None and when.agrees_with(known.starts_on)
            for when in days_named(around.sentence)
        )
    return not (says(cues.AT_START, around.clause) and not says(cues.NOW_WORDS, around.clause))


def _on_topic(hits: Sequence[_Topical], rivals: Sequence[_HasTopics], around: Surroundings) -> list[_Topical]:
    """Keep the hits that the nearest words about any rival are about."""
    if not hits:
        return []
    for stretch in (around.clause, around.sentence, around.text):
        spoken_of = present(_topics(rivals), stretch)
        if spoken_of:
            # What fits any sentence fits only where the clause itself speaks of nothing else.
            fits_any = stretch is not around.clause
            return [hit for hit in hits if hit.topics & spoken_of or (fits_any and not hit.topics)]
    return []


def _topics(rivals: Iterable[_HasTopics]) -> set[str]:
    return {stem for rival in rivals for stem in rival.topics}


def nearest(found: Quantity, around: Surroundings, known: Evidence) -> str | None:
    """Return the fact that the clause seems to speak of, for a hint in the finding's message."""
    rivals = [f for f in known.figures if f.needs is Needs.NOTHING and f.on is None and _speaks_of(found, f)]
    for figure in rivals:
        if figure.moment is not Moment.START and present(figure.topics, around.clause):
            return figure.facts[0]
    return None
