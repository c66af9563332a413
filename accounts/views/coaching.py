"""Adoption coaching: the plan of one account and its steps (SPEC 4.4)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import policies
from accounts.coaching_forms import CloseForm, StepForm
from accounts.models import Account, CoachingPlan, CoachingStep, PlanState
from accounts.selectors import coaching as selector
from accounts.selectors.coaching import CoachingPage, StepRow
from accounts.services import coaching, coaching_draft, coaching_steps
from accounts.views import downloads
from csm_portal import wiring
from csm_portal.core.models import DeliveryState
from csm_portal.http import PortalRequest, is_partial, member

_ACTS = {"done": True, "undone": False}
_MOVES = {"up": -1, "down": 1}


@require_safe
@member()
def coaching_page(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Show an account's plan, or what would be in one; its steps as a file where the address asks for that."""
    account = _account(request, account_id)
    query = request.GET.copy()
    page = _page(request, account)
    if downloads.asked_for(query):
        steps = page.plan.steps if page.plan is not None else ()
        return downloads.answer(request, "coaching-plan", _STEP_HEADER, map(_step_cells, steps))
    return _show(request, page)


@require_POST
@member()
def coaching_begin(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Make the plan that the rules recommend."""
    account = _account(request, account_id)
    now, writers = timezone.now(), wiring.writers()
    today = timezone.localdate(now, timezone=request.tenant.zone)
    try:
        plan = coaching.begin(
            account, actor=request.user, today=today, now=now, words=writers.first is not writers.fallback
        )
    except coaching.NothingToCoach as refusal:
        messages.info(request, str(refusal))
    else:
        if plan.created_at == now:
            messages.success(
                request, "The plan is made. Change what you know better, then put it into a draft."
            )
        else:
            messages.info(request, "This account has a plan already: here it is.")
    return redirect("coaching", account_id=account.pk)


@require_POST
@member()
def coaching_add(request: PortalRequest, plan_id: UUID) -> HttpResponse:
    """Add a step at the end of a plan."""
    plan = _plan(request, plan_id)
    form = StepForm(request.POST)
    if form.is_valid():
        try:
            coaching_steps.add(plan, form.said(), actor=request.user, now=timezone.now())
        except coaching_steps.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The step is added at the end of the plan.")
            return redirect("coaching", account_id=plan.account_id)
    return _show(request, _page(request, plan.account), add_form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def coaching_step(request: PortalRequest, step_id: UUID) -> HttpResponse:
    """Show one step to be changed; a POST changes it, or shows both texts where somebody else was faster."""
    step = _step(request, step_id)
    account = step.plan.account
    context: dict[str, Any] = {"account": account, "step": step}
    if request.method != "POST":
        return render(
            request, "accounts/coaching_step.html", {**context, "form": StepForm(initial=_initial(step))}
        )
    form = StepForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/coaching_step.html", {**context, "form": form}, status=422)
    try:
        coaching_steps.change(
            step, form.said(), version=form.version_read(), actor=request.user, now=timezone.now()
        )
    except coaching_steps.OutOfDate as late:
        # What the person wrote stays in the form; saved again, it takes the place of what stands beside it.
        again = StepForm(initial={**form.cleaned_data, "version": late.step.version})
        shown = {**context, "form": again, "theirs": late.step}
        return render(request, "accounts/coaching_step.html", shown, status=409)
    except coaching_steps.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return render(request, "accounts/coaching_step.html", {**context, "form": form}, status=422)
    messages.success(request, "The step is saved.")
    return redirect("coaching", account_id=account.pk)


@require_POST
@member()
def coaching_act(request: PortalRequest, step_id: UUID) -> HttpResponse:
    """Tick a step off or take the tick back, move it, or remove it; htmx gets the plan alone."""
    step = _step(request, step_id)
    action, now, refused, status = request.POST.get("action", ""), timezone.now(), "", 200
    try:
        if action in _ACTS:
            coaching_steps.tick(step, is_done=_ACTS[action], actor=request.user, now=now)
        elif action in _MOVES:
            coaching_steps.move(step, by=_MOVES[action], actor=request.user, now=now)
        elif action == "remove":
            coaching_steps.remove(step, actor=request.user, now=now)
        else:
            refused, status = "The page did not say what to do with the step. Press its button again.", 422
    except coaching_steps.NotPossible as refusal:
        refused = str(refusal)
    if is_partial(request):
        page = _page(request, step.plan.account)
        return _show(request, page, fragment="#plan", refused=refused, status=status)
    if status != 200:
        return _show(request, _page(request, step.plan.account), refused=refused, status=status)
    if refused:
        messages.error(request, refused)
    return redirect(f"{reverse('coaching', args=[step.plan.account_id])}#plan")


@require_POST
@member()
def coaching_mail(request: PortalRequest, plan_id: UUID) -> HttpResponse:
    """Put the plan into the person's own mailbox, as a draft."""
    plan, now = _plan(request, plan_id), timezone.now()
    try:
        delivery = coaching_draft.ask(plan, actor=request.user, now=now)
    except coaching_draft.NothingToTell as refusal:
        messages.error(request, str(refusal))
    else:
        if delivery.state == DeliveryState.DELIVERED:
            messages.info(
                request,
                "You have a draft of this plan already, word for word as it stands. Change a step, and another can be "
                "made; below it can be downloaded again.",
            )
        else:
            messages.success(
                request, "A draft is on its way to your mailbox. Nothing leaves it before you send it."
            )
    return redirect("coaching", account_id=plan.account_id)


@require_POST
@member()
def coaching_close(request: PortalRequest, plan_id: UUID) -> HttpResponse:
    """Close a plan before its last step is done."""
    plan = _plan(request, plan_id)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _show(request, _page(request, plan.account), close_form=form, status=422)
    try:
        coaching_steps.close(
            plan,
            state=PlanState(form.cleaned_data["state"]),
            because=form.cleaned_data["because"],
            actor=request.user,
            now=timezone.now(),
        )
    except coaching_steps.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _show(request, _page(request, plan.account), close_form=form, status=422)
    messages.success(request, "The plan is closed. What was done stays below and counts in the next QBR.")
    return redirect("coaching", account_id=plan.account_id)


_STEP_HEADER = ("Step", "What", "Why", "Who", "By", "Done on", "Done by", "Evidence")


def _step_cells(row: StepRow) -> tuple[Any, ...]:
    evidence = " ".join(one.sentence for one in row.evidence)
    done_on = timezone.localtime(row.done_at).date() if row.done_at else None
    return row.number, row.title, row.why, row.owner, row.due_on, done_on, row.done_by, evidence


def _account(request: PortalRequest, account_id: UUID) -> Account:
    found: Account = get_object_or_404(
        Account.objects.visible_to(request.membership).select_related("owner", "tenant"), pk=account_id
    )
    return found


def _plan(request: PortalRequest, plan_id: UUID) -> CoachingPlan:
    """Return a plan that the person may change: another tenant's is not there, a colleague's is refused."""
    found: CoachingPlan = get_object_or_404(
        CoachingPlan.objects.visible_to(request.membership).select_related(
            "account__owner", "account__tenant", "tenant"
        ),
        pk=plan_id,
    )
    if not policies.can_write(request.membership, found.account):
        raise PermissionDenied
    return found


def _step(request: PortalRequest, step_id: UUID) -> CoachingStep:
    plans = CoachingPlan.objects.visible_to(request.membership)
    found: CoachingStep = get_object_or_404(
        CoachingStep.objects.filter(plan__in=plans).select_related(
            "plan__account__owner", "plan__account__tenant"
        ),
        pk=step_id,
    )
    if not policies.can_write(request.membership, found.plan.account):
        raise PermissionDenied
    return found


def _page(request: PortalRequest, account: Account) -> CoachingPage:
    today = timezone.localdate(timezone=request.tenant.zone)
    return selector.page(account, request.membership, today=today)


def _initial(step: CoachingStep) -> dict[str, Any]:
    names = ("title", "why", "owner_name", "due_on", "version")
    return {name: getattr(step, name) for name in names}


def _show(
    request: PortalRequest,
    page: CoachingPage,
    *,
    add_form: StepForm | None = None,
    close_form: CloseForm | None = None,
    fragment: str = "",
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    # The form stands in the plan that is open; what was typed for one that is closed by now is not thrown away.
    unsaved = next((form for form in (add_form, close_form) if form is not None and page.plan is None), None)
    context = {
        "page": page,
        "account": page.account,
        "refused": refused,
        "unsaved": unsaved,
        "most_steps": coaching_steps.MOST_STEPS,
        "offers_step": add_form is not None
        or (page.plan is not None and len(page.plan.steps) < coaching_steps.MOST_STEPS),
        "add_form": add_form or StepForm(initial={"owner_name": request.user.name}),
        "close_form": close_form or CloseForm(),
    }
    return render(request, f"accounts/coaching.html{fragment}", context, status=status)
