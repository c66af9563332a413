"""The schedule as an admin sees it: what runs when, how it last went, and a button to run it now."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from csm_portal import schedules
from csm_portal.core import audit
from csm_portal.core.models import Role, ScheduleSlot, Tenant
from csm_portal.http import PortalRequest, member

HISTORY = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    plan: schedules.Planned
    next_due: datetime
    last: ScheduleSlot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """The plan with the last and next run of each job, and the latest slots. One query."""

    rows: tuple[ScheduleRow, ...]
    slots: tuple[ScheduleSlot, ...]
    time_zone: str
    last_tick: datetime | None


def _page(tenant: Tenant, now: datetime) -> SchedulePage:
    slots = tuple(ScheduleSlot.objects.select_related("job").order_by("-due_at", "name", "pk")[:HISTORY])
    latest: dict[str, ScheduleSlot] = {}
    for slot in slots:
        latest.setdefault(slot.name, slot)
    rows = tuple(
        ScheduleRow(plan=plan, next_due=schedules.next_due(plan, tenant, now=now), last=latest.get(plan.name))
        for plan in schedules.PLAN
    )
    return SchedulePage(rows=rows, slots=slots, time_zone=tenant.time_zone, last_tick=schedules.last_tick())


@require_safe
@member(Role.ADMIN)
def schedule_page(request: PortalRequest) -> HttpResponse:
    """Show the schedule."""
    return render(request, "pages/schedule.html", {"page": _page(request.tenant, timezone.now())})


@require_POST
@member(Role.ADMIN)
def run_now(request: PortalRequest, name: str) -> HttpResponse:
    """Start a planned job at once, for today's local date; the planned run stays as it is."""
    try:
        plan = schedules.planned(name)
    except KeyError as error:
        raise Http404 from error
    now = timezone.now()
    with transaction.atomic():
        today = now.astimezone(request.tenant.zone).date()
        job = schedules.start(plan, request.tenant, day=today, now=now, requested_by=request.user)
        audit.record("schedule.run_now", job, actor=request.user, at=now, data={"schedule": plan.name})
    messages.success(request, f"{plan.title} waits for its turn.")
    return redirect("job", job_id=job.pk)
