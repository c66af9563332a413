"""The churn risk: who may leave, why, and until when something can be done."""

from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import spreadsheets
from accounts.portfolio_forms import RiskFilterForm
from accounts.selectors import churn_risk as selector
from accounts.selectors import portfolio_filters
from accounts.selectors.churn_risk import RiskPage, RiskRow
from accounts.views import downloads, scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member

# The filters of the address that mean something here: the portfolio has more.
_READ = ("scope", "q", "owner")


@require_safe
@member()
def churn_risk(request: PortalRequest) -> HttpResponse:
    """Show the accounts at risk that the address asks for; htmx gets the table alone."""
    query = scopes.without_empty(request.GET)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    given = scopes.values(query)
    filters, notes = portfolio_filters.read(
        {name: given[name] for name in _READ if name in given},
        default_scope=scopes.usual(request.membership),
    )
    page = selector.page(
        request.membership,
        filters=filters,
        level=given.get("level", ""),
        mark="" if wants_file else given.get("cursor", ""),
        today=timezone.localdate(timezone=request.tenant.zone),
        size=spreadsheets.MOST if wants_file else selector.PAGE_SIZE,
    )
    if wants_file:
        return downloads.answer(request, "churn-risk", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "notes": (*notes, *page.notes),
        "form": RiskFilterForm(filters, page.owners, level=page.level, scope=given.get("scope", "")),
        "scopes": scopes.links(query, filters.scope, request.membership),
        "tiles": _tiles(query, page),
        "clear_url": scopes.address(query, keep=("scope",)),
        "reads_accounts": scopes.reads_accounts(request.membership),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    partial = is_partial(request)
    response = render(request, "accounts/churn_risk.html" + ("#risk-table" if partial else ""), context)
    if partial:
        response.headers["HX-Push-Url"] = scopes.address(query)
    return response


_HEADER = (
    "Account", "Segment", "Owner", "Risk", "Called by", "Why", "Until", "Date is", "Band", "Score", "ARR", "Currency",
)  # fmt: skip


def _cells(row: RiskRow) -> tuple[Any, ...]:
    why = " ".join(fact.sentence for fact in row.facts)
    return (
        row.name, row.segment, row.owner, row.level, row.trigger, why, row.until, row.until_is, row.band, row.score,
        row.arr, row.currency,
    )  # fmt: skip


def _tiles(query: QueryDict, page: RiskPage) -> list[dict[str, Any]]:
    """Return a tile for each level: a link that narrows the list to it, or lifts that again."""
    return [
        {
            "level": figures.level,
            "count": figures.count,
            "arr": figures.arr,
            "is_current": page.level == figures.level,
            "url": scopes.address(
                query,
                {"level": "" if page.level == figures.level else figures.level},
                leave=("cursor",),
            ),
        }
        for figures in page.figures
    ]
