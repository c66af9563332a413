"""The inbox of Sales: what was handed over, and the answers to it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Opportunity
from accounts.opportunity_forms import AnswerForm
from accounts.scoring import expansion_sizing
from accounts.scoring.expansion_states import Step
from accounts.selectors import opportunities as selector
from accounts.services import handoffs
from accounts.views import downloads, opportunities, scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member

_DONE = {
    Step.ACCEPT: "accepted. Whoever looks after the account hears of it",
    Step.DECLINE: "declined. Your reason goes to whoever looks after the account",
    Step.WIN: "won. Congratulations; whoever looks after the account hears of it",
    Step.LOSE: "lost. Your reason goes to whoever looks after the account",
}


@require_safe
@member(Role.SALES)
def inbox(request: PortalRequest) -> HttpResponse:
    """Show what was handed over to Sales; htmx gets the table alone."""
    asked = scopes.read(request, "scope")
    page = selector.inbox(
        request.membership,
        state=asked.value("state"),
        mark=asked.mark,
        size=asked.size(selector.PAGE_SIZE),
    )
    if asked.wants_file:
        return downloads.answer(
            request, "handed-over", opportunities.HEADER, map(opportunities.cells, page.rows)
        )
    context = {
        "page": page,
        "notes": page.notes,
        "tabs": opportunities.tabs(asked.query, page, selector.SALES_TABS),
        "here": request.path + scopes.address(asked.query),
    }
    template = "accounts/sales_inbox.html" + ("#sales-table" if is_partial(request) else "")
    return render(request, template, context)


@require_safe
@member(Role.SALES, of=Opportunity)
def item(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Show one opportunity that was handed over."""
    return _show(request, _look_up(request, opportunity_id))


@require_POST
@member(Role.SALES, of=Opportunity)
def answer(request: PortalRequest, opportunity_id: UUID) -> HttpResponse:
    """Accept or decline an opportunity, or record what came of it."""
    found = _look_up(request, opportunity_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    step = form.step_asked()
    try:
        taken = handoffs.take(
            found,
            step,
            version=form.cleaned_data["version"],
            said=form.said(),
            actor=request.user,
            now=timezone.now(),
        )
    except handoffs.ChangedMeanwhile as refusal:
        found = _look_up(request, opportunity_id)
        return _show(request, found, refusal=str(refusal), own_words=form.said().note, status=409)
    except handoffs.NotPossible as refusal:
        form.add_error("amount" if step is Step.WIN else "note", str(refusal))
        return _show(request, found, form=form, status=422)
    apart = expansion_sizing.kept_apart(taken.won_currency, taken.currency) if step is Step.WIN else ""
    messages.success(request, f"{found.account.name}: {_DONE[step]}. {apart}".strip())
    return redirect("sales-item", opportunity_id=found.pk)


def _show(
    request: PortalRequest,
    found: Opportunity,
    *,
    form: AnswerForm | None = None,
    refusal: str = "",
    own_words: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "detail": selector.detail(found, request.membership, for_sales=True),
        "forms": _forms(found, form),
        "refusal": refusal,
        "own_words": own_words,
    }
    return render(request, "accounts/sales_item.html", context, status=status)


def _forms(found: Opportunity, given: AnswerForm | None) -> dict[str, AnswerForm]:
    """Return a form for each step that asks for something; the one that was sent comes back with its errors."""
    forms = {}
    for step in (Step.DECLINE, Step.WIN, Step.LOSE):
        is_this = given is not None and given["step"].value() == step
        form = (
            given
            if is_this and given is not None
            else AnswerForm(
                initial={
                    "version": found.version,
                    "step": step.value,
                    "currency": found.currency,
                    "amount": found.amount if step is Step.WIN else None,
                },
                auto_id=f"id_{step}_%s",
            )
        )
        for name in ("amount", "currency") if step is not Step.WIN else ():
            form.fields.pop(name, None)
        form.fields["note"].label = "Remark" if step is Step.WIN else "Why"
        form.order_fields(["amount", "currency", "note"])
        forms[step.value] = form
    return forms


def _look_up(request: PortalRequest, opportunity_id: UUID) -> Opportunity:
    found: Opportunity = get_object_or_404(
        Opportunity.objects.handed_over_to(request.membership).select_related(
            "account__owner", "account__tenant", "state_by"
        ),
        pk=opportunity_id,
    )
    return found
