"""Which end of the quarter a figure is told of: "from 26", "previously 26", "26 at the start"; "to 17", "now 17"."""

import re
from enum import StrEnum
from functools import lru_cache

from qbr.catalogue import Moment
from qbr.grounding.context import Surroundings
from qbr.grounding.numerals import SMALL

# Between a word of time and its number: a few small words.
_small = r"(?:\s*(?:a|an|the|just|only|about|around|nearly|almost|some|over|under|of|at|on|its|their|our|all of|roughly|:|=|\())*\s*"
_START_RIGHT_BEFORE = re.compile(
    r"(?:\b(?:when (?:there were|it was|it stood at|it read|they (?:had|were at)|we had)|prev|previously|formerly|originally|initially|against|versus|vs\.?|compared (?:with|to)|instead of|rather than|up from|down from"
    r"|after|following|follows(?: one)?|up on|down on|used to be|once|(?<!more )(?<!less )(?<!fewer )than|coming from|starting (?:at|from|with)|improving on|improvement on"
    r"|\bwas previously|began (?:at|with|on)|started (?:at|with|on|from|out at)|opened (?:at|with|on)|start(?:ing)? of the quarter|prior|before|earlier|having been|had been|(?:its|the) (?:beginning|start|outset|opening)|baseline|last (?:reading|survey|value|figure|mark|note|one was)|(?:opening|starting|initial|previous|prior|former|earlier|original) (?!and)\w+(?: \w+)?(?: of| at| was| were|:)?|enter(?:ed|ing)(?: [^\s,;]+){0,4} with)"
    rf"|[(,;–→>|-]\s*was|^\s*was)\b{_small}$",
    re.IGNORECASE,
)
_FROM_BEFORE = re.compile(rf"\bfrom\b{_small}$", re.IGNORECASE)
# Moving adoption on from 29 % is a plan: it stands there now.
_TO_BE_MOVED = re.compile(
    rf"(?<!an )(?<!a )(?<!the )(?<!of )\b(?:move|moving|raise|raising|lift|lifting|take|taking|bring|bringing|get|getting|grow|growing|increase|increasing|improve|improving|push|pushing)\b[^.;,]{{0,32}}\bfrom\b{_small}$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\([^()]*\)")
# Who opened with the numbers of the quarter tells of no start.
_OPENED_WITH = re.compile(
    r"\bopen(?:ed|s)?\s+(?:with|by)\s+(?:the\s+|a\s+|an\s+|our\s+|his\s+|her\s+)?(?!\d)[a-z]+|\bopened the (?:call|meeting|review|session)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:more|less|better|worse|higher|lower|fewer|further)\b[^.;,]{0,24}\bthan\b", re.IGNORECASE
)
_TO_A_NUMBER = re.compile(
    r"[^.;]{0,30}?\bto\s+(?:a |an |about |the |just |only |around )*(?:\W?\d|[a-z]+(?:-[a-z]+)?\s?(?:%|per))",
    re.IGNORECASE,
)
_NOW_BESIDE = re.compile(r"\s*%?\s*(?:now|today)\s*(?:[,;.)]|$)", re.IGNORECASE)
_ARROW_BEFORE = re.compile(r"(?:->|=>|→|⇒|➔)\s*$")
_ARROW_AFTER = re.compile(r"\s*(?:->|=>|→|⇒|➔)(?!\s*(?:was|from|previously))")
_NOW_RIGHT_BEFORE = re.compile(
    rf"\b(?:(?<!amounted )(?<!amounts )(?<!amounting )to|(?:we|you|they|it) (?:have|has)|at the moment|reads|shows|registers|measures|now|today|currently|current|presently|stands? (?:today )?at|sits? (?:now )?at|running at|runs? at|landed (?:at|on)|settled (?:at|on)|settling (?:at|on)|came (?:to|in at)|comes (?:to|in at)|reached|reaches|reaching|hit|hits|closed (?:on|at|with)|ended (?:on|at|with)|ends (?:on|at|with|the quarter (?:on|at|with))|finish(?:es|ed)?(?: it)? (?:at|on|with)|is|are|has|(?:now|today|currently|presently)(?: \w+){{1,2}})\b{_small}$",
    re.IGNORECASE,
)
_past = (
    r"(?:at|in|since|on|when|from|as of|before)\s+(?:(?:the|its|our|their|this)\s+)?(?:quarter'?s?\s+)?(?:very\s+)?(?:start|beginning|begin|outset|first day|first week|opening)"
    r"|(?:when|as|before|after) (?:the|this|our) (?:quarter|period|review|year) (?:began|opened|started)|(?:a|one|last|the previous|the last|the prior|the) quarter (?:ago|earlier|before)"
    r"|(?:three|3) months (?:ago|earlier|before|back|prior)|(?:thirteen|13|twelve|12) weeks (?:ago|earlier|before|back|prior)|last quarter|the time before|last time(?: round| around)?|previously"
    r"|(?:before|earlier|then|ago|prior|beforehand)(?=\s*(?:[.,;:!?)]|$|and\b|but\b))|initially|originally|at first|back then|of the start|in the (?:previous|prior|preceding) quarter|before that"
    r"|at (?:the )?(?:baseline|kick-?off|launch|open)|(?:at |in )?(?:quarter|period)[ -](?:start|opening|beginning)|when (?:we|things|it all|the quarter|the period) (?:kicked off|began|started|opened|set out)|the (?:first|opening) weeks?|where we opened|the (?:previous|prior|preceding) (?:quarter|period|level|survey|review)"
)
_START = re.compile(rf"\b(?:{_past})\b", re.IGNORECASE)
_START_RIGHT_AFTER = re.compile(rf"[^.,;:()|\d]{{0,32}}?\b(?:{_past})\b", re.IGNORECASE)
_NOW_RIGHT_AFTER = re.compile(
    r"[^.,;:()|\d]{0,32}?\b(?:now|today|currently|at (?:the|its|their) end|by (?:the|its) end|at the close|at present|this time|these days|at (?:quarter|period)[ -]end)\b",
    re.IGNORECASE,
)
START_SOMEWHERE = re.compile(
    rf"\b(?:{_past}|began|begun|opened|started|starting|previous\w*|start(?=:|\s*$)|start of (?:the\s+)?(?:quarter|qtr)|q-start|baseline|outset)\b|^\s*(?:since|at|in) (?:the )?start",
    re.IGNORECASE,
)
_NOW_SOMEWHERE = re.compile(
    r"\b(?:now|today|currently|nowadays|at the moment|right now|at the end|by the end|ended|ends|closed|closes|finished|latest|current|stands?|sits?|remains?)\b",
    re.IGNORECASE,
)


# A quarter or a year between a word of time and its figure: we entered Q1 2026 with 26.
_PERIOD = re.compile(r"\bQ[1-4](?:[\s/-]?(?:20)?'?\d\d)?\b|\b20\d\d(?:[\s/-]?Q[1-4])?\b", re.IGNORECASE)


NUMBER = re.compile(
    rf"\d|\b(?:{'|'.join(word for word in SMALL if word not in ('zero', 'one'))})\b", re.IGNORECASE
)
WHOLE_NUMBER = re.compile(
    rf"\d[\d.,']*|\b(?:{'|'.join(word for word in sorted(SMALL, key=len, reverse=True) if word != 'zero')})\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"[,;()|]|\s[-–—]\s|\s(?:and|to|versus|vs\.?|against|compared|but|while|from|after|or|exceeds?|trails?|beats?|tops?|than)\s",
    re.IGNORECASE,
)
# "Better than before: 53" tells of now: what is compared with is not what is told.
_COMPARATOR = re.compile(
    r"\b(?:than|as|from|on)\s+(?:before|previously|earlier|ever|last (?:time|quarter|year)|(?:(?:at|in|when)\s+)?the (?:start|beginning|outset|first week))"
    r"(?=\s*[:,;–-]|\s+(?:at|with|to)\b)",
    re.IGNORECASE,
)
_LEADS = re.compile(r"\s*(?:at|with|on|standing at|sitting at)\s+$", re.IGNORECASE)
_THAN_THEN = re.compile(r"\s?%?,\s[^.;:]{0,80}?\b(?:than|from where|since)\b", re.IGNORECASE)
# How far from a figure its words of time are looked for.
_REACH = 160


class Told(StrEnum):
    """What the words say of a figure's time. OPEN fits both ends, NOT_SAID the later one alone."""

    START = "start"
    NOW = "now"
    OPEN = "open"
    NOT_SAID = "not said"


@lru_cache(maxsize=1024)
def told(around: Surroundings, start: int, end: int) -> Told:
    """Read the time that a figure is told of. The closer a word stands, the more it says."""
    text = around.text
    before = text[max(around.sentence_start, start - _REACH) : start]
    # The three of "three months ago" is no figure.
    times = [match.span() for match in _START.finditer(before)]
    numbers = [
        match.end()
        for match in NUMBER.finditer(_PERIOD.sub(_blank, before))
        if not any(a <= match.start() < b for a, b in times)
    ]
    near = before[numbers[-1] if numbers else 0 :][-60:]
    after = text[end : min(around.sentence_end, end + _REACH)]
    near = _OPENED_WITH.sub(_blank, _COMPARATOR.sub(_blank, near))
    before = _OPENED_WITH.sub(_blank, before)
    if _ARROW_BEFORE.search(near) or _NOW_BESIDE.match(after):
        return Told.NOW
    if _ARROW_AFTER.match(after):
        return Told.START
    if _TO_BE_MOVED.search(near) and not _TO_A_NUMBER.match(after):
        return Told.NOW
    if _FROM_BEFORE.search(near):
        return Told.START
    if re.match(r"[^.;\d]{0,30}\bto\s+(?:a |an |about |the |just |only )*[\d$€£¥]", after) and re.search(
        r"\bfrom\b[^.;]{0,20}$", near, re.IGNORECASE
    ):
        return Told.START
    if _START_RIGHT_BEFORE.search(near):
        return Told.START
    if _LEADS.match(before) and _THAN_THEN.match(after):
        # "At 44, the score is 16 points higher than it was at the start": 44 is what it is.
        return Told.NOW
    following = _next_number(after)
    after_words = after[: min(60, following)]
    is_now, is_start = _NOW_RIGHT_AFTER.match(after_words), _START_RIGHT_AFTER.match(after_words)
    if is_now and not (is_start and is_start.end() < is_now.end()):
        return Told.NOW
    if is_start and not _moves(near):
        return Told.START
    if _NOW_RIGHT_BEFORE.search(near):
        return Told.NOW
    # Of the words between two numbers, those up to a comma or an "and" belong to the first.
    own_before = _JOINT.split(near, maxsplit=1)[-1] if numbers else near
    own_after = after[: min(following, max(0, around.clause_end - end))]
    if following < len(after):
        own_after = _JOINT.split(own_after, maxsplit=1)[0]
    # "They use it more broadly than they did at the start" compares with then.
    of_now = _COMPARES.split(own_after, maxsplit=1)[0]
    has_start = bool(START_SOMEWHERE.search(own_before) or START_SOMEWHERE.search(of_now))
    has_now = bool(_NOW_SOMEWHERE.search(own_before) or _NOW_SOMEWHERE.search(own_after))
    if has_start and has_now:
        return Told.OPEN
    if has_start:
        return Told.START if _is_only_start(before, near) else Told.OPEN
    if has_now:
        return Told.NOW
    led = START_SOMEWHERE.search(_BRACKETED.sub(_blank, before))
    if led and not any(end <= led.start() for end in numbers):
        # What leads the sentence is of all its figures, what follows a figure is of that one.
        return Told.OPEN
    # A review tells of its whole quarter in the past tense: "was" alone says no more than "is".
    return Told.NOT_SAID


def allows(said: Told, moment: Moment) -> bool:
    """Say whether a figure of that end may stand where the words say that."""
    if moment is Moment.START:
        return said in (Told.START, Told.OPEN)
    return said is not Told.START


def _blank(match: re.Match[str]) -> str:
    return "x" * len(match[0])


def _next_number(after: str) -> int:
    match = NUMBER.search(after)
    return match.start() if match else len(after)


def _moves(near: str) -> bool:
    """Say whether what comes is how far something moved since then, or where it moved to."""
    return bool(
        re.search(
            r"\b(?:by|to|reached|up|down|added|gained|lost|grew|rose|fell|shrank)\b[^.;,]{0,16}$",
            near,
            re.IGNORECASE,
        )
    )


def _is_only_start(before: str, near: str) -> bool:
    """Say whether the words of the start stand in front of the figure, or with it, and no movement since."""
    return not re.search(r"\b(?:since|compared|than|from|against|versus)\b", near, re.IGNORECASE)
