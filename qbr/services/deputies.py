"""A manager names who decides on reviews while they are away, and takes it back."""

from datetime import date, datetime, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from csm_portal.core import audit
from csm_portal.core.models import Membership, Role, User
from qbr.models import Deputy

LONGEST: Final = timedelta(days=92)
FURTHEST: Final = timedelta(days=366)


class NotPossible(ValueError):
    """The deputy cannot be named like this; the message says why and what to do."""


@transaction.atomic
def name(*, deputy: User, starts_on: date, ends_on: date, actor: User, today: date, now: datetime) -> Deputy:
    """Let a colleague decide on reviews in the actor's place on these local days, both included.

    Raises PermissionDenied for somebody who is no manager, NotPossible with a sentence.
    """
    mine = Membership.objects.select_for_update().filter(user=actor).first()
    if mine is None or Role.MANAGER not in mine.roles:
        raise PermissionDenied
    theirs = Membership.objects.select_related("user").filter(user=deputy).first()
    if theirs is None or deputy.pk == actor.pk or not theirs.roles & {Role.CSM, Role.MANAGER}:
        raise NotPossible("Choose a colleague who is a CSM or a manager.")
    if not theirs.user.is_active:
        raise NotPossible(f"{deputy} cannot sign in any more. Choose somebody else.")
    if ends_on < starts_on:
        raise NotPossible("The last day lies before the first one.")
    if ends_on < today:
        raise NotPossible("These days are over already.")
    if ends_on - starts_on >= LONGEST:
        raise NotPossible("Three months are the longest. For more, ask an admin to make a manager of them.")
    if starts_on - today > FURTHEST:
        raise NotPossible("The first day is more than a year ahead. Name a deputy for days within a year.")
    clash = (
        Deputy.objects.filter(manager=actor, ended_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on)
        .select_related("deputy")
        .first()
    )
    if clash is not None:
        raise NotPossible(f"{clash.deputy} stands in for you on some of these days. End that first.")
    row = Deputy.objects.create(
        manager=actor, deputy=deputy, starts_on=starts_on, ends_on=ends_on, created_at=now
    )
    audit.record(
        "deputy.named",
        row,
        actor=actor,
        at=now,
        data={"deputy": str(deputy.pk), "from": starts_on.isoformat(), "to": ends_on.isoformat()},
    )
    return row


@transaction.atomic
def end(row: Deputy, *, actor: User, now: datetime) -> None:
    """Take it back, from now on. Any manager may, since whoever is away may not; once is enough. Raises PermissionDenied."""
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or Role.MANAGER not in membership.roles:
        raise PermissionDenied
    if Deputy.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now):
        audit.record("deputy.ended", row, actor=actor, at=now, data={"deputy": str(row.deputy_id)})
