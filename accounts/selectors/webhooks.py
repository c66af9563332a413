"""What the page about webhooks and the quick refresh shows. It reads what is stored and asks Notion nothing."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count

from accounts.models import Hint, HintState, NotionWatch, SyncKind, SyncRun
from csm_portal.core import secrets
from csm_portal.core.models import Job

ADDRESS, KEY, PENDING_KEY = "notion_webhook_address", "notion_webhook_key", "notion_webhook_pending_key"
REFRESH_KEY, QUICK_KEY = "refresh-hinted", "quick-refresh"
QUICK_EVERY = timedelta(minutes=15)


class HookState(StrEnum):
    """How far the setting up of webhooks has come."""

    OFF = "off"
    AWAITS_TOKEN = "awaits_token"  # noqa: S105  (a state, not a secret)
    WORKS = "works"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksPage:
    """The state of both, what came in the last week, and the last refreshes. Six queries.

    ``address`` is the unguessable part. ``fingerprint`` is that of a key that waits and was shown; ``trouble`` a
    sentence where a stored secret cannot be read.
    """

    state: HookState
    address: str
    made_at: datetime | None
    accepted_at: datetime | None
    pending_at: datetime | None
    is_shown: bool
    fingerprint: str
    trouble: str
    last_event_at: datetime | None
    received: int
    waiting: int
    ignored: int
    refused: int
    last_refused_at: datetime | None
    is_quick_refresh_on: bool
    runs: tuple[SyncRun, ...]
    scan_wanted_at: datetime | None
    scan_wanted_because: str
    job: Job | None

    @property
    def is_busy(self) -> bool:
        return self.job is not None and not self.job.is_over


def fingerprint(key: str) -> str:
    """Return what tells one key from another without telling the key."""
    return hashlib.sha256(b"shown:" + key.encode()).hexdigest()[:16]


def page() -> WebhooksPage:
    """Return the page of the scope's tenant."""
    watch = NotionWatch.objects.first() or NotionWatch()
    address, key, trouble = "", "", ""
    try:
        address = (secrets.read(ADDRESS) or "") if watch.address_digest else ""
        key = (secrets.read(PENDING_KEY) or "") if watch.pending_at else ""
        if watch.accepted_at:
            secrets.read(KEY)
    except secrets.SecretUnreadable as error:
        trouble = str(error)
    counted = dict(Hint.objects.order_by().values_list("state").annotate(count=Count("pk")))
    is_scan_wanted = watch.scan_wanted_at is not None and not _was_scanned_since(watch.scan_wanted_at)
    runs = SyncRun.objects.filter(kind__in=[SyncKind.PAGES, SyncKind.QUICK]).order_by("-started_at", "-pk")[
        :5
    ]
    return WebhooksPage(
        state=_state(watch),
        address=address,
        made_at=watch.address_made_at,
        accepted_at=watch.accepted_at,
        pending_at=watch.pending_at,
        is_shown=watch.pending_shown_at is not None,
        fingerprint=fingerprint(key) if key and watch.pending_shown_at else "",
        trouble=trouble,
        last_event_at=watch.last_event_at,
        received=sum(counted.values()),
        waiting=counted.get(HintState.PENDING, 0),
        ignored=counted.get(HintState.IGNORED, 0),
        refused=watch.refused,
        last_refused_at=watch.last_refused_at,
        is_quick_refresh_on=watch.is_quick_refresh_on,
        runs=tuple(runs),
        scan_wanted_at=watch.scan_wanted_at if is_scan_wanted else None,
        scan_wanted_because=watch.scan_wanted_because,
        job=Job.objects.filter(key=QUICK_KEY).order_by("-created_at", "-pk").first(),
    )


def _was_scanned_since(moment: datetime) -> bool:
    return SyncRun.objects.filter(
        kind=SyncKind.FULL, started_at__gt=moment, finished_at__isnull=False, error=""
    ).exists()


def _state(watch: NotionWatch) -> HookState:
    if watch.address_digest is None:
        return HookState.OFF
    return HookState.WORKS if watch.accepted_at else HookState.AWAITS_TOKEN
