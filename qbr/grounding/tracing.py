"""Does a quantity or a date in a text follow from the facts? The sentence around it decides which facts may answer.

A figure is accepted where a fact, or the arithmetic of two, gives that value in that unit, and the clause is
about that fact: among the facts of the same unit, one whose topic words stand in the clause, else in the
sentence, else in the block. Words of change, of rest and of direction have to be there, and to agree.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from qbr.catalogue import Moment, entry
from qbr.grounding import cues, moments
from qbr.grounding.context import Surroundings, days_named, present, says
from qbr.grounding.dates import When
from qbr.grounding.evidence import Day, Evidence
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, SHARE, Hedge, Quantity

_PARTS = frozenset({"seats.used", "seats.unused", "features.used_count", "commitments.kept"})
WHOLES = frozenset({"seats.purchased", "features.licensed_count", "commitments.total"})
_DAYS_IN = {
    "week": Decimal(7),
    "month": Decimal("30.44"),
    "year": Decimal("365.25"),
    "quarter": Decimal("91.3"),
}
_SHARE_SLACK = Decimal(3)
_ROUNDING = Decimal("0.075")
_ROUND_SHARE = Decimal(35)
_SHARED_BY_DATES = frozenset({
    "quarter", "review", "period", "start", "began", "since", "end", "close", "as of", "figure", "data", "stand", "now",
    "today", "due", "last", "next", "plan", "agreed", "scor", "health", "conversation", "contact", "talk",
    "touch", "commit", "promis", "contract", "agreement",
})  # fmt: skip
_WIDEST = Decimal("0.25")
"""A range may be this part of its upper end wide."""
_SHARES_IN_USE = ("input.seats_utilization.", "input.feature_adoption_rate.")
_COMPARED_FACTS = frozenset({"input.feature_adoption_rate.now", "benchmark.adoption_median"})
_ABOUT = 40
"""What is told as "about" may be off by this part of it."""
_WORDS_OF_ANY_MONEY = frozenset({"worth", "value", "pay", "paid", "costs", "spend"})
_EXTREMES = frozenset({Needs.LOWEST, Needs.HIGHEST})
_RATES = frozenset({Needs.PER_SEAT, Needs.PER_MONTH})
_RATE_TOPICS = (
    frozenset(catalogue_entry.topics) if (catalogue_entry := entry("contract.arr")) else frozenset()
)
_TELLING_DIGITS = 3
_TELLING_AMOUNT = 1000
_FOLD_SLACK = Decimal("0.05")


_POINTS = re.compile(r"\b(?:points?|cost\w*|takes?|lost|loses?|deduct\w*|weigh\w*|drag\w*)\b", re.IGNORECASE)
_MOVED_BEFORE = re.compile(
    r"(?:\b(?:by|up|down|gained|lost|plus|minus|added|adds|shed|of|another|rose|fell|dropped|grew|shrank|climbed|is|are|moved|improved|cut|more|fewer|less)"
    r"|[+-])\s*(?:about |around |some |roughly |nearly |just )?$",
    re.IGNORECASE,
)
_MOVED_AFTER = re.compile(
    r"\s*(?:[a-z]+\s+){0,2}?(?:more|fewer|less|higher|lower|up|down|better|worse|extra|additional|above|below|than|apart|between|ahead|behind|away)\b",
    re.IGNORECASE,
)
_GONE_BY = re.compile(
    r"\b(?:last (?:word|time|call|contact|spoke|conversation|exchange|meeting|visit|talk|touch|heard)|spoke|spoken|met|talked|heard|have been|has been|was|were|came|called|conferred|visited|saw)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|until|till|by|before|due|renew\w*|next|planned|set for|scheduled|expir\w*|ends?|end|deadline|notice|signed|agreed|extended|moved)\b",
    re.IGNORECASE,
)
_DEADLINE = re.compile(r"\b(?:until|till|by|before|no later than)\s+(?:the\s+)?$", re.IGNORECASE)
_SEAT = re.compile(r"\b(?:seat|user|licen[cs]e|head|person)\b", re.IGNORECASE)
_MONTH = re.compile(r"\bmonth(?:ly|s)?\b", re.IGNORECASE)
_IN_COMPARISON = re.compile(
    r"^[^.;,\d]{0,10}\b(?:above|below|ahead of|behind|over|under)\s+(?:the|its|their)\s+(?:median|peers|segment|benchmark|average)",
    re.IGNORECASE,
)


class _HasTopics(Protocol):
    @property
    def topics(self) -> frozenset[str]: ...


_Topical = TypeVar("_Topical", bound=_HasTopics)


def quantity(
    found: Quantity, around: Surroundings, known: Evidence, *, told: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return the ids of the facts that a quantity follows from, the closest first; empty where there are none.

    ``told`` are facts that other figures of the sentence were traced to: words about these speak of those figures.
    """
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
        and (_is_timely(found, figure, around, known) or _is_the_other_end(found, figure, around, told))
    ]
    chosen = _on_topic(hits, rivals, around)
    if not chosen and not present(_topics(rivals), around.clause):
        # A day of the history that is named says by itself what is told of it.
        chosen = [figure for figure in hits if figure.on is not None]
    if not chosen and (found.unit or found.out_of) and not present(_topics(rivals), around.text):
        # Nothing around it says what it is about: then the unit has to, and arithmetic would prove anything.
        chosen = [figure for figure in hits if _is_proven_by_unit(figure)]
    if not chosen and is_telling(found):
        spoken_of = present(_topics(rivals), around.clause) - _WORDS_OF_ANY_MONEY
        chosen = [figure for figure in hits if not spoken_of or figure.topics & spoken_of]
    if not chosen:
        # What is told a seat or a month names its fact by that, unless the sentence is about other money.
        others = {
            stem for figure in rivals if figure.needs not in _RATES for stem in figure.topics
        } - _RATE_TOPICS
        chosen = [hit for hit in hits if hit.needs in _RATES and not present(others, around.sentence)]
    if not chosen and told:
        chosen = [hit for hit in hits if len(hit.facts) > 1 and set(hit.facts) <= told]
    if not chosen and told:
        chosen = _on_what_is_left(found, hits, rivals, around, told)
    return tuple(dict.fromkeys(fact for figure in chosen for fact in figure.facts))


def between(first: Quantity, second: Quantity, around: Surroundings, known: Evidence) -> tuple[str, ...]:
    """Return the facts that lie in a range that a text gives instead of a figure; empty for a range that says little."""
    if not first.numeral.readings or not second.numeral.readings or first.unit != second.unit:
        return ()
    low, high = first.numeral.readings[0][0], second.numeral.readings[0][0]
    if not low < high or high - low > max(high * _WIDEST, Decimal(1)):
        return ()
    rivals = [
        figure for figure in known.figures if _speaks_of(second, figure) and figure.needs is Needs.NOTHING
    ]
    hits = [
        figure
        for figure in rivals
        if low <= figure.value <= high
        and _is_worded(second, figure, around)
        and _is_timely(second, figure, around, known)
    ]
    return tuple(dict.fromkeys(fact for figure in _on_topic(hits, rivals, around) for fact in figure.facts))


def is_telling(found: Quantity) -> bool:
    """Say whether a figure is so exact that hardly anything but its own fact has that value: 1,240 or € 48,000."""
    for value, step in found.numeral.readings:
        count = _digits(value)
        if found.unit == MONEY and (count >= _TELLING_DIGITS - 1 and value >= _TELLING_AMOUNT):
            return True
        if found.unit not in (SHARE, FOLD) and count >= _TELLING_DIGITS and step <= value / 100:
            return True
    return False


def _digits(value: Decimal) -> int:
    """Return how many digits of a number say something: 2 of 1,200."""
    return len(value.normalize().as_tuple().digits)


def _on_what_is_left(
    found: Quantity,
    hits: Sequence[Figure],
    rivals: Sequence[Figure],
    around: Surroundings,
    told: frozenset[str],
) -> list[Figure]:
    """Keep the hits that the nearest words about any rival are about, but for words about figures told already."""
    if not hits:
        return []
    taken = {stem for figure in rivals if set(figure.facts) <= told for stem in figure.topics}
    for stretch in (around.clause, around.sentence):
        spoken_of = present(_topics(rivals), stretch)
        kept = [hit for hit in hits if hit.topics & spoken_of]
        if kept:
            return kept
        if spoken_of - taken:
            return []
    if found.unit != PERCENT:
        return []
    return [hit for hit in hits if hit.needs is Needs.NOTHING and _is_kin(hit.facts[0], told)]


def _is_kin(fact_id: str, told: frozenset[str]) -> bool:
    """Say whether a fact is the other end of one that was told, or what it is compared with."""
    kin = {fact_id.replace(".now", ".at_start"), fact_id.replace(".at_start", ".now")} - {fact_id}
    if fact_id in _COMPARED_FACTS:
        kin |= _COMPARED_FACTS
    return bool(kin & told)


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
    hits = [item for item in known.days if found.agrees_with(item.value)]
    if found.quarter or found.half:
        # A stretch of time of which no fact is, but that a date lies in: the renewal in Q4.
        spoken_of = present(_told_apart(known.days), around.clause)
        return tuple(dict.fromkeys(item.fact for item in hits if _own(item.topics) & spoken_of))
    hits = [item for item in hits if _is_in_tense(item, found, around, known)]
    is_year = found.year is not None and found.month is None and not found.day
    if is_year or not hits:
        # A bare year is loose talk: any date within it will do.
        return tuple(dict.fromkeys(item.fact for item in hits))
    others = [
        when for when in days_named(around.sentence) if around.sentence_start + when.start != found.start
    ]
    for stretch in (around.clause, around.sentence):
        spoken_of = present(_told_apart(known.days), stretch)
        kept = [item for item in hits if _own(item.topics) & spoken_of]
        if kept:
            hits = kept
            break
        # Words about a date that is named beside this one speak of that date.
        named = {
            stem
            for item in known.days
            for when in others
            if when.agrees_with(item.value)
            for stem in _own(item.topics)
        }
        if spoken_of - named:
            return ()
    return tuple(dict.fromkeys(item.fact for item in hits))


def _is_in_tense(item: Day, found: When, around: Surroundings, known: Evidence) -> bool:
    """Say whether a day ahead is not told as past, nor a day gone by as a deadline: we last spoke on the renewal date."""
    today = max(known.ends_on, default=None)
    if today is None or not _own(item.topics):
        return True
    if item.value > today and item.fact.startswith("contract."):
        return not (_GONE_BY.search(around.clause) and not _AHEAD.search(around.clause))
    # A date of notice that has passed was a deadline once; a conversation never was.
    return item.fact != "input.last_interaction_on" or not _DEADLINE.search(
        around.text[max(around.clause_start, found.start - 16) : found.start]
    )


def _told_apart(days: Iterable[_HasTopics]) -> set[str]:
    return {stem for item in days for stem in _own(item.topics)}


def _own(topics: frozenset[str]) -> frozenset[str]:
    """Return the words that speak of one date alone: of notice, but not of "the quarter" or "due"."""
    return topics - _SHARED_BY_DATES


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
    if figure.needs is Needs.BORDER:
        # What is under a threshold is not about a figure under it.
        return False
    # "About 1,200" is round to the hundred, "about 1,192" is not round at all; "more than half" is very round.
    grain = _ROUND_SHARE if found.unit == SHARE else min(_grain(value), value * _ROUNDING)
    match found.hedge:
        case Hedge.ABOUT:
            near = min(_grain(value) / 2, abs(target) / 20)
            if _digits(value) < _TELLING_DIGITS:
                near = max(near, value / _ABOUT)
            return found.unit != SHARE and abs(over) <= near
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
    if figure.on is not None and figure.needs not in (Needs.LOWEST, Needs.HIGHEST):
        named = days_named(around.sentence)
        return any(when.agrees_with(figure.on) and (when.readings or when.month) for when in named)
    if figure.also is not Needs.NOTHING and not says(cues.NEEDED[figure.also], around.sentence):
        return False
    if (
        figure.needs is Needs.NOTHING
        and figure.facts[0].startswith("health.score_")
        and _is_an_extreme(around)
    ):
        return False
    if (
        figure.needs in _EXTREMES
        and _is_an_extreme(around)
        and not says(cues.NEEDED[figure.needs], around.clause)
    ):
        return False
    if not _is_on_its_side(found, figure, around) or not _is_by_its_name(found, figure, around):
        return False
    match figure.needs:
        case Needs.PER_SEAT:
            return found.is_per_seat or says(_SEAT, around.sentence)
        case Needs.PER_MONTH:
            return found.is_per_month or says(_MONTH, around.sentence)
        case Needs.CHANGE:
            before = around.text[max(around.sentence_start, found.start - 24) : found.start]
            stands = cues.ENDS_BEFORE if found.unit else cues.STANDS_BEFORE
            is_called_so = found.unit == PERCENT_POINTS or (found.unit == POINTS and found.noun_end > 0)
            if not is_called_so and stands.search(before):
                return False
            # Beside a benchmark, a gap is the gap to it.
            if says(cues.COMPARED, around.clause) and figure.moment is not None:
                return False
            if _IN_COMPARISON.search(around.text[found.end : found.end + 24]) and figure.moment is not None:
                return False
            after = around.text[max(found.end, found.noun_end) : around.sentence_end]
            if (
                found.noun_end
                and found.unit != POINTS
                and not (_MOVED_BEFORE.search(before) or _MOVED_AFTER.match(after))
            ):
                # "120 tickets" are there, "120 tickets more" came.
                return False
            if not any(says(cue, around.clause) for cue in (cues.RISE, cues.FALL, cues.MOVED)):
                return False
        case Needs.NOTHING:
            if (found.is_per_seat or found.is_per_month) and figure.currency and figure.value > 1000:
                return False
        case needed:
            is_plain = needed in (Needs.REST, Needs.TOTAL) and is_telling(found)
            is_plain = is_plain or (figure.facts == ("seats.unused",) and found.unit in figure.units - {""})
            if not is_plain and not says(cues.NEEDED[needed], around.sentence):
                return False
    return not (figure.is_signed and _contradicts(figure, around))


def _is_an_extreme(around: Surroundings) -> bool:
    return says(cues.NEEDED[Needs.LOWEST], around.clause) != says(cues.NEEDED[Needs.HIGHEST], around.clause)


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
    if fact_id in WHOLES and len(figure.facts) == 1:
        is_the_whole = bool(cues.OF_RIGHT_BEFORE.search(before))
        is_a_part = bool(cues.OF_AFTER.match(after)) or (is_idle and not in_use)
        if not is_the_whole and (is_a_part or cues.SEATS_IN_USE.match(after)):
            return False
    if figure.facts == ("seats.unused",):
        return says(cues.IDLE, around.sentence) or not (in_use or says(cues.BOUGHT, clause))
    if figure.facts == ("features.used_count",) and is_idle and not in_use:
        return False
    if figure.facts == ("seats.used",):
        return in_use or not (is_idle or says(cues.BOUGHT, clause))
    is_share_in_use = figure.needs is Needs.PART or (
        PERCENT in figure.units and figure.needs is Needs.NOTHING and fact_id.startswith(_SHARES_IN_USE)
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
    if not found.unit and not says(_POINTS, around.sentence):
        # "NPS: 6" is not what the NPS costs the score.
        return False
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
    said = moments.told(around, found.start, found.end)
    if said is not moments.Told.START and any(
        when.agrees_with(day)
        for day in known.ends_on
        for when in days_named(around.sentence)
        if when.readings or when.day
    ):
        said = moments.Told.NOW
    if moments.allows(said, figure.moment):
        return True
    # The first day of the quarter may be named by its date.
    return figure.moment is Moment.START and any(
        known.starts_on is not None and when.agrees_with(known.starts_on)
        for when in days_named(around.sentence)
    )


def _is_the_other_end(found: Quantity, figure: Figure, around: Surroundings, told: frozenset[str]) -> bool:
    """Say whether the later value of the same thing is told beside an earlier one: 17 open, 26 at kick-off."""
    if figure.moment is not Moment.START or figure.needs is not Needs.NOTHING:
        return False
    later = figure.facts[0].replace("_at_start", "_now").replace(".at_start", ".now")
    return later in told and moments.told(around, found.start, found.end) is moments.Told.NOT_SAID


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


def nearest_day(around: Surroundings, known: Evidence) -> str | None:
    """Return the fact of the date that the clause, or else the sentence, seems to speak of."""
    for stretch in (around.clause, around.sentence):
        for item in known.days:
            if present(_own(item.topics), stretch):
                return item.fact
    return None


def nearest(found: Quantity, around: Surroundings, known: Evidence) -> str | None:
    """Return the fact that the clause seems to speak of, for a hint in the finding's message."""
    rivals = [f for f in known.figures if f.needs is Needs.NOTHING and f.on is None and _speaks_of(found, f)]
    for figure in rivals:
        if figure.moment is not Moment.START and present(figure.topics, around.clause):
            return figure.facts[0]
    return None
