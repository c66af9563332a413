"""The thresholds page: an admin changes, tries and drafts the policy, a manager reads it; the help page explains it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import PolicyDraft, PolicyVersion
from accounts.scoring import churn, curves
from accounts.scoring.segments import STANDARD, NoSuchSegment, PolicyBook
from accounts.selectors import policy_trial, policy_trial_account
from accounts.selectors import thresholds as selector
from accounts.selectors.thresholds import InForce, Start
from accounts.services import policies
from accounts.threshold_forms import ThresholdsForm
from accounts.views import policy_inputs
from csm_portal.core import audit, jobs
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member

TEMPLATE = "accounts/thresholds.html"
TRIAL = "accounts/policy_trial.html"


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN, Role.MANAGER)
def thresholds(request: PortalRequest) -> HttpResponse:
    """Show the policy in force with its segments, drafts and history; a POST by an admin makes a new version."""
    may_edit = Role.ADMIN in request.membership.roles
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        return _save(request)
    force = selector.in_force()
    start = _start(
        force, version=policy_inputs.whole(request.GET.get("version")), draft=request.GET.get("draft")
    )
    segment = request.GET.get("segment", STANDARD)
    try:
        settings = start.book.policy(segment).to_mapping()
        page = selector.page(
            force,
            segment=STANDARD if may_edit else segment,
            before=policy_inputs.whole(request.GET.get("before")),
        )
    except NoSuchSegment as error:
        raise Http404(str(error)) from error
    context: dict[str, Any] = {"page": page, "tabs": _tabs(start, segment), "segment": segment}
    if may_edit:
        form = ThresholdsForm(
            initial={**settings, **_begun(force, start, segment)},
            book=start.book,
            segment=segment,
            in_force=force.book,
        )
        context |= {
            "form": form,
            "restoring": start.version,
            "draft": start.draft,
            "lost_segments": selector.lost_segments(force, start),
            "start_differs": bool(start.query),
        }
    return render(request, TEMPLATE, context)


def _start(force: InForce, *, version: int | None, draft: str | None) -> Start:
    try:
        return selector.start(force, version=version, draft=None if not draft else UUID(draft))
    except (LookupError, ValueError) as error:
        raise Http404(str(error)) from error


def _begun(force: InForce, start: Start, segment: str) -> dict[str, Any]:
    """Return what the form holds beside the settings."""
    begun: dict[str, Any] = {"expected_number": force.number, "segment": segment}
    if start.version is not None:
        begun |= {"restores": start.version.number, "reason": f"Back to version {start.version.number}: "}
    if start.draft is not None:
        begun |= {
            "draft": start.draft.pk,
            "draft_name": start.draft.name,
            "reason": start.draft.reason,
        }
    return begun


def _tabs(start: Start, segment: str) -> list[dict[str, Any]]:
    """Return the switch between the standard and the segments; none where there are no segments."""
    if not start.book.segments:
        return []
    names = [(STANDARD, "Standard"), *((one.name, one.name) for one in start.book.segments)]
    return [
        {
            "label": label,
            "url": "?" + "&".join(filter(None, (start.query, urlencode({"segment": name}) if name else ""))),
            "is_current": name == segment,
        }
        for name, label in names
    ]


def _sent(request: PortalRequest, force: InForce, data: Any = None) -> tuple[ThresholdsForm, Start]:
    """Return the form as it was sent, on what it began with. Raises 404 where that is there no longer."""
    posted = request.POST if data is None else data
    segment = posted.get("segment", STANDARD)
    start = _start(
        force, version=policy_inputs.whole(posted.get("restores") or None), draft=posted.get("draft")
    )
    try:
        start.book.policy(segment)
    except NoSuchSegment as error:
        raise Http404(str(error)) from error
    return ThresholdsForm(posted, book=start.book, segment=segment, in_force=force.book), start


def _save(request: PortalRequest) -> HttpResponse:
    form, start = _sent(request, selector.in_force())
    if not form.is_valid():
        return _again(request, form, start, status=422)
    try:
        version = _put_in_force(request, form, start)
    except policies.Stale as stale:
        return _conflict(request, stale.newest)
    except policies.Unchanged as unchanged:
        form.add_error(None, str(unchanged))
        return _again(request, form, start, status=422)
    except policies.NoReason as no_reason:
        form.add_error("reason", str(no_reason))
        return _again(request, form, start, status=422)
    except policies.DraftGone as gone:
        form.add_error(None, str(gone))
        return _again(request, form, start, status=422)
    messages.success(request, f"Version {version.number} of the thresholds is in force.")
    return to_thresholds(request)


def to_thresholds(request: PortalRequest, query: str = "") -> HttpResponse:
    """Send the browser to the thresholds page, whether htmx asked or not."""
    url = reverse("thresholds") + (f"?{query}" if query else "")
    return HttpResponseClientRedirect(url) if is_partial(request) else redirect(url)


def _put_in_force(request: PortalRequest, form: ThresholdsForm, start: Start) -> PolicyVersion:
    given: dict[str, Any] = {
        "actor": request.user,
        "reason": form.cleaned_data["reason"],
        "now": timezone.now(),
        "expected_number": form.cleaned_data["expected_number"],
    }
    # Restoring a version and changing one figure of it is a change like any other.
    if start.version is not None and start.book == form.book():
        return policies.restore(start.version, **given)
    return policies.save_book(form.book(), draft=start.draft, **given)


def _conflict(request: PortalRequest, newest: PolicyVersion) -> HttpResponse:
    """Show what the person entered beside what somebody else saved meanwhile; sending it again decides."""
    data = request.POST.copy()
    data["expected_number"] = str(newest.number)
    form, start = _sent(request, InForce(number=newest.number, book=newest.book()), data)
    # What happened stands at the head of the form; who pressed the button at its foot must see it.
    response = _again(request, form, start, status=409, newest=newest)
    response.headers["HX-Reswap"] = "outerHTML show:top"
    return response


def _again(
    request: PortalRequest,
    form: ThresholdsForm,
    start: Start,
    *,
    status: int,
    newest: PolicyVersion | None = None,
    **more: Any,
) -> HttpResponse:
    if status != 200:
        form.focus_on_first_error()
    segment, force = str(form["segment"].value() or STANDARD), selector.in_force()
    context = {
        "form": form,
        "newest": newest,
        "page": selector.page(force),
        "tabs": _tabs(start, segment),
        "segment": segment,
        "restoring": start.version,
        "draft": start.draft,
        "lost_segments": selector.lost_segments(force, start),
        **more,
    }
    template = TEMPLATE + ("#thresholds-form" if is_partial(request) else "")
    return render(request, template, context, status=status)


@require_POST
@member(Role.ADMIN)
def thresholds_try(request: PortalRequest) -> HttpResponse:
    """Show what the settings in the form would do to the whole book, and to one account; nothing is saved."""
    force = selector.in_force()
    form, start = _sent(request, force)
    book = form.tried()
    context = trial_context(request, book)
    if is_partial(request):
        return render(request, TRIAL, context)
    if book is None:
        return _again(request, form, start, status=422, **context)
    # What is only missing for saving is no error yet.
    segment = str(form["segment"].value() or STANDARD)
    shown = ThresholdsForm(initial=request.POST.dict(), book=start.book, segment=segment, in_force=force.book)
    return _again(request, shown, start, status=200, **context)


def trial_context(request: PortalRequest, book: PolicyBook | None) -> dict[str, Any]:
    """Return what the trial of a book of policies shows; of None that it cannot be tried."""
    if book is None:
        return {"trial": None, "is_refused": True}
    return {
        "trial": policy_trial.try_out(book),
        "one": policy_trial_account.search(request.POST.get("account", ""), book, reader=request.membership),
    }


@require_POST
@member(Role.ADMIN)
def thresholds_draft(request: PortalRequest) -> HttpResponse:
    """Keep the settings in the form as a draft, a new one or the one that the form began with."""
    form, start = _sent(request, selector.in_force())
    if not form.has_settings():
        return _again(request, form, start, status=422)
    book = form.book()
    try:
        kept = policies.save_draft(
            book.standard.to_mapping(),
            segments=book.segments_mapping(),
            name=form["draft_name"].value() or "",
            reason=form["reason"].value() or "",
            actor=request.user,
            now=timezone.now(),
            draft=start.draft,
        )
    except (policies.NoName, policies.DraftGone) as refusal:
        form.errors.pop("reason", None)
        form.add_error("draft_name", str(refusal))
        return _again(request, form, start, status=422)
    messages.success(request, f"The draft “{kept.name}” is kept. It is not in force.")
    return to_thresholds(request, f"draft={kept.pk}")


@require_POST
@member(Role.ADMIN, of=PolicyDraft)
def draft_discard(request: PortalRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    draft = get_object_or_404(selector.open_drafts(), pk=draft_id)
    policies.discard_draft(draft, actor=request.user, now=timezone.now())
    messages.success(request, f"The draft “{draft.name}” is thrown away.")
    return redirect("thresholds")


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def score_now(request: PortalRequest) -> HttpResponse:
    """Score every account of the mirror under the policy in force, in the background."""
    now = timezone.now()
    with transaction.atomic():
        job = jobs.enqueue(
            "accounts.tasks.score_all",
            tenant=request.tenant,
            title="Score all accounts",
            now=now,
            requested_by=request.user,
            key="score_all",
        )
        audit.record("scan.requested", job, actor=request.user, at=now)
    return redirect("job", job_id=job.pk)


@require_safe
@member()
def signals_help(request: PortalRequest) -> HttpResponse:
    """Explain the score with the tenant's own figures, from the table that docs/signals.md is made from."""
    force = selector.in_force()
    segment = request.GET.get("segment", STANDARD)
    try:
        policy = force.book.policy(segment)
    except NoSuchSegment as error:
        raise Http404(str(error)) from error
    context = {
        "number": force.number,
        "policy": policy,
        "tabs": _tabs(Start(book=force.book), segment),
        "segments": force.book.segments,
        "segment": segment,
        "rows": curves.table(policy),
        "contracts": list(churn.Contract),
        "rules": [(behaviour, list(levels.items())) for behaviour, levels in churn.RULES.items()],
        "fall": churn.FALL_POINTS,
        "trend_days": churn.TREND_DAYS,
        "half_red": policy.renewal_days_red // 2,
    }
    return render(request, "accounts/signals_help.html", context)
