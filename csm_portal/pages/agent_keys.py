"""The keys by which other agents ask for tasks: an admin makes them here, sees them once, and revokes them (SPEC 5.4)."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from csm_portal import typed
from csm_portal.agent import listing
from csm_portal.agent.tasks import TaskType
from csm_portal.core import agent_keys
from csm_portal.core.models import AgentKey, Role, Tenant
from csm_portal.http import PortalRequest, member
from csm_portal.pages import agent_runs

LONGEST = timedelta(days=366)
MOST_A_MINUTE = 600


class KeyForm(forms.Form):
    """What a new key is for, and until when it holds. ``key_id`` makes one key of one form, however often it is sent."""

    key_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)
    name = typed.LineField(
        label="Name",
        max_length=100,
        help_text="Which agent or system uses it. The name stands beside what it does.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the key a name: it stands beside everything that is done with it."},
    )
    task_types = forms.MultipleChoiceField(
        label="May ask for",
        choices=list(listing.WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one task."},
    )
    expires_on = forms.DateField(
        label="Last day",
        help_text="At most a year from now. Leave it empty for a key that holds until you revoke it.",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date: choose the last day."},
    )
    per_minute = forms.IntegerField(
        label="Requests a minute",
        min_value=1,
        max_value=MOST_A_MINUTE,
        initial=60,
        error_messages={"required": "Say how often it may be used: 60 is a good start."},
    )

    def __init__(self, *args: Any, tenant: Tenant, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant, self._today = tenant, now.astimezone(tenant.zone).date()

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day is not None and day < self._today:
            raise forms.ValidationError("The last day has passed. Choose today or a later day.")
        if day is not None and day > self._today + LONGEST:
            raise forms.ValidationError("That is more than a year away. Choose an earlier day.")
        return day

    def said(self) -> dict[str, Any]:
        """Return what a valid form says, as the service takes it; the last day counts to its end."""
        day = self.cleaned_data["expires_on"]
        return {
            "key_id": self.cleaned_data["key_id"],
            "name": self.cleaned_data["name"],
            "task_types": [TaskType(one).value for one in self.cleaned_data["task_types"]],
            "per_minute": self.cleaned_data["per_minute"],
            "expires_at": None
            if day is None
            else datetime.combine(day + timedelta(days=1), time(), tzinfo=self._tenant.zone),
        }


@require_safe
@member(Role.ADMIN)
def keys(request: PortalRequest) -> HttpResponse:
    """Show the keys there are, and the form for a new one."""
    return _shown(request, KeyForm(tenant=request.tenant, now=timezone.now()))


@require_POST
@member(Role.ADMIN)
def make(request: PortalRequest) -> HttpResponse:
    """Make a key and show it in this answer, and never again."""
    now = timezone.now()
    form = KeyForm(request.POST, tenant=request.tenant, now=now)
    if not form.is_valid():
        return _shown(request, form, status=422)
    try:
        _, whole = agent_keys.make(**form.said(), actor=request.user, now=now)
    except agent_keys.AlreadyMade as refusal:
        fresh = KeyForm(tenant=request.tenant, now=now)
        return _shown(request, fresh, refusal=str(refusal), status=409)
    return _shown(request, KeyForm(tenant=request.tenant, now=now), made=whole)


@require_POST
@member(Role.ADMIN, of=AgentKey)
def revoke(request: PortalRequest, key_id: UUID) -> HttpResponse:
    """Take a key out of use."""
    key = get_object_or_404(AgentKey, pk=key_id)
    if agent_keys.revoke(key, actor=request.user, now=timezone.now()):
        messages.success(request, f"“{key.name}” is revoked. Whoever uses it is refused from now on.")
    else:
        messages.info(request, f"“{key.name}” was revoked before.")
    return redirect("agent-keys")


def _shown(
    request: PortalRequest, form: KeyForm, *, made: str = "", refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "refusal": refusal,
        "rows": listing.keys(now=timezone.now()),
        "form": form,
        "made": made,
        "endpoint": request.build_absolute_uri(reverse("agent-tasks")),
        "tenant_id": request.tenant.pk,
        "tabs": agent_runs.tabs(request.membership, present="agent-keys"),
    }
    return render(request, "pages/agent_keys.html", context, status=status)
