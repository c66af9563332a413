"""Today: what a CSM does first, why that, and what else is due; a manager sees it for the whole team."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import SyncRun
from accounts.selectors import digests, portfolio_filters, worklist
from accounts.selectors.portfolio_filters import Scope
from accounts.views import alerts as alert_views
from accounts.views import scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member
from qbr.selectors import waiting


@require_safe
@member()
def today(request: PortalRequest) -> HttpResponse:
    """Show what is to be done today. Sales people have no alerts; they go to their own list."""
    if not scopes.reads_accounts(request.membership):
        return redirect("sales-inbox")
    undo = alert_views.undoable(request)
    query = scopes.without_empty(request.GET)
    query.pop("did", None)
    given = {name: value for name, value in scopes.values(query).items() if name == "scope"}
    filters, notes = portfolio_filters.read(given, default_scope=scopes.usual(request.membership))
    now = timezone.now()
    day = timezone.localdate(now, timezone=request.tenant.zone)
    reviews, reviews_waiting = waiting.rows(request.membership, today=day)
    can_have_digest = digests.can_have_one(request.membership)
    context = {
        "work": worklist.worklist(request.membership, scope=filters.scope, today=day, now=now),
        "is_team": filters.scope is Scope.ALL,
        "sees_team": bool(request.membership.roles & {Role.MANAGER, Role.ADMIN}),
        "reviews": reviews,
        "reviews_waiting": reviews_waiting,
        "digest": digests.choice(request.membership) if can_have_digest else None,
        "can_have_digest": can_have_digest,
        "read_at": _read_at(),
        "notes": notes,
        "undo": undo,
        "scopes": scopes.links(query, filters.scope, request.membership),
        "scope_query": "?scope=all" if filters.scope is Scope.ALL else "?scope=mine",
        "here": request.path + (scopes.address(query) if query else ""),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return render(request, "pages/today.html", context)


def _read_at() -> object:
    """Return when the workspace was last read to its end, or None."""
    runs = SyncRun.objects.exclude(finished_at=None).filter(pages_read__gt=0).order_by("-started_at")
    return runs.values_list("finished_at", flat=True).first()
