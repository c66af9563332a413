"""The portfolio: every account that a member looks after, the worst first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.portfolio_forms import PortfolioFilterForm
from accounts.selectors import portfolio as selector
from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio import PortfolioPage
from accounts.selectors.portfolio_filters import NONE, Filters, Scope
from csm_portal.core.models import Membership, Role
from csm_portal.http import PortalRequest, is_partial, member


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One choice of a list: its address, and whether it is the one in force."""

    label: str
    url: str
    is_current: bool = False
    count: int | None = None


@require_safe
@member()
def portfolio(request: PortalRequest) -> HttpResponse:
    """Show the accounts that the address asks for; htmx gets the table alone."""
    query = without_empty(request.GET)
    # The tags that write links keep what the address holds: an empty field of the form is nothing to keep.
    request.GET = cast(Any, query)
    filters, notes = portfolio_filters.read(_values(query), default_scope=usual_scope(request.membership))
    partial = is_partial(request)
    page = selector.page(
        request.membership,
        filters=filters,
        sort=query.get("sort", selector.DEFAULT_SORT),
        mark=query.get("cursor", ""),
        today=timezone.localdate(timezone=request.tenant.zone),
        with_choices=not partial,
    )
    context = {
        "page": page,
        "notes": (*notes, *page.notes),
        "scopes": scopes(query, filters, request.membership),
        "tiles": _tiles(query, page),
        "chips": _chips(query, filters, page),
        "clear_url": address(query, keep=("scope", "sort")),
        "reads_accounts": reads_accounts(request.membership),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    if page.choices is not None:
        context["form"] = PortfolioFilterForm(filters, page.choices, scope=query.get("scope", ""))
    template = "accounts/portfolio.html" + ("#account-table" if partial else "")
    response = render(request, template, context)
    if partial:
        response.headers["HX-Push-Url"] = address(query)
    return response


def without_empty(given: QueryDict) -> QueryDict:
    """Return the parameters that say something, each once."""
    query = QueryDict(mutable=True)
    for name, value in given.items():
        if isinstance(value, str) and value.strip():
            query[name] = value
    return query


def _values(query: QueryDict) -> dict[str, str]:
    return {name: str(value) for name, value in query.items()}


def usual_scope(membership: Membership) -> Scope:
    """Return whose accounts a member sees first: a CSM their own, everybody else the tenant's."""
    is_csm_alone = Role.CSM in membership.roles and Role.MANAGER not in membership.roles
    return Scope.MINE if is_csm_alone else Scope.ALL


def reads_accounts(membership: Membership) -> bool:
    """Whether the member reads the book of business at all; sales people do not (SPEC 10.1)."""
    return not membership.roles <= {Role.SALES}


def scopes(query: QueryDict, filters: Filters, membership: Membership) -> tuple[Link, ...]:
    """Return the switch between one's own accounts and everybody's, for whoever can own some."""
    if not membership.roles & {Role.CSM, Role.MANAGER}:
        return ()
    usual = usual_scope(membership)
    labels = {Scope.MINE: "My accounts", Scope.ALL: "All accounts"}
    return tuple(
        Link(
            label=label,
            url=address(query, {"scope": "" if scope is usual else scope, "owner": ""}, leave=("cursor",)),
            is_current=filters.scope is scope,
        )
        for scope, label in labels.items()
    )


def address(
    query: QueryDict,
    changes: Mapping[str, str] | None = None,
    *,
    keep: tuple[str, ...] | None = None,
    leave: tuple[str, ...] = (),
) -> str:
    """Return the address of this page with some parameters changed; an empty value leaves one out."""
    changed = query.copy()
    for name in list(changed):
        if name in leave or (keep is not None and name not in keep):
            del changed[name]
    for name, value in (changes or {}).items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"?{changed.urlencode()}"


def _tiles(query: QueryDict, page: PortfolioPage) -> list[dict[str, Any]]:
    """Return a tile for each band: a link that narrows the list to it, or lifts that again."""
    return [
        {
            "band": "" if figures.band == NONE else figures.band,
            "label": figures.label,
            "count": figures.count,
            "arr": figures.arr,
            "is_current": page.filters.band == figures.band,
            "url": address(
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
        {"label": label, "url": address(query, {name: ""}, leave=("cursor",))}
        for name, label in said.items()
        if label
    ]


def _owner(filters: Filters, page: PortfolioPage) -> str:
    if filters.scope is Scope.MINE or not filters.owner:
        return ""
    if filters.owner == NONE:
        return "No matching user"
    return f"Owner: {page.rows[0].owner}" if page.rows else "One owner"
