"""Takes what is in the outbox to its channels: each delivery on its own, never lost, twice only where it says so.

A delivery has a job of its own. Written down before each call: that it is being sent; after it: what came of it. A worker
that dies in between leaves it SENDING; whoever finds it so looks for it at the channel before it is sent again. Where a
channel cannot be asked, the same key is sent again: it either drops the second, or the delivery says that it may have
arrived twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from csm_portal.core import audit, jobs
from csm_portal.core.models import (
    ChannelName,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    OutboxEvent,
    Tenant,
    User,
)
from csm_portal.core.models.outbox import ATTEMPTS
from csm_portal.ports.errors import PortError

log = structlog.get_logger(__name__)

TASK: Final = "accounts.delivery_tasks.deliver"
# No call outside takes longer: one that is SENDING for so long is nobody's.
NOBODYS_AFTER: Final = timedelta(seconds=45)
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
# What a channel took a moment ago may not be found in it yet.
SETTLES_IN: Final = timedelta(seconds=60)

Clock = Callable[[], datetime]


class Channel(Protocol):
    """One way out, as deliveries see it. Raises PortError and nothing else.

    ``is_outside`` says that what is sent leaves the portal, ``can_look`` that ``find`` knows what has arrived, ``is_exact``
    that the same message again is promised to leave one.
    """

    is_outside: bool
    can_look: bool
    is_exact: bool

    def find(self, message: Mapping[str, Any]) -> str | None:
        """Return what the channel calls a message that arrived, or None."""

    def send(self, message: Mapping[str, Any]) -> str:
        """Send a message, once; return what the channel calls it."""


Open = Callable[[Delivery], Channel]


class NotFailed(Exception):
    """Only a delivery that failed is tried again; the message is for a person."""


def ask(
    event: OutboxEvent,
    channel: ChannelName,
    *,
    tenant: Tenant,
    message: Mapping[str, Any],
    now: datetime,
    about_id: str = "",
    person: User | None = None,
    key: UUID | None = None,
    nobody: str = "",
) -> Delivery:
    """Put a message on its way. Call it in the transaction that wrote the event.

    ``key`` is the delivery's id where the message holds it already. ``nobody`` says, for a person, why there is nobody
    to send it to and what to do: the delivery is kept with that sentence and never tried.
    """
    delivery = Delivery(
        event=event,
        channel=channel,
        message=dict(message),
        about_id=about_id,
        person=person,
        created_at=now,
        not_before=now,
        state=DeliveryState.SKIPPED if nobody else DeliveryState.PENDING,
        last_error=nobody,
    )
    if key is not None:
        delivery.pk = key
    delivery.save(force_insert=True)
    if not nobody:
        _enqueue(delivery, tenant=tenant, now=now)
    return delivery


def attempt(delivery_id: UUID, *, open_channel: Open, clock: Clock) -> Delivery:
    """Try a delivery once, if it is due; return it as it is then.

    Raises jobs.Later where it is to be tried again, and PortError where it has failed for good.
    """
    delivery = _claim(delivery_id, clock())
    if delivery.state != DeliveryState.SENDING:
        return delivery
    is_twice = False
    try:
        channel = open_channel(delivery)
        receipt = None
        if delivery.is_doubtful:
            receipt = channel.find(delivery.message)
            is_twice = receipt is None and not channel.can_look and not channel.is_exact
        if receipt is None:
            receipt = channel.send(delivery.message)
    except PortError as error:
        _went_wrong(delivery, error, at=clock())
    except Exception:
        _finish(
            delivery,
            state=DeliveryState.FAILED,
            is_doubtful=True,
            last_error="The portal stopped on an error of its own. The log has the rest; try it again.",
        )
        raise
    else:
        _arrived(delivery, receipt, is_twice=is_twice, is_outside=channel.is_outside, at=clock())
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def retry(delivery: Delivery, *, actor: User, now: datetime) -> Delivery:
    """Try a delivery again that has failed. Raises NotFailed."""
    claimed = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED).update(
        state=DeliveryState.PENDING, not_before=now, attempts_allowed=F("attempts") + ATTEMPTS
    )
    if claimed != 1:
        raise NotFailed("Somebody has already tried it again, or it has arrived meanwhile.")
    audit.record("delivery.retried", delivery, actor=actor, at=now, data={"channel": delivery.channel})
    delivery.refresh_from_db()
    _enqueue(delivery, tenant=delivery.tenant, now=now)
    return delivery


def look_after(tenant: Tenant, *, now: datetime) -> int:
    """Give deliveries whose job is gone another, or say that they took their worker down; return how many. One query."""
    under_way = Q(job__state__in=[JobState.QUEUED, JobState.RUNNING])
    stranded = Delivery.objects.filter(
        state__in=[DeliveryState.PENDING, DeliveryState.SENDING], created_at__lt=now - NOBODYS_AFTER
    ).exclude(under_way)
    count = 0
    for delivery in stranded.select_related("job")[:100]:
        if delivery.job is not None and delivery.job.state == JobState.QUARANTINED:
            _quarantine(delivery)
        else:
            _enqueue(delivery, tenant=tenant, now=now)
        count += 1
    return count


def _enqueue(delivery: Delivery, *, tenant: Tenant, now: datetime) -> None:
    job: Job = jobs.enqueue(
        TASK,
        tenant=tenant,
        title=f"Deliver: {ChannelName(delivery.channel).label}",
        now=now,
        params={"delivery": str(delivery.pk)},
        key=f"deliver:{delivery.pk}",
    )
    Delivery.objects.filter(pk=delivery.pk).update(job=job)


def _claim(delivery_id: UUID, now: datetime) -> Delivery:
    """Write down that a delivery is being sent, if it is due; return it. Raises jobs.Later where it is not."""
    delivery = Delivery.objects.select_related("event", "person").get(pk=delivery_id)
    state = DeliveryState(delivery.state)
    if state in (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.SKIPPED):
        return delivery
    is_left_over = state is DeliveryState.SENDING and delivery.sending_since is not None
    due = (
        delivery.sending_since + NOBODYS_AFTER
        if is_left_over and delivery.sending_since
        else delivery.not_before
    )
    if now < due:
        raise jobs.Later("It is not yet time to try again.", at=due)
    claimed = Delivery.objects.filter(
        pk=delivery.pk, state=state, attempts=delivery.attempts, sending_since=delivery.sending_since
    ).update(
        state=DeliveryState.SENDING,
        attempts=F("attempts") + 1,
        sending_since=now,
        is_doubtful=delivery.is_doubtful or is_left_over,
    )
    if claimed != 1:
        raise jobs.Later("Another worker is at it.", at=now + NOBODYS_AFTER)
    delivery.state, delivery.sending_since = DeliveryState.SENDING, now
    delivery.attempts += 1
    delivery.is_doubtful = delivery.is_doubtful or is_left_over
    return delivery


def _went_wrong(delivery: Delivery, error: PortError, *, at: datetime) -> None:
    """Write down what went wrong, and when it is tried again. Raises jobs.Later or the error."""
    is_doubtful = delivery.is_doubtful or error.maybe_written
    log.warning(
        "delivery_failed", delivery_id=str(delivery.pk), channel=delivery.channel, trouble=error.trouble
    )
    if error.permanent or delivery.attempts >= delivery.attempts_allowed:
        _finish(delivery, state=DeliveryState.FAILED, is_doubtful=is_doubtful, last_error=str(error))
        raise error
    again = at + _pause(delivery, error, is_doubtful=is_doubtful)
    _finish(
        delivery,
        state=DeliveryState.PENDING,
        is_doubtful=is_doubtful,
        last_error=str(error),
        not_before=again,
    )
    raise jobs.Later(str(error), at=again)


def _pause(delivery: Delivery, error: PortError, *, is_doubtful: bool) -> timedelta:
    """Return how long to wait: as long as was asked for, else longer each time."""
    tried = delivery.attempts - (delivery.attempts_allowed - ATTEMPTS)
    pause = PAUSES[min(max(tried, 1), len(PAUSES)) - 1]
    if error.retry_after is not None:
        pause = timedelta(seconds=error.retry_after)
    return max(pause, SETTLES_IN) if is_doubtful else pause


@transaction.atomic
def _arrived(delivery: Delivery, receipt: str, *, is_twice: bool, is_outside: bool, at: datetime) -> None:
    is_ours = _finish(
        delivery,
        state=DeliveryState.DELIVERED,
        is_doubtful=False,
        may_be_twice=delivery.may_be_twice or is_twice,
        delivered_at=at,
        receipt=receipt[:300],
        last_error="",
    )
    if is_ours and is_outside:
        data = {"channel": delivery.channel, "attempts": delivery.attempts}
        audit.record("delivery.arrived", delivery, actor=None, at=at, data=data)


def _quarantine(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk, state=delivery.state, attempts=delivery.attempts).update(
        state=DeliveryState.FAILED,
        is_doubtful=delivery.is_doubtful or delivery.state == DeliveryState.SENDING,
        last_error=f"It took its worker down {jobs.MAX_ATTEMPTS} times and is not tried again by itself.",
    )


def _finish(delivery: Delivery, **outcome: Any) -> bool:
    """Write an outcome, unless the delivery is in other hands by now; tell whether it was written."""
    return bool(
        Delivery.objects.filter(
            pk=delivery.pk, state=DeliveryState.SENDING, attempts=delivery.attempts
        ).update(**outcome)
    )
