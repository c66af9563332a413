"""What the workspace posts when something in it changes: believed if it is signed, stored once, looked at by a job.

An event is a hint (SPEC 2.4, CHECK 38): receiving one costs a few statements and asks the workspace nothing. Losing
every one of them loses nothing but time, because the daily scan reads everything.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Hint, HintState, NotionWatch, PropertyMapping
from accounts.selectors.webhooks import KEY, PENDING_KEY, REFRESH_KEY
from csm_portal.core import jobs, secrets
from csm_portal.core.models import Job, JobState, Tenant
from csm_portal.core.scope import across_tenants
from csm_portal.ports.hooks import About, Change, Hooks

log = structlog.get_logger(__name__)

OWN_EDIT = "The portal made this change itself."
# Notion gives up on an event after a day; what is older than this and unknown is a replay of what was forgotten.
KEPT = timedelta(days=7)
# A workspace that could not be read is not asked again at once because one more event came.
WAIT_AFTER_FAILURE = timedelta(minutes=15)
_NOTE_EVENTS_EVERY = timedelta(minutes=1)


class Received(StrEnum):
    """What became of a post. Whoever sent it learns no more than whether it was believed."""

    STORED = "stored"
    IGNORED = "ignored"
    KNOWN = "known"
    HANDSHAKE = "handshake"
    REFUSED = "refused"


def digest(address: str) -> str:
    """Return what is kept of an address to find its tenant by."""
    return hashlib.sha256(address.encode()).hexdigest()


def tenant_at(address: str) -> Tenant | None:
    """Return the tenant whose address this is, or None. The one look across tenants of this module."""
    with across_tenants("a webhook's tenant follows from the unguessable part of its address"):
        watch = (
            NotionWatch.objects.select_related("tenant")
            .filter(address_digest=digest(address), tenant__is_active=True)
            .first()
        )
    return watch.tenant if watch else None


@transaction.atomic
def receive(body: bytes, *, signature: str, hooks: Hooks, tenant: Tenant, now: datetime) -> Received:
    """Take a post to the tenant's address: store an event, hold a hand-shake's key, or refuse what is neither.

    Nothing is asked of the workspace. Raises hooks.Unreadable where the signature holds and the body is no event.
    """
    watch = NotionWatch.objects.get()
    key = _key(watch)
    if key and hooks.is_authentic(body, signature=signature, key=key):
        return _store(hooks.read(body), watch=watch, tenant=tenant, now=now)
    token = hooks.handshake(body)
    if token is None:
        NotionWatch.objects.filter(pk=watch.pk).update(refused=F("refused") + 1, last_refused_at=now)
        log.warning("webhook_refused", has_signature=bool(signature), has_key=bool(key))
        return Received.REFUSED
    return _hold(token, key=key, watch=watch, now=now)


def wake(tenant: Tenant, *, now: datetime) -> Job | None:
    """Ask for a refresh of what is hinted at; None where one is on its way, or it is too early for one."""
    active = Job.objects.filter(key=REFRESH_KEY, state__in=[JobState.QUEUED, JobState.RUNNING])
    if active.exists() or has_just_failed(now=now):
        return None
    try:
        return jobs.enqueue(
            "accounts.refresh_tasks.refresh_hinted",
            tenant=tenant,
            title="Refresh accounts that changed in Notion",
            now=now,
            key=REFRESH_KEY,
        )
    except IntegrityError:
        # Another's job was asked for and over within this moment. The next tick sees what still waits.
        return None


def has_just_failed(*, now: datetime) -> bool:
    """Tell whether the last refresh failed a few minutes ago: at a workspace that cannot be read, most likely."""
    last = Job.objects.filter(key=REFRESH_KEY).order_by("-created_at", "-pk").first()
    return (
        last is not None
        and last.state in (JobState.FAILED, JobState.QUARANTINED)
        and (last.finished_at or last.created_at) > now - WAIT_AFTER_FAILURE
    )


def is_own_edit(
    *, author_id: str, property_ids: Collection[str], own_id: str, mapped: Collection[str]
) -> bool:
    """Tell whether the portal itself made a change: its own author, and no property that the portal reads.

    Another program may hold the same token. What it writes into properties that are mapped counts as news.
    """
    return (
        bool(own_id) and author_id == own_id and not {*map(unquote, property_ids)} & {*map(unquote, mapped)}
    )


def mapped_properties() -> list[str]:
    """Return the ids of the properties that the mirror is read from."""
    return list(PropertyMapping.objects.exclude(property_id="").values_list("property_id", flat=True))


def _key(watch: NotionWatch) -> str | None:
    if watch.accepted_at is None:
        return None
    try:
        return secrets.read(KEY)
    except secrets.SecretUnreadable:
        # Said on the page of the webhooks; here it only means that nothing can be believed.
        log.error("webhook_key_unreadable")
        return None


def _store(change: Change, *, watch: NotionWatch, tenant: Tenant, now: datetime) -> Received:
    if change.happened_at < now - KEPT or Hint.objects.filter(event_id=change.event_id).exists():
        return Received.KNOWN
    note = _ignored_because(change, watch)
    hint = Hint(
        event_id=change.event_id,
        event_type=change.type,
        about=change.about,
        page_id=change.page_id,
        source_id=change.source_id,
        author_id=change.author_id,
        property_ids=list(change.property_ids),
        happened_at=change.happened_at,
        received_at=now,
        state=HintState.IGNORED if note else HintState.PENDING,
        settled_at=now if note else None,
        note=note,
    )
    try:
        with transaction.atomic():
            hint.save(force_insert=True)
    except IntegrityError:
        # The same event came twice at the same time.
        return Received.KNOWN
    if watch.last_event_at is None or watch.last_event_at < now - _NOTE_EVENTS_EVERY:
        NotionWatch.objects.filter(pk=watch.pk).update(last_event_at=now)
    if note:
        return Received.IGNORED
    wake(tenant, now=now)
    return Received.STORED


def _ignored_because(change: Change, watch: NotionWatch) -> str:
    if change.about is About.OTHER:
        return "An event of this kind changes no account."
    # Whose edits are the portal's is only asked for where they may be: most events are a person's.
    if change.author_id and change.author_id == watch.own_id:
        is_own = is_own_edit(
            author_id=change.author_id,
            property_ids=change.property_ids,
            own_id=watch.own_id,
            mapped=mapped_properties() if change.property_ids else (),
        )
        return OWN_EDIT if is_own else ""
    return ""


def _hold(token: str, *, key: str | None, watch: NotionWatch, now: datetime) -> Received:
    """Keep a key that was handed over until an admin accepts it. Anybody can post one, so it counts for nothing yet."""
    if key and hmac.compare_digest(token.encode(), key.encode()):
        return Received.KNOWN
    secrets.store(PENDING_KEY, token, now=now)
    # Notion sends the same key once more on a person's wish; then it may be shown once more.
    NotionWatch.objects.filter(pk=watch.pk).update(pending_at=now, pending_shown_at=None)
    log.info("webhook_key_waits")
    return Received.HANDSHAKE
