"""Freezes the facts of a review: an edition of its own for each draft and each refresh on purpose (SPEC 6.3)."""

from django.db.models import Max

from qbr.facts import FactSheet
from qbr.models import QBR, QBRFact


def freeze(qbr: QBR, facts: FactSheet) -> int:
    """Write the facts down as the review's next edition and return its number. Two queries."""
    last = QBRFact.objects.filter(qbr=qbr).aggregate(last=Max("edition"))["last"]
    edition: int = (last or 0) + 1
    QBRFact.objects.bulk_create(
        [
            QBRFact(qbr=qbr, edition=edition, position=position, fact_id=fact.id, data=fact.to_json())
            for position, fact in enumerate(facts.values())
        ]
    )
    return edition
