"""What an admin does about webhooks and the quick refresh: make an address, accept its key, switch off (SPEC 2.4)."""

import secrets as random
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import NotionWatch
from accounts.selectors import webhooks
from accounts.services import hints
from csm_portal.core import audit, secrets
from csm_portal.core.models import User

# 32 random bytes: nobody finds an address by trying.
_ADDRESS_BYTES = 32
_NOTHING: dict[str, Any] = {
    "accepted_at": None,
    "pending_at": None,
    "pending_shown_at": None,
    "last_event_at": None,
    "refused": 0,
    "last_refused_at": None,
}


class NothingWaits(Exception):
    """There is no key to show or to accept; the message is for a person."""


class AnotherKeyCame(Exception):
    """The key that waits is not the one that the person has seen; the message is for a person."""


def current() -> NotionWatch:
    """Return how the scope's tenant is told of changes, making an empty row the first time."""
    watch, _ = NotionWatch.objects.get_or_create()
    return watch


@transaction.atomic
def make_address(*, actor: User, now: datetime) -> str:
    """Make a new unguessable address and return it. The old one, and every key that came to it, count no more."""
    watch = current()
    is_first = watch.address_digest is None
    address = random.token_urlsafe(_ADDRESS_BYTES)
    _forget(webhooks.KEY, webhooks.PENDING_KEY)
    secrets.store(webhooks.ADDRESS, address, now=now)
    _change(watch, **_NOTHING, address_digest=hints.digest(address), address_made_at=now)
    audit.record("webhooks.address_made", watch, actor=actor, at=now, data={"is_first": is_first})
    return address


@transaction.atomic
def switch_off(*, actor: User, now: datetime) -> None:
    """Take the address away, with its keys: what is posted to it is answered with 404 from now on."""
    watch = current()
    if watch.address_digest is None:
        return
    _forget(webhooks.ADDRESS, webhooks.KEY, webhooks.PENDING_KEY)
    _change(watch, **_NOTHING, address_digest=None, address_made_at=None)
    audit.record("webhooks.switched_off", watch, actor=actor, at=now)


@transaction.atomic
def show_key(*, actor: User, now: datetime) -> str:
    """Return the key that waits: once. Raises NothingWaits."""
    watch = current()
    claimed = NotionWatch.objects.filter(
        pk=watch.pk, pending_at__isnull=False, pending_shown_at__isnull=True
    ).update(pending_shown_at=now)
    key = secrets.read(webhooks.PENDING_KEY) if claimed else None
    if key is None:
        raise NothingWaits(
            "The token was shown already, or none has come. Press “Resend token” in Notion, and it comes once more."
        )
    audit.record("webhooks.key_shown", watch, actor=actor, at=now)
    return key


@transaction.atomic
def accept_key(shown: str, *, actor: User, now: datetime) -> None:
    """Believe what is signed with the key that waits, if it is the one whose ``fingerprint`` is given.

    A working key is replaced by it. Raises NothingWaits and AnotherKeyCame.
    """
    watch = current()
    key = secrets.read(webhooks.PENDING_KEY) if watch.pending_at else None
    if key is None:
        raise NothingWaits("No token waits to be accepted.")
    if shown != webhooks.fingerprint(key):
        raise AnotherKeyCame(
            "Another token has come since this page was made. Look at the new one before you accept it."
        )
    secrets.store(webhooks.KEY, key, now=now)
    _forget(webhooks.PENDING_KEY)
    replaces = watch.accepted_at is not None
    _change(
        watch, accepted_at=now, pending_at=None, pending_shown_at=None, last_event_at=None, own_id_at=None
    )
    audit.record("webhooks.key_accepted", watch, actor=actor, at=now, data={"replaces": replaces})


@transaction.atomic
def reject_key(*, actor: User, now: datetime) -> None:
    """Forget the key that waits; one that works stays."""
    watch = current()
    if watch.pending_at is None:
        return
    _forget(webhooks.PENDING_KEY)
    _change(watch, pending_at=None, pending_shown_at=None)
    audit.record("webhooks.key_rejected", watch, actor=actor, at=now)


@transaction.atomic
def switch_quick_refresh(*, is_on: bool, actor: User, now: datetime) -> None:
    """Let the portal read what was edited every quarter of an hour, or stop it."""
    watch = current()
    if watch.is_quick_refresh_on == is_on:
        return
    _change(watch, is_quick_refresh_on=is_on)
    verb = "quick_refresh.switched_on" if is_on else "quick_refresh.switched_off"
    audit.record(verb, watch, actor=actor, at=now)


def _change(watch: NotionWatch, **values: Any) -> None:
    for name, value in values.items():
        setattr(watch, name, value)
    watch.save(update_fields=list(values))


def _forget(*names: str) -> None:
    for name in names:
        secrets.forget(name)
