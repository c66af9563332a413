"""Outcomes: what became of accounts, read from a file that is shown before anything is stored."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import outcome_files, outcome_forms
from accounts.models import Outcome, OutcomeImport
from accounts.outcome_forms import OutcomeFileForm, OutcomeTextForm
from accounts.selectors import outcomes as selector
from accounts.services import outcomes as service
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member

TEMPLATE = "accounts/outcomes.html"


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def outcomes(request: PortalRequest) -> HttpResponse:
    """Show what is known of renewals and losses, and the form that takes a file."""
    return _shown(request, OutcomeFileForm())


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def outcomes_preview(request: PortalRequest) -> HttpResponse:
    """Show what a file holds; nothing is stored."""
    form = OutcomeFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _again(request, form)
    file = form.cleaned_data["file"]
    content = file.read()
    try:
        preview = selector.read(content, today=timezone.localdate(timezone=request.tenant.zone))
    except outcome_files.Unreadable as wrong:
        form.add_error("file", str(wrong))
        return _again(request, form)
    context: dict[str, Any] = {
        "preview": preview,
        "file_name": file.name,
        "keep": outcome_forms.shown(content, file.name or ""),
    }
    return _shown(request, OutcomeFileForm(), **context)


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def outcomes_import(request: PortalRequest) -> HttpResponse:
    """Store the outcomes of the file that was shown."""
    form = OutcomeTextForm(request.POST)
    fresh = OutcomeFileForm()
    if not form.is_valid():
        messages.error(request, "The file did not arrive. Choose it again.")
        return _again(request, fresh)
    try:
        taken = service.take_in(
            form.content(),
            file_name=form.cleaned_data["file_name"],
            actor=request.user,
            today=timezone.localdate(timezone=request.tenant.zone),
            now=timezone.now(),
        )
    except (outcome_files.Unreadable, service.NothingUsable) as wrong:
        messages.error(request, str(wrong))
        return _again(request, fresh)
    messages.success(
        request,
        f"{taken.created} new, {taken.updated} changed, {taken.unchanged} known already"
        + (f"; {_rows(taken.left_out)} left out." if taken.left_out else ".")
        + " Run the backtest to see what the scores had said.",
    )
    return redirect("outcomes")


@require_POST
@member(Role.ADMIN, Role.MANAGER, of=OutcomeImport)
def outcomes_undo(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Take a file back that somebody took in."""
    # What a sync read would come again with the next one: it is corrected in Notion.
    source = get_object_or_404(OutcomeImport, pk=import_id, imported_by__isnull=False)
    try:
        done = service.undo(source, actor=request.user, now=timezone.now())
    except service.AlreadyUndone as wrong:
        messages.error(request, str(wrong))
        return redirect("outcomes")
    told = f"{source.file_name} is taken back. Removed: {done.removed}; as before: {done.restored}."
    if done.left:
        told += f" Changed or removed since, and left alone: {done.left}."
    messages.success(request, told)
    return redirect("outcomes")


@require_POST
@member(Role.ADMIN, of=Outcome)
def outcome_remove(request: PortalRequest, outcome_id: UUID) -> HttpResponse:
    """Remove an outcome that was told by mistake."""
    outcome = get_object_or_404(Outcome.objects.select_related("account"), pk=outcome_id)
    name = outcome.account.name
    service.forget(outcome, actor=request.user, now=timezone.now())
    messages.success(request, f"What was told of {name} is removed.")
    return redirect("outcomes")


def _rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count} rows were"


def _again(request: PortalRequest, form: OutcomeFileForm) -> HttpResponse:
    return _shown(request, form, status=422)


def _shown(request: PortalRequest, form: OutcomeFileForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"page": selector.page(), "form": form, "is_admin": Role.ADMIN in request.membership.roles}
    return render(request, TEMPLATE, {**context, **more}, status=status)
