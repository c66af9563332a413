"""The backtest: what past scores were worth, and a policy calibrated on the tenant's own history."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.scoring import backtest as figures
from accounts.selectors import backtest as selector
from accounts.views import scopes
from accounts.views.scopes import Link
from csm_portal.core import audit, jobs
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def backtest(request: PortalRequest) -> HttpResponse:
    """Show the latest report, and what a calibration proposes."""
    query = scopes.without_empty(request.GET)
    page = selector.page(view=query.get("by", ""), days=query.get("days", ""))
    context = {
        "page": page,
        "views": [
            Link(label=label, url=scopes.address(query, {"by": key}), is_current=key == page.view)
            for key, (_, label) in selector.VIEWS.items()
        ],
        "horizons": [
            Link(
                label=f"{days} days before",
                url=scopes.address(query, {"days": "" if days == selector.USUAL_HORIZON else str(days)}),
                is_current=days == page.days,
            )
            for days in figures.HORIZONS
        ],
        "least_events": figures.LEAST_EVENTS,
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return render(request, "accounts/backtest.html", context)


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def backtest_run(request: PortalRequest) -> HttpResponse:
    """Replay every decided renewal, in the background."""
    return _ask(
        request,
        "accounts.history_tasks.backtest",
        key="backtest",
        title="Backtest",
        verb="backtest.requested",
    )


@require_POST
@member(Role.ADMIN)
def calibrate(request: PortalRequest) -> HttpResponse:
    """Fit a policy to the tenant's own history, in the background; it comes out as a draft."""
    return _ask(
        request,
        "accounts.history_tasks.calibrate",
        key="calibrate",
        title="Calibrate the score",
        verb="calibration.requested",
    )


def _ask(request: PortalRequest, task: str, *, key: str, title: str, verb: str) -> HttpResponse:
    now = timezone.now()
    with transaction.atomic():
        job = jobs.enqueue(
            task, tenant=request.tenant, title=title, now=now, requested_by=request.user, key=key
        )
        audit.record(verb, job, actor=request.user, at=now)
    return redirect("backtest")
