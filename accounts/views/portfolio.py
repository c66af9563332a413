"""The portfolio: every account that a member looks after, the worst first."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.portfolio_forms import PortfolioFilterForm
from accounts.selectors import portfolio as selector
from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio import PortfolioPage, PortfolioRow
from accounts.selectors.portfolio_filters import NONE, Filters, Scope
from accounts.views import downloads, scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member


@require_safe
@member()
def portfolio(request: PortalRequest) -> HttpResponse:
    """Show the accounts that the address asks for; htmx gets the table alone."""
    asked = scopes.read(request)
    page = selector.page(
        request.membership,
        filters=asked.filters,
        sort=asked.value("sort") or selector.DEFAULT_SORT,
        mark=asked.mark,
        today=timezone.localdate(timezone=request.tenant.zone),
        with_choices=not is_partial(request) and not asked.wants_file,
        size=asked.size(selector.PAGE_SIZE),
    )
    if asked.wants_file:
        return downloads.answer(request, "accounts", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "notes": (*asked.notes, *page.notes),
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "tiles": _tiles(asked.query, page),
        "chips": _chips(asked.query, asked.filters, page),
        "clear_url": scopes.address(asked.query, keep=("scope", "sort")),
        "reads_accounts": scopes.reads_accounts(request.membership),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    if page.choices is not None:
        context["form"] = PortfolioFilterForm(asked.filters, page.choices, scope=asked.value("scope"))
    return scopes.shown(request, asked, "accounts/portfolio.html", "account-table", context)


_HEADER = (
    "Account", "Segment", "Stage", "Owner", "Band", "Last known", "A person says", "Score", "Change", "What costs most", "Renewal", "ARR",
    "Currency", "Left on",
)  # fmt: skip


def _cells(row: PortfolioRow) -> tuple[Any, ...]:
    drivers = "; ".join(f"{driver['label']} {-driver['points']}" for driver in row.drivers)
    return (
        row.name, row.segment, row.stage, row.owner, row.band, row.is_last_known, row.word, row.score, row.change, drivers,
        row.renewal_on, row.arr, row.currency, row.left_on,
    )  # fmt: skip


def _tiles(query: QueryDict, page: PortfolioPage) -> list[dict[str, Any]]:
    """Return a tile for each band: a link that narrows the list to it, or lifts that again."""
    return [
        {
            "band": "" if figures.band == NONE else figures.band,
            "label": figures.label,
            "count": figures.count,
            "arr": figures.arr,
            "is_current": page.filters.band == figures.band,
            "url": scopes.address(
                query,
                {"band": "" if page.filters.band == figures.band else figures.band},
                leave=("cursor",),
            ),
        }
        for figures in page.figures
    ]


def _chips(query: QueryDict, filters: Filters, page: PortfolioPage) -> list[dict[str, str]]:
    """Return the filters in force, each with the address without it."""
    said = {
        "q": f"“{' '.join(filters.words)}”" if filters.words else "",
        "band": portfolio_filters.BANDS.get(filters.band, ""),
        "owner": _owner(filters, page),
        "segment": filters.segment,
        "stage": filters.stage,
        "renewal": f"Renewal: {portfolio_filters.RENEWALS[filters.renewal].lower()}"
        if filters.renewal
        else "",
        "gaps": "Data missing or lost" if filters.only_gaps else "",
    }
    return [
        {"label": label, "url": scopes.address(query, {name: ""}, leave=("cursor",))}
        for name, label in said.items()
        if label
    ]


def _owner(filters: Filters, page: PortfolioPage) -> str:
    if filters.scope is Scope.MINE or not filters.owner:
        return ""
    if filters.owner == NONE:
        return "No matching user"
    return f"Owner: {page.rows[0].owner}" if page.rows else "One owner"
