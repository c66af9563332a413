"""Renewals: the calendar, the ARR that comes up by month and band, and what was kept of a year ago's."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors import renewals as selector
from accounts.selectors.renewals import Renewal
from accounts.views import downloads, scopes
from csm_portal.http import PortalRequest, member


@require_safe
@member()
def renewals(request: PortalRequest) -> HttpResponse:
    """Show what comes up for renewal in the next twelve months."""
    asked = scopes.read(request, "scope")
    page = selector.page(
        request.membership,
        filters=asked.filters,
        month=asked.value("month"),
        today=timezone.localdate(timezone=request.tenant.zone),
    )
    if asked.wants_file:
        return downloads.answer(request, "renewals", _HEADER, map(_cells, page.contracts))
    context = {
        "page": page,
        "notes": asked.notes,
        "months": [
            (month, scopes.address(asked.query, {"month": month.key}) + "#contracts") for month in page.months
        ],
        "overdue_url": scopes.address(asked.query, {"month": "overdue"}) + "#contracts",
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "reads_accounts": scopes.reads_accounts(request.membership),
    }
    return render(request, "accounts/renewals.html", context)


_HEADER = ("Account", "Owner", "Decide by", "Date is", "Renewal", "Band", "Risk", "ARR", "Currency")


def _cells(row: Renewal) -> tuple[Any, ...]:
    date_is = "Notice" if row.is_notice else "Renewal"
    return (
        row.name, row.owner, row.decide_by, date_is, row.renewal_on, row.band, row.risk, row.arr, row.currency,
    )  # fmt: skip
