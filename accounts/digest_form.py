"""How a person wants their daily digest: where to, when, on which days."""

from datetime import time
from typing import Any

from django import forms

from accounts.models import DigestChannel
from accounts.selectors import digests


class DigestForm(forms.Form):
    channel = forms.ChoiceField(
        label="Send it",
        choices=[
            (DigestChannel.OFF.value, "Not at all"),
            (DigestChannel.MAIL.value, "As a draft in my mailbox"),
            (
                DigestChannel.CHAT.value,
                "As a message in the company's chat space, where colleagues read it too",
            ),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where it goes.", "invalid_choice": "Choose one of the three."},
    )
    at = forms.TypedChoiceField(
        label="At",
        choices=[(f"{one:%H:%M}", f"{one:%H:%M}") for one in digests.TIMES],
        coerce=time.fromisoformat,
        error_messages={
            "required": "Choose a time.",
            "invalid_choice": "Choose one of the times that are offered.",
        },
    )
    on_weekends = forms.BooleanField(label="On Saturdays and Sundays too", required=False)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "at"
        ].help_text = f"Local time of your company ({zone}); the scan of the day is in by then."
