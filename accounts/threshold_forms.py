"""The one form of a tenant's thresholds and penalties, made from the policy's table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.forms import BoundField

from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy, PolicyError, PolicyField


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One setting. ``in_force`` is its value of today where the field shows another one, else None."""

    bound: BoundField
    unit: str
    in_force: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSection:
    """The settings under one heading."""

    title: str
    rows: tuple[FormRow, ...]


class ThresholdsForm(forms.Form):
    """Every setting, and why it changes.

    ``in_force`` are the settings that hold today: a field that shows another value says so beside it, which is
    how both sides of a conflict, and what a restored version would change, are seen.
    """

    expected_number = forms.IntegerField(widget=forms.HiddenInput)
    restores = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="Whoever reads the history later, or asks why a band moved, reads this.",
        error_messages={
            "required": "Say why the settings change: whoever reads the history will want to know."
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, in_force: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_force = in_force
        for item in POLICY_FIELDS:
            self.fields[item.name] = self._field(item)

    def _field(self, item: PolicyField) -> forms.IntegerField:
        message = f"{item.label} must be a whole number from {item.minimum} to {item.maximum} {item.unit}."
        return forms.IntegerField(
            label=item.label,
            help_text=f"{item.help} From {item.minimum} to {item.maximum}, by default {item.default}.",
            error_messages={"required": message, "invalid": message},
            widget=forms.NumberInput(
                attrs={
                    "min": item.minimum,
                    "max": item.maximum,
                    "step": 1,
                    "inputmode": "numeric",
                    "autocomplete": "off",
                }
            ),
        )

    def clean(self) -> dict[str, Any]:
        """Hold the settings against each other; what could not be read counts as in force meanwhile."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        values = {item.name: given.get(item.name, self.in_force[item.name]) for item in POLICY_FIELDS}
        try:
            HealthPolicy.from_mapping(values)
        except PolicyError as error:
            for name, sentence in error.problems.items():
                if name not in self.errors:
                    self.add_error(name, sentence)
        return given

    def values(self) -> dict[str, int]:
        """Return the settings of a valid form."""
        return {item.name: self.cleaned_data[item.name] for item in POLICY_FIELDS}

    def tried(self) -> HealthPolicy | None:
        """Return the policy that the settings come to, whatever else the form lacks; None where they are none."""
        self.full_clean()
        if any(item.name in self.errors for item in POLICY_FIELDS):
            return None
        return HealthPolicy.from_mapping(self.values())

    def sections(self) -> Iterator[FormSection]:
        """Return the settings as the page shows them."""
        for group, items in groupby(POLICY_FIELDS, key=lambda item: item.group):
            yield FormSection(title=str(group), rows=tuple(self._row(item) for item in items))

    def _row(self, item: PolicyField) -> FormRow:
        bound, today = self[item.name], self.in_force[item.name]
        differs = str(bound.value()).strip() != str(today)
        return FormRow(bound=bound, unit=item.unit, in_force=today if differs else None)

    def focus_on_first_error(self) -> None:
        """Let the browser open the page at the first field that is wrong, scripts or not."""
        for bound in self:
            if bound.errors and not bound.is_hidden:
                bound.field.widget.attrs["autofocus"] = True
                return
