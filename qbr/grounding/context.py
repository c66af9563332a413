"""Where in a text a mention stands, and what the words around it say. What was looked up once is kept for a while."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from qbr.grounding import dates, spelling
from qbr.grounding.dates import When

_KEPT = 4096
# What looks like a word of a topic and is none: it used to be 26, where this is heading, 6 compared with 4.
_NO_TOPIC = re.compile(
    r"\bused to\b|\bdid (?=[\w ]{1,24} (?:do|go|change|move|say|look)\b)|(?:(?<=engagement )|(?<=frequency )|(?<=login )|(?<=logins )|(?<=nps )|(?<=promoter )|(?<=adoption )|(?<=utilisation )|(?<=utilization ))scores?\b|\bfor completeness\b|\b(?:before|until|since|after|from) (?:(?:the date|the day|the time) of )?(?:this|the|our|today's) (?:review|report|document|qbr)\b(?! period)|\bhead(?:ing|ed|lines?|way|winds?)\b|\bcompared (?:with|to|against)(?=\s+(?:about |around |just |only )?(?:\W?\d|[€$£¥]|the (?:start|beginning|outset|opening)|last\b|before\b))|\bcompared\s*$"
    r"|\b(?:came|come|comes|coming) in (?:at|on|with|around|about|just|above|below|under|over|nearly|close)\b"
    r"|\bscor(?:es|ed|ing)\s+(?:a |at |about |only )?(?=\d[\d.,]*\s?(?:%|per)|[a-z-]+\s?per)"
    # Where days are counted from or to.
    r"|\b(?:end|close|start|beginning|last day|first day|opening|outset) of (?:the|this|our|each) (?:quarter|period)\b|\bquarter(?:'s)?[\s-]+(?:end|close|start|last day|first day)\b"
    r"|\bquarter (?:has |had )?(?:ago|closed|ended|began|opened|started|was over|is over|earlier|before)\b",
    re.IGNORECASE,
)

_POINTS_BACK = re.compile(
    r"\s*(?:that|this|which|it|so that|that's) (?:is|was|makes|makes up|amounts to|equals|means|corresponds to|represents)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A block's levelled text, and the sentence and the clause in it that a mention stands in, by their ends.

    ``previous`` is the sentence before, which "that" and "it" may speak of.
    """

    text: str
    previous: str
    sentence: str
    clause: str
    sentence_start: int
    sentence_end: int
    clause_start: int
    clause_end: int


def surroundings(text: str, start: int) -> Surroundings:
    """Return the sentence and the clause that a position of a levelled text lies in."""
    return next(around for around in reversed(_all(text)) if around.clause_start <= start)


def asked(around: Surroundings) -> str:
    """Return the sentence with the one before it that it answers or points back to, if it does."""
    is_answer = around.previous.rstrip().endswith("?") or _POINTS_BACK.match(around.sentence)
    return f"{around.previous} {around.sentence}" if is_answer else around.sentence


def sentences(text: str) -> list[list[tuple[int, int]]]:
    """Return the sentences of a levelled text, each as its clauses by their ends."""
    found: dict[int, list[tuple[int, int]]] = {}
    for part in _all(text):
        found.setdefault(part.sentence_start, []).append((part.clause_start, part.clause_end))
    return list(found.values())


def says(pattern: re.Pattern[str], stretch: str) -> bool:
    """Say whether a pattern is found in a stretch of text."""
    return _says(pattern, stretch)


def present(stems: Iterable[str], stretch: str) -> set[str]:
    """Return those of the word stems that occur in a stretch of text."""
    return {stem for stem in stems if _occurs(stem, stretch)}


@lru_cache(maxsize=_KEPT)
def days_named(stretch: str) -> tuple[When, ...]:
    """Return the dates in a stretch of text."""
    return tuple(dates.find(stretch))


@lru_cache(maxsize=64)
def _all(text: str) -> tuple[Surroundings, ...]:
    found = []
    previous = ""
    for sentence in spelling.sentences(text) or [spelling.Stretch(start=0, end=len(text))]:
        words = text[sentence.start : sentence.end]
        found += [
            Surroundings(
                text=text,
                previous=previous,
                sentence=words,
                clause=text[clause.start : clause.end],
                sentence_start=sentence.start,
                sentence_end=sentence.end,
                clause_start=clause.start,
                clause_end=clause.end,
            )
            for clause in spelling.clauses(text, sentence)
        ]
        previous = words
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def _says(pattern: re.Pattern[str], stretch: str) -> bool:
    return bool(pattern.search(stretch))


@lru_cache(maxsize=4 * _KEPT)
def _occurs(stem: str, stretch: str) -> bool:
    return spelling.stem_in(stem, _words(stretch))


@lru_cache(maxsize=256)
def _words(stretch: str) -> tuple[str, ...]:
    return tuple(spelling.words(_NO_TOPIC.sub(" ", stretch)))
