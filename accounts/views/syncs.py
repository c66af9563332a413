"""Sync runs: what each read, what it could not, and a button for one more."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Answer, SyncRun
from accounts.selectors import syncs
from accounts.services import absences
from accounts.sync_forms import AnswerForm
from csm_portal import wiring
from csm_portal.core import audit, jobs, keyset
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member
from csm_portal.ports.errors import PortError


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def sync_runs(request: PortalRequest) -> HttpResponse:
    """List the runs, newest first. While one is at work the list asks for itself again."""
    try:
        page = syncs.runs(mark=request.GET.get("cursor", ""), now=timezone.now())
    except keyset.UnknownPlace:
        return redirect("sync-runs")
    template = "accounts/sync_runs.html" + ("#sync-runs" if is_partial(request) else "")
    # Whoever watched a sync end is told so, and nobody else.
    has_ended = "watching" in request.GET and not page.is_busy
    context = {
        "page": page,
        "has_ended": has_ended,
        "is_connected": _refusal() == "",
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return render(request, template, context)


@require_safe
@member(Role.ADMIN, Role.MANAGER, of=SyncRun)
def sync_run(request: PortalRequest, run_id: UUID) -> HttpResponse:
    """Show one run: its figures, its problems, and the values of accounts that could not be read."""
    run = get_object_or_404(SyncRun.objects.select_related("job__requested_by", "answered_by"), pk=run_id)
    try:
        page = syncs.run_page(run, mark=request.GET.get("cursor", ""), now=timezone.now())
    except keyset.UnknownPlace as error:
        raise Http404 from error
    is_watching = is_partial(request) and "watching" in request.GET
    part = "#run-figures" if is_watching else "#unreadable"
    template = "accounts/sync_run.html" + (part if is_partial(request) else "")
    answer = render(
        request, template, {"page": page, "run": run, "can_set_up": Role.ADMIN in request.membership.roles}
    )
    if is_watching and not page.is_busy:
        # What the run came to changes the whole page, not its figures alone.
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@member(Role.ADMIN, Role.MANAGER, of=SyncRun)
def sync_answer(request: PortalRequest, run_id: UUID) -> HttpResponse:
    """Take what a person says about accounts that a run did not see: remove those that are gone, or keep them."""
    run = get_object_or_404(SyncRun, pk=run_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["answer"][0]))
        return redirect("sync-run", run.pk)
    said = Answer(form.cleaned_data["answer"])
    try:
        count = absences.answer(run, said, actor=request.user, now=timezone.now())
    except absences.AlreadyAnswered as error:
        messages.error(request, str(error))
        return redirect("sync-run", run.pk)
    if said == Answer.REMOVE:
        messages.success(
            request,
            f"The portal now asks Notion for each of the {count:,} accounts and removes those that are gone.",
        )
    else:
        messages.success(request, f"{count:,} accounts stay as they were last known.")
    return redirect("sync-run", run.pk)


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def sync_now(request: PortalRequest) -> HttpResponse:
    """Ask for a sync; while one is asked for or at work, that one is shown."""
    if refusal := _refusal():
        messages.error(request, refusal)
        return redirect("sync-runs")
    now = timezone.now()
    with transaction.atomic():
        job = jobs.enqueue(
            "accounts.tasks.sync_accounts",
            tenant=request.tenant,
            title="Sync accounts from Notion",
            now=now,
            requested_by=request.user,
            key=syncs.SYNC_KEY,
        )
        audit.record("sync.requested", job, actor=request.user, at=now)
    return redirect("sync-runs")


def _refusal() -> str:
    try:
        wiring.workspace_config()
    except PortError as error:
        return str(error)
    return ""
