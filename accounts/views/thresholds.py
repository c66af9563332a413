"""The thresholds page: an admin changes the policy, a manager reads it; the help page explains it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import PolicyVersion
from accounts.scoring import churn, curves
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import policy_trial
from accounts.selectors import thresholds as selector
from accounts.services import policies
from accounts.threshold_forms import ThresholdsForm
from csm_portal.core import audit, jobs
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member

TEMPLATE = "accounts/thresholds.html"


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN, Role.MANAGER)
def thresholds(request: PortalRequest) -> HttpResponse:
    """Show the policy in force with its history; a POST by an admin makes a new version."""
    may_edit = Role.ADMIN in request.membership.roles
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        return _save(request)
    page = selector.page(before=_whole(request.GET.get("before")))
    context: dict[str, Any] = {"page": page}
    if may_edit:
        chosen = _whole(request.GET.get("version"))
        version = get_object_or_404(PolicyVersion, number=chosen) if chosen is not None else None
        context |= {"form": _fresh(page, version), "restoring": version}
    return render(request, TEMPLATE, context)


def _fresh(page: selector.ThresholdsPage, version: PolicyVersion | None) -> ThresholdsForm:
    values = {**page.values, **(version.values if version else {})}
    initial: dict[str, Any] = {**values, "expected_number": page.number}
    if version is not None:
        initial |= {"restores": version.number, "reason": f"Back to version {version.number}: "}
    return ThresholdsForm(initial=initial, in_force=page.values)


def _save(request: PortalRequest) -> HttpResponse:
    _, values = selector.in_force()
    form = ThresholdsForm(request.POST, in_force=values)
    if not form.is_valid():
        return _again(request, form, status=422)
    try:
        version = _put_in_force(request, form)
    except policies.Stale as stale:
        return _conflict(request, stale.newest)
    except policies.Unchanged as unchanged:
        form.add_error(None, str(unchanged))
        return _again(request, form, status=422)
    except policies.NoReason as no_reason:
        form.add_error("reason", str(no_reason))
        return _again(request, form, status=422)
    messages.success(request, f"Version {version.number} of the thresholds is in force.")
    url = reverse("thresholds")
    return HttpResponseClientRedirect(url) if is_partial(request) else redirect(url)


def _put_in_force(request: PortalRequest, form: ThresholdsForm) -> PolicyVersion:
    given: dict[str, Any] = {
        "actor": request.user,
        "reason": form.cleaned_data["reason"],
        "now": timezone.now(),
        "expected_number": form.cleaned_data["expected_number"],
    }
    restores = form.cleaned_data["restores"]
    version = PolicyVersion.objects.filter(number=restores).first() if restores else None
    # Restoring a version and changing one figure of it is a change like any other.
    if version is not None and HealthPolicy.from_mapping(version.values).to_mapping() == form.values():
        return policies.restore(version, **given)
    return policies.save(form.values(), **given)


def _conflict(request: PortalRequest, newest: PolicyVersion) -> HttpResponse:
    """Show what the person entered beside what somebody else saved meanwhile; sending it again decides."""
    data = request.POST.copy()
    data["expected_number"] = str(newest.number)
    form = ThresholdsForm(data, in_force={**HealthPolicy().to_mapping(), **newest.values})
    # What happened stands at the head of the form; who pressed the button at its foot must see it.
    response = _again(request, form, status=409, newest=newest)
    response.headers["HX-Reswap"] = "outerHTML show:top"
    return response


def _again(
    request: PortalRequest, form: ThresholdsForm, *, status: int, newest: PolicyVersion | None = None
) -> HttpResponse:
    form.focus_on_first_error()
    context = {"form": form, "newest": newest, "page": selector.page()}
    template = TEMPLATE + ("#thresholds-form" if is_partial(request) else "")
    return render(request, template, context, status=status)


@require_POST
@member(Role.ADMIN)
def thresholds_try(request: PortalRequest) -> HttpResponse:
    """Show what the settings in the form would do to the whole book; nothing is saved."""
    page = selector.page()
    form = ThresholdsForm(request.POST, in_force=page.values)
    policy = form.tried()
    context: dict[str, Any] = {
        "trial": None if policy is None else policy_trial.try_out(policy),
        "is_refused": policy is None,
    }
    if is_partial(request):
        return render(request, TEMPLATE + "#trial", context)
    # What is only missing for saving is no error yet.
    shown = form if policy is None else ThresholdsForm(initial=request.POST.dict(), in_force=page.values)
    return render(
        request, TEMPLATE, {**context, "form": shown, "page": page}, status=422 if policy is None else 200
    )


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
    number, values = selector.in_force()
    policy = HealthPolicy.from_mapping(values)
    context = {
        "number": number,
        "policy": policy,
        "rows": curves.table(policy),
        "sections": selector.sections(values),
        "contracts": list(churn.Contract),
        "rules": [(behaviour, list(levels.items())) for behaviour, levels in churn.RULES.items()],
        "fall": churn.FALL_POINTS,
        "trend_days": churn.TREND_DAYS,
        "half_red": policy.renewal_days_red // 2,
    }
    return render(request, "accounts/signals_help.html", context)


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Http404("There is no version of that number.")
    return int(text)
