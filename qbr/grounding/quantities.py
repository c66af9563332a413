"""Quantities: a number together with what it counts, its currency, and how the sentence hedges it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from qbr.facts import singular
from qbr.grounding import numerals
from qbr.grounding.numerals import Numeral

PERCENT = "percent"
PERCENT_POINTS = "percent points"
MONEY = "money"
POINTS = "point"
SHARE = "share"
FOLD = "fold"


class Hedge(StrEnum):
    ABOUT = "about"
    OVER = "over"
    UNDER = "under"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in a text, read. ``unit`` is PERCENT, MONEY and so on, or a noun in the singular, or "".

    ``currency`` is an ISO code, "" where none is written. ``out_of`` is the scale of "7 out of 10", else 0.
    ``noun_end`` is where the noun ends that it counts; ``elided_unit`` is the unit of the number before it.
    """

    start: int
    end: int
    numeral: Numeral
    unit: str = ""
    currency: str = ""
    hedge: Hedge | None = None
    out_of: int = 0
    is_per_seat: bool = False
    is_per_month: bool = False
    noun_end: int = 0
    elided_unit: str = ""
    elided_scale: int = 0


_CURRENCIES = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "us$": "USD",
    "eur": "EUR", "usd": "USD", "gbp": "GBP", "jpy": "JPY", "chf": "CHF", "inr": "INR", "cad": "CAD", "aud": "AUD",
    "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "czk": "CZK", "rub": "RUB", "cny": "CNY", "brl": "BRL",
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP",
    "yen": "JPY", "franc": "CHF", "francs": "CHF", "rupees": "INR", "rubles": "RUB", "roubles": "RUB",
}  # fmt: skip
_signs = "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True))
# How far before a number its currency or its hedge may begin.
_REACH = 40
_CURRENCY_BEFORE = re.compile(
    rf"(?P<lead>(?<!\w)-\s?)?(?<!\w)(?P<money>{_signs})\s?(?P<sign>-\s?)?$", re.IGNORECASE
)
_CURRENCY_AFTER = re.compile(rf"\s?-?(?P<money>{_signs})(?!\w)", re.IGNORECASE)
_PERCENT_AFTER = re.compile(
    r"[\s-]?(?:(?P<pp>percentage[\s-]points?|percent[\s-]points?|pp\b|ppts?\b|%[\s-]points?)|(?P<pc>%|percent\b|per\s?cent\b|pct\b))",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    r"\s?(?:/|out of|of|on(?= 10\b))\s?(?P<scale>100|10|a hundred|ten)\b(?!\s?%|,\d|\.\d)(?!\s+[a-z]*s\b)",
    re.IGNORECASE,
)
_LEAD = 24
_MOVED_BEFORE = re.compile(
    r"\b(?:by|up|down|[a-z]{3,}(?:ed|ing)|rose|rise|rises|fell|falls?|grew|grow|grows|shrank|shrink|shrinks|drops?|climbs?|jumps?|sank|slid|increases?|decreases?)\s+(?:about |around |roughly |some |nearly |just )?$",
    re.IGNORECASE,
)
_RANGE_JOIN = re.compile(r"\s?(?:-|–|—|/|to|and|or|of|out of|of the|of its)\s?(?:[€$£¥])?$", re.IGNORECASE)
_PER_SEAT = re.compile(r"[\w\s]{0,12}\b(?:per|a|each|every)\s+(?:seat|user|licen[cs]e)", re.IGNORECASE)
_SEAT_BEFORE = re.compile(r"\b(?:per|each|every)\s+(?:seat|user|licen[cs]e)\b[^.;:\d]{0,25}$", re.IGNORECASE)
_PER_MONTH = re.compile(r"[\w\s]{0,12}\b(?:per|a|each|every)\s+month|[\w\s]{0,6}\bmonthly\b", re.IGNORECASE)
_HEDGES: tuple[tuple[Hedge, re.Pattern[str]], ...] = tuple(
    (hedge, re.compile(rf"(?:\b(?:{words})\s+(?:the\s+|a\s+|an\s+|of\s+)?|[{signs}]\s?)$", re.IGNORECASE))
    for hedge, words, signs in (
        (
            Hedge.ABOUT,
            "about|around|roughly|approximately|some|circa|ca\\.?|close to|almost exactly|or so",
            "~≈",
        ),
        (
            Hedge.OVER,
            "(?<!spread )(?<!divided )(?<!distributed )over|more than|above|exceed(?:s|ed|ing)|at least|just over|upwards of|north of|greater than",
            ">≥",
        ),
        (
            Hedge.UNDER,
            "under|below|less than|fewer than|at most|(?<!add )(?<!adds )(?<!added )(?<!adding )(?<!comes )(?<!went )(?<!goes )(?<!going )(?<!gone )(?<!moved )(?<!moves )(?<!is )(?<!are )(?<!was )(?<!were )(?<!now )(?<!back )(?<!crept )(?<!ticked )(?<!edged )up to|just under|nearly|almost|not quite",
            "<≤",
        ),
    )
)

# Words that may stand between a number and what it counts.
_BETWEEN = frozenset({
    "open", "active", "new", "licensed", "purchased", "paid", "unused", "used", "total", "support", "health", "more",
    "fewer", "less", "additional", "extra", "further", "calendar", "business", "working", "full", "past", "other",
    "consecutive", "remaining", "idle", "free", "spare", "customer", "unresolved", "recent", "of", "the", "its",
    "their", "our", "whole", "straight", "named", "licence", "license", "score", "product", "similar", "comparable",
    "earlier", "previous", "formal", "agreed", "occupied", "assigned", "empty", "available", "core", "key", "team",
    "dormant", "unassigned", "unclaimed", "inactive", "outstanding", "pending", "vacant", "separate", "different", "regular",
    "bought", "acquired", "user", "lost", "full-time", "single", "untouched", "undeployed", "logged", "waiting", "lit", "unfilled",
})  # fmt: skip
_SAME_NOUNS: Mapping[str, str] = {
    "case": "ticket", "request": "ticket", "issue": "ticket", "query": "ticket", "enquiry": "ticket",
    "inquiry": "ticket", "entry": "ticket", "matter": "ticket", "tix": "ticket",
    "licence": "seat", "license": "seat", "user": "seat", "entitlement": "seat",
    "module": "feature", "area": "feature", "tool": "feature", "capability": "feature", "function": "feature",
    "hr": "hour", "undertaking": "commitment", "pledge": "commitment", "obligation": "commitment",
    "customer": "account", "peer": "account", "company": "account", "employee": "people", "colleague": "people",
    "member": "people", "person": "people", "head": "people", "login": "seat",
    "promise": "commitment", "point": POINTS, "pt": POINTS, "wk": "week", "mo": "month", "mth": "month", "yr": "year",
    "d": "day", "min": "minute", "lic": "seat", "esc": "escalation", "acct": "account", "qtr": "quarter",
}  # fmt: skip
_NOUNS = frozenset({
    "ticket", "seat", "day", "week", "month", "year", "quarter", "hour", "minute", "second", "point", "escalation",
    "account", "feature", "commitment", "meeting", "workshop", "session", "call", "team", "employee", "person",
    "people", "stakeholder", "contact", "integration", "invoice", "project", "country", "site", "office",
    "department", "login", "order", "report", "dashboard", "campaign", "document", "review", "step", "signal",
    "incident", "outage", "visit", "email", "message", "renewal", "goal", "decision", "manager", "agent",
    "sponsor", "champion", "survey", "response", "respondent", "colleague", "region", "store", "device", "deal",
    "night", "weekend", "result", "figure", "measure", "time", "percentile", "deliverable", "action", "task", "milestone", "training",
}) | frozenset(_SAME_NOUNS)  # fmt: skip
# "One call" and "one open issue" say that there is such a thing, not how many.
_ONE_OF_THEM = frozenset({
    "time", "second", "step", "person", "people", "figure", "result", "measure", "goal", "decision", "issue", "case",
    "area", "request", "order", "contact", "sponsor", "session", "workshop", "document", "dashboard", "team", "review", "action", "task", "report", "project", "call", "meeting",
})  # fmt: skip
_TIMES = frozenset({"day", "week", "month", "quarter", "year"})
_BESIDE = re.compile(
    r"\b(?:above|below|over|under|exceed(?:s|ed|ing)|beyond|more than|less than|fewer than|higher than|lower than|than)\s+(?:the|its|their|our|your)\s+$",
    re.IGNORECASE,
)
# NPS (0-10), on a scale from 0 to 10: what a figure is read on, and none itself.
_SCALE = re.compile(
    r"\b(?:ten|10|five|5|hundred|100)-point scale\b|\bscale (?:which|that) (?:goes|runs) (?:to|until|up to) (?:10|100|ten)\b|\(\s?[01]\s?[-–]\s?(?:5|10|100)\s?\)|\bscale (?:of|from) (?:0|1|zero|one) to (?:5|10|100|five|ten)\b|\bbetween 0 and (?:10|100)\b|\bscored (?:on|from) 0\s?(?:[-–]|to)\s?(?:10|100)\b",
    re.IGNORECASE,
)
_AFTER_WORD = re.compile(r"[\s-]*([^\W\d_]+)")
_EQUATED = re.compile(r"\b[a-z]\s?=\s?\d+$", re.IGNORECASE)
_NONE_OF = re.compile(
    r"\b(?P<no>no|zero)\s+(?:(?:open|past|new|unused|idle|further|support|unresolved)\s+)?(?P<noun>[a-z]+)\b",
    re.IGNORECASE,
)


def find(text: str, *, nouns: Iterable[str] = ()) -> list[Quantity]:
    """Return the quantities of a levelled text in order.

    ``nouns`` are further units, in the plural, such as those of ROI facts.
    """
    known = _NOUNS | {singular(noun.casefold()) for noun in nouns if noun}
    found: list[Quantity] = []
    for numeral in numerals.find(text):
        if not _is_idle_one(numeral, text, known):
            found.append(_quantity(numeral, text, known))
    scales = [match.span() for match in _SCALE.finditer(text)]
    found = [one for one in found if not any(a <= one.start < b for a, b in scales)]
    found = _share_units(_without_scales(found), text)
    return sorted([*found, *_none_of(text, known, found)], key=lambda quantity: quantity.start)


def noun_of(word: str) -> str:
    """Return the noun that a unit is compared by: ``requests`` → ``ticket``."""
    lemma = singular(word.casefold())
    return _SAME_NOUNS.get(lemma, lemma)


def _quantity(numeral: Numeral, text: str, nouns: frozenset[str]) -> Quantity:
    start, end = numeral.start, numeral.end
    quantity = Quantity(start=start, end=end, numeral=numeral)
    if numeral.is_share or numeral.is_fold:
        unit = SHARE if numeral.is_share else FOLD
        return replace(quantity, unit=unit, hedge=_hedge(text[max(0, start - _REACH) : start]))
    before, after = (
        _CURRENCY_BEFORE.search(text[max(0, start - _REACH) : start]),
        _CURRENCY_AFTER.match(text, end),
    )
    if before or after:
        money = (before or after)["money"]  # type: ignore[index]
        negative = bool(before and (before["sign"] or before["lead"]))
        start = max(0, start - _REACH) + before.start() if before else start
        end = after.end() if after and not before else end
        return replace(
            quantity,
            start=start,
            end=end,
            unit=MONEY,
            currency=_CURRENCIES[money.casefold()],
            numeral=replace(numeral, sign=-1) if negative else numeral,
            hedge=_hedge(text[max(0, start - _REACH) : start]),
            is_per_seat=bool(
                _PER_SEAT.match(text, end) or _SEAT_BEFORE.search(text[max(0, start - _REACH) : start])
            ),
            is_per_month=bool(_PER_MONTH.match(text, end)),
        )
    quantity = replace(quantity, hedge=_hedge(text[max(0, start - _REACH) : start]))
    percent = _PERCENT_AFTER.match(text, end)
    if percent:
        return replace(quantity, end=percent.end(), unit=PERCENT_POINTS if percent["pp"] else PERCENT)
    scale = _OUT_OF.match(text, end)
    if scale:
        return replace(
            quantity, end=scale.end(), out_of=100 if scale["scale"] in ("100", "a hundred") else 10
        )
    noun, noun_end = _noun_after(text, end, nouns)
    return replace(quantity, unit=noun, noun_end=noun_end)


def _hedge(before: str) -> Hedge | None:
    if _BESIDE.search(before):
        # "Above the 30 % of the others" says exactly what theirs is.
        return None
    return next((hedge for hedge, pattern in _HEDGES if pattern.search(before)), None)


def _noun_after(text: str, end: int, nouns: frozenset[str]) -> tuple[str, int]:
    begun = end
    if _EQUATED.search(text[max(0, begun - 16) : begun]):
        # n=59 is complete: what follows begins anew.
        return "", 0
    for _ in range(4):
        match = _AFTER_WORD.match(text, end)
        if not match:
            break
        word = match[1].casefold()
        if text[match.end() : match.end() + 1] == "-" and text[match.end() + 1 : match.end() + 2].isalpha():
            # Of "month-end closing hours" the hours are counted.
            end = match.end()
            continue
        if (
            word in _TIMES
            and match.start() != begun
            and text[begun : match.start() + 4].split()[:1] == ["the"]
        ):
            # "At 10 the day the quarter began" counts no days.
            break
        if word in ("time", "times") and match.start() != begun:
            # "10 the time before" counts no times.
            break
        if word in nouns or singular(word) in nouns:
            compound = _AFTER_WORD.match(text, match.end()) if word == singular(word) else None
            if compound and (whole := compound[1].casefold()) != singular(whole) and singular(whole) in nouns:
                # Twenty team members, twelve user licences: the last noun is what is counted.
                return noun_of(whole), compound.end()
            return noun_of(word), match.end()
        if word not in _BETWEEN:
            break
        end = match.end()
    return "", 0


def _is_idle_one(numeral: Numeral, text: str, nouns: frozenset[str]) -> bool:
    """Say whether a "one" counts nothing: one of the, this one, one another."""
    word = text[numeral.start : numeral.end].casefold()
    if word != "one" or not numeral.is_word:
        return False
    follows = text[numeral.end : numeral.end + 1]
    noun, _ = _noun_after(text, numeral.end, nouns - _ONE_OF_THEM)
    return (
        follows == "-"
        or text[numeral.start - 1 : numeral.start] == "-"
        or not noun
        or _is_of(text, numeral.end)
    )


def _is_of(text: str, end: int) -> bool:
    return text[end : end + 4].casefold() == " of "


def _without_scales(found: list[Quantity]) -> list[Quantity]:
    """Drop the 10 of "7 out of 10": it is a scale, and the first number says so."""
    kept: list[Quantity] = []
    for quantity in found:
        if kept and kept[-1].out_of and quantity.start < kept[-1].end:
            continue
        kept.append(quantity)
    return kept


def _share_units(found: list[Quantity], text: str) -> list[Quantity]:
    """Give the first number of "10 to 12 percent" or "10–12 days" the unit of the second."""
    for at in range(len(found) - 2, -1, -1):
        first, second = found[at], found[at + 1]
        joined = _RANGE_JOIN.fullmatch(text[first.end : second.start] or "?")
        if joined and not first.unit and not first.out_of and second.unit not in ("", SHARE, FOLD):
            found[at] = replace(first, unit=second.unit, currency=second.currency)
        elif joined and first.unit == MONEY and not second.unit:
            found[at + 1] = replace(second, unit=MONEY, currency=first.currency)
        elif (
            joined
            and first.unit
            and not second.unit
            and first.unit != SHARE
            and not _is_part(first, joined[0])
            and not _begins_anew(first, joined[0], text)
        ):
            found[at + 1] = replace(second, unit=first.unit)
    return found


def _is_part(first: Quantity, joint: str) -> bool:
    """Say whether a percentage is taken of what follows: 66 % of 120."""
    return first.unit in (PERCENT, PERCENT_POINTS) and "of" in joint.split()


def _begins_anew(first: Quantity, joint: str, text: str) -> bool:
    """Say whether a percentage's unit ends with it: 83 % - 115 still to fill, dropped 50 % to 90."""
    if first.unit not in (PERCENT, PERCENT_POINTS):
        return False
    lead = text[max(0, first.start - _LEAD) : first.start]
    return bool(joint.strip(" -") == "" and joint[:1] == " ") or bool(
        joint.split() == ["to"] and _MOVED_BEFORE.search(lead)
    )


def _none_of(text: str, nouns: frozenset[str], found: list[Quantity]) -> list[Quantity]:
    """Read "no open tickets" as the claim that there are zero of them."""
    zeros: list[Quantity] = []
    for match in _NONE_OF.finditer(text):
        noun = match["noun"].casefold()
        taken = any(match.start() < old.end and old.start < match.end() for old in found)
        counted = noun_of(noun) in ("ticket", "escalation", "seat")
        if not taken and noun != "users" and noun.endswith("s") and singular(noun) in nouns and counted:
            numeral = numerals.zero(match.start("no"), match.end("no"))
            zeros.append(Quantity(start=match.start(), end=match.end(), numeral=numeral, unit=noun_of(noun)))
    return zeros
