"""Does a quantity or a date in a text follow from the facts? The sentence around it decides which facts may answer.

A figure is accepted where a fact, or the arithmetic of two, gives that value in that unit, and the clause is
about that fact: among the facts of the same unit, one whose topic words stand in the clause, else in the
sentence, else in the block. Words of change, of rest and of direction have to be there, and to agree.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar

from qbr.catalogue import Moment, entry
from qbr.grounding import cues, moments, wording
from qbr.grounding.context import Surroundings, days_named, present
from qbr.grounding.evidence import Evidence
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import DAYS_IN, equals, is_telling, speaks_of
from qbr.grounding.quantities import PERCENT, Quantity

_WIDEST = Decimal("0.25")
"""A range may be this part of its upper end wide."""
_MEDIAN = "benchmark.adoption_median"
_COMPARED_FACTS = frozenset({"input.feature_adoption_rate.now", _MEDIAN})
_OF_PEERS = re.compile(
    r"\b(?:median|benchmark|segment average|peer average)\s+(?:of|is|was|at|stands at|sits at|lies at)\s+(?:about |around |roughly |just |only |over |under |nearly |almost |some )?$"
    r"|\b(?:peers|comparable (?:customers|companies|accounts)|similar (?:customers|companies|accounts))\s+(?:run|stand|sit|are|is)\s+at\s+$",
    re.IGNORECASE,
)
_WORDS_OF_ANY_MONEY = frozenset({
    "worth", "value", "pay", "paid", "costs", "spend", "year", "annual", "money", "renewal", "deal", "commercial", "stake",
})  # fmt: skip
_PARTS = {
    "seats.purchased": "seats.used",
    "features.licensed_count": "features.used_count",
    "commitments.total": "commitments.kept",
}
"""Wholes and their parts."""
_ON = re.compile(r"\s*%?\s*(?:[a-z]+ ){0,2}?(?:on|as of|as at|at|per)\s+(?:the\s+)?", re.IGNORECASE)
_SWUNG = re.compile(
    r"\b(?:moved|swung|swinging|ranged|ranging|fluctuat\w+|oscillat\w+|varied|travelled|wandered)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\bsince\s+(?:the\s+|\w+day,?\s+)?$", re.IGNORECASE)
_LAST_DAYS = re.compile(r"\b(?:last|past|preceding|previous)\s+(?:90|ninety)\s+days\b", re.IGNORECASE)
_LED_BY_DAY = re.compile(r"\s*(?:on|at|as of|as at|by)\s+(?:the\s+|\w+day,?\s+)?", re.IGNORECASE)
_NEAR_DAY = 48
_BARE = frozenset({""})
_RARELY_MET = 20
_RATES = frozenset({Needs.PER_SEAT, Needs.PER_MONTH})
_RATE_TOPICS = (
    frozenset(catalogue_entry.topics) if (catalogue_entry := entry("contract.arr")) else frozenset()
)


class _HasTopics(Protocol):
    @property
    def topics(self) -> frozenset[str]: ...


_Topical = TypeVar("_Topical", bound=_HasTopics)


def quantity(
    found: Quantity,
    around: Surroundings,
    known: Evidence,
    *,
    told: frozenset[str] = frozenset(),
    ends: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return the ids of the facts that a quantity follows from, the closest first; empty where there are none.

    ``told`` are facts that other figures of the sentence were traced to: words about these speak of those figures.
    ``ends`` are those of them that were told as they are, not worked out from.
    """
    is_decimal = any(value < 1 for value, _ in found.numeral.readings)
    rivals = [
        figure
        for figure in known.figures
        if speaks_of(found, figure) and (is_decimal or figure.value >= 1 or figure.units != _BARE)
    ]
    exact = [figure for figure in rivals if found.unit in figure.units]
    if found.unit in DAYS_IN and present(
        _topics(exact), around.text[found.end : min(found.end + 30, around.clause_end)]
    ):
        # Where weeks are counted, days turned into weeks prove nothing.
        rivals = exact
    before = around.text[max(around.sentence_start, found.start - 48) : found.start]
    # "The median of 63 %" is the median's, whatever else of this account is 63 %, and no median is of days.
    is_of_peers = bool(_OF_PEERS.search(before)) and "account" not in found.unit
    hits = [
        figure
        for figure in rivals
        if equals(found, figure)
        and (not is_of_peers or _MEDIAN in figure.facts)
        and wording.allows(found, figure, around, told=told)
        and (_is_timely(found, figure, around, known) or _is_the_other_end(found, figure, around, ends))
    ]
    chosen = _on_topic(hits, rivals, around, is_bare=not found.unit)
    if not chosen and not present(_topics(rivals), around.clause):
        # A day of the history that is named says by itself what is told of it.
        chosen = [figure for figure in hits if figure.on is not None]
    if not chosen and (found.unit or found.out_of) and not present(_topics(rivals), around.sentence):
        # Nothing beside it says what it is about: then the unit has to, and arithmetic would prove anything.
        spoken_before = present(_topics(rivals), around.previous) if found.unit == PERCENT else set()
        chosen = [
            figure
            for figure in hits
            if _is_proven_by_unit(figure)
            and (figure.facts[0] != "quarter.start" or found.unit in ("week", "month"))
            and (not spoken_before or figure.topics & spoken_before)
        ]
    if not chosen and _is_large(found) and not present(_topics(rivals), around.previous + around.sentence):
        chosen = [figure for figure in hits if figure.needs is Needs.NOTHING and _is_proven_by_unit(figure)]
    if not chosen and is_telling(found):
        spoken_of = present(_topics(rivals), around.clause) - _WORDS_OF_ANY_MONEY
        chosen = [figure for figure in hits if not spoken_of or figure.topics & spoken_of]
    if not chosen:
        # What is told a seat or a month names its fact by that, unless the sentence is about other money.
        others = {
            stem for figure in rivals if figure.needs not in _RATES for stem in figure.topics
        } - _RATE_TOPICS
        chosen = [hit for hit in hits if hit.needs in _RATES and not present(others, around.sentence)]
    if not chosen and cues.OF_RIGHT_BEFORE.search(before):
        # "We kept one of 3": the whole of what is kept.
        chosen = [
            hit
            for hit in hits
            if hit.needs is Needs.NOTHING and hit.facts[0] in _PARTS and _is_told_by_part(hit, rivals, around)
        ]
    if not chosen and told and (parts := _parts_told(told, before)):
        chosen = [hit for hit in hits if hit.facts in parts and hit.needs is Needs.NOTHING]
    if not chosen and told:
        untold = {stem for rival in rivals if not set(rival.facts) <= told for stem in rival.topics}
        chosen = [
            hit
            for hit in hits
            if len(hit.facts) > 1
            and set(hit.facts) <= told
            and not present(untold - _topics([hit]), around.clause)
        ]
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
    if not first.unit and _SWUNG.search(around.sentence):
        # What moved between two figures was once at each.
        return ()
    rivals = [
        figure for figure in known.figures if speaks_of(second, figure) and figure.needs is Needs.NOTHING
    ]
    hits = [
        figure
        for figure in rivals
        if low <= figure.value <= high
        and wording.allows(second, figure, around)
        and _is_timely(second, figure, around, known)
    ]
    return tuple(dict.fromkeys(fact for figure in _on_topic(hits, rivals, around) for fact in figure.facts))


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
    direct = [figure for figure in rivals if figure.needs in (Needs.NOTHING, Needs.BORDER)]
    for stretch in (around.clause, around.sentence):
        spoken_of = present(_topics([*direct, *hits]), stretch)
        kept = [hit for hit in hits if hit.topics & spoken_of]
        if kept:
            return kept
        if spoken_of - taken:
            return []
    if found.unit != PERCENT:
        return []
    is_of_start = moments.told(around, found.start, found.end) is moments.Told.START
    return [
        hit
        for hit in hits
        if hit.needs is Needs.NOTHING
        and _is_kin(hit.facts[0], told)
        and (hit.facts[0] != _MEDIAN or present(hit.topics, around.sentence))
        and (not is_of_start or hit.moment is Moment.START)
    ]


def _is_told_by_part(whole: Figure, rivals: Sequence[Figure], around: Surroundings) -> bool:
    part = _PARTS[whole.facts[0]]
    return any(rival.facts == (part,) and present(rival.topics, around.clause) for rival in rivals)


def _parts_told(told: frozenset[str], before: str) -> set[tuple[str, ...]]:
    """Return the wholes whose part is told before "of", and the parts whose whole is told after it."""
    if cues.OF_RIGHT_BEFORE.search(before):
        return {(whole,) for whole, part in _PARTS.items() if part in told}
    return {(part,) for whole, part in _PARTS.items() if whole in told}


def _is_large(found: Quantity) -> bool:
    """Say whether a number is too large to be met by chance often."""
    return any(value >= _RARELY_MET for value, _ in found.numeral.readings)


def _is_kin(fact_id: str, told: frozenset[str]) -> bool:
    """Say whether a fact is the other end of one that was told, or what it is compared with."""
    kin = {fact_id.replace(".now", ".at_start"), fact_id.replace(".at_start", ".now")} - {fact_id}
    if fact_id in _COMPARED_FACTS:
        kin |= _COMPARED_FACTS
    return bool(kin & told)


def _is_proven_by_unit(figure: Figure) -> bool:
    if figure.on is not None or figure.own_name or figure.facts[0].startswith("health.weeks_"):
        return False
    is_told_change = figure.needs is Needs.CHANGE and len(figure.facts) == 1
    return is_told_change or figure.needs in (Needs.NOTHING, Needs.PER_SEAT, Needs.PER_MONTH)


def _is_timely(found: Quantity, figure: Figure, around: Surroundings, known: Evidence) -> bool:
    """Say whether a value of the start or of the end stands where the sentence speaks of that time."""
    if figure.moment is None or figure.needs is Needs.CHANGE:
        return True
    if figure.facts[0].startswith("input.escalation") and _LAST_DAYS.search(around.sentence):
        # "There had been 9 in the last 90 days" is told of now.
        return figure.moment is Moment.NOW
    said = moments.told(around, found.start, found.end)
    if figure.needs is Needs.NOTHING:
        if figure.moment is Moment.NOW and _is_on(known.starts_on, found, around):
            return False
        if figure.moment is Moment.START and _is_on(known.starts_on, found, around):
            return True
        if figure.moment is Moment.START and any(_is_on(day, found, around) for day in known.ends_on):
            return False
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
    is_now = said is moments.Told.NOW and not _is_on(known.starts_on, found, around)
    return (
        not is_now
        and figure.moment is Moment.START
        and any(
            # The first day of the quarter may be named by its date, but not as that since when something moved.
            known.starts_on is not None
            and not when.quarter
            and when.agrees_with(known.starts_on)
            and not _SINCE.search(around.sentence[: when.start])
            for when in days_named(around.sentence)
        )
    )


def _is_on(day: date | None, found: Quantity, around: Surroundings) -> bool:
    """Say whether a figure is told as it was on a day: the score was 64 on July 1st."""
    after = around.text[found.end : around.clause_end]
    before = around.text[around.sentence_start : found.start]
    return day is not None and (
        any(
            (when.readings or when.day) and when.agrees_with(day) and bool(_ON.fullmatch(after[: when.start]))
            for when in days_named(after)
        )
        or any(
            (when.readings or when.day)
            and when.agrees_with(day)
            and bool(_LED_BY_DAY.fullmatch(before[: when.start]))
            and not moments.NUMBER.search(before[when.end :])
            and len(before) - when.end <= _NEAR_DAY
            for when in days_named(before)
        )
    )


def _is_the_other_end(found: Quantity, figure: Figure, around: Surroundings, ends: frozenset[str]) -> bool:
    """Say whether the later value of the same thing is told beside an earlier one: 17 open, 26 at kick-off."""
    if figure.moment is not Moment.START or figure.needs is not Needs.NOTHING:
        return False
    later = figure.facts[0].replace("_at_start", "_now").replace(".at_start", ".now")
    said = moments.told(around, found.start, found.end)
    return later in ends and said in (moments.Told.NOT_SAID, moments.Told.OPEN)


def _on_topic(
    hits: Sequence[_Topical], rivals: Sequence[_HasTopics], around: Surroundings, *, is_bare: bool = False
) -> list[_Topical]:
    """Keep the hits that the nearest words about any rival are about."""
    if not hits:
        return []
    for stretch in (around.clause, around.sentence, around.previous, around.text):
        spoken_of = present(_topics(rivals), stretch)
        # Where detention fees are named, "a year" does not make the contract's value of an amount.
        if is_bare and not spoken_of - _WORDS_OF_ANY_MONEY:
            # "Its latest value 19" is no money.
            continue
        spoken_of = spoken_of - _WORDS_OF_ANY_MONEY or spoken_of
        if spoken_of:
            # What fits any sentence fits only where the clause itself speaks of nothing else.
            fits_any = stretch is not around.clause
            return [hit for hit in hits if hit.topics & spoken_of or (fits_any and not hit.topics)]
    return []


def _topics(rivals: Iterable[_HasTopics]) -> set[str]:
    return {stem for rival in rivals for stem in rival.topics}


def nearest(found: Quantity, around: Surroundings, known: Evidence) -> str | None:
    """Return the fact that the clause seems to speak of, for a hint in the finding's message."""
    rivals = [f for f in known.figures if f.needs is Needs.NOTHING and f.on is None and speaks_of(found, f)]
    for figure in rivals:
        if figure.moment is not Moment.START and present(figure.topics, around.clause):
            return figure.facts[0]
    return None
