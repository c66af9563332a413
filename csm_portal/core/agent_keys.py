"""Keys by which other agents ask for tasks: made, shown once, used, revoked (SPEC 5.4).

A key is ``csm_<public>_<secret>``. The row is found by the public part; of the whole only a hash is kept. The secret is
32 random bytes, so a plain SHA-256 is as good as a slow one: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets as random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F

from csm_portal.core import audit
from csm_portal.core.models import AgentKey, User
from csm_portal.core.scope import across_tenants, tenant_scope

_FORM: Final = re.compile(r"csm_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
A_MINUTE: Final = timedelta(minutes=1)
# Looking costs little, and whoever waits for a run is asked to look every two seconds: 30 times a minute and run.
READS_FOR_EACH: Final = 4
FEWEST_READS: Final = 120


class NotRecognised(Exception):
    """The key opens nothing; the message is for whoever holds it."""


class TooFast(Exception):
    """The key has been used as often as it may be in this minute."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AlreadyMade(Exception):
    """The form that asks for a key has made it before; the message is for a person."""


def reads_per_minute(per_minute: int) -> int:
    """Return how often a key that may ask ``per_minute`` times may look in a minute."""
    return max(FEWEST_READS, READS_FOR_EACH * per_minute)


@transaction.atomic
def make(
    *,
    name: str,
    task_types: Iterable[str],
    per_minute: int,
    expires_at: datetime | None,
    actor: User,
    now: datetime,
    key_id: UUID | None = None,
) -> tuple[AgentKey, str]:
    """Make a key for the scope's tenant; return its row and the key itself, which nobody can read again.

    ``key_id`` is the same however often one form is sent: a second time raises AlreadyMade.
    """
    public = "".join(random.choice(_LETTERS) for _ in range(12))
    whole = f"csm_{public}_{random.token_urlsafe(32)}"
    key = AgentKey(
        id=key_id or uuid4(),
        name=name,
        public=public,
        digest=_digest(whole),
        task_types=sorted(set(task_types)),
        per_minute=per_minute,
        expires_at=expires_at,
        created_by=actor,
        created_at=now,
    )
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyMade(
            "This form has made its key already. The key was shown once, in the answer before this one: where you do not "
            "have it, revoke it and make another."
        ) from error
    data = {
        "task_types": key.task_types,
        "per_minute": per_minute,
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    audit.record("agent_key.made", key, actor=actor, at=now, data=data)
    return key, whole


@transaction.atomic
def revoke(key: AgentKey, *, actor: User, now: datetime) -> bool:
    """Take a key out of use for good; tell whether this call did it."""
    done = AgentKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now, revoked_by=actor)
    if done:
        audit.record("agent_key.revoked", key, actor=actor, at=now)
    return bool(done)


def recognise(whole: str, *, now: datetime) -> AgentKey:
    """Return the key with its tenant loaded. Raises NotRecognised; an unknown key learns no more than that.

    The one look across tenants of this module: a key's tenant follows from the key.
    """
    form = _FORM.fullmatch(whole)
    key = None
    if form is not None:
        with across_tenants("the tenant of an agent's key follows from the key"):
            key = (
                AgentKey.objects.select_related("tenant")
                .filter(public=form.group(1), tenant__is_active=True)
                .first()
            )
    # Compared in constant time, whether there is such a key or not.
    if not hmac.compare_digest(_digest(whole), key.digest if key is not None else "0" * 64) or key is None:
        raise NotRecognised(
            "This key is not known. Send a key as “Authorization: Bearer csm_…”; an admin makes one on the page "
            "“Agent keys”."
        )
    if key.revoked_at is not None:
        raise NotRecognised("This key was revoked. Ask an admin for a new one.")
    if key.expires_at is not None and key.expires_at <= now:
        raise NotRecognised("This key has expired. Ask an admin for a new one.")
    return key


def admit(key: AgentKey, *, now: datetime, is_reading: bool = False) -> None:
    """Count one use of the key. Raises TooFast once it was used as often as it may be within a minute.

    Looking is counted apart from asking. Both steps are conditional updates, so that many at once are counted one by
    one.
    """
    minute, count = ("reads_minute", "reads_in_minute") if is_reading else ("minute", "used_in_minute")
    most = reads_per_minute(key.per_minute) if is_reading else key.per_minute
    with tenant_scope(key.tenant):
        row = AgentKey.objects.filter(pk=key.pk)
        # A minute that began a moment ahead was begun by another process: its clock, or this request, is a little late.
        row.exclude(**{f"{minute}__gt": now - A_MINUTE, f"{minute}__lt": now + A_MINUTE}).update(
            **{minute: now, count: 0}
        )
        if row.filter(**{f"{count}__lt": most}).update(**{count: F(count) + 1, "last_used_at": now}):
            return
        began = row.values_list(minute, flat=True).get() or now
    left = max(1, round((began + A_MINUTE - now).total_seconds()))
    does = "look" if is_reading else "ask"
    raise TooFast(f"This key may {does} {most} times a minute. Wait {left} seconds.", retry_after=left)


def _digest(whole: str) -> str:
    return hashlib.sha256(whole.encode()).hexdigest()
