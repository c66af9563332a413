"""What a person says of an account's band: the band, why, and until when."""

from typing import Any

from django import forms

from accounts.scoring.signals import Rag
from csm_portal import typed


class OverrideForm(forms.Form):
    band = forms.ChoiceField(label="You say it is", choices=[(str(rag), str(rag)) for rag in Rag])
    until = forms.DateField(
        label="Until",
        help_text="At most 90 days from now: after that, look at it anew.",
        # A browser reads nothing but this form of a date.
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Choose the last day.",
            "invalid": "This is no date: choose the last day.",
        },
    )
    reason = typed.LineField(
        label="Why",
        max_length=500,
        help_text="What you know and the score does not.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why: whoever looks at the account next will ask."},
    )

    def said(self) -> dict[str, Any]:
        """Return what a valid form says, as the service takes it."""
        given = self.cleaned_data
        return {"band": Rag(given["band"]), "until": given["until"], "reason": given["reason"]}
