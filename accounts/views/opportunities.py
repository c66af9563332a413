"""Opportunities: the list, one of them, and what whoever looks after the account does with them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import policies
from accounts.models import Opportunity
from accounts.opportunity_forms import DismissForm, OpportunityFilterForm, VersionForm
from accounts.scoring import expansion
from accounts.scoring.expansion_states import OpportunityState, Step
from accounts.selectors import opportunities as selector
from accounts.selectors.opportunities import OpportunitiesPage, OpportunityRow
from accounts.services import handoffs, talk_tracks
from accounts.views import downloads, scopes
from accounts.views.scopes import Link
from csm_portal import wiring
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, came_from, member

READERS = (Role.CSM, Role.MANAGER, Role.ADMIN)


@require_safe
@member(*READERS)
def opportunities(request: PortalRequest) -> HttpResponse:
    """Show the opportunities that the address asks for; htmx gets the table alone."""
    asked = scopes.read(request, "scope", "q", "owner")
    page = selector.page(
        request.membership,
        filters=asked.filters,
        state=asked.value("state"),
        kind=asked.value("kind"),
        mark=asked.mark,
        size=asked.size(selector.PAGE_SIZE),
    )
    if asked.wants_file:
        return downloads.answer(request, "opportunities", HEADER, map(cells, page.rows))
    context = {
        "page": page,
        "notes": (*asked.notes, *page.notes),
        "form": OpportunityFilterForm(
            asked.filters, page.owners, kind=page.kind, state=page.state, scope=asked.value("scope")
        ),
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "tabs": tabs(asked.query, page, selector.TABS),
        "clear_url": scopes.address(asked.query, keep=("scope", "state")),
        "here": request.path + scopes.address(asked.query),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return scopes.shown(request, asked, "accounts/opportunities.html", "opportunity-table", context)


HEADER = (
    "Account", "Owner", "Type", "What", "Confidence", "Why", "Worth a year", "Currency", "How it is sized", "State", "Since",
    "By", "Note", "Won a year", "Won currency", "Held because",
)  # fmt: skip


def cells(row: OpportunityRow) -> tuple[Any, ...]:
    """Return one row of the file."""
    return (
        row.account, row.owner, row.kind_label, row.thing, row.confidence, row.headline, row.amount, row.currency,
        row.arithmetic, row.state_label, row.state_at, row.state_by, row.note, row.won_amount, row.won_currency,
        row.barred_because,
    )  # fmt: skip


def tabs(query: QueryDict, page: OpportunitiesPage, names: Any) -> list[Link]:
    """Return the tabs of a list, each with how many it holds."""
    return [
        Link(
            label=label,
            url=scopes.address(query, {"state": state}, leave=("cursor",)),
            is_current=page.state == state,
            count=page.counts[state],
        )
        for state, label in names.items()
    ]


@require_safe
@member(*READERS, of=Opportunity)
def opportunity(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Show one opportunity."""
    return _show(request, _look_up(request, opportunity_id))


@require_POST
@member(Role.CSM, Role.MANAGER, of=Opportunity)
def dispatch(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Hand an opportunity over to Sales."""
    found = _look_up(request, opportunity_id)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _show(request, found, refusal="The page was not complete. Look at it again.", status=422)
    now = timezone.now()
    try:
        handoffs.dispatch(
            found,
            actor=request.user,
            version=form.cleaned_data["version"],
            today=timezone.localdate(now, timezone=request.tenant.zone),
            now=now,
        )
    except handoffs.ChangedMeanwhile as refusal:
        return _show(request, _look_up(request, opportunity_id), refusal=str(refusal), status=409)
    except handoffs.NotPossible as refusal:
        return _show(request, found, refusal=str(refusal), status=422)
    messages.success(
        request, f"{found.account.name}: handed over to Sales. Their answer comes back here and to your chat."
    )
    return redirect(came_from(request, reverse("opportunities")))


@require_POST
@member(Role.CSM, Role.MANAGER, of=Opportunity)
def dismiss(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Take an opportunity off the list, with a reason."""
    found = _look_up(request, opportunity_id)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    try:
        handoffs.take(
            found,
            Step.DISMISS,
            version=form.cleaned_data["version"],
            said=form.said(),
            actor=request.user,
            now=timezone.now(),
        )
    except handoffs.ChangedMeanwhile as refusal:
        found = _look_up(request, opportunity_id)
        return _show(request, found, refusal=str(refusal), own_words=form.said().note, status=409)
    messages.success(
        request, f"{found.account.name}: dismissed. It is not proposed again until the facts change."
    )
    return redirect("opportunities")


@require_POST
@member(Role.CSM, Role.MANAGER, of=Opportunity)
def words(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Have the model write what to say."""
    found = _look_up(request, opportunity_id)
    writers = wiring.writers()
    if writers.first is writers.fallback:
        return _show(
            request, found, refusal="No model is set, so the fixed sentences are what there is.", status=422
        )
    try:
        talk_tracks.ask(found, actor=request.user, now=timezone.now())
    except handoffs.NotPossible as refusal:
        return _show(request, found, refusal=str(refusal), status=409)
    messages.success(request, "The model is writing. Its words appear here once they are checked.")
    return redirect("opportunity", opportunity_id=found.pk)


@require_safe
@member(*READERS, Role.SALES)
def help_page(request: PortalRequest) -> HttpResponse:
    """Show the rules by which opportunities are found."""
    context = {
        "header": expansion.HEADER,
        "rules": expansion.RULES,
        "free_seats": expansion.FREE_SEATS,
        "quiet_days": expansion.QUIET_DAYS,
    }
    return render(request, "accounts/expansion_help.html", context)


def _show(
    request: PortalRequest,
    found: Opportunity,
    *,
    form: DismissForm | None = None,
    refusal: str = "",
    own_words: str = "",
    status: int = 200,
) -> HttpResponse:
    writers = wiring.writers()
    can_write = policies.can_write(request.membership, found.account)
    context = {
        "detail": selector.detail(found, request.membership),
        "form": form or DismissForm(initial={"version": found.version}),
        "is_dismissing": form is not None,
        "can_ask_model": can_write
        and found.state == OpportunityState.FOUND
        and writers.first is not writers.fallback,
        "here": reverse("opportunity", args=[found.pk]),
        "refusal": refusal,
        "own_words": own_words,
    }
    return render(request, "accounts/opportunity.html", context, status=status)


def _look_up(request: PortalRequest, opportunity_id: UUID) -> Opportunity:
    found: Opportunity = get_object_or_404(
        Opportunity.objects.visible_to(request.membership).select_related(
            "account__owner", "account__tenant", "state_by"
        ),
        pk=opportunity_id,
    )
    if request.method == "POST" and not policies.can_write(request.membership, found.account):
        raise PermissionDenied
    return found
