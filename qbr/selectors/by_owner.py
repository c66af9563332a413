"""How far the reviews of each CSM's accounts are: what is on its way, and what is late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from csm_portal.core.models import Membership
from qbr.models import QBR
from qbr.workflow import State

LATE_AFTER: Final = timedelta(days=30)
"""A review without a due date of its own is late where its quarter ended so long ago and it is not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """One owner's reviews that are not published yet, and those of them that are late."""

    under_way: int = 0
    late: int = 0


def reviews(membership: Membership, *, today: date) -> Mapping[UUID | None, Reviews]:
    """Return the reviews by the owner of their accounts. One query."""
    is_late = Q(due_on__lt=today) | Q(due_on=None, quarter_end__lte=today - LATE_AFTER)
    rows = (
        QBR.objects.visible_to(membership)
        .exclude(state=State.PUBLISHED)
        .order_by()
        .values_list("account__owner_id")
        .annotate(
            under_way=Count("pk"),
            late=Count("pk", filter=is_late),
        )
    )
    return {owner_id: Reviews(under_way=under_way, late=late) for owner_id, under_way, late in rows}
