"""Keeps what a published review agreed on, for the next one to score (SPEC 6.1)."""

from qbr import commitments
from qbr.document import Content
from qbr.models import QBR, Commitment


def record(qbr: QBR, content: Content) -> None:
    """Write down the commitments of a published review; one that was published before keeps its outcome."""
    before = {row.text: row for row in Commitment.objects.filter(qbr=qbr)}
    Commitment.objects.filter(qbr=qbr).delete()
    rows = []
    for position, one in enumerate(commitments.agreed(content), start=1):
        old = before.get(one.text)
        rows.append(
            Commitment(
                qbr=qbr,
                position=position,
                text=one.text,
                owner_name=one.owner_name[:300],
                due_on=one.due_on,
                outcome="" if old is None else old.outcome,
                settled_by=None if old is None else old.settled_by,
                settled_at=None if old is None else old.settled_at,
            )
        )
    Commitment.objects.bulk_create(rows)
