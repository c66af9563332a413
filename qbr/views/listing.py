"""The list of reviews, and the button that begins one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import spreadsheets
from accounts.models import Account
from accounts.views import downloads
from csm_portal.core.models import Membership, Role
from csm_portal.http import PortalRequest, is_partial, member
from qbr import quarters
from qbr.forms import DraftForm, ReviewFilterForm
from qbr.models import Origin
from qbr.selectors import listing
from qbr.selectors.listing import Filters, ListPage, ListRow, Scope
from qbr.services import drafting


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One choice of the list: its address, and whether it is the one in force."""

    label: str
    url: str
    is_current: bool = False
    count: int | None = None


@require_safe
@member()
def qbr_list(request: PortalRequest) -> HttpResponse:
    """Show the reviews that the address asks for, what waits for the reader first."""
    query = QueryDict(mutable=True)
    for name, value in request.GET.items():
        if isinstance(value, str) and value.strip():
            query[name] = value
    request.GET = cast(Any, query)
    wants_file = downloads.asked_for(query)
    filters, notes = listing.read_filters({name: str(query[name]) for name in query})
    page = listing.page(
        request.membership,
        filters=filters,
        mark="" if wants_file else query.get("cursor", ""),
        size=spreadsheets.MOST if wants_file else listing.PAGE_SIZE,
        today=timezone.localdate(timezone=request.tenant.zone),
    )
    if wants_file:
        return downloads.answer(request, "qbrs", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "notes": (*notes, *page.notes),
        "form": ReviewFilterForm(filters, page.quarters),
        "scopes": _scopes(query, filters, page, request.membership),
        "chips": _chips(query, filters),
        "clear_url": _address(query, keep=("scope",)),
        "summary": _summary(page),
        "sees_board": bool(request.membership.roles & {Role.MANAGER, Role.ADMIN}),
        "reads_reviews": not request.membership.roles <= {Role.SALES},
    }
    partial = is_partial(request)
    response = render(request, "qbr/list.html" + ("#review-table" if partial else ""), context)
    if partial:
        response.headers["HX-Push-Url"] = _address(query)
    return response


_HEADER = (
    "Account",
    "Quarter",
    "State",
    "Who has it next",
    "Waits for you",
    "Something went wrong",
    "Changed",
)


def _cells(row: ListRow) -> tuple[Any, ...]:
    return (
        row.account, row.quarter, listing.STATES[row.state], row.next_is, row.is_waiting, row.has_trouble,
        row.updated_at,
    )  # fmt: skip


@require_POST
@member(Role.CSM, Role.MANAGER, of=Account)
def begin(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Begin the review of an account's quarter, or show the one that there is."""
    account = get_object_or_404(
        Account.objects.visible_to(request.membership).select_related("tenant"), pk=account_id
    )
    now = timezone.now()
    form = DraftForm(request.POST, today=now.astimezone(request.tenant.zone).date())
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("account", account_id=account.pk)
    quarter: quarters.Quarter = form.cleaned_data["quarter"]
    try:
        qbr = drafting.begin(
            account,
            quarter=quarter,
            actor=request.user,
            origin=Origin.ON_DEMAND,
            now=now,
            mode=form.cleaned_data["mode"],
        )
    except drafting.NothingToReview as error:
        messages.error(request, str(error))
        return redirect("account", account_id=account.pk)
    if qbr.created_at != now:
        messages.info(request, f"{account.name} has a review of {quarter.label} already. This is it.")
    return redirect("qbr", qbr_id=qbr.pk)


def _scopes(query: QueryDict, filters: Filters, page: ListPage, membership: Membership) -> tuple[Link, ...]:
    scopes: list[tuple[Scope, str, int | None]] = [(Scope.ALL, "All reviews", None)]
    if membership.roles & {Role.CSM, Role.MANAGER}:
        scopes.append((Scope.WAITING, "Waiting for you", page.waiting))
    if Role.CSM in membership.roles:
        scopes.append((Scope.MINE, "Your accounts", page.mine))
    if len(scopes) == 1:
        return ()
    return tuple(
        Link(
            label=label,
            url=_address(query, {"scope": "" if scope is Scope.ALL else scope.value}),
            is_current=filters.scope is scope,
            count=count,
        )
        for scope, label, count in scopes
    )


def _chips(query: QueryDict, filters: Filters) -> list[dict[str, str]]:
    said = {
        "q": f"“{' '.join(filters.words)}”" if filters.words else "",
        "state": listing.STATES.get(filters.state, ""),
        "quarter": quarters.quarter_of(filters.quarter).label if filters.quarter else "",
    }
    return [{"label": label, "url": _address(query, {name: ""})} for name, label in said.items() if label]


def _summary(page: ListPage) -> str:
    count = f"{page.matching:,} review{'' if page.matching == 1 else 's'}"
    return f"{count}, what waits for you first"


def _address(
    query: QueryDict, changes: Mapping[str, str] | None = None, *, keep: tuple[str, ...] | None = None
) -> str:
    """Return the address of the list with some parameters changed; a change begins on the first page."""
    changed = query.copy()
    for name in list(changed):
        if (keep is not None and name not in keep) or (changes and name == "cursor"):
            del changed[name]
    for name, value in (changes or {}).items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"?{changed.urlencode()}"
