"""Alerts: the list, one of them, what people do with them, and how useful each rule is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import alert_forms, policies
from accounts.alert_forms import ActForm, AlertFilterForm
from accounts.models import Alert, AlertAct
from accounts.scoring import wording
from accounts.scoring.alert_states import Action
from accounts.selectors import alerts as selector
from accounts.selectors import messages as deliveries
from accounts.selectors.alerts import AlertRow, AlertsPage
from accounts.services import alert_acts as service
from accounts.services.alert_acts import Outcome
from accounts.views import downloads, scopes
from accounts.views.scopes import Link
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, came_from, member

_DONE = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.SNOOZE: "snoozed",
    Action.RESOLVE: "resolved",
    Action.REOPEN: "open again",
}
# These ask for something more before they are done.
_ASKS = frozenset({Action.SNOOZE, Action.RESOLVE})
_NAMED = 3
_USUAL_SNOOZE = timedelta(days=7)


@require_safe
@member()
def alerts(request: PortalRequest) -> HttpResponse:
    """Show the alerts that the address asks for; htmx gets the table alone."""
    undo = undoable(request)
    asked = scopes.read(request, "scope", "q", "owner", leave=("did",))
    page = selector.page(
        request.membership,
        filters=asked.filters,
        state=asked.value("state"),
        severity=asked.value("severity"),
        reason=asked.value("reason"),
        mark=asked.mark,
        today=timezone.localdate(timezone=request.tenant.zone),
        size=asked.size(selector.PAGE_SIZE),
    )
    if asked.wants_file:
        return downloads.answer(request, "alerts", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "notes": (*asked.notes, *page.notes),
        "undo": undo,
        "form": AlertFilterForm(
            asked.filters,
            page.owners,
            severity=page.severity,
            reason=page.reason,
            state=page.state,
            scope=asked.value("scope"),
        ),
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "tabs": _tabs(asked.query, page),
        "clear_url": scopes.address(asked.query, keep=("scope", "state")),
        "here": request.path + scopes.address(asked.query),
        "reads_accounts": scopes.reads_accounts(request.membership),
        "sees_rules": bool(request.membership.roles & {Role.ADMIN, Role.MANAGER}),
    }
    return scopes.shown(request, asked, "accounts/alerts.html", "alert-table", context)


_HEADER = (
    "Account", "Owner", "Reason", "Severity", "State", "What", "What to do", "Raised on", "Look by", "Contract date",
    "ARR", "Currency", "Urgency", "Note",
)  # fmt: skip


def _cells(row: AlertRow) -> tuple[Any, ...]:
    return (
        row.account, row.owner, row.reason_label, row.severity, row.state, row.headline, row.action, row.raised_on,
        row.due_on, row.until, row.arr, row.currency, row.urgency, row.note,
    )  # fmt: skip


def _tabs(query: QueryDict, page: AlertsPage) -> list[Link]:
    return [
        Link(
            label=label,
            url=scopes.address(query, {"state": state}, leave=("cursor",)),
            is_current=page.state == state,
            count=page.counts[state],
        )
        for state, label in selector.TABS.items()
    ]


@require_safe
@member(Role.CSM, Role.MANAGER, Role.ADMIN, of=Alert)
def alert(request: PortalRequest, alert_id: UUID) -> HttpResponse:
    """Show one alert."""
    return _show(request, _look_up(request, alert_id))


def _show(request: PortalRequest, found: Alert, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "detail": selector.detail(
            found, request.membership, today=timezone.localdate(timezone=request.tenant.zone)
        ),
        "deliveries": deliveries.about(found.pk, request.membership),
        "undo": undoable(request),
        "here": reverse("alert", args=[found.pk]),
        "refusal": refusal,
    }
    return render(request, "accounts/alert.html", context, status=status)


@require_POST
@member(Role.CSM, Role.MANAGER)
def act(request: PortalRequest) -> HttpResponse:
    """Do one thing with the ticked alerts; ``one`` is the button of a single row and counts alone."""
    asked = alert_forms.chosen(request.POST.getlist("one") or request.POST.getlist("alert"))
    form = ActForm(request.POST)
    today = timezone.localdate(timezone=request.tenant.zone)
    if not form.is_valid():
        return _step(request, asked, form, status=422)
    action = form.action_asked()
    if asked and action in _ASKS and "said" not in request.POST:
        return _step(request, asked, ActForm(initial={"action": action, "until": today + _USUAL_SNOOZE}))
    single = _single(request, asked)
    try:
        if single is not None:
            outcome = service.take_one(
                single,
                action,
                version=asked[single.pk],
                said=form.said(),
                actor=request.user,
                today=today,
                now=timezone.now(),
            )
        else:
            outcome = service.take(
                asked, action, said=form.said(), actor=request.user, today=today, now=timezone.now()
            )
    except service.ChangedMeanwhile as refusal:
        assert single is not None  # noqa: S101  # only take_one raises it
        return _show(request, _look_up(request, single.pk), refusal=str(refusal), status=409)
    except service.NotPossible as refusal:
        if not asked:
            messages.info(request, str(refusal))
            return redirect(_back(request))
        form.add_error(None, str(refusal))
        return _step(request, asked, form, status=422)
    _tell(request, outcome, _DONE[action])
    return redirect(_back(request, did=outcome.act))


def _single(request: PortalRequest, asked: dict[UUID, int]) -> Alert | None:
    if len(asked) != 1:
        return None
    return _look_up(request, next(iter(asked)))


def _step(
    request: PortalRequest, asked: dict[UUID, int], form: ActForm, *, status: int = 200
) -> HttpResponse:
    """Ask what goes with a snooze or a resolution, for one alert or many."""
    action = form["action"].value()
    found = (
        Alert.objects.visible_to(request.membership)
        .filter(pk__in=list(asked))
        .select_related("account")
        .order_by("-urgency", "pk")
    )
    rows = [(f"{one.pk}:{asked[one.pk]}", one) for one in found[: service.AT_ONCE]]
    if asked and not rows:
        raise Http404
    if action not in list(Action):
        return render(request, "accounts/alert_step.html", {"rows": rows, "back": _back(request)}, status=422)
    if action == Action.SNOOZE:
        for name in ("until", "note"):
            form.fields[name].required = True
        del form.fields["was_useful"]
    else:
        form.fields["note"].label = "What came of it"
        del form.fields["until"]
    form.fields["action"].widget = form.fields["action"].hidden_widget()
    context = {"form": form, "rows": rows, "action": action, "back": _back(request)}
    return render(request, "accounts/alert_step.html", context, status=status)


@require_POST
@member(Role.CSM, Role.MANAGER, of=AlertAct)
def undo(request: PortalRequest, act_id: UUID) -> HttpResponse:
    """Undo what the person did with one alert or many."""
    found = get_object_or_404(AlertAct, pk=act_id)
    try:
        outcome = service.undo(found, actor=request.user, now=timezone.now())
    except service.NotPossible as refusal:
        messages.info(request, str(refusal))
    else:
        _tell(request, outcome, "as before")
    return redirect(_back(request))


@require_POST
@member(Role.CSM, Role.MANAGER, of=Alert)
def answer(request: PortalRequest, alert_id: UUID) -> HttpResponse:
    """Note whether an alert was useful."""
    found = _look_up(request, alert_id)
    if not policies.can_write(request.membership, found.account):
        raise PermissionDenied
    said = request.POST.get("was_useful", "")
    if said not in ("yes", "no"):
        return _show(request, found, refusal="Answer with yes or no.", status=422)
    service.answer(found, was_useful=said == "yes", actor=request.user, now=timezone.now())
    messages.success(request, "Thank you. The answers show which rules are worth their noise.")
    return redirect("alert", alert_id=found.pk)


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def alert_rules(request: PortalRequest) -> HttpResponse:
    """Show what each rule raised, and how much of it people found useful."""
    return render(request, "accounts/alert_rules.html", {"rules": selector.usefulness(now=timezone.now())})


def undoable(request: PortalRequest) -> dict[str, Any] | None:
    """Return what the address says was just done, where it can be undone by who looks at the page. One query at most."""
    try:
        key = UUID(request.GET.get("did", ""))
    except ValueError:
        return None
    found = AlertAct.objects.filter(pk=key, actor=request.user, undone_at=None).first()
    if found is None:
        return None
    count = wording.counted(len(found.entries), "alert")
    is_are = "is" if len(found.entries) == 1 else "are"
    return {"act": found, "sentence": f"{count} {is_are} {_DONE[Action(found.action)]}."}


def _tell(request: PortalRequest, outcome: Outcome, done: str) -> None:
    if outcome.act is None or done == "as before":
        count = len(outcome.done)
        if count:
            noun = "1 alert is" if count == 1 else f"{count} alerts are"
            messages.success(request, f"{noun} {done}.")
    if outcome.left:
        messages.warning(request, _left(outcome.left))


def _left(left: Sequence[str]) -> str:
    """Name what was left as it was, so that nobody takes a part for the whole."""
    noun = "1 alert was left as it is" if len(left) == 1 else f"{len(left)} alerts were left as they are"
    more = f" And {len(left) - _NAMED} more." if len(left) > _NAMED else ""
    return f"{noun}. {' '.join(left[:_NAMED])}{more}"


def _back(request: PortalRequest, *, did: AlertAct | None = None) -> str:
    """Return where the person came from, with what they did in the address, so that it can be undone there."""
    path, _, query = came_from(request, reverse("alerts")).partition("?")
    given = QueryDict(query, mutable=True)
    given.pop("did", None)
    if did is not None:
        given["did"] = str(did.pk)
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _look_up(request: PortalRequest, alert_id: UUID) -> Alert:
    found: Alert = get_object_or_404(
        Alert.objects.visible_to(request.membership).select_related("account", "state_by"), pk=alert_id
    )
    return found
