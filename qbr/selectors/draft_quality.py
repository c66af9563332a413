"""How much of what is drafted survives until it is approved: what says whether a prompt is any good."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Avg, Count, F, FloatField, Sum
from django.db.models.functions import Cast

from qbr.document import HEADINGS, SectionKey
from qbr.models import DraftFate

_MOST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One section as one author drafts it: how many were approved, and the share of words that people changed.

    ``changed`` weighs each draft by its words; ``each`` is the plain mean of the drafts.
    """

    section: str
    author: str
    drafts: int
    changed: float
    each: float


def by_section() -> tuple[Fate, ...]:
    """Return the fates of all drafts that were approved, in the order of the document. One query."""
    rows = (
        DraftFate.objects.values("section", "author_name")
        .annotate(
            drafts=Count("pk"),
            each=Avg("changed"),
            lost=Sum(F("changed") * Cast("words", FloatField())),
            of=Sum("words"),
        )
        .order_by("author_name", "section")[:_MOST]
    )
    order = [key.value for key in SectionKey]
    found = [
        Fate(
            section=HEADINGS[SectionKey(row["section"])],
            author="Templates" if row["author_name"] == "templates" else row["author_name"],
            drafts=row["drafts"],
            changed=row["lost"] / row["of"] if row["of"] else row["each"],
            each=row["each"],
        )
        for row in sorted(rows, key=lambda row: (row["author_name"], order.index(row["section"])))
    ]
    return tuple(found)
