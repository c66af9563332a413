"""What a review says now: its latest revision, the facts it was drafted from, and what the number check found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from qbr import vouching
from qbr.document import Content, SectionKey
from qbr.facts import FactSheet
from qbr.grounding import check
from qbr.grounding.check import Finding
from qbr.models import QBR, QBRFact, QBRRevision, Vouch


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """One revision with everything that it is read with."""

    revision: QBRRevision
    content: Content
    facts: FactSheet
    vouches: tuple[Vouch, ...]
    findings: tuple[Finding, ...]

    @property
    def open_findings(self) -> int:
        return sum(finding.is_open for finding in self.findings)


def latest(qbr: QBR) -> Current | None:
    """Return what the review says now, or None while it is drafted for the first time. Three queries.

    The revision comes with the review as it is at that moment, which may be ahead of ``qbr``.
    """
    revision = QBRRevision.objects.filter(qbr=qbr).select_related("author", "qbr").order_by("-number").first()
    return None if revision is None else of_revision(revision)


def of_revision(revision: QBRRevision) -> Current:
    """Return what one revision says, held against its own edition of the facts. Two queries."""
    facts = sheet(revision.qbr_id, edition=revision.fact_edition)
    vouches = tuple(
        Vouch.objects.filter(qbr_id=revision.qbr_id).select_related("person").order_by("created_at", "pk")
    )
    content = Content.from_json(revision.content)
    return Current(
        revision=revision,
        content=content,
        facts=facts,
        vouches=vouches,
        findings=vouching.answered(content, check.check(content, facts), given(vouches)),
    )


def sheet(qbr_id: UUID, *, edition: int) -> FactSheet:
    """Return the facts of one edition, in their order. One query."""
    rows = QBRFact.objects.filter(qbr_id=qbr_id, edition=edition).order_by("position")
    return FactSheet.from_json(rows.values_list("data", flat=True))


def covered_until(qbr: QBR, text: Current | None) -> date:
    """Return the last day that a review speaks of: of a quarter that ran when its figures were taken, that day."""
    last_day = qbr.quarter_end - timedelta(days=1)
    as_of = None if text is None else text.facts.known("quarter.as_of")
    known = None if as_of is None else as_of.value
    return min(known, last_day) if isinstance(known, date) else last_day


def given(vouches: Iterable[Vouch]) -> dict[str, check.Vouch]:
    """Return people's words by what they are given for."""
    return {
        row.claim: check.Vouch(
            section=SectionKey(row.section), text=row.text, person=str(row.person), reason=row.reason
        )
        for row in vouches
    }
