"""What a review agreed to do: read from its next steps as they were published. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from qbr.document import Audience, Content, SectionKey, TextKind
from qbr.facts import MONTHS

_STEP = re.compile(
    r"^(?P<what>.+?)(?: Owner: (?P<owner>[^:]+?)\.)?(?: By: (?P<day>\d{1,2}) (?P<month>[A-Z][a-z]+) (?P<year>\d{4})\.)?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """One commitment. ``owner_name`` is empty and ``due_on`` None where nobody and no day was agreed."""

    text: str
    owner_name: str
    due_on: date | None


def agreed(content: Content) -> list[Agreed]:
    """Return the next steps that the customer may read, in order."""
    return [
        _read(block.words)
        for block in content.section(SectionKey.NEXT_STEPS).text
        if block.kind is TextKind.BULLET and block.audience is not Audience.INTERNAL
    ]


def _read(words: str) -> Agreed:
    found = _STEP.match(words)
    if found is None:
        return Agreed(text=words, owner_name="", due_on=None)
    return Agreed(text=found["what"].strip(), owner_name=(found["owner"] or "").strip(), due_on=_day(found))


def _day(found: re.Match[str]) -> date | None:
    if not found["day"] or found["month"] not in MONTHS:
        return None
    try:
        return date(int(found["year"]), MONTHS.index(found["month"]) + 1, int(found["day"]))
    except ValueError:
        return None
