"""Dates as people write them: 14 May 2026 · 2026-05-14 · May 14th · 14.05.2026 · Q3 2026 · May 2026 · in 2026."""

import re
from dataclasses import dataclass
from datetime import date

from qbr.facts import MONTHS

_MONTH_NUMBERS = {name.casefold(): number for number, name in enumerate(MONTHS, start=1)}
_MONTH_NUMBERS |= {name.casefold()[:3]: number for number, name in enumerate(MONTHS, start=1)} | {"sept": 9}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINAL_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "final": 4}

_ORDINAL_DAYS = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
            "twenty-first",
            "twenty-second",
            "twenty-third",
            "twenty-fourth",
            "twenty-fifth",
            "twenty-sixth",
            "twenty-seventh",
            "twenty-eighth",
            "twenty-ninth",
            "thirtieth",
            "thirty-first",
        ],
        start=1,
    )
}

_spoken = "|".join(word.replace("-", r"[\s-]") for word in sorted(_ORDINAL_DAYS, key=len, reverse=True))
# Short names alone take a full stop: in "on 4 August. 6 tickets" it ends the sentence.
_m = "|".join(
    sorted((name if len(name) > 4 else rf"{name}\.?" for name in _MONTH_NUMBERS), key=len, reverse=True)
)
_wd = "|".join(WEEKDAYS)
_yr = r"(?:19|20)\d\d"
_day = r"(?:0?[1-9]|[12]\d|3[01])"
_ends = r"(?![\w]|[.,]\d)"
_starts_year = r"(?<![\w.,])"
_starts = r"(?<![\w.,/-])"

_PATTERNS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_starts}(?P<year>{_yr})-(?P<month>\d\d)-(?P<day>\d\d)(?:T[\d:.]+Z?)?{_ends}",
        rf"{_starts}(?P<year>{_yr})/(?P<month>\d\d?)/(?P<day>\d\d?){_ends}",
        rf"{_starts}(?P<a>\d\d?)(?P<mark>[./-])(?P<b>\d\d?)(?P=mark)(?P<year>{_yr}|\d\d){_ends}",
        rf"{_starts}(?:(?P<weekday>{_wd}),?\s+)?(?:the\s+)?(?P<day>{_day})(?:st|nd|rd|th)?(?:\s+of)?[\s-](?P<name>{_m})(?:,?[\s-](?P<year>{_yr})|\s+'(?P<short>\d\d))?{_ends}",
        rf"{_starts}(?:(?P<weekday>{_wd}),?\s+)?(?P<name>{_m})\s+(?:the\s+)?(?P<day>{_day})(?:st|nd|rd|th)?(?:,?\s+(?P<year>{_yr}))?{_ends}",
        rf"{_starts}(?:(?P<weekday>{_wd}),?\s+)?(?:the\s+)?(?P<spoken>{_spoken})(?:\s+day)?\s+of\s+(?P<name>{_m})(?:,?\s+(?P<year>{_yr}))?{_ends}",
        rf"{_starts}(?:(?P<weekday>{_wd}),?\s+)?(?P<name>{_m})\s+(?:the\s+)?(?P<spoken>{_spoken})(?:,?\s+(?P<year>{_yr}))?{_ends}",
        rf"{_starts}Q(?P<quarter>[1-4])(?:[\s/-]?(?P<year>{_yr})|\s?'(?P<short>\d\d)|\s?FY(?P<fy>{_yr}|\d\d))?{_ends}",
        rf"{_starts}(?P<year>{_yr})[\s/-]?Q(?P<quarter>[1-4]){_ends}",
        rf"\b(?P<nth>first|second|third|fourth|last|final)\s+quarter\s+of\s+(?P<year>{_yr}){_ends}",
        r"\b(?P<nth>second|third|fourth)\s+quarter\b",
        rf"{_starts}(?P<name>{_m})(?:\s+of)?\s+(?P<year>{_yr}){_ends}",
        rf"{_starts}(?P<half>H[12])\s?(?P<year>{_yr}){_ends}",
        rf"{_starts}FY\s?'?(?P<fy>{_yr}|\d\d){_ends}",
        rf"(?:(?<=\bin )|(?<=\bof )|(?<=\bsince )|(?<=\buntil )|(?<=\bby )|(?<=\bfor )|(?<=\bfrom )|(?<=\bduring )|(?<=\bbefore )|(?<=\bafter )|(?<=\bto )|(?<=\bthrough )|(?<=\band )|(?<=\bthe )|(?<=\bearly )|(?<=\blate )|(?<=\bmid-)|(?<=\bend )|(?<=\byear )|(?<=[(/–-])|^){_starts_year}(?P<year>{_yr}){_ends}(?!\s*%|\s+(?:are|were|have|people)\b|\s+(?!(?:was|is|has|as|this|versus)\b)[a-z]+s\b)",
        rf"\bon the (?P<day>{_day})(?:st|nd|rd|th){_ends}",
        rf"\b(?:on|by|last|next|this|until|till|since|before|from)\s+(?P<alone>{_wd})\b(?!\s+(?:mornings|afternoons|calls|meetings|of|and|evenings))",
    )
)
# Alone, "may" and "march" are words; only a preposition or a capital inside a sentence makes them months.
_MONTH_ALONE = re.compile(
    r"(?:\b(?:[Ii]n|[Bb]y|[Ss]ince|[Uu]ntil|[Tt]ill|[Dd]uring|[Bb]efore|[Aa]fter|[Ff]rom|[Ll]ast|[Nn]ext)\s|(?<=[a-z,;]\s)|(?<=[a-z]:\s)(?!May\b|March\b)"
    rf"|\b[Mm]id-)(?P<lead>)(?P<name>{'|'.join(MONTHS)})\b"
)


# A plan for a newcomer's first 30, 60 and 90 days.
_NO_DATE = re.compile(r"\b30([-/])60\1(?:90|100)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A date in a text, as exact as it is written: parts that are not written are None.

    ``readings`` are the days that a full date can mean (``05/06/2026`` has two); none where there is no such
    day. ``is_impossible`` marks a day that no calendar has, or a weekday that does not fall on that day.
    """

    start: int
    end: int
    readings: tuple[date, ...] = ()
    year: int | None = None
    month: int | None = None
    day: int | None = None
    quarter: int | None = None
    half: int | None = None
    is_impossible: bool = False

    def agrees_with(self, known: date) -> bool:
        """Say whether a known day is the one written, or lies in the month, quarter or year written."""
        if self.is_impossible:
            return False
        if self.readings:
            return known in self.readings
        parts = (
            (self.year, known.year),
            (self.month, known.month),
            (self.day, known.day),
            (self.quarter, (known.month + 2) // 3),
            (self.half, 1 if known.month <= 6 else 2),
        )
        written = [(said, real) for said, real in parts if said is not None]
        return bool(written) and all(said == real for said, real in written)


def find(text: str) -> list[When]:
    """Return the dates of a levelled text in order, the fullest reading of each place."""
    found: list[When] = []
    text = _NO_DATE.sub(lambda match: "x" * len(match[0]), text)
    for pattern in (*_PATTERNS, _MONTH_ALONE):
        for match in pattern.finditer(text):
            when = _when(match)
            if not any(when.start < old.end and old.start < when.end for old in found):
                found.append(when)
    return sorted(found, key=lambda when: when.start)


def _when(match: re.Match[str]) -> When:
    parts: dict[str, str] = {name: part or "" for name, part in match.groupdict().items()}
    start, end = match.span()
    if match[0].endswith("."):
        # The full stop may end the sentence as well as the abbreviation: it stays in sight.
        end -= 1
    if "lead" in parts:
        # Only the pattern for a month that stands alone has this group.
        return When(start=match.start("name"), end=end, month=_month(parts["name"]))
    if parts.get("alone"):
        return When(start=start, end=end, is_impossible=True)
    year = _year(parts)
    if parts.get("a"):
        a, b = int(parts["a"]), int(parts["b"])
        readings = tuple(
            {day for month, number in ((a, b), (b, a)) if (day := _real(year, month, number)) is not None}
        )
        return When(start=start, end=end, readings=readings, is_impossible=not readings)
    month = _month(parts["name"]) if parts.get("name") else None
    if parts.get("month"):
        month = int(parts["month"])
    if parts.get("spoken"):
        spoken = _ORDINAL_DAYS[re.sub(r"\s", "-", parts["spoken"].casefold())]
        return _full(start, end, year, month, spoken, parts.get("weekday", ""))
    if parts.get("day"):
        return _full(start, end, year, month, int(parts["day"]), parts.get("weekday", ""))
    quarter = int(parts["quarter"]) if parts.get("quarter") else None
    if parts.get("nth"):
        quarter = _ORDINAL_QUARTERS[parts["nth"].casefold()]
    half = int(parts["half"][1]) if parts.get("half") else None
    return When(start=start, end=end, year=year, month=month, quarter=quarter, half=half)


def _full(start: int, end: int, year: int | None, month: int | None, day: int, weekday: str) -> When:
    if year is None:
        possible = month is None or _real(2024, month, day) is not None
        return When(start=start, end=end, month=month, day=day, is_impossible=not possible)
    real = _real(year, month, day)
    wrong_weekday = real is not None and weekday != "" and WEEKDAYS[real.weekday()] != weekday.casefold()
    if real is None or wrong_weekday:
        return When(start=start, end=end, is_impossible=True)
    return When(start=start, end=end, readings=(real,))


def _year(parts: dict[str, str]) -> int | None:
    for name in ("year", "short", "fy"):
        digits = parts.get(name)
        if digits:
            return int(digits) if len(digits) == 4 else 2000 + int(digits)
    return None


def _month(name: str | None) -> int | None:
    return _MONTH_NUMBERS[name.casefold().rstrip(".")] if name else None


def _real(year: int | None, month: int | None, day: int) -> date | None:
    try:
        return date(year or 0, month or 0, day)
    except ValueError:
        return None
