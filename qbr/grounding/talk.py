"""Numbers of talk: three reasons, the two biggest drags, a top 10 list, two key users to be named. No fact counts these."""

import re

from qbr.facts import singular
from qbr.grounding import ordinary
from qbr.grounding.quantities import Quantity

_WORD = re.compile(r"[ -]+(?P<word>[A-Za-z]+)(?:'s?)?")
_OF_THEM = re.compile(r"\s+of\s+(?:the|our|your|their|its|my|his|her|these|those)\b", re.IGNORECASE)
# 1 or 2 success stories.
_TO_ANOTHER = re.compile(r"\s?(?:-|\bto\b|\bor\b)\s?(?:\d{1,2}|two|three|four|five|six)\b", re.IGNORECASE)
_IRREGULAR = frozenset({"criteria", "hypotheses", "halves", "phenomena", "analyses", "theses"})
_MOST_WORDS = 5
_STILL_OPEN = re.compile(
    r"\s+(?:(?:are|is|were|remain)\s+)?(?:still\s+|currently\s+|now\s+)?(?:open|unanswered|pending|outstanding|unresolved|raised|logged|overdue|escalated)\b",
    re.IGNORECASE,
)
_VALUE_BEFORE = re.compile(
    r"\b(?:of|is|at|to|from|by|was|were|stands?|reads|than|nps|score|rate)\s+$", re.IGNORECASE
)
_OBJECT_AFTER = re.compile(r"\s+(?:the|a|an|us|our|your|their|its)\b", re.IGNORECASE)
_THE_BEFORE = re.compile(r"\b(?:the|these|those|our|your|its|their|his|her)\s+$", re.IGNORECASE)
# The two largest drags, our three strongest months: what stands in the text, by its rank.
_BY_RANK = re.compile(
    r"\s+(?:[a-z]{3,}(?:est)|most|least|best|worst|main|biggest|key|top|chief|major|principal|leading|central|core|remaining other|named|listed|mentioned|same|said|first|last)\b",
    re.IGNORECASE,
)
_RANK_BEFORE = re.compile(
    r"\b(?:the|our|your|their|its)\s+(?!latest|last|first|rest)(?:[a-z]{3,}est|most [a-z]+)\s+$",
    re.IGNORECASE,
)
_PLURAL_AFTER = re.compile(r"\s+(?:[a-z]+\s+)?[a-z]{3,}s\b")
_TOP_BEFORE = re.compile(r"\b(?:top|bottom)\s+$", re.IGNORECASE)
# Whom a plan asks for: name two key users, a pilot group of 10 users, 2-3 colleagues.
_WANTED_BEFORE = re.compile(
    r"\b(?:nam(?:e|es|ing)|nominat\w+|invit(?:e|es|ing)|appoint\w*|bring(?:s|ing)?|pick(?:s|ing)?|choos\w+|recruit\w*|select\w*|send(?:s|ing)?|book\w*"
    r"|(?:group|groups|team|teams|circle|round|cohort|pilot|pilots|trial) (?:of|with|under|over|below|above|from)|start(?:ing)? with|begin(?:ning)? with)\s+(?:just |only |at least |about |up to )?$",
    re.IGNORECASE,
)
_PEOPLE = frozenset(
    {"seat", "people", "person", "contact", "manager", "champion", "department", "team", "site", "agent"}
)
_ASKED_BEFORE = re.compile(
    r"\b(?:nominat\w+|invit(?:e|es|ing)|appoint\w*|recruit\w*)\s+(?:just |only |at least |about |up to )?$",
    re.IGNORECASE,
)
_NEVER_ASKED = frozenset({"ticket", "escalation", "commitment", "week", "day", "feature", "point"})
_MOST_WANTED = 12
_LONG_LISTS = frozenset({20, 25})
_UP_TO = re.compile(r"\b(?:\d{1,2}|[a-z]+)\s?(?:-|to|or)\s?$", re.IGNORECASE)
_ENOUGH_AFTER = re.compile(
    r"\s*(?:(?:-|to|or)\s?\w+ )?(?:users|people|colleagues)?\s*(?:are|is|will be|would be) (?:enough|plenty|fine|sufficient)\b",
    re.IGNORECASE,
)


def counted_noun(text: str, end: int) -> tuple[str, int]:
    """Return the noun of talk that a number ending there counts, in the singular, and where it ends; "" for none.

    Of several words the last one is counted: two savings lines are lines.
    """
    lead = _OF_THEM.match(text, end) or _TO_ANOTHER.match(text, end)
    at = lead.end() if lead else end
    found, found_end = "", end
    for _ in range(_MOST_WORDS):
        match = _WORD.match(text, at)
        if not match or ordinary.is_function_word(match["word"].casefold()):
            break
        noun = _talk_noun(match["word"].casefold())
        if noun:
            found, found_end = noun, match.end("word")
        elif found:
            break
        at = match.end()
    return found, found_end


def _talk_noun(word: str) -> str:
    """Return the singular of a plural noun of talk: signals, criteria; "" for every other word."""
    if word in _IRREGULAR:
        return word
    forms = (singular(word), word.removesuffix("es"))
    return next((form for form in forms if form != word and ordinary.is_of_talk(form)), "")


def is_of_talk(found: Quantity, text: str) -> bool:
    """Say whether a number counts what is thought, said, written or planned: three reasons, two signals, four slides."""
    noun, end = counted_noun(text, found.numeral.end)
    is_value = not found.numeral.is_word and _VALUE_BEFORE.search(
        text[max(0, found.start - 24) : found.start]
    )
    if not noun or is_value or _OBJECT_AFTER.match(text, end):
        # An NPS of 4 signals trouble, 6 flags a risk: a verb, and the number stands for itself.
        return False
    return not _STILL_OPEN.match(text, end)


def is_of_the_oldest(before: str) -> bool:
    """Say whether a rank stands before a number: the oldest 3 tickets."""
    return bool(_RANK_BEFORE.search(before))


def is_ranked(found: Quantity, before: str, text: str) -> bool:
    """Say whether a number tells of so many by their rank: the two largest drags, the top 10."""
    if _TOP_BEFORE.search(before):
        return all(value <= _MOST_WANTED or value in _LONG_LISTS for value, _ in found.numeral.readings)
    if _RANK_BEFORE.search(before):
        return bool(_PLURAL_AFTER.match(text, found.numeral.end)) and all(
            value <= _MOST_WANTED for value, _ in found.numeral.readings
        )
    return (
        found.numeral.is_word
        and bool(_THE_BEFORE.search(before))
        and bool(_BY_RANK.match(text, found.numeral.end))
    )


def is_wanted(found: Quantity, before: str, after: str) -> bool:
    """Say whether a small number tells of people whom a plan asks for, and of none who are there."""
    if _ASKED_BEFORE.search(before) and found.unit not in _NEVER_ASKED:
        return all(value <= _MOST_WANTED for value, _ in found.numeral.readings)
    if found.unit not in _PEOPLE or any(value > _MOST_WANTED for value, _ in found.numeral.readings):
        return False
    return bool(_WANTED_BEFORE.search(_UP_TO.sub("", before))) or bool(_ENOUGH_AFTER.match(after))
