"""Keeps how each person wants their digest, and writes it: once a person and local day, whatever crashes (SPEC 4.2)."""

import uuid
from datetime import date, datetime, time
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts import digest_messages
from accounts.digest_messages import DigestText
from accounts.models import Digest, DigestChannel, DigestChoice
from accounts.selectors import digests
from csm_portal.core import audit, deliveries, outbox
from csm_portal.core.models import ChannelName, Membership, User
from csm_portal.ports.mail import Address

DIGEST_WRITTEN: Final = "digest.written"
_MISSED: Final = {"missed": 1}


class NotPossible(ValueError):
    """It cannot be chosen as asked for; the message says why and what to do."""


@transaction.atomic
def choose(
    membership: Membership,
    channel: DigestChannel,
    *,
    at: time,
    on_weekends: bool,
    actor: User,
    now: datetime,
) -> DigestChoice:
    """Keep where, when and on which days a person wants their digest. Raises NotPossible, PermissionDenied."""
    if actor.pk != membership.user_id or not digests.can_have_one(membership):
        raise PermissionDenied
    if at not in digests.TIMES:
        raise NotPossible("Choose one of the times that are offered.")
    made, _ = DigestChoice.objects.update_or_create(
        person_id=membership.user_id,
        defaults={"channel": channel, "at": at, "on_weekends": on_weekends, "updated_at": now},
    )
    data = {"channel": channel, "at": f"{at:%H:%M}", "on_weekends": on_weekends}
    audit.record("digest.chosen", made, actor=actor, at=now, data=data)
    return made


def write(membership: Membership, told: DigestText, *, day: date, now: datetime) -> Digest | None:
    """Write a person's digest of a local day and put it on its way; None where it was written before.

    The row, the outbox and the delivery are one transaction, and the row is unique: a crash at any moment leaves all of
    it or nothing. A digest without a word is a row alone. The membership comes with its user and tenant loaded.
    """
    chosen = digests.choice(membership)
    if chosen is None or chosen.channel == DigestChannel.OFF:
        return None
    counts = {"sections": len(told.sections), "lines": sum(len(one.lines) for one in told.sections)}
    try:
        with transaction.atomic():
            digest = _row(membership, day=day, now=now, counts=counts)
            if not told.is_empty:
                _send(digest, membership, told, DigestChannel(chosen.channel), now=now)
    except IntegrityError:
        if Digest.objects.filter(person_id=membership.user_id, local_date=day).exists():
            return None
        raise
    return digest


def miss(person_id: uuid.UUID, *, day: date, now: datetime) -> bool:
    """Write down that a person's digest of a day came too late to be written; tell whether this call did."""
    _, is_new = Digest.objects.get_or_create(
        person_id=person_id, local_date=day, defaults={"written_at": now, "counts": _MISSED}
    )
    return is_new


def _row(membership: Membership, *, day: date, now: datetime, counts: dict[str, Any]) -> Digest:
    return Digest.objects.create(person_id=membership.user_id, local_date=day, written_at=now, counts=counts)


def _send(
    digest: Digest, membership: Membership, told: DigestText, channel: DigestChannel, *, now: datetime
) -> None:
    person = membership.user
    event = outbox.announce(
        DIGEST_WRITTEN,
        digest,
        payload={"person": str(person.pk), "local_date": digest.local_date.isoformat(), **digest.counts},
        now=now,
    )
    key = uuid.uuid4()
    if channel is DigestChannel.MAIL:
        to = Address(email=person.email, name=person.name)
        message = digest_messages.draft(told, key=str(key), to=to).to_json()
    else:
        message = digest_messages.chat_message(
            told, key=str(key), person=person.name, person_id=str(person.pk)
        ).to_json()
    digest.delivery = deliveries.ask(
        event,
        ChannelName.MAIL if channel is DigestChannel.MAIL else ChannelName.CHAT,
        tenant=membership.tenant,
        message=message,
        person=person,
        now=now,
        key=key,
    )
    digest.save(update_fields=["delivery"])
