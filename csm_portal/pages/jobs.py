"""What works in the background: the list of jobs, one job, its progress while it runs."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from csm_portal import schedules
from csm_portal.core import audit, jobs
from csm_portal.core.models import Job, JobState, Role
from csm_portal.http import PortalRequest, is_partial, member

PAGE_SIZE = 50
# The tick comes each minute and the queue looks for it each half minute.
SILENT_AFTER = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsPage:
    """The latest jobs of the tenant, newest first. Two queries however many there are."""

    rows: tuple[Job, ...]
    is_cut: bool
    queue_is_silent: bool


def _page() -> JobsPage:
    rows = tuple(Job.objects.select_related("requested_by").order_by("-created_at", "pk")[: PAGE_SIZE + 1])
    tick = schedules.last_tick()
    return JobsPage(
        rows=rows[:PAGE_SIZE],
        is_cut=len(rows) > PAGE_SIZE,
        queue_is_silent=tick is None or timezone.now() - tick > SILENT_AFTER,
    )


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def job_list(request: PortalRequest) -> HttpResponse:
    """Show the latest jobs."""
    template = "pages/jobs.html" + ("#job-table" if is_partial(request) else "")
    return render(request, template, {"page": _page()})


@require_safe
@member(Role.ADMIN, Role.MANAGER, of=Job)
def job_page(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """Show one job: what was asked, how far it is, what came of it."""
    job = get_object_or_404(Job.objects.select_related("requested_by"), pk=job_id)
    return render(request, "pages/job.html", {"job": job, "can_retry": _can_retry(request, job)})


@require_safe
@member()
def job_status(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """Answer a poll: the same fragment while the job runs, one that asks no more when it is over.

    A member sees the progress of what they asked for; managers and admins that of every job.
    """
    job = get_object_or_404(Job, pk=job_id)
    if job.requested_by_id != request.user.pk and not request.membership.roles & {Role.ADMIN, Role.MANAGER}:
        raise PermissionDenied
    response = render(request, "pages/job.html#progress", {"job": job})
    if job.is_over:
        response.headers["HX-Trigger"] = "job-done"
    return response


@require_POST
@member(Role.ADMIN, of=Job)
def job_retry(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """Ask again for a job that did not get through."""
    job = get_object_or_404(Job.objects.select_related("tenant"), pk=job_id)
    if not _can_retry(request, job):
        messages.error(request, "This job cannot be run again: it is under way, or it got through.")
        return redirect("job", job_id=job.pk)
    now = timezone.now()
    again = jobs.retry(job, actor=request.user, now=now)
    audit.record("job.retried", again, actor=request.user, at=now)
    messages.success(request, "The job waits for its turn again.")
    return redirect("job", job_id=again.pk)


def _can_retry(request: PortalRequest, job: Job) -> bool:
    failed = job.state in (JobState.FAILED, JobState.PARTIAL, JobState.QUARANTINED)
    return failed and Role.ADMIN in request.membership.roles
