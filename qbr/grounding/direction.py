"""Words that say where a figure went: "rose to 17" is wrong where 26 tickets became 17, though 17 is right.

A word is held against the one signal whose figures stand beside it. Where it could speak of two, nothing is said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qbr.facts import Fact, FactSheet, shown_with_unit
from qbr.grounding.motion import BAD, FALLS, GOOD, MORE, RISES, SIDES
from qbr.grounding.numerals import SMALL

_PEERS = re.compile(
    r"\b(?:median|benchmark|peers?|segment|average|cohort|others|comparable|similar|norm|industry)\b",
    re.IGNORECASE,
)
_PLAIN_HEDGE = re.compile(
    rf"\b(?:more|less|fewer|higher|lower)\s+than\s+(?:the\s+)?(?:about\s+|around\s+|roughly\s+|some\s+)?(?:[\d$€£¥]|(?:a|an|half|one|two|{'|'.join(SMALL)})\b)",
    re.IGNORECASE,
)
# From a figure to its "more": 12 percentage points more.
_SO_MANY = 20
# "92 %: ask whether more people need a seat" counts nobody.
_BREAK = re.compile(r"[:;,.()–—]")
# "Did it rise or fall?" says neither.
_EITHER = re.compile(
    rf"(?:{RISES.pattern})\s+or\s+(?:{FALLS.pattern})|(?:{FALLS.pattern})\s+or\s+(?:{RISES.pattern})",
    re.IGNORECASE,
)
_OF_US = re.compile(r"\s+(?:you|yours|your|the account|this account)\b", re.IGNORECASE)
_THAN_ANOTHER = re.compile(
    r"\s+than\s+(?:the\s+|its\s+|their\s+)?(?:(?:feature|seat|login|stakeholder)\s+)?(?:adoption|utili[sz]ation|engagement|logins?|login frequency|nps|usage)\b(?!\s+(?:was|at|in|of|before))",
    re.IGNORECASE,
)
_THAN = re.compile(r"[^.;,]{0,24}\bthan\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:not|never|no|hardly|without|nor|neither|stopped|instead of|rather than)\b|n't\b", re.IGNORECASE
)
_WISH = re.compile(
    r"\b(?:to|will|shall|should|would|could|can|may|might|must|let's|let us|please|if|unless|need|needs|bring|bringing|goal|target|aim|plan|before)\b[^.;,]{0,12}$",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"\b(?:in short|turning up|the jump)\b|\b(?:up|down) (?:to|for|on|and|until|with)\b|\b(?:set|sign|catch|follow|back|end|speed|write|wind|start|speak|come|came|make|take|show|bring|brings|look|open|opened|live|keep|cut|add|adds|sum|make|makes|made)\w* (?:\w+ )?up\b|\b(?:up|down)side\b",
    re.IGNORECASE,
)
_LESS_IS_BETTER = frozenset(
    {"input.support_ticket_volume", "input.escalation_history_count", "input.last_interaction_days"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A figure of the text with the facts that it was traced to."""

    start: int
    end: int
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    start: int
    end: int
    told: str
    """What the facts say, as a half sentence: Open tickets went from 26 to 17."""


def contradictions(
    text: str, clauses: Sequence[tuple[int, int]], mentions: Sequence[Mention], facts: FactSheet
) -> Iterator[Contradiction]:
    """Yield the words of one sentence that say the opposite of the facts. ``clauses`` are its parts, by their ends."""
    families = [(mention, _family(mention, facts)) for mention in mentions]
    known = [(mention, family) for mention, family in families if family is not None]
    if not known:
        return
    sentence_start, sentence_end = clauses[0][0], clauses[-1][1]
    is_compared = bool(_PEERS.search(text, sentence_start, sentence_end))
    words = _words(text, sentence_start, sentence_end)
    if _EITHER.search(text, sentence_start, sentence_end):
        return
    for word, rises, is_good in words:
        start, end = word.start(), word.end()
        if _is_unclear(text, sentence_start, start, end):
            continue
        if MORE.fullmatch(word[0]) and not _compares(text, start, end, mentions):
            continue
        if _THAN_ANOTHER.match(text, end):
            # "Utilisation is higher than adoption" tells of no movement.
            continue
        clause = next((a, b) for a, b in reversed(clauses) if a <= start)
        told_of = min(mentions, key=lambda mention: abs(mention.start - start))
        if ";" in text[min(end, told_of.end) : max(start, told_of.start)]:
            # "Used less than before; 5 tickets are open": what is less is not the tickets.
            continue
        families_here = _near(start, end, clause, known, families)
        if len(families_here) != 1:
            continue
        family = families_here.pop()
        is_of_peers = is_compared and (
            bool(SIDES.fullmatch(word[0])) or bool(MORE.fullmatch(word[0])) or _is_gap(known, start, end)
        )
        if SIDES.fullmatch(word[0]) and not is_of_peers:
            continue
        if is_of_peers:
            if family != "input.feature_adoption_rate":
                continue
            before, after = facts.known("benchmark.adoption_median"), facts.known(f"{family}.now")
        else:
            before, after = _ends(family, facts)
        if before is None or after is None:
            continue
        a, b = before.value, after.value
        if not isinstance(a, Decimal) or not isinstance(b, Decimal) or a == b:
            continue
        went_up = b > a
        if is_of_peers and _OF_US.match(text, end):
            # "Five points above you" is said of the others.
            went_up = not went_up
        if is_good and family in _LESS_IS_BETTER:
            went_up = not went_up
        if went_up != rises:
            verb = "stands against" if is_of_peers else "went from"
            told = (
                f"{after.label} is {shown_with_unit(after)}, {before.label} {shown_with_unit(before)}"
                if verb == "stands against"
                else f"{after.label.split(',')[0]} went from {shown_with_unit(before)} to {shown_with_unit(after)}"
            )
            yield Contradiction(start=start, end=end, told=told)


def _compares(text: str, start: int, end: int, mentions: Sequence[Mention]) -> bool:
    """Say whether a "more" is more than something, or so many more."""
    return bool(_THAN.match(text, end)) or any(
        0 <= start - mention.end <= _SO_MANY and not _BREAK.search(text, mention.end, start)
        for mention in mentions
    )


def _words(text: str, start: int, end: int) -> list[tuple[re.Match[str], bool, bool]]:
    found = [
        (match, rises, is_good)
        for pattern, rises, is_good in (
            (RISES, True, False),
            (FALLS, False, False),
            (GOOD, True, True),
            (BAD, False, True),
        )
        for match in pattern.finditer(text, start, end)
    ]
    return sorted(found, key=lambda item: item[0].start())


def _is_unclear(text: str, sentence_start: int, start: int, end: int) -> bool:
    before = text[max(sentence_start, start - 32) : start]
    return bool(
        _NOT.search(before)
        or _WISH.search(before)
        or _PLAIN_HEDGE.match(text, start)
        or any(
            match.start() <= start < match.end()
            for match in _UP_TO.finditer(text, max(0, start - 24), end + 12)
        )
    )


def _near(
    start: int,
    end: int,
    clause: tuple[int, int],
    known: Sequence[tuple[Mention, str]],
    families: Sequence[tuple[Mention, str | None]],
) -> set[str]:
    """Return the signals whose figures stand in the clause, or else in the whole sentence where it tells of one alone."""
    inside = {family for mention, family in families if clause[0] <= mention.start < clause[1]}
    if len(inside) > 1:
        closest = min(
            (item for item in families if clause[0] <= item[0].start < clause[1]),
            key=lambda item: item[0].start - end if item[0].start >= end else start - item[0].end + 3,
        )
        return {closest[1]} if closest[1] is not None else set()
    if inside:
        return {family for family in inside if family is not None}
    return {family for _, family in known} if len({family for _, family in families}) == 1 else set()


def _is_gap(known: Sequence[tuple[Mention, str]], start: int, end: int) -> bool:
    nearest = min(known, key=lambda item: abs(item[0].start - start))[0]
    return any(fact.startswith("benchmark.") for fact in nearest.facts)


def _family(mention: Mention, facts: FactSheet) -> str | None:
    for fact_id in mention.facts:
        if fact_id.startswith("benchmark.adoption"):
            return "input.feature_adoption_rate"
        if fact_id.startswith("health.score"):
            return "health.score"
        for ending in (".now", ".at_start"):
            if fact_id.endswith(ending):
                return fact_id.removesuffix(ending)
    return None


def _ends(family: str, facts: FactSheet) -> tuple[Fact | None, Fact | None]:
    if family == "health.score":
        return facts.known("health.score_at_start"), facts.known("health.score_now")
    return facts.known(f"{family}.at_start"), facts.known(f"{family}.now")
