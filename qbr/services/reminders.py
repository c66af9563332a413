"""Reminds of reviews that are due: a draft to each CSM and a message to the space, each once (SPEC 6, CHECK 25).

Who is reminded of what is told by ``qbr.deadlines``; a CSM who comes to an account that nobody looked after is told then. The row that says so is written in the transaction that puts the
message on its way, and is unique, so two clusters remind once.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from csm_portal.core import deliveries, outbox
from csm_portal.core.models import ChannelName, Tenant, User
from qbr import deadlines, reminder_messages
from qbr.deadlines import Call
from qbr.models import QBR, ReviewReminder
from qbr.workflow import State

TOPIC: Final = "qbrs.due"
# Nobody wants to find in the morning what was sent at midnight.
FROM: Final = time(8, 0)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One review that somebody is reminded of, and why. ``is_old`` is news to its CSM alone, who came to it later."""

    qbr: QBR
    call: Call
    is_old: bool = False


def remind(tenant: Tenant, *, now: datetime) -> int:
    """Send what is to be reminded of on this local day and was not yet; return how many reviews that were.

    One query where there is nothing. Call it in the tenant's scope, as often as wanted.
    """
    here = now.astimezone(tenant.zone)
    if here.time() < FROM:
        return 0
    if not _open(here.date(), now).exists():
        return 0
    try:
        with transaction.atomic():
            due = _claim(_due(here.date(), now, tenant), now=now)
            if due:
                _announce(tenant, due, today=here.date(), now=now)
    except IntegrityError:
        # Another cluster was faster: what it reminded of is not said twice, the rest comes with the next look.
        return 0
    return len(due)


def _open(today: date, now: datetime) -> QuerySet[QBR]:
    """Return the reviews that may be reminded of: near or past their date, or submitted for days, and not yet told."""

    has_csm = Q(qbr__account__owner__is_active=True)

    def told(call: Call) -> Exists:
        rows = ReviewReminder.objects.filter(qbr=OuterRef("pk"), call=call, due_on=OuterRef("due_on"))
        return Exists(rows.exclude(Q(is_owed=True) & has_csm))

    is_open = Q(state__in=[State.DRAFT, State.IN_REVIEW, State.APPROVED])
    late = Q(due_on__lt=today) & ~told(Call.LATE)
    soon = Q(due_on__gte=today, due_on__lte=today + deadlines.SOON) & ~told(Call.SOON)
    waits = Q(
        state=State.IN_REVIEW, submitted_at__lte=now - deadlines.WAITS_TOO_LONG + timedelta(days=1)
    ) & ~told(Call.WAITING)
    found: QuerySet[QBR] = QBR.objects.filter(
        is_open & (late | soon | waits), due_on__isnull=False, account__removed_at=None
    )
    return found


def _due(today: date, now: datetime, tenant: Tenant) -> list[Due]:
    rows = _open(today, now).select_related("account__owner", "submitted_by").order_by("due_on", "pk")
    return [
        Due(qbr=qbr, call=call)
        for qbr in rows[:_AT_ONCE]
        for call in deadlines.calls_for(
            State(qbr.state),
            due=qbr.due_on,
            submitted_on=qbr.submitted_at and qbr.submitted_at.astimezone(tenant.zone).date(),
            today=today,
        )
    ]


def _claim(due: Sequence[Due], *, now: datetime) -> list[Due]:
    """Write down what is reminded of; leave out what somebody else has written down already."""
    told = {
        (row.qbr_id, row.call, row.due_on): row
        for row in ReviewReminder.objects.filter(qbr__in=[one.qbr for one in due])
    }
    claimed = []
    for one in due:
        if one.qbr.due_on is None:
            continue
        row = told.get((one.qbr.pk, one.call, one.qbr.due_on))
        if row is None:
            # A row of the same key fails the transaction of whoever comes second: nothing of theirs goes out.
            ReviewReminder.objects.create(
                qbr=one.qbr,
                call=one.call,
                due_on=one.qbr.due_on,
                at=now,
                is_owed=_csm_of(one) is None and one.call is not Call.WAITING,
            )
            claimed.append(one)
        elif _csm_of(one) is not None and _is_paid(row):
            claimed.append(replace(one, is_old=True))
    return claimed


def _is_paid(row: ReviewReminder) -> bool:
    """Claim what a CSM is still to be told; False where that is nothing, or somebody else was faster."""
    return row.is_owed and bool(ReviewReminder.objects.filter(pk=row.pk, is_owed=True).update(is_owed=False))


def _announce(tenant: Tenant, due: Sequence[Due], *, today: date, now: datetime) -> None:
    if new := [one for one in due if not one.is_old]:
        key = uuid.uuid4()
        payload = {"reviews": [{"qbr_id": str(one.qbr.pk), "call": one.call.value} for one in new]}
        event = outbox.announce(TOPIC, tenant, payload=payload, now=now)
        message = reminder_messages.chat(new, today=today, key=key)
        deliveries.ask(event, ChannelName.CHAT, tenant=tenant, message=message.to_json(), now=now, key=key)
    for owner, theirs in _by_owner(due):
        key = uuid.uuid4()
        event = outbox.announce(TOPIC, tenant, payload={"csm": str(owner.pk)}, now=now)
        draft = reminder_messages.draft(theirs, to=owner, today=today, key=key)
        deliveries.ask(
            event,
            ChannelName.MAIL,
            tenant=tenant,
            message=draft.to_json(),
            person=owner,
            now=now,
            key=key,
        )


def _by_owner(due: Iterable[Due]) -> list[tuple[User, list[Due]]]:
    """Group what CSMs are told of; that a review waits for a manager's decision is no news to them."""
    found: dict[User, list[Due]] = {}
    for one in due:
        owner = _csm_of(one)
        if owner is not None and one.call is not Call.WAITING:
            found.setdefault(owner, []).append(one)
    return list(found.items())


def _csm_of(one: Due) -> User | None:
    """Return who looks after the account and can be told."""
    owner = one.qbr.account.owner
    return owner if owner is not None and owner.is_active else None
