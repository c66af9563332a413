"""Do the words around a quantity allow it to be a figure? The words a derived figure needs, and none against it."""

import re

from qbr.grounding import cues, motion
from qbr.grounding.context import Surroundings, days_named, present, says
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.matching import is_telling
from qbr.grounding.moments import NUMBER
from qbr.grounding.quantities import PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity

_PARTS = frozenset({"seats.used", "seats.unused", "features.used_count", "commitments.kept"})
WHOLES = frozenset({"seats.purchased", "features.licensed_count", "commitments.total"})
_SHARES_IN_USE = ("input.seats_utilization.", "input.feature_adoption_rate.")
_EXTREMES = frozenset({Needs.LOWEST, Needs.HIGHEST})
_POINTS = re.compile(
    r"\b(?:points?|pts?|minus|drivers?|cost\w*|takes?|took|lost|loses?|deduct\w*|weigh\w*|drag\w*)\b",
    re.IGNORECASE,
)
_MOVED_BEFORE = re.compile(
    r"(?:\b(?:by|up|down|gained|lost|plus|minus|added|adds|shed|of|another|rose|fell|dropped|grew|shrank|climbed|is|are|moved|improved|cut|more|fewer|less)"
    r"|[+-])\s*(?:about |around |some |roughly |nearly |just )?$",
    re.IGNORECASE,
)
_MOVED_AFTER = re.compile(
    r"\s*(?:[a-z]+\s+){0,2}?(?:more|fewer|less|higher|lower|up|down|better|worse|extra|additional|above|below|than|apart|between|ahead|behind|away)\b",
    re.IGNORECASE,
)
# Where it stands beside something else, not where it went.
_STANDS_APART = re.compile(
    r"\s*(?:clear(?:ly)?\s+)?(?:above|below|over|under|ahead|behind|in front|short|shy|adrift|clear|apart|north|south|beyond)\b",
    re.IGNORECASE,
)
_POINTS_APART = re.compile(
    r"\s*(?:up|down|higher|lower|better|worse|more|less|fewer|above|below|ahead|behind|in front|apart|away|clear|short|shy|adrift|than|from (?:the|it|there|here|that))\b",
    re.IGNORECASE,
)
_TOLD_AS_DONE = frozenset(
    {"commitments.kept", "commitments.total", "features.used_count", "features.licensed_count"}
)
_LEFT_BEFORE = re.compile(
    r"\b(?:open|outstanding|remaining|leaving|leaves|left|missed|missing|unused|idle|carrying|not (?:kept|done|used))(?:\s+(?:is|are|was|were))?[\s:=]+$",
    re.IGNORECASE,
)
_LEFT_AFTER = re.compile(
    r"(?:\s+(?:out )?of\s+(?:the\s+|our\s+|its\s+)?\w+(?:\s+(?:licensed\s+)?(?:commitments?|promises?|pledges?|undertakings?|actions?|features?|modules?|items?|capabilit\w+))?)?\s+(?:(?:are|were|was|is|still|remain\w*|of them|of these) )*(?:open|outstanding|remain\w*|left|missing|missed|not (?:kept|done|met)|carried|to go|unused|idle|untouched)\b",
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
_NAME_LED = re.compile(
    r"\s*(?:points?|pts?)?\s*(?:of them |are |were |is |was |lost |gone |went |come |came |taken |off |out )*(?:to|on|for|from|by|due to|because of|through|via)\s+(?:the |its )?"
)
_IDLE_ONES = re.compile(
    r"\s*(?:idle|unused|empty|spare|free|dormant|unassigned|unclaimed|vacant|inactive|unfilled|surplus)\s+(?:seats?|licen[cs]es?|lics?|users?|logins?|entitlements?)\b"
    r"|\s*(?:seats?|licen[cs]es?|lics?|logins?)\s+(?:(?:are|were|lie|sit|stand|still|now|currently|that|which|remain) )*(?:idle|unused|empty|spare|free|dormant|unassigned|vacant|to (?:fill|assign|hand out|give)|(?:could|can|may|might) be (?:reassigned|given|handed|cut|dropped|released))\b",
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
_GAP_BEFORE = re.compile(r"\b(?:difference|gap|distance|swing|spread|margin)\b[^.;,\d]{0,32}$", re.IGNORECASE)
_USED_ONES = re.compile(
    r"\s*(?:seats?|licen[cs]es?|lics?|users?|people)?\s*(?:(?:are|were|is|being|now|currently) )*(?:used|in (?:daily |regular |active )?use|active|occupied|taken|live|working)\b",
    re.IGNORECASE,
)
_FROM_LINE = re.compile(
    r"\s*(?:above|below|over|under|from|short of|clear of|into|away from)\s+(?:the\s+|our\s+|its\s+)?(?:green|amber|red|threshold|line|limit)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:change\w*|mov\w+|swing|improv\w*|worse\w*|better|relative\w*|differ\w*|amounts?|gain\w*|loss|Δ)\b|[+-]\d",
    re.IGNORECASE,
)
_ENDED_ON = re.compile(
    r"\b(?:end(?:ed|s|ing)? (?:up )?(?:on|at|with)|clos\w+ (?:on|at|with)|finish\w* (?:on|at|with)|(?:came|coming|comes) to rest (?:on|at)|settl\w+ (?:on|at)|landed (?:on|at)|stands? (?:at|on)|now|today|currently|start(?:ed|ing)? (?:on|at|from|with)|began (?:on|at|with)|opened (?:on|at|with)|start)\s+(?:at\s+)?$",
    re.IGNORECASE,
)
_DRIVES = re.compile(
    r"\b(?:driver\w*|drag\w*|penalt\w+|detract\w*|points? (?:lost|off)|lost|minus|burden\w*|expensive|costl\w+|weak\w*|heaviest|largest|biggest)\b",
    re.IGNORECASE,
)
_RED = re.compile(r"\bred\b", re.IGNORECASE)
_GREEN = re.compile(r"\b(?:green|amber)\b", re.IGNORECASE)
_EXTREME_BEFORE = re.compile(
    r"\b(?:lowest|highest|lows?|highs?|peak(?:ed)?|bottom(?:ed)?|min(?:imum)?|max(?:imum)?|trough)\b[^.;,\d]{0,16}$",
    re.IGNORECASE,
)
_MORE_THAN = re.compile(r"\s*(?:more|fewer|less|higher|lower|better|worse)\s+than\b", re.IGNORECASE)
_UP_OR_DOWN = re.compile(
    rf"\b(?:up|down|by|rose|fell|grew|climbed|slid|dropped)\s+{cues.HEDGES}$", re.IGNORECASE
)
_USED_FEATURES = re.compile(
    r"\s*(?:features?|modules?|tools?|capabilit\w+)\s+(?:that (?:are|were) |which are |now |currently )*(?:in (?:active |regular |daily )?use|used|live|adopted|(?:you|we|they) (?:already )?use)\b",
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
    if figure.also is not Needs.NOTHING and not says(cues.NEEDED[figure.also], around.sentence):
        return False
    after = around.text[max(found.end, found.noun_end) : around.sentence_end]
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
    if figure.needs in _EXTREMES and _ENDED_ON.search(
        around.text[max(around.sentence_start, found.start - 40) : found.start]
    ):
        return False
    if not _is_of_its_colour(fact_id, around):
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
            or (not found.unit and says(_DRIVES, around.sentence))
        )
    ):
        # What something costs the score is not how many of it there are.
        return False
    if not _is_on_its_side(found, figure, around) or not _is_by_its_name(found, figure, around):
        return False
    if found.unit in (PERCENT, SHARE) and (whole := _OF_WHAT.match(around.text, found.end)):
        family = next(
            (family for noun, family in _WHOLES_BY_NOUN if whole["noun"].casefold().startswith(noun)), ()
        )
        if family and not any(fact.startswith(family) for fact in figure.facts):
            return False
    match figure.needs:
        case Needs.QUOTED:
            own = figure.topics - figure.names
            is_called = bool(found.unit) and bool(present(figure.names, around.sentence))
            return is_called or len(present(own, around.sentence)) >= min(2, len(own))
        case Needs.PER_SEAT:
            return found.is_per_seat or says(_SEAT, around.sentence) or says(_SEAT_ASKED, around.previous)
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
            if not is_worked_out and not is_moved and not _STANDS_APART.match(after):
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
            if not is_plain and not says(cues.NEEDED[needed], around.sentence):
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


def _is_of_its_colour(fact_id: str, around: Surroundings) -> bool:
    """Say whether the sentence may tell of this threshold: the line of Green is not the line of Red."""
    if not fact_id.startswith("policy."):
        return True
    is_red = says(_RED, around.sentence)
    is_green = says(_GREEN, around.sentence)
    return is_red or not is_green if fact_id == "policy.red_threshold" else is_green or not is_red


def _is_an_extreme(around: Surroundings) -> bool:
    return says(cues.NEEDED[Needs.LOWEST], around.clause) != says(cues.NEEDED[Needs.HIGHEST], around.clause)


def _is_on_its_side(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Tell what is in use from what is not, both from what was bought, and a part from its whole."""
    clause, fact_id = around.clause, figure.facts[0]
    is_level = figure.moment is not None and figure.needs is Needs.NOTHING
    if (is_level or fact_id.startswith("policy.")) and len(figure.facts) == 1 and _is_a_move(found, around):
        return False
    before = around.text[around.sentence_start : found.start]
    after = around.text[found.end : around.sentence_end]
    in_use, is_idle = says(cues.IN_USE, clause), says(cues.IDLE, clause)
    is_used = bool(_USED_FEATURES.match(around.text, found.end, around.sentence_end))
    if fact_id in _PARTS and cues.OF_BEFORE.search(before) and not is_used:
        return False
    if fact_id in WHOLES and len(figure.facts) == 1:
        is_the_whole = bool(cues.OF_RIGHT_BEFORE.search(before))
        is_a_part = bool(cues.OF_AFTER.match(after)) or (is_idle and not in_use)
        is_bought = fact_id == "seats.purchased" and cues.BOUGHT_AFTER.match(after)
        if not is_the_whole and not is_bought and (is_a_part or cues.SEATS_IN_USE.match(after)):
            return False
    is_done = fact_id in _TOLD_AS_DONE and len(figure.facts) == 1 and figure.needs is not Needs.REST
    if is_done and (_LEFT_BEFORE.search(before) or _LEFT_AFTER.match(after)):
        return False
    is_count_left = figure.needs is Needs.REST and PERCENT not in figure.units
    if is_count_left and fact_id.startswith("commitments.") and cues.OF_RIGHT_BEFORE.search(before):
        return False
    if figure.needs is Needs.REST and fact_id.startswith("features.") and in_use and not is_idle:
        return False
    if (
        fact_id in ("seats.used", "seats.purchased")
        and figure.needs is Needs.NOTHING
        and len(figure.facts) == 1
        and not cues.OF_RIGHT_BEFORE.search(before)
        and _IDLE_ONES.match(around.text, found.end, around.sentence_end)
    ):
        return False
    if figure.facts == ("seats.unused",) and _USED_ONES.match(around.text, found.end, around.sentence_end):
        return False
    if figure.facts == ("seats.unused",):
        return says(cues.IDLE, around.sentence) or not (in_use or says(cues.BOUGHT, clause))
    if figure.facts == ("features.used_count",) and not in_use:
        is_told_idle = is_idle or (
            says(cues.IDLE, around.sentence) and not says(cues.IN_USE, around.sentence)
        )
        if is_told_idle:
            return False
    if figure.facts == ("seats.used",):
        is_part_of_bought = bool(cues.OF_AFTER.match(around.text, found.end)) and not is_idle
        return in_use or is_part_of_bought or not (is_idle or says(cues.BOUGHT, clause))
    is_share_in_use = figure.needs is Needs.PART or (
        PERCENT in figure.units and figure.needs is Needs.NOTHING and fact_id.startswith(_SHARES_IN_USE)
    )
    return in_use or not (is_idle and is_share_in_use)


def _is_a_move(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number is how far something moved, or what it cost, and so not where it stands."""
    before = around.text[max(around.sentence_start, found.start - 24) : found.start]
    after = around.text[max(found.end, found.noun_end) : around.sentence_end]
    if (
        _GAP_BEFORE.search(before)
        or _MORE_THAN.match(after)
        or (found.unit in (POINTS, PERCENT_POINTS) and _POINTS_APART.match(after))
    ):
        return True
    return bool(cues.BY_BEFORE.search(before)) or (found.unit == POINTS and says(cues.COSTS, around.clause))


def _is_by_its_name(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Of several signals, each with its points, only the one named before the points may have them."""
    if not figure.own_name:
        return True
    before = around.text[around.sentence_start : found.start]
    since_last = NUMBER.split(before)[-1].casefold()
    until_next = NUMBER.split(around.text[found.end : around.sentence_end])[0].casefold()
    if (led := _NAME_LED.match(until_next)) and any(
        until_next.startswith(name, led.end()) for name in figure.names
    ):
        # 25 points lost to NPS, 20 to escalations.
        return until_next.startswith(figure.own_name, led.end())
    if not found.unit and not says(_POINTS, around.sentence):
        # "NPS: 6" is not what the NPS costs the score, unless what stands before asks for points.
        is_labelled = since_last.rstrip(" :=-").endswith(figure.own_name)
        if not (is_labelled and says(_POINTS, around.text[: around.sentence_start])):
            return False
    if _UP_OR_DOWN.search(before) and not says(cues.COSTS, around.clause):
        # "Adoption: 76 %, down 4 points" is no cost.
        return False
    if figure.own_name in since_last:
        return True
    is_of_cost = says(cues.COSTS, around.sentence) or says(_DRIVES, around.sentence)
    return is_of_cost and not any(name in since_last for name in figure.names)


def _contradicts(figure: Figure, around: Surroundings) -> bool:
    rises, falls = bool(says(motion.RISE, around.clause)), bool(says(motion.FALL, around.clause))
    if rises == falls or figure.value == 0:
        return False
    if figure.also is Needs.COMPARED and _THEY_STAND.search(around.clause):
        # "Five points under you" is said of the peers.
        return rises == (figure.value > 0)
    return rises != (figure.value > 0)
