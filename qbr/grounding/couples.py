"""Two figures of one sentence that belong together: both ends of a quarter, one figure told twice, "from … to …"."""

import itertools
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from qbr.catalogue import Moment
from qbr.grounding import context, moments, motion
from qbr.grounding.evidence import Evidence
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import equals, speaks_of
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity

Facts = tuple[str, ...] | None

_NEAR = 110
_BEFORE_BOTH = 48
_FAR_GAP = 48
_NEAR_GAP = 20
_NOT_THE_SAME = re.compile(r"[.!?;]\s|\band (?!that|this|so|thus)\b|\bwhile\b|\bwith\b", re.IGNORECASE)
_APART = re.compile(r"\b(?:differ\w*|apart|gap|distance|spread)\b", re.IGNORECASE)
_GAP_AFTER = re.compile(
    r"\s*(?:up|down|higher|lower|better|worse|more|fewer|less|above|below|ahead|behind|in front|apart|gain|loss|rise|drop|fall|increase|decrease|improvement|decline)\b",
    re.IGNORECASE,
)
_FROM_OTHERS = re.compile(
    r"\s*(?:clear(?:ly)? |well )?(?:above|below|over|under|ahead of|behind|short of|off|from)\s+(?:the |its |their |our |your )?(?:[a-z]+ ){0,2}?(?:median|benchmark|peers?|segment|average|norm|green|amber|red|threshold|line)\b",
    re.IGNORECASE,
)
_GAP_BEFORE = re.compile(
    r"\b(?:up|down|by|plus|minus|gain(?:ed)? of|loss of|rise of|drop of|fall of|increase of|decrease of|change of|gap of|swing of|move of|added|lost)\s+$",
    re.IGNORECASE,
)
_EXTREME = re.compile(
    r"\b(?:between(?! (?:us|the (?:two of us|parties)))|rang\w+|low\w*|bottom\w*|peak\w*|high\w*|best|worst|min|max|minimum|maximum|swung|moved|touched)\b",
    re.IGNORECASE,
)
# "At 70 to 75 %" is a range, "by 160 to 212" and "doubled, 18 to 36" are none.
_RANGE_LED = re.compile(
    r"(?:^|[:(]|\b(?:at|is|are|of|about|around|roughly|some|in|runs?|stands?|was|were|rang\w+|somewhere|say|with|takes?|for|within|use|used|using|nearly|perhaps|lies|sits?))\s*(?:[€$£¥]|[A-Z]{3})?\s*$"
)
_AGAINST = re.compile(
    r"[\s,;(]*(?:(?:up|down) from|from|against|versus|vs\.?|compared (?:with|to)|previously|was|having been|start of (?:the )?quarter:?|from a prior level of|before|after)\s*(?:a |an |the )?",
    re.IGNORECASE,
)
_OF_SOMETHING = re.compile(r"\s+of\s+[a-z]", re.IGNORECASE)
_THAN_BEFORE = re.compile(r"\b(?:than|from|against|versus)\s+(?:the\s+|its\s+)?$", re.IGNORECASE)
_THAT_DISTANCE = re.compile(
    r"\s*(?:(?:an? )?(?:gap|difference|distance) of\s+|(?:that|this|it|which)\s+(?:is|makes|means|amounts to|comes to|gives)|the (?:distance|gap|difference|change|gain|loss|move|swing) (?:is|was|amounts to|comes to|between (?:the two|them) is))\s+(?:a |an |the )?(?:(?:distance|gap|difference|change|gain|loss|move|swing|rise|fall|drop|increase|decrease|progress|improvement|decline) of )?",
    re.IGNORECASE,
)
_COMPARED_BEFORE = re.compile(r"\b(?:compared (?:with|to)|against|versus|vs\.?|from)\s+$", re.IGNORECASE)
_COUNTERPARTS = frozenset({
    "seats.used", "seats.purchased", "features.used_count", "features.licensed_count", "commitments.kept", "commitments.total",
})  # fmt: skip
"""Each of these is a part of another, or its whole."""
PARTS_BY_WHOLE = {
    "seats.purchased": "seats.used",
    "features.licensed_count": "features.used_count",
    "commitments.total": "commitments.kept",
}
_OWN_WORDS = {
    "seats.purchased": ("seat", "licen", "user", "login"),
    "features.licensed_count": ("feature", "module", "capabilit", "tool", "function"),
    "commitments.total": ("commit", "promis", "pledg", "undertak", "agreed", "kept", "deliver"),
}
_OF_THE_WHOLE = re.compile(r"\s?/\s?|\s+(?:out )?of\s+(?:the |its |our |your |their )?", re.IGNORECASE)
_ENDS_THERE = re.compile(r"[.;,(:]")
_done = r"\b(?:kept|done|delivered|met|closed|fulfilled|completed|honoured|uses?|used|using|in use|active|adopted|live|working)\b"
_DONE_BEFORE = re.compile(_done, re.IGNORECASE)
_DONE_AFTER = re.compile(rf"\W{{0,8}}(?:[a-z]+ ){{0,3}}?{_done}", re.IGNORECASE)
_REST_NEAR = re.compile(
    r"\b(?:open|outstanding|left|missed|missing|unused|idle|untouched|dormant|empty|free|carried|still|not|never|remain\w*|lie|without)\b",
    re.IGNORECASE,
)
# Words between two figures that are two: you bought six and use four; it was 5 and is 6.
_TWO_MEANT = re.compile(
    r"\b(?:of|out|then|was|were|now|today|from|to|versus|vs|against|after|previously|before|with|us(?:e|es|ed|ing)|work\w*|rocking|did|kept|deliver\w*|last|between|show\w*|active|start\w*|opening|opened|baseline|prev|round|initial\w*|earlier|beginning|follow\w*|precede[ds]?|succeed(?:s|ed)|gave way|become|became|end|when|having|rather than|instead of|than)\b|[;/>→|]",
    re.IGNORECASE,
)
_NO_PARTS = frozenset({MONEY, PERCENT, PERCENT_POINTS, SHARE, FOLD})
_OF_WHOLE = re.compile(
    r"\s+(?:[a-z]+\s+){0,2}?out of\s+(?:the |its |your |our |their )?(?:a total of )?|\s+of\s+(?:the|its|your|our|their)\s+",
    re.IGNORECASE,
)
_TOO_MANY = re.compile(r"\s+too (?:many|much|few)\b", re.IGNORECASE)
_BETTER_THAN = re.compile(
    r"^[^.;%]{0,32}\b(?:better|worse|higher|lower|more|less) than\s+(?:(?:the|a|an|its|their)\s+)?$",
    re.IGNORECASE,
)
_SAID_AGAIN = re.compile(r"\b(?:means?|equals?|i\.e|that is|or|in other words)\b", re.IGNORECASE)
_RANGED_BEFORE = re.compile(
    r"\b(?:rang|swung|swing|vari|fluctuat|oscillat|span)\w*\s+(?:all the way )?from\s+$", re.IGNORECASE
)
_LED_GAP = re.compile(
    r"[\s,;(–-]*(?:up|down|a (?:gain|loss|rise|drop|fall) of|plus|minus)\s+(?:by )?", re.IGNORECASE
)
_FROM_AFTER = re.compile(r"\s+(?:from|on)\s+(?:the )?", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+(?:a |an |about |the )*$", re.IGNORECASE)
_TO = re.compile(r"[\w\s()%]{0,24}\bto\s+(?:a |an |about |the )*", re.IGNORECASE)


def told_twice(
    found: Sequence[Quantity], traces: Sequence[Facts], text: str, evidence: Evidence
) -> Iterator[tuple[Quantity, Quantity]]:
    """Yield "4 of the 4 features" and "52 %, after 52 %": two figures that are one fact where two are meant."""
    told = [(quantity, facts) for quantity, facts in zip(found, traces, strict=False) if facts]
    for (first, some), (second, others) in (*itertools.pairwise(told), *zip(told, told[2:], strict=False)):
        between = text[first.end : second.start]
        if value_of(first) != value_of(second) or value_of(first) is None:
            continue
        if some != others and not (
            _are_alike(some, others, evidence) and _is_then_and_now(first, second, text, evidence)
        ):
            if first.unit == second.unit == PERCENT and _BETTER_THAN.search(between):
                # 20 %, better than the 20 % that is usual.
                yield first, second
            continue
        if any(
            other.start > first.start
            and other.end <= second.start
            and _OF_THE_WHOLE.fullmatch(text[other.end : second.start])
            for other, _ in told
        ):
            # Two were made, and 1 of 2 was kept.
            continue
        if (
            len(between) >= _NEAR
            or re.search(r"(?<!vs)[.!?]\s", between)
            or _TOO_MANY.match(text, second.end)
        ):
            continue
        if _GAP_BEFORE.search(text[max(0, second.start - _NEAR_GAP) : second.start]):
            continue
        if _EXTREME.search(between) or _EXTREME.search(text[max(0, first.start - 24) : first.start]):
            continue
        units = {first.unit or second.unit, second.unit or first.unit, second.elided_unit or second.unit}
        if len(units - {""}) > 1 or _SAID_AGAIN.search(between):
            continue
        is_alike = bool(first.unit) and first.unit == second.unit
        # Compared with 28 tickets, 28 …; we opened on 62 and shut it on 62.
        stretch = text[max(0, first.start - _BEFORE_BOTH) : second.start]
        is_of_both_ends = bool(
            moments.START_SOMEWHERE.search(stretch) or _COMPARED_BEFORE.search(stretch[:_BEFORE_BOTH])
        ) and _has_other_end(some, evidence)
        is_alike = is_alike or is_of_both_ends or some != others
        is_alike = is_alike or (
            bool(second.elided_unit) and second.elided_unit == first.unit and some[0] in _COUNTERPARTS
        )
        if some != others or ((is_alike or _TWO_MEANT.search(between)) and _has_counterpart(some, evidence)):
            yield first, second


def _are_alike(some: tuple[str, ...], others: tuple[str, ...], evidence: Evidence) -> bool:
    """Say whether two traces may be of one signal: both worked out, or of the same family."""
    families = [
        {fact.removesuffix("now").removesuffix("at_start") for fact in facts} for facts in (some, others)
    ]
    if len(some) == len(others) == 1:
        return families[0] == families[1]
    return any(figure.moment is not None and figure.facts in (some, others) for figure in evidence.figures)


def _is_then_and_now(first: Quantity, second: Quantity, text: str, evidence: Evidence) -> bool:
    """Say whether one figure is told as it was and as it is, and nothing stood still at it."""
    if (first.unit or second.unit) != (second.unit or first.unit):
        return False
    if PERCENT in (first.unit, second.unit) and (
        first.unit != second.unit or _OF_SOMETHING.match(text, second.end)
    ):
        return False
    if any(_GAP_AFTER.match(text, max(one.end, one.noun_end)) for one in (first, second)):
        # 190 more than the 190 we started with.
        return False
    said = {
        moments.told(context.surroundings(text, quantity.start), quantity.start, quantity.end)
        for quantity in (first, second)
    }
    if moments.Told.OPEN in said and _THAN_BEFORE.search(text[max(0, second.start - 24) : second.start]):
        # 18 open, more than the 18 we started with.
        said |= {moments.Told.START}
    if moments.Told.START not in said or not said & {moments.Told.NOW, moments.Told.NOT_SAID}:
        return False
    levels = [
        figure
        for figure in evidence.figures
        if figure.moment is not None and figure.needs is Needs.NOTHING and equals(first, figure)
    ]
    return not any(_are_ends(one, other) for one, other in itertools.permutations(levels, 2))


def parts_over_wholes(found: Sequence[Quantity], text: str) -> Iterator[tuple[Quantity, Quantity]]:
    """Yield "5 of the 4 features" and "3/2": a part that is more than its whole, whatever facts have those values."""
    for first, second in itertools.pairwise(found):
        part, whole = value_of(first), value_of(second)
        if (
            part is None
            or whole is None
            or part <= whole
            or not {first.unit, second.unit}.isdisjoint(_NO_PARTS)
        ):
            continue
        is_counted = first.unit == second.unit or not first.unit or not second.unit
        if is_counted and not first.out_of and _OF_WHOLE.fullmatch(text[first.end : second.start]):
            yield first, second


def _has_counterpart(facts: tuple[str, ...], evidence: Evidence) -> bool:
    """Say whether the fact is one of two that are told together: at the start and now, a part and its whole."""
    if len(facts) != 1:
        return False
    return facts[0] in _COUNTERPARTS or any(
        figure.facts == facts and figure.moment is not None and figure.needs is Needs.NOTHING
        for figure in evidence.figures
    )


def _has_other_end(facts: tuple[str, ...], evidence: Evidence) -> bool:
    """Say whether a fact has another value at the other end of the quarter."""
    mine = [
        f for f in evidence.figures if f.facts == facts and f.moment is not None and f.needs is Needs.NOTHING
    ]
    return any(
        _are_ends(one, other) and one.value != other.value
        for one in mine[:1]
        for other in evidence.figures
        if other.moment is not None and other.moment is not one.moment and other.needs is Needs.NOTHING
    )


def gaps_told_wrongly(found: Sequence[Quantity], traces: Sequence[Facts], text: str) -> Iterator[Quantity]:
    """Yield the "four points" of "went from 5 to 7, which is four points up", whatever else is four."""
    told = list(zip(found, traces, strict=False))
    for (first, some), (second, others), (gap, facts) in zip(told, told[1:], told[2:], strict=False):
        if not (some and others and facts) or gap.numeral.readings == ():
            continue
        if _is_led_gap(first, second, gap, text):
            # 25 %, down 5 points from 31 %.
            a, b, said = value_of(first), value_of(gap), value_of(second)
            if a is not None and b is not None and said is not None and abs(abs(a - b) - said) >= 1:
                yield second
            continue
        between = text[second.end : gap.start]
        if re.search(r"[.!?]\s", text[first.end : second.start]):
            continue
        if len(between) > _FAR_GAP or _NOT_THE_SAME.search(between) or gap.hedge is not None:
            continue
        is_points = gap.unit in (POINTS, PERCENT_POINTS) and (first.unit == second.unit == PERCENT)
        is_bare = gap.unit == POINTS and not (first.unit or second.unit) and not first.out_of
        if not (is_points or is_bare) or not _is_a_gap(gap, text, between):
            continue
        if _FROM_OTHERS.match(text, max(gap.end, gap.noun_end)) and not any(
            fact.startswith("benchmark.") for fact in (*some, *others)
        ):
            # From 25 % to 34 %, which is 11 points above the median: not how far it went.
            continue
        is_between = _APART.search(between) or _APART.search(text[gap.end : gap.end + _NEAR_GAP])
        if not (_are_of_one(some, others) or is_between):
            continue
        a, b, said = value_of(first), value_of(second), value_of(gap)
        if a is not None and b is not None and said is not None and abs(abs(a - b) - said) >= 1:
            yield gap


def _is_led_gap(first: Quantity, gap: Quantity, second: Quantity, text: str) -> bool:
    """Say whether a gap stands between the two figures that it is of: 25 %, down 5 points from 31 %."""
    if (
        first.unit != PERCENT
        or second.unit != PERCENT
        or gap.unit not in (POINTS, PERCENT_POINTS)
        or gap.hedge
    ):
        return False
    lead = text[first.end : gap.start]
    return bool(_LED_GAP.fullmatch(lead)) and bool(
        _FROM_AFTER.fullmatch(text[max(gap.end, gap.noun_end) : second.start])
    )


def distances_told_wrongly(
    found: Sequence[Quantity], traces: Sequence[Facts], text: str
) -> Iterator[Quantity]:
    """Yield the "4 points" of "That is a distance of 4 points" where the sentence before tells of two rates 8 apart."""
    told = list(zip(found, traces, strict=False))
    for gap, facts in told:
        if not facts or gap.unit not in (POINTS, PERCENT_POINTS) or gap.hedge is not None:
            continue
        around = context.surroundings(text, gap.start)
        if not around.previous or not _THAT_DISTANCE.fullmatch(text[around.sentence_start : gap.start]):
            continue
        before = around.sentence_start - len(around.previous)
        rates = [
            (quantity, ids)
            for quantity, ids in told
            if quantity.unit == PERCENT and before <= quantity.start < around.sentence_start
        ]
        if len(rates) != 2:
            continue
        (first, some), (second, others) = rates
        a, b, said = value_of(first), value_of(second), value_of(gap)
        if (
            some
            and others
            and _are_of_one(some, others)
            and a is not None
            and b is not None
            and said is not None
        ) and abs(abs(a - b) - said) >= 1:
            yield gap


def _is_a_gap(gap: Quantity, text: str, between: str) -> bool:
    after = text[max(gap.end, gap.noun_end) :]
    return bool(_GAP_AFTER.match(after) or _GAP_BEFORE.search(between) or _APART.search(between))


def _are_of_one(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Say whether two figures are both ends of one signal, or a rate and its benchmark."""
    one, other = some[0], others[0]
    if len(some) > 1 or len(others) > 1:
        return False
    if {one, other} == {"input.feature_adoption_rate.now", "benchmark.adoption_median"}:
        return True
    return one != other and one.removesuffix("now").removesuffix("at_start") == other.removesuffix(
        "now"
    ).removesuffix("at_start")


def both_ends(
    found: Sequence[Quantity], traces: Sequence[Facts], text: str, evidence: Evidence
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the places of untraced figures that tell, two by two, both ends of one signal: 7 now, 5 then.

    That both values are met by chance is so rare that no word has to name the signal; another one must not be named.
    """
    for at, (first, second) in enumerate(itertools.pairwise(found)):
        if traces[at] != () or traces[at + 1] != ():
            continue
        around = context.surroundings(text, first.start)
        if not around.sentence_start <= second.start < around.sentence_end:
            continue
        rivals = [
            figure
            for figure in evidence.figures
            if figure.needs is Needs.NOTHING and speaks_of(first, figure)
        ]
        spoken_of = context.present({stem for figure in rivals for stem in figure.topics}, around.sentence)
        for one, other in itertools.permutations((f for f in rivals if f.moment is not None), 2):
            if not _are_ends(one, other) or (spoken_of and not one.topics & spoken_of):
                continue
            if (
                equals(first, one)
                and speaks_of(second, other)
                and equals(second, other)
                and one.value != other.value
            ):
                if _is_timely(first, one, text) and _is_timely(second, other, text):
                    yield at, one.facts
                    yield at + 1, other.facts
                break


def parts_of_wholes(
    found: Sequence[Quantity], traces: Sequence[Facts], text: str, evidence: Evidence
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the places of untraced figures that tell, two by two, a part and its whole: so that's 4 of 5; Score: 4/5.

    As with both ends of a signal, no word has to name them, and none may name another whole.
    """
    for at, (first, second) in enumerate(itertools.pairwise(found)):
        if traces[at] and traces[at + 1]:
            continue
        joint = text[first.end : second.start]
        if not _OF_THE_WHOLE.fullmatch(joint) or first.numeral.is_share or second.out_of:
            continue
        around = context.surroundings(text, first.start)
        wholes = [
            figure
            for figure in evidence.figures
            if figure.facts[0] in PARTS_BY_WHOLE and len(figure.facts) == 1 and figure.needs is Needs.NOTHING
        ]
        named = [
            figure for figure in wholes if context.present(_OWN_WORDS[figure.facts[0]], around.sentence)
        ] or [figure for figure in wholes if context.present(_OWN_WORDS[figure.facts[0]], around.previous)]
        for whole in named or wholes:
            part = PARTS_BY_WHOLE[whole.facts[0]]
            is_rest = _is_told_as_rest(
                text[around.clause_start : first.start],
                text[second.end : around.sentence_end],
                around.sentence,
            )
            if is_rest is None:
                continue
            parts = [
                figure
                for figure in evidence.figures
                if (
                    figure.facts == (whole.facts[0], part)
                    and figure.needs is Needs.REST
                    and PERCENT not in figure.units
                )
                if is_rest
            ] or [figure for figure in evidence.figures if figure.facts == (part,) and not is_rest]
            if parts and _is_counted(first, parts[0]) and _is_counted(second, whole):
                yield at, parts[0].facts
                yield at + 1, whole.facts
                break


def _is_told_as_rest(before: str, after: str, sentence: str) -> bool | None:
    """Say whether two figures tell what is left of a whole, or what is done of it; None where the words leave that open."""
    after = _ENDS_THERE.split(after, maxsplit=1)[0]
    if _DONE_AFTER.match(after):
        return False
    if _REST_NEAR.search(after[:_NEAR_GAP]):
        return True
    if _DONE_BEFORE.search(before) or not _REST_NEAR.search(sentence):
        return False
    return True if _REST_NEAR.search(before) else None


def _is_counted(found: Quantity, figure: Figure) -> bool:
    return (not found.unit or found.unit in figure.units) and any(
        value == figure.value for value, _ in found.numeral.readings
    )


def _are_ends(one: Figure, other: Figure) -> bool:
    now, start = (one, other) if one.moment is Moment.NOW else (other, one)
    return start.moment is Moment.START and start.facts[0].replace("at_start", "now") == now.facts[0]


def _is_timely(found: Quantity, figure: Figure, text: str) -> bool:
    said = moments.told(context.surroundings(text, found.start), found.start, found.end)
    wrong = moments.Told.NOW if figure.moment is Moment.START else moments.Told.START
    return said is not wrong


def moved_otherwise(first: Quantity, second: Quantity, text: str) -> int | None:
    """Return where "fell from 46 % to 58 %" begins: both figures may be right and the sentence wrong. None elsewhere."""
    if not _FROM.search(text[max(0, first.start - 12) : first.start]):
        return None
    if _RANGED_BEFORE.search(text[max(0, first.start - 24) : first.start]):
        return None
    was, is_now = value_of(first), value_of(second)
    if (
        _TO.fullmatch(text[first.end : second.start])
        and {PERCENT} < {first.unit, second.unit}
        and "" not in (first.unit, second.unit)
    ):
        # From 62 days to 65 %.
        return first.start
    if not _TO.fullmatch(text[first.end : second.start]) or was is None or is_now is None:
        return None
    if was == is_now and first.unit == second.unit:
        # From 36 to 36.
        return first.start
    if was == is_now:
        return None
    around = context.surroundings(text, first.start)
    verbs = text[around.clause_start : first.start]
    rises, falls = context.says(motion.RISE, verbs), context.says(motion.FALL, verbs)
    if rises == falls or rises == (is_now > was):
        return None
    return around.clause_start + len(verbs) - len(verbs.lstrip())


def other_units(found: Sequence[Quantity], text: str) -> Iterator[Quantity]:
    """Yield the "85 days" of "to 80 %, against 85 days at the start": what a percentage is compared with is one."""
    for first, second in itertools.pairwise(found):
        between = text[first.end : second.start]
        other = second if first.unit == PERCENT else first
        is_mixed = PERCENT in (first.unit, second.unit) and other.unit not in ("", *_NO_PARTS)
        if is_mixed and len(between) <= _FAR_GAP and _AGAINST.fullmatch(between):
            yield other


def range_of(at: int, found: Sequence[Quantity], text: str) -> tuple[Quantity, Quantity] | None:
    """Return the two ends of the range that a figure is an end of: between 50 and 55 %, 50-55 %."""
    for first, second in itertools.pairwise(found[max(0, at - 1) : at + 2]):
        joint = text[first.end : second.start]
        before = text[max(0, first.start - 12) : first.start]
        if re.fullmatch(r"\s?[-–—]\s?", joint) and not _FROM.search(before):
            return first, second
        if re.fullmatch(r"\s+to\s+", joint) and _RANGE_LED.search(before):
            return first, second
        if re.search(r"\bbetween\s+$", before, re.IGNORECASE) and re.fullmatch(r"\s+and\s+", joint):
            return first, second
    return None


def value_of(quantity: Quantity) -> Decimal | None:
    """Return the value that a quantity most likely has."""
    return quantity.numeral.readings[0][0] if quantity.numeral.readings else None
