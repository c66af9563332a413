"""The background jobs of the accounts: the daily scan, and its parts on their own (SPEC 4, 7)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from accounts.models import SyncState, WriteState
from accounts.selectors import due_figures
from accounts.services import (
    alert_delivery,
    churn_story,
    health,
    lookups,
    scans,
    sync,
    talk_tracks,
    writeback,
)
from csm_portal import schedules, wiring
from csm_portal.core import jobs
from csm_portal.core.jobs import Running
from csm_portal.ports.errors import PortError, Trouble

DAILY_SCAN = "daily_health_scan"


def daily_scan(job: Running) -> Mapping[str, Any]:
    """Sync the mirror, then score it: the scan of one local day.

    Where the workspace cannot be read, or not all of it, the accounts are scored as they were last known and
    the job ends as partial with the reason (SPEC P3).
    """
    scanned = scans.run(
        job.tenant,
        open_workspace=wiring.workspace,
        as_of=_scan_day(job),
        clock=timezone.now,
        actor=job.requested_by,
        job=job.job,
        progress=job.progress,
    )
    churn_story.ask(job.tenant, writers=wiring.writers(), now=timezone.now())
    talk_tracks.ask_for_new(writers=wiring.writers(), now=timezone.now())
    counts = scanned.to_mapping()
    if scanned.trouble:
        raise jobs.Partial(
            f"{scanned.trouble} {counts['scored']:,} accounts were scored as they were last known.",
            result=counts,
        )
    return counts


def write_figures(job: Running) -> Mapping[str, Any]:
    """Do one step of writing score and risk to the account pages; the next step is a job of its own."""
    run = writeback.run(workspace=wiring.workspace(), now=timezone.now(), job=job.job, progress=job.progress)
    alert_delivery.look_at_pages(now=timezone.now())
    told = due_figures.counts(run)
    if run.state == WriteState.FAILED:
        raise PortError(" ".join(run.problems), trouble=Trouble.UNAVAILABLE, permanent=False)
    if run.state == WriteState.PARTIAL:
        raise jobs.Partial(" ".join(run.problems), result=told)
    # Somebody whose change gave way is told so here, although nothing went wrong.
    return {**told, "remarks": " ".join(run.problems)} if run.problems else told


def score_all(job: Running) -> Mapping[str, Any]:
    """Score the mirror as it stands, for the local day on which this runs."""
    counts = health.scan(
        as_of=_today(job),
        now=timezone.now(),
        actor=job.requested_by,
        progress=lambda done, total: job.progress(done, total, f"{done:,} of {total:,} accounts scored."),
        data={"job": str(job.job.pk), "partial": False},
    )
    return scans.told(counts)


def sync_accounts(job: Running) -> Mapping[str, Any]:
    """Bring the mirror up to date because somebody asked for it; what changed is scored by a job of its own."""
    run = sync.run(workspace=wiring.workspace(), now=timezone.now(), job=job.job, progress=job.progress)
    figures = {
        name: getattr(run, name)
        for name in ("created", "updated", "unchanged", "removed", "failed", "requests")
    }
    if run.state == SyncState.FAILED:
        raise PortError(run.error, trouble=Trouble.UNAVAILABLE, permanent=False)
    if run.created or run.updated:
        jobs.enqueue(
            "accounts.tasks.score_all",
            tenant=job.tenant,
            title="Score all accounts",
            now=timezone.now(),
            requested_by=job.requested_by,
            key="score_all",
        )
    if run.state in (SyncState.INCOMPLETE, SyncState.ASKS):
        raise jobs.Partial(scans.sync_told(run), result=figures)
    return figures


def ask_for_absent(job: Running) -> Mapping[str, Any]:
    """Ask Notion for some of the accounts that did not come; the next step is a job of its own."""
    step = lookups.step(workspace=wiring.workspace(), now=timezone.now(), job=job.job, progress=job.progress)
    if step.run.state == SyncState.FAILED:
        raise PortError(step.run.error, trouble=Trouble.UNAVAILABLE, permanent=False)
    return {"removed": step.run.removed, "found": step.run.rows, "left": step.left}


def _today(job: Running) -> date:
    return timezone.now().astimezone(job.tenant.zone).date()


def _scan_day(job: Running) -> date:
    """Return the local day to scan: today where a person asked, else the planned day.

    A score belongs to the day on which its data was read, so a planned run that begins after its grace is not
    made up (SPEC 7). Raises Partial.
    """
    if job.requested_by is not None or "local_date" not in job.params:
        return _today(job)
    day = date.fromisoformat(job.params["local_date"])
    late = timezone.now() - datetime.fromisoformat(job.params["due_at"])
    grace = schedules.planned(DAILY_SCAN).grace
    if late > grace or day != _today(job):
        raise jobs.Partial(
            f"The scan of {day:%-d %B %Y} began {late.total_seconds() / 60:,.0f} minutes late, which is more than the "
            f"{grace.total_seconds() / 60:.0f} allowed, so nothing was read or scored. Run it now from the schedule if "
            "today's scores are wanted."
        )
    return day
