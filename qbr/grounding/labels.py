"""Numbers that name one of many, or a place in a paper: slide 4, Action 2, see 5.2, ISO 27001, 1. and 2. of a list."""

import re

from qbr.grounding.context import Surroundings
from qbr.grounding.numerals import SMALL
from qbr.grounding.quantities import Quantity

_number = rf"(?:\d{{1,3}}|{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_LABEL_BEFORE = re.compile(
    r"\b(?:slide|section|chapter|step|page|part|phase|item|point|priority|option|question|table|figure|chart|appendix|annex"
    r"|version|release|level|tier|wave|(?<!time )round|day|week|sprint|track|block|exhibit|line|row|column|paragraph|objective|pillar"
    r"|workstream|milestone|stage|path|route|rule|principle|hall|floor|gate|slot|lane|zone|variant|draft|revision|workshop|session|(?:(?<=the )|(?<=our )|(?<=is )|(?<=as )|(?<=a )|(?<=item )|(?<=point )|(?<=slide )|(?<=risk )|(?<=priority )|(?<=question )|(?<=room )|(?<=driver )|(?<=and )|^)number|no\.|nr\.|no(?=\s\d)|nr(?=\s\d)|scenario|plan|goal|topic|room|building|channel|group|lesson|module)s?"
    rf"\s+(?:{_number}(?:\s?,\s?|\s?-\s?|\s?/\s?|\s+(?:and|or|to)\s+))*$|#\s?$",
    re.IGNORECASE,
)
# One of a list: Action 2, Risk 1. Of many they are counted: actions 2, risks: 3.
_NUMBERED = re.compile(
    r"(?:^|(?<=[.!?:;,(*>|#•–—-] )|(?<=[(*>|#•]))(?:action|risk|decision|recommendation|proposal|ask|idea|lesson|finding|insight|agenda item|takeaway|issue|theme|opportunity|win|rule|tip|move|argument|reason|answer|example"
    r"|act|scene|note|article|clause|annexe|schedule|attachment|figure|appendix) $"
    r"|\b(?:see|under|in|per|of|for|to|on|about|with|by|from|and|close|closed|closes|take|takes|from) (?:action|risk|decision|recommendation|proposal|finding|agenda item|clause|article|schedule|attachment) $",
    re.IGNORECASE,
)
_NUMBERED_AFTER = re.compile(
    r"\s*(?:[:.,;)*|–—-]|$|(?:is|was|has|had|and|or|to|of|in|on|above|below|concerns|covers|says|needs|remains|goes|given)\b)",
    re.IGNORECASE,
)
# Discussed under 5.2, see 3.1.4.
_PARAGRAPH_BEFORE = re.compile(
    r"\b(?:under|see|see also|cf\.|§|in|sub|para\.|sec\.|ch\.|items?|points?|sections?|clauses?|articles?)\s*$",
    re.IGNORECASE,
)
_PARAGRAPH_AT = re.compile(
    r"\d{1,2}(?:\.\d{1,2}){1,3}(?=[.,;:)]*(?:\s|$))(?!\s*(?:%|per ?cent|k\b|m\b|million|points?|pp|hours?|weeks?|days?|months?|years?|times))",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:see|discussed|described|listed|shown|set out|found|explained|given|noted|recorded|covered|treated|under|detail\w*|section|clause|paragraph|article)\b",
    re.IGNORECASE,
)
# Page 2 of 3; the number of a standard.
_OF_PAGES = re.compile(
    r"\b(?:pages?|slides?|parts?|sheets?|steps?|items?|points?|topics?|sections?|chapters?|volumes?|options?|proposals?|drafts?|rounds?|p\.) \w+ (?:of|/|out of) $",
    re.IGNORECASE,
)
_STANDARD_BEFORE = re.compile(
    r"\b(?:ISO|IEC|DIN|EN|BS|IEEE|ANSI|NIST|RFC|SOC|WCAG|PCI|ITIL|OWASP|ISAE|SSAE|FIPS|CSA|NIS|TLS|HTTP|OAuth|UTF|IPv|COBIT|PRINCE|Windows|Office|Microsoft|Web|Version|Industry|Article|Art\.)"
    r"(?:[ /-](?:ISO|IEC|EN|DSS|SP|Type|Level))*[ -]?$"
)
_COUNTED_LABEL = re.compile(
    r"\b(?:escalation|ticket|case|incident|invoice|order)\s+(?:number|no\.|nr\.)\s+$", re.IGNORECASE
)
_LABEL_RANGE = re.compile(
    rf"\b(?:slide|section|chapter|step|page|part|phase|item|point|option|question|week|day|row|column|line|paragraph|milestone|sprint|wave)s?\s+{_number}\s+(?:to|through|till|until)\s+$",
    re.IGNORECASE,
)
_LISTED_BEFORE = re.compile(r"(?:^|[.!?;:,])[\"')\]]*\s*\(?$|\s\($")
_LISTED_AFTER = re.compile(r"[.)]\s+\S|\)")
_LISTED = re.compile(r"(?:^|(?<=[.!?;:,]\s)|(?<=\s))\(?(\d{1,2})[.)](?=\s+\S)")
_LEGEND = re.compile(r"(?<![\w.,])\d{1,2}\s?=\s?(?:[a-z]|[\"'])", re.IGNORECASE)
# Section 4 of the order form.
_PAPER_BEFORE = re.compile(
    r"\b(?:sections?|slides?|pages?|chapters?|appendix|annex|clause|paragraphs?|appendices|tab|footnote)\s+(?:\d+\s?(?:-|–|to|and)\s?)?$",
    re.IGNORECASE,
)
_ITEM_BEFORE = re.compile(
    r"\b(?:commitment|promise|action|risk|item|goal|objective|priority|ask|driver|factor|cause|reason|workshop|session|value|benefit|saving)\s+$",
    re.IGNORECASE,
)
_ITEM_AFTER = re.compile(r"\s*(?::|,?\s*\"|\)|\s[-–—]\s)")
_MOST_LISTED = 99
_NAMED_BY_NUMBER = re.compile(
    r"(?:^|[.!?;:(\n]\s*|\b(?:on|see|in|under|the)\s+)(?:slide|section|chapter|page|priority|option|question|table|appendix|annex|step|phase|action|risk|driver|workshop|session|topic|item)\s+$",
    re.IGNORECASE,
)
_VERSION_BEFORE = re.compile(r"\b(?:version|draft|revision|edition|release)\s+$", re.IGNORECASE)
_BEHIND_LABELS = frozenset({"point", "week", "day", "step", "goal", "milestone", "feature", "document"})
_NAMED_AFTER = re.compile(
    r"\s*(?::|,|\"|\(|[-–—]\s|(?:is|was|are|concerns?|covers?|shows?|has|deals|asks|took|will|should)\b)",
    re.IGNORECASE,
)
_MOST_IN_A_LIST = 12


def is_a_label(found: Quantity, text: str) -> bool:
    """Say whether a number names one of a list and so is no figure, whatever fact has its value: Priority 2 is …"""
    before = text[max(0, found.start - 24) : found.start]
    return (
        not found.numeral.is_word
        and _is_of_a_list(found)
        and bool(_NAMED_BY_NUMBER.search(before))
        and bool(_NAMED_AFTER.match(text, found.numeral.end))
    )


def names_one(found: Quantity, before: str, around: Surroundings) -> bool:
    """Say whether a number that no fact bears out names one of many: slide 4, see 5.2, item (1) of a list."""
    if _PAPER_BEFORE.search(before):
        return True
    if not found.unit or found.unit in _BEHIND_LABELS or _VERSION_BEFORE.search(before):
        label = _LABEL_BEFORE.search(before)
        is_range = _LABEL_RANGE.search(before)
        is_end = re.search(r"\bto\s+$", before, re.IGNORECASE) and not is_range
        if label and not _COUNTED_LABEL.search(before) and not is_end and _is_of_a_list(found):
            return True
    is_small = any(
        value <= _MOST_IN_A_LIST and value == value.to_integral_value() for value, _ in found.numeral.readings
    )
    return _is_reference(found, around) or (is_small and _is_listed(found, around.text))


def is_of_an_item(before: str, text: str, end: int) -> bool:
    """Say whether a number stands between an item's word and its text: Commitment 1: …"""
    return bool(_ITEM_BEFORE.search(before) and _ITEM_AFTER.match(text, end))


def is_of_a_legend(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number is a mark that is explained: 1 = not started, 2 = pilot."""
    return len(_LEGEND.findall(around.sentence)) > 1 and bool(_LEGEND.match(around.text, found.start))


def _is_reference(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number points to a place or a paper: Action 2, see 5.2, page 2 of 3, ISO 20252."""
    text, start = around.text, found.start
    before = text[max(around.sentence_start, start - 48) : start]
    if _STANDARD_BEFORE.search(before) or (_OF_PAGES.search(before) and _is_of_a_list(found)):
        return True
    if not found.unit and _PARAGRAPH_AT.match(text, start) and _PARAGRAPH_BEFORE.search(before):
        return bool(_SEEN.search(before))
    return (
        not found.numeral.is_word
        and _is_of_a_list(found)
        and bool(_NUMBERED.search(before))
        and bool(_NUMBERED_AFTER.match(text, found.numeral.end))
    )


def _is_listed(found: Quantity, text: str) -> bool:
    """Say whether a number counts the items of a list: 1. … 2. …, or (a first) (1) … (2) …"""
    if not _LISTED_BEFORE.search(text[max(0, found.start - 4) : found.start]) or not _LISTED_AFTER.match(
        text, found.numeral.end
    ):
        return False
    at = int(found.numeral.readings[0][0])
    numbers = [int(match[1]) for match in _LISTED.finditer(text)]
    return (
        at in numbers
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and (len(numbers) > 1 or at == 1 or found.start == 0)
    )


def _is_of_a_list(found: Quantity) -> bool:
    """Say whether a number is one that lists come to: slide 40, and not slide 14,100."""
    return any(value <= _MOST_LISTED for value, _ in found.numeral.readings)
