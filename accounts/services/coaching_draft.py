"""Puts a plan into a person's mailbox as a draft: never sent, the person does that (SPEC P2, 4.4)."""

import uuid
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import coaching_messages, contacts, policies
from accounts.models import CoachingPlan, CoachingStep
from csm_portal.core import audit, deliveries, outbox
from csm_portal.core.models import ChannelName, Delivery, DeliveryState, Membership, User
from csm_portal.ports.mail import Draft

PLAN_DRAFTED: Final = "coaching.drafted"


class NothingToTell(ValueError):
    """The plan has no step; the message says what to do."""


@transaction.atomic
def ask(plan: CoachingPlan, *, actor: User, now: datetime) -> Delivery:
    """Put the plan as it stands on its way to the actor's mailbox, as a draft; return its delivery.

    A draft that says the same, word for word, is not made twice: its delivery is returned, tried again where it had
    failed. Raises PermissionDenied, NothingToTell.
    """
    plan = (
        CoachingPlan.objects.select_for_update(of=("self",))
        .select_related("account", "tenant")
        .get(pk=plan.pk)
    )
    account = plan.account
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or not policies.can_write(membership, account):
        raise PermissionDenied
    steps = list(CoachingStep.objects.filter(plan=plan).order_by("position", "pk"))
    if not steps:
        raise NothingToTell("The plan has no step yet. Add one, then put it into a draft.")
    key = uuid.uuid4()
    draft = coaching_messages.draft(
        steps,
        account=account.name,
        people=contacts.read(account.primary_contacts),
        sender=actor.name,
        key=key,
    )
    before = _the_same(draft, plan=plan, actor=actor)
    if before is not None:
        return _once_more(before, actor=actor, now=now)
    event = outbox.announce(PLAN_DRAFTED, account, payload={"plan_id": str(plan.pk)}, now=now)
    audit.record(
        "coaching.draft_asked",
        plan,
        actor=actor,
        at=now,
        data={"account": str(account.pk), "steps": len(steps)},
    )
    return deliveries.ask(
        event,
        ChannelName.MAIL,
        tenant=plan.tenant,
        message=draft.to_json(),
        now=now,
        about_id=str(plan.pk),
        person=actor,
        key=key,
    )


def _the_same(draft: Draft, *, plan: CoachingPlan, actor: User) -> Delivery | None:
    """Return the newest delivery of a draft to this person that differs in nothing but its key."""
    words = {**draft.to_json(), "key": ""}
    found = Delivery.objects.filter(about_id=str(plan.pk), channel=ChannelName.MAIL, person=actor)
    for delivery in found.order_by("-created_at", "-pk"):
        if {**delivery.message, "key": ""} == words:
            return delivery
    return None


def _once_more(delivery: Delivery, *, actor: User, now: datetime) -> Delivery:
    if delivery.state != DeliveryState.FAILED:
        return delivery
    try:
        return deliveries.retry(delivery, actor=actor, now=now)
    except deliveries.NotFailed:
        delivery.refresh_from_db()
        return delivery
