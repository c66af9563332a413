"""What is asked of models and what it costs, as an admin sees it, with the caps that hold (SPEC 8, 10.5)."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from csm_portal import typed
from csm_portal.core import allowances, model_use
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member
from qbr.selectors import draft_quality

_MOST = 2_000_000_000


def _cap(label: str, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=_MOST, required=False, help_text=help_text)


def _dollars(label: str, *, places: int = 2, help_text: str = "") -> typed.AmountField:
    return typed.AmountField(
        label=label,
        min_value=0,
        max_digits=8 if places == 2 else 9,
        decimal_places=places,
        required=False,
        help_text=help_text,
    )


class CapsForm(forms.Form):
    """How much may be asked of models; an empty field is no cap."""

    calls_per_day = _cap("Calls a day")
    calls_per_month = _cap("Calls a month")
    tokens_per_day = _cap("Tokens a day")
    tokens_per_month = _cap("Tokens a month")
    cost_per_day = _dollars("US dollars a day")
    cost_per_month = _dollars("US dollars a month")
    prompt_price = _dollars("Read: US dollars per million tokens", places=4)
    completion_price = _dollars("Written: US dollars per million tokens", places=4)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for what in ("calls", "tokens", "cost"):
            day, month = given.get(f"{what}_per_day"), given.get(f"{what}_per_month")
            if day is not None and month is not None and day > month:
                self.add_error(
                    f"{what}_per_day", "A day cannot have more than its month; lower this or raise the month."
                )
        if (given.get("prompt_price") is None) != (given.get("completion_price") is None):
            name = "prompt_price" if given.get("prompt_price") is None else "completion_price"
            self.add_error(name, "Enter both prices, or none: a cost needs both.")
        return given

    @property
    def limits(self) -> list[forms.BoundField]:
        return [self[name] for name in allowances.CHANGEABLE[:6]]

    @property
    def prices(self) -> list[forms.BoundField]:
        return [self[name] for name in allowances.CHANGEABLE[6:]]


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def model_use_page(request: PortalRequest) -> HttpResponse:
    """Show what was asked of models; a POST puts other caps in force."""
    if request.method != "POST":
        return _shown(request)
    form = CapsForm(request.POST)
    if not form.is_valid():
        return _shown(request, form=form, status=422)
    values = form.cleaned_data
    try:
        allowances.change(values, version=values["version"], actor=request.user, now=timezone.now())
    except allowances.ChangedMeanwhile:
        return _shown(request, form=form, is_conflict=True, status=409)
    messages.success(request, "The caps are in force from the next call.")
    return redirect("model-use")


def _shown(
    request: PortalRequest, *, form: CapsForm | None = None, is_conflict: bool = False, status: int = 200
) -> HttpResponse:
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(span) for span in model_use.SPANS} else 30
    page = model_use.page(request.tenant, days=days, now=timezone.now())
    in_force = {name: getattr(page.allowance, name) for name in allowances.CHANGEABLE}
    if form is None:
        form = CapsForm(initial={**in_force, "version": page.allowance.version})
    elif is_conflict:
        # Saving again is meant to replace what the page now shows.
        form.data = {**dict(form.data.items()), "version": page.allowance.version}
    context = {
        "page": page,
        "form": form,
        "quality": draft_quality.by_section(),
        "model": settings.LLM_MODEL,
        "spans": model_use.SPANS,
        "conflict": [(form.fields[name].label, value) for name, value in in_force.items()]
        if is_conflict
        else [],
    }
    return render(request, "pages/model_use.html", context, status=status)
