"""A manager moves the day by which a review is due."""

from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from csm_portal.core import audit
from csm_portal.core.models import Membership, Role, User
from qbr.models import QBR


@transaction.atomic
def move(qbr: QBR, *, to: date, actor: User, now: datetime) -> QBR:
    """Let a review be due on another local day; reminders follow the new one. Raises PermissionDenied.

    The text and its approval stay as they are, so the review's version does too.
    """
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or Role.MANAGER not in membership.roles:
        raise PermissionDenied
    row: QBR = QBR.objects.select_for_update().select_related("account").get(pk=qbr.pk)
    before = row.due_on
    if before != to:
        QBR.objects.filter(pk=row.pk).update(due_on=to)
        audit.record(
            "qbr.due_moved",
            row,
            actor=actor,
            at=now,
            data={"from": before and before.isoformat(), "to": to.isoformat()},
        )
        row.due_on = to
    return row
