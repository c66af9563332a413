"""What a person says with a step of an opportunity, and the filters of the lists."""

from collections.abc import Iterable

from django import forms

from accounts.filter_forms import FilterForm
from accounts.scoring.expansion import OpportunityType
from accounts.scoring.expansion_states import Step
from accounts.selectors.portfolio_filters import Filters
from accounts.selectors.tallies import Choice
from accounts.services.handoffs import Said
from csm_portal import typed

_REASON = forms.TextInput(attrs={"autocomplete": "off"})


class VersionForm(forms.Form):
    """Which version of the opportunity the person looked at."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class DismissForm(VersionForm):
    note = typed.LineField(
        label="Why not",
        max_length=500,
        widget=_REASON,
        help_text="It is not proposed again until the facts change.",
        error_messages={"required": "Say why: somebody will ask."},
    )

    def said(self) -> Said:
        """Return what a valid form says."""
        return Said(note=self.cleaned_data["note"])


class AnswerForm(VersionForm):
    """An answer of Sales: one of its steps with what goes with it."""

    step = forms.ChoiceField(
        choices=[(step.value, step.value) for step in (Step.ACCEPT, Step.DECLINE, Step.WIN, Step.LOSE)],
        widget=forms.HiddenInput,
    )
    note = typed.LineField(label="Why", required=False, max_length=500, widget=_REASON)
    amount = typed.AmountField(
        label="Amount a year",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        error_messages={"invalid": "This is no amount: write it as in 12500 or 12500.50."},
    )
    currency = typed.CurrencyField(required=False)

    def step_asked(self) -> Step:
        return Step(self.cleaned_data["step"])

    def said(self) -> Said:
        """Return what a valid form says."""
        given = self.cleaned_data
        return Said(note=given["note"], amount=given["amount"], currency=given["currency"])


class OpportunityFilterForm(FilterForm):
    """What the list of opportunities can be narrowed to."""

    kind = forms.ChoiceField(label="Type", required=False)
    state = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ("q", "kind", "owner")

    def __init__(
        self, filters: Filters, owners: Iterable[Choice], *, kind: str, state: str, scope: str
    ) -> None:
        super().__init__(filters, owners, scope=scope, kind=kind, state=state)
        self.offer("kind", {one.value: one.label for one in OpportunityType})
