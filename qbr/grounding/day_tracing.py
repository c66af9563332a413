"""Does a date of a text follow from the facts? The clause has to speak of what happens on that day."""

import re
from collections.abc import Iterable

from qbr.grounding.context import Surroundings, days_named, present
from qbr.grounding.dates import When
from qbr.grounding.evidence import Day, Evidence

_SHARED_BY_DATES = frozenset({
    "quarter", "review", "period", "start", "began", "since", "end", "close", "as of", "figure", "data", "stand", "now",
    "today", "due", "last", "next", "plan", "agreed", "scor", "health", "conversation", "contact", "talk",
    "touch", "commit", "promis", "contract", "agreement",
})  # fmt: skip
_GONE_BY = re.compile(
    r"\b(?:last (?:word|time|call|contact|spoke|conversation|exchange|meeting|visit|talk|touch|heard)|spoke|spoken|met|talked|heard|have been|has been|was|were|came|called|conferred|visited|saw|had|chat|chatted|thanks for|caught up|rang|phoned|wrote|e-?mailed|sat down|pleasure of|recorded|measured|took place)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|until|till|by|before|due|renew\w*|next|planned|set for|scheduled|expir\w*|ends?|end|deadline|notice|signed|agreed|extended|moved)\b",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:will|shall|going to|next|upcoming|let's|should|must|planned|scheduled|pencilled in|propos\w+|agree on|regroup|convene|deadline|want|wants|save the date|opens in|step)\b|'ll\b",
    re.IGNORECASE,
)
_DEADLINE = re.compile(r"\b(?:until|till|by|before|no later than)\s+(?:the\s+)?$", re.IGNORECASE)


def trace(found: When, around: Surroundings, known: Evidence) -> tuple[str, ...]:
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
    hits = [
        item
        for item in hits
        if _is_in_tense(item, found, around, known) and _is_called_for(item, found, around, known)
    ]
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
    if today is None or not (found.readings or found.day):
        return True
    is_past, is_ahead = bool(_GONE_BY.search(around.clause)), bool(_AHEAD.search(around.clause))
    if item.value > today and item.fact.startswith(("contract.", "plan.")):
        return is_ahead or not is_past
    if item.value <= today and item.fact.startswith(("quarter.", "input.", "history.")):
        is_told = is_past or bool(present(_own(item.topics), around.clause))
        if _TO_COME.search(around.clause) and not is_told:
            return False
    # A date of notice that has passed was a deadline once; a conversation never was.
    return item.fact != "input.last_interaction_on" or not _DEADLINE.search(
        around.text[max(around.clause_start, found.start - 16) : found.start]
    )


def _is_called_for(item: Day, found: When, around: Surroundings, known: Evidence) -> bool:
    """Say whether the words near a date let it be that of a score or of a promise, and of the promise that is quoted."""
    if not item.needs or not (found.readings or found.day):
        return True
    if item.score and re.search(rf"\b{re.escape(item.score)}\b", around.sentence):
        return True
    sentence = around.sentence.casefold()
    if (
        item.quotes
        and item.quotes not in sentence
        and any(other.quotes and other.quotes in sentence for other in known.days)
    ):
        return False
    near = around.sentence if item.quotes else around.text
    return bool(present(item.needs, near) or (item.quotes and present(item.needs, around.previous)))


def _told_apart(days: Iterable[Day]) -> set[str]:
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


def nearest(around: Surroundings, known: Evidence) -> str | None:
    """Return the fact of the date that the clause, or else the sentence, seems to speak of."""
    for stretch in (around.clause, around.sentence):
        for item in known.days:
            if present(_own(item.topics), stretch):
                return item.fact
    return None
