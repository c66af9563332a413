"""Adoption coaching across the book: the plans, and where one could begin (SPEC 4.4)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import spreadsheets
from accounts.models import PlanState
from accounts.selectors import coaching_book as selector
from accounts.selectors.coaching_book import Candidate, PlanRow
from accounts.views import downloads, scopes
from csm_portal.http import PortalRequest, member


@require_safe
@member()
def coaching_plans(request: PortalRequest) -> HttpResponse:
    """Show the plans of the book of business, the nearest day first."""
    asked = scopes.read(request, "scope")
    today = timezone.localdate(timezone=request.tenant.zone)
    page: selector.PlansPage | selector.CandidatesPage
    if asked.value("state") == selector.WITHOUT:
        most = {"size": spreadsheets.MOST} if asked.wants_file else {}
        page = selector.candidates(request.membership, filters=asked.filters, today=today, **most)
        if asked.wants_file:
            return downloads.answer(request, "coaching-where", _WHERE_HEADER, map(_where_cells, page.rows))
    else:
        page = selector.plans(
            request.membership,
            filters=asked.filters,
            state=asked.value("state"),
            today=today,
            size=asked.size(selector.MOST),
        )
        if asked.wants_file:
            return downloads.answer(request, "coaching", _PLAN_HEADER, map(_plan_cells, page.rows))
    context = {
        "page": page,
        "notes": asked.notes,
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "tabs": [
            scopes.Link(
                label=label,
                url=scopes.address(asked.query, {"state": "" if state == PlanState.OPEN else state}),
                is_current=state == page.state,
                count=page.counts.get(state) or None,
            )
            for state, label in {**selector.STATES, selector.WITHOUT: "Where to begin"}.items()
        ],
        "reads_accounts": scopes.reads_accounts(request.membership),
    }
    return render(request, "accounts/coaching_plans.html", context)


_PLAN_HEADER = (
    "Account", "Segment", "Owner", "State", "Steps done", "Steps", "Late", "Next by", "Made on", "Closed on", "Closed because",
)  # fmt: skip
_WHERE_HEADER = (
    "Account", "Segment", "Owner", "Feature adoption", "Licensed and not used", "Band", "ARR", "Currency", "Renewal",
)  # fmt: skip


def _plan_cells(row: PlanRow) -> tuple[Any, ...]:
    closed_on = timezone.localtime(row.closed_at).date() if row.closed_at else None
    return (
        row.account, row.segment, row.owner, row.label, row.done, row.steps, row.late, row.next_on,
        timezone.localtime(row.created_at).date(), closed_on, row.closed_because,
    )  # fmt: skip


def _where_cells(row: Candidate) -> tuple[Any, ...]:
    return (
        row.account, row.segment, row.owner, row.adoption, ", ".join(row.idle), row.band, row.arr, row.currency,
        row.renewal_on,
    )  # fmt: skip
