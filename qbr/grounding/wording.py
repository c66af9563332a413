"""Do the words around a quantity allow it to be a figure? The words a derived figure needs, and none against it."""

import re

from qbr.grounding import cues, moments, motion, sides
from qbr.grounding.context import Surroundings, asked, days_named, present, says
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import is_telling
from qbr.grounding.quantities import PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity

_EXTREMES = frozenset({Needs.LOWEST, Needs.HIGHEST})
_MOVED_BEFORE = re.compile(
    r"(?:\b(?:by|up|down|gained|lost|plus|minus|added|adds|shed|of|another|rose|fell|dropped|grew|shrank|climbed|is|are|moved|improved|cut|more|fewer|less)"
    r"|[+-])\s*(?:about |around |some |roughly |nearly |just )?$",
    re.IGNORECASE,
)
_MOVED_AFTER = re.compile(
    r"\s*(?:[a-z]+\s+){0,2}?(?:more|fewer|less|higher|lower|larger|smaller|bigger|up|down|better|worse|extra|additional|above|below|than|apart|between|ahead|behind|away)\b",
    re.IGNORECASE,
)
# Where it stands beside something else, not where it went.
_STANDS_APART = re.compile(
    r"\s*(?:clear(?:ly)?\s+)?(?:above|below|over|under|ahead|behind|in front|short|shy|adrift|clear|apart|north|south|beyond)\b",
    re.IGNORECASE,
)
# Half of the seats is a share of seats, whatever else is half.
_OF_WHAT = re.compile(
    r"\s+of\s+(?:all\s+|the\s+|its\s+|their\s+|our\s+|your\s+|those\s+|these\s+|[a-z]+\s+){0,3}?(?P<noun>seats?|licen[cs]es?|users?|features?|modules?|capabilit\w+|tools?|commitments?|promises?|undertakings?|tickets?)\b",
    re.IGNORECASE,
)
_WHOLES_BY_NOUN: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(
        (noun, ("seats.", "input.seats_utilization", "input.login", "commitment.", "goals."))
        for noun in ("seat", "licen", "user")
    ),
    *(
        (noun, ("features.", "input.feature_adoption", "benchmark.", "commitment.", "goals."))
        for noun in ("feature", "module", "capabil", "tool")
    ),
    *((noun, ("commitments.", "commitment.", "goals.")) for noun in ("commit", "promis", "undertak")),
    ("ticket", ("input.support_ticket", "commitment.", "goals.")),
)
THAT_IS = re.compile(
    r"\W*(?:and |so |or )?(?:that(?:'s| is| makes| was)|which (?:is|was|makes)|this (?:is|was|makes)|i\.e\.|or|so)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:gap|differ\w*|(?:more|less) than (?!\W?\d|[€$£¥]|[A-Z]{3}\b)|exceed\w*|ahead|behind|apart|distance|between)\b",
    re.IGNORECASE,
)
_BY_BEFORE = re.compile(rf"\bby\s+{cues.HEDGES}$", re.IGNORECASE)
_MORE_OR_LESS = re.compile(
    r"\s*(?:more|less|fewer|higher|lower|up|down|increase|decrease|rise|drop|fall|growth|reduction|gain|loss|better|worse)\b",
    re.IGNORECASE,
)
_FROM_LINE = re.compile(
    r"\s*(?:above|below|over|under|from|short of|clear of|into|away from)\s+(?:the\s+|our\s+|its\s+)?(?:green|amber|red|threshold|line|limit)\b",
    re.IGNORECASE,
)
# Which side of a threshold the score stands on says nothing of where it went.
_SIDE_OF_LINE = re.compile(
    r"\b(?:above|below|over|under|beyond|short of|clear of) (?:the |our |its )?(?:green|amber|red|threshold|line)\b",
    re.IGNORECASE,
)
_COST_BEFORE = re.compile(
    r"\b(?:cost(?:s|ing)?|takes?|took|deducts?|deducted|lowers?|weighs?)(?: (?:us|it|you|them|the (?:score|account|health score)))?(?: by)?\s+$",
    re.IGNORECASE,
)
_OF_ALL = re.compile(
    r"\s+of (?:the |our |their |its |your )?(?:total|whole|all|them|those|these|seats|licences|licenses|features)\b",
    re.IGNORECASE,
)
_NOT_IN_USE = re.compile(
    r"\b(?:not|rest|remainder|others?|without|never|no active|yet|go(?:es)? to waste|headroom|room|available)\b",
    re.IGNORECASE,
)
_RATE_BEFORE = re.compile(
    r"\b(?:utili[sz]ation|usage|adoption|use)(?: rate)?\s+(?:is|was|at|of|stands at|came to|comes to)\s+$",
    re.IGNORECASE,
)
_ABOVE_IT = re.compile(
    r"\s*(?:above|below|over|under|ahead of|behind)\s+(?:it|that|this|them|the middle|the others)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?<!change)(?<!delta)(?<!difference)(?<!move)(?<!movement)(?<!gap)(?<!gain)(?<!loss)(?<!trend)[a-z)]\s?:\s*$",
    re.IGNORECASE,
)
_BETWEEN_BEFORE = re.compile(r"\bbetween\s+(?:\S+\s+and\s+)?$", re.IGNORECASE)
_CHANGED = re.compile(
    r"\b(?:change\w*|mov\w+|swing|improv\w*|worse\w*|better|relative\w*|differ\w*|amounts?|gain\w*|loss|Δ)\b|[+-]\d",
    re.IGNORECASE,
)
_ENDED_ON = re.compile(
    r"\b(?:end(?:ed|s|ing)? (?:up )?(?:on|at|with)|clos\w+ (?:on|at|with)|finish\w* (?:on|at|with)|(?:came|coming|comes) to rest (?:on|at)|settl\w+ (?:on|at)|landed (?:on|at)|stands? (?:at|on)|now|today|currently|start(?:ed|ing)? (?:on|at|from|with)|began (?:on|at|with)|opened (?:on|at|with)|start)\s+(?:at\s+)?$",
    re.IGNORECASE,
)
_EXTREME_BEFORE = re.compile(
    r"\b(?:lowest|highest|lows?|highs?|peak(?:ed)?|bottom(?:ed)?|min(?:imum)?|max(?:imum)?|trough)\b[^.;,\d]{0,16}$",
    re.IGNORECASE,
)
_COMPARED_AFTER = re.compile(
    r"\s*(?:more|fewer|less|higher|lower|larger|smaller|bigger|better|worse|ahead|behind|above|below)\b",
    re.IGNORECASE,
)
_TO_BARE_NUMBER = re.compile(r"\s*to\s+(?:about |around )?\d[\d.,']*(?!\s?%|[\d.,]*\s*per)", re.IGNORECASE)
_TO_NUMBER = re.compile(r"\s*%?\s*(?:to|->|→|=>)\s+(?:about |around )?\W?\d", re.IGNORECASE)
_SWUNG = re.compile(
    r"\b(?:moved|swung|ranged|fluctuated|oscillated|varied|swinging|moving|was always|has been)\b",
    re.IGNORECASE,
)
_THEY_STAND = re.compile(
    r"\b(?:above|below|over|under|ahead of|behind|lower than|higher than|more than|less than)\s+(?:you|yours|your|the account|this account)\b",
    re.IGNORECASE,
)
_CHANGE_OF = re.compile(
    r"\b(?:change|increase|decrease|rise|fall|drop|gain|loss|growth|reduction|decline|difference|swing|jump|gap|improvement)\s+of\s+(?:about |around )?$",
    re.IGNORECASE,
)
_SEAT = re.compile(r"\b(?:seats?|users?|licen[cs]es?|lics?|heads?|person)\b", re.IGNORECASE)
_SEAT_ASKED = re.compile(
    r"\b(?:per|each|every|one|a single|a) (?:seat|user|licen[cs]e|head)\b", re.IGNORECASE
)
_MONTH = re.compile(r"\bmonth(?:ly|s)?\b", re.IGNORECASE)
_IN_COMPARISON = re.compile(
    r"^[^.;,\d]{0,10}\b(?:above|below|ahead of|behind|over|under)\s+(?:the|its|their)\s+(?:median|peers|segment|benchmark|average)",
    re.IGNORECASE,
)


def allows(
    found: Quantity, figure: Figure, around: Surroundings, *, told: frozenset[str] = frozenset()
) -> bool:
    """Say whether the sentence holds the words that a derived figure needs, and none that contradict it.

    ``told`` are the facts that other figures of the sentence were traced to: what follows from these needs fewer words.
    """
    fact_id = figure.facts[0]
    if figure.on is not None and figure.needs not in (Needs.LOWEST, Needs.HIGHEST):
        named = days_named(around.sentence) or days_named(around.previous)
        return any(when.agrees_with(figure.on) and (when.readings or when.month) for when in named)
    if (
        not figure.own_name
        and found.unit in ("", POINTS)
        and _COST_BEFORE.search(around.text[max(around.sentence_start, found.start - 32) : found.start])
        and figure.needs is Needs.CHANGE
    ):
        # Escalations, which cost 18: of the points of a signal alone.
        return False
    after = around.text[max(found.end, found.noun_end) : around.sentence_end]
    is_above_it = figure.also is Needs.COMPARED and bool(_ABOVE_IT.match(after))
    told_of = around.previous + around.sentence if is_above_it else around.sentence
    if figure.also is not Needs.NOTHING and not says(cues.NEEDED[figure.also], told_of):
        return False
    if figure.needs is Needs.REST and found.unit == PERCENT:
        lead = around.text[max(around.sentence_start, found.start - 32) : found.start]
        told_of = asked(around)
        if _RATE_BEFORE.search(lead) or not (says(cues.IDLE, told_of) or says(_NOT_IN_USE, told_of)):
            # What is in use is no rest.
            return False
    is_of_line = bool(_FROM_LINE.match(after))
    if is_of_line and figure.needs is Needs.CHANGE and figure.also is not Needs.BORDER:
        return False
    if figure.also is Needs.COMPARED and not (
        says(cues.NEEDED[figure.also], around.clause)
        or _STANDS_APART.match(after)
        or _MOVED_AFTER.match(after)
        or (
            says(motion.SIDES, around.sentence)
            and _BY_BEFORE.search(around.text[max(around.sentence_start, found.start - 24) : found.start])
        )
    ):
        # "Up 8 points to 77 %, median 69 %": the 8 are of the way up.
        return False
    if (
        figure.needs is Needs.NOTHING
        and figure.facts[0].startswith("health.score_")
        and _is_an_extreme(around)
    ):
        return False
    if (
        figure.needs is Needs.NOTHING
        and figure.facts[0].startswith("health.score_")
        and says(_SWUNG, around.clause)
        and _BETWEEN_BEFORE.search(around.text[max(around.sentence_start, found.start - 24) : found.start])
    ):
        # What the score moved between are its lowest and its highest.
        return False
    if figure.needs in _EXTREMES and _ENDED_ON.search(
        around.text[max(around.sentence_start, found.start - 40) : found.start]
    ):
        return False
    if not sides.is_of_its_colour(found, figure.facts, around):
        return False
    if (
        not found.unit
        and figure.needs not in _EXTREMES
        and fact_id.startswith(("health.score", "policy."))
        and _EXTREME_BEFORE.search(around.text[max(around.sentence_start, found.start - 40) : found.start])
    ):
        return False
    if (
        figure.needs in _EXTREMES
        and _is_an_extreme(around)
        and not says(cues.NEEDED[figure.needs], around.clause)
    ):
        return False
    if (
        POINTS in (found.unit, found.elided_unit)
        and figure.needs is Needs.NOTHING
        and not figure.own_name
        and (
            says(cues.COSTS, around.clause if found.unit else around.sentence)
            or (not found.unit and says(sides.DRIVES, around.sentence))
        )
    ):
        # What something costs the score is not how many of it there are.
        return False
    if not sides.is_on_its_side(found, figure, around) or not sides.is_by_its_name(found, figure, around):
        return False
    if found.unit in (PERCENT, SHARE) and (whole := _OF_WHAT.match(around.text, found.end)):
        family = next(
            (family for noun, family in _WHOLES_BY_NOUN if whole["noun"].casefold().startswith(noun)), ()
        )
        if family and not any(fact.startswith(family) for fact in figure.facts):
            return False
    match figure.needs:
        case Needs.QUOTED:
            at = around.sentence.casefold().find(figure.quote)
            here = found.start - around.sentence_start
            if at >= 0 and not at <= here < at + len(figure.quote):
                # The number of the quotation stands inside it: this one is another.
                return False
            own = figure.topics - figure.names
            is_called = bool(found.unit) and bool(present(figure.names, around.sentence))
            return is_called or len(present(own, around.sentence)) >= min(2, len(own))
        case Needs.PER_SEAT:
            return found.is_per_seat or says(_SEAT, around.sentence) or says(_SEAT_ASKED, around.previous)
        case Needs.PER_MONTH:
            return found.is_per_month or says(_MONTH, around.sentence)
        case Needs.CHANGE:
            before = around.text[max(around.sentence_start, found.start - 24) : found.start]
            if not found.unit and not found.numeral.sign and _LABELLED.search(before):
                # NPS rating: 2 is where it stands.
                return False
            if not (found.unit or found.elided_unit) and _is_of_the_start(found, figure, around, before):
                return False
            stands = cues.ENDS_BEFORE if found.unit else cues.STANDS_BEFORE
            if found.unit == PERCENT and _OF_ALL.match(after):
                # 8 % of the total are a share.
                return False
            is_compared = bool(found.unit) and bool(_COMPARED_AFTER.match(after))
            is_called_so = found.unit == PERCENT_POINTS or (found.unit == POINTS and found.noun_end > 0)
            if not (is_called_so or is_compared) and stands.search(before) and not _CHANGE_OF.search(before):
                return False
            is_rate = found.unit == PERCENT and _TO_BARE_NUMBER.match(after)
            if (
                _TO_NUMBER.match(after)
                and not (found.noun_end or is_rate)
                and not cues.BY_BEFORE.search(before)
            ):
                # Of "3 to 8" the 3 is an end.
                return False
            # Beside a benchmark, a gap is the gap to it.
            if says(cues.COMPARED, around.clause) and figure.moment is not None:
                return False
            if (
                says(cues.NEEDED[Needs.COMPARED], around.sentence)
                and figure.moment is not None
                and _STANDS_APART.match(after)
            ):
                return False
            if _IN_COMPARISON.search(around.text[found.end : found.end + 24]) and figure.moment is not None:
                return False
            if (
                found.noun_end
                and found.unit != POINTS
                and not (
                    _MOVED_BEFORE.search(before) or _MOVED_AFTER.match(after) or THAT_IS.match(around.clause)
                )
            ):
                # "120 tickets" are there, "120 tickets more" came.
                return False
            is_worked_out = len(figure.facts) > 1 and set(figure.facts) <= told
            if fact_id.startswith("roi.") and not is_worked_out and not _COMPARES.search(around.clause):
                return False
            told_in = around.sentence if THAT_IS.match(around.clause) else around.clause
            is_moved = any(says(cue, told_in) for cue in (motion.RISE, motion.FALL, motion.MOVED))
            if is_worked_out and found.unit == PERCENT:
                is_moved = any(says(cue, around.sentence) for cue in (motion.RISE, motion.FALL, _CHANGED))
                if not is_moved:
                    return False
            is_bare = not (found.unit or found.elided_unit)
            if (is_bare or not is_worked_out) and not is_moved and not _STANDS_APART.match(after):
                return False
        case Needs.NOTHING:
            if (found.is_per_seat or found.is_per_month) and figure.currency and figure.value > 1000:
                return False
        case Needs.PART if found.unit == PERCENT and is_told_as_change(found, around):
            return False
        case needed:
            is_plain = needed in (Needs.REST, Needs.TOTAL) and is_telling(found)
            is_plain = is_plain or (
                fact_id.startswith("seats.") and needed is Needs.REST and "seats.unused" in told
            )
            if needed is Needs.TOTAL and any(name in around.clause.casefold() for name in figure.names):
                # What one of the two brought is not what both did.
                is_plain = all(name in around.sentence.casefold() for name in figure.names)
            is_plain = is_plain or (figure.facts == ("seats.unused",) and found.unit in figure.units - {""})
            lead = around.text[max(around.sentence_start, found.start - 48) : found.start]
            if needed in _EXTREMES and not (
                says(cues.NEEDED[needed], around.clause) or says(cues.NEEDED[needed], lead)
            ):
                return False
            if not is_plain and not says(cues.NEEDED[needed], asked(around)):
                return False
    return not (figure.is_signed and _contradicts(figure, around))


def is_told_as_change(found: Quantity, around: Surroundings) -> bool:
    """Say whether a percentage tells how much more or less there is, and so is no share of it."""
    before = around.text[max(around.sentence_start, found.start - 32) : found.start]
    after = around.text[found.end : around.sentence_end]
    return bool(_CHANGE_OF.search(before) or _MORE_OR_LESS.match(after) or cues.BY_BEFORE.search(before))


def is_beside_others(found: Quantity, around: Surroundings) -> bool:
    """Say whether a distance is one to other customers: 4 points behind where comparable accounts are."""
    after = around.text[max(found.end, found.noun_end) : around.sentence_end]
    return bool(_STANDS_APART.match(after)) and says(cues.NEEDED[Needs.COMPARED], around.sentence)


def _is_of_the_start(found: Quantity, figure: Figure, around: Surroundings, before: str) -> bool:
    """Say whether a bare number is told as what was there at the start, and so is no change: lower than the 3 you gave us."""
    after = around.text[found.end : around.sentence_end]
    if figure.moment is None or cues.BY_BEFORE.search(before) or _MOVED_AFTER.match(after):
        return False
    return moments.told(around, found.start, found.end) is moments.Told.START


def _is_an_extreme(around: Surroundings) -> bool:
    return says(cues.NEEDED[Needs.LOWEST], around.clause) != says(cues.NEEDED[Needs.HIGHEST], around.clause)


def _contradicts(figure: Figure, around: Surroundings) -> bool:
    clause = around.clause if figure.also is Needs.BORDER else _SIDE_OF_LINE.sub(" ", around.clause)
    rises, falls = bool(says(motion.RISE, clause)), bool(says(motion.FALL, clause))
    if rises == falls or figure.value == 0:
        return False
    if figure.also is Needs.COMPARED and _THEY_STAND.search(around.clause):
        # "Five points under you" is said of the peers.
        return rises == (figure.value > 0)
    return rises != (figure.value > 0)
