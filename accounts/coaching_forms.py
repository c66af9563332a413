"""What people write into the steps of a plan, and how they close it."""

from datetime import date
from typing import Any

from django import forms

from accounts.models import PlanState
from accounts.services.coaching_steps import Said
from csm_portal import typed


class StepForm(forms.Form):
    """One step. ``version`` is the one that the person read."""

    title = typed.LineField(
        label="What",
        max_length=300,
        help_text="One sentence. The customer may read it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what is to be done."},
    )
    why = typed.LinesField(
        label="Why",
        required=False,
        max_length=1000,
        help_text="What the customer gains. The customer may read it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    owner_name = typed.LineField(
        label="Who",
        required=False,
        max_length=120,
        help_text="On your side or on the customer's.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    due_on = forms.DateField(
        label="By",
        required=False,
        # A browser reads nothing but this form of a date.
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date: choose the day until which it is done."},
    )
    version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def clean_due_on(self) -> Any:
        due: date | None = self.cleaned_data["due_on"]
        if due is not None and not 2000 <= due.year <= 2100:
            raise forms.ValidationError("Choose a day of this century.")
        return due

    def said(self) -> Said:
        """Return what a valid form says."""
        given = self.cleaned_data
        return Said(
            title=given["title"],
            why=given["why"].strip(),
            owner_name=given["owner_name"],
            due_on=given["due_on"],
        )

    def version_read(self) -> int:
        return int(self.cleaned_data["version"] or 0)


class CloseForm(forms.Form):
    """How a plan ends before its last step is done."""

    state = forms.ChoiceField(
        label="How it ends",
        choices=[
            (PlanState.FINISHED.value, "It has served its purpose"),
            (PlanState.DROPPED.value, "It is given up"),
        ],
    )
    because = typed.LineField(
        label="Why",
        max_length=300,
        help_text="Whoever makes the next plan will ask.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why: whoever makes the next plan will ask."},
    )
