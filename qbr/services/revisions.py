"""Writes revisions: one for every change of a review's content, and never changed again."""

from datetime import datetime
from decimal import Decimal

from csm_portal.core.models import User
from csm_portal.ports.writer import Writing
from qbr.document import Content
from qbr.models import QBR, QBRRevision, RevisionKind

_COST_PLACES = Decimal("0.000001")


def add(
    qbr: QBR,
    content: Content,
    *,
    kind: RevisionKind,
    number: int,
    fact_edition: int,
    now: datetime,
    author: User | None = None,
    author_name: str = "",
    note: str = "",
    writing: Writing | None = None,
) -> QBRRevision:
    """Write the next revision. Whoever calls it has claimed the review's version, so the number is free."""
    cost = None if writing is None or writing.cost_usd is None else Decimal(str(writing.cost_usd))
    return QBRRevision.objects.create(
        qbr=qbr,
        number=number,
        kind=kind,
        content=content.to_json(),
        content_hash=content.canonical_hash(),
        fact_edition=fact_edition,
        author=author,
        author_name=(str(author) if author is not None else author_name)[:200],
        created_at=now,
        note=note[:500],
        prompt_tokens=writing.prompt_tokens if writing is not None else None,
        completion_tokens=writing.completion_tokens if writing is not None else None,
        cost_usd=None if cost is None else cost.quantize(_COST_PLACES),
    )
