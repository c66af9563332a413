"""What a text says that happens on a day: the agreement ends, notice is due, somebody talked, a step is taken.

Told by the words nearest to the day: those right beside it first, then the others of its clause, then those of the
clauses around it that have no day of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qbr.grounding import context
from qbr.grounding.context import Surroundings, days_named
from qbr.grounding.dates import When

# "Renewal offer", "notice for the renewal": the word tells of something else here.
_ATTRIBUTES = re.compile(
    r"\b(?:renewal|contract|notice|cancellation|expiry)(?:'s)? (?:proposal|offer|quote|paper|plan|conversation|discussion|talk|call|meeting|pricing|price|terms"
    r"|strategy|case|letter|preparation|negotiation|process|team|paperwork|draft|option|forecast|risk|season|work|value|amount|rate|manager|desk|workshop|review|business case|chat|decision|question|topic|story|budget|effort|document|agenda|motion|approach|preparations)s?\b"
    r"|\b(?:discussion|conversation|decision|decid(?:e|es|ed|ing)|talks?|negotiations?|proposal|offer|work|agreement) (?:on|about|for|of|over|regarding) (?:the |your |their |our |a )?renewal\b"
    r"|\b(?:discuss|present|prepar|review|negotiat|talk|address|secur|defend|support)\w* (?:about |through |for |on )?(?:the |your |their |our |this )?renewal\b(?! (?:date|day|on)\b)"
    r"|\bwhether (?:or not )?to renew\b|\bunless (?:\w+ )?renewed\b"
    r"|\brenew(?:ing|al)?,? or (?:not|to |no )?\w+|\b\w+(?:ing)? or (?:to )?renew(?:al|ing)?\b"
    r"|\bwithout (?:a |any |another )?(?:\w+ )?conversations? (?:about|on)\b|\b(?:be|get|keep|stay) in touch\b|\brenewal position\b|\bconversations? (?:should|must|needs? to|has to|have to|will|can) (?:begin|start|happen|take place|be had)\b"
    r"|\bcontact (?:persons?|details?|points?|names?|lists?)\b|\btouch ?points?(?= plan)",
    re.IGNORECASE,
)
# Of these beside the word of notice it is the notice that is told: notice of the renewal, the last day before renewal.
_BESIDE_NOTICE = re.compile(
    r"\b(?:for|of|on|about|before|ahead of|prior to|against) (?:the |your |their |our |this |that |any )*(?:renewal|expiry|agreement|contract)\b"
    r"|\brenewal(?= notice\b)",
    re.IGNORECASE,
)
_not = r"(?:not|never|no longer|n't)"
# Words of a decision or of word given: of notice where the day could be one of the contract, and of any task else.
_WORD_GIVEN = re.compile(
    r"\bdecid\w*|\bdecision\b|\btell(?:s)? (?:us|me|them)\b|\blet (?:us|me|them) know\b|\binform(?:s)? (?:us|me|them)\b|\bsa(?:y|ys|id) so\b|\bgive(?:s|n)? word\b|\bword (?:must|has|should|needs|would|is|in)\b"
    r"|\breach(?:es)? us\b|\bchange anything\b|\bspeak up\b|\blast (?:day|chance|moment|call) (?:to|for)\b|\b(?:have|has|need|needs|want|like) to know\b|\bsay (?:yes|anything|it)\b|\bwindow\b|\banswer on\b|\bdoor (?:closes|shuts|is)\b|\bfinal (?:call|say|decision|word)\b|\bfrom then on\b"
    r"|\bwhether (?:or not )?(?:to|you|they|we|he|she|it|the \w+)(?: will| want to)? (?:stay|stays|continue|continues|go on|goes on|extend|extends)\b",
    re.IGNORECASE,
)
# What may stand between a word and the day it tells of: the renewal date is, notice by, expires on.
_JOINED = (
    r"(?:'s)?(?:\s*(?:\b(?:date|day|deadline|window|period|cut-?off|falls?|fell|lands?|landed|is|are|was|were|be|comes?|due|up|set|closes?|closed|ends?|ended|takes? place|taken place|took place|happen(?:s|ed)|given|served"
    r"|begins|starts|on|of|in|by|at|until|till|not|no|later|than|before|the|for|to|received|arrive|in to|us|must|has|have|had|should|would|need|needs|reach|scheduled|planned|fixed|pencilled|only|still|already|currently|back|customer|with|somebody|anybody|\w+ \w+ on)\b|[:=(*|>\"'–-]))*\s*$"
)
_RIGHT_BEFORE = re.compile(_JOINED, re.IGNORECASE)
_RIGHT_AFTER = re.compile(
    r"^\s*(?:'s|\))?\s*(?:\(?as |for |is |was |marks |means |being |= )?(?:when |the |our |your |their |it |contract |agreement |subscription |deal |deadline |cut-off |day |date |last |of |for |to )*$",
    re.IGNORECASE,
)
# A label behind a day: 3 October (notice).
_LABEL_BEHIND = re.compile(r"\s*[*\"']*\s*\(([^)\d]*)\)")
# A clause that says nothing without the one before it.
_LEANING = re.compile(r"\s*(?:with\b|\()", re.IGNORECASE)
_EDGE = re.compile(r"[,;:)]\s|\s[-–—]\s|\s(?:and|but|while|whereas|so|because|which)\s", re.IGNORECASE)
# What a span of time is counted from: two months before renewal the customer decides.
_BEFORE_IT = re.compile(
    r"\b(?:before|ahead of|prior to|until|up to|after)\b[^,;:()]*(?=,|;|$)", re.IGNORECASE
)
_UP_TO = re.compile(r"\b(?:by|until|till|before|no later than)\s+(?:the\s+)?$", re.IGNORECASE)
_RIGHT_THAT_ENDS = re.compile(r"^[^,;]{0,24}\b(?:laps|expir|end|run|clos|com)\w*", re.IGNORECASE)
_AGREEMENT = re.compile(r"\b(?:contract|agreement|subscription|term|deal)\b", re.IGNORECASE)


class Happening(StrEnum):
    """What a day is the day of."""

    RENEWAL = "renewal"
    NOTICE = "notice"
    CONTACT = "contact"
    FIRST_STEP = "first step"
    SECOND_STEP = "second step"
    REVIEW = "review"


_FACTS = {
    "contract.renewal_on": Happening.RENEWAL,
    "contract.notice_on": Happening.NOTICE,
    "input.last_interaction_on": Happening.CONTACT,
    "plan.first_step_by": Happening.FIRST_STEP,
    "plan.second_step_by": Happening.SECOND_STEP,
    "plan.next_review_on": Happening.REVIEW,
}
OF_THE_CONTRACT = frozenset({Happening.RENEWAL, Happening.NOTICE, Happening.CONTACT})
OF_THE_PLAN = frozenset({Happening.FIRST_STEP, Happening.SECOND_STEP, Happening.REVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the words around a day say of it: the likeliest first. ``is_near`` says that they stand in its own clause.

    ``is_beside`` says that nothing but small words stands between: renewal on …
    """

    happenings: tuple[Happening, ...] = ()
    is_near: bool = False
    is_beside: bool = False


def of_fact(fact_id: str) -> Happening | None:
    """Return what happens on the day of a fact; None for the days of the quarter, of scores and of commitments."""
    return _FACTS.get(fact_id)


_WORDS: tuple[tuple[Happening, re.Pattern[str]], ...] = (
    (
        Happening.NOTICE,
        re.compile(
            r"\b(?:if|unless)\b[^,;.]*\bhear(?:d)?\b|\bnotice(?! (?:how|that|what))\b|\bnotif(?:y|ied|ies)\b|\bnon-?\s?renew\w*|\bcancel\w*|\bterminat\w*|\bresign\w*|\bopt(?:s|ing|ed)?[ -]out\b|\b(?:walk|step)(?:s|ing)? away\b"
            r"|\b(?:want|get|go|back|pull|way)(?:s|ed|ing)? out\b|\bwithdraw\w*|\bsa(?:y|ys|ying|id) no\b|\bexit(?:s|ing)?\b|\bobject(?:s|ing)? to\b|\bpart(?:ing)? (?:ways|company)\b"
            r"|\b(?:wish(?:es|ed)?|want(?:s|ed)?|decid\w+|choos\w+|minded|plan(?:s|ned)?|intend(?:s|ed)?|free|like|able) to (?:leave|go|quit|part|stop|end it|end (?:the|this|our|its|their) \w+|walk)\b(?! (?:live|through|over|back|ahead|into|on|with|to|for|it|time|room|in|at))"
            rf"|\b(?:does|do|did|will|would|shall|is|are|has|have|wo|to|could|can)(?: {_not}|n't)(?:(?: (?:want|wish|intend|going|like|be))?(?: to)? (?:continue|extend|stay|go on|carry on|prolong|continuing|extending|staying)| (?:want|wish|intend|going|like) to renew)\b"
            rf"|\b{_not} (?:to (?:continue|renew|extend|stay|prolong)|continue|extend|stay|prolong)\b"
            r"|\bafter (?:that|which|it|this)\b[^.;]{0,32}\b(?:renews?|rolls? over|extends|locked|bound|committed|prolongs?)\b|\block(?:s|ed)? in\b|\bcan (?:still )?be (?:stopped|prevented|averted|refused|declined|undone|called off)\b|\bchange (?:\w+ )?minds?\b|\bpoint of no return\b",
            re.IGNORECASE,
        ),
    ),
    (
        Happening.RENEWAL,
        re.compile(
            r"\brenew\w*|\banniversary\b|\b(?:is|are|be|gets?|automatically) (?:\w+ )?extended\b|\bleave (?=(?:in|on|at)\b)|\b(?:paid|covered|valid|good|secured|bound|contracted|signed|committed|in force) (?:up to|until|till|through)\b|\bexpir\w*|\blaps(?:e|es|ed|ing)\b|\broll(?:s|ed|ing)? over\b|\b(?:run|runs|running|ran) (?:to|until|till|out|through|up to|for another)\b|\bcom(?:e|es|ing) (?:up|to an end|to its end)\b"
            r"|\b(?:next|new|another) (?:contract(?:ual)? |subscription )?(?:term|year of (?:the )?\w+|contract year)\b|\b(?:contract|agreement|subscription|term|deal)(?:'s)? (?:\w+ )?(?:is|are|comes|will be) (?:over|done|finished|through)\b"
            r"|\b(?:is|are|falls?|be) up (?:on|in|for|again|at)\b|\bend date\b|\b(?:contract|agreement|subscription|term|licen[cs]es?|deal|paper|cover|access|service)(?:'s)? (?:\w+ )?(?:ends?|finish(?:es)?|stops?|closes|concludes|runs?|lasts?|is good|is valid)\b"
            r"|\bend of (?:the |your |their |our |this )?(?:current )?(?:contract|agreement|subscription|term|licence|deal)\b|\bre-?sign\w*|\bprolong\w*|\bextension\b",
            re.IGNORECASE,
        ),
    ),
    (
        Happening.CONTACT,
        re.compile(
            r"\b(?:spoke|spoken|talked|met|heard|conferred|chatted|phoned|rang|visited|emailed|e-mailed|caught up|silent|silence|quiet|conversed|interacted)\b|\bsaw (?:each|one|them|him|her|you|us)\b"
            r"|\b(?:last|latest|recent|previous|most recent) (?:\w+ ){0,2}?(?:word|time|call|contact|conversation|exchange|meeting|visit|talk|touch|chat|touchpoint|interaction|e-?mail|sign of life|catch-up)\b"
            r"|\blast (?!(?:updated?|measured|counted|scored|changed|reviewed|renewed|closed|ended|reported|recorded|agreed|needed|signed|used)\b)(?:\w+ed|saw|seen|rang|wrote|sat|got)\b"
            r"|\b(?:conversation|chat|contact|exchange|catch-up|interaction|touchpoint|touch)\b(?! (?:about|on) (?:the )?(?:renewal|notice))|\bthanks? (?:you )?for (?:your|the) (?:time|call|visit|talk)\b|\bpleasure of\b|\b(?:told|assured|asked|informed) (?:us|me)\b|\bsaid\b(?! (?:so|no)\b)|\b(?:meeting|call|talk|visit|conversation) of\b|\ba word with\b|\bsat (?:down|together|at)\b|\bwithout (?:a|any) (?:call|word|talk|meeting|visit|sign)\b",
            re.IGNORECASE,
        ),
    ),
    (Happening.FIRST_STEP, re.compile(r"\b(?:first (?:step|action|move)|(?:step|action) (?:one|1))\b", re.IGNORECASE)),
    (Happening.SECOND_STEP, re.compile(r"\b(?:second (?:step|action|move)|(?:step|action) (?:two|2))\b|\bsecond(?= (?:by|on|due|until)\b)", re.IGNORECASE)),
    (
        Happening.REVIEW,
        re.compile(r"\bnext (?:\w+ ){0,2}?(?:review|qbr)\b|\bmeet(?:ing)? again\b|\bagain for the (?:next )?review\b", re.IGNORECASE),
    ),
)  # fmt: skip


def told(found: When, around: Surroundings) -> Told:
    """Return what the words around a day of a text say that happens on it."""
    days = [
        (around.sentence_start + when.start, around.sentence_start + when.end)
        for when in days_named(around.sentence)
    ]
    others = [day for day in days if day[0] != found.start]
    left = max([end for _, end in others if end <= found.start], default=around.sentence_start)
    right = min([start for start, _ in others if start >= found.end], default=around.sentence_end)
    clause_start, clause_end = _start_of_clause(around, left), min(right, around.clause_end)
    label = _LABEL_BEHIND.match(around.text[found.end : around.sentence_end])
    if label and (labelled := _words(label[1])):
        return Told(happenings=_happenings(labelled), is_near=True, is_beside=True)
    is_led = _is_led(around, days)
    near = _in_clause(
        around.text, clause_start, found.start, found.end, clause_end, is_shared=bool(others), is_led=is_led
    )
    if near.happenings:
        return near
    if gives_word(around.text[clause_start:clause_end]):
        return Told(happenings=(Happening.NOTICE,))
    far = _in_other_clauses(around, days, left, right, clause_start)
    return Told(happenings=far)


def _start_of_clause(around: Surroundings, left: int) -> int:
    """Return where the clause of a day begins: "with Ana on 4 March" and "(4 March)" belong to what stands before."""
    start = max(left, around.clause_start)
    if not _LEANING.match(around.text[start : around.clause_end]):
        return start
    edges = [match.end() for match in _EDGE.finditer(around.text, left, start)]
    return max(edges, default=left)


def spoken_of(stretch: str) -> frozenset[Happening]:
    """Return what a stretch of text says of the contract: that it renews, that it is cancelled, that somebody talked."""
    return OF_THE_CONTRACT & {word[2] for word in _words(stretch)}


def gives_word(stretch: str) -> bool:
    """Say whether a stretch of text speaks of deciding, or of telling one's decision."""
    return context.says(_WORD_GIVEN, stretch)


def _is_led(around: Surroundings, days: Sequence[tuple[int, int]]) -> bool:
    """Say whether the words of a clause stand before its days: notice on …, not: … for notice."""
    first = min((start for start, _ in days if start >= around.clause_start), default=around.clause_start)
    return bool(_words(around.text[around.clause_start : first]))


def _in_clause(
    text: str, left: int, start: int, end: int, right: int, *, is_shared: bool, is_led: bool
) -> Told:
    before, after = text[left:start], text[end:right]
    earlier, later = _words(before), _words(after)
    if _UP_TO.search(before):
        # A talk has a day, and no deadline.
        earlier = [word for word in earlier if word[2] is not Happening.CONTACT]
    if earlier and _RIGHT_BEFORE.match(before, earlier[-1][1]):
        return Told(happenings=(_of_notice_rather(earlier, before),), is_near=True, is_beside=True)
    if later and _RIGHT_AFTER.match(after[: later[0][0]]) and not (is_shared and is_led):
        return Told(happenings=(later[0][2],), is_near=True, is_beside=True)
    if is_shared:
        return Told(happenings=_happenings(earlier[:-2:-1] if is_led else later[:1]), is_near=True)
    if earlier:
        return Told(happenings=(_of_notice_rather(earlier, before),), is_near=True)
    return Told(happenings=_happenings(later[:1]), is_near=True)


def _of_notice_rather(words: list[tuple[int, int, Happening]], before: str) -> Happening:
    """Return what the last word tells of; of "notice for the renewal" and the like the notice."""
    last = words[-1]
    ahead = words[-2] if len(words) > 1 else last
    between = before[ahead[1] : last[1]]
    if ahead[2] is Happening.NOTICE and _RIGHT_THAT_ENDS.match(between) and not _AGREEMENT.search(between):
        # The right to cancel lapses, the period of notice runs out.
        return Happening.NOTICE
    if last[2] is Happening.RENEWAL and any(word[2] is Happening.NOTICE for word in words[:-1]):
        at = max(word[1] for word in words[:-1] if word[2] is Happening.NOTICE)
        beside = _BESIDE_NOTICE.search(before, at)
        if beside and beside.start() <= last[0] < beside.end() and before[beside.end() :].strip():
            is_date = re.match(
                r"\s*(?:date|day)?\s*(?:on|of|in|\(|at|,|:)?\s*(?:the\s*)?$",
                before[beside.end() :],
                re.IGNORECASE,
            )
            return last[2] if is_date else Happening.NOTICE
    return last[2]


def _in_other_clauses(
    around: Surroundings, days: Sequence[tuple[int, int]], left: int, right: int, clause_start: int
) -> tuple[Happening, ...]:
    """Return what the clauses tell that stand between this day and its neighbours: first those before it."""
    before = _BEFORE_IT.sub(lambda match: "x" * len(match[0]), around.text[left:clause_start])
    after = around.text[around.clause_end : right] if right > around.clause_end else ""
    is_first = left == around.sentence_start
    found = _words(before) if is_first or _starts_clause(before) else []
    if found:
        return (found[-1][2],)
    if after and not (len(days) > 1 and right < around.sentence_end):
        found = _words(after)
        if found:
            return _happenings(found)
    if gives_word(before) or gives_word(after):
        return (Happening.NOTICE,)
    if is_first and around.previous.rstrip().endswith("?"):
        return _happenings(_words(around.previous))
    return ()


def _starts_clause(stretch: str) -> bool:
    return bool(re.match(r"\s*\)?\s*(?:[;:,(]|[-–—]\s|and\b|but\b|while\b)", stretch, re.IGNORECASE))


def _happenings(words: Sequence[tuple[int, int, Happening]]) -> tuple[Happening, ...]:
    return tuple(dict.fromkeys(word[2] for word in words))


def _words(stretch: str) -> list[tuple[int, int, Happening]]:
    """Return the words of a stretch that tell what happens, each by its ends, in order."""
    stretch = _ATTRIBUTES.sub(lambda match: "x" * len(match[0]), stretch)
    found: list[tuple[int, int, Happening]] = []
    for happening, pattern in _WORDS:
        for match in pattern.finditer(stretch):
            if not any(match.start() < end and start < match.end() for start, end, _ in found):
                found.append((match.start(), match.end(), happening))
    return sorted(found)
