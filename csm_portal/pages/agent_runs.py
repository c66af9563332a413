"""What the agent was asked to do: who asked, how long it took, what it cost, what came of it (SPEC 5, 8)."""

import json
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import spreadsheets
from accounts.views import downloads, scopes
from accounts.views.scopes import Link
from csm_portal.agent import listing, told
from csm_portal.agent.listing import Filters, RunRow
from csm_portal.core import keyset
from csm_portal.core.models import AgentRun, Membership, Role, RunOrigin, RunState
from csm_portal.http import PortalRequest, is_partial, member

_OUTCOMES = {
    RunState.DONE: "Done",
    RunState.PARTIAL: "Partly done",
    RunState.REFUSED: "Not done",
    RunState.FAILED: "Failed",
    RunState.RUNNING: "Running",
    RunState.QUEUED: "Queued",
}


class RunFilterForm(forms.Form):
    """Which runs are shown."""

    task = forms.ChoiceField(
        label="Task", required=False, choices=[("", "All tasks"), *listing.WORDS.items()]
    )
    state = forms.ChoiceField(
        label="Outcome",
        required=False,
        choices=[("", "All outcomes"), *((one.value, label) for one, label in _OUTCOMES.items())],
    )
    origin = forms.ChoiceField(
        label="Asked by",
        required=False,
        choices=[("", "Anybody"), *((one.value, one.label) for one in RunOrigin)],
    )


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def runs(request: PortalRequest) -> HttpResponse:
    """List the runs that the address asks for, newest first."""
    query = scopes.without_empty(request.GET)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    given = scopes.values(query)
    filters = Filters.read(given)
    try:
        page = listing.page(
            filters,
            mark="" if wants_file else given.get("cursor", ""),
            now=timezone.now(),
            size=spreadsheets.MOST if wants_file else listing.A_PAGE,
        )
    except keyset.UnknownPlace:
        return redirect("agent-runs")
    if wants_file:
        return downloads.answer(request, "agent-runs", _HEADER, _cells(page.rows))
    context = {
        "page": page,
        "filters": filters,
        "form": RunFilterForm(
            initial={"task": filters.task, "state": filters.state, "origin": filters.origin}
        ),
        "tabs": tabs(request.membership, present="agent-runs"),
    }
    template = "pages/agent_runs.html" + ("#agent-runs" if is_partial(request) else "")
    return render(request, template, context)


@require_safe
@member(Role.ADMIN, Role.MANAGER, of=AgentRun)
def run(request: PortalRequest, run_id: UUID) -> HttpResponse:
    """Show one run with what it answered."""
    found = get_object_or_404(AgentRun.objects.select_related("key", "actor", "job"), pk=run_id)
    account = listing.account_of(found)
    context = {
        "run": found,
        "row": listing.row_of(found, now=timezone.now()),
        "account": account,
        "told": told.told(found, account_id=account.pk if account is not None else None),
        "answer": json.dumps(found.result.get("result", {}), indent=2, ensure_ascii=False),
        "confidence": found.result.get("confidence", ""),
    }
    return render(request, "pages/agent_run.html", context)


def tabs(membership: Membership, *, present: str) -> list[Link]:
    """Return the pages about the agent that this member may see; one alone needs no tabs."""
    if Role.ADMIN not in membership.roles:
        return []
    pages = (("Runs", "agent-runs"), ("Keys", "agent-keys"))
    return [Link(label=label, url=reverse(name), is_current=name == present) for label, name in pages]


_HEADER = (
    "Task", "Account", "Asked by", "Kind of caller", "Asked at", "Outcome", "Seconds", "Calls of a model", "Tokens",
    "Cost (USD)", "What went wrong",
)  # fmt: skip


def _cells(rows: Iterable[RunRow]) -> Iterable[tuple[Any, ...]]:
    for row in rows:
        yield (
            row.task, row.account, row.caller, row.origin, row.asked_at, row.state,
            None if row.seconds is None else round(row.seconds, 3), row.calls, row.tokens, row.cost_usd, row.error,
        )  # fmt: skip
