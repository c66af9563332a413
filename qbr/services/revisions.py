"""Writes revisions: one for every change of a review's content, and never changed again."""

from collections.abc import Mapping
from datetime import datetime

from csm_portal.core.asking import Answered
from csm_portal.core.models import User
from qbr.document import Content
from qbr.models import QBR, QBRRevision, RevisionKind
from qbr.schemas import QBRAnswer


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
    asked: Answered[QBRAnswer] | None = None,
    stand_ins: Mapping[str, str] | None = None,
) -> QBRRevision:
    """Write the next revision. Whoever calls it has claimed the review's version, so the number is free.

    ``asked`` is what was asked of a model for it: a draft by the templates has a cost too, where the model was
    asked first. ``stand_ins`` say of sections why the templates wrote them in a model's place.
    """
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
        stand_ins=dict(stand_ins or {}),
        prompt_tokens=None if asked is None else asked.prompt_tokens,
        completion_tokens=None if asked is None else asked.completion_tokens,
        cost_usd=None if asked is None else asked.cost_usd,
    )
