"""What a person says with a step of an opportunity, and the filters of the lists."""

from collections.abc import Iterable, Mapping

from django import forms

from accounts.scoring.expansion import OpportunityType
from accounts.scoring.expansion_states import Step
from accounts.selectors.portfolio_filters import Filters, Scope
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


class OpportunityFilterForm(forms.Form):
    """What the list of opportunities can be narrowed to."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, owner or contact"}),
    )
    kind = forms.ChoiceField(label="Type", required=False)
    owner = forms.ChoiceField(label="Owner", required=False)
    state = forms.CharField(required=False, widget=forms.HiddenInput)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, filters: Filters, owners: Iterable[Choice], *, kind: str, state: str, scope: str
    ) -> None:
        """Offer the choices; ``state`` and ``scope`` are given on where the address names one."""
        super().__init__(
            initial={
                "q": " ".join(filters.words),
                "kind": kind,
                "owner": filters.owner,
                "state": state,
                "scope": scope,
            }
        )
        self.fields["q"].widget.input_type = "search"
        self._offer("kind", {one.value: one.label for one in OpportunityType})
        self._offer("owner", {one.value: f"{one.label} ({one.count:,})" for one in owners})
        if filters.scope is Scope.MINE:
            del self.fields["owner"]
        for name, value in (("scope", scope), ("state", state)):
            if not value:
                del self.fields[name]

    def _offer(self, name: str, choices: Mapping[str, str]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Any"), *choices.items()]
