"""Is a figure the one that its words name: in use or idle, left or done, a part or its whole, this signal or that?"""

import re

from qbr.grounding import cues
from qbr.grounding.context import Surroundings, asked, says
from qbr.grounding.figures import Figure, Needs
from qbr.grounding.moments import NUMBER, WHOLE_NUMBER
from qbr.grounding.quantities import PERCENT, PERCENT_POINTS, POINTS, SHARE, Quantity

_PARTS = frozenset({"seats.used", "seats.unused", "features.used_count", "commitments.kept"})
_WHOLES = frozenset({"seats.purchased", "features.licensed_count", "commitments.total"})
_SHARES_IN_USE = ("input.seats_utilization.", "input.feature_adoption_rate.")
_POINTS = re.compile(
    r"\b(?:points?|pts?|minus|drivers?|cost\w*|takes?|took|lost|loses?|deduct\w*|weigh\w*|drag\w*)\b",
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
    r"(?:\s+(?:out )?of\s+(?:the\s+|our\s+|its\s+)?\w+(?:\s+(?:licensed\s+)?(?:commitments?|promises?|pledges?|undertakings?|actions?|features?|modules?|items?|capabilit\w+))?)?\s+(?:(?:are|were|was|is|had|have|has|still|remain\w*|of them|of these) )*(?:open|outstanding|remain\w*|left|missing|missed|not (?:been )?(?:kept|done|met|closed|delivered|fulfilled|honoured|finished|ticked)|carried|to go|unused|idle|untouched)\b",
    re.IGNORECASE,
)
_NAME_LED = re.compile(
    r"\s*(?:points?|pts?)?\s*(?:of them |are |were |is |was |lost |gone |went |come |came |taken |off |out |to win back |to regain |to gain |to get back )*(?:(?:to|on|for|from|by|in|with|due to|because of|through|via)\s+(?:the |its )?|\()"
)
_IDLE_ONES = re.compile(
    r"\s*(?:idle|unused|empty|spare|free|dormant|unassigned|unclaimed|vacant|inactive|unfilled|surplus)\s+(?:seats?|licen[cs]es?|lics?|users?|logins?|entitlements?)\b"
    r"|\s*(?:seats?|licen[cs]es?|lics?|logins?)\s+(?:(?:are|were|lie|sit|stand|still|now|currently|that|which|remain) )*(?:idle|unused|empty|spare|free|dormant|unassigned|vacant|to (?:fill|assign|hand out|give)|(?:could|can|may|might) be (?:reassigned|given|handed|cut|dropped|released))\b",
    re.IGNORECASE,
)
_GAP_BEFORE = re.compile(
    r"\b(?:difference|gap|distance|swing|spread(?! (?:over|across|among))|margin)\b[^.;,\d]{0,32}$",
    re.IGNORECASE,
)
_USED_ONES = re.compile(
    r"\s*(?:seats?|licen[cs]es?|lics?|users?|people)?\s*(?:(?:are|were|is|being|now|currently) )*(?:used|in (?:daily |regular |active )?use|active|occupied|taken|live|working)\b",
    re.IGNORECASE,
)
_RED = re.compile(r"\bred\b", re.IGNORECASE)
_GREEN = re.compile(r"\b(?:green|amber)\b", re.IGNORECASE)
_MORE_THAN = re.compile(r"\s*(?:more|fewer|less|higher|lower|better|worse)\s+than\b", re.IGNORECASE)
_UP_OR_DOWN = re.compile(
    rf"\b(?:(?<!make )(?<!makes )(?<!made )up|down|by|rose|fell|grew|climbed|slid|dropped)\s+{cues.HEDGES}$",
    re.IGNORECASE,
)
_USED_FEATURES = re.compile(
    r"\s*(?:features?|modules?|tools?|capabilit\w+)\s+(?:that (?:are|were) |which are |now |currently )*(?:in (?:active |regular |daily )?use|used|live|adopted|(?:you|we|they) (?:already )?use)\b",
    re.IGNORECASE,
)
DRIVES = re.compile(
    r"\b(?:driver\w*|drag\w*|penalt\w+|detract\w*|points? (?:lost|off)|lost|minus|burden\w*|expensive|costl\w+|weak\w*|heaviest|largest|biggest)\b",
    re.IGNORECASE,
)
_LICENSED_AFTER = re.compile(
    r"\s+(?:features\s+|seats\s+)?(?:licensed|bought|purchased)\s*[,;/|.)]", re.IGNORECASE
)
_DISTANCE_BEFORE = re.compile(r"\b(?:distance|gap)\b[^.;,]{0,56}\b(?:is|was|of|comes to)\s+$", re.IGNORECASE)
_AGREED_BEFORE = re.compile(
    r"\b(?:agreed|promised|gave|took on|set ourselves|signed up (?:to|for)|shook hands)(?: (?:on|to))?\s+$",
    re.IGNORECASE,
)
_SOLD_BEFORE = re.compile(
    r"\b(?:sold|bought|licensed|granted|purchased|pa(?:id|ys?|ying) for)(?: (?:them|you|us))?\s+$",
    re.IGNORECASE,
)
_IDLE_BESIDE = re.compile(
    r"\s+(?:[a-z]+\s+)?(?:idle|unused|untouched|dormant|left|remaining|outstanding|open|missing|others?)\b",
    re.IGNORECASE,
)
_FROM_BEFORE = re.compile(r"\bfrom\s+$", re.IGNORECASE)
_BARE_MOVE = re.compile(r"\s*(?:up|down|higher|lower)\b(?!\s+(?:from|on|to|against))", re.IGNORECASE)
_DONE_AFTER = re.compile(
    r"\s+(?:of (?:(?:the|our|your|their|its) )?\w+ (?:commitments?|promises?|undertakings?|pledges?|actions?|items?) )?(?:(?:of (?:them|these)|can|could|have|has|had|was|were|are|is|been|be|marked|counted|as) )*(?:kept|done|delivered|closed|met|fulfilled|completed|honoured|came through)\b",
    re.IGNORECASE,
)
_DONE_BEFORE = re.compile(r"\b(?:kept|delivered|met|closed|fulfilled|completed|honoured)\s+$", re.IGNORECASE)
_BAND = re.compile(r"\b(?:green|amber|red)\b", re.IGNORECASE)
_PARTED = re.compile(r"[,;.|/]|\band\b|\bversus\b|\bagainst\b", re.IGNORECASE)
# Two of the six features, among them X and Y, remain unused.
_TOLD_IDLE = re.compile(
    r"(?:\s+(?:out )?of\s+(?:the\s+|its\s+|your\s+|their\s+|our\s+)?\w+)?\s+(?:licensed\s+)?(?:features?|modules?|tools?|capabilit\w+|functions?)\s+(?:that\s+|which\s+)?(?:nobody|no one|(?:have|has|had|are|were|is|was)\s+(?:still\s+|yet\s+)?(?:never|not|yet to|unused|idle|untouched|dormant))\b",
    re.IGNORECASE,
)
_LISTED_IDLE = re.compile(
    r"(?:\s+(?:out )?of\s+(?:the\s+|its\s+|your\s+|their\s+|our\s+)?\w+)?\s+(?:licensed\s+)?(?:features?|modules?|tools?|capabilit\w+|functions?)\s*[,(–—-][^.;:\d]{0,90}?[,)–—-]\s*(?:still\s+)?(?:remain\w*\s+(?:unused|untapped|idle|untouched|dormant)|(?:have|has)\s+(?:yet to be|not (?:yet )?been|never been)|(?:are|is|were|was)\s+(?:not (?:yet )?(?:in use|used|live|opened)|still (?:unused|idle)|unused|idle|untouched))",
    re.IGNORECASE,
)


def is_of_its_colour(found: Quantity, facts: tuple[str, ...], around: Surroundings) -> bool:
    """Say whether weeks are told of their own band, and a threshold in a sentence that names its side."""
    fact_id = facts[0]
    if fact_id.startswith("health.weeks_"):
        told = band_of(found, around)
        if len(facts) > 1:
            # All weeks of the quarter are of no band: 9 of thirteen weeks in Red.
            return told is None or bool(cues.OF_RIGHT_BEFORE.search(around.text[: found.start]))
        return told is None or fact_id.endswith(told)
    if not fact_id.startswith("policy."):
        return True
    is_red = says(_RED, around.sentence)
    is_green = says(_GREEN, around.sentence)
    return is_red or not is_green if fact_id == "policy.red_threshold" else is_green or not is_red


def band_of(found: Quantity, around: Surroundings) -> str | None:
    """Return the band that stands with a number: the one after it, or else the one before; None where none or several do."""
    text = around.text
    if (listed := _listed_band(found, around)) is not None:
        return listed
    after = NUMBER.split(text[max(found.end, found.noun_end) : around.sentence_end])[0]
    before = NUMBER.split(text[around.sentence_start : found.start])[-1]
    for stretch in (_PARTED.split(after)[0], before):
        bands = {match[0].casefold() for match in _BAND.finditer(stretch)}
        if bands:
            return bands.pop() if len(bands) == 1 else None
    return None


def is_on_its_side(found: Quantity, figure: Figure, around: Surroundings) -> bool:
    """Tell what is in use from what is not, both from what was bought, and a part from its whole."""
    clause, fact_id = around.clause, figure.facts[0]
    before = around.text[max(around.sentence_start, found.start - 48) : found.start]
    is_level = figure.needs is Needs.NOTHING and (
        figure.moment is not None or bool(_GAP_BEFORE.search(before))
    )
    if (is_level or fact_id.startswith("policy.")) and len(figure.facts) == 1 and _is_a_move(found, around):
        return False
    before = around.text[around.sentence_start : found.start]
    after = around.text[found.end : around.sentence_end]
    in_use, is_idle = says(cues.IN_USE, clause), says(cues.IDLE, clause)
    is_used = bool(_USED_FEATURES.match(around.text, found.end, around.sentence_end))
    if fact_id in _PARTS and cues.OF_BEFORE.search(before) and not is_used:
        return False
    if fact_id in _WHOLES and len(figure.facts) == 1:
        is_the_whole = bool(cues.OF_RIGHT_BEFORE.search(before))
        is_a_part = bool(cues.OF_AFTER.match(after)) or (is_idle and not in_use)
        is_bought = fact_id == "seats.purchased" and cues.BOUGHT_AFTER.match(after)
        is_used_ones = fact_id == "features.licensed_count" and is_used
        if (
            not is_the_whole
            and not is_bought
            and (is_a_part or is_used_ones or cues.SEATS_IN_USE.match(after))
        ):
            return False
    is_kept_or_left = figure.facts[-1] == "commitments.kept"
    if is_kept_or_left and _AGREED_BEFORE.search(before):
        return False
    if figure.facts[-1] in ("features.used_count", "seats.used") and _LICENSED_AFTER.match(after):
        return False
    if is_level and found.unit == POINTS and _DISTANCE_BEFORE.search(before):
        return False
    if figure.needs is Needs.REST and found.unit in (PERCENT, SHARE) and in_use and not is_idle:
        # A quarter of what we bought is in use.
        return False
    is_done = fact_id in _TOLD_AS_DONE and len(figure.facts) == 1 and figure.needs is not Needs.REST
    if is_done and (_LEFT_BEFORE.search(before) or _LEFT_AFTER.match(after)):
        return False
    if (
        figure.facts == ("commitments.total",)
        and _DONE_AFTER.match(around.text, found.end, around.sentence_end)
        and not cues.OF_RIGHT_BEFORE.search(before)
        and not cues.OF_AFTER.match(after)
    ):
        # Two made, 2 completed: the second counts what was kept.
        return False
    is_count_left = figure.needs is Needs.REST and PERCENT not in figure.units
    if (
        is_count_left
        and cues.OF_AFTER.match(after)
        and not (is_idle or says(cues.NEEDED[Needs.REST], clause))
    ):
        # Four of 6 licensed, so 2 unused: the first are in use.
        return False
    is_left_undone = is_count_left and fact_id.startswith("commitments.")
    if is_left_undone and (
        cues.OF_RIGHT_BEFORE.search(before)
        or _DONE_BEFORE.search(before)
        or _DONE_AFTER.match(around.text, found.end, around.sentence_end)
    ):
        return False
    if figure.needs is Needs.REST and fact_id.startswith("features."):
        if in_use and not is_idle:
            return False
        is_sold = _SOLD_BEFORE.search(before) and not is_idle
        if is_count_left and (is_sold or _is_whole(found, around, before)):
            return False
    if (
        fact_id in ("seats.used", "seats.purchased")
        and figure.needs is Needs.NOTHING
        and len(figure.facts) == 1
        and not cues.OF_RIGHT_BEFORE.search(before)
        and _IDLE_ONES.match(around.text, found.end, around.sentence_end)
    ):
        return False
    is_rest_of_seats = fact_id.startswith("seats.") and figure.needs is Needs.REST
    if (
        is_rest_of_seats
        and PERCENT not in figure.units
        and _USED_ONES.match(around.text, found.end, around.sentence_end)
    ):
        return False
    if figure.facts == ("seats.unused",):
        return says(cues.IDLE, around.sentence) or not (in_use or says(cues.BOUGHT, clause))
    if figure.facts in (("features.used_count",), ("features.licensed_count",)) and (
        not cues.OF_RIGHT_BEFORE.search(before)
        and (
            _LISTED_IDLE.match(around.text, found.end, around.sentence_end)
            or _TOLD_IDLE.match(around.text, found.end, around.sentence_end)
        )
    ):
        return False
    if figure.facts == ("features.used_count",) and not in_use:
        told = asked(around)
        is_told_idle = is_idle or (says(cues.IDLE, told) and not says(cues.IN_USE, told))
        if is_told_idle:
            return False
    if figure.facts == ("seats.used",):
        is_part_of_bought = bool(cues.OF_AFTER.match(around.text, found.end)) and not is_idle
        return in_use or is_part_of_bought or not (is_idle or says(cues.BOUGHT, clause))
    is_share_in_use = figure.needs is Needs.PART or (
        PERCENT in figure.units and figure.needs is Needs.NOTHING and fact_id.startswith(_SHARES_IN_USE)
    )
    return in_use or not (is_idle and is_share_in_use)


def _is_whole(found: Quantity, around: Surroundings, before: str) -> bool:
    """Say whether a number is what others are told of: 3 of 4 licensed features, and not of the 2 idle ones."""
    after = around.text[found.end : around.sentence_end]
    return bool(cues.OF_RIGHT_BEFORE.search(before)) and not _IDLE_BESIDE.match(after)


def _listed_band(found: Quantity, around: Surroundings) -> str | None:
    """Return the band of a number in a list that follows a list of bands: weeks in Green, Amber and Red: 4, 2 and 7."""
    numbers = [match.start() for match in WHOLE_NUMBER.finditer(around.sentence)]
    at = found.start - around.sentence_start
    if not numbers or at not in numbers:
        return None
    bands = [match[0].casefold() for match in _BAND.finditer(around.sentence[: numbers[0]])]
    if len(set(bands)) < 2 or len(bands) != len(set(bands)) or _BAND.search(around.sentence, numbers[0]):
        return None
    place = numbers.index(at)
    return bands[place] if place < len(bands) else None


def _is_a_move(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number is how far something moved, or what it cost, and so not where it stands."""
    before = around.text[max(around.sentence_start, found.start - 24) : found.start]
    after = around.text[max(found.end, found.noun_end) : around.sentence_end]
    if not found.unit and _BARE_MOVE.match(after):
        # From 70 up is Green: where a stretch begins.
        return not _FROM_BEFORE.search(before)
    if (
        _GAP_BEFORE.search(before)
        or _MORE_THAN.match(after)
        or (found.unit in (POINTS, PERCENT_POINTS) and _POINTS_APART.match(after))
    ):
        return True
    if found.noun_end and found.unit != POINTS and before.rstrip().endswith("plus"):
        # Sixteen tickets, plus 2 escalations.
        return False
    return bool(cues.BY_BEFORE.search(before)) or (found.unit == POINTS and says(cues.COSTS, around.clause))


def is_by_its_name(found: Quantity, figure: Figure, around: Surroundings) -> bool:
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
    if not found.unit and not says(_POINTS, around.previous + around.sentence):
        # "NPS: 6" is not what the NPS costs the score, unless what stands before asks for points.
        is_labelled = since_last.rstrip(" :=-").endswith(figure.own_name)
        if not (is_labelled and says(_POINTS, around.text[: around.sentence_start])):
            return False
    if _UP_OR_DOWN.search(before) and not says(cues.COSTS, around.sentence):
        # "Adoption: 76 %, down 4 points" is no cost.
        return False
    if figure.own_name in since_last:
        return True
    is_of_cost = says(cues.COSTS, around.previous + around.sentence) or says(DRIVES, around.sentence)
    return is_of_cost and not any(name in since_last for name in figure.names)
