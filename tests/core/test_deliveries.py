"""Deliveries: each on its own, never lost, twice only where it says so (SPEC 4.2)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from csm_portal.core import deliveries, jobs, outbox
from csm_portal.core.models import (
    AuditEvent,
    ChannelName,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    Tenant,
    User,
)
from csm_portal.ports.errors import PortError, Trouble
from tests.factories import NOW

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What a worker that is killed leaves: no word, no outcome."""


class Room:
    """A channel that keeps what arrives, and fails as it is told, before or after that."""

    is_outside = True

    def __init__(self, *, can_look: bool = True, is_exact: bool = False) -> None:
        self.can_look = can_look
        self.is_exact = is_exact
        self.arrived: list[str] = []
        self.before: list[BaseException] = []
        self.after: list[BaseException] = []

    def find(self, message: Mapping[str, Any]) -> str | None:
        return "found" if self.can_look and message["key"] in self.arrived else None

    def send(self, message: Mapping[str, Any]) -> str:
        if self.before:
            raise self.before.pop(0)
        if not (self.is_exact and message["key"] in self.arrived):
            self.arrived.append(message["key"])
        if self.after:
            raise self.after.pop(0)
        return "sent"


def trouble(**fields: Any) -> PortError:
    return PortError(
        "The room is closed.", trouble=Trouble.UNAVAILABLE, permanent=fields.pop("permanent", False), **fields
    )


@pytest.fixture
def delivery(scoped: Tenant, settings: Any) -> Delivery:
    settings.CSM_RUN_JOBS_INLINE = False
    event = outbox.announce("test.happened", scoped, payload={}, now=NOW)
    return deliveries.ask(event, ChannelName.CHAT, tenant=scoped, message={"key": "k"}, now=NOW)


def attempt(delivery: Delivery, room: Room, *, at: datetime = NOW) -> Delivery:
    return deliveries.attempt(delivery.pk, open_channel=lambda _: room, clock=lambda: at)


def put_off(act: Callable[[], object]) -> datetime:
    with pytest.raises(jobs.Later) as caught:
        act()
    return caught.value.at


def test_a_delivery_arrives_once_with_one_audit_row(delivery: Delivery) -> None:
    room = Room()

    done = attempt(delivery, room)
    attempt(delivery, room)

    assert (done.state, done.receipt, done.attempts) == (DeliveryState.DELIVERED, "sent", 1)
    assert room.arrived == ["k"]
    assert [row.verb for row in AuditEvent.objects.all()] == ["delivery.arrived"]


def test_it_is_written_down_that_it_is_being_sent_before_it_is(delivery: Delivery) -> None:
    class Witness(Room):
        def send(self, message: Mapping[str, Any]) -> str:
            self.seen = Delivery.objects.get(pk=delivery.pk).state
            return super().send(message)

    room = Witness()
    attempt(delivery, room)

    assert room.seen == DeliveryState.SENDING


def test_a_worker_that_dies_after_the_call_leaves_one_that_is_looked_for(delivery: Delivery) -> None:
    room = Room()
    room.after = [Killed()]
    with pytest.raises(Killed):
        attempt(delivery, room)

    # While somebody may still be at it, nobody else begins.
    due = put_off(lambda: attempt(delivery, room, at=NOW + timedelta(seconds=1)))
    done = attempt(delivery, room, at=due)

    assert (done.state, done.receipt, done.may_be_twice) == (DeliveryState.DELIVERED, "found", False)
    assert room.arrived == ["k"]


def test_a_worker_that_dies_before_the_call_loses_nothing(delivery: Delivery) -> None:
    room = Room()
    room.before = [Killed()]
    with pytest.raises(Killed):
        attempt(delivery, room)

    done = attempt(delivery, room, at=NOW + deliveries.NOBODYS_AFTER)

    assert (done.state, done.receipt) == (DeliveryState.DELIVERED, "sent")
    assert room.arrived == ["k"]


def test_a_channel_that_cannot_be_asked_may_get_it_twice_and_that_is_said(delivery: Delivery) -> None:
    room = Room(can_look=False)
    room.after = [Killed()]
    with pytest.raises(Killed):
        attempt(delivery, room)

    done = attempt(delivery, room, at=NOW + deliveries.NOBODYS_AFTER)

    assert room.arrived == ["k", "k"]
    assert done.may_be_twice


def test_a_channel_that_drops_the_second_gets_it_again_and_has_it_once(delivery: Delivery) -> None:
    room = Room(can_look=False, is_exact=True)
    room.after = [trouble(maybe_written=True)]
    due = put_off(lambda: attempt(delivery, room))

    done = attempt(delivery, room, at=due)

    assert room.arrived == ["k"]
    assert (done.state, done.may_be_twice, done.is_doubtful) == (DeliveryState.DELIVERED, False, False)


def test_a_doubt_outlives_the_attempts_that_could_not_look(delivery: Delivery) -> None:
    class Blind(Room):
        fails = 2

        def find(self, message: Mapping[str, Any]) -> str | None:
            if self.fails:
                self.fails -= 1
                raise trouble()
            return super().find(message)

    room = Blind()
    room.after = [trouble(maybe_written=True)]
    due = put_off(lambda: attempt(delivery, room))
    assert due >= NOW + deliveries.SETTLES_IN
    due = put_off(lambda: attempt(delivery, room, at=due))
    due = put_off(lambda: attempt(delivery, room, at=due))

    assert attempt(delivery, room, at=due).receipt == "found"
    assert room.arrived == ["k"]


def test_a_wait_that_was_asked_for_is_kept(delivery: Delivery) -> None:
    room = Room()
    room.before = [trouble(retry_after=300.0)]

    assert put_off(lambda: attempt(delivery, room)) == NOW + timedelta(seconds=300)


def test_what_would_fail_again_is_not_tried_again(delivery: Delivery) -> None:
    room = Room()
    room.before = [trouble(permanent=True)]

    with pytest.raises(PortError):
        attempt(delivery, room)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == (DeliveryState.FAILED, "The room is closed.")


def test_attempts_are_bounded_and_a_person_can_ask_for_more(delivery: Delivery, alice: User) -> None:
    room = Room()
    room.before = [trouble() for _ in range(deliveries.ATTEMPTS)]
    at = NOW
    for _ in range(deliveries.ATTEMPTS - 1):
        at = put_off(lambda at=at: attempt(delivery, room, at=at))
    with pytest.raises(PortError):
        attempt(delivery, room, at=at)
    assert timedelta(hours=12) < at - NOW < timedelta(days=2)
    Job.objects.update(state=JobState.FAILED)

    delivery.refresh_from_db()
    retried = deliveries.retry(delivery, actor=alice, now=at)
    with pytest.raises(deliveries.NotFailed):
        deliveries.retry(delivery, actor=alice, now=at)
    done = attempt(retried, room, at=at)

    assert (done.state, room.arrived) == (DeliveryState.DELIVERED, ["k"])
    assert AuditEvent.objects.filter(verb="delivery.retried").count() == 1


def test_an_outcome_that_comes_too_late_changes_nothing(delivery: Delivery) -> None:
    class Slow(Room):
        def send(self, message: Mapping[str, Any]) -> str:
            # Somebody took it up meanwhile.
            Delivery.objects.filter(pk=delivery.pk).update(attempts=7)
            return super().send(message)

    attempt(delivery, Slow())

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENDING
    assert not AuditEvent.objects.exists()


def test_a_delivery_without_a_job_gets_one(delivery: Delivery, scoped: Tenant) -> None:
    Job.objects.update(state=JobState.FAILED)

    assert deliveries.look_after(scoped, now=NOW) == 0
    assert deliveries.look_after(scoped, now=NOW + timedelta(minutes=2)) == 1

    delivery.refresh_from_db()
    assert delivery.job is not None
    assert delivery.job.state == JobState.QUEUED


def test_a_delivery_that_takes_its_worker_down_fails_visibly(delivery: Delivery, scoped: Tenant) -> None:
    Job.objects.update(state=JobState.QUARANTINED)
    Delivery.objects.update(state=DeliveryState.SENDING)

    deliveries.look_after(scoped, now=NOW + timedelta(minutes=2))

    delivery.refresh_from_db()
    assert (delivery.state, delivery.is_doubtful) == (DeliveryState.FAILED, True)
    assert "took its worker down 3 times" in delivery.last_error


def test_an_error_of_our_own_is_shown_and_not_lost(delivery: Delivery) -> None:
    room = Room()
    room.before = [ValueError("a secret plan")]

    with pytest.raises(ValueError, match="secret"):
        attempt(delivery, room)

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.FAILED
    assert "secret" not in delivery.last_error
