"""The background jobs that make part of the mirror newer, and what the minute tick asks for (SPEC 2.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Hint, HintState, NotionWatch, SyncKind, SyncRun, SyncState
from accounts.selectors.webhooks import QUICK_EVERY, QUICK_KEY
from accounts.services import health, hinted, hints, refresh, sync
from accounts.services.refresh import Refreshed
from csm_portal import wiring
from csm_portal.core import jobs
from csm_portal.core.jobs import Running
from csm_portal.core.models import Job, Tenant
from csm_portal.ports.errors import PortError, Trouble

# A full scan that is at work settles most hints by itself; the rest is looked at soon after.
_AFTER_A_SCAN = timedelta(minutes=1)
_COUNTED = ("created", "updated", "unchanged", "removed", "failed", "requests")


def refresh_hinted(job: Running) -> Mapping[str, Any]:
    """Look at the accounts that the workspace's events name, and score those that changed."""
    now = timezone.now()
    try:
        refreshed = hinted.answer(workspace=wiring.workspace(), now=now, job=job.job, progress=job.progress)
    except sync.AlreadyRunning as busy:
        raise jobs.Later(str(busy), at=now + _AFTER_A_SCAN) from busy
    if refreshed is None:
        return {}
    if _made_way(refreshed.run):
        raise jobs.Later(refreshed.run.error, at=timezone.now() + _AFTER_A_SCAN)
    return _told(job, refreshed)


def quick_refresh(job: Running) -> Mapping[str, Any]:
    """Read what was edited since the last time, and score what changed. A full scan at work makes it needless."""
    try:
        refreshed = refresh.quick(
            workspace=wiring.workspace(), now=timezone.now(), job=job.job, progress=job.progress
        )
    except sync.AlreadyRunning:
        return {}
    except refresh.NeverRead as error:
        raise jobs.Partial(str(error)) from error
    if _made_way(refreshed.run):
        return {}
    return _told(job, refreshed)


def each_minute(tenant: Tenant, *, now: datetime) -> None:
    """Ask for what is due: a refresh of hints that wait, the quick refresh where it is on. Called in the tenant's scope.

    One query for a tenant that uses neither, two to four for the others.
    """
    watch = NotionWatch.objects.first()
    if watch is None:
        return
    if Hint.objects.filter(state=HintState.PENDING).exists():
        hints.wake(tenant, now=now)
    if watch.is_quick_refresh_on and not _was_lately(now):
        jobs.enqueue(
            "accounts.refresh_tasks.quick_refresh",
            tenant=tenant,
            title="Read what was edited in Notion",
            now=now,
            key=QUICK_KEY,
        )


def _was_lately(now: datetime) -> bool:
    lately = now - QUICK_EVERY
    if Job.objects.filter(key=QUICK_KEY, created_at__gt=lately).exists():
        return True
    # What a full scan has just read needs no refresh.
    return SyncRun.objects.filter(kind=SyncKind.FULL, started_at__gt=lately).exists()


def _made_way(run: SyncRun) -> bool:
    return run.state == SyncState.INCOMPLETE and bool(run.error)


def _told(job: Running, refreshed: Refreshed) -> dict[str, Any]:
    run = refreshed.run
    told: dict[str, Any] = {name: getattr(run, name) for name in _COUNTED}
    if refreshed.account_ids:
        now = timezone.now()
        counts = health.score_accounts(
            as_of=now.astimezone(job.tenant.zone).date(), now=now, account_ids=refreshed.account_ids
        )
        told["scored"] = counts.scored
    if run.state == SyncState.FAILED:
        raise PortError(run.error, trouble=Trouble.UNAVAILABLE, permanent=False)
    if run.state == SyncState.INCOMPLETE:
        raise jobs.Partial(" ".join(run.problems), result=told)
    return told
