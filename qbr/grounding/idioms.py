"""Fixed expressions and hours of the clock, which no number of the facts stands in: 24/7, fifty-fifty, at 9 a.m."""

import re

from qbr.grounding.numerals import SMALL

_number = rf"(?:\d{{1,3}}|{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_CLOCK = re.compile(
    r"\b(?:join|meet|ring) (?:us |them |me |you )?at \d{1,2}(?=[?.,;)]|\s*$)|\b(?:phones?|office|desk|staffed|weekdays?|business days)\b[^.;]{0,40}\bfrom \d{1,2} (?:to|till|until) \d{1,2}\b|\b(?:signal|line|office|desk|phone|meeting|call|free|busy|out|away|there|here|reachable) (?:till|until) \d{1,2}(?=[.,;)]|\s*$)|\b(?:weekdays|business days|office hours) (?:between|from) \d{1,2} (?:and|to) \d{1,2}\b|\bfrom \d{1,2} (?:to|till|until) \d{1,2} on (?:week|work|business)"
    r"|\b\d{1,2}(?::|h|\.(?=\d\d\s*(?:[ap]\.?m|h\b|o'clock|uhr)))\d\d\b|\b(?:\d{1,2}|[a-z]+)\s?(?:[ap]\.m\.?|[ap]m\b|o'clock)"
    rf"|\b{_number}-to-{_number}\b|\b(?:works?|working|open|hours|shifts?|runs?)\s+(?:from\s+)?{_number} to {_number}\b",
    re.IGNORECASE,
)
_IDIOM = re.compile(
    r"\bbetween (?:the|these|those) two\b|\b1:1s?\b|\bone-on-ones?\b|\b30[-/]60[-/]90\b|\b(?:5|five) whys\b|^\+1\b|\b\w+-odd\b|\bone point in particular\b|\b(?:one|two|three|four|five) (?:is|are) (?:plenty|enough)\b|\bone (?:survey|swallow|number|quarter|figure|reading|visit) does not make\b|\b(?:two|2) (?:accounts|customers|companies) (?:with|that have|of) the same\b|\bma(?:ke|de|kes) (?:it|that|this) an? (?:10|ten)\b|\b(?:a|an) (?:[a-z]+ ){1,4}or two\b|\bnever (?:2|two|more than one)\b|, (?:one|two|three|four|five) at (?:most|best|a time)\b|\b(?:two|three|four|five|six|\d) (?:\d+|thirty|sixty|twenty|forty-five)-(?:minute|hour)\b|"
    r"\b24/7\b|\bthe last (?:10|20|ten|twenty|few)\s?(?:%|per ?cent)(?= (?:is|are))|\b50[/:-]50\b|\b80[/:-]20\b|\bfifty[- ]fifty\b|\b360[- ]?(?:degrees?|°)"
    r"|\b(?:24|twenty-four) hours a day\b|\b(?:7|seven) days a week\b|\b(?:365|366) days a year\b"
    r"|\btakes two(?=[.,;!?]|$| to )|\bfrom one \w+ to (?:the next|another)\b|\bsecond to none\b|\bhalf the (?:battle|job|story|work|fun)\b|\bzero surprises\b"
    r"|\bhalf an eye\b|\bfour eyes see more than two\b|\bfour-eyes\b|\bnine to five\b|\bat sixes and sevens\b|\bone hundred percent (?:sure|certain|behind)\b|\b100\s?% (?:sure|certain|behind)\b"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|2|3|5|10|12) times over\b|\b(?:for|per|each|every|a single|any) one (?:seat|user|licence|license|person|account)\b|\bone (?:contact person|point of contact|hour|day|page|voice|team|owner|place|list)\b"
    r"|\bten to one\b|\ba thousand thanks\b|\b(?:a )?million thanks\b",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"\b(?:(?:a|an|one|two|three|four|five)(?:\s+[a-z]+)?|once)\s+or\s+(?:two|three|four|five|six|twice)\b",
    re.IGNORECASE,
)


def is_idiom(text: str, start: int, end: int) -> bool:
    """Say whether a number stands in a fixed expression: 24/7, one way or another."""
    return _is_within(_IDIOM, text, start, end)


def is_clock(text: str, start: int, end: int) -> bool:
    """Say whether a number is an hour, or one end of office hours."""
    return _is_within(_CLOCK, text, start, end)


def is_pair(text: str, start: int, end: int) -> bool:
    """Say whether a number stands in a vague pair: one or two."""
    return _is_within(_PAIR, text, start, end)


def _is_within(pattern: re.Pattern[str], text: str, start: int, end: int) -> bool:
    near = max(0, start - 24)
    return any(
        match.start() < end and start < match.end()
        for match in pattern.finditer(text, near, min(len(text), end + 24))
    )
