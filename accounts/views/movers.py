"""The movers: whose score went up or down, since when, and why."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors import movers as selector
from accounts.selectors.movers import Mover
from accounts.views import downloads, scopes
from accounts.views.scopes import Link
from csm_portal.http import PortalRequest, member


@require_safe
@member()
def movers(request: PortalRequest) -> HttpResponse:
    """Show the largest moves of the book that the address asks for."""
    asked = scopes.read(request, "scope")
    page = selector.page(
        request.membership,
        filters=asked.filters,
        span=asked.value("since"),
        least=asked.value("least"),
        today=timezone.localdate(timezone=request.tenant.zone),
        size=asked.size(selector.A_DIRECTION),
    )
    if asked.wants_file:
        return downloads.answer(request, "movers", _HEADER, map(_cells, (*page.falls, *page.gains)))
    context = {
        "page": page,
        "notes": asked.notes,
        "groups": [("Down", page.falls), ("Up", page.gains)],
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "spans": _links(asked.query, "since", selector.SPANS, page.span),
        "leasts": _links(asked.query, "least", selector.LEAST, page.least),
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
