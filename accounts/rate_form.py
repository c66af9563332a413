"""What an admin says a currency is worth: the rate, its day and its source."""

from decimal import Decimal
from typing import Any

from django import forms

from csm_portal import typed


class RateForm(forms.Form):
    currency = typed.CurrencyField(help_text="Three letters, such as USD.")
    rate = typed.AmountField(
        label="Rate",
        min_value=Decimal("0.00000001"),
        max_value=Decimal(10**9),
        max_digits=18,
        decimal_places=8,
        error_messages={
            "required": "Say what one unit is worth.",
            "invalid": "This is no number: write it as in 0.92.",
            "min_value": "A rate is more than nought.",
            "max_value": "A rate is 1,000,000,000 at the most: no currency is worth more of another.",
        },
    )
    as_of = forms.DateField(
        label="Rate of",
        # A browser reads nothing but this form of a date.
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Give the day of the rate.",
            "invalid": "This is no date: choose the day of the rate.",
        },
    )
    source = typed.LineField(
        label="Source",
        max_length=200,
        help_text="Who reads the ranking can look there.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say where the rate comes from, such as ECB reference rates."},
    )

    def __init__(self, *args: Any, base: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"].help_text = f"So many {base} for one unit of it."
