"""Does a date of a text follow from the facts? The clause has to speak of what happens on that day."""

import re
from collections.abc import Iterable
from functools import lru_cache

from qbr.grounding import happenings, quantities
from qbr.grounding.context import Surroundings, days_named, present
from qbr.grounding.dates import When
from qbr.grounding.evidence import Day, Evidence
from qbr.grounding.happenings import Happening, Told
from qbr.grounding.quantities import Quantity

_SHARED_BY_DATES = frozenset({
    "quarter", "review", "period", "start", "began", "since", "end", "close", "as of", "figure", "data", "stand", "now",
    "today", "due", "last", "next", "plan", "agreed", "scor", "health", "conversation", "contact", "talk",
    "touch", "commit", "promis", "contract", "agreement",
})  # fmt: skip
_GONE_BY = re.compile(
    r"\b(?:last (?:word|time|call|contact|spoke|conversation|exchange|meeting|visit|talk|touch|heard)|spoke|spoken|met|talked|heard|have been|has been|was|were|came|called|held|conferred|visited|saw|had|chat|chatted|thanks for|caught up|rang|phoned|wrote|e-?mailed|sat down|pleasure of|recorded|measured|took place|since|ago|dates from)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|until|till|by|before|due|renew\w*|next|planned|set for|scheduled|expir\w*|ends?|end|deadline|notice|signed|agreed|extended|moved|concluded|runs?|lasts?|valid|term)\b",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:will|shall|going to|next|upcoming|let's|should|must|planned|scheduled|pencilled in|propos\w+|agree on|regroup|convene|deadline|want|wants|save the date|opens in|step)\b|'ll\b",
    re.IGNORECASE,
)
_DEADLINE = re.compile(
    r"\b(?:until|till|by|before|towards?|ahead of|no later than)\s+(?:the\s+)?$", re.IGNORECASE
)


_PAST = re.compile(r"\b[a-z]{3,}ed\b", re.IGNORECASE)
_STEPS = frozenset({Happening.FIRST_STEP, Happening.SECOND_STEP})
_COUNTED_FROM = re.compile(
    r"\b(?:as (?:of|at|on|per)|from|since|after|(?:days|weeks|months) of)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_COUNT_BEHIND = re.compile(
    r"\s*(?:,? (?:that|which) is|is|are|being|:|=|,|-|–|—|\(|i\.e\.|in|still|only|about|roughly|\s)*(?P<count>[\w,.'-]+(?: [\w-]+){0,3}? days)(?=\s*(?:\)|,|\.|;|$|away|off|out|from now|left|to go|remain|later|on from|earlier|before|ahead|after|ago|prior))",
    re.IGNORECASE,
)
_LOOKING_BACK = re.compile(r"\b(?:last|past|preceding|previous|every|next|first|coming)\s+$", re.IGNORECASE)
_BY = re.compile(r"\bby\s+(?:the\s+)?$", re.IGNORECASE)
_PROMISE = re.compile(r"\b(?:promis|commitment|undertaking|pledge|obligation)", re.IGNORECASE)
_ORDINAL = re.compile(r"\b(?:first|second|third|fourth|fifth)\b", re.IGNORECASE)
_NUMBERED = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_WEEKDAY = re.compile(
    r"^(?:on|by|next|this|until|till|before|from)\s+(?:mon|tues|wednes|thurs|fri|satur|sun)day$",
    re.IGNORECASE,
)
_OF_THE_PAST = re.compile(r"(?:last|since)\b", re.IGNORECASE)
_NEAR = 60
_FIRST_YEAR = 1900


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
    if found.year is not None and found.month is None and not found.day:
        # A bare year is loose talk: any date within it will do.
        return tuple(dict.fromkeys(item.fact for item in hits))
    told = happenings.told(found, around)
    is_repeated = not told.is_near and _is_told_twice(found, around)
    hits = [
        item
        for item in hits
        if (_is_said_so(item, told) or _is_in_tense(item, found, around, known))
        and _is_called_for(item, found, around, known)
        and _is_counted_so(item, found, around, known)
        and not (is_repeated and happenings.of_fact(item.fact) in happenings.OF_THE_CONTRACT)
    ]
    return tuple(dict.fromkeys(item.fact for item in hits if _is_told(item, told, around, found)))


def claims_nothing(found: When, around: Surroundings) -> bool:
    """Say whether a day is a weekday of a plan, of which no fact could be: the forecast call on Friday."""
    if not _WEEKDAY.search(around.text[found.start : found.end]):
        return False
    return not (
        _OF_THE_PAST.match(around.text, found.start)
        or happenings.told(found, around).happenings
        or _GONE_BY.search(around.clause)
    )


def _is_said_so(item: Day, told: Told) -> bool:
    """Say whether the clause says itself that somebody talked on that day, whatever else of it is to come."""
    return told.is_near and told.happenings == (Happening.CONTACT,) and _is_contact(item)


def _is_contact(item: Day) -> bool:
    return happenings.of_fact(item.fact) is Happening.CONTACT


def _is_told(item: Day, told: Told, around: Surroundings, found: When) -> bool:
    """Say whether the words around a day let it be that of this fact: nobody renews on the day of the notice."""
    happening = happenings.of_fact(item.fact)
    if not told.happenings:
        return _needs_no_word(item, happening, around)
    if happening in told.happenings:
        return True
    if happening in happenings.OF_THE_CONTRACT:
        return False
    if happening in happenings.OF_THE_PLAN and told.is_beside and not _BY.search(around.text[: found.start]):
        return False
    if happening in _STEPS and told.is_near and _STEPS & set(told.happenings):
        # The first step is not the second one.
        return False
    of_contract = happenings.OF_THE_CONTRACT.intersection(told.happenings)
    return not (told.is_near and of_contract) or _names_itself(item, happening, told, around, found)


def _is_told_twice(found: When, around: Surroundings) -> bool:
    """Say whether the sentence has named this very day before: a writer who means it again says "then"."""
    here = found.start - around.sentence_start
    return bool(found.readings or found.day) and any(
        other.end <= here and _is_same_day(other, found) for other in days_named(around.sentence)
    )


def _is_same_day(one: When, other: When) -> bool:
    if one.readings and other.readings:
        return set(one.readings) == set(other.readings)
    days = one.readings or other.readings
    if days:
        return len(days) == 1 and one.agrees_with(days[0]) and other.agrees_with(days[0])
    return bool(one.day) and (one.month, one.day) == (other.month, other.day)


def _needs_no_word(item: Day, happening: Happening | None, around: Surroundings) -> bool:
    """Say whether a day may be told without a word of what it is: a conversation only as something that was."""
    if happening is not Happening.CONTACT:
        return True
    is_past = _GONE_BY.search(around.sentence) or _PAST.search(around.sentence)
    return bool(is_past) or bool(present(item.topics, around.sentence))


def _names_itself(
    item: Day, happening: Happening | None, told: Told, around: Surroundings, found: When
) -> bool:
    """Say whether a day is that of a plan, a score or the quarter although its clause speaks of the contract too."""
    before = around.text[around.clause_start : found.start]
    is_of_contact = Happening.CONTACT in told.happenings
    if item.fact.startswith("quarter.") and _COUNTED_FROM.search(before) and not is_of_contact:
        return True
    if happening is not None and is_of_contact and _TO_COME.search(around.clause):
        return True
    if happening is not None or told.is_beside:
        return not told.is_beside
    if item.needs:
        return bool(present(item.needs, around.clause)) or bool(
            item.quotes and item.quotes in around.sentence.casefold()
        )
    if item.fact.startswith("quarter."):
        return bool(present({"quarter", "period"}, around.clause))
    return bool(present(_own(item.topics), around.clause))


def _is_counted_so(item: Day, found: When, around: Surroundings, known: Evidence) -> bool:
    """Say whether the days that are counted beside a date, 3 August (in 45 days), do not lead to another date."""
    happening = happenings.of_fact(item.fact)
    is_day = bool(found.readings or found.day)
    if happening in happenings.OF_THE_PLAN or (is_day and happening is None):
        return True
    counted = _days_counted(found, around)
    if counted is None:
        return True
    ends = {end for end in (*known.ends_on, known.starts_on) if end is not None}
    of_contract = {
        other.value for other in known.days if happenings.of_fact(other.fact) in happenings.OF_THE_CONTRACT
    }
    marks = ends | {other.value for other in known.days if happenings.of_fact(other.fact)}
    if counted in {abs((item.value - mark).days) for mark in marks}:
        return True
    return counted not in {abs((day - mark).days) for day in of_contract for mark in ends | of_contract}


def _days_counted(found: When, around: Surroundings) -> int | None:
    """Return the days that the text counts to or from a date: 3 August (45 days), 45 days later, on 3 August."""
    behind = _COUNT_BEHIND.match(around.text[found.end : min(around.sentence_end, found.end + _NEAR)])
    stretch = behind["count"] if behind else around.sentence
    if not behind and (
        len(happenings.spoken_of(around.sentence)) > 1 or len(days_named(around.sentence)) > 1
    ):
        return None
    for when in days_named(stretch):
        stretch = stretch[: when.start] + "x" * (when.end - when.start) + stretch[when.end :]
    counts = [item for item in _counts(stretch) if item.unit == "day"]
    if not behind and any(_is_bare_count(item) for item in _counts(stretch)):
        # 73 days to go, although only 13 until notice.
        return None
    values = {value for item in counts for value, _ in item.numeral.readings}
    if not behind and any(_LOOKING_BACK.search(around.sentence[: item.start]) for item in counts):
        return None
    return int(values.pop()) if len(values) == 1 else None


def _is_bare_count(item: Quantity) -> bool:
    return not item.unit and any(
        value == int(value) and value < _FIRST_YEAR for value, _ in item.numeral.readings
    )


@lru_cache(maxsize=256)
def _counts(stretch: str) -> tuple[Quantity, ...]:
    return tuple(quantities.find(stretch))


def _is_in_tense(item: Day, found: When, around: Surroundings, known: Evidence) -> bool:
    """Say whether a day ahead is not told as past, nor a day gone by as a deadline: we last spoke on the renewal date."""
    today = max(known.ends_on, default=None)
    if today is None:
        return True
    before = around.text[max(around.clause_start, found.start - 24) : found.start]
    is_past, is_ahead = bool(_GONE_BY.search(around.clause)), bool(_AHEAD.search(around.clause))
    if not (found.readings or found.day):
        # A month that is told as an end to come is not the month of what has been.
        return (is_ahead or not is_past) if item.value > today else (is_past or not _DEADLINE.search(before))
    if item.value > today and item.fact.startswith(("contract.", "plan.")):
        return is_ahead or not is_past
    if item.value <= today and item.fact.startswith(("quarter.", "input.", "history.")):
        is_told = is_past or bool(present(_own(item.topics), around.clause))
        if _TO_COME.search(around.clause) and not is_told and not _COUNTED_FROM.search(before):
            return False
    # A date of notice that has passed was a deadline once; a conversation never was.
    return item.fact != "input.last_interaction_on" or not _DEADLINE.search(before)


def _is_called_for(item: Day, found: When, around: Surroundings, known: Evidence) -> bool:
    """Say whether the words near a date let it be that of a score or of a promise, and of the promise that is quoted."""
    if not item.needs or (not (found.readings or found.day) and not _AHEAD.search(around.clause)):
        return True
    if item.score and re.search(rf"\b{re.escape(item.score)}\b", around.sentence):
        return True
    if item.quotes and (meant := _promises_told(found, around, known)):
        return item.fact in meant
    return bool(present(item.needs, around.sentence) or present(item.needs, around.previous))


def _promises_told(found: When, around: Surroundings, known: Evidence) -> set[str]:
    """Return the facts of the promises that a date is told of: those quoted beside it, or the first and the second."""
    promises = {item.fact: item.quotes for item in known.days if item.quotes}
    sentence = around.sentence.casefold()
    quoted = [(at, fact) for fact, quote in promises.items() if (at := sentence.find(quote)) >= 0]
    if not quoted and _PROMISE.search(sentence):
        numbers = [(match.start(), _NUMBERED[match[0].casefold()]) for match in _ORDINAL.finditer(sentence)]
        quoted = [(at, f"commitment.{number}.due_on") for at, number in numbers if len(set(numbers)) > 1]
    here = found.start - around.sentence_start
    days = [(when.start, when.end) for when in days_named(around.sentence)]
    left = max([end for _, end in days if end <= here], default=0)
    right = min([start for start, _ in days if start > here], default=len(sentence))
    is_led = any(at < min((start for start, _ in days), default=here) for at, _ in quoted)
    near = [(at, fact) for at, fact in quoted if (left <= at < here if is_led else here < at < right)]
    return {fact for _, fact in near or quoted}


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
