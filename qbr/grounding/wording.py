"""Do the words around a quantity allow it to be a figure? The words a derived figure needs, and none against it."""

import re

from qbr.grounding import cues, motion
from qbr.grounding.context import Surroundings, days_named, says
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import is_telling
from qbr.grounding.quantities import PERCENT, PERCENT_POINTS, POINTS, Quantity

_PARTS = frozenset({"seats.used", "seats.unused", "features.used_count", "commitments.kept"})
WHOLES = frozenset({"seats.purchased", "features.licensed_count", "commitments.total"})
_SHARES_IN_USE = ("input.seats_utilization.", "input.feature_adoption_rate.")
_EXTREMES = frozenset({Needs.LOWEST, Needs.HIGHEST})
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
_CHANGE_OF = re.compile(
    r"\b(?:change|increase|decrease|rise|fall|drop|gain|loss|growth|reduction|decline|difference|swing|jump|gap|improvement)\s+of\s+(?:about |around )?$",
    re.IGNORECASE,
)
_SEAT = re.compile(r"\b(?:seat|user|licen[cs]e|head|person)\b", re.IGNORECASE)
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
            if not is_called_so and stands.search(before) and not _CHANGE_OF.search(before):
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
            is_worked_out = len(figure.facts) > 1 and set(figure.facts) <= told
            if not is_worked_out and not any(
                says(cue, around.clause) for cue in (motion.RISE, motion.FALL, motion.MOVED)
            ):
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
    rises, falls = bool(says(motion.RISE, around.clause)), bool(says(motion.FALL, around.clause))
    if rises == falls or figure.value == 0:
        return False
    return rises != (figure.value > 0)
