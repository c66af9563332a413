"""Does a quantity or a date in a text follow from the facts? The sentence around it decides which facts may answer.

A figure is accepted where a fact, or the arithmetic of two, gives that value in that unit, and the clause is
about that fact: among the facts of the same unit, one whose topic words stand in the clause, else in the
sentence, else in the block. Words of change, of rest and of direction have to be there, and to agree.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar

from qbr.catalogue import Moment, entry
from qbr.grounding import cues, moments, motion, wording
from qbr.grounding.context import Surroundings, days_named, present, says
from qbr.grounding.couples import PARTS_BY_WHOLE
from qbr.grounding.derived import WORDS_OF_GAIN
from qbr.grounding.evidence import Evidence
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import DAYS_IN, equals, is_telling, speaks_of
from qbr.grounding.quantities import MONEY, PERCENT, PERCENT_POINTS, POINTS, Quantity

_WIDEST = Decimal("0.25")
"""A range may be this part of its upper end wide."""
_MEDIAN = "benchmark.adoption_median"
_ADOPTION = "input.feature_adoption_rate.now"
_COMPARED_FACTS = frozenset({_ADOPTION, _MEDIAN})
_SCORE = "health.score_now"
_CHANGE_OF_SCORE = "health.score_change"
_SCORES = frozenset({_SCORE, "health.score_at_start"})
_SCORE_BESIDE = re.compile(
    r"\bscore\b[^.;,\d]{0,24}\b(?:above|below|under|over|beyond|at least|less than|more than|reach\w*)\s+$",
    re.IGNORECASE,
)
_IS_AT = re.compile(
    r"\b(?:is|stands|sits|was|ended|ends|closed|closes|finished)(?: the (?:quarter|period|year))?(?: now| currently| today)? (?:at|on|with)\s+$|,\s+at\s+$",
    re.IGNORECASE,
)
_OF_PEERS = re.compile(
    r"\b(?:median|benchmark) (?:of|for) (?:the |our )?(?:peers|group|segment|benchmark)\s*[:=]?\s*$|\b(?:median|benchmark|segment average|peer average)\s+(?:of|is|was|at|stands at|sits at|lies at)\s+(?:about |around |roughly |just |only |over |under |nearly |almost |some )?$"
    r"|\b(?:peers|comparable (?:customers|companies|accounts)|similar (?:customers|companies|accounts))\s+(?:run|stand|sit|are|is)\s+at\s+$",
    re.IGNORECASE,
)
_WORDS_OF_ANY_REST = frozenset(
    {
        "unused",
        "idle",
        "free",
        "spare",
        "not in use",
        "shelf",
        "dormant",
        "unassigned",
        "unclaimed",
        "inactive",
        "empty",
        "vacant",
        "gather dust",
    }
)
_WORDS_OF_ANY_MONEY = frozenset({
    "worth", "value", "pay", "paid", "costs", "spend", "year", "annual", "money", "renewal", "deal", "commercial", "stake",
})  # fmt: skip
_ON = re.compile(r"\s*%?\s*(?:[a-z]+ ){0,2}?(?:on|as of|as at|at|per)\s+(?:the\s+)?", re.IGNORECASE)
_SWUNG = re.compile(
    r"\b(?:range|movements?|moved|swung|swinging|ranged|ranging|fluctuat\w+|oscillat\w+|varied|travelled|wandered)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\bsince\s+(?:the\s+|\w+day,?\s+)?$", re.IGNORECASE)
_THAN_ON = re.compile(
    r"\bthan (?:(?:it|they) (?:was|were|had been) )?(?:on|at|as of|as at)\s+(?:the\s+)?$", re.IGNORECASE
)
_LAST_DAYS = re.compile(r"\b(?:last|past|preceding|previous)\s+(?:90|ninety)\s+days\b", re.IGNORECASE)
_LED_BY_DAY = re.compile(r"\s*(?:on|at|as of|as at|by)\s+(?:the\s+|\w+day,?\s+)?", re.IGNORECASE)
_NEAR_DAY = 48
# A day that leads a figure begins the sentence, one that follows it stands right behind.
_REACH_OF_DAY = 120
_BARE = frozenset({""})
_RARELY_MET = 20
_RATES = frozenset({Needs.PER_SEAT, Needs.PER_MONTH})


def _topics_of(fact_id: str) -> frozenset[str]:
    known = entry(fact_id)
    return frozenset(known.topics) if known else frozenset()


_RATE_TOPICS = _topics_of("contract.arr")
_MEDIAN_TOPICS = _topics_of(_MEDIAN)


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
    if any(figure.on is not None and _is_on(figure.on, found, around) for figure in rivals):
        # What is told of a day of the history is what the history has of it, or of another signal by its name.
        hits = [
            hit
            for hit in hits
            if (hit.on is not None and _is_on(hit.on, found, around)) or _is_named_otherwise(hit, around)
        ]
    case = _Case(found=found, hits=hits, rivals=rivals, around=around, told=told, before=before)
    chosen = next((some for way in _WAYS if (some := way(case))), [])
    return tuple(dict.fromkeys(fact for figure in chosen for fact in figure.facts))


def _is_named_otherwise(hit: Figure, around: Surroundings) -> bool:
    return not hit.facts[0].startswith("health.score_") and bool(present(hit.topics, around.clause))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A quantity with the figures that have its value (``hits``) and all that it could be by its unit (``rivals``)."""

    found: Quantity
    hits: Sequence[Figure]
    rivals: Sequence[Figure]
    around: Surroundings
    told: frozenset[str]
    before: str

    def spoken_of(self, stretch: str) -> set[str]:
        """Return the topics of the rivals that a stretch of text speaks of."""
        return present(_topics(self.rivals), stretch)


def _of_its_topic(case: _Case) -> list[Figure]:
    return _on_topic(case.hits, case.rivals, case.around, is_bare=not case.found.unit)


def _of_its_signal(case: _Case) -> list[Figure]:
    """Points that a signal costs, where the signal is named: worth 14 points of health."""
    sentence = case.around.sentence.casefold()
    is_of_points = bool(case.found.noun_end) or says(cues.COSTS, case.around.previous + case.around.sentence)
    return [hit for hit in case.hits if hit.own_name and is_of_points and hit.own_name in sentence]


def _of_a_day(case: _Case) -> list[Figure]:
    """A day of the history that is named says by itself what is told of it."""
    if case.spoken_of(case.around.clause):
        return []
    return [hit for hit in case.hits if hit.on is not None]


def _by_its_unit(case: _Case) -> list[Figure]:
    """Where nothing beside a figure says what it is about the unit has to, and arithmetic would prove anything."""
    found, around = case.found, case.around
    if not (found.unit or found.out_of) or case.spoken_of(around.sentence):
        return []
    spoken_before = case.spoken_of(around.previous) if found.unit == PERCENT else set()
    return [
        hit
        for hit in case.hits
        if _is_proven_by_unit(hit)
        and (hit.facts[0] != "quarter.start" or found.unit in ("week", "month"))
        and (not spoken_before or hit.topics & spoken_before)
    ]


def _by_its_size(case: _Case) -> list[Figure]:
    around = case.around
    if not _is_large(case.found) or case.spoken_of(
        around.previous + around.sentence if case.found.unit else around.text
    ):
        return []
    return [hit for hit in case.hits if hit.needs is Needs.NOTHING and _is_proven_by_unit(hit)]


def _by_its_digits(case: _Case) -> list[Figure]:
    if not is_telling(case.found):
        return []
    spoken_of = case.spoken_of(case.around.clause) - _WORDS_OF_ANY_MONEY
    if not spoken_of and case.found.unit == PERCENT:
        spoken_of = case.spoken_of(case.around.sentence)
    return [hit for hit in case.hits if not spoken_of or hit.topics & spoken_of]


def _as_a_rate(case: _Case) -> list[Figure]:
    """What is told a seat or a month names its fact by that, unless the sentence is about other money."""
    others = {
        stem for figure in case.rivals if figure.needs not in _RATES for stem in figure.topics
    } - _RATE_TOPICS
    return [hit for hit in case.hits if hit.needs in _RATES and not present(others, case.around.sentence)]


def _as_a_gain(case: _Case) -> list[Figure]:
    """Money that was saved, where no other money is told of: saved € 37,500 (fines avoided)."""
    around = case.around
    if case.found.unit != MONEY or not present(WORDS_OF_GAIN, around.clause):
        return []
    common = WORDS_OF_GAIN | _WORDS_OF_ANY_MONEY
    spoken_of = case.spoken_of(around.sentence) - common
    return [
        hit
        for hit in case.hits
        if hit.facts[0].startswith("roi.")
        and hit.needs is Needs.NOTHING
        and (not spoken_of or hit.topics & spoken_of)
    ]


def _as_a_border(case: _Case) -> list[Figure]:
    """A threshold, where the score is said to lie above or below it: a health score above 70."""
    is_beside = bool(_SCORE_BESIDE.search(case.before))
    return [hit for hit in case.hits if is_beside and hit.needs is Needs.BORDER]


def _as_an_extreme(case: _Case) -> list[Figure]:
    """The lowest and the highest score of the quarter, where nothing else is told: the worst value was 33."""
    if case.found.unit or case.spoken_of(case.around.sentence) - _WORDS_OF_ANY_MONEY:
        return []
    return [hit for hit in case.hits if hit.needs in (Needs.LOWEST, Needs.HIGHEST) and _is_large(case.found)]


def _as_the_score(case: _Case) -> list[Figure]:
    """The score, where the account is at it and nothing else is told: Meridian Freight is at 44."""
    if case.found.unit not in ("", POINTS):
        return []
    if not _IS_AT.search(case.before) or case.spoken_of(case.around.clause) - {"account"}:
        return []
    return [
        hit
        for hit in case.hits
        if hit.facts == (_SCORE,) and hit.needs is Needs.NOTHING and _is_large(case.found)
    ]


def _beside_the_median(case: _Case) -> list[Figure]:
    """The account's own adoption, where that of its peers is told: Demir stands at 51 %, below that median."""
    around = case.around
    if case.found.unit != PERCENT or not present(_MEDIAN_TOPICS, around.previous + around.sentence):
        return []
    others = {
        stem
        for rival in case.rivals
        if rival.needs is Needs.NOTHING and not set(rival.facts) & _COMPARED_FACTS
        for stem in rival.topics
    } - _MEDIAN_TOPICS
    if present(others, around.sentence):
        return []
    return [hit for hit in case.hits if hit.facts == (_ADOPTION,) and hit.needs is Needs.NOTHING]


def _of_the_part_told(case: _Case) -> list[Figure]:
    """We kept one of 3: the whole of what is kept."""
    if not cues.OF_RIGHT_BEFORE.search(case.before):
        return []
    return [
        hit
        for hit in case.hits
        if hit.needs is Needs.NOTHING
        and hit.facts[0] in PARTS_BY_WHOLE
        and _is_told_by_part(hit, case.rivals, case.around)
    ]


def _beside_its_part(case: _Case) -> list[Figure]:
    parts = _parts_told(case.told, case.before) if case.told else set()
    return [hit for hit in case.hits if hit.facts in parts and hit.needs is Needs.NOTHING]


def _of_both_told(case: _Case) -> list[Figure]:
    """What follows from two facts that the sentence tells."""
    told = case.told
    untold = {stem for rival in case.rivals if not set(rival.facts) <= told for stem in rival.topics}
    return [
        hit
        for hit in case.hits
        if len(hit.facts) > 1
        and set(hit.facts) <= told
        and not present(untold - _topics([hit]), case.around.clause)
    ]


def _on_what_is_left(case: _Case) -> list[Figure]:
    """Keep the hits that the nearest words about any rival are about, but for words about figures told already."""
    told, around = case.told, case.around
    is_of_start = moments.told(around, case.found.start, case.found.end) is moments.Told.START
    # Nobody's adoption went from the median.
    hits = [hit for hit in case.hits if not (is_of_start and hit.facts == (_MEDIAN,))]
    if not hits or not told:
        return []
    taken = {stem for figure in case.rivals if set(figure.facts) <= told for stem in figure.topics}
    direct = [figure for figure in case.rivals if figure.needs in (Needs.NOTHING, Needs.BORDER)]
    for stretch in (around.clause, around.sentence):
        spoken_of = present(_topics([*direct, *hits]), stretch)
        kept = [hit for hit in hits if hit.topics & spoken_of]
        if kept:
            return kept
        if spoken_of - taken:
            return []
    if case.found.unit != PERCENT:
        # At 44, up 11: the change of what has just been told.
        return [hit for hit in hits if hit.needs is Needs.CHANGE and _is_change_of(hit, told)]
    return [
        hit
        for hit in hits
        if hit.needs is Needs.NOTHING
        and _is_kin(hit.facts[0], told)
        and (hit.facts[0] != _MEDIAN or present(hit.topics, around.sentence))
        and (not is_of_start or hit.moment is Moment.START)
    ]


def _is_change_of(hit: Figure, told: frozenset[str]) -> bool:
    if hit.facts == (_CHANGE_OF_SCORE,):
        return bool(_SCORES & told)
    return len(hit.facts) > 1 and hit.also is Needs.NOTHING and bool(set(hit.facts) & told)


_WAYS = (
    _of_its_topic,
    _of_its_signal,
    _of_a_day,
    _by_its_unit,
    _by_its_size,
    _by_its_digits,
    _as_a_rate,
    _as_a_gain,
    _as_a_border,
    _as_the_score,
    _as_an_extreme,
    _beside_the_median,
    _of_the_part_told,
    _beside_its_part,
    _of_both_told,
    _on_what_is_left,
)
"""How the words around a quantity may say which of the figures of its value it is, the plainest first."""


def is_of_another(found: Quantity, facts: Sequence[str], around: Surroundings, known: Evidence) -> bool:
    """Say whether a change that was worked out is told of a signal that none of its facts is: utilisation went up five."""
    if found.unit not in (POINTS, PERCENT_POINTS) or not says(motion.MOVED, around.clause):
        return False
    signals = [
        figure for figure in known.figures if figure.moment is not None and figure.needs is Needs.NOTHING
    ]
    mine = _topics(figure for figure in signals if set(figure.facts) & set(facts))
    return bool(present(_topics(signals) - mine, around.clause)) and not present(mine, around.clause)


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


def _is_told_by_part(whole: Figure, rivals: Sequence[Figure], around: Surroundings) -> bool:
    part = PARTS_BY_WHOLE[whole.facts[0]]
    return any(rival.facts == (part,) and present(rival.topics, around.clause) for rival in rivals)


def _parts_told(told: frozenset[str], before: str) -> set[tuple[str, ...]]:
    """Return the wholes whose part is told before "of", and the parts whose whole is told after it."""
    if cues.OF_RIGHT_BEFORE.search(before):
        return {(whole,) for whole, part in PARTS_BY_WHOLE.items() if part in told}
    return {(part,) for whole, part in PARTS_BY_WHOLE.items() if whole in told}


def _is_large(found: Quantity) -> bool:
    """Say whether a number is too large to be met by chance often."""
    return any(value >= _RARELY_MET for value, _ in found.numeral.readings)


def _is_kin(fact_id: str, told: frozenset[str]) -> bool:
    """Say whether a fact is the other end of one that was told, or what it is compared with."""
    kin = {fact_id.replace(".now", ".at_start"), fact_id.replace(".at_start", ".now")} - {fact_id}
    if fact_id in _COMPARED_FACTS:
        kin |= _COMPARED_FACTS - {fact_id}
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
            and not (
                _THAN_ON.search(around.sentence[: when.start])
                and found.end <= around.sentence_start + when.start
            )
            for when in days_named(around.sentence)
        )
    )


def _is_on(day: date | None, found: Quantity, around: Surroundings) -> bool:
    """Say whether a figure is told as it was on a day: the score was 64 on July 1st."""
    after = around.text[found.end : min(around.clause_end, found.end + _REACH_OF_DAY)]
    before = around.text[around.sentence_start : found.start]
    if len(before) > _REACH_OF_DAY:
        before = ""
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
    of_rests: list[_Topical] = []
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
            kept = [hit for hit in hits if hit.topics & spoken_of or (fits_any and not hit.topics)]
            if not is_bare or spoken_of - _WORDS_OF_ANY_REST:
                return kept
            # Of the licensed features, three remain unused: what is left of what stands elsewhere.
            of_rests = of_rests or kept
    return of_rests


def _topics(rivals: Iterable[_HasTopics]) -> set[str]:
    return {stem for rival in rivals for stem in rival.topics}


def nearest(found: Quantity, around: Surroundings, known: Evidence) -> str | None:
    """Return the fact that the clause seems to speak of, for a hint in the finding's message."""
    rivals = [f for f in known.figures if f.needs is Needs.NOTHING and f.on is None and speaks_of(found, f)]
    for figure in rivals:
        if figure.moment is not Moment.START and present(figure.topics, around.clause):
            return figure.facts[0]
    return None
