"""What a person says with an action on alerts, and the filters of their list."""

from collections.abc import Iterable
from uuid import UUID

from django import forms

from accounts.filter_forms import FilterForm
from accounts.scoring import alerts as rules
from accounts.scoring.alert_states import Action
from accounts.selectors.portfolio_filters import Filters
from accounts.selectors.tallies import Choice
from accounts.services.alert_acts import Said
from csm_portal import typed

_ANSWERS = {"yes": True, "no": False}


class ActForm(forms.Form):
    """One action with what goes with it. ``version`` is the one that the person looked at."""

    action = forms.ChoiceField(choices=[(action.value, action.value) for action in Action])
    until = forms.DateField(
        label="Until and including",
        required=False,
        # A browser reads nothing but this form of a date.
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date: choose the last day."},
    )
    note = typed.LineField(
        label="Why",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    was_useful = forms.ChoiceField(
        label="Was this alert useful?",
        required=False,
        choices=[("", "No answer"), ("yes", "Yes"), ("no", "No")],
    )

    def action_asked(self) -> Action:
        return Action(self.cleaned_data["action"])

    def said(self) -> Said:
        """Return what a valid form says."""
        given = self.cleaned_data
        return Said(
            note=given["note"], until=given["until"], was_useful=_ANSWERS.get(given["was_useful"] or "")
        )


class OneForm(ActForm):
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


def chosen(values: Iterable[str]) -> dict[UUID, int]:
    """Read the ticked boxes of a list: each is an alert's id and the version that was shown. Broken ones are left out."""
    found = {}
    for value in values:
        key, _, version = value.partition(":")
        try:
            found[UUID(key)] = int(version)
        except ValueError:
            continue
    return found


class AlertFilterForm(FilterForm):
    """What the list of alerts can be narrowed to."""

    severity = forms.ChoiceField(label="Severity", required=False)
    reason = forms.ChoiceField(label="Reason", required=False)
    state = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ("q", "severity", "reason", "owner")

    def __init__(
        self,
        filters: Filters,
        owners: Iterable[Choice],
        *,
        severity: str,
        reason: str,
        state: str,
        scope: str,
    ) -> None:
        super().__init__(filters, owners, scope=scope, severity=severity, reason=reason, state=state)
        self.offer("severity", {one.value: one.value.capitalize() for one in reversed(rules.Severity)})
        self.offer("reason", {one.value: rules.LABELS[one] for one in rules.Reason})
