"""The movers: whose score went up or down, since when, and why."""

from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import spreadsheets
from accounts.selectors import movers as selector
from accounts.selectors import portfolio_filters
from accounts.selectors.movers import Mover
from accounts.views import downloads, scopes
from accounts.views.scopes import Link
from csm_portal.http import PortalRequest, member


@require_safe
@member()
def movers(request: PortalRequest) -> HttpResponse:
    """Show the largest moves of the book that the address asks for."""
    query = scopes.without_empty(request.GET)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    given = scopes.values(query)
    filters, notes = portfolio_filters.read(
        {name: given[name] for name in ("scope",) if name in given},
        default_scope=scopes.usual(request.membership),
    )
    page = selector.page(
        request.membership,
        filters=filters,
        span=given.get("since", ""),
        least=given.get("least", ""),
        today=timezone.localdate(timezone=request.tenant.zone),
        size=spreadsheets.MOST if wants_file else selector.A_DIRECTION,
    )
    if wants_file:
        return downloads.answer(request, "movers", _HEADER, map(_cells, (*page.falls, *page.gains)))
    context = {
        "page": page,
        "notes": notes,
        "groups": [("Down", page.falls), ("Up", page.gains)],
        "scopes": scopes.links(query, filters.scope, request.membership),
        "spans": _links(query, "since", selector.SPANS, page.span),
        "leasts": _links(query, "least", selector.LEAST, page.least),
        "reads_accounts": scopes.reads_accounts(request.membership),
    }
    return render(request, "accounts/movers.html", context)


_HEADER = (
    "Account", "Owner", "Moved", "Score", "Score before", "Since", "Band", "Band before", "Last known", "Why", "ARR",
    "Currency",
)  # fmt: skip


def _cells(row: Mover) -> tuple[Any, ...]:
    why = "; ".join(f"{one.label}: {one.before} → {one.after} ({one.points:+d})" for one in row.causes)
    return (
        row.name, row.owner, row.points, row.score, row.earlier_score, row.since, row.band, row.earlier_band,
        row.is_last_known, why, row.arr, row.currency,
    )  # fmt: skip


def _links(query: QueryDict, name: str, choices: Mapping[str, tuple[str, int]], present: str) -> list[Link]:
    return [
        Link(label=label, url=scopes.address(query, {name: key}), is_current=key == present)
        for key, (label, _) in choices.items()
    ]
