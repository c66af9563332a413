"""The thirteen inputs as a person tries them: shares as percentages, an empty field for what is not known."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.forms import BoundField

from accounts.scoring.signals import INPUTS, HealthSignals, InputSpec, Shape
from csm_portal import typed

_UNITS: Final[Mapping[Shape, str]] = {
    Shape.RATIO: "%",
    Shape.RATE: "%",
    Shape.COUNT: "",
    Shape.DAYS: "days ago",
    Shape.DAYS_AHEAD: "days ahead",
    Shape.NPS: "of 10",
}
_LIMITS: Final[Mapping[Shape, tuple[int, int]]] = {
    Shape.RATIO: (0, 100),
    Shape.RATE: (0, 1000),
    Shape.COUNT: (0, 1_000_000),
    Shape.DAYS: (0, 100_000),
    Shape.DAYS_AHEAD: (-100_000, 100_000),
    Shape.NPS: (0, 10),
}
_PERCENTAGES: Final = frozenset({Shape.RATIO, Shape.RATE})
_FLAGS: Final = (("", "Not known"), ("yes", "Paid up"), ("no", "In arrears"))


class WhatIfForm(forms.Form):
    """One field for each input; ``signals`` are what the account has, which a field shows until it is moved."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, signals: HealthSignals) -> None:
        super().__init__(data, initial={spec.name: shown(spec, signals) for spec in INPUTS})
        self._signals = signals
        for spec in INPUTS:
            self.fields[spec.name] = _field(spec)

    def values(self) -> dict[str, Any]:
        """Return the inputs of a valid form that differ from the account's, as the scorer takes them.

        A field that was left alone is no change, however its figure was rounded to be shown.
        """
        return {
            spec.name: _read(spec, self.cleaned_data[spec.name])
            for spec in INPUTS
            if str(self[spec.name].data).strip() != shown(spec, self._signals)
        }

    def rows(self) -> list[tuple[BoundField, str]]:
        """Return the fields in the order of SPEC 1, each with its unit."""
        return [(self[spec.name], _UNITS.get(spec.shape, "")) for spec in INPUTS]


def shown(spec: InputSpec, signals: HealthSignals) -> str:
    """Return an input as its field holds it."""
    return written(spec, getattr(signals, spec.name))


def written(spec: InputSpec, value: Any) -> str:
    """Return a value of an input as its field holds it; the empty text for what is not known."""
    if value is None:
        return ""
    match spec.shape:
        case Shape.WORD:
            return str(value)
        case Shape.FLAG:
            return "yes" if value else "no"
        case shape if shape in _PERCENTAGES:
            return _figure(round(value * 100, 2))
    return _figure(value)


def _figure(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _field(spec: InputSpec) -> forms.Field:
    if spec.shape is Shape.FLAG:
        return forms.ChoiceField(label=spec.label, required=False, choices=_FLAGS)
    if spec.shape is Shape.WORD:
        choices = [("", "Not known"), *((str(word), str(word).capitalize()) for word in spec.words)]
        return forms.ChoiceField(label=spec.label, required=False, choices=choices)
    low, high = _LIMITS[spec.shape]
    unit = " percent" if spec.shape in _PERCENTAGES else ""
    message = f"{spec.label} must be a number from {low:,} to {high:,}{unit}, or empty."
    return typed.FigureField(
        label=spec.label,
        required=False,
        min_value=low,
        max_value=high,
        error_messages={"invalid": message, "min_value": message, "max_value": message},
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"}),
    )


def _read(spec: InputSpec, value: Any) -> Any:
    if value in (None, ""):
        return None
    match spec.shape:
        case Shape.FLAG:
            return value == "yes"
        case shape if shape in _PERCENTAGES:
            return value / 100
    return value
